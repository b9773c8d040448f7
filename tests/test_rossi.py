"""Real data through the front door: the Rossi recidivism study as an administrative extract.

Rossi, Berk and Lenihan (1980) followed 432 men for 52 weeks after release; half had financial
aid. The coefficients are R's (tests/reference/rossi); the published hazard ratio of aid is 0.68.
"""

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import evaluation as ev
from evaluation.cli import app

REFERENCE = Path(__file__).parent / "reference" / "rossi"
RELEASE = date(1971, 10, 1)
COVARIATES = ["age_at_exit", "race", "wexp", "mar", "paro", "prio"]
R_TERMS = {
    "finyes": "fin[T.yes]",
    "age": "age_at_exit",
    "raceother": "race[T.other]",
    "wexpyes": "wexp[T.yes]",
    "marnot married": "mar[T.not married]",
    "paroyes": "paro[T.yes]",
    "prio": "prio",
}

STUDY = f"""
title = "Financial aid after release"
data = "data/"
design = "randomized"

[cohort]
exits = [{RELEASE}, {RELEASE}]
exit_types = ["reunification"]
min_days_exit = 0
merge_gap_days = 0
age_limit = 120
data_through = {RELEASE + timedelta(days=364)}
horizon_days = 364

[outcomes.reentry]

[[services]]
program = "fin"
label = "Financial aid"
exposure = "at exit"

[primary]
outcome = "reentry"
service = "fin"
horizon = 364

[adjustment]
covariates = {json.dumps(COVARIATES)}
weights = "none"
outcome_model = true

[report]
agency = "Maryland, 1971"
horizons = [182, 364]
suppress_below = 0
"""


def write_extract(folder: Path) -> None:
    men = pd.read_csv(REFERENCE / "rossi.csv")
    men["child_id"] = men["id"].map("m{:03d}".format)
    carried = men[["race", "wexp", "mar", "paro", "prio"]]
    children = pd.DataFrame(
        {
            "child_id": men["child_id"],
            "family_id": men["child_id"],
            "birth_date": [date(RELEASE.year - age, 6, 1) for age in men["age"]],
        }
    ).join(carried)
    stays = pd.DataFrame(
        {
            "removal_id": "p" + men["child_id"],
            "child_id": men["child_id"],
            "removal_date": RELEASE - timedelta(days=500),
            "discharge_date": RELEASE,
            "discharge_reason": "reunification",
        }
    )
    back = men[men["arrest"] == 1]
    arrests = pd.DataFrame(
        {
            "removal_id": "a" + back["child_id"],
            "child_id": back["child_id"],
            "removal_date": [RELEASE + timedelta(days=7 * week) for week in back["week"]],
        }
    )
    aided = men[men["fin"] == "yes"]
    services = pd.DataFrame(
        {
            "service_id": "s" + aided["child_id"],
            "child_id": aided["child_id"],
            "program": "fin",
            "start_date": RELEASE,
        }
    )
    data = folder / "data"
    data.mkdir(parents=True)
    children.to_csv(data / "children.csv", index=False)
    pd.concat([stays, arrests]).to_csv(data / "removals.csv", index=False)
    services.to_csv(data / "services.csv", index=False)
    (folder / "study.toml").write_text(STUDY)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rossi")
    write_extract(folder)
    out = folder / "out"
    result = CliRunner().invoke(
        app, ["report", str(folder / "study.toml"), "--out", str(out)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return out


def r_model(name: str) -> dict:
    return json.loads((REFERENCE / "expected.json").read_text())[name]


def test_the_report_gives_the_coefficients_of_r(report):
    content = json.loads((report / "estimates.json").read_text())
    rows = {row["term"]: row for row in content["models"] if row["model"] == "cox"}
    expected = r_model("cox")
    for term, coef, se in zip(expected["term"], expected["coef"], expected["se"], strict=True):
        assert rows[R_TERMS[term]]["coef"] == pytest.approx(coef, abs=1e-8)
        assert rows[R_TERMS[term]]["se"] == pytest.approx(se, rel=1e-6)


def test_the_published_hazard_ratio_stands_in_the_text(report):
    text = (report / "annual.html").read_text(encoding="utf-8")
    assert "0.68" in text
    assert "Financial aid" in text


def test_weekly_employment_as_a_time_varying_covariate_agrees_with_r():
    weeks = pd.read_csv(REFERENCE / "rossi_weeks.csv.gz")
    fit = ev.cox(
        weeks,
        "fin + age + race + wexp + mar + paro + prio + employed_last_week",
        start="start",
        stop="stop",
        event="event",
        id="id",
    )
    expected = r_model("cox_time_varying")
    coef = dict(zip(fit.table["term"], fit.table["coef"], strict=True))
    names = R_TERMS | {"age": "age", "employed_last_weekyes": "employed_last_week[T.yes]"}
    for term, value in zip(expected["term"], expected["coef"], strict=True):
        assert coef[names[term]] == pytest.approx(value, abs=1e-8)
