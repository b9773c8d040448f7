"""Public clinical series give what R's survival package gives, key by key.

The R code above each number is tests/reference/clinical/make_clinical.R. Ties, half
days, repeated events, strata, competing causes, delayed entry, weights and clusters.
"""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from evaluation.estimates import (
    cox,
    cumulative_incidence,
    fine_gray,
    kaplan_meier,
    log_rank,
    mean_cumulative,
    restricted_mean,
)
from tests.estimates.conftest import REFERENCE

CLINICAL = REFERENCE / "clinical"
EXPECTED = json.loads((CLINICAL / "expected.json").read_text())
ROWS = {"start": "start", "stop": "stop"}

COX = {
    "lung_efron": ("age + sex + ecog", {}),
    "lung_breslow": ("age + sex + ecog", {"ties": "breslow"}),
    "lung_half_days": ("age + sex + ecog", {"stop": "half"}),
    "lung_strata_offset": ("age + ecog", {"strata": "sex", "offset": "offset"}),
    "lung_weights": ("age + sex + ecog", {"weights": "weight"}),
    "lung_weights_breslow": ("age + sex + ecog", {"weights": "weight", "ties": "breslow"}),
    "lung_everything": (
        "age + ecog",
        {
            "stop": "half",
            "strata": "sex",
            "offset": "offset",
            "weights": "weight",
            "cluster": "inst",
        },
    ),
    "veteran_celltype": ("trt + celltype + karno + diagtime + age + prior", {}),
    "veteran_strata": ("trt + karno + age", {"strata": "celltype"}),
    "heart_startstop": ("age + year + surgery + transplant", ROWS),
    "heart_breslow_strata": (
        "age + year + transplant",
        {**ROWS, "strata": "surgery", "ties": "breslow"},
    ),
    "heart_weights_cluster": (
        "age + year + surgery + transplant",
        {**ROWS, "weights": "weight", "cluster": "id"},
    ),
    "cgd_andersen_gill": ("treated + age + steroids + inherit", {**ROWS, "id": "id"}),
    "cgd_pwp": ("treated + age", {**ROWS, "id": "id", "strata": "number"}),
    "cgd_pwp_gap": ("treated + age", {"stop": "gap", "cluster": "id", "strata": "number"}),
    "bladder_andersen_gill": ("rx + tumours + size", {**ROWS, "id": "id"}),
    "bladder_pwp": ("rx + tumours + size", {**ROWS, "id": "id", "strata": "number"}),
    "mgus_cause1": ("age + sex + hgb + mspike", {"cause": 1}),
    "mgus_cause2_entry": ("age + sex + hgb + mspike", {"cause": 2, "start": "entry"}),
    "pbc_log": ("age + edema + log(bili) + log(albumin) + log(protime)", {"cause": 2}),
    "ovarian": ("age + residual + rx", {}),
    "colon": ("rx + sex + age + node4", {"strata": "extent"}),
}


def series(key: str) -> pd.DataFrame:
    data = pd.read_csv(CLINICAL / f"{key.split('_')[0]}.csv")
    if "rx" in data and data["rx"].dtype != np.int64:
        data["rx"] = pd.Categorical(data["rx"], ["Lev", "Lev+5FU", "Obs"])
    if "inherit" in data:
        data["inherit"] = pd.Categorical(data["inherit"], ["autosomal", "X-linked"])
    if key == "cgd_pwp_gap":
        data["gap"] = data["stop"] - data["start"]
    return data


@pytest.fixture(scope="module")
def fitted() -> dict:
    return {key: cox(series(key), formula, **options) for key, (formula, options) in COX.items()}


@pytest.mark.parametrize("key", COX)
def test_cox(key, fitted):
    model, r = fitted[key], EXPECTED["cox"][key]
    assert (model.n, model.events) == (r["n"], r["nevent"])
    assert_allclose(model.table["coef"], r["coef"], rtol=0, atol=1e-8)
    assert_allclose(model.table["se"], r["se"], rtol=1e-6)
    assert_allclose(model.loglik, r["loglik"], rtol=0, atol=1e-8)
    assert ("robust_se" in model.table) == ("robust_se" in r)
    if "robust_se" in r:
        assert_allclose(model.table["robust_se"], r["robust_se"], rtol=1e-6)


@pytest.mark.parametrize("key", COX)
def test_baseline(key, fitted):
    r = pd.DataFrame(EXPECTED["cox"][key]["baseline"])
    ours = fitted[key].baseline
    strata = r["stratum"].unique()
    if "stratum" in ours:
        labels = ours["stratum"].unique()
        ours = ours.assign(stratum=ours["stratum"].map(dict(zip(labels, strata, strict=True))))
    else:
        ours = ours.assign(stratum=strata[0])
    both = r.merge(ours, on=["stratum", "time"], validate="one_to_one")
    assert len(both) == len(r)
    assert_allclose(both["cumulative_hazard"], both["hazard"], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("key", COX)
def test_concordance(key, fitted):
    assert fitted[key].concordance == pytest.approx(EXPECTED["cox"][key]["concordance"], abs=1e-8)


@pytest.mark.parametrize("kind", ["martingale", "deviance", "score", "dfbeta"])
@pytest.mark.parametrize("key", COX)
def test_residuals(key, kind, fitted):
    ours = fitted[key].residuals(kind).iloc[:20].to_numpy()
    r = np.array(EXPECTED["cox"][key][kind]).reshape(ours.shape)
    assert_allclose(ours, r, rtol=0, atol=1e-8)


@pytest.mark.parametrize("key", [k for k in COX if "zph_km" in EXPECTED["cox"][k]])
def test_schoenfeld_residuals(key, fitted):
    model, r = fitted[key], np.array(EXPECTED["cox"][key]["schoenfeld"])
    ours = model.residuals("schoenfeld")
    data = series(key).loc[ours.index]
    order = [*model.account.options.get("strata", "").split(), *[model.account.options["stop"]]]
    ours = ours.loc[data.sort_values(order, kind="stable").index].iloc[: len(r)].to_numpy()
    assert_allclose(ours, r, rtol=0, atol=1e-8)


@pytest.mark.parametrize("transform", ["km", "identity", "rank"])
@pytest.mark.parametrize("key", [k for k in COX if "zph_km" in EXPECTED["cox"][k]])
def test_proportional_hazards(key, transform, fitted):
    table = fitted[key].proportional_hazards(transform).table
    r = EXPECTED["cox"][key][f"zph_{transform}"]
    assert table["df"].tolist() == r["df"]
    assert_allclose(table["statistic"], r["chisq"], rtol=1e-8, atol=1e-8)
    assert_allclose(table["p"], r["p"], rtol=0, atol=1e-8)


FOUR = "age + sex + hgb + mspike"
FINE_GRAY = {
    "mgus_pcm": (FOUR, {"cause": 1}),
    "mgus_death": (FOUR, {"cause": 2}),
    "mgus_breslow": (FOUR, {"cause": 1, "ties": "breslow"}),
    "mgus_entry": (FOUR, {"cause": 1, "start": "entry"}),
    "mgus_weights_strata": (
        "age + hgb + mspike",
        {"cause": 1, "weights": "weight", "strata": "sex"},
    ),
    "mgus_offset": ("age + hgb + mspike", {"cause": 2, "offset": "offset"}),
    "pbc_transplant": ("age + log(bili) + albumin", {"cause": 1}),
    "pbc_death": ("age + log(bili) + albumin + edema", {"cause": 2}),
}


@pytest.mark.parametrize("key", FINE_GRAY)
def test_fine_gray(key):
    formula, options = FINE_GRAY[key]
    model, r = fine_gray(series(key), formula, id="id", **options), EXPECTED["fine_gray"][key]
    assert model.events == r["nevent"]
    assert_allclose(model.table["coef"], r["coef"], rtol=0, atol=1e-8)
    assert_allclose(model.table["se"], r["se"], rtol=1e-6)
    assert_allclose(model.table["robust_se"], r["robust_se"], rtol=1e-6)
    assert_allclose(model.loglik, r["loglik"], rtol=0, atol=1e-7)


CURVES = {
    "lung": {"by": "sex"},
    "lung_half": {"by": "sex", "stop": "half"},
    "lung_weighted": {"by": "sex", "weights": "weight"},
    "lung_cluster": {"cluster": "inst"},
    "veteran": {"by": "celltype"},
    "heart": ROWS,
    "ovarian": {"by": "rx"},
}


def beside(ours: pd.DataFrame, r: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    both = r.merge(ours.assign(group=ours["group"].astype(str)), on=on, suffixes=("_r", ""))
    assert len(both) == len(r) == len(ours)
    return both


@pytest.mark.parametrize("key", CURVES)
def test_kaplan_meier(key):
    r = pd.DataFrame(EXPECTED["kaplan_meier"][key])
    curves = kaplan_meier(series(key), **CURVES[key])
    both = beside(curves.at(r["time"].unique()), r, ["group", "time"])
    assert_allclose(both["survival"], both["surv"], rtol=0, atol=1e-9)
    assert_allclose(both["se"], both["se_r"].astype(float), rtol=1e-6)
    if "small_sample_se" not in both:
        inside = both[
            both["survival"].between(0, 1, inclusive="neither")
        ]  # R: 1 to 1 before the first row
        assert_allclose(inside["ci_low"], inside["low"].astype(float), rtol=0, atol=1e-8)
        assert_allclose(inside["ci_high"], inside["high"].astype(float), rtol=0, atol=1e-8)


INCIDENCE = {
    "mgus": {"by": "sex"},
    "mgus_weighted": {"by": "sex", "weights": "weight"},
    "mgus_entry": {"start": "entry"},
    "pbc": {"by": "trt"},
}


@pytest.mark.parametrize("key", INCIDENCE)
def test_cumulative_incidence(key):
    r = pd.DataFrame(EXPECTED["incidence"][key])
    curves = cumulative_incidence(series(key), **INCIDENCE[key])
    both = beside(curves.at(r["time"].unique()), r, ["group", "cause", "time"])
    assert_allclose(both["incidence"], both["incidence_r"], rtol=0, atol=1e-9)
    assert_allclose(both["se"], both["se_r"], rtol=1e-6)


LOG_RANK = {
    "lung": {"by": "sex"},
    "lung_strata": {"by": "sex", "strata": "ecog"},
    "veteran": {"by": "celltype"},
    "colon": {"by": "rx", "strata": "extent"},
    "mgus_cause2": {"by": "decade", "cause": 2},
    "ovarian": {"by": "rx"},
}


@pytest.mark.parametrize("key", LOG_RANK)
def test_log_rank(key):
    table, r = log_rank(series(key), **LOG_RANK[key]).table, EXPECTED["log_rank"][key]
    assert table["statistic"][0] == pytest.approx(r["chisq"], abs=1e-8)
    assert table["df"][0] == r["df"]


AREAS = {
    "lung": {"by": "sex"},
    "lung_half": {"by": "sex", "stop": "half"},
    "veteran": {"by": "celltype"},
    "ovarian": {"by": "rx"},
}


@pytest.mark.parametrize("key", AREAS)
def test_restricted_mean(key):
    r = EXPECTED["restricted_mean"][key]
    table = restricted_mean(series(key), horizon=r["horizon"], **AREAS[key]).table
    assert table["group"].astype(str).tolist() == sorted(r["group"])
    table = table.assign(group=table["group"].astype(str)).set_index("group").loc[r["group"]]
    assert_allclose(table["mean"], r["mean"], rtol=0, atol=1e-9)
    assert_allclose(table["se"], r["se"], rtol=1e-6)


@pytest.mark.parametrize(("key", "by"), [("mgus", "sex"), ("pbc", "trt")])
def test_days_lost(key, by):
    r = EXPECTED["days_lost"][key]
    table = restricted_mean(series(key), horizon=r["horizon"], by=by).table
    table["row"] = table["group"].astype(str) + ", " + table["cause"].astype(str)
    table = table.set_index("row").loc[r["row"]]
    assert_allclose(table["mean"], r["mean"], rtol=0, atol=1e-9)
    assert_allclose(table["se"], r["se"], rtol=1e-6)


REPEATED = {
    "cgd": {"by": "treated"},
    "cgd_weighted": {"weights": "weight"},
    "bladder": {"by": "rx"},
}


@pytest.mark.parametrize("key", REPEATED)
def test_mean_cumulative(key):
    r = pd.DataFrame(EXPECTED["mean_cumulative"][key])
    curves = mean_cumulative(series(key), event="event", id="id", **ROWS, **REPEATED[key])
    both = beside(curves.at(r["time"].unique()), r, ["group", "time"])
    assert_allclose(both["mean"], both["mean_r"], rtol=0, atol=1e-9)
    assert_allclose(both["se"], both["se_r"], rtol=1e-6)
