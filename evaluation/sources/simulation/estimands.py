"""The true effects: what each estimator is judged by."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from evaluation.sources.simulation.calendar_days import day
from evaluation.sources.simulation.collapsed_cox import BATCHES, Ratio, Tally
from evaluation.sources.simulation.follow_up import (
    OUTCOME_NAMES,
    End,
    end_of_follow_up,
    first_day_at_risk,
)
from evaluation.sources.simulation.hazards import Timeline
from evaluation.sources.simulation.latent import Latent, draw_latent
from evaluation.sources.simulation.outcomes import Outcomes, outcomes
from evaluation.sources.simulation.population import Population, draw_population, log_hazard
from evaluation.sources.simulation.scenario import (
    MONTH,
    OUTCOME_PROCESSES,
    PIECES,
    Program,
    Scenario,
)
from evaluation.sources.simulation.spells import (
    Spells,
    natural_spells,
    propensity,
    spell_if_known,
    spell_if_late,
    spell_length,
    with_spell,
)
from evaluation.sources.simulation.streams import Streams

COLUMNS = [
    "service",
    "outcome",
    "horizon",
    "population",
    "exposure",
    "measure",
    "value",
    "mc_se",
    "meaning",
]
POPULATIONS = ("all eligible", "treated", "overlap")
SEED = 20_260_101
BANDS = 20
STRATA = 6
_TARGETS = {
    "all eligible": "all children who exit",
    "treated": "children like those whose service was known at exit",
    "overlap": "children who might or might not have been served (overlap weights)",
}
_WORDS = {
    "reentry": "re-entry",
    "disruption": "disruption",
    "maltreatment": "substantiated maltreatment",
    "maltreatment_screened_in": "a screened-in report",
}
_MEANINGS = {
    "risk_treated": "Risk of {outcome} by day {horizon} had {target} been in the served arm of: "
    "{contrast}.",
    "risk_comparison": "Risk of {outcome} by day {horizon} had {target} been in the comparison arm "
    "of: {contrast}.",
    "risk_difference": "Difference in the risk of {outcome} by day {horizon} among {target}: "
    "{contrast}.",
    "risk_ratio": "Ratio of the risks of {outcome} by day {horizon} among {target}: {contrast}.",
    "hazard_ratio_marginal": "Cox hazard ratio of {outcome} to day {horizon} without covariates, "
    "fitted to both copies of {target} under the agency's own censoring: {contrast}.",
    "hazard_ratio_conditional": "Cox hazard ratio of {outcome} to day {horizon} given the recorded "
    "covariates, family frailty averaged out, among {target}: {contrast}.",
    "hazard_ratio_conditional_after": "Cox hazard ratio of {outcome} to day {horizon} given the "
    "recorded covariates, family frailty averaged out, among {target}: {contrast}.",
}


@dataclasses.dataclass(frozen=True)
class _Large:
    """A large population of the scenario, with what weights and adjusts it."""

    scenario: Scenario
    people: Population
    latent: Latent
    natural: Spells
    batch: np.ndarray
    data_end: np.ndarray

    def happened(self, spells: Spells) -> Outcomes:
        return outcomes(self.scenario, self.people, self.latent, spells)


def estimands(
    scenario: Scenario,
    population: int = 100_000,
    horizons: Sequence[int] = (180, 365, 730),
    grace_days: int = 60,
    seed: int = SEED,
    exposures: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Compute a scenario's true effects in a large simulated population.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    population : int
        Children simulated; the Monte-Carlo error falls with its square root.
    horizons : sequence of int
        Days at which risks are given; the last one ends follow-up for hazard ratios.
    grace_days : int
        Grace period of the target trial.
    seed : int
        Seed of the large population, apart from any data set's.
    exposures : mapping of str to str, optional
        By program, the one exposure wanted; without it every program by all three.

    Returns
    -------
    pandas.DataFrame
        ``service``, ``outcome``, ``horizon``, ``population``, ``exposure``, ``measure``,
        ``value``, ``mc_se`` (Monte-Carlo standard error) and ``meaning``.

    Notes
    -----
    *At exit*: each household is looked at twice with the same draws, once with the
    service known at exit and once without, starting later or never as it naturally
    would. *Target trial*: once starting at its natural day within the grace period, or
    on its last day; once never starting. *Time-varying*: starts from the same process
    but unrelated to risk, in service and after against before.
    """
    horizons = tuple(sorted(horizons))

    def wanted(program: Program, exposure: str) -> bool:
        return exposures is None or exposures.get(program.name) == exposure

    large = _large(scenario, population, seed)
    rows: list[tuple] = []
    for column, program in enumerate(scenario.programs):
        if program.known_at_exit > 0 and wanted(program, "at exit"):
            rows += _at_exit(large, program, column, horizons)
        if wanted(program, "target trial"):
            rows += _target_trial(large, program, column, horizons, grace_days)
    unrelated = [dataclasses.replace(p, referral=0.0, exit_types={}) for p in scenario.programs]
    free = dataclasses.replace(
        scenario, programs=tuple(unrelated), unmeasured_referral=0.0, crisis_start=1.0
    )
    large = _large(free, population, seed)
    for column, program in enumerate(free.programs):
        if wanted(program, "time-varying"):
            rows += _time_varying(large, program, column, horizons[-1])
    return pd.DataFrame(rows, columns=COLUMNS)


def _large(scenario: Scenario, children: int, seed: int) -> _Large:
    streams = Streams(seed)
    people = draw_population(scenario, children, streams)
    latent = draw_latent(scenario, people, streams)
    first = {
        n: getattr(latent, n)[:, :1] for n in ("substantiated", "unsubstantiated", "unfounded")
    }
    latent = dataclasses.replace(latent, unreported=latent.unreported[:, :0], **first)
    return _Large(
        scenario=scenario,
        people=people,
        latent=latent,
        natural=natural_spells(scenario, people, latent),
        batch=people.children.family % BATCHES,
        data_end=(day(scenario.data_through) - people.children.exit).astype(float),
    )


def _at_exit(large: _Large, program: Program, column: int, horizons) -> Iterator[tuple]:
    known = spell_if_known(large.people, large.latent, program, column)
    late = spell_if_late(large.scenario, large.people, large.latent, program, column)
    served = large.happened(with_spell(large.people, large.natural, column, *known))
    usual = large.happened(with_spell(large.people, large.natural, column, *late))
    chance = propensity(large.scenario, large.people, program)[large.people.household]
    weights = {
        "all eligible": np.ones(len(chance)),
        "treated": chance,
        "overlap": chance * (1 - chance),
    }
    contrast = f"{program.name} known at exit against not known at exit and usual care"
    for outcome in OUTCOME_NAMES:
        for name in POPULATIONS:
            head = (program.name, outcome, name, "at exit", contrast)
            yield from _risks(large, served, usual, weights[name], horizons, head)
            ratio = _copies_ratio(large, served, usual, outcome, horizons[-1], weights[name], False)
            yield _ratio_row(head, horizons[-1], "hazard_ratio_marginal", ratio)
            if name == "all eligible":
                ratio = _copies_ratio(
                    large, served, usual, outcome, horizons[-1], weights[name], True
                )
                yield _ratio_row(head, horizons[-1], "hazard_ratio_conditional", ratio)


def _target_trial(large, program, column, horizons, grace_days) -> Iterator[tuple]:
    start, end = large.natural.start[:, column], large.natural.end[:, column]
    first = large.people.first_child
    natural_start, natural_end = start[first], end[first]
    late = natural_start > grace_days
    length = spell_length(large.latent, program, column)
    forced = np.where(late, grace_days, natural_start)
    lasts = np.where(late, grace_days + length, natural_end)
    served = large.happened(with_spell(large.people, large.natural, column, forced, lasts))
    never = np.full(large.people.households, np.inf)
    unserved = large.happened(with_spell(large.people, large.natural, column, never, never))
    contrast = f"{program.name} started within {grace_days} days against never started"
    everyone = np.ones(len(large.batch))
    for outcome in OUTCOME_NAMES:
        head = (program.name, outcome, "all eligible", "target trial", contrast)
        yield from _risks(large, served, unserved, everyone, horizons, head)


def _risks(large, served, comparison, weight, horizons, head) -> Iterator[tuple]:
    outcome, counted = head[1], weight * large.people.in_window
    for horizon in horizons:
        sums = []
        for happened in (served, comparison):
            end = end_of_follow_up(happened, outcome, horizon)
            sums.append(_by_batch(counted * (end.event == 1), large.batch))
        size = _by_batch(counted, large.batch)
        risks = [part.sum() / size.sum() for part in sums]
        parts = [(part - risk * size) / size.mean() for part, risk in zip(sums, risks, strict=True)]
        treated, untreated = risks
        values = {
            "risk_treated": (treated, parts[0]),
            "risk_comparison": (untreated, parts[1]),
            "risk_difference": (treated - untreated, parts[0] - parts[1]),
        }
        if untreated > 0:
            share = treated / untreated
            values["risk_ratio"] = (share, (parts[0] - share * parts[1]) / untreated)
        for measure, (value, influence) in values.items():
            se = float(np.std(influence, ddof=1) / np.sqrt(BATCHES))
            yield _row(head, horizon, measure, value, se)


def _copies_ratio(large, served, comparison, outcome, horizon, weight, adjusted) -> Ratio:
    """Return the ratio between both copies under the scenario's own censoring."""
    begin = first_day_at_risk(outcome)
    band, scores = _bands(large, outcome) if adjusted else (np.zeros_like(large.batch), np.zeros(1))
    tally = Tally(horizon, 2, scores)
    for state, happened in enumerate((comparison, served)):
        end = end_of_follow_up(happened, outcome, horizon, large.data_end)
        _add(tally, large, end, begin, end.stop, state, band, weight)
    return tally.hazard_ratios()[0]


def _add(tally: Tally, large: _Large, end: End, start, stop, state, band, weight) -> None:
    """Count the rows of one state: from ``start`` to ``stop`` or the end of follow-up."""
    stop = np.minimum(stop, end.stop)
    rows = large.people.in_window & (stop > start)
    count = int(rows.sum())
    tally.add(
        np.broadcast_to(start, stop.shape)[rows],
        stop[rows],
        ((end.event == 1) & (stop == end.stop))[rows],
        np.full(count, state),
        band[rows],
        large.batch[rows],
        weight[rows],
    )


def _time_varying(large: _Large, program: Program, column: int, horizon: int) -> Iterator[tuple]:
    copies = list(_start_days(large, program, column, horizon))
    if len(copies) < 2:
        return
    followed = []
    for share, start, end in copies:
        spells = with_spell(large.people, large.natural, column, start, end)
        home = large.people.household
        followed.append((share, start[home], end[home], large.happened(spells)))
    for outcome in OUTCOME_NAMES:
        begin = first_day_at_risk(outcome)
        band, scores = _bands(large, outcome)
        tally = Tally(horizon, 3, scores)
        for share, start, over, happened in followed:
            end = end_of_follow_up(happened, outcome, horizon, large.data_end)
            weight = np.full(len(start), share)
            enter, leave = np.maximum(start, begin), np.maximum(over, begin)
            _add(tally, large, end, begin, start, 0, band, weight)
            _add(tally, large, end, enter, over, 1, band, weight)
            _add(tally, large, end, leave, np.full(len(start), np.inf), 2, band, weight)
        during, after = tally.hazard_ratios()
        head = (program.name, outcome, "all eligible", "time-varying")
        for measure, words, ratio in (
            ("hazard_ratio_conditional", "in service", during),
            ("hazard_ratio_conditional_after", "after service", after),
        ):
            contrast = f"{words} against before, {program.name}"
            if np.isfinite(ratio.value):
                yield _ratio_row((*head, contrast), horizon, measure, ratio)


def _start_days(large: _Large, program: Program, column: int, horizon: int) -> Iterator[tuple]:
    """Give every household each kind of start: share of households, start and end day.

    Starts after the exit are drawn one from each sixth of their distribution, so all
    copies together, weighted by their shares, follow the process of starting.
    """
    households = large.people.households
    if program.known_at_exit > 0:
        known = spell_if_known(large.people, large.latent, program, column)
        yield (program.known_at_exit, *known)
    rest = 1 - program.known_at_exit
    timeline = Timeline(households)
    widths = np.clip(np.diff([*PIECES, np.inf]), 0, np.maximum(horizon - np.array(PIECES), 0))
    begun = 1 - np.exp(-np.dot(np.array(program.start_monthly) / MONTH, widths))
    if begun > 0:
        place = 1 - np.exp(-large.latent.start[:, column])
        for stratum in range(STRATA):
            exposure = -np.log1p(-begun * (stratum + place) / STRATA)
            start = timeline.event_days(exposure, program.start_monthly)
            length = spell_length(large.latent, program, column)
            yield rest * begun / STRATA, start, start + length
    never = np.full(households, np.inf)
    yield rest * (1 - begun), never, never


def _bands(large: _Large, outcome: str) -> tuple[np.ndarray, np.ndarray]:
    """Group children by the mechanism's linear predictor, the model's only covariate."""
    scenario, codes = large.scenario, large.people.children.exit_type
    rate = {
        name: np.array(scenario.exit_type_ratios(name))[codes]
        * getattr(scenario, f"{name}_monthly")[2]
        for name in OUTCOME_PROCESSES
    }
    total = rate["maltreatment"]
    if not outcome.startswith("maltreatment"):
        total = rate["reentry"] + (rate["disruption"] if outcome == "disruption" else 0.0)
    score = log_hazard(scenario, large.people) + np.log(np.maximum(total, 1e-9))
    edges = np.quantile(score[large.people.in_window], np.linspace(0, 1, BANDS + 1)[1:-1])
    band = np.searchsorted(edges, score)
    size = np.bincount(band, minlength=BANDS)
    means = np.bincount(band, weights=score, minlength=BANDS) / np.maximum(size, 1)
    return band, means - means.mean()


def _by_batch(values: np.ndarray, batch: np.ndarray) -> np.ndarray:
    return np.bincount(batch, weights=values, minlength=BATCHES)


def _ratio_row(head: tuple, horizon: int, measure: str, ratio: Ratio) -> tuple:
    return _row(head, horizon, measure, ratio.value, ratio.se)


def _row(head: tuple, horizon: int, measure: str, value: float, se: float) -> tuple:
    service, outcome, population, exposure, contrast = head
    meaning = _MEANINGS[measure].format(
        contrast=contrast, horizon=horizon, outcome=_WORDS[outcome], target=_TARGETS[population]
    )
    return (service, outcome, horizon, population, exposure, measure, value, se, meaning)
