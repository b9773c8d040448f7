"""From the effects of a study to contrasts as evidence: the only reader of their tables."""

from typing import Any

import pandas as pd

from evaluation.evidence.after_service import after_service_effect
from evaluation.evidence.attrition import Attrition
from evaluation.evidence.baseline import (
    baseline_equivalence,
    lacks_background,
    single_unit_confound,
)
from evaluation.evidence.contrast import AfterService, ContrastEvidence
from evaluation.evidence.effect_sizes import EffectSize, cox_index_of_risks
from evaluation.evidence.end_of_service import (
    EndOfServiceClock,
    end_of_service_clock,
)
from evaluation.evidence.event_effects import number_needed_to_serve
from evaluation.evidence.randomized import Randomization, own_attrition, randomization
from evaluation.evidence.status import Status, of_truth
from evaluation.study import Service, Study

UNITS = ("county", "agency", "office", "worker_unit", "site")
COUNTS = ("n_treated", "n_comparison", "events_treated", "events_comparison", "clusters")
RATE = "rate"
KEYS = ("service", "outcome", "horizon", "measure")
DISTINGUISHING = ("comparison", "population", "method", "contrast")


def estimate_ids(table: pd.DataFrame) -> pd.Series:
    """Return an id for each row of an effects table, the same in every output.

    ``service.outcome.horizon.measure``; where rows would share one, what tells them
    apart (comparison, population, method) is added, then a number.
    """
    horizon = table["horizon"].map(lambda day: RATE if pd.isna(day) else str(int(day)))
    base = table["service"] + "." + table["outcome"] + "." + horizon + "." + table["measure"]
    ids = base.copy()
    for column in (name for name in DISTINGUISHING if name in table):
        words = table[column].astype(str)
        differs = words.groupby(ids).transform("nunique") > 1
        slugs = {word: _slug(word) for word in words.unique()}
        ids = ids.where(~differs, ids + "." + words.map(slugs.get))
    number = ids.groupby(ids).cumcount()
    return ids.where(number == 0, ids + "." + (number + 1).astype(str))


def contrasts_of(cohort: Any, effects: Any) -> tuple[ContrastEvidence, ...]:
    """Read every contrast of a study as evidence.

    One for each service, outcome, comparison, population and horizon whose risks are
    compared, and one for the hazard ratio where no risks are.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.
    effects : Effects
        From ``effects``.

    Returns
    -------
    tuple of ContrastEvidence
        In the order of the effects table.
    """
    table = effects.table.assign(id=estimate_ids(effects.table))
    found = []
    for _, own in table.groupby(["service", "outcome"], sort=False):
        service = cohort.study.service(own["service"].iloc[0])
        setting = _Setting(cohort, effects, service, own["outcome"].iloc[0])
        found += setting.read(own)
    return tuple(found)


class _Setting:
    """What the contrasts of one service on one outcome share."""

    def __init__(self, cohort: Any, effects: Any, service: Service, outcome: str):
        self.cohort, self.service, self.outcome = cohort, service, outcome
        self.study: Study = cohort.study
        self.randomized = randomization(cohort, service)
        self.design = _design(self.study, self.randomized)
        self.treated = treated_exits(cohort, service, self.randomized)
        self.baseline = _baseline(effects, service, outcome, self.study)
        names = list(self.baseline["covariate"]) if len(self.baseline) else []
        self.lacking = lacks_background([*names, *self.study.adjustment.covariates])
        self.confounds = self._confounds()
        self.diagnostics = _diagnostics(effects, service, outcome)

    def _confounds(self) -> tuple[str, ...]:
        """Look for an arm of one unit, among those assigned where chance assigned them."""
        exits = self.cohort.exits
        if self.randomized is None:
            return single_unit_confound(self.treated, exits, UNITS)
        arm = self.randomized.arm(exits, self.service.program)
        return single_unit_confound(arm.dropna().astype(bool), exits[arm.notna()], UNITS)

    def _attrition(self, horizon: int | None) -> tuple[Attrition | None, str]:
        if self.randomized is None:
            return None, ""
        if horizon is None:
            return None, "a hazard ratio has no horizon by which to count losses"
        return own_attrition(self.cohort, self.service, self.outcome, horizon, self.randomized)

    def read(self, own: pd.DataFrame) -> list[ContrastEvidence]:
        at = own[own["horizon"].notna()]
        keys = [name for name in ("comparison", "population", "horizon") if name in own]
        parts = [part for _, part in at.groupby(keys, sort=False)]
        parts = [part for part in parts if "risk_difference" in set(part["measure"])]
        if not parts:
            parts = [own[own["measure"] == "hazard_ratio"].head(1)]
        return [self._contrast(part) for part in parts if len(part)]

    def _contrast(self, part: pd.DataFrame) -> ContrastEvidence:
        part = part.drop_duplicates("measure")
        rows = {row.measure: row for row in part.itertuples()}
        main = rows.get("risk_difference") or rows["hazard_ratio"]
        horizon = None if pd.isna(main.horizon) else int(main.horizon)
        clock = after = None
        if horizon is not None:
            ends = service_ends(self.cohort, self.service, self.treated)
            clock = end_of_service_clock(horizon, self.service.intended_months, ends)
            after = self._after(clock)
        loss, untold = self._attrition(horizon)
        effects = _effect_sizes(rows)
        difference = next((e for e in effects if e.measure == "risk_difference"), None)
        first = part.iloc[0]
        stem = str(first["id"]).replace(f".{first['measure']}", "", 1)
        return ContrastEvidence(
            id=stem,
            service=self.service.program,
            comparison=str(main.comparison),
            outcome=self.outcome,
            horizon=horizon,
            population=str(main.population),
            method=str(main.method),
            design=self.design,
            primary=bool(part["primary"].any()),
            counts={name: int(getattr(main, name)) for name in COUNTS},
            effects=effects,
            needed=number_needed_to_serve(difference) if difference else None,
            p=_number(main.p),
            p_adjusted=_number(main.p_adjusted),
            clock=clock,
            after_service=after,
            baseline=self.baseline,
            lacking=self.lacking,
            premeasured=_premeasured(
                cohort=self.cohort, service=self.service, treated=self.treated
            ),
            attrition=loss,
            attrition_unknown=untold,
            confounds=self.confounds,
            diagnostics=self.diagnostics,
            estimate_ids=tuple(part["id"]),
        )

    def _after(self, clock: EndOfServiceClock) -> AfterService | None:
        if not clock.days_beyond:
            return None
        return after_service_effect(
            self.cohort, self.outcome, self.service, clock.intended_days, clock.horizon
        )


def _design(study: Study, randomized: Randomization | None) -> str:
    """Return the study's design; without a recorded randomization chance decided nothing."""
    if study.design == "randomized" and randomized is None:
        return "quasi-experimental"
    return study.design


def treated_exits(
    cohort: Any, service: Service, randomized: Randomization | None = None
) -> pd.Series:
    """Tell of each exit whether it counts as treated: known at exit, else ever begun.

    Of those randomized, the ones assigned to the service who began it. For the
    description of the groups and of services' ends alone; no effect is estimated from it.
    """
    exits = cohort.exits
    known, began = f"known_at_exit_{service.program}", f"start_day_{service.program}"
    if randomized is not None:
        assigned = randomized.arm(exits, service.program).fillna(False).astype(bool)
        return assigned & exits[began].notna()
    if service.exposure != "at exit" and began in exits:
        return exits[began].notna()
    if known in exits:
        return exits[known].astype(bool)
    return pd.Series(False, index=exits.index)


def service_ends(cohort: Any, service: Service, treated: pd.Series) -> pd.Series:
    """Return the day each treated child's service ended, missing where none is recorded."""
    column = f"end_day_{service.program}"
    exits = cohort.exits
    if column not in exits:
        return pd.Series(float("nan"), index=exits.index[treated])
    return pd.to_numeric(exits.loc[treated, column], errors="coerce").astype(float)


def _premeasured(cohort: Any, service: Service, treated: pd.Series) -> Status:
    """Tell whether covariates, measured at the exit, precede the service (METHODS 11.4)."""
    column = f"start_day_{service.program}"
    if column not in cohort.exits or not treated.any():
        return "unknown"
    begun = cohort.exits.loc[treated, column]
    return "unknown" if begun.isna().any() else of_truth(bool((begun >= 0).all()))


def _baseline(effects: Any, service: Service, outcome: str, study: Study) -> pd.DataFrame:
    balance = effects.balance
    if balance is None or balance.empty:
        return pd.DataFrame()
    own = balance[(balance["service"] == service.program) & (balance["outcome"] == outcome)]
    if own.empty:
        return pd.DataFrame()
    adjusted = study.adjustment.covariates if study.adjustment.outcome_model else ()
    return baseline_equivalence(own, adjusted)


def _diagnostics(effects: Any, service: Service, outcome: str) -> str:
    """Read the verdict of the diagnostics, where the effects carry them."""
    found = getattr(effects, "diagnostics", None)
    if not isinstance(found, pd.DataFrame) or found.empty or "verdict" not in found:
        return "not run"
    own = found[(found["service"] == service.program) & (found["outcome"] == outcome)]
    if own.empty:
        return "not run"
    return "fails" if own["verdict"].astype(str).str.startswith("fail").any() else "passes"


def _effect_sizes(rows: dict[str, Any]) -> tuple[EffectSize, ...]:
    """Return the effect sizes of one horizon, or the hazard ratio alone."""
    found = [_effect(rows[name]) for name in ("risk_difference", "risk_ratio") if name in rows]
    risks = [rows.get("risk_treated"), rows.get("risk_comparison")]
    if all(row is not None and 0 < row.estimate < 1 and row.se >= 0 for row in risks):
        served, other = risks
        variances = served.se**2 + other.se**2 - rows["risk_difference"].se ** 2
        most = served.se * other.se
        covariance = min(max(variances / 2, -most), most)
        found.append(
            cox_index_of_risks(
                served.estimate, served.se, other.estimate, other.se, covariance=covariance
            )
        )
    if not found:
        found = [_effect(rows["hazard_ratio"])]
    return tuple(found)


def _effect(row: Any) -> EffectSize:
    numbers = (float(row.estimate), float(row.se), float(row.ci_low), float(row.ci_high))
    return EffectSize(row.measure, *numbers, made_from=str(row.method))


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text.lower()).strip("_")
