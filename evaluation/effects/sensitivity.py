"""What the effects become when a choice or an assumption is another (METHODS 9)."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.arms import OUTCOME_EVENT, Arms, arms_of
from evaluation.effects.e_value import e_value, e_value_of_limit, ratio_for_e_value
from evaluation.effects.limits import refusal, shortage
from evaluation.effects.propensity import POPULATIONS
from evaluation.effects.result import Effects
from evaluation.effects.study_effects import effects, estimate
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Study

LAGS = (7, 14, 30)
TRUNCATIONS = (0.95, 0.99, 1.0)
COLUMNS = [
    "service",
    "outcome",
    "analysis",
    "variant",
    "measure",
    "horizon",
    "estimate",
    "ci_low",
    "ci_high",
    "words",
]


def sensitivity(cohort: Cohort, found: Effects | None = None) -> pd.DataFrame:
    """Repeat every contrast under other choices, and bound what cannot be known.

    E-values on the risk ratio at the horizon and on its limit nearer 1; exposure lagged
    7, 14 and 30 days and with ends ignored; each county left out; the specification
    curve over target populations, truncation and covariates; bounds and the tipping
    point for children who moved away.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.
    found : Effects, optional
        ``effects(cohort)``, where the caller has it already.

    Returns
    -------
    pandas.DataFrame
        ``service``, ``outcome``, ``analysis``, ``variant``, ``measure``, ``horizon``,
        ``estimate``, ``ci_low``, ``ci_high``, ``words``. A variant that cannot be
        estimated has its reason in ``words``.
    """
    found = effects(cohort) if found is None else found
    rows = list(_e_values(found))
    for outcome in cohort.outcomes:
        follow_up = cohort.follow_up(outcome)
        for service in cohort.study.services:
            if refusal(service, outcome) or service.exposure == "target trial":
                continue
            arms = arms_of(cohort, outcome, service, follow_up)
            if shortage(arms, cohort.study):
                continue
            head = {"service": service.program, "outcome": outcome}
            rows += [head | row for row in _variants(cohort, arms, follow_up)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _e_values(found: Effects) -> Iterator[dict]:
    table = found.table
    for (service, outcome), own in table.groupby(["service", "outcome"], sort=False):
        ratios = own[own["measure"] == "risk_ratio"]
        words = "risk ratio at the horizon"
        if ratios.empty:
            ratios = own[own["measure"] == "hazard_ratio"]
        for row in ratios.itertuples():
            values = [row.estimate, row.ci_low, row.ci_high]
            if row.measure == "hazard_ratio":
                risk = (row.events_treated + row.events_comparison) / (
                    row.n_treated + row.n_comparison
                )
                converted = [ratio_for_e_value(value, risk) for value in values]
                values, words = [value for value, _ in converted], converted[0][1]
            head = {"service": service, "outcome": outcome, "analysis": "E-value"}
            head |= {"measure": row.measure, "horizon": row.horizon, "words": words}
            yield head | {"variant": "estimate", "estimate": e_value(values[0])}
            yield head | {"variant": "limit nearer 1", "estimate": e_value_of_limit(*values[1:])}


def _variants(cohort: Cohort, arms: Arms, follow_up: pd.DataFrame) -> Iterator[dict]:
    study, service = cohort.study, arms.service
    if service.exposure == "time-varying":
        begun = cohort.exits.set_index("exit_id")[f"start_day_{service.program}"]
        for days in LAGS:
            changed = lagged(follow_up, service.program, begun, days)
            yield from _again(cohort, arms, changed, study, "lagged exposure", f"{days} days")
        changed = without_ends(follow_up, service.program)
        yield from _again(cohort, arms, changed, study, "lagged exposure", "ends ignored")
    if "county" in cohort.exits:
        county = follow_up["exit_id"].map(cohort.exits.set_index("exit_id")["county"])
        for name in sorted(county.dropna().unique()):
            kept = follow_up[county != name]
            yield from _again(cohort, arms, kept, study, "one county left out", str(name))
    yield from _specifications(cohort, arms, follow_up)
    if service.exposure != "time-varying":
        yield from loss_bounds(arms, study)


def _specifications(cohort: Cohort, arms: Arms, follow_up: pd.DataFrame) -> Iterator[dict]:
    """Every combination of target population, truncation and outcome model."""
    study = cohort.study
    options = [("none", 1.0, True), ("none", 1.0, False)]
    if arms.service.exposure != "time-varying":
        options = [
            (population, cut, model)
            for population in POPULATIONS
            for cut in (TRUNCATIONS if population != "overlap" else (1.0,))
            for model in (True, False)
        ]
    for weights, cut, model in options:
        adjustment = study.adjustment.model_copy(
            update={"weights": weights, "truncate": cut, "outcome_model": model}
        )
        other = study.model_copy(update={"adjustment": adjustment})
        name = f"weights {weights}, cut at {cut:g}, " + (
            "covariates in the model" if model else "no covariates in the model"
        )
        yield from _again(cohort, arms, follow_up, other, "specification curve", name)


def _again(
    cohort: Cohort, arms: Arms, follow_up: pd.DataFrame, study: Study, analysis: str, variant: str
) -> Iterator[dict]:
    head = {"analysis": analysis, "variant": variant}
    try:
        other = arms_of(cohort, arms.outcome, arms.service, follow_up, arms.landmark)
        reason = shortage(other, study)
        if reason:
            yield head | {"words": reason}
            return
        for row in estimate(other, study).rows:
            main = row["measure"] == "risk_difference" and row["horizon"] == study.main_horizon
            if main or row["measure"] == "hazard_ratio":
                kept = ("measure", "horizon", "estimate", "ci_low", "ci_high")
                yield head | {key: row[key] for key in kept} | {"words": row["method"]}
    except (StudyError, EstimateError) as error:
        yield head | {"words": str(error)}


def lagged(follow_up: pd.DataFrame, program: str, begun: pd.Series, days: int) -> pd.DataFrame:
    """Let a service count only so many days after it began.

    Services start in crises: what follows at once may be the crisis, not the service.

    Parameters
    ----------
    follow_up : pandas.DataFrame
        Start-stop rows with ``exposure_PROGRAM``.
    program : str
    begun : pandas.Series
        First day of service by ``exit_id``.
    days : int

    Returns
    -------
    pandas.DataFrame
        The rows, split where the lag ends; until then the state is ``before``.
    """
    column = f"exposure_{program}"
    from_day = follow_up["exit_id"].map(begun).astype("Float64").to_numpy(float, na_value=np.inf)
    boundary = from_day + days
    start, stop = follow_up["start"].to_numpy(), follow_up["stop"].to_numpy()
    reached = (follow_up[column] != "before").to_numpy()
    early = follow_up.copy()
    early[column] = early[column].astype(object).where(~(reached & (boundary > start)), "before")
    straddles = reached & (boundary > start) & (boundary < stop)
    late = follow_up[straddles].copy()
    late["start"] = boundary[straddles].astype(late["start"].dtype)
    early.loc[straddles, "stop"] = boundary[straddles].astype(early["stop"].dtype)
    early.loc[straddles, "event"] = 0
    both = pd.concat([early, late], ignore_index=True)
    return both.sort_values(["exit_id", "start"], kind="stable", ignore_index=True)


def without_ends(follow_up: pd.DataFrame, program: str) -> pd.DataFrame:
    """Let a service, once begun, count as going on: ends may be caused by removals."""
    column = f"exposure_{program}"
    state = follow_up[column].astype(object)
    return follow_up.assign(**{column: state.where(state == "before", "in service")})


def loss_bounds(arms: Arms, study: Study) -> Iterator[dict]:
    """Bound the risk difference by what may have happened to children who moved away.

    Both extremes (Manski, 1990): every served child who moved away had the outcome on
    that day and no comparison child, then the reverse. The tipping point is the share of
    served children who moved away that must have had the outcome, with none of the
    comparison, for the difference to be zero.
    """
    if "end_reason" not in arms.rows:
        return
    horizon = study.main_horizon
    moved = (arms.rows["end_reason"] == "moved_out") & (arms.rows["stop"] <= horizon)
    head = {"analysis": "loss bounds", "measure": "risk_difference", "horizon": horizon}
    if not moved.any():
        yield head | {"variant": "no one moved away", "words": "no move is recorded"}
        return

    def difference(share_served: float, share_other: float) -> float | None:
        rows = arms.rows.copy()
        random = np.random.default_rng(study.seed).random(len(rows))
        share = np.where(arms.served, share_served, share_other)
        happened = moved & (random < share)
        rows.loc[happened, "event"] = OUTCOME_EVENT
        rows.loc[moved & ~happened, "stop"] = np.maximum(rows["stop"], horizon)
        changed = Arms(rows, arms.outcome, arms.service, arms.covariates, (), arms.landmark)
        try:
            for row in estimate(changed, study).rows:
                if row["measure"] == "risk_difference" and row["horizon"] == horizon:
                    return float(row["estimate"])
        except (StudyError, EstimateError):
            return None
        return None

    extremes = {
        "all served and no comparison children who moved had the outcome": (1.0, 0.0),
        "no served and all comparison children who moved had the outcome": (0.0, 1.0),
    }
    values = {}
    for variant, shares in extremes.items():
        values[variant] = difference(*shares)
        yield head | {"variant": variant, "estimate": values[variant]}
    steps = np.linspace(0, 1, 11)
    curve = [difference(share, 0.0) for share in steps]
    if None in curve:
        return
    crossed = next((s for s, d in zip(steps, curve, strict=True) if d >= 0), None)
    words = "of served children who moved must have had the outcome for no difference"
    if curve[0] >= 0 or crossed is None:
        words = "no share of them changes the sign of the difference"
    yield head | {
        "analysis": "tipping point",
        "variant": "share of the served who moved",
        "estimate": np.nan if crossed is None or curve[0] >= 0 else float(crossed),
        "words": words,
    }
