"""No small count is given back by models, balance, naive ratios or rows set aside."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.contrasts import _balance, _naive
from evaluation.reporting.disclosure.terms import few_behind
from evaluation.reporting.markdown import drawn_table
from evaluation.reporting.sections.quality import quality

RULE = Disclosure(11)


def ends(**events_by_level):
    """Forty children of each county, of whom so many had the event."""
    return pd.DataFrame(
        [
            {"county": county, "event": int(child < events), "kin": child % 2 == 0}
            for county, events in events_by_level.items()
            for child in range(40)
        ]
    )


def test_a_term_of_a_level_with_few_events_is_hidden():
    terms = ["age", "county[T.Birch]", "county[T.Cedar]"]
    assert few_behind(terms, ends(Alder=20, Birch=15, Cedar=3), RULE) == [False, False, True]


def test_every_term_against_a_reference_with_few_events_is_hidden():
    terms = ["coach[T.yes]", "county[T.Birch]", "county[T.Cedar]"]
    assert few_behind(terms, ends(Alder=3, Birch=15, Cedar=20), RULE) == [False, True, True]


def test_a_yes_or_no_covariate_with_few_events_is_hidden():
    assert few_behind(["kin"], ends(Alder=30, Birch=30), RULE) == [False]
    assert few_behind(["kin"], ends(Alder=12, Birch=0), RULE) == [True]


def test_no_event_is_no_small_count_and_off_hides_nothing():
    rows = ends(Alder=20, Birch=0, Cedar=3)
    terms = ["county[T.Birch]", "county[T.Cedar]"]
    assert few_behind(terms, rows, RULE) == [False, True]
    assert few_behind(terms, rows, Disclosure(0)) == [False, False]


def test_a_hidden_share_of_balance_is_not_what_the_others_leave():
    shares = {
        "county[Alder]": 0.6,
        "county[Birch]": 0.3,
        "county[Cedar]": 0.08,
        "county[Elm]": 0.02,
    }
    balance = pd.DataFrame(
        [
            {"covariate": level, "mean_treated": share, "mean_comparison": share, "before": 0.0,
             "after": 0.0, "service": "coach", "outcome": "reentry"}
            for level, share in [*shares.items(), ("age", 7.5)]
        ]
    )  # fmt: skip
    sizes = pd.DataFrame(
        [{"service": "coach", "outcome": "reentry", "n_treated": 200, "n_comparison": 900}]
    )
    shown = _balance(balance, sizes, RULE)["mean_treated"].tolist()
    assert shown == [0.6, 0.3, "s", "s", 7.5]


def test_balance_of_numbers_alone_is_shown():
    row = {"covariate": "age", "mean_treated": 7.5, "mean_comparison": 7.0, "before": 0.1}
    balance = pd.DataFrame([row | {"after": 0.0, "service": "coach", "outcome": "reentry"}])
    sizes = pd.DataFrame(
        [{"service": "coach", "outcome": "reentry", "n_treated": 200, "n_comparison": 900}]
    )
    assert _balance(balance, sizes, RULE)["mean_treated"].tolist() == [7.5]


def naive(reentry=(20, 40), disruption=(40, 60)):
    return pd.DataFrame(
        [
            {"service": "coach", "outcome": outcome, "horizon": 365, "risk_ever": ever / 200,
             "risk_never": never / 300, "risk_ratio": (ever / 200) / (never / 300),
             "events_ever": ever, "events_never": never, "sentence": "Refused."}
            for outcome, (ever, never) in (("reentry", reentry), ("disruption", disruption))
        ]
    )  # fmt: skip


def test_a_naive_ratio_is_released_without_its_counts():
    released = _naive(naive(), RULE)
    assert list(released) == ["service", "outcome", "horizon", "risk_ratio", "sentence"]
    assert released["risk_ratio"].tolist() == [0.75, 1.0]


@pytest.mark.parametrize("disruption", [(25, 60), (40, 41), (20, 49)])
def test_a_naive_disruption_ratio_few_events_beyond_re_entry_is_hidden(disruption):
    assert _naive(naive(disruption=disruption), RULE)["risk_ratio"].tolist() == [0.75, "s"]


def checked(**quarantined):
    counts = pd.DataFrame(
        {"table": list(quarantined), "read": 200, "quarantined": list(quarantined.values())}
    ).assign(blank_lines=0)
    findings = pd.DataFrame(
        {"check": ["overlap"], "table": ["removals"], "rows": [20], "of": [193],
         "verdict": ["high"], "message": ["20 of 193 rows overlap"]}
    )  # fmt: skip
    return SimpleNamespace(rule=RULE, check=SimpleNamespace(counts=counts, findings=findings))


def test_the_share_of_all_rows_does_not_give_back_the_rows_set_aside_of_a_table():
    section = quality(checked(children=30, removals=7, services=0))
    data = section.tables[0].data.set_index("table")["quarantined"]
    assert data.to_dict() == {"children": 30, "removals": "s", "services": 0}
    assert section.title.startswith("Most of 600 rows read could be used")
    assert section.points == ("removals: overlap, in 20 rows.",)


def test_limits_of_a_rate_are_printed_as_rates_and_those_of_a_share_as_shares():
    rates = pd.DataFrame({"group": ["all"], "hazard": [14.1], "ci_low": [7.82], "ci_high": [25.5]})
    shares = pd.DataFrame(
        {"group": ["all"], "incidence": [0.07], "ci_low": [0.05], "ci_high": [np.nan]}
    )
    drawn = [drawn_table(SimpleNamespace(summary=t, name="x", title="X")) for t in (rates, shares)]
    assert "7\\.82" in drawn[0] and "\\%" not in drawn[0].replace("95\\%", "")
    assert "5\\.0\\%" in drawn[1] and "–" in drawn[1]
