"""Ages: a month is complete on its day, or on the first of the next month where it has none."""

import ibis
import pytest

from evaluation.cohorts.clock import birthday, completed_months, completed_years


def asked(expression):
    return ibis.duckdb.connect().execute(expression)


@pytest.mark.parametrize(
    ("born", "day", "months", "years"),
    [
        ("2015-05-17", "2016-05-16", 11, 0),
        ("2015-05-17", "2016-05-17", 12, 1),
        ("2015-05-17", "2016-05-18", 12, 1),
        ("2015-11-03", "2018-02-02", 26, 2),
        ("2015-11-03", "2018-02-03", 27, 2),
        ("2016-02-29", "2017-02-28", 11, 0),
        ("2016-02-29", "2017-03-01", 12, 1),
        ("2016-01-31", "2016-02-29", 0, 0),
        ("2016-01-31", "2016-03-01", 1, 0),
        ("2016-01-31", "2016-03-31", 2, 0),
    ],
)
def test_completed_months_and_years(born, day, months, years):
    dates = ibis.date(day), ibis.date(born)
    assert asked(completed_months(*dates)) == months
    assert asked(completed_years(*dates)) == years


@pytest.mark.parametrize(
    ("born", "age", "months", "reached"),
    [
        ("2015-05-17", 2, 0, (2017, 5, 17)),
        ("2016-02-29", 1, 0, (2017, 3, 1)),
        ("2016-02-29", 4, 0, (2020, 2, 29)),
        ("2016-01-31", 0, 1, (2016, 3, 1)),
        ("2016-08-31", 1, 6, (2018, 3, 1)),
    ],
)
def test_birthdays(born, age, months, reached):
    found = asked(birthday(ibis.date(born), age, months))
    assert (found.year, found.month, found.day) == reached
