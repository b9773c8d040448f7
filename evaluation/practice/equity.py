"""Outcomes and practice by group of children, each beside everyone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.cohorts.tidy import tidy
from evaluation.errors import StudyError
from evaluation.estimates import cumulative_incidence
from evaluation.estimates.proportions import clustered_share
from evaluation.practice.drawing import draw_dots
from evaluation.practice.federal import day_rate
from evaluation.practice.fidelity import Fidelity
from evaluation.practice.groups import Groups, group_sums
from evaluation.practice.questions import COMPUTED, PermanencyQuestions
from evaluation.practice.result import PracticeResult
from evaluation.sources.contract import contract

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL_THAT_APPLY = "race_ethnicity_all"
NOT_RECORDED = "not recorded"
LEAST = 2
_LIMITS = ("rate", "ci_low", "ci_high")
NOTES = (
    "Each group is set beside everyone, who include it; a difference describes what was recorded, "
    "not what the group did.",
    "Intervals count families; a family with children in and outside a group is taken as two. The "
    "interval of a difference is recovered from those of group and everyone else; without events "
    "the upper limit is exact on families followed to the horizon.",
    "Groups of all-that-apply overlap and do not add up.",
)


@dataclass(frozen=True, repr=False)
class Equity(PracticeResult):
    """Rates by group and their differences from everyone.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per measure, characteristic and level: ``measure``, ``kind``
        (outcome, practice or question), ``per`` (100: a share; 1,000: events per
        day, to be read per 1,000), ``horizon`` (days; outcomes),
        ``characteristic``, ``level``, ``n`` (exits, cases or days), ``events``,
        ``families``, ``rate``,
        ``ci_low``, ``ci_high``, ``everyone`` (the rate of all), ``difference``,
        ``difference_low``, ``difference_high``, ``ratio``, ``ratio_low``,
        ``ratio_high``. Rates of outcomes are Aalen–Johansen risks by the
        horizon, rates of practice the share met, rates of questions shares or
        events per day. Exact counts: a report suppresses them.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]

    def plot(
        self,
        measure: str | None = None,
        characteristic: str | None = None,
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Draw the rates of one measure by the levels of one characteristic.

        Returns
        -------
        matplotlib.axes.Axes
        """
        rows = self.table
        measure = measure or rows["measure"].iloc[0]
        rows = rows[rows["measure"] == measure]
        characteristic = characteristic or rows["characteristic"].iloc[0]
        rows = rows[rows["characteristic"] == characteristic]
        ax = draw_dots(list(rows["level"]), rows.rename(columns={"rate": "value"}), measure, ax)
        ax.axvline(rows["everyone"].iloc[0], color="#5B6770", ls="--", lw=1)
        return ax

    def to_dict(self) -> dict[str, Any]:
        """Return the table as plain records, with the notes."""
        return {"notes": list(self.notes)} | self._records("table")


def equity(
    cohort: Cohort,
    by: Sequence[str] | None = None,
    fidelity: Fidelity | None = None,
    horizon: int | None = None,
    questions: PermanencyQuestions | None = None,
) -> Equity:
    """Set every outcome, and every practice measure, of groups beside everyone.

    Parameters
    ----------
    cohort : Cohort
    by : sequence of str, optional
        Columns of ``cohort.exits``, and ``race_ethnicity_all`` for every
        category that applies; by default ``report.equity_by`` of the study.
    fidelity : Fidelity, optional
        Adds the measures of a policy.
    horizon : int, optional
        Days; by default the study's main horizon.
    questions : PermanencyQuestions, optional
        Adds the permanency questions.

    Returns
    -------
    Equity

    Raises
    ------
    StudyError
        If no characteristic is named, or the cohort has none of that name.
    """
    names = tuple(cohort.study.report.equity_by if by is None else by)
    if not names:
        raise StudyError("Name the characteristics: by=[…], or report.equity_by in the study.")
    groups = {name: _members(cohort, name) for name in names}
    day = horizon or cohort.study.main_horizon
    practice = practice_by_group(cohort, groups, fidelity, questions)
    risks = risks_by_group(cohort, groups, day, cohort.outcomes)
    table = pd.concat([risks, practice], ignore_index=True)
    if len(table):
        table["horizon"] = table.get("horizon", pd.Series(index=table.index)).astype("Int64")
    return Equity(table, NOTES)


def practice_by_group(
    cohort: Cohort,
    groups: Groups,
    fidelity: Fidelity | None = None,
    questions: PermanencyQuestions | None = None,
) -> pd.DataFrame:
    """Return `Equity.table` of practice measures and questions for groups of exits by level."""
    records, parts = cohort.stages.records, []
    if fidelity is not None and fidelity.trials is not None:
        asked = fidelity.table.loc[fidelity.table["rate"].notna(), "measure"]
        per = dict.fromkeys(asked, 100)
        parts.append(_contrasts(fidelity.trials, groups, records, "practice", per))
    if questions is not None:
        told = questions.table[questions.table["status"] == COMPUTED]
        per = dict(zip(told["name"], told["per"], strict=True))
        parts.append(_contrasts(questions.trials, groups, records, "question", per))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _contrasts(trials, groups: Groups, records, kind: str, per: dict[str, int]) -> pd.DataFrame:
    """Compare every level with everyone, measure by measure in the order of ``per``."""
    found = group_sums(trials, groups, records)
    whole = _rates(found.everyone, per).set_index("measure")
    rows = []
    places = {name: place for place, name in enumerate(per)}
    inside, outside = _rates(found.inside, per), _rates(found.outside, per)
    for own, rest in zip(inside.to_dict("records"), outside.to_dict("records"), strict=True):
        everyone = whole.loc[own["measure"]]
        if own["n"] == 0:
            continue
        about = {"measure": own["measure"], "kind": kind, "per": per[own["measure"]]}
        about |= {name: own[name] for name in ("characteristic", "level", "n", "events")}
        about |= {"families": own["clusters"]} | {name: own[name] for name in _LIMITS}
        share = own["n"] / everyone["n"]
        compared = _contrast(own, rest, everyone["rate"], share)
        rows.append(about | {"everyone": everyone["rate"]} | compared)
    orders = {name: list(levels) for name, levels in groups.items()}
    rows.sort(
        key=lambda r: (
            places[r["measure"]],
            list(groups).index(r["characteristic"]),
            orders[r["characteristic"]].index(r["level"]),
        )
    )
    return pd.DataFrame(rows)


def _rates(added: pd.DataFrame, per: dict[str, int]) -> pd.DataFrame:
    """Add rates with limits: shares, or events per day where a measure is not per 100."""
    found = pd.concat([added, clustered_share(added)[[*_LIMITS]]], axis=1)
    daily = (found["measure"].map(per) != 100).to_numpy()
    if daily.any():
        found.loc[daily, [*_LIMITS]] = np.column_stack(day_rate(added[daily]))
    return found


def risks_by_group(
    cohort: Cohort, groups: Groups, horizon: int, outcomes: Sequence[str]
) -> pd.DataFrame:
    """Return `Equity.table` of outcomes for groups given as sets of exits by level.

    Exits and families are told apart by whole numbers in the order of their ids, made once:
    everyone and every group of every outcome are estimated from them.
    """
    exits = cohort.exits[["exit_id", "family_id"]]
    exit_, ids = pd.factorize(exits["exit_id"], sort=True)
    family, _ = pd.factorize(exits["family_id"], sort=True)
    numbers = pd.DataFrame({"exit_id": exits["exit_id"], "exit": exit_, "family": family})
    members = {
        characteristic: {level: ids.isin(own) for level, own in levels.items()}
        for characteristic, levels in groups.items()
    }
    rows = []
    for outcome in outcomes:
        trials = tidy(cohort.ends(outcome)).merge(numbers, on="exit_id").drop(columns="exit_id")
        trials = trials[trials["end"] > trials["begin"]]
        trials = trials.assign(event=trials["event"].astype(int))
        about = {"measure": outcome, "kind": "outcome", "per": 100, "horizon": horizon}
        rows += _compared(trials, members, about, horizon)
    return pd.DataFrame(rows)


def _members(cohort: Cohort, name: str) -> dict[str, set[str]]:
    """Return the exits of each level of a characteristic."""
    if name == ALL_THAT_APPLY:
        return _all_that_apply(cohort)
    if name not in cohort.covariates:
        raise StudyError(
            f'The cohort has no characteristic "{name}"; it has {", ".join(cohort.covariates)} and '
            f"{ALL_THAT_APPLY}."
        )
    exits = cohort.exits[["exit_id", name]]
    levels = exits[name].astype("string").fillna(NOT_RECORDED)
    return {level: set(own) for level, own in exits["exit_id"].groupby(levels)}


def _all_that_apply(cohort: Cohort) -> dict[str, set[str]]:
    records = cohort.stages.records
    if not records.has("children", "race_ethnicity"):
        raise StudyError(f"{ALL_THAT_APPLY} needs the column race_ethnicity of children.")
    children = records.table("children")
    given = tidy(children.select("child_id", "race_ethnicity"))
    exits = cohort.exits[["exit_id", "child_id"]].merge(given, on="child_id", how="left")
    listed = exits["race_ethnicity"].fillna("").str.split(";").map(set)
    codes = contract().table("children").field("race_ethnicity").codes
    found = {
        code: set(exits.loc[listed.map(lambda own, code=code: code in own), "exit_id"])
        for code in codes
    }
    found[NOT_RECORDED] = set(exits.loc[exits["race_ethnicity"].isna(), "exit_id"])
    return {code: members for code, members in found.items() if members}


def _compared(
    trials: pd.DataFrame, members: dict[str, dict[str, np.ndarray]], about: dict, horizon: int
) -> list[dict]:
    """Estimate everyone, each level and those outside it, and compare.

    ``members`` has for each characteristic and level whether exit 0, 1, … is of it.
    """
    whole = _risk(trials, horizon)
    exits = trials["exit"].to_numpy()
    rows = []
    for characteristic, levels in members.items():
        for level, of_level in levels.items():
            inside = of_level[exits]
            if not inside.any():
                continue
            own, rest = _risk(trials[inside], horizon), _risk(trials[~inside], horizon)
            share = own["n"] / whole["n"]
            rows.append(
                about
                | {"characteristic": characteristic, "level": level}
                | own
                | {"everyone": whole["rate"]}
                | _contrast(own, rest, whole["rate"], share)
            )
    return rows


def _contrast(own: dict, rest: dict, everyone: float, share: float) -> dict:
    """Compare a group with everyone, whose rate is the weighted mean of group and rest.

    Limits are recovered from those of the two rates (MOVER: Zou and Donner
    2008, Statistics in Medicine 27: 1693-1702), so they hold with no events.
    """
    names = ["difference", "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high"]
    if share >= 1:
        return dict.fromkeys(names, np.nan) | {"difference": 0.0, "ratio": 1.0}
    rate, low, high = (own[name] for name in _LIMITS)
    other, other_low, other_high = (rest[name] for name in _LIMITS)
    outside = 1 - share
    apart = rate - other
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.log(np.divide(rate, other)) if rate > 0 and other > 0 else np.nan
        if rate > 0 and other > 0:
            down = np.hypot(np.log(rate) - np.log(low), np.log(other_high) - np.log(other))
            up = np.hypot(np.log(high) - np.log(rate), np.log(other) - np.log(other_low))
            ratios = np.exp([above - down, above + up])
        else:
            ratios = np.array([0.0 if rate == 0 else np.nan, np.divide(high, other_low)])
        ratios = ratios / (share * ratios + outside)
    found = [
        rate - everyone,
        outside * (apart - np.hypot(rate - low, other_high - other)),
        outside * (apart + np.hypot(high - rate, other - other_low)),
        rate / everyone if everyone > 0 else np.nan,
        *ratios,
    ]
    return dict(zip(names, map(float, found), strict=True))


def _risk(rows: pd.DataFrame, day: int) -> dict:
    happened = (rows["event"] == 1) & (rows["end"] <= day)
    families = rows["family"].nunique()
    about = {"n": len(rows), "events": int(happened.sum()), "families": families}
    if families < LEAST:
        return about | dict.fromkeys(_LIMITS, np.nan)
    if not happened.any():
        followed = rows.loc[rows["end"] >= day, "family"].nunique()
        high = 1 - 0.025 ** (1 / followed) if followed else np.nan
        return about | dict(zip(_LIMITS, (0.0, 0.0, high), strict=True))
    curve = cumulative_incidence(
        rows,
        stop="end",
        event="event",
        start="begin",
        cluster="family",
        id="exit",
    ).at([day])
    own = curve[curve["cause"] == 1].iloc[0]
    values = (float(own[name]) for name in ("incidence", "ci_low", "ci_high"))
    return about | dict(zip(_LIMITS, values, strict=True))
