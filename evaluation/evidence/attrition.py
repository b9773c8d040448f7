"""Attrition against the boundary of a review standard."""

import math
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from numbers import Integral, Rational
from typing import Any, Literal

from evaluation.errors import DataError
from evaluation.resources import resource

Boundary = Literal["cautious", "optimistic"]
Rounding = Literal["nearest", "down"]


@dataclass(frozen=True)
class Attrition:
    """How many of those assigned are missing from the analysis, and whether that is low.

    Attributes
    ----------
    overall, differential : float
        Shares: of both groups together, and the absolute difference of the groups.
    limit : float or None
        Highest differential still low at this overall attrition, as a share; missing
        where none is.
    low : bool
        Whether attrition is low.
    boundary, rounding : str
        The boundary chosen beforehand, and how the overall rate is rounded to the
        whole per cent at which the boundary is read.
    confirmation : str
        Whether that boundary is the one a review applies.
    """

    overall: float
    differential: float
    limit: float | None
    low: bool
    boundary: Boundary
    rounding: Rounding
    confirmation: str


def attrition(
    assigned_treated: int,
    analysed_treated: int,
    assigned_comparison: int,
    analysed_comparison: int,
    *,
    boundary: Boundary = "cautious",
    rounding: Rounding = "nearest",
) -> Attrition:
    """Compare overall and differential attrition with a boundary.

    The boundaries are those of the What Works Clearinghouse (Standards Handbook 4.1,
    Table II.1), in ``data_schemas/evidence/attrition.toml`` with their source. Which
    one a review applies is settled by its protocol beforehand.

    Parameters
    ----------
    assigned_treated, analysed_treated : int
        Children assigned to the service, and those of them in the analysis.
    assigned_comparison, analysed_comparison : int
        The same for the comparison.
    boundary : {"cautious", "optimistic"}
    rounding : {"nearest", "down"}
        How the overall rate is rounded to a whole per cent; halves go up.

    Returns
    -------
    Attrition

    Raises
    ------
    DataError
        If a group is empty or more children were analysed than assigned.
    """
    for assigned, analysed in (
        (assigned_treated, analysed_treated),
        (assigned_comparison, analysed_comparison),
    ):
        whole = isinstance(assigned, Integral) and isinstance(analysed, Integral)
        if not whole or not 0 <= analysed <= assigned or assigned < 1:
            raise DataError(
                f"{analysed} children analysed of {assigned} assigned are impossible: attrition "
                "needs the numbers assigned and analysed in each group."
            )
    lost = assigned_treated - analysed_treated, assigned_comparison - analysed_comparison
    overall = Fraction(sum(lost), assigned_treated + assigned_comparison)
    differential = abs(Fraction(lost[0], assigned_treated) - Fraction(lost[1], assigned_comparison))
    return verdict(overall, differential, boundary=boundary, rounding=rounding)


def verdict(
    overall: Fraction | float,
    differential: Fraction | float,
    *,
    boundary: Boundary = "cautious",
    rounding: Rounding = "nearest",
) -> Attrition:
    """Compare two rates of attrition, as shares, with a boundary; see `attrition`.

    A float counts as its decimal to twelve places, so that a printed rate on the boundary
    is on it.

    Raises
    ------
    DataError
        If a rate is not a share, or boundary or rounding have another name.
    """
    table = attrition_boundaries()
    if boundary not in ("cautious", "optimistic"):
        raise DataError(f'There is no boundary "{boundary}": use "cautious" or "optimistic".')
    if rounding not in ("nearest", "down"):
        raise DataError(f'There is no rounding "{rounding}": use "nearest" or "down".')
    overall, differential = _exact(overall), _exact(differential)
    per_cent = 100 * overall
    row = math.floor(per_cent + Fraction(1, 2) if rounding == "nearest" else per_cent)
    limits = table[boundary]["limits"]
    limit = Fraction(limits[row]) / 100 if row < len(limits) else None
    return Attrition(
        float(overall),
        float(differential),
        None if limit is None else float(limit),
        limit is not None and differential <= limit,
        boundary,
        rounding,
        table["rule"]["confirmation"],
    )


def _exact(share: Fraction | float) -> Fraction:
    if not 0 <= share <= 1:
        raise DataError(
            f"{share} is not a rate of attrition: give a share from 0 to 1 (a percentage over 100)."
        )
    return (
        Fraction(share) if isinstance(share, Rational) else Fraction(str(round(float(share), 12)))
    )


@cache
def attrition_boundaries() -> dict[str, Any]:
    """Return both boundaries with their source and confirmation, numbers as decimals."""
    path = resource("data_schemas", "evidence", "attrition.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
