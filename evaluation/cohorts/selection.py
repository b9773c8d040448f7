"""Which discharges become the cohort, and the trail of those that do not."""

from dataclasses import dataclass

import ibis
import pandas as pd
from ibis.expr.types import BooleanValue, Table

from evaluation.cohorts.clock import birthday
from evaluation.cohorts.episodes import PERMANENCY, minimum_custody_days
from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.wording import days
from evaluation.errors import StudyError
from evaluation.sources.contract import contract, did_you_mean
from evaluation.study import CohortRules, Study


@dataclass(frozen=True)
class Step:
    """One exclusion: what remains after it, why the others leave, and who they are."""

    remains: str
    reason: str
    leaves: BooleanValue


def candidates(episodes: Table, records: Records) -> Table:
    """Put each episode beside what is known of its child.

    Parameters
    ----------
    episodes : ibis.Table
        From `next_removals`.
    records : Records

    Returns
    -------
    ibis.Table
        The episodes with the child's columns (a death recorded only as the
        reason of a disruption among them), ``removal_family_id``,
        ``flow_family`` (the child itself where the family is missing),
        ``index_date`` (the discharge), ``age_limit_date``, and ``visit``,
        ``returned_date``, ``from_visit`` as of a discharge (`visit_candidates`).
    """
    children = records.table("children").drop("known_on")
    children = children.rename(removal_family_id="family_id")
    rows = episodes.left_join(children, "child_id").drop("child_id_right")
    if records.has("disruptions"):
        ended = records.table("disruptions")
        died = ended.filter(ended.reason == "child_death")
        died = died.group_by("child_id").aggregate(died_on=died.disruption_date.min())
        rows = rows.left_join(died, "child_id").drop("child_id_right")
        rows = rows.mutate(death_date=ibis.least(rows.death_date, rows.died_on)).drop("died_on")
    return rows.mutate(
        flow_family=ibis.coalesce("f:" + rows.removal_family_id, "lone:" + rows.child_id),
        index_date=rows.discharge_date,
        age_limit_date=birthday(rows.birth_date, records.rules.age_limit),
        visit=ibis.literal(0, type="int32"),
        returned_date=ibis.null("date"),
        from_visit=ibis.literal(False),
    )


def visit_candidates(rows: Table, visits: Table) -> Table:
    """Make every start of a trial home visit a candidate of its own.

    Parameters
    ----------
    rows : ibis.Table
        From `candidates`.
    visits : ibis.Table
        From `trial_visits`.

    Returns
    -------
    ibis.Table
        ``rows`` and, for each visit, its episode as it stood when the visit
        began: ``index_date`` its first day, ``days`` up to then, exit type
        reunification, ``household_id`` the household visited. ``visit`` is 0
        for discharges; ``from_visit`` marks a discharge that ended a visit,
        and ``returned_date`` when a visit ended in care.
    """
    last = visits.filter(visits.is_final & visits.returned_date.isnull())
    last = last.select("child_id", "number", from_visit=ibis.literal(True))
    rows = rows.drop("visit", "returned_date", "from_visit")
    left = rows.left_join(last, ["child_id", "number"]).drop("child_id_right", "number_right")
    left = left.mutate(
        visit=ibis.literal(0, type="int32"),
        returned_date=ibis.null("date"),
        from_visit=left.from_visit.fill_null(False),
    )
    begun = rows.join(visits, ["child_id", "number"])
    direct = begun.is_final & begun.returned_date.isnull()
    direct = direct & true(begun.discharge_reason == "reunification")
    home = direct.ifelse(begun.household_id, ibis.null("string"))
    begun = begun.mutate(
        index_date=begun.visit_date,
        days=days_between(begun.visit_date, begun.removal_date),
        household_id=ibis.coalesce(begun.visit_household, home),
        discharge_reason=ibis.literal("reunification"),
        in_care=ibis.literal(False),
        unsettled=ibis.literal(False),
        standing=ibis.literal("stay"),
        from_visit=ibis.literal(False),
    )
    return ibis.union(left, begun.select(*left.columns))


def exclusions(rows: Table, records: Records, adoption: "Step | None") -> list[Step]:
    """Return the exclusions of a study in the order they are made.

    Parameters
    ----------
    rows : ibis.Table
        From `candidates`.
    records : Records
    adoption : Step or None
        The exclusion of adoption exits that cannot be followed at all.

    Returns
    -------
    list of Step
    """
    rules, through = records.rules, records.through("removals")
    first, last = rules.exits
    permanency = ", ".join(PERMANENCY)
    steps = [
        Step("Discharged", f"Still in care on {through}", rows.in_care),
        Step(
            "Discharge settled",
            f"Discharged within {days(rules.merge_gap_days)} of {through}: not yet an exit",
            rows.unsettled,
        ),
        Step("Discharge reason known", "Discharge reason missing", rows.discharge_reason.isnull()),
        Step(
            "Discharged to permanency",
            f"Discharged otherwise than to permanency ({permanency})",
            rows.discharge_reason.notin(PERMANENCY),
        ),
        Step(
            "Exits in the study window",
            f"Exit before {first} or after {last}",
            ~rows.index_date.between(ibis.date(first.isoformat()), ibis.date(last.isoformat())),
        ),
        Step(
            "Birth date known",
            "Birth date missing: the age limit cannot be decided",
            rows.birth_date.isnull(),
        ),
        Step(
            f"Under {rules.age_limit} at exit",
            f"Aged {rules.age_limit} or older at exit",
            rows.index_date >= rows.age_limit_date,
        ),
        Step(
            "Alive after the exit",
            "Recorded as having died on or before the day of exit",
            rows.death_date <= rows.index_date,
        ),
    ]
    if rules.index_at == "visit start":
        words = "Discharge from a trial home visit whose start is already an index event"
        steps.insert(2, Step("Visit starts and other discharges", words, rows.from_visit))
    if minimum_custody_days(rules) > 0 and records.has("removals", "custody"):
        words = (
            f"Temporary physical custody shorter than {days(minimum_custody_days(rules))}: "
            "a protective action, not a removal"
        )
        steps.insert(0, Step("Stays in care", words, rows.standing == "protective"))
    if set(rules.exit_types) != set(PERMANENCY):
        studied = ", ".join(rules.exit_types)
        leaves = rows.discharge_reason.notin(rules.exit_types)
        steps.append(Step("Exit types studied", f"Exit type not studied ({studied} are)", leaves))
    if rules.min_days_exit > 0:
        steps.append(
            Step(
                "Stay long enough",
                f"In care for fewer than {days(rules.min_days_exit)}",
                rows.days < rules.min_days_exit,
            )
        )
    if rules.unit == "every exit" and rules.min_days_reentry > rules.min_days_exit:
        again = (rows.prior_episodes > 0) & (rows.days < rules.min_days_reentry)
        words = "Return to care too short to count as a re-entry, so leaving it is no new exit"
        steps.append(Step("Stays that count", words, again))
    return [*steps, adoption] if adoption else steps


def select(rows: Table, steps: list[Step], unit: str) -> Table:
    """Mark at which step each discharge leaves.

    Returns
    -------
    ibis.Table
        ``rows`` with ``left_at``: the number of the step (from 1), or 0 for
        the cohort. With ``unit = "first exit"`` a child's later eligible exits
        leave at one last step. ``exit_id`` is the child and the number of the
        index event, 1 for the first; missing for those who leave.
    """
    rows = rows.mutate(
        left_at=ibis.cases(
            *((true(step.leaves), place) for place, step in enumerate(steps, 1)), else_=0
        ).cast("int32")
    )
    order = ibis.window(group_by=["child_id", "left_at"], order_by=_by_date(rows))
    rows = rows.mutate(place=(ibis.row_number().over(order) + 1).cast("int32"))
    if unit == "first exit":
        later = (rows.left_at == 0) & (rows.place > 1)
        rows = rows.mutate(left_at=later.ifelse(len(steps) + 1, rows.left_at).cast("int32"))
    exit_id = rows.child_id + "-" + rows.place.cast("string")
    return rows.mutate(exit_id=(rows.left_at == 0).ifelse(exit_id, ibis.null("string")))


def _by_date(rows: Table) -> list:
    return [rows.index_date, rows.number, rows.visit]


def flow_table(rows: Table, steps: list[Step], rules: CohortRules) -> pd.DataFrame:
    """Count what remains after each exclusion.

    Returns
    -------
    pandas.DataFrame
        Columns ``step``, ``reason``, ``children``, ``exits``, ``families``,
        ``excluded``. The first row is all removal episodes, the last the
        cohort; ``exits`` of a row is that of the row before less ``excluded``.
    """
    visits = " and trial home visits" if rules.index_at == "visit start" else ""
    labels = [(f"Removal episodes{visits} on record", "")]
    labels += [(step.remains, step.reason) for step in steps]
    if rules.unit == "first exit":
        labels.append(("First exit of each child", "Later exit of a child already counted"))
    reached = (rows.left_at == 0).ifelse(len(labels), rows.left_at)
    rows = rows.mutate(reached=reached)
    exits = _remaining(rows.group_by("reached").aggregate(n=rows.count()), len(labels))
    units = {}
    for name, column in {"children": "child_id", "families": "flow_family"}.items():
        furthest = rows.group_by(column).aggregate(reached=rows.reached.max())
        counts = furthest.group_by("reached").aggregate(n=furthest.count())
        units[name] = _remaining(counts, len(labels))
    table = pd.DataFrame(labels, columns=["step", "reason"])
    table["children"] = units["children"]
    table["exits"] = exits
    table["families"] = units["families"]
    table["excluded"] = [0, *(a - b for a, b in zip(exits, exits[1:], strict=False))]
    table.loc[len(table) - 1, "step"] = f"Cohort: {rules.unit} of each child"
    return table


def refuse_what_cannot_be(study: Study, records: Records) -> None:
    """Stop at settings that these rules cannot follow on these tables.

    Raises
    ------
    StudyError
        If exits are to be dated at the start of trial home visits without
        placements, ``data_through`` or ``data_from`` names a table that is
        none, or two programs cannot be told apart as columns.
    """
    for key in ("data_through", "data_from"):
        given = getattr(study.cohort, key)
        for table in given if isinstance(given, dict) else ():
            if table not in contract().names:
                nearest = did_you_mean(table, contract().names)
                raise StudyError(f'cohort.{key} names the table "{table}"{nearest}')
    if study.cohort.index_at == "visit start" and not records.has("placements"):
        raise StudyError(
            'cohort.index_at = "visit start" needs the table placements with trial home visits, '
            'which is not among the data: add it, or use "discharge".'
        )
    folded: dict[str, str] = {}
    for service in study.services:
        other = folded.setdefault(service.program.casefold(), service.program)
        if other != service.program:
            raise StudyError(
                f"services names the programs {other} and {service.program}, which differ only "
                "in case: give one of them another code in the data and in the study."
            )


def _remaining(counts: Table, steps: int) -> list[int]:
    found = counts.to_pyarrow().to_pydict()
    leaving = dict(zip(found["reached"], found["n"], strict=True))
    return [sum(n for reached, n in leaving.items() if reached > step) for step in range(steps)]
