"""What happens to each child after the exit, under any choice of services."""

from dataclasses import dataclass

import numpy as np

from evaluation.sources.simulation.hazards import Modifier, event_days
from evaluation.sources.simulation.population import Population, log_hazard
from evaluation.sources.simulation.scenario import Program, Scenario
from evaluation.sources.simulation.streams import Streams

MERGE_GAP = 1
REPORTS = 3


@dataclass(frozen=True)
class Latent:
    """Draws that every potential outcome of a child shares.

    Entries per child unless the name says otherwise; ``known`` holds uniform draws per
    household and program, ``start`` unit exponentials likewise, ``lead``, ``length`` and
    ``completes`` the particulars of a spell.
    """

    reentry: np.ndarray
    disruption: np.ndarray
    death: np.ndarray
    adopted_by_guardian: np.ndarray
    substantiated: np.ndarray
    unsubstantiated: np.ndarray
    unfounded: np.ndarray
    unreported: np.ndarray
    coins: np.ndarray
    removal_report: np.ndarray
    removal_report_lag: np.ndarray
    household_move: np.ndarray
    household_crisis: np.ndarray
    known: np.ndarray
    start: np.ndarray
    lead: np.ndarray
    length: np.ndarray
    completes: np.ndarray


@dataclass(frozen=True)
class Spells:
    """Service spells per child and program: days relative to the child's exit.

    ``start`` is the first day of service (0 or less when known at exit), ``end`` the
    last; both infinite where the service never starts.
    """

    start: np.ndarray
    end: np.ndarray


@dataclass(frozen=True)
class Outcomes:
    """Event days per child, relative to the exit; infinite where it never happens.

    ``trigger`` is the child whose situation led to the removal (itself, or a sibling),
    -1 without one. Columns of the report arrays are the first, second, third report.
    """

    reentry: np.ndarray
    trigger: np.ndarray
    disruption: np.ndarray
    adopted_by_guardian: np.ndarray
    death: np.ndarray
    age_limit: np.ndarray
    move: np.ndarray
    crisis: np.ndarray
    substantiated: np.ndarray
    unsubstantiated: np.ndarray
    unfounded: np.ndarray
    unreported: np.ndarray
    removal_report: np.ndarray
    removal_report_substantiated: np.ndarray


def draw_latent(scenario: Scenario, population: Population, streams: Streams) -> Latent:
    """Draw everything random that comes after the exit."""
    children, households = len(population.household), population.households
    multiple = np.bincount(population.household, minlength=households) > 1
    per_program = (households, len(scenario.programs))

    def exponential(name, *shape):
        return streams(name).standard_exponential(shape)

    def by_program(name, kind="random"):
        draws = np.empty(per_program)
        for column, program in enumerate(scenario.programs):
            draws[:, column] = getattr(streams(f"{name} {program.name}"), kind)(households)
        return draws

    return Latent(
        reentry=exponential("re-entry", children),
        disruption=exponential("disruption", children),
        death=exponential("death", children),
        adopted_by_guardian=exponential("adopted by guardian", children),
        substantiated=np.cumsum(exponential("substantiated", children, REPORTS), axis=1),
        unsubstantiated=np.cumsum(exponential("unsubstantiated", children, REPORTS), axis=1),
        unfounded=np.cumsum(exponential("unfounded", children, REPORTS), axis=1),
        unreported=np.cumsum(exponential("unreported", children, REPORTS), axis=1),
        coins=streams("common removal").random((int(multiple.sum()), 5, 5)),
        removal_report=streams("removal report").random(children),
        removal_report_lag=streams("removal report lag").integers(0, 6, children),
        household_move=exponential("move", households),
        household_crisis=exponential("crisis", households),
        known=by_program("known at exit"),
        start=by_program("start", "standard_exponential"),
        lead=by_program("lead"),
        length=by_program("length"),
        completes=by_program("completes"),
    )


def propensity(scenario: Scenario, population: Population, program: Program) -> np.ndarray:
    """Return each household's probability that a service is known at exit."""
    if program.known_at_exit in (0.0, 1.0):
        return np.full(population.households, program.known_at_exit)
    odds = np.log(program.known_at_exit / (1 - program.known_at_exit))
    return 1 / (1 + np.exp(-(odds + referral_score(scenario, population, program))))


def referral_score(scenario: Scenario, population: Population, program: Program) -> np.ndarray:
    """Return what is added to each household's log odds (log hazard) of starting."""
    by_type = np.array(
        [0.0] + [program.exit_types.get(t, 0.0) for t in ("relative", "guardianship", "adoption")]
    )
    return (
        program.referral * population.risk
        + by_type[population.household_exit_type]
        + scenario.unmeasured_referral * population.unmeasured
    )


def natural_spells(scenario: Scenario, population: Population, latent: Latent) -> Spells:
    """Return the spells as the agency's own practice brings them."""
    starts, ends = [], []
    for column, program in enumerate(scenario.programs):
        known = latent.known[:, column] < propensity(scenario, population, program)
        start, end = spell_if_known(population, latent, program, column)
        late_start, late_end = spell_if_late(scenario, population, latent, program, column)
        starts.append(np.where(known, start, late_start))
        ends.append(np.where(known, end, late_end))
    return _of_children(population, starts, ends)


def spell_if_known(population, latent, program, column):
    """Return a household's spell if the service is known at exit: start and end day."""
    draw = latent.lead[:, column]
    stay = population.days_in_care[population.first_child]
    lead = np.where(draw < 0.25, 0, 1 + (draw - 0.25) / 0.75 * program.lead_days // 1)
    lead = np.minimum(np.minimum(lead, program.lead_days), stay - 1)
    return -lead, np.maximum(_length(latent, program, column) - lead, 14.0)


def spell_if_late(scenario, population, latent, program, column):
    """Return a household's spell if not known at exit: start and end day, perhaps never."""
    scale = np.exp(referral_score(scenario, population, program))
    crisis = _crisis(scenario, population, latent)
    modifier = Modifier(crisis, crisis + 90, scenario.crisis_start, 1.0)
    start = event_days(latent.start[:, column], program.start_monthly, scale, [modifier])
    return start, start + _length(latent, program, column)


def with_spell(population: Population, spells: Spells, column: int, start, end) -> Spells:
    """Return the spells with those of one program replaced, given per household."""
    starts, ends = spells.start.copy(), spells.end.copy()
    starts[:, column] = start[population.household]
    ends[:, column] = end[population.household]
    return Spells(starts, ends)


def outcomes(
    scenario: Scenario, population: Population, latent: Latent, spells: Spells
) -> Outcomes:
    """Return what happens to each child under the spells given.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    population : Population
        Families and exits.
    latent : Latent
        Draws shared by all potential outcomes.
    spells : Spells
        The services each child's household receives.

    Returns
    -------
    Outcomes
        Events from the day after the exit up to the day before the 18th birthday and to
        death; moving away and the end of the records hide events, they do not end them.
    """
    children = population.children
    frailty = population.families.frailty[children.family]
    score = np.exp(log_hazard(scenario, population)) * frailty
    age_limit = population.age_limit_day
    death = event_days(latent.death, [scenario.death_monthly] * 6, np.ones(len(score)))
    last = np.minimum(age_limit - 1, death)
    crisis = _crisis(scenario, population, latent)[population.household]

    def process(name, draws, monthly, ratio, begin=0.0):
        by_type = np.array(scenario.exit_type_ratios(name))[children.exit_type]
        modifiers = [
            Modifier(spells.start[:, c], spells.end[:, c], *ratio(program))
            for c, program in enumerate(scenario.programs)
        ]
        if name == "reentry":
            never = np.full(len(crisis), np.inf)
            modifiers.append(Modifier(crisis, never, scenario.crisis_reentry, 1.0))
        days = event_days(draws, monthly, score * by_type, modifiers, begin)
        return _within(days, last)

    def effect(name):
        return lambda p: (getattr(p.in_service, name), getattr(p.after_service, name))

    def reporting(program):
        during, after = effect("maltreatment")(program)
        return during * program.surveillance, after

    own = process("reentry", latent.reentry, scenario.reentry_monthly, effect("reentry"), MERGE_GAP)
    reentry, trigger = _common_removal(scenario, population, latent, own, last)
    incidents = np.array(scenario.maltreatment_monthly)
    reported = incidents * scenario.reported
    linked = np.isfinite(reentry) & (latent.removal_report[trigger] < scenario.removal_reports)
    linked_day = np.where(linked, reentry - latent.removal_report_lag[trigger], np.inf)
    linked_day[linked_day < 1] = np.inf
    guardian = event_days(
        latent.adopted_by_guardian, [scenario.adopted_by_guardian_monthly] * 6, np.ones(len(score))
    )
    return Outcomes(
        reentry=reentry,
        trigger=trigger,
        disruption=process(
            "disruption",
            latent.disruption,
            scenario.disruption_monthly,
            effect("disruption"),
            MERGE_GAP,
        ),
        adopted_by_guardian=_within(np.where(children.exit_type == 2, guardian, np.inf), last),
        death=death,
        age_limit=age_limit,
        move=_moves(scenario, population, latent),
        crisis=_within(crisis, last),
        substantiated=process(
            "maltreatment", latent.substantiated, reported * scenario.substantiated, reporting
        ),
        unsubstantiated=process(
            "maltreatment",
            latent.unsubstantiated,
            reported * (1 - scenario.substantiated),
            reporting,
        ),
        unfounded=process(
            "maltreatment",
            latent.unfounded,
            [scenario.unfounded_monthly] * 6,
            lambda program: (program.surveillance, 1.0),
        ),
        unreported=process(
            "maltreatment",
            latent.unreported,
            incidents * (1 - scenario.reported),
            effect("maltreatment"),
        ),
        removal_report=linked_day,
        removal_report_substantiated=np.isfinite(linked_day)
        & (latent.removal_report[trigger] < scenario.removal_reports / 2),
    )


def _within(days: np.ndarray, last: np.ndarray) -> np.ndarray:
    limit = last if days.ndim == 1 else last[:, None]
    return np.where(days <= limit, days, np.inf)


def _length(latent: Latent, program: Program, column: int) -> np.ndarray:
    full = program.length_days * (0.9 + 0.2 * latent.length[:, column])
    part = program.length_days * (0.1 + 0.8 * latent.length[:, column])
    completes = latent.completes[:, column] < program.completion
    return np.maximum(np.floor(np.where(completes, full, part)), 1.0)


def _of_children(population: Population, starts: list, ends: list) -> Spells:
    if not starts:
        nothing = np.empty((len(population.household), 0))
        return Spells(nothing, nothing)
    return Spells(
        np.column_stack(starts)[population.household],
        np.column_stack(ends)[population.household],
    )


def _crisis(scenario: Scenario, population: Population, latent: Latent) -> np.ndarray:
    if scenario.crisis_monthly == 0:
        return np.full(population.households, np.inf)
    scale = np.exp(population.risk)
    return event_days(latent.household_crisis, [scenario.crisis_monthly] * 6, scale)


def _moves(scenario: Scenario, population: Population, latent: Latent) -> np.ndarray:
    """Day of leaving the jurisdiction per child, counted from its own exit."""
    first = population.first_child
    frailty = population.families.frailty[population.children.family[first]]
    scale = np.exp(scenario.moves_on_risk * population.risk)
    scale *= frailty**scenario.moves_on_frailty
    day = event_days(latent.household_move, [scenario.moves_monthly] * 6, scale)
    latest = np.full(population.households, -1, dtype="int64")
    np.maximum.at(latest, population.household, population.children.exit)
    wait = latest[population.household] - population.children.exit
    return day[population.household] + wait


def _common_removal(scenario, population, latent, own, last):
    """Take siblings at home along when a child is removed.

    In the order of calendar days: the earliest removal of a household removes each
    sibling who has been home at least two days, lives and is a minor, with the common
    probability; then the next own removal of those still at home.
    """
    count = len(own)
    reentry, trigger = own.copy(), np.where(np.isfinite(own), np.arange(count), -1)
    sizes = np.bincount(population.household, minlength=population.households)
    table = np.cumsum(sizes > 1) - 1
    member = sizes[population.household] > 1
    if not member.any():
        return reentry, trigger
    row, seat = table[population.household[member]], population.seat[member]
    shape = (int((sizes > 1).sum()), 5)

    def grid(values, empty):
        filled = np.full(shape, empty, dtype=np.asarray(values).dtype)
        filled[row, seat] = values
        return filled

    home = population.children.exit[member]
    pending = grid(own[member] + home, np.inf)
    home_from = grid(home + MERGE_GAP + 1.0, np.inf)
    home_until = grid(last[member] + home, -np.inf)
    child = grid(np.flatnonzero(member), -1)
    removed = np.full(shape, np.inf)
    cause = np.full(shape, -1, dtype="int64")
    every = np.arange(shape[0])
    for _ in range(5):
        first = np.argmin(pending, axis=1)
        today = pending[every, first]
        taken = latent.coins[every, first] < scenario.common_removal
        taken &= (home_from <= today[:, None]) & (home_until >= today[:, None])
        taken[every, first] = True
        taken &= np.isinf(removed) & np.isfinite(today)[:, None]
        removed = np.where(taken, today[:, None], removed)
        cause = np.where(taken, child[every, first][:, None], cause)
        pending[taken] = np.inf
    reentry[member] = removed[row, seat] - home
    trigger[member] = cause[row, seat]
    return reentry, trigger
