import pytest

from evaluation.sources import contract

CHILD = "child_id,birth_date,death_date,sex,race_ethnicity,disability\n"
SERVICE = (
    "service_id,child_id,family_id,program,referral_date,start_date,end_date,end_reason,units\n"
)

CHILD_FAULTS = {
    "date that does not exist": (
        "c9,2019-02-30,,,,",
        ("birth_date", "type", "birth_date is 2019-02-30, a date that does not exist; correct it."),
    ),
    "date in another order": (
        "c9,02/03/2019,,,,",
        (
            "birth_date",
            "type",
            'birth_date is "02/03/2019", which is not a date written YYYY-MM-DD; write it that '
            "way.",
        ),
    ),
    "date with a time": (
        "c9,2019-02-03 00:00:00,,,,",
        (
            "birth_date",
            "type",
            "birth_date is 2019-02-03 00:00:00, with a time of day; give the date alone, as "
            "YYYY-MM-DD.",
        ),
    ),
    "year nought": (
        "c9,0000-01-01,,,,",
        ("birth_date", "type", "birth_date is 0000-01-01, a date that does not exist; correct it."),
    ),
    "key missing": (
        "NA,2019-02-03,,,,",
        ("child_id", "required", "child_id is missing and every row must have it; give it."),
    ),
    "key of blanks": (
        "  ,2019-02-03,,,,",
        ("child_id", "required", "child_id is missing and every row must have it; give it."),
    ),
    "misspelt code": (
        "c9,,,femal,,",
        (
            "sex",
            "enum",
            'sex is "femal", which is not one of female, male, unknown. Did you mean "female"?',
        ),
    ),
    "code like no other": (
        "c9,,,9,,",
        ("sex", "enum", 'sex is "9", which is not one of female, male, unknown.'),
    ),
    "misspelt code in a list": (
        "c9,,,,white;blak,",
        (
            "race_ethnicity",
            "pattern",
            'race_ethnicity is "white;blak", which is not a list, separated by semicolons without '
            "spaces, of american_indian_alaska_native, asian, black, hawaiian_pacific_islander, "
            'white, hispanic, unknown, declined. Did you mean "white;black"?',
        ),
    ),
    "not yes or no": (
        "c9,,,,,maybe",
        (
            "disability",
            "type",
            'disability is "maybe", which is not yes or no; write true or false.',
        ),
    ),
    "death before birth": (
        "c9,2010-01-02,2010-01-01,,,",
        (
            "death_date",
            "not_before",
            "death_date 2010-01-01 is before birth_date 2010-01-02; correct one of the two.",
        ),
    ),
}

SERVICE_FAULTS = {
    "program not a code": (
        "s1,c1,,success coach,,2018-02-10,,,",
        (
            "program",
            "pattern",
            'program is "success coach", which is not text of the form ^[A-Za-z][A-Za-z0-9_]*$.',
        ),
    ),
    "below the minimum": (
        "s1,c1,,coach,,2018-02-10,,,-1",
        ("units", "minimum", "units is -1, below the smallest value allowed, 0; correct it."),
    ),
    "not a number": (
        's1,c1,,coach,,2018-02-10,,,"1,5"',
        (
            "units",
            "type",
            'units is "1,5", which is not a finite number with a decimal point; write digits only.',
        ),
    ),
    "not a finite number": (
        "s1,c1,,coach,,2018-02-10,,,1e999",
        (
            "units",
            "type",
            'units is "1e999", which is not a finite number with a decimal point; write digits '
            "only.",
        ),
    ),
    "served nobody": (
        "s1,,,coach,,2018-02-10,,,",
        (
            "child_id, family_id, household_id",
            "any_of",
            "None of child_id, family_id, household_id is given; give at least one.",
        ),
    ),
    "neither started nor ended": (
        "s1,c1,,coach,2018-02-10,,,,",
        (
            "start_date, end_reason",
            "any_of",
            "None of start_date, end_reason is given; give at least one.",
        ),
    ),
}


def faults(result):
    columns = ["field", "rule", "message"]
    return list(result.quarantine[columns].itertuples(index=False, name=None))


@pytest.mark.parametrize("fault", CHILD_FAULTS)
def test_a_row_of_children_that_breaks_a_rule_is_quarantined_with_a_remedy(check, fault):
    row, expected = CHILD_FAULTS[fault]
    keep = "c1,,,,,\nc2,,,,,\nc3,,,,,\n"
    result = check(children=CHILD + keep + row + "\n")
    assert faults(result) == [expected]
    assert list(result.quarantine["line"]) == [5]
    assert list(result.counts["quarantined"]) == [1, 0]


@pytest.mark.parametrize("fault", SERVICE_FAULTS)
def test_a_row_of_services_that_breaks_a_rule_is_quarantined_with_a_remedy(check, fault):
    row, expected = SERVICE_FAULTS[fault]
    result = check(services=SERVICE + row + "\n")
    assert faults(result) == [expected]
    assert list(result.counts["accepted"]) == [3, 3, 0]


def test_a_discharge_reason_without_a_date_is_quarantined(check):
    result = check(
        removals="removal_id,child_id,removal_date,discharge_date,discharge_reason\n"
        "r1,c1,2017-01-01,,adoption\n"
    )
    assert faults(result)[0][:2] == ("discharge_reason", "requires")


def test_a_discharge_before_the_removal_is_quarantined_and_on_the_same_day_is_not(check):
    result = check(
        removals="removal_id,child_id,removal_date,discharge_date\n"
        "r1,c1,2017-01-02,2017-01-01\nr2,c2,2017-01-02,2017-01-02\n"
    )
    assert list(result.quarantine["row_key"]) == ["r1"]


def test_a_refusal_and_a_waiting_list_are_not_quarantined(check):
    """METHODS 5.4: offers are data."""
    result = check(
        services=SERVICE
        + "s1,c1,,coach,2018-02-01,,,refused,\ns2,c2,,coach,2018-02-01,,,waiting_list,\n"
    )
    assert result.quarantine.empty


def test_a_row_with_several_faults_is_counted_once_and_listed_for_each(check):
    result = check(children=CHILD + "c1,2019-02-30,,femal,,maybe\nc2,,,,,\nc3,,,,,\n")
    of_children = result.quarantine[result.quarantine["table"] == "children"]
    assert list(of_children["field"]) == ["birth_date", "sex", "disability"]
    assert result.counts.set_index("table").loc["children", "quarantined"] == 1


@pytest.mark.parametrize("missing", contract().table("children").missing_values)
def test_every_missing_value_of_the_contract_is_read_as_missing(folder, missing):
    from evaluation.sources import connect

    with connect(folder(children=f"child_id,birth_date\nc1,{missing}\nc2,\nc3,\n")) as agency:
        assert agency.table("children").birth_date.count().to_pyarrow().as_py() == 0


def test_every_spelling_of_a_boolean_is_read(folder):
    from evaluation.sources import connect

    field = contract().table("children").field("disability")
    spelled = [*field.true_values, *field.false_values]
    lines = "".join(f"k{n},{value}\n" for n, value in enumerate(spelled))
    removals = "removal_id,child_id,removal_date\nr1,k1,2020-01-01\n"
    with connect(folder(children="child_id,disability\n" + lines, removals=removals)) as agency:
        read = agency.table("children").order_by("child_id").to_pandas().set_index("child_id")
    expected = [True] * len(field.true_values) + [False] * len(field.false_values)
    assert [read.loc[f"k{n}", "disability"] for n in range(len(spelled))] == expected


def test_a_long_value_is_cut_where_it_is_printed(check):
    result = check(children=CHILD + f"c1,,,{'x' * 5000},,\nc2,,,,,\nc3,,,,,\n")
    assert len(result.quarantine.loc[0, "value"]) == 201
    assert len(result.quarantine.loc[0, "message"]) < 300
