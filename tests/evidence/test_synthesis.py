"""Pooling against R's metafor 3.8.1, and when it is refused."""

import math

import numpy as np
import pytest
from scipy import stats

from evaluation.errors import DataError
from evaluation.evidence.body import EvidenceStudy, no_overlap
from evaluation.evidence.effect_sizes import EffectSize, of_log
from evaluation.evidence.event_effects import risk_ratio
from evaluation.evidence.synthesis import reml, synthesis

# BCG trials (Colditz and others, 1994): vaccinated cases and others, control cases and others.
BCG = """
4 119 11 128
6 300 29 274
3 228 11 209
62 13536 248 12619
33 5036 47 5761
180 1361 372 1079
8 2537 10 619
505 87886 499 87892
29 7470 45 7232
17 1699 65 1600
186 50448 141 27197
5 2493 3 2338
27 16886 29 17825
"""
# metafor: rma(escalc("RR", ...), test = "knha")
TAU2, MEAN, SE, LOW, HIGH, P = (
    *(0.313243325981, -0.714532348365, 0.180791745519),
    *(-1.108443723, -0.32062097373, 0.00192001508513),
)


def make_study(name, agency=None, years=None):
    return EvidenceStudy(
        *(name, name, False, "randomized", "yes", "yes", "yes", "yes"),
        agencies=(agency or name,),
        years=years,
        results=(),
    )


def bcg():
    for number, line in enumerate(BCG.strip().splitlines()):
        a, b, c, d = map(int, line.split())
        yield make_study(f"trial {number}"), risk_ratio(a, a + b, c, c + d)


def test_agrees_with_metafor_on_the_bcg_trials():
    found = synthesis(list(bcg()))
    assert found.tau2 == pytest.approx(TAU2, abs=1e-4)
    assert math.log(found.pooled.value) == pytest.approx(MEAN, abs=1e-5)
    assert found.pooled.se == pytest.approx(SE, abs=1e-5)
    assert math.log(found.pooled.ci_low) == pytest.approx(LOW, abs=1e-4)
    assert math.log(found.pooled.ci_high) == pytest.approx(HIGH, abs=1e-4)
    assert found.p == pytest.approx(P, rel=1e-3)
    reach = stats.t.ppf(0.975, 11) * math.sqrt(TAU2 + SE**2)
    assert math.log(found.prediction[0]) == pytest.approx(MEAN - reach, abs=1e-4)
    assert math.log(found.prediction[1]) == pytest.approx(MEAN + reach, abs=1e-4)
    assert found.table["weight"].sum() == pytest.approx(1)
    assert "13 studies" in found.sentence


def test_three_alike_studies_have_no_variance_between_them():
    """metafor on the first three trials: tau2 0, -1.33023414924, se 0.209545370394."""
    found = synthesis(list(bcg())[:3])
    assert found.tau2 == 0
    assert math.log(found.pooled.value) == pytest.approx(-1.33023414924, abs=1e-9)
    assert found.pooled.se == pytest.approx(0.209545370394, abs=1e-9)
    assert math.log(found.pooled.ci_low) == pytest.approx(-2.23183510917, abs=1e-8)


def test_two_studies_are_shown_and_not_pooled():
    """METHODS 11.5."""
    found = synthesis(list(bcg())[:2])
    assert found.pooled is None
    assert len(found.table) == 2
    assert "at least 3" in found.why_not
    assert synthesis(list(bcg())[:1]).why_not.endswith("there is 1.")
    assert synthesis(list(bcg())[:3]).pooled is not None


@pytest.mark.parametrize(
    ("years", "pooled"), [((2006, 2008), True), ((2005, 2008), False), (None, False)]
)
def test_overlapping_samples_are_never_pooled(years, pooled):
    """METHODS 11.4: agency-years that overlap are one sample."""
    studies = list(bcg())[:3]
    first = make_study("report one", "Alder", (2001, 2005))
    again = make_study("report two", "Alder", years)
    found = synthesis([(first, studies[0][1]), (again, studies[1][1]), studies[2]])
    assert (found.pooled is not None) == pooled
    if not pooled:
        assert "share children" in found.why_not


def test_overlap_is_told_from_agencies_and_years():
    alder = make_study("a", "Alder", (2001, 2005))
    assert no_overlap(alder, make_study("b", "alder", (2005, 2006))) == "absent"
    assert no_overlap(alder, make_study("b", "Alder", (2006, 2006))) == "present"
    assert no_overlap(alder, make_study("b", "Birch", (2001, 2005))) == "present"
    assert no_overlap(alder, make_study("b", "Alder")) == "unknown"
    assert no_overlap(alder, make_study("b", " ALDER ", (2004, 2006))) == "absent"
    assert no_overlap(alder, alder) == "absent"


def test_what_was_left_out_is_named():
    three = list(bcg())[:3]
    for found in (synthesis(three, ("coach.reentry.365",)), synthesis(three[:2], ("a.b.1",))):
        assert "is left out" in found.sentence
        assert "is left out" in found._repr_html_()
        assert len(found.to_dict()["left_out"]) == 1


def test_mixed_measures_and_missing_errors_are_refused():
    a, b, c = list(bcg())[:3]
    other = (b[0], EffectSize("odds_ratio", 0.5, 0.1, 0.4, 0.6, "x"))
    with pytest.raises(DataError, match="different measures"):
        synthesis([a, other, c])
    with pytest.raises(DataError, match="trial 1 has no standard error"):
        synthesis([a, (b[0], of_log("risk_ratio", 0.1, 0.0, "x")), c])


def test_reml_is_at_least_as_likely_as_its_neighbours():
    random = np.random.default_rng(3)
    for _ in range(20):
        y, v = random.normal(size=6), random.uniform(0.05, 1, size=6)

        def fit(t, y=y, v=v):
            w = 1 / (v + t)
            m = w @ y / w.sum()
            return np.log(v + t).sum() + np.log(w.sum()) + w @ (y - m) ** 2

        best = reml(y, v)
        grid = np.linspace(0, 5, 4001)
        assert fit(best) <= min(map(fit, grid)) + 1e-9


@pytest.mark.parametrize("studies", [2, 4])
def test_a_synthesis_draws_its_studies_and_what_is_pooled(studies):
    found = synthesis(list(bcg())[:studies])
    axes = found.plot()
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[:studies] == [f"trial {n}" for n in range(studies)]
    assert ("Pooled" in labels) is (studies == 4)
    assert axes.get_xscale() == "log"
