"""A cohort whose rows have left the engine, so that they can go to another process."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from evaluation.cohorts.cohort import Cohort
from evaluation.errors import DataError
from evaluation.study import Study


@dataclass(frozen=True)
class HeldCohort:
    """What effects need of a cohort, as data frames.

    Attributes
    ----------
    study : Study
    exits : pandas.DataFrame
    outcomes : tuple of str
    offers : pandas.DataFrame
    report_days : pandas.DataFrame or None
        As the cohort's.
    rows : dict of str to pandas.DataFrame
        ``Cohort.follow_up`` by outcome.
    counted : dict of str to pandas.DataFrame or DataError
        ``Cohort.follow_up_counting`` by the reports counted, or why there is none.
    """

    study: Study
    exits: pd.DataFrame
    outcomes: tuple[str, ...]
    offers: pd.DataFrame
    report_days: pd.DataFrame | None
    rows: dict[str, pd.DataFrame]
    counted: dict[str, pd.DataFrame | DataError]

    def follow_up(self, outcome: str) -> pd.DataFrame:
        """Return the start–stop rows of an outcome."""
        return self.rows[outcome]

    def follow_up_counting(self, counted: str) -> pd.DataFrame:
        """Return the rows of maltreatment with other reports counted, or say why not."""
        found = self.counted[counted]
        if isinstance(found, DataError):
            raise found
        return found


def held(cohort: Cohort, counted: Iterable[str] = ()) -> HeldCohort:
    """Take from the engine what `HeldCohort` has.

    Parameters
    ----------
    cohort : Cohort
    counted : iterable of str
        Keys of `surveillance.COUNTED`.
    """

    def counting(name: str) -> pd.DataFrame | DataError:
        try:
            return cohort.follow_up_counting(name)
        except DataError as error:
            return error

    return HeldCohort(
        study=cohort.study,
        exits=cohort.exits,
        outcomes=cohort.outcomes,
        offers=cohort.offers,
        report_days=cohort.report_days,
        rows={outcome: cohort.follow_up(outcome) for outcome in cohort.outcomes},
        counted={name: counting(name) for name in counted},
    )
