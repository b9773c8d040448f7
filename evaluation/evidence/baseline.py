"""Baseline equivalence, and an arm that is one unit alone."""

from collections.abc import Collection, Sequence

import pandas as pd

from evaluation.errors import DataError

SATISFIED = 0.05
ADJUSTABLE = 0.25
RACE, MEANS = (
    ("race_ethnicity", "race", "ethnicity"),
    (
        "title_iv_e",
        "public_assistance",
        "ssi",
        "income",
        "poverty",
        "socioeconomic_status",
    ),
)
VERDICTS = ("satisfied", "needs adjustment", "fails")


def baseline_equivalence(
    balance: pd.DataFrame, adjusted: Collection[str] = (), *, column: str = "after"
) -> pd.DataFrame:
    """Judge each covariate's standardized difference at baseline.

    Up to 0.05 is satisfied, up to 0.25 needs statistical adjustment for that
    covariate, more fails (What Works Clearinghouse, baseline equivalence). The
    differences are those of the analytic sample, weighted where weights are used.

    Parameters
    ----------
    balance : pandas.DataFrame
        With ``covariate`` (a level of a category as ``name[level]``) and the
        standardized differences.
    adjusted : collection of str
        Covariates in the outcome model.
    column : str
        Which difference is judged.

    Returns
    -------
    pandas.DataFrame
        ``covariate``, ``difference``, ``verdict`` (`VERDICTS`), ``adjusted``, ``met``.

    Raises
    ------
    DataError
        If ``balance`` lacks a column.
    """
    for needed in ("covariate", column):
        if needed not in balance:
            raise DataError(
                f'The balance table has no column "{needed}": give a table as `ev.balance` makes.'
            )
    table = balance[["covariate"]].assign(difference=balance[column].astype(float))
    size = table["difference"].abs()
    table["verdict"] = [
        None if pd.isna(x) else VERDICTS[(x > SATISFIED) + (x > ADJUSTABLE)] for x in size
    ]
    table["adjusted"] = [name.split("[")[0] in set(adjusted) for name in table["covariate"]]
    table["met"] = table["verdict"].eq("satisfied") | (
        table["verdict"].eq("needs adjustment") & table["adjusted"]
    )
    return table.reset_index(drop=True)


def lacks_background(covariates: Collection[str]) -> tuple[str, ...]:
    """Return which of race or ethnicity and socioeconomic status the baseline lacks.

    An outcome without a pretest, such as re-entry, is judged on both (an unconfirmed
    reading of the Title IV-E handbook).
    """
    names = {name.split("[")[0] for name in covariates}
    lacking = []
    if not names & set(RACE):
        lacking.append("race or ethnicity")
    if not names & set(MEANS):
        lacking.append("socioeconomic status")
    return tuple(lacking)


def single_unit_confound(
    treated: pd.Series, units: pd.DataFrame, columns: Sequence[str]
) -> tuple[str, ...]:
    """Find units that are a whole arm and never appear in the other (METHODS 11.2).

    Such a design fails whatever the balance: the service cannot be told apart from the
    county, agency or worker unit.

    Parameters
    ----------
    treated : pandas.Series
        Whether each child is in the treated arm.
    units : pandas.DataFrame
        One row per child, in the same order.
    columns : sequence of str
        The columns that name units; those absent are passed over.

    Returns
    -------
    tuple of str
        One sentence for each confound.
    """
    found = []
    arm = treated.to_numpy(dtype=bool)
    for column in columns:
        if column not in units:
            continue
        own, other = (set(units.loc[side, column].dropna()) for side in (arm, ~arm))
        for which, here, there in (("served", own, other), ("compared", other, own)):
            if len(here) == 1 and not here & there:
                found.append(
                    f"All children {which} belong to one {column.replace('_', ' ')} that never "
                    "appears in the other group, so the service cannot be told apart from it."
                )
    return tuple(found)
