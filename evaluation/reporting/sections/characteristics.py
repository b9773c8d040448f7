"""Released counts of who is in the cohort and whom a service reached."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from evaluation.reporting.disclosure import MOST_HIDDEN, Disclosure
from evaluation.reporting.numerals import SUPPRESSED
from evaluation.reporting.wording import EXIT_TYPES, column_name, group_name, level_name
from evaluation.study import Service, Study

USUAL = ("age_group", "sex", "race_ethnicity")
MOST_LEVELS = 12
NOT_RECORDED = "Not recorded"
OTHERS = "Others"


def exit_types(exits: pd.DataFrame, rule: Disclosure) -> pd.Series:
    """Return the released number of exits of each type, in a fixed order."""
    found = exits["exit_type"].astype(str)
    order = [kind for kind in EXIT_TYPES if (found == kind).any()]
    order += sorted(set(found) - set(order))
    counts = found.value_counts().reindex(order).fillna(0).astype(int)
    return _hide(counts, _hidden_sizes(counts, "exit_type", order, rule), rule)


def cohort_size(exits: pd.DataFrame, rule: Disclosure) -> int | str:
    """Return the released number of exits: hidden where few more or fewer than last year."""
    hidden = rule.hides_cell("exit_type", "all", "all", len(exits))
    return SUPPRESSED if hidden else rule.shown(len(exits))


def _hidden_sizes(
    counts: pd.Series, table: str, rows: Sequence[str], rule: Disclosure
) -> np.ndarray:
    """Return which of the levels that make up the cohort are hidden."""
    known = [rule.before.count(table, row, "all") for row in rows]
    before = np.array([np.nan if n is None else n for n in [*known, None]], dtype=float)
    total = rule.before.count("exit_type", "all", "all")
    before[-1] = np.nan if total is None else total
    everyone = int(counts.sum())
    gone = rule.hides_cell("exit_type", "all", "all", everyone)
    return rule.hidden_one_way(counts, before=before, total_hidden=gone)[:-1]


def levels(exits: pd.DataFrame, study: Study, rule: Disclosure, by_type: pd.Series) -> pd.DataFrame:
    """Return one table of all characteristics, level by level.

    Levels too small to be shown are taken together. Where more than a fifth of the
    numbers by exit type would be hidden, the exit types are left out.

    Returns
    -------
    pandas.DataFrame
        ``level``, ``all``, ``share`` and perhaps one column per exit type.
    """
    parts = [_block(exits, column, rule, by_type) for column in characteristics(exits, study)]
    if not parts:
        return pd.DataFrame()
    whole = pd.concat(parts, ignore_index=True)
    detail = list(by_type.index) if len(by_type) > 1 else []
    if detail and (whole[detail] == SUPPRESSED).to_numpy().mean() > MOST_HIDDEN:
        detail = []
    return whole[["level", "all", "share", *detail]]


def characteristics(exits: pd.DataFrame, study: Study) -> list[str]:
    """Return the columns that describe the cohort: the usual ones and the study's."""
    wanted = dict.fromkeys([*USUAL, *study.report.equity_by])
    return [column for column in wanted if column in exits and column != "exit_type"]


def reached(exits: pd.DataFrame, study: Study) -> dict[str, tuple[int, int]]:
    """Return by program the exact numbers its service reached and did not reach."""
    found = {service.program: _reached(exits, service) for service in study.services}
    return {
        name: (int(served.sum()), int((~served).sum()))
        for name, served in found.items()
        if served is not None
    }


def reach(exits: pd.DataFrame, study: Study, rule: Disclosure) -> pd.DataFrame:
    """Return how many each service reached."""
    rows = []
    for service in study.services:
        reached = _reached(exits, service)
        if reached is None:
            continue
        parts = [int(reached.sum()), int((~reached).sum())]
        hidden = rule.hidden_one_way(parts)[0] or _reach_changed(parts, service.name, rule)
        rows.append(
            {
                "service": service.name,
                "served": SUPPRESSED if hidden else rule.shown(parts[0]),
                "share": SUPPRESSED if hidden else rule.part(parts[0], len(exits)),
                "meaning": meaning(service),
            }
        )
    return pd.DataFrame(rows)


def members(exits: pd.DataFrame, column: str, rule: Disclosure) -> dict[str, set[str]]:
    """Return the exits of each level of a characteristic, small levels taken together."""
    levels = _levels(exits, column, rule)
    found = dict(iter(exits["exit_id"].groupby(levels)))
    return {level: set(found[level]) for level in _ordered(pd.Index(found), column)}


def _reach_changed(parts: list[int], name: str, rule: Disclosure) -> bool:
    """Tell whether few more or fewer were reached, or not reached, than last year."""
    then, everyone = rule.before.count("services", name, "served"), sum(parts)
    total = rule.before.count("exit_type", "all", "all")
    if rule.hides_cell("exit_type", "all", "all", everyone):
        return True
    changed = then is not None and rule.hides(abs(parts[0] - then))
    return changed or (None not in (then, total) and rule.hides(abs(parts[1] - (total - then))))


def meaning(service: Service) -> str:
    """Say who counts as reached by a service."""
    if service.exposure == "at exit":
        return f"in service at the exit, or started within {service.lead_days} days before it"
    return "in service at the exit or at some time in the follow-up seen"


def share_served(
    exits: pd.DataFrame, study: Study, program: str, rule: Disclosure, by_type: pd.Series
) -> pd.DataFrame | None:
    """Return the share reached by a service at each level of each characteristic.

    Limits are Wilson's (1927), with children counted as independent.
    """
    reached = _reached(exits, study.service(program))
    if reached is None or not len(exits):
        return None
    columns = ["exit_type", *characteristics(exits, study)]
    parts = [int(reached.sum()), int((~reached).sum())]
    totals = rule.hidden_one_way(parts)[:-1]
    totals |= _reach_changed(parts, study.service(program).name, rule)
    rows = [_share("all", "all", parts[0], len(exits), bool(totals[0]), rule)]
    for column in columns:
        counts = pd.crosstab(_levels(exits, column, rule), reached).reindex(
            columns=[True, False], fill_value=0
        )
        counts = counts.loc[_ordered(counts.index, column)]
        labels = _labels(column, counts.index) if column != "exit_type" else list(counts.index)
        table = "exit_type" if column == "exit_type" else "who"
        sizes = _hidden_sizes(counts.sum(axis=1), table, labels, rule)
        before = rule.before_table("served", labels, [True, False])
        hidden = rule.hidden(
            counts.to_numpy(), rows_hidden=sizes, columns_hidden=totals, before=before
        )
        rows += [
            _share(
                column_name(column),
                level_name(column, level),
                int(counts.iloc[place, 0]),
                int(counts.iloc[place].sum()),
                bool(hidden[place].any()),
                rule,
            )
            for place, level in enumerate(counts.index)
        ]
    return pd.DataFrame(rows)


def _share(
    characteristic: str, level: str, served: int, children: int, hidden: bool, rule: Disclosure
) -> dict:
    row = {"characteristic": characteristic, "level": level}
    numbers = ("share", "ci_low", "ci_high", "served", "children")
    if hidden:
        return row | dict.fromkeys(numbers, SUPPRESSED)
    served, children = rule.shown(served), rule.shown(children)
    low, high = proportion_confint(served, children, method="wilson")
    values = (served / children, float(low), float(high), served, children)
    return row | dict(zip(numbers, values, strict=True))


def _reached(exits: pd.DataFrame, service: Service) -> pd.Series | None:
    known, start = f"known_at_exit_{service.program}", f"start_day_{service.program}"
    if known not in exits:
        return None
    reached = exits[known].fillna(False).astype(bool)
    if service.exposure != "at exit" and start in exits:
        reached = reached | exits[start].notna()
    return reached


def _block(exits: pd.DataFrame, column: str, rule: Disclosure, by_type: pd.Series) -> pd.DataFrame:
    """Return a characteristic's levels by exit type; totals are decided first."""
    counts = pd.crosstab(_levels(exits, column, rule), exits["exit_type"].astype(str))
    counts = counts.reindex(columns=by_type.index, fill_value=0)
    counts = counts.loc[_ordered(counts.index, column)]
    labels = _labels(column, counts.index)
    sizes = _hidden_sizes(counts.sum(axis=1), "who", labels, rule)
    hidden = rule.hidden(
        counts.to_numpy(),
        rows_hidden=sizes,
        columns_hidden=(by_type == SUPPRESSED).to_numpy(),
        before=rule.before_table("who", labels, list(counts.columns)),
    )
    block = counts.map(rule.shown).astype(object)
    block[hidden[:-1, :-1]] = SUPPRESSED
    totals = _hide(counts.sum(axis=1), sizes, rule)
    shares = counts.sum(axis=1).map(lambda count: rule.part(count, len(exits))).astype(object)
    shares[sizes | rule.hides_cell("exit_type", "all", "all", len(exits))] = SUPPRESSED
    return block.assign(level=labels, all=totals, share=shares)


def _labels(column: str, levels: Iterable[str]) -> list[str]:
    """Name levels as the table of characteristics does."""
    return [group_name(column, level) for level in levels]


def _levels(exits: pd.DataFrame, column: str, rule: Disclosure) -> pd.Series:
    """Return a column's values; missing ones named, rare and small ones taken together."""
    values = exits[column].astype(object)
    values = values.where(values.notna(), NOT_RECORDED).astype(str).rename("level")
    sizes = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if len(sizes) > MOST_LEVELS:
        values = _together(values, list(sizes.index[MOST_LEVELS - 1 :]), column)
        sizes = values.value_counts().sort_index()
    if column == "exit_type":
        return values
    small = list(sizes.index[rule.hidden_one_way(sizes)[:-1]])
    return _together(values, small, column) if small else values


def _together(values: pd.Series, some: list[str], column: str) -> pd.Series:
    names = [level_name(column, level) for level in _ordered(pd.Index(some), column)]
    names = [
        name.lower() if name == NOT_RECORDED and place else name for place, name in enumerate(names)
    ]
    label = " or ".join(names) if len(names) <= 3 else f"{OTHERS} ({len(names)} together)"
    return values.where(~values.isin(some), label)


def _ordered(levels: pd.Index, column: str) -> list[str]:
    """Order levels by age or alphabet, never by result; what is not recorded last."""
    if column == "age_group":
        last = (NOT_RECORDED, OTHERS)
        return sorted(levels, key=lambda level: (level.startswith(last), _youngest(level)))
    return sorted(levels, key=lambda level: (level == NOT_RECORDED, OTHERS in level, level))


def _youngest(level: str) -> tuple[bool, int]:
    digits = "".join(c if c.isdigit() else " " for c in level).split()
    return ("month" not in level, int(digits[0]) if digits else 0)


def _hide(values: pd.Series, hidden: np.ndarray, rule: Disclosure) -> pd.Series:
    released = values.map(rule.shown).astype(object)
    released[np.asarray(hidden)] = SUPPRESSED
    return released
