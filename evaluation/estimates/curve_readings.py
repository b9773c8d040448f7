"""What can be read off curves: quantiles, hazards by interval, differences between groups."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evaluation.estimates.coding import checked_times
from evaluation.estimates.differences import Differences, differences
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.interval_hazard import IntervalHazards, interval_hazards
from evaluation.estimates.quantiles import Quantiles, quantiles
from evaluation.estimates.result import Result


class CurveReadings(Result):
    """Results that are read off curves; each is a result with a table of its own."""

    value_name = "value"

    def risk_table(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Count who is at risk at given times, and what has happened so far, unweighted.

        Parameters
        ----------
        times : float or sequence of float

        Returns
        -------
        DataFrame
            group, (cause,) time, at_risk, events (and censored) so far, and with
            weights weighted_at_risk. At time t those are at risk who came under
            observation before t and are followed to t or beyond; at time 0 and
            before, those whose observation begins there. After a competing event
            nobody is at risk. Past a group's last time 0 are at risk.
        """
        moments = checked_times(times)
        read = self.at(moments)
        rows = self.grid.rows
        begin = np.zeros(len(rows)) if rows.start is None else rows.start
        for group, label in enumerate(self.groups):
            mine = rows.groups.codes == group
            for time in moments[moments <= 0]:
                there = mine & (begin <= time)
                here = (read["group"] == label) & (read["time"] == time)
                read.loc[here, "at_risk"] = int(there.sum())
                read.loc[here, "weighted_at_risk"] = float(rows.case_weights[there].sum())
        wanted = ("group", "cause", "time", "at_risk", "weighted_at_risk", "events", "censored")
        weightless = () if rows.weights is not None else ("weighted_at_risk",)
        return read[[c for c in wanted if c in read and c not in weightless]]

    def quantile(self, shares: float | Sequence[float]) -> Quantiles:
        """Return the times by which given shares have had the event.

        Parameters
        ----------
        shares : float or sequence of float
            Between 0 and 1; 0.5 is the median.

        Returns
        -------
        Quantiles
            ``table`` with group, (cause,) quantile, time, ci_low, ci_high;
            missing where the curve or its band does not go so far.

        Raises
        ------
        EstimateError
            For shares outside 0 and 1, and for mean cumulative functions, which
            have no quantiles.

        References
        ----------
        Brookmeyer and Crowley (1982), by the log-log limits of the curve.
        """
        if self.value_name == "mean":
            raise EstimateError("A mean number of events has no quantiles; read it with .at().")
        return quantiles(self, shares)

    def median(self) -> Quantiles:
        """Return the times by which half have had the event: ``quantile(0.5)``.

        Returns
        -------
        Quantiles

        References
        ----------
        Brookmeyer and Crowley (1982).
        """
        return self.quantile(0.5)

    def hazard(self, breaks: Sequence[float]) -> IntervalHazards:
        """Return events per time at risk, interval by interval.

        Parameters
        ----------
        breaks : sequence of float
            ``[0, 30, 90]`` gives (0, 30] and (30, 90].

        Returns
        -------
        IntervalHazards
            ``table`` with group, (cause,) begin, end, events, person_time,
            hazard, se, ci_low, ci_high, limits; for repeated events a rate.

        Raises
        ------
        EstimateError
            If the breaks are not increasing.

        References
        ----------
        Garwood (1936) for the exact limits; Lin and Wei (1989) for the
        cluster-robust ones.
        """
        return interval_hazards(self, breaks)

    def differences(self, times: float | Sequence[float], reference: object = None) -> Differences:
        """Compare groups at given times.

        A cluster with rows in several groups counts once, so that what its
        members share cancels.

        Parameters
        ----------
        times : float or sequence of float
        reference : optional
            The group to compare every other with; by default each pair is
            compared.

        Returns
        -------
        Differences
            ``table`` with group, reference, (cause,) time, difference, se,
            ci_low, ci_high, p.

        Raises
        ------
        EstimateError
            If there is one group only, or no group ``reference``.

        References
        ----------
        Efron and Stein (1981) and Jaeckel (1972) for the infinitesimal
        jackknife; Greenwood (1926) where Kaplan–Meier curves are independent.
        """
        read = self.at(times)
        clustered = not self.grid.rows.independent
        influence = self.influence(times) if clustered else None
        return differences(
            read, self.value_name, influence, self.grid.rows, self.account, self.compared, reference
        )
