"""Estimates beside the truth of a simulated agency."""

from typing import TYPE_CHECKING, get_args

import pandas as pd

from evaluation.effects.result import Effects
from evaluation.study import ExitType, Study

if TYPE_CHECKING:
    from evaluation.sources.simulation import Truth

COLUMNS = [
    "service",
    "outcome",
    "measure",
    "horizon",
    "estimate",
    "ci_low",
    "ci_high",
    "truth",
    "inside",
    "meaning",
]


def exposures(study: Study) -> dict[str, str]:
    """Return how each program's receipt is measured: whose truth a study asks for."""
    return {service.program: service.exposure for service in study.services}


def beside_truth(
    effects: Effects, truth: "Truth", study: Study, known: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Set each estimate beside the truth it is judged by.

    A hazard ratio from a model with covariates is judged by the conditional ratio
    with frailty averaged out (the same in every target population), one without
    them by the marginal ratio of its target population, a risk by the risk
    (METHODS 6.3).

    Parameters
    ----------
    effects : Effects
        The estimates.
    truth : object
        With ``estimands_of``: from an exposure by program to a table of service, outcome,
        horizon, population, exposure, measure, value, mc_se, meaning.
    study : Study
        The protocol.
    known : pandas.DataFrame, optional
        ``truth.estimands_of(exposures(study))``, where the caller has it.

    Returns
    -------
    pandas.DataFrame
        ``service``, ``outcome``, ``measure``, ``horizon``, ``estimate``, ``ci_low``,
        ``ci_high``, ``truth``, ``inside`` (whether the interval holds the truth),
        ``meaning``. Empty where the study follows some exit types alone: the truth is
        of them all.
    """
    if set(study.cohort.exit_types) != set(get_args(ExitType)):
        return pd.DataFrame(columns=COLUMNS)
    table = effects.table.copy()
    table["exposure"] = table["service"].map(exposures(study))
    table["measure_judged"] = table["measure"]
    ratio = table["measure"] == "hazard_ratio"
    adjusted = table["method"].astype(str).str.contains("adjusted") & ratio
    table.loc[ratio, "measure_judged"] = "hazard_ratio_marginal"
    table.loc[adjusted, "measure_judged"] = "hazard_ratio_conditional"
    table.loc[adjusted, "population"] = "all eligible"
    table["until"] = table["horizon"].fillna(study.cohort.horizon_days).astype(int)
    known = truth.estimands_of(exposures(study)) if known is None else known
    known = known.rename(
        columns={"value": "truth", "measure": "measure_judged", "horizon": "until"}
    )
    on = ["service", "outcome", "exposure", "population", "measure_judged", "until"]
    merged = table.merge(known[[*on, "truth", "meaning"]], on=on, how="inner")
    merged["inside"] = merged["truth"].between(merged["ci_low"], merged["ci_high"])
    return merged[COLUMNS].reset_index(drop=True)
