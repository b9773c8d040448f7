"""From an agency's tables to a cohort."""

import difflib
from typing import TYPE_CHECKING

import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.adoption import AdoptionLink, adoption_link, unfollowed_adoptions
from evaluation.cohorts.assurance import assure
from evaluation.cohorts.closures import attached_closures, orders_in_effect
from evaluation.cohorts.clusters import clusters, with_cluster
from evaluation.cohorts.cohort import Cohort
from evaluation.cohorts.covariates import describe, prior_reports
from evaluation.cohorts.episodes import next_removals, removal_episodes
from evaluation.cohorts.facts import Facts, beside
from evaluation.cohorts.outcomes import CANNOT_BE_FOLLOWED, Outcomes, first_move, later_adoption
from evaluation.cohorts.placements import placement_history, trial_visits
from evaluation.cohorts.records import Records
from evaluation.cohorts.selection import (
    candidates,
    exclusions,
    flow_table,
    refuse_what_cannot_be,
    select,
    visit_candidates,
)
from evaluation.cohorts.services import (
    AT_EXIT,
    attached_spells,
    exposure_at_exit,
    exposure_intervals,
)
from evaluation.cohorts.siblings import siblings_in_care
from evaluation.cohorts.stages import Stages
from evaluation.cohorts.support import support_intervals
from evaluation.cohorts.taxonomy import ServiceKind, program_kinds
from evaluation.errors import StudyError
from evaluation.study import Study

if TYPE_CHECKING:
    from evaluation.sources import Agency


def build_cohort(agency: "Agency", study: Study) -> Cohort:
    """Build the cohort of a study from an agency's tables.

    Parameters
    ----------
    agency : Agency
        From `connect`.
    study : Study
        The protocol.

    Returns
    -------
    Cohort

    Raises
    ------
    StudyError
        If the study asks for what this version does not offer, or a worked
        child of ``[[assurance]]`` comes out otherwise than expected.
    DataError
        If a required table is missing.
    """
    cohort = _assemble(agency, study)
    assure(cohort, _assemble)
    return cohort


def _assemble(agency, study: Study) -> Cohort:
    records = Records(agency, study.cohort)
    refuse_what_cannot_be(study, records)
    programs = [service.program for service in study.services]
    kinds = program_kinds(study)
    episodes = records.stage(next_removals(removal_episodes(records)))
    link = adoption_link(records, episodes)
    rows = candidates(episodes, records)
    if study.cohort.index_at == "visit start":
        rows = records.stage(visit_candidates(rows, trial_visits(records, episodes)))
    steps = exclusions(rows, records, unfollowed_adoptions(rows, records, study, link))
    rows = records.stage(select(rows, steps, study.cohort.unit))
    flow = flow_table(rows, steps, study.cohort)
    exits = rows.filter(rows.left_at == 0)
    orders = records.stage(orders_in_effect(records, exits))
    closures = records.stage(attached_closures(records, exits, orders))
    spells = records.stage(attached_spells(records, exits, study, closures))
    intervals = records.stage(exposure_intervals(spells, programs))
    history = _history(exits, rows, records)
    later = [first_move(records, exits), later_adoption(records, exits)]
    at_exit = exposure_at_exit(spells, intervals, programs)
    exits = with_cluster(beside(exits, [*history, *later, *at_exit]), clusters(exits))
    known = [name for each in history for name in each.names]
    exits, columns = describe(exits, records, known)
    exits = exits.mutate(**{CANNOT_BE_FOLLOWED: (exits.exit_type == "adoption") & (not link.kept)})
    exits = records.stage(exits)
    if records.has("disruptions"):
        columns["later_adoption_day"] = "later_adoption_day"
    columns |= {
        f"{name}_{program}": f"{name}_{program}" for program in programs for name in AT_EXIT
    }
    support = records.stage(support_intervals(exits, rows, records, orders, closures))
    stages = Stages(records, rows, exits, orders, closures, spells, intervals, support)
    return cohort_of(study, flow, columns, link, stages, kinds)


def cohort_of(
    study: Study,
    flow: pd.DataFrame,
    columns: dict[str, str],
    link: AdoptionLink,
    stages: Stages,
    kinds: dict[str, ServiceKind | None],
) -> Cohort:
    """Make a cohort of its stages.

    Raises
    ------
    StudyError
        If the study names covariates or groups that the cohort does not have.
    """
    events = Outcomes(stages.records, study, stages.exits)
    cohort = Cohort(study, flow, columns, link, stages, events, kinds)
    refuse_unknown_covariates(cohort)
    return cohort


def _history(exits: Table, rows: Table, records: Records) -> list[Facts]:
    """Return what records beside the removal itself say of a child on the day of exit."""
    history = []
    if records.has("children", "family_id"):
        history.append(siblings_in_care(exits, rows))
    if records.has("placements"):
        history.append(placement_history(records, exits))
    if records.has("maltreatment_reports"):
        history.append(prior_reports(exits, records))
    return history


def refuse_unknown_covariates(cohort: Cohort) -> None:
    """Stop at covariates and groups the cohort does not have.

    Raises
    ------
    StudyError
        One sentence for each name that is unknown, not recorded, or looks
        beyond the day of exit.
    """
    study, sentences = cohort.study, []
    asked = {
        "adjustment.covariates": study.adjustment.covariates,
        "report.equity_by": study.report.equity_by,
    }
    for key, names in asked.items():
        for name in names:
            if name in cohort.covariates:
                continue
            if name in cohort.columns:
                why = "which is no covariate: it identifies a child or looks beyond the exit"
            else:
                near = difflib.get_close_matches(name, cohort.covariates, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                why = f"which these data do not give{hint}"
            sentences.append(
                f'{key} names "{name}", {why} (there are: {", ".join(cohort.covariates)}).'
            )
    if sentences:
        raise StudyError(*sentences)
