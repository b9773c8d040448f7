"""Families, their children, and how each child left care."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evaluation.sources.simulation.calendar_days import birthday, completed_years, day
from evaluation.sources.simulation.scenario import Scenario
from evaluation.sources.simulation.streams import Streams
from evaluation.study import EXIT_TYPES

COUNTIES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hawthorn", "Juniper")
COUNTY_SHARES = (0.30, 0.20, 0.14, 0.11, 0.09, 0.07, 0.05, 0.04)
COUNTY_EFFECTS = (0.0, 0.15, -0.20, 0.30, -0.10, 0.20, -0.30, 0.10)
AGENCIES = ("Lakeland Agency", "Lakeland Agency", "Upland Agency", "Lakeland Agency") + (
    "Upland Agency",
) * 4

EXIT_SHARES = (0.56, 0.08, 0.12, 0.24)
ELSEWHERE_SHARES = (0.15, 0.35, 0.30, 0.20)
MEDIAN_STAY = (260.0, 240.0, 520.0, 850.0)
SHORTEST_STAY = 10
LATE_EXITS = 0.05
LEFT_BEHIND = 0.05

RACES = (
    "white",
    "black",
    "hispanic",
    "hispanic;white",
    "american_indian_alaska_native",
    "asian",
    "black;white",
    "hawaiian_pacific_islander",
    "unknown",
    "declined",
)
RACE_SHARES = (0.42, 0.22, 0.12, 0.08, 0.03, 0.015, 0.07, 0.005, 0.03, 0.01)


@dataclass(frozen=True)
class Families:
    """Arrays with one entry per removal family; dates are days since 1970-01-01."""

    removal: np.ndarray
    county: np.ndarray
    race: np.ndarray
    prior_episodes: np.ndarray
    prior_start: np.ndarray
    prior_end: np.ndarray
    prior_short: np.ndarray
    frailty: np.ndarray


@dataclass(frozen=True)
class Children:
    """Arrays with one entry per child; dates are days since 1970-01-01.

    ``slot`` tells households of a family apart: 0 for the one most of its children exit
    to, else the child's place among its siblings. ``left_behind`` marks siblings who did
    not exit to permanency: their exit entries mean nothing.
    """

    family: np.ndarray
    birth: np.ndarray
    male: np.ndarray
    disability: np.ndarray
    exit: np.ndarray
    exit_type: np.ndarray
    slot: np.ndarray
    left_behind: np.ndarray


@dataclass(frozen=True)
class Population:
    """Families, the children who exit to permanency, and derived quantities.

    Parameters
    ----------
    families : Families
        One entry per family.
    children : Children
        Children who exit to permanency.
    remaining : Children
        Their siblings who do not.
    household : numpy.ndarray
        Household number of each child.
    seat : numpy.ndarray
        Place of each child among its household's children, from 0.
    households : int
        Number of households.
    first_child : numpy.ndarray
        Per household, the child who came home first.
    joint : numpy.ndarray
        Per household, whether all its children came home on one day.
    risk : numpy.ndarray
        Per household, the log re-entry hazard from recorded things its children share
        (earlier episodes, days in care, county), centred near zero.
    unmeasured : numpy.ndarray
        Per household, the unrecorded state.
    in_window : numpy.ndarray
        Per child, whether the exit falls in the window.
    """

    families: Families
    children: Children
    remaining: Children
    household: np.ndarray
    seat: np.ndarray
    households: int
    first_child: np.ndarray
    joint: np.ndarray
    risk: np.ndarray
    unmeasured: np.ndarray
    in_window: np.ndarray

    @cached_property
    def days_in_care(self) -> np.ndarray:
        """Days of each child's index episode."""
        return self.children.exit - self.families.removal[self.children.family]

    @cached_property
    def age_at_exit(self) -> np.ndarray:
        """Completed years at exit."""
        return completed_years(self.children.birth, self.children.exit)

    @cached_property
    def age_limit_day(self) -> np.ndarray:
        """Day after exit of each child's 18th birthday."""
        return (birthday(self.children.birth, 18) - self.children.exit).astype(float)

    @cached_property
    def household_exit_type(self) -> np.ndarray:
        """Exit type code of each household."""
        return self.children.exit_type[self.first_child]


def draw_population(scenario: Scenario, children: int, streams: Streams) -> Population:
    """Draw families until about ``children`` children exit in the window.

    Parameters
    ----------
    scenario : Scenario
        Parameters of the agency.
    children : int
        Exits to permanency wanted in the window; the last family drawn may bring
        up to four more.
    streams : Streams
        Random numbers.

    Returns
    -------
    Population
    """
    mean_size = np.dot(np.arange(1, 6), scenario.sibling_sizes)
    wanted = int(children / (0.8 * mean_size)) + 60
    size = streams("family size").choice(5, wanted, p=scenario.sibling_sizes) + 1
    family = np.repeat(np.arange(wanted), size)
    position = np.arange(len(family)) - np.repeat(np.cumsum(size) - size, size)
    families, home, everyone = _draw(scenario, family, position, size, streams)
    window = day(scenario.exits[0]), day(scenario.exits[1])
    minor = birthday(everyone.birth, 18) - families.removal[family] > 60
    counted = (
        minor & ~everyone.left_behind & (everyone.exit >= window[0]) & (everyone.exit <= window[1])
    )
    reached = np.searchsorted(np.cumsum(counted), children)
    kept = minor & (family <= family[min(reached, len(family) - 1)])
    exits = _select(everyone, kept & ~everyone.left_behind)
    remaining = _select(everyone, kept & everyone.left_behind)
    return _with_households(scenario, families, exits, remaining, home, streams)


def _draw(scenario, family, position, size, streams):
    count = len(size)
    draw = streams("families")
    exit_type = draw.choice(4, count, p=EXIT_SHARES)
    county = draw.choice(8, count, p=COUNTY_SHARES)
    race = draw.choice(len(RACES), count, p=RACE_SHARES)
    first, last = day(scenario.exits[0]), day(scenario.exits[1])
    exit_day = draw.integers(first, last + 1, count)
    late = draw.random(count) < LATE_EXITS
    after = draw.integers(last + 1, max(day(scenario.data_through), last + 2), count)
    exit_day = np.where(late & (after <= day(scenario.data_through)), after, exit_day)
    stay = np.array(MEDIAN_STAY)[exit_type] * np.exp(0.7 * draw.standard_normal(count))
    removal = exit_day - np.clip(stay, SHORTEST_STAY, 2000).astype("int64")

    youngest = _youngest_age(exit_type, streams("ages"))
    gap = 300 + streams("spacing").gamma(1.6, 420.0, len(family)).astype("int64")
    gap[position == 0] = 0
    older = np.cumsum(gap)
    older -= np.repeat(older[position == 0], size)
    birth = removal[family] - youngest[family] - older

    frailty = np.ones(count)
    if scenario.frailty_variance > 0:
        shape = 1 / scenario.frailty_variance
        frailty = streams("frailty").gamma(shape, 1 / shape, count)
    prior = _earlier_episodes(removal, youngest, first, streams("earlier episodes"))
    families = Families(removal, county, race, *prior, frailty)

    coin = streams("siblings")
    elsewhere = (coin.random(len(family)) < scenario.elsewhere) & (position > 0)
    staggered = (coin.random(count) < scenario.staggered)[family] & (position > 0) & ~elsewhere
    wait = coin.integers(14, 120, count)[family] * staggered
    wait += coin.integers(1, 240, len(family)) * elsewhere
    child_exit = exit_day[family] + wait
    own_type = coin.choice(4, len(family), p=ELSEWHERE_SHARES)
    left_behind = (coin.random(len(family)) < LEFT_BEHIND) & (position > 0)
    left_behind |= child_exit > birthday(birth, 18) - 10

    person = streams("children")
    age = np.clip((child_exit - birth) / 365.25, 0, 18)
    disability = person.random(len(family)) < 0.10 + 0.015 * age
    male = person.random(len(family)) < 0.51
    return (
        families,
        exit_type,
        Children(
            family=family,
            birth=birth,
            male=male,
            disability=disability,
            exit=child_exit,
            exit_type=np.where(elsewhere, own_type, exit_type[family]),
            slot=np.where(elsewhere, position, 0),
            left_behind=left_behind,
        ),
    )


def _youngest_age(exit_type: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    count = len(exit_type)
    infant = draw.integers(0, 180, count)
    older = (draw.beta(1.0, 1.7, count) * 16.8 * 365.25).astype("int64")
    adopted = (draw.beta(1.0, 3.5, count) * 13 * 365.25).astype("int64")
    is_infant = draw.random(count) < np.where(exit_type == 3, 0.30, 0.10)
    return np.where(is_infant, infant, np.where(exit_type == 3, adopted, older))


def _earlier_episodes(removal, youngest, window_start, draw):
    """Up to two earlier episodes of all the family's children, latest first.

    An earlier episode never ends in a permanency exit that could be the index exit:
    those that end inside the window are either shorter than eight days or end in
    another way (see the records).
    """
    count = len(removal)
    wanted = (draw.random(count) < 0.26).astype("int64")
    wanted += wanted * (draw.random(count) < 0.25)
    start = np.full((count, 2), -1, dtype="int64")
    end = np.full((count, 2), -1, dtype="int64")
    short = np.zeros((count, 2), dtype=bool)
    before = removal.copy()
    had = np.zeros(count, dtype="int64")
    for number in range(2):
        gap = 60 + draw.exponential(420, count).astype("int64")
        brief = draw.random(count) < 0.5
        length = np.clip(120 * np.exp(0.8 * draw.standard_normal(count)), 9, 900).astype("int64")
        few = draw.integers(2, 7, count)
        ends = before - gap
        is_short = brief & (ends >= window_start)
        starts = ends - np.where(is_short, few, length)
        fits = (wanted > number) & (had == number) & (starts >= removal - youngest)
        start[fits, number], end[fits, number] = starts[fits], ends[fits]
        short[fits, number] = is_short[fits]
        had += fits
        before = np.where(fits, starts, before)
    return had, start, end, short


def _select(children: Children, rows: np.ndarray) -> Children:
    return Children(**{name: values[rows] for name, values in vars(children).items()})


def _with_households(scenario, families, children, remaining, family_exit_type, streams):
    key = children.family * 5 + children.slot
    names, first_seen, household = np.unique(key, return_index=True, return_inverse=True)
    count = len(names)
    order = np.lexsort((np.arange(len(key)), children.exit, household))
    begins = np.flatnonzero(np.r_[True, np.diff(household[order]) > 0])
    first_child = order[begins]
    seat = np.empty(len(key), dtype="int64")
    seat[order] = np.arange(len(key)) - np.repeat(begins, np.diff(np.r_[begins, len(key)]))
    last_exit = np.full(count, -1, dtype="int64")
    np.maximum.at(last_exit, household, children.exit)
    joint = last_exit == children.exit[first_child]
    family = children.family[first_child]
    stay = children.exit[first_child] - families.removal[family]
    effects = scenario.covariates
    risk = (
        effects.prior_episodes * (families.prior_episodes[family] - 0.2)
        + effects.days_in_care * (stay - 450.0)
        + effects.county * np.array(COUNTY_EFFECTS)[families.county[family]]
    )
    state = streams("unmeasured").random(5 * len(families.removal)) < 0.3
    window = day(scenario.exits[0]), day(scenario.exits[1])
    return Population(
        families=families,
        children=children,
        remaining=remaining,
        household=household,
        seat=seat,
        households=count,
        first_child=first_child,
        joint=joint,
        risk=risk,
        unmeasured=state[names],
        in_window=(children.exit >= window[0]) & (children.exit <= window[1]),
    )


def log_hazard(scenario: Scenario, population: Population) -> np.ndarray:
    """Return each child's log hazard ratio from covariates, without exit type and frailty.

    Centred at age 7, 0.2 earlier episodes, 450 days in care and no disability, so that
    baseline hazards are those of a child near the average.
    """
    effects = scenario.covariates
    children, families = population.children, population.families
    family = children.family
    return (
        effects.age_at_exit * (population.age_at_exit - 7.0)
        + effects.prior_episodes * (families.prior_episodes[family] - 0.2)
        + effects.days_in_care * (population.days_in_care - 450.0)
        + effects.disability * children.disability
        + effects.male * children.male
        + effects.county * np.array(COUNTY_EFFECTS)[families.county[family]]
        + scenario.unmeasured_risk * population.unmeasured[population.household]
    )


def exit_type_names(codes: np.ndarray) -> np.ndarray:
    """Return exit type names of codes."""
    return np.array(EXIT_TYPES, dtype=object)[codes]
