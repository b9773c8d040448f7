"""The one step from exact results to what may be shown."""

from typing import Any

import pandas as pd

from evaluation.reporting.disclosure import (
    Disclosure,
    ReleasedFollowUp,
    near_another,
    release_effects,
    release_evidence,
)
from evaluation.reporting.follow_up import (
    OutcomeFollowUp,
    released_arms,
    released_follow_up,
    released_years,
)
from evaluation.reporting.last_year import read_last_year
from evaluation.reporting.provenance import Provenance
from evaluation.reporting.sections import characteristics
from evaluation.reporting.sections.section import Material
from evaluation.study import Study

NESTED = {"disruption": "reentry"}


def release(
    study: Study,
    check: Any,
    cohort: Any,
    effects: Any,
    origin: Provenance,
    truth: pd.DataFrame | None,
    evidence: Any = None,
) -> Material:
    """Release the results of a study under its own rule.

    Every re-entry is also a disruption, so the two are released together: what few
    children separate is hidden.

    Parameters
    ----------
    study : Study
        ``report.profile`` and ``files.last_year`` make the rule.
    check : CheckResult
        The check of the data.
    cohort : Cohort
        The built cohort.
    effects : Effects
        Its contrasts.
    origin : Provenance
        For the line at the foot of charts.
    truth : pandas.DataFrame or None
        Estimates beside the truth.
    evidence : Evidence or None
        What the contrasts can support.

    Returns
    -------
    Material
    """
    last = read_last_year(study)
    rule = Disclosure.of(study.report, None if last is None else last.published)
    followed = _followed(cohort, rule)
    ends = {outcome: own.ends for outcome, own in followed.items()}
    exits = cohort.exits
    reached = characteristics.reached(exits, study)
    arms = _arms(study, effects, ends, followed, rule, reached)
    totals = {outcome: (len(own), int((own["event"] == 1).sum())) for outcome, own in ends.items()}
    released = release_effects(
        effects,
        rule,
        arms,
        totals,
        ends,
        reached=reached,
        families=exits["family_id"].nunique() if "family_id" in exits else None,
    )
    if evidence is not None:
        evidence = release_evidence(evidence, released, effects.table, rule)
    return Material(
        study=study,
        rule=rule,
        check=check,
        cohort=cohort,
        effects=effects,
        followed=followed,
        arms=arms,
        released=released,
        source=f"Source: {study.report.agency}; {origin.short}. {rule.words}",
        truth=truth,
        evidence=evidence,
        years={
            outcome: released_years(cohort, outcome, rule, own)
            for outcome, own in followed.items()
            if "index_date" in exits
        },
        last=last,
    )


def _followed(cohort: Any, rule: Disclosure) -> dict[str, OutcomeFollowUp]:
    """Release every outcome that has follow-up, those within another before it."""
    outcomes = [outcome for outcome in cohort.outcomes if len(cohort.follow_up(outcome))]
    found: dict[str, OutcomeFollowUp] = {}
    for outcome in sorted(outcomes, key=NESTED.__contains__):
        inner = found.get(NESTED.get(outcome, ""))
        within = None if inner is None else inner.ends
        found[outcome] = released_follow_up(cohort, outcome, rule, within)
    return {outcome: found[outcome] for outcome in outcomes}


def _arms(
    study: Study,
    effects: Any,
    ends: dict[str, pd.DataFrame],
    followed: dict[str, OutcomeFollowUp],
    rule: Disclosure,
    reached: dict[str, tuple[int, int]],
) -> dict[tuple[str, str], ReleasedFollowUp]:
    if effects.curves.empty:
        return {}
    keys = ["service", "outcome"]
    curves = dict(iter(effects.curves.groupby(keys, sort=False)))
    sizes = effects.table.drop_duplicates(keys).set_index(keys)[["n_treated", "n_comparison"]]
    return {
        (service, outcome): released_arms(
            own,
            tuple(sizes.loc[(service, outcome)].astype(int)),
            ends[outcome],
            study.horizons,
            rule,
            followed[outcome].everyone,
            weighted=study.adjustment.weights != "none",
            within=curves.get((service, NESTED.get(outcome, ""))),
            key=f"{outcome}/arm/{service}",
            unsized=_near_others(
                (service, outcome), sizes, len(ends[outcome]), reached.get(service), rule
            ),
        )
        for (service, outcome), own in curves.items()
    }


def _near_others(
    key: tuple[str, str],
    sizes: pd.DataFrame,
    everyone: int,
    reached: tuple[int, int] | None,
    rule: Disclosure,
) -> bool:
    """Tell whether few separate the sizes of the arms from counts shown elsewhere."""
    own = sizes.loc[key].astype(int)
    return rule.hides(everyone - int(own.sum())) or any(
        near_another(int(size), other, key, name, rule)
        for (name, size), other in zip(own.items(), reached or (None, None), strict=True)
    )
