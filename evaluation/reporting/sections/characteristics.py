"""Released counts of who is in the cohort and whom a service reached."""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from evaluation.reporting.disclosure import MOST_HIDDEN, Disclosure
from evaluation.reporting.numerals import SUPPRESSED
from evaluation.reporting.wording import EXIT_TYPES, column_name, level_name
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
    return _hide(counts, rule.hidden_one_way(counts)[:-1])


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


def reach(exits: pd.DataFrame, study: Study, rule: Disclosure) -> pd.DataFrame:
    """Return how many each service reached."""
    rows = []
    for service in study.services:
        reached = _reached(exits, service)
        if reached is None:
            continue
        hidden = rule.hidden_one_way([int(reached.sum()), int((~reached).sum())])[0]
        rows.append(
            {
                "service": service.name,
                "served": SUPPRESSED if hidden else int(reached.sum()),
                "share": SUPPRESSED if hidden else float(reached.mean()),
                "meaning": meaning(service),
            }
        )
    return pd.DataFrame(rows)


def members(exits: pd.DataFrame, column: str, rule: Disclosure) -> dict[str, set[str]]:
    """Return the exits of each level of a characteristic, small levels taken together."""
    levels = _levels(exits, column, rule)
    found = dict(iter(exits["exit_id"].groupby(levels)))
    return {level: set(found[level]) for level in _ordered(pd.Index(found), column)}


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
    totals = rule.hidden_one_way([int(reached.sum()), int((~reached).sum())])[:-1]
    rows = [_share("all", "all", int(reached.sum()), len(exits), bool(totals[0]))]
    for column in columns:
        counts = pd.crosstab(_levels(exits, column, rule), reached).reindex(
            columns=[True, False], fill_value=0
        )
        counts = counts.loc[_ordered(counts.index, column)]
        sizes = rule.hidden_one_way(counts.sum(axis=1))[:-1]
        hidden = rule.hidden(counts.to_numpy(), rows_hidden=sizes, columns_hidden=totals)
        rows += [
            _share(
                column_name(column),
                level_name(column, level),
                int(counts.iloc[place, 0]),
                int(counts.iloc[place].sum()),
                bool(hidden[place].any()),
            )
            for place, level in enumerate(counts.index)
        ]
    return pd.DataFrame(rows)


def _share(characteristic: str, level: str, served: int, children: int, hidden: bool) -> dict:
    row = {"characteristic": characteristic, "level": level}
    numbers = ("share", "ci_low", "ci_high", "served", "children")
    if hidden:
        return row | dict.fromkeys(numbers, SUPPRESSED)
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
    sizes = rule.hidden_one_way(counts.sum(axis=1))[:-1]
    hidden = rule.hidden(
        counts.to_numpy(), rows_hidden=sizes, columns_hidden=(by_type == SUPPRESSED).to_numpy()
    )
    block = counts.astype(object)
    block[hidden[:-1, :-1]] = SUPPRESSED
    totals = _hide(counts.sum(axis=1), sizes)
    shares = _hide(counts.sum(axis=1) / max(len(exits), 1), sizes)
    name = column_name(column)
    levels = [f"{name}: {level_name(column, level)}" for level in counts.index]
    return block.assign(level=levels, all=totals, share=shares)


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


def _hide(values: pd.Series, hidden: np.ndarray) -> pd.Series:
    released = values.astype(object)
    released[np.asarray(hidden)] = SUPPRESSED
    return released
