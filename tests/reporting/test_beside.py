"""What stands beside the main contrasts is released like everything else."""

from types import SimpleNamespace

import pandas as pd
import pytest

from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.beside import release_beside, release_home, release_missing
from evaluation.reporting.numerals import SUPPRESSED
from evaluation.reporting.sections.beside import beside_sheets, beside_tables

RULE = Disclosure(11)


def row(**changes):
    usual = {
        "analysis": "by sex",
        "variant": "female",
        "service": "coach",
        "outcome": "reentry",
        "horizon": 365,
        "measure": "risk_difference",
        "estimate": -0.04,
        "se": 0.02,
        "ci_low": -0.08,
        "ci_high": 0.0,
        "p": 0.05,
        "n_treated": 200,
        "n_comparison": 400,
        "events_treated": 20,
        "events_comparison": 60,
        "clusters": 350,
    }
    return usual | changes


@pytest.mark.parametrize(
    ("changes", "hidden"),
    [({}, False), ({"events_treated": 4}, True), ({"n_treated": 10}, True)],
)
def test_a_group_with_few_children_or_events_is_hidden(changes, hidden):
    main = pd.DataFrame([row()]).astype(object)
    released = release_beside(pd.DataFrame([row(**changes)]), main, (), RULE)
    assert (released["estimate"].item() == SUPPRESSED) == hidden
    assert not {"n_treated", "events_treated", "clusters"} & set(released)


def test_beside_a_hidden_contrast_nothing_is_shown():
    main = pd.DataFrame([row(estimate=SUPPRESSED)]).astype(object)
    released = release_beside(pd.DataFrame([row()]), main, (), RULE)
    assert released["estimate"].item() == SUPPRESSED
    withheld = (("coach", "reentry"),)
    shown = pd.DataFrame([row()]).astype(object)
    assert release_beside(shown, shown, withheld, RULE)["p"].item() == SUPPRESSED


def test_home_is_hidden_where_few_are_home_or_few_are_not():
    home = pd.DataFrame([row(), row(events_treated=195), row(events_comparison=3)])
    released = release_home(home, RULE)
    assert (released["estimate"] == SUPPRESSED).tolist() == [False, True, True]
    assert released.loc[1, "n_treated"] == SUPPRESSED


def test_a_small_pattern_is_never_hidden_alone():
    missing = pd.DataFrame(
        {
            "service": "coach",
            "outcome": "reentry",
            "lacking": ["none", "sex", "county"],
            "children": [500, 40, 3],
            "share": [0.92, 0.07, 0.01],
        }
    )
    released = release_missing(missing, RULE)
    assert released["children"].tolist() == [500, SUPPRESSED, SUPPRESSED]
    assert released["share"].tolist()[1:] == [SUPPRESSED, SUPPRESSED]


def test_groups_without_an_effect_are_named_beside_those_with_one():
    given = [row(), row(variant="male", measure=None, estimate=None, method="too few")]
    released = SimpleNamespace(
        beside=pd.DataFrame(given).astype(object),
        home=pd.DataFrame(),
        missing=pd.DataFrame(),
    )
    material = SimpleNamespace(
        released=released,
        study=SimpleNamespace(main_horizon=365, primary=None),
        service_name=lambda service: service.capitalize(),
        outcome_name=lambda outcome: "re-entry",
    )
    (table,) = beside_tables(material)
    assert table.data["variant"].tolist() == ["Female"]
    assert table.note.endswith("No effect could be estimated within Coach by sex: Male.")


def test_groups_have_words_and_not_the_codes_of_the_records():
    coded = {"analysis": "by race_ethnicity", "variant": "american_indian_alaska_native"}
    given = [row(**coded), row(analysis="by race_ethnicity", variant="groups differ")]
    material = SimpleNamespace(
        released=SimpleNamespace(
            beside=pd.DataFrame(given).astype(object), home=pd.DataFrame(), missing=pd.DataFrame()
        ),
        study=SimpleNamespace(main_horizon=365, primary=None),
        service_name=lambda service: service.capitalize(),
    )
    (table,) = beside_tables(material)
    assert set(table.data["analysis"]) == {"by race and ethnicity"}
    assert table.data["variant"].tolist() == ["American Indian or Alaska Native", "groups differ"]


def test_pages_show_other_analyses_of_the_primary_contrast_and_the_workbook_all():
    given = [row(), row(service="respite"), row(outcome="disruption")]
    material = SimpleNamespace(
        released=SimpleNamespace(
            beside=pd.DataFrame(given).astype(object), home=pd.DataFrame(), missing=pd.DataFrame()
        ),
        study=SimpleNamespace(
            main_horizon=365, primary=SimpleNamespace(service="respite", outcome="reentry")
        ),
        service_name=lambda service: service.capitalize(),
    )
    (page,) = beside_tables(material)
    (sheet,) = beside_sheets(material)
    assert page.data["what"].tolist() == ["Respite: re-entry"]
    assert len(sheet.data) == len(given)
