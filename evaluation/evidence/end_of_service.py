"""The end-of-service clock: how long after the service an effect is seen (METHODS 11.1)."""

import datetime
from dataclasses import dataclass

import pandas as pd

DAYS_PER_MONTH = 30.4375
LEAST_ENDED = 0.90


@dataclass(frozen=True)
class EndOfServiceClock:
    """How far a horizon lies beyond the intended end of a service.

    Attributes
    ----------
    horizon : int
        Days from the exit.
    intended_months : float or None
        Months from the exit to the program's intended end; missing where the study does
        not state a duration.
    treated : int
        Treated families' children.
    ended : int
        Those whose own service had ended by the horizon; unknown ends do not count.
    unknown : int
        Those without a recorded end.
    least_ended : float
        Share that must have ended before a sustained effect can be claimed.
    """

    horizon: int
    intended_months: float | None
    treated: int
    ended: int
    unknown: int
    least_ended: float = LEAST_ENDED

    @property
    def intended_days(self) -> int | None:
        """Days from the exit to the intended end."""
        return None if self.intended_months is None else days_of(self.intended_months)

    @property
    def days_beyond(self) -> int | None:
        """Days from the intended end to the horizon, never below 0."""
        if self.intended_days is None:
            return None
        return max(0, self.horizon - self.intended_days)

    @property
    def months_beyond(self) -> float | None:
        """`days_beyond` in months of 30.4375 days."""
        return None if self.days_beyond is None else self.days_beyond / DAYS_PER_MONTH

    @property
    def whole_months_beyond(self) -> int | None:
        """Whole months the horizon lies beyond the intended end, as `reaches` counts them."""
        if self.months_beyond is None:
            return None
        most = int(self.months_beyond) + 1
        return next((m for m in range(most, 0, -1) if self.reaches(m)), 0)

    @property
    def share_ended(self) -> float | None:
        """Share of treated children whose own service had ended."""
        return self.ended / self.treated if self.treated else None

    @property
    def enough_ended(self) -> bool:
        """Whether enough services had ended for a sustained claim."""
        return self.treated > 0 and self.ended >= self.least_ended * self.treated

    def reaches(self, months: float) -> bool | None:
        """Tell whether the horizon lies that many months beyond the intended end."""
        day = self.day_beyond(months)
        return None if day is None else self.horizon >= day

    def day_beyond(self, months: float) -> int | None:
        """Return the day from the exit that lies that many months beyond the intended end.

        Both spans are added before they are rounded to days: six months after a service
        of six months is day 365.
        """
        return None if self.intended_months is None else days_of(self.intended_months + months)


def days_of(months: float) -> int:
    """Return a number of months in whole days, 30.4375 days each: 12 are 365."""
    return round(months * DAYS_PER_MONTH)


def end_of_service_clock(
    horizon: int,
    intended_months: float | None,
    ends: pd.Series,
    *,
    least_ended: float = LEAST_ENDED,
) -> EndOfServiceClock:
    """Set a horizon beside the end of a service.

    Parameters
    ----------
    horizon : int
        Days from the exit.
    intended_months : float or None
        The program's intended duration, from the study.
    ends : pandas.Series
        Of each treated child, the day its own service ended, counted from the exit;
        missing where no end is recorded, which counts as not ended. Early closure is
        an end on its date.
    least_ended : float
        Share of services that must have ended.
    """
    known = ends.dropna()
    return EndOfServiceClock(
        horizon=int(horizon),
        intended_months=intended_months,
        treated=len(ends),
        ended=int((known <= horizon).sum()),
        unknown=int(ends.isna().sum()),
        least_ended=least_ended,
    )


def post_treatment_months(
    service_end: datetime.date | None, follow_up_end: datetime.date
) -> int | None:
    """Return whole calendar months from the end of a family's service to its last day followed.

    A month counts when its day of the month is reached, as in the federal rule; never
    below 0. A service without a recorded end gives None: unknown, not zero.

    Parameters
    ----------
    service_end : datetime.date or None
    follow_up_end : datetime.date

    Returns
    -------
    int or None
    """
    if service_end is None:
        return None
    months = 12 * (follow_up_end.year - service_end.year) + follow_up_end.month - service_end.month
    return max(0, months - (follow_up_end.day < service_end.day))
