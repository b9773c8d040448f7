import pytest

from evaluation.sources import contract

CHILD = "child_id,family_id,birth_date\n"
REMOVAL = "removal_id,child_id,removal_date,discharge_date,discharge_reason,household_id\n"
TWENTY_CHILDREN = CHILD + "".join(f"c{n},f{n},2010-06-01\n" for n in range(20))


def removals(*rows):
    """Twenty sound removals of twenty children, the first of them replaced by the rows given."""
    sound = [f"r{n},c{n},2015-01-01,2016-01-01,adoption,h{n}" for n in range(20)]
    return REMOVAL + "\n".join([*rows, *sound[len(rows) :]]) + "\n"


def finding(result, check, table="removals"):
    rows = result.findings
    return rows[(rows["check"] == check) & (rows["table"] == table)].iloc[0]


FEDERAL = {
    "birth_after_removal": ("r0,c0,2010-05-31,,,", "r1,c1,2010-05-30,,,"),
    "birth_after_discharge": (
        "r0,c0,2010-05-01,2010-05-31,other,",
        "r1,c1,2010-05-01,2010-05-31,other,",
    ),
    "same_day_removal_and_discharge": (
        "r0,c0,2015-01-01,2015-01-01,other,",
        "r1,c1,2015-01-01,2015-01-01,other,",
    ),
    "discharge_before_removal": (
        "r0,c0,2015-01-02,2015-01-01,other,",
        "r1,c1,2015-01-02,2015-01-01,other,",
    ),
    "missing_removal_date": ("r0,c0,,,,", "r1,c1,,,,"),
    "discharge_without_reason": (
        "r0,c0,2015-01-01,2016-01-01,,",
        "r1,c1,2015-01-01,2016-01-01,,",
        "r2,c2,2015-01-01,2016-01-01,,",
    ),
}


@pytest.mark.parametrize("name", FEDERAL)
def test_a_federal_limit_is_exceeded_above_its_share_and_not_at_it(check, name):
    limit = next(limit for limit in contract().quality_limits if limit.check == name)
    rows = FEDERAL[name]
    over = finding(check(children=TWENTY_CHILDREN, removals=removals(*rows)), name)
    at = finding(check(children=TWENTY_CHILDREN, removals=removals(*rows[1:])), name)
    assert (over.verdict, at.verdict) == ("exceeds limit", "ok")
    assert (over.rows, at.rows) == (len(rows), len(rows) - 1)
    assert over.limit == limit.limit
    assert over.share == over.rows / over.of


def test_the_federal_checks_judge_rows_that_are_quarantined_too(check):
    result = check(
        children=TWENTY_CHILDREN, removals=removals(*FEDERAL["discharge_before_removal"])
    )
    assert finding(result, "discharge_before_removal").of == 20
    assert list(result.counts["accepted"]) == [20, 18]


def test_a_row_without_the_values_a_federal_check_needs_is_not_judged(check):
    result = check(
        children=TWENTY_CHILDREN.replace("c0,f0,2010-06-01", "c0,f0,"),
        removals=removals("r0,c0,2009-01-01,,,", "r1,c1,2015-01-01,,,"),
    )
    assert finding(result, "birth_after_removal").of == 19
    assert finding(result, "birth_after_discharge").of == 18
    assert finding(result, "discharge_without_reason").of == 18
    assert finding(result, "missing_birth_date", "children").rows == 1


def test_children_without_any_birth_date_column_exceed_the_limit(check):
    result = check(children="child_id\nc1\nc2\nc3\n")
    assert finding(result, "missing_birth_date", "children").share == 1
    assert finding(result, "birth_after_removal").verdict == "not checked"
    assert "the column birth_date is not there" in finding(result, "birth_after_removal").message


def test_nearly_all_children_on_their_first_removal_exceed_the_limit(check):
    alone = check(children=TWENTY_CHILDREN, removals=removals())
    one_again = check(
        children=TWENTY_CHILDREN,
        removals=removals() + "r20,c0,2017-01-01,,,\n",
    )
    assert finding(alone, "children_on_first_removal").verdict == "exceeds limit"
    assert finding(one_again, "children_on_first_removal").share == 0.95
    assert finding(one_again, "children_on_first_removal").verdict == "ok"


def test_a_check_that_compares_submissions_is_said_not_to_be_made(check):
    found = finding(check(), "ids_not_in_next_period")
    assert found.verdict == "not checked"
    assert found.limit == 0.4


def test_every_federal_limit_of_the_contract_gives_a_finding(check):
    made = set(check().findings["check"])
    assert {limit.check for limit in contract().quality_limits} <= made


@pytest.mark.parametrize(
    ("rows", "overlaps"),
    [
        (("a,c0,2015-01-01,2015-06-01,other,", "b,c0,2015-05-31,,,"), 1),
        (("a,c0,2015-01-01,2015-06-01,other,", "b,c0,2015-06-01,,,"), 0),
        (("a,c0,2015-01-01,,,", "b,c0,2016-01-01,,,"), 1),
        (("a,c0,2015-01-01,2015-06-01,other,", "b,c1,2015-02-01,,,"), 0),
        (
            (
                "a,c0,2015-01-01,2017-01-01,other,",
                "b,c0,2015-02-01,2015-03-01,other,",
                "c,c0,2016-01-01,2016-02-01,other,",
            ),
            2,
        ),
    ],
    ids=["overlap by a day", "next on the same day", "earlier still open", "siblings", "nested"],
)
def test_overlapping_episodes_are_counted_and_not_quarantined(check, rows, overlaps):
    result = check(children=TWENTY_CHILDREN, removals=REMOVAL + "\n".join(rows) + "\n")
    assert finding(result, "overlapping_episodes").rows == overlaps
    assert result.quarantine.empty


def test_identifiers_that_match_nothing_are_counted(check):
    result = check(
        children=TWENTY_CHILDREN,
        removals=removals(),
        services="service_id,child_id,family_id,household_id,program,start_date\n"
        "s1,,f1,,coach,2016-02-01\ns2,,f99,,coach,2016-02-01\ns3,,,h99,coach,2016-02-01\n"
        "s4,c99,,,coach,2016-02-01\n",
    )
    family = finding(result, "unmatched_family_id", "services")
    household = finding(result, "unmatched_household_id", "services")
    child = finding(result, "unmatched_child_id", "services")
    assert (family.rows, family.of) == (1, 2)
    assert (household.rows, household.of) == (1, 1)
    assert (child.rows, child.of) == (1, 4)
    assert "reaches no child" in family.message


def test_children_never_removed_are_counted(check):
    result = check(children=TWENTY_CHILDREN, removals=REMOVAL + "r,c0,2015-01-01,,,\n")
    assert finding(result, "child_without_removal", "children").rows == 19


def test_a_date_far_from_any_life_is_pointed_out(check):
    result = check(
        children=TWENTY_CHILDREN, removals=removals("r0,c0,2015-01-01,9999-12-31,other,")
    )
    found = finding(result, "implausible_date")
    assert found.rows == 1
    assert "leave the field empty" in found.message


def test_an_unknown_column_much_like_one_that_is_absent_is_pointed_out(check):
    result = check(children="child_id,birth_dat,worker\nc1,2010-01-01,w\nc2,,\nc3,,\n")
    found = result.findings.query("check == 'unknown_column'")
    assert len(found) == 1
    assert "if it is birth_date, rename it" in found.iloc[0]["message"]


def test_rows_over_several_lines_are_pointed_out(check):
    result = check(children='child_id,note\nc1,"a\nb"\nc2,\nc3,\n')
    assert finding(result, "row_over_several_lines", "children").rows == 1


PLACEMENT = "placement_id,child_id,start_date,end_date,type\n"
STAYS = REMOVAL + "a,c0,2015-01-01,2015-06-01,other,\nb,c0,2016-01-01,,,\n"


@pytest.mark.parametrize(
    ("row", "outside"),
    [
        ("p,c0,2015-01-01,2015-06-01,foster_home", 0),
        ("p,c0,2014-12-31,2015-06-01,foster_home", 1),
        ("p,c0,2015-03-01,2015-06-02,foster_home", 1),
        ("p,c0,2015-03-01,,foster_home", 1),
        ("p,c0,2016-03-01,,foster_home", 0),
        ("p,c1,2015-03-01,2015-04-01,foster_home", 1),
    ],
    ids=["the whole stay", "before", "after", "never ended", "of an open stay", "of no stay"],
)
def test_placements_outside_a_removal_are_counted_and_not_quarantined(check, row, outside):
    result = check(children=TWENTY_CHILDREN, removals=STAYS, placements=PLACEMENT + row + "\n")
    assert finding(result, "placements_outside_removal", "placements").rows == outside
    assert result.quarantine.empty


def test_overlapping_placements_are_counted_apart_from_episodes(check):
    rows = "p,c0,2015-01-01,2015-03-02,shelter\nq,c0,2015-03-01,2015-06-01,foster_home\n"
    result = check(children=TWENTY_CHILDREN, removals=STAYS, placements=PLACEMENT + rows)
    assert finding(result, "overlapping_placements", "placements").rows == 1
    assert finding(result, "overlapping_episodes").rows == 0


def test_a_closure_of_an_unknown_family_is_counted(check):
    rows = "closure_id,family_id,closure_date,reason\nk,f99,2016-01-01,completed\n"
    result = check(children=TWENTY_CHILDREN, removals=STAYS, closures=rows)
    assert finding(result, "unmatched_family_id", "closures").rows == 1


def test_an_order_that_ends_before_it_starts_is_quarantined(check):
    rows = "order_id,child_id,type,start_date,end_date\no,c0,supervision,2016-01-02,2016-01-01\n"
    result = check(children=TWENTY_CHILDREN, removals=STAYS, legal_orders=rows)
    assert result.quarantine["table"].tolist() == ["legal_orders"]
