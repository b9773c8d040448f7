"""What the simulator knows and an agency never does."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from evaluation.sources.simulation.calendar_days import iso
from evaluation.sources.simulation.estimands import estimands
from evaluation.sources.simulation.follow_up import (
    end_of_follow_up,
    first_day_at_risk,
    outcome_days,
    start_stop_rows,
)
from evaluation.sources.simulation.identifiers import Identifiers, identify
from evaluation.sources.simulation.incidents import reports_after_exit
from evaluation.sources.simulation.population import (
    AGENCIES,
    COUNTIES,
    COUNTY_EFFECTS,
    RACES,
    exit_type_names,
)
from evaluation.sources.simulation.scenario import OUTCOME_PROCESSES, Scenario
from evaluation.sources.simulation.spells import propensity
from evaluation.sources.simulation.world import World, simulate_world

COVARIATES = (
    "age_at_exit",
    "sex",
    "race_ethnicity",
    "exit_type",
    "prior_episodes",
    "days_in_care",
    "disability",
    "county",
)


class Truth:
    """The truth behind a simulated agency.

    Parameters
    ----------
    world : World
        What happened.
    identifiers : Identifiers
        Names of the people in it.
    dirty : pandas.DataFrame or None
        Rows put in that break the contract.
    """

    def __init__(self, world: World, identifiers: Identifiers, dirty: pd.DataFrame | None = None):
        self.world = world
        self._ids = identifiers
        empty = pd.DataFrame({"table": [], "row_key": [], "rule": [], "field": []}, dtype="string")
        self.dirty = empty if dirty is None else dirty

    @property
    def scenario(self) -> Scenario:
        """The parameters of the agency."""
        return self.world.scenario

    @cached_property
    def cohort(self) -> pd.DataFrame:
        """One row per child who exits to permanency in the window: first eligible exit.

        Covariates are complete here, also where the records miss them. Days count from
        the exit; an event is there only if the records could see it, that is up to a
        move away and the end of the data. ``start_day_PROGRAM`` and ``end_day_PROGRAM``
        are those of the spell that begins while the child is home; ``propensity_PROGRAM``
        is the true probability that the service is known at exit. ``cluster`` joins
        families whose children share a home. ``frailty`` is what no record holds.
        """
        world, population = self.world, self.world.population
        children, families = population.children, population.families
        family = children.family
        happened, seen = world.outcomes, world.seen_until
        columns = {
            "child_id": self._ids.child,
            "exit_id": self._ids.child + "-1",
            "family_id": self._ids.family[family],
            "cluster": self._clusters(),
            "household_id": self._ids.household[population.household],
            "index_date": pd.to_datetime(iso(children.exit)),
            "exit_type": exit_type_names(children.exit_type),
            "birth_date": pd.to_datetime(iso(children.birth)),
            "age_at_exit": population.age_at_exit,
            "sex": np.where(children.male, "male", "female").astype(object),
            "race_ethnicity": np.array(RACES, dtype=object)[families.race[family]],
            "disability": children.disability,
            "prior_episodes": families.prior_episodes[family],
            "days_in_care": population.days_in_care,
            "county": np.array(COUNTIES, dtype=object)[families.county[family]],
            "agency": np.array(AGENCIES, dtype=object)[families.county[family]],
            "frailty": families.frailty[family],
        }
        for column, program in enumerate(world.scenario.programs):
            start, end = world.spells.start[:, column], world.spells.end[:, column]
            begun = (start < world.leaves) & (start <= seen)
            over = begun & (end <= np.minimum(world.leaves, seen))
            name = program.name
            columns[f"known_at_exit_{name}"] = start <= 0
            columns[f"start_day_{name}"] = _days(start, begun)
            columns[f"end_day_{name}"] = _days(end, over)
            chance = propensity(world.scenario, population, program)
            columns[f"propensity_{name}"] = chance[population.household]
        home = np.minimum(world.leaves, seen)
        for outcome in ("reentry", "maltreatment", "maltreatment_screened_in"):
            days = outcome_days(happened, outcome)
            columns[f"{outcome}_day"] = _days(days, days <= home)
        columns["disruption_event_day"] = _days(happened.disruption, happened.disruption <= home)
        columns["death_day"] = _days(happened.death, happened.death <= seen)
        columns["move_day"] = _days(
            happened.move, (happened.move <= world.data_end) & (happened.move < world.leaves)
        )
        columns["age_limit_day"] = happened.age_limit.astype("int64")
        columns["data_end_day"] = world.data_end.astype("int64")
        cohort = pd.DataFrame(columns)[population.in_window]
        return cohort.sort_values("child_id", ignore_index=True)

    def follow_up(
        self, outcome: str, horizon_days: int = 730, data_through: str | None = None
    ) -> pd.DataFrame:
        """Return the start-stop rows of the cohort for an outcome.

        Parameters
        ----------
        outcome : str
            reentry, disruption, maltreatment (substantiated) or maltreatment_screened_in.
        horizon_days : int
            Last day of follow-up.
        data_through : str or None
            ISO date on which the outcome's own records end, by default the scenario's.

        Returns
        -------
        pandas.DataFrame
            child_id, exit_id, family_id, start, stop, event, end_reason,
            exposure_PROGRAM and the covariates, complete.
        """
        world = self.world
        ended = world.data_end
        if data_through is not None:
            until = np.datetime64(data_through, "D").astype("int64")
            ended = (until - world.population.children.exit).astype(float)
        end = end_of_follow_up(world.outcomes, outcome, horizon_days, ended)
        rows = start_stop_rows(
            end, world.spells, world.scenario.program_names, first_day_at_risk(outcome)
        )
        rows["child_id"] = self._ids.child[rows.pop("child").to_numpy()]
        about = self.cohort[["child_id", "exit_id", "family_id", *COVARIATES]]
        rows = rows.merge(about, on="child_id", how="inner", validate="many_to_one")
        exposures = [name for name in rows if name.startswith("exposure_")]
        order = ["child_id", "exit_id", "family_id", "start", "stop", "event", "end_reason"]
        rows = rows.sort_values(["child_id", "start"], ignore_index=True)
        return rows[[*order, *exposures, *COVARIATES]]

    @cached_property
    def maltreatment(self) -> pd.DataFrame:
        """Incidents while at home, reported or not: child_id, day, reported, substantiated."""
        happened = self.world.outcomes
        parts = []
        for days, reported, substantiated in (
            (happened.substantiated, True, True),
            (happened.unsubstantiated, True, False),
            (happened.unreported, False, False),
        ):
            child, column = np.nonzero(days <= self.world.leaves[:, None])
            parts.append(
                pd.DataFrame(
                    {
                        "child_id": self._ids.child[child],
                        "day": days[child, column].astype("int64"),
                        "reported": reported,
                        "substantiated": substantiated,
                    }
                )
            )
        incidents = pd.concat(parts, ignore_index=True)
        return incidents.sort_values(["child_id", "day"], kind="stable", ignore_index=True)

    @cached_property
    def report_days(self) -> pd.DataFrame:
        """Days after the exit with a report on record, whatever was found: exit_id, day."""
        parts = pd.concat(reports_after_exit(self.world, self._ids), ignore_index=True)
        base = self.cohort.set_index("child_id")
        parts = parts[parts["child_id"].isin(base.index)]
        exit_day = parts["child_id"].map(base["index_date"]).to_numpy("datetime64[D]")
        days = pd.DataFrame(
            {
                "exit_id": parts["child_id"].map(base["exit_id"]),
                "day": parts["report"].to_numpy("int64") - exit_day.astype("int64"),
            }
        )
        return days.drop_duplicates().sort_values(["exit_id", "day"], ignore_index=True)

    @cached_property
    def mechanism(self) -> pd.DataFrame:
        """Log hazard ratios given all covariates and the family's frailty.

        Columns outcome (reentry, disruption for the process apart from re-entry,
        maltreatment for incidents), term, log_hazard_ratio.
        """
        effects = dict(vars(self.scenario.covariates))
        factor = effects.pop("county")
        effects |= {
            f"county[{name}]": factor * effect
            for name, effect in zip(COUNTIES, COUNTY_EFFECTS, strict=True)
        }
        rows = []
        for process in OUTCOME_PROCESSES:
            rows += [(process, name, value) for name, value in effects.items()]
            ratios = self.scenario.exit_type_ratios(process)
            types = exit_type_names(np.arange(4))
            rows += [
                (process, f"exit_type[{name}]", np.log(ratio) if ratio > 0 else -np.inf)
                for name, ratio in zip(types, ratios, strict=True)
            ]
            for program in self.scenario.programs:
                for state, part in (
                    ("in service", program.in_service),
                    ("after", program.after_service),
                ):
                    rows.append(
                        (process, f"{program.name}[{state}]", np.log(getattr(part, process)))
                    )
        return pd.DataFrame(rows, columns=["outcome", "term", "log_hazard_ratio"])

    @cached_property
    def estimands(self) -> pd.DataFrame:
        """The true effects in a large population, computed when first asked for.

        See :func:`~evaluation.sources.simulation.estimands.estimands`, which also takes
        a larger population, other horizons and another grace period.
        """
        return estimands(self.scenario)

    def estimands_of(self, exposures: Mapping[str, str]) -> pd.DataFrame:
        """Return `estimands` of some programs, each by one exposure, computing no others.

        Parameters
        ----------
        exposures : mapping of str to str
            By program: ``at exit``, ``target trial`` or ``time-varying``.
        """
        return estimands(self.scenario, exposures=exposures)

    def _clusters(self) -> np.ndarray:
        """Per child, the first family of those joined by shared homes to its own.

        Only families with a child in the cohort count, so the name is one of theirs; a
        child joined to nobody of the cohort has the last name of all.
        """
        population = self.world.population
        seen = population.in_window
        family = population.children.family
        homes = len(population.families.removal) + self.world.shared_home[population.household]
        size = homes.max() + 1
        links = coo_array((np.ones(seen.sum()), (family[seen], homes[seen])), shape=(size, size))
        label = connected_components(links, directed=False)[1][family]
        names, place = np.unique(self._ids.family[family].astype(str), return_inverse=True)
        first = np.full(label.max() + 1, len(names) - 1)
        np.minimum.at(first, label[seen], place[seen])
        return names[first[label]].astype(object)


def simulate_truth(children: int = 1_500, seed: int = 1, **arguments) -> Truth:
    """Simulate a cohort without writing records: for judging estimators.

    Parameters
    ----------
    children : int
        Exits to permanency wanted inside the window.
    seed : int
        Seed of all streams.
    **arguments
        Parameters of :class:`Scenario`.

    Returns
    -------
    Truth
        With ``.cohort`` and ``.follow_up(outcome)``, which equal what the pipeline
        should find in the records of the same scenario and seed.
    """
    world = simulate_world(Scenario.from_arguments(**arguments), children, seed)
    return Truth(world, identify(world))


def _days(days: np.ndarray, known: np.ndarray) -> pd.array:
    values = np.where(known, days, 0).astype("int64")
    return pd.arrays.IntegerArray(values, ~np.asarray(known, dtype=bool))
