"""Which rows, subjects or clusters move the coefficients most."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates.errors import EstimateError, nearest
from evaluation.estimates.result import Account, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.estimates.hazard_model import HazardModel

UNITS = ("row", "id", "cluster")


@dataclass(frozen=True, repr=False)
class Influential(Result):
    """The units that move a model's coefficients most.

    Parameters
    ----------
    table : DataFrame
        rank, unit, rows, events, displacement, term, change, change_in_se,
        coef_without; one row a unit and term, the most influential unit first.
        ``displacement`` is twice the fall of the log-likelihood if the unit is
        left out, to second order; ``change`` is the coefficient less that
        without the unit, to first order.
    account : Account
    unit : {"row", "id", "cluster"}
    """

    table: pd.DataFrame
    account: Account
    unit: str

    def plot(self, ax: "Axes | None" = None, *, term: str | None = None) -> "Axes":
        """Draw how much each unit moves all coefficients, or one.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        term : str, optional
            A term, in its standard errors; by default all, as the likelihood
            displacement.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.diagnostic_drawing import draw_influence

        terms = list(dict.fromkeys(self.table["term"]))
        if term is None:
            table, column = self.table[self.table["term"] == terms[0]], "displacement"
            label = "Twice the fall of the log-likelihood without it"
        elif term in terms:
            table, column = self.table[self.table["term"] == term], "change_in_se"
            label = f"Part of the coefficient of {term} owed to it, in standard errors"
        else:
            raise EstimateError(f"There is no term {term!r}{nearest(term, terms)}")
        return draw_influence(table, column, self.unit, label, self.summary(), ax)


def influential(model: "HazardModel", by: str | None, most: int) -> Influential:
    """Find the units that move the coefficients most.

    Parameters
    ----------
    model : HazardModel
    by : {"row", "id", "cluster"} or None
        None: the largest unit the model knows.
    most : int
        How many units to return.

    Returns
    -------
    Influential

    Raises
    ------
    EstimateError
        If the model has no such unit.

    References
    ----------
    Cain and Lange (1984) for the change of coefficients; Cook (1986) and
    Pettitt and Bin Daud (1989) for the likelihood displacement.
    """
    rows, fit = model.fit.rows, model.fit
    if by is None:
        by = "row" if rows.cluster is None else "cluster"
    if by not in UNITS:
        raise EstimateError(f"by={by!r} is not known; use 'row', 'id' or 'cluster'.")
    if isinstance(most, bool) or not most >= 1:
        raise EstimateError(f"most={most!r} must be 1 or more.")
    coded = {"row": None, "id": rows.id, "cluster": rows.cluster}[by]
    if by != "row" and coded is None:
        raise EstimateError(f"The model was fitted without {by}=, so it has no such unit.")
    codes = np.arange(len(rows)) if coded is None else coded.codes
    labels = rows.frame.index if coded is None else coded.labels
    count = len(labels)
    change = fit.cluster_influence(codes, count)
    finite = ~fit.maximum.infinite
    part = change[:, finite]
    information = fit.maximum.information[np.ix_(finite, finite)]
    displacement = np.einsum("ij,jk,ik->i", part, information, part)
    chosen = np.argsort(-displacement, kind="stable")[: int(most)]
    carrying = rows.case_weights > 0
    each = {
        "rows": np.bincount(codes[carrying], minlength=count),
        "events": np.bincount(codes[carrying & fit.event], minlength=count),
    }
    table, se = model.table, model.table["se"]
    for column in ("robust_se", "small_sample_se"):
        se = table.get(column, se)
    out = []
    for rank, unit in enumerate(chosen, start=1):
        about = {"rank": rank, "unit": labels[unit], **{k: int(v[unit]) for k, v in each.items()}}
        about["displacement"] = float(displacement[unit])
        for k in np.flatnonzero(finite):
            moved = {"term": fit.design.terms[k], "change": float(change[unit, k])}
            moved["change_in_se"] = moved["change"] / se[k]
            moved["coef_without"] = table["coef"][k] - moved["change"]
            out.append({**about, **moved})
    told = replace(model.account, method=f"influential {by}s of {model.account.method}")
    return Influential(pd.DataFrame(out), told, by)
