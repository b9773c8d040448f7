"""A contrast that fails its checks is shown as failing wherever it is reported."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from evaluation.effects.diagnostics import COLUMNS
from evaluation.effects.result import TABLE_COLUMNS
from evaluation.effects.sensitivity import COLUMNS as SENSITIVITY
from evaluation.effects.study_effects import ADJUSTED
from evaluation.reporting import write_reports
from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.diagnostics import release_diagnostics
from evaluation.reporting.disclosure.sensitivity import release_sensitivity

from .conftest import make_agency, make_cohort, make_effects, make_study

FAILED = "This comparison fails its checks (balance): claim nothing from it."


def words(page):
    """The page as one line: where lines break does not matter."""
    return " ".join(page.read_text().split())


def checks(verdict):
    rows = [
        ("coach", "reentry", "balance", 0.31, 0.25, verdict, "Sex: not alike"),
        ("coach", "maltreatment", "follow-up maturity", 0.999, 0.5, "pass", "share followed"),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def other_choices():
    counts = dict.fromkeys(["n_treated", "n_comparison"], 300)
    counts |= dict.fromkeys(["events_treated", "events_comparison"], 40)
    head = {"service": "coach", "outcome": "reentry", "horizon": 365, "words": "made"}
    main = head | counts | {"measure": "risk_difference", "ci_low": -0.06, "ci_high": -0.01}
    curve = main | {"analysis": "specification curve"}
    rows = [
        curve | {"variant": "as in the study", "estimate": -0.040},
        curve | {"variant": "without sex", "estimate": -0.035},
        main | {"analysis": "one county left out", "variant": "Alder", "estimate": -0.03}
        | {"n_treated": 250, "events_treated": 20},
        main | {"analysis": "one county left out", "variant": "Birch", "estimate": -0.0377}
        | {"n_treated": 295},
        main | {"analysis": "surveillance bounds", "variant": "all reports", "estimate": -0.0288}
        | {"outcome": "maltreatment", "events_treated": 4},
        head | counts | {"analysis": "E-value", "variant": "estimate", "measure": "risk_ratio"}
        | {"estimate": 2.35, "words": "risk ratio at the horizon"},
        head | counts | {"analysis": "E-value", "variant": "limit nearer 1"}
        | {"measure": "risk_ratio", "estimate": 1.6, "words": "risk ratio at the horizon"},
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=SENSITIVITY)


def landmarks():
    head = {"analysis": "landmark", "service": "coach", "outcome": "reentry"}
    head |= dict.fromkeys(["n_treated", "n_comparison"], 300) | {"clusters": 400}
    head |= {"measure": "risk_difference", "horizon": 365, "ci_low": -0.06, "ci_high": -0.01}
    few = head | {"events_treated": 6, "events_comparison": 30}
    many = head | {"events_treated": 25, "events_comparison": 30}
    columns = [name for name in TABLE_COLUMNS if name not in (*ADJUSTED, "primary")]
    return pd.DataFrame(
        [
            many | {"variant": "day 30", "estimate": -0.0321},
            few | {"variant": "day 90", "estimate": -0.0456},
            {**head, "variant": "day 400", "measure": None, "method": "Coach: nobody is left."},
        ],
        columns=["analysis", "variant", *columns],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    study = make_study()
    cohort = make_cohort(study, 1500)
    effects = replace(
        make_effects(cohort),
        diagnostics=checks("fail"),
        sensitivity=other_choices(),
        beside=landmarks(),
    )
    out = tmp_path_factory.mktemp("checks") / "out"
    write_reports(study, make_agency(), cohort, effects, out, formats=("html",))
    return out


def test_pages_cards_brief_and_tables_say_that_a_comparison_fails(folder):
    for page in ("annual.html", "brief.html"):
        assert FAILED in words(folder / page)
    annual = words(folder / "annual.html")
    assert "Coach: re-entry (fails its checks)" in annual
    assert "Fails its checks" in annual
    technical = words(folder / "technical.html")
    assert "1 of 2 comparisons fails a check" in technical


def test_no_heading_claims_what_a_failing_comparison_found(folder):
    annual = words(folder / "annual.html")
    assert "For Coach we cannot tell" in annual


def test_the_json_carries_the_verdict(folder):
    found = json.loads((folder / "estimates.json").read_text())
    verdicts = {(r["service"], r["outcome"]): r["verdict"] for r in found["effects"]}
    assert verdicts[("coach", "reentry")] == "fail"
    assert verdicts[("coach", "maltreatment")] == "pass"


def test_the_sensitivity_section_stands_where_the_checklist_sends_its_reader(folder):
    technical = words(folder / "technical.html")
    assert 'id="sensitivity"' in technical
    assert "over 2 ways of comparing" in technical and "2.35" in technical
    assert "What the findings become under other choices" in technical[technical.index("STROBE") :]


def test_a_variant_few_children_stand_behind_is_hidden():
    released = release_sensitivity(other_choices(), (), Disclosure(11)).set_index("variant")
    assert released.loc["Alder", "estimate"] == -0.03
    assert released.loc["Birch", "estimate"] == "s", "5 children separate it from the whole"
    assert released.loc["all reports", ["estimate", "ci_low"]].tolist() == ["s", "s"]
    assert "n_treated" not in released
    hidden = release_sensitivity(other_choices(), (("coach", "reentry"),), Disclosure(11))
    assert set(hidden["estimate"]) == {"s"}


def test_a_share_of_few_children_is_hidden_and_its_verdict_is_not():
    contrasts = pd.DataFrame({"service": "coach", "outcome": ["reentry", "maltreatment"]}).assign(
        n_treated=500, n_comparison=1000
    )
    released = release_diagnostics(checks("fail"), contrasts, (), Disclosure(11))
    assert released["value"].tolist() == [0.31, "s"]
    assert released["verdict"].tolist() == ["fail", "pass"]


def test_landmark_days_stand_side_by_side_without_those_of_few_events(folder):
    technical = words(folder / "technical.html")
    part = technical[technical.index('id="landmarks"') :]
    assert "day 30" in part and "−3.2 (−6.0 to −1.0)" in part
    assert "day 90" in part and "−4.6" not in part
    assert "Coach: nobody is left." in part
