"""Which columns a comparison may be adjusted for: only what is known at the exit."""

import difflib
from collections.abc import Iterable

import pandas as pd

from evaluation.errors import StudyError

TIMING = {
    "exposure_": "the state of a service on each day of follow-up",
    "dose_": "days of service so far, on each day of follow-up",
    "support_": "the support window on each day of follow-up",
    "age_band": "age on each day of follow-up; age_at_exit is known at the exit",
    "start_day_": "the day a service began, which may be any day of follow-up",
    "end_day_": "the day a service ended, which may be any day of follow-up",
    "later_adoption_day": "the day of an adoption after the exit",
}
"""When columns are measured that are not known at the exit, by the beginning of their names."""


def check_covariates(names: Iterable[str], exits: pd.DataFrame, follow_up: pd.DataFrame) -> None:
    """Refuse covariates that are measured after the exit, or are not there.

    Parameters
    ----------
    names : iterable of str
        Covariates of the study, strata among them.
    exits : pandas.DataFrame
        ``cohort.exits``.
    follow_up : pandas.DataFrame
        Rows of an outcome, which hold the covariates.

    Raises
    ------
    StudyError
        Names the column and when it is measured, or the nearest that is there.
    """
    for name in names:
        timing = next((when for start, when in TIMING.items() if name.startswith(start)), None)
        if timing is not None:
            raise StudyError(
                f'adjustment.covariates names "{name}", which is known only after the exit '
                f"({timing}): adjusting for it would hide part of the effect or look into the "
                "future. Name only what is known at the exit."
            )
        if name in follow_up.columns:
            continue
        if name in exits.columns:
            raise StudyError(
                f'adjustment.covariates names "{name}", which names or dates an exit and is no '
                "covariate; name what the child and the stay were like at the exit."
            )
        nearest = difflib.get_close_matches(name, list(exits.columns), n=1)
        hint = f' Did you mean "{nearest[0]}"?' if nearest else ""
        raise StudyError(
            f'adjustment.covariates names "{name}", which the cohort does not hold.{hint}'
        )
