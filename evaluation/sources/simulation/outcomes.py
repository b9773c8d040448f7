"""What happens to each child after the exit, under any choice of services."""

from dataclasses import dataclass

import numpy as np

from evaluation.sources.simulation.hazards import Timeline, constant_hazard_days
from evaluation.sources.simulation.latent import Latent
from evaluation.sources.simulation.population import Population, log_hazard
from evaluation.sources.simulation.scenario import OUTCOME_PROCESSES, Scenario
from evaluation.sources.simulation.spells import Spells, crisis_days

MERGE_GAP = 1


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
    death = constant_hazard_days(latent.death, scenario.death_monthly)
    last = np.minimum(age_limit - 1, death)
    crisis = crisis_days(scenario, population, latent)[population.household]
    windows = list(zip(spells.start.T, spells.end.T, strict=True))
    if scenario.crisis_monthly > 0:
        windows.append((crisis, np.full(len(crisis), np.inf)))
    timeline = Timeline(len(score), windows, begin=MERGE_GAP)
    scales = {
        name: score * np.array(scenario.exit_type_ratios(name))[children.exit_type]
        for name in OUTCOME_PROCESSES
    }

    def process(name, draws, monthly, ratios, late=False):
        days = timeline.event_days(draws, monthly, scales[name], ratios, late)
        return _within(days, last)

    def effects(name):
        return [
            (getattr(p.in_service, name), getattr(p.after_service, name)) for p in scenario.programs
        ]

    share, most = scenario.reported, 1 / max(scenario.reported, 1e-9)
    unfounded = [(program.surveillance, 1.0) for program in scenario.programs]
    seen = [min(program.surveillance, most) for program in scenario.programs]
    missed = [(1 - share * s) / (1 - share) if share < 1 else 1.0 for s in seen]
    reporting = [(d * s, a) for (d, a), s in zip(effects("maltreatment"), seen, strict=True)]
    missing = [(d * m, a) for (d, a), m in zip(effects("maltreatment"), missed, strict=True)]
    incidents = np.array(scenario.maltreatment_monthly)
    reported = incidents * scenario.reported

    own = process(
        "reentry",
        latent.reentry,
        scenario.reentry_monthly,
        [*effects("reentry"), (scenario.crisis_reentry, 1.0)],
        late=True,
    )
    reentry, trigger = _common_removal(scenario, population, latent, own, last)
    linked = np.isfinite(reentry) & (latent.removal_report[trigger] < scenario.removal_reports)
    linked_day = np.where(linked, reentry - latent.removal_report_lag[trigger], np.inf)
    linked_day[linked_day < 1] = np.inf
    guardian = constant_hazard_days(
        latent.adopted_by_guardian, scenario.adopted_by_guardian_monthly
    )
    return Outcomes(
        reentry=reentry,
        trigger=trigger,
        disruption=process(
            "disruption",
            latent.disruption,
            scenario.disruption_monthly,
            effects("disruption"),
            late=True,
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
            "maltreatment", latent.unfounded, [scenario.unfounded_monthly] * 6, unfounded
        ),
        unreported=process(
            "maltreatment", latent.unreported, incidents * (1 - scenario.reported), missing
        ),
        removal_report=linked_day,
        removal_report_substantiated=np.isfinite(linked_day)
        & (latent.removal_report[trigger] < scenario.removal_reports / 2),
    )


def _within(days: np.ndarray, last: np.ndarray) -> np.ndarray:
    limit = last if days.ndim == 1 else last[:, None]
    return np.where(days <= limit, days, np.inf)


def _moves(scenario: Scenario, population: Population, latent: Latent) -> np.ndarray:
    """Day of leaving the jurisdiction per child, counted from its own exit."""
    first = population.first_child
    frailty = population.families.frailty[population.children.family[first]]
    scale = np.exp(scenario.moves_on_risk * population.risk)
    scale *= frailty**scenario.moves_on_frailty
    day = constant_hazard_days(latent.household_move, scenario.moves_monthly * scale)
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
