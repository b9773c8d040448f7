"""What the effects become when a choice or an assumption is another (METHODS 9)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache

import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.cohorts.held import HeldCohort, held
from evaluation.cohorts.surveillance import BEFORE_EXIT, BOUNDS, COUNTED
from evaluation.effects.arms import Arms, arms_of
from evaluation.effects.at_exit import risk_difference
from evaluation.effects.e_value import e_value, e_value_of_limit, ratio_for_e_value
from evaluation.effects.limits import refusal, shortage
from evaluation.effects.loss_bounds import loss_bounds
from evaluation.effects.outcome_model import fit_outcome_model
from evaluation.effects.propensity import POPULATIONS
from evaluation.effects.result import Effects
from evaluation.effects.study_effects import effects
from evaluation.effects.timing import LAGS, lagged, settled_late, without_ends
from evaluation.effects.trial.variants import trial_counting, trial_variants
from evaluation.errors import DataError, StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Service, Study

TRUNCATIONS = (0.95, 0.99, 1.0)
COUNTS = ["n_treated", "n_comparison", "events_treated", "events_comparison"]
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
    *COUNTS,
    "words",
]
MAIN = "as in the study"


def sensitivity(
    cohort: Cohort,
    found: Effects | None = None,
    contrasts: Collection[tuple[str, str]] | None = None,
) -> pd.DataFrame:
    """Repeat contrasts under other choices, and bound what cannot be known.

    E-values on the risk ratio at the horizon and on its limit nearer 1; exposure lagged
    7, 14 and 30 days and with ends ignored; each county left out; the specification
    curve over target populations, truncation and covariates; bounds and the tipping
    point for children who moved away. Where maltreatment is followed, every service is
    also compared with reports counted in four ways (surveillance bounds), and on reports
    of incidents before the exit, which no service can have caused (a negative control).
    A target trial's variants are point estimates: their bootstrap is not repeated. Where
    the study imputes covariates, the variants are of complete cases, and say so.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.
    found : Effects, optional
        ``effects(cohort)``, where the caller has it already.
    contrasts : collection of (service, outcome), optional
        Contrasts that are repeated under other choices, their services' surveillance
        bounds and negative controls among them; by default all. E-values are given for
        every contrast.

    Returns
    -------
    pandas.DataFrame
        ``service``, ``outcome``, ``analysis``, ``variant``, ``measure``, ``horizon``,
        ``estimate``, ``ci_low``, ``ci_high``, ``n_treated``, ``n_comparison``,
        ``events_treated``, ``events_comparison``, ``words``. A variant that cannot be
        estimated has its reason in ``words``. Drawn by
        ``evaluation.reporting.charts.specification.specification`` and in the technical report.
    """
    found = effects(cohort) if found is None else found
    return with_e_values(found, other_choices(cohort, contrasts))


def with_e_values(found: Effects, others: Iterable[dict]) -> pd.DataFrame:
    """Put the E-values of every contrast before what `other_choices` gave."""
    return pd.DataFrame([*_e_values(found), *others], columns=COLUMNS)


def needed(cohort: Cohort, contrasts: Collection[tuple[str, str]]) -> HeldCohort:
    """Hold of a cohort what its effects and `other_choices` of some contrasts ask of it."""
    services = {service.program: service for service in cohort.study.services}
    watched = "maltreatment" in cohort.outcomes and any(
        not refusal(services[program], "maltreatment") for program, _ in contrasts
    )
    return held(cohort, (*BOUNDS, BEFORE_EXIT) if watched else ())


def other_choices(
    cohort: Cohort | HeldCohort, contrasts: Collection[tuple[str, str]] | None = None
) -> list[dict]:
    """Return the rows of `sensitivity` that repeat contrasts, which need no estimates."""
    rows: list[dict] = []
    for outcome in cohort.outcomes:
        chosen = [
            service
            for service in cohort.study.services
            if (contrasts is None or (service.program, outcome) in contrasts)
            and not refusal(service, outcome)
        ]
        if not chosen:
            continue
        follow_up = cohort.follow_up(outcome)
        for service in chosen:
            head = {"service": service.program, "outcome": outcome}
            if service.exposure == "target trial":
                rows += [head | row for row in trial_variants(cohort, service, outcome, follow_up)]
                continue
            arms = arms_of(cohort, outcome, service, follow_up)
            if not shortage(arms, cohort.study):
                rows += [head | row for row in _variants(cohort, arms, follow_up)]
    return rows + list(_surveillance(cohort, contrasts))


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
            head |= {name: getattr(row, name) for name in COUNTS}
            yield head | {"variant": "estimate", "estimate": e_value(values[0])}
            yield head | {"variant": "limit nearer 1", "estimate": e_value_of_limit(*values[1:])}


def _variants(cohort: Cohort, arms: Arms, follow_up: pd.DataFrame) -> Iterator[dict]:
    study, service = cohort.study, arms.service
    if service.exposure == "time-varying":
        begun = cohort.exits.set_index("exit_id")[f"start_day_{service.program}"]
        for days in LAGS:
            changed = lagged(follow_up, service.program, begun, days)
            yield from _again(cohort, arms, changed, "lagged exposure", f"{days} days")
        changed = without_ends(follow_up, service.program)
        yield from _again(cohort, arms, changed, "lagged exposure", "ends ignored")
    else:
        for days in LAGS:
            for row in _estimated(
                settled_late(arms, days), study, "lagged exposure", f"{days} days"
            ):
                yield row | {"words": f"{row['words']}; among children home {days} days later"}
    if "county" in cohort.exits:
        county = arms.rows["exit_id"].map(cohort.exits.set_index("exit_id")["county"])
        for name in sorted(county.dropna().unique()):
            kept = replace(arms, rows=arms.rows[county != name].reset_index(drop=True))
            yield from _estimated(kept, study, "one county left out", str(name))
    same = arms.trimmed()
    yield from _specifications(same, study)
    if service.exposure != "time-varying":
        yield from loss_bounds(same, study)


def _specifications(arms: Arms, study: Study) -> Iterator[dict]:
    """Yield the contrast under other target populations, truncations and covariates."""
    analysis, adjustment = "specification curve", study.adjustment
    yield from _estimated(arms, study, analysis, MAIN)
    if arms.service.exposure == "time-varying":
        changes = {
            "no covariates in the model"
            if adjustment.outcome_model
            else "covariates in the model": {"outcome_model": not adjustment.outcome_model}
        }
    else:
        changes = {
            f"weights {population}, cut at {cut:g}": {"weights": population, "truncate": cut}
            for population in POPULATIONS
            for cut in (TRUNCATIONS if population != "overlap" else (1.0,))
        }
    for name, change in changes.items():
        other = study.model_copy(update={"adjustment": adjustment.model_copy(update=change)})
        yield from _estimated(arms, other, analysis, name)
    if len(arms.covariates) > 1:
        for column in arms.covariates:
            fewer = replace(arms, covariates=tuple(c for c in arms.covariates if c != column))
            yield from _estimated(fewer, study, analysis, f"without {column}")


def _surveillance(cohort: Cohort, contrasts: Collection[tuple[str, str]] | None) -> Iterator[dict]:
    """Yield every service's maltreatment contrast with other reports counted."""
    if "maltreatment" not in cohort.outcomes:
        return

    @cache
    def followed(counted: str) -> pd.DataFrame:
        return cohort.follow_up_counting(counted)

    for service in cohort.study.services:
        chosen = contrasts is None or any(service.program == program for program, _ in contrasts)
        if refusal(service, "maltreatment") or not chosen:
            continue
        for counted in (*BOUNDS, BEFORE_EXIT):
            analysis = "negative control" if counted == BEFORE_EXIT else "surveillance bounds"
            shared = {"service": service.program, "outcome": "maltreatment"}
            try:
                rows = list(_counting(cohort, service, followed(counted), analysis, counted))
            except (StudyError, DataError) as error:
                rows = [{"analysis": analysis, "variant": counted, "words": str(error)}]
            for row in rows:
                if pd.notna(row.get("estimate")):
                    row["words"] = COUNTED[counted]
                yield shared | row


def _counting(
    cohort: Cohort, service: Service, rows: pd.DataFrame, analysis: str, variant: str
) -> Iterator[dict]:
    if service.exposure == "target trial":
        yield trial_counting(cohort, service, rows, analysis, variant)
        return
    arms = arms_of(cohort, "maltreatment", service, rows)
    yield from _estimated(arms, cohort.study, analysis, variant)


def _again(
    cohort: Cohort, arms: Arms, follow_up: pd.DataFrame, analysis: str, variant: str
) -> Iterator[dict]:
    other = arms_of(cohort, arms.outcome, arms.service, follow_up, arms.landmark)
    yield from _estimated(other, cohort.study, analysis, variant)


def _estimated(arms: Arms, study: Study, analysis: str, variant: str) -> Iterator[dict]:
    """Yield the risk difference at the main horizon, or else the hazard ratio."""
    head = {"analysis": analysis, "variant": variant}
    try:
        reason = shortage(arms, study)
        if reason:
            yield head | {"words": reason}
            return
        row = None
        if arms.service.exposure != "time-varying":
            row = risk_difference(arms, study.main_horizon, study)
        if row is None:
            row = next(iter(fit_outcome_model(arms, study).rows), None)
    except (StudyError, EstimateError) as error:
        yield head | {"words": str(error)}
        return
    if row is None or pd.isna(row["estimate"]):
        yield head | {"words": "no finite ratio, and nobody followed to the main horizon"}
        return
    imputed = study.adjustment.missing == "multiple imputation"
    complete = ", complete cases" if imputed else ""
    kept = ("measure", "horizon", "estimate", "ci_low", "ci_high")
    yield head | {key: row[key] for key in kept} | arms.counts | {"words": row["method"] + complete}
