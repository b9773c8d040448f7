"""Dose and engagement: who was offered, who started, how soon, how much, and why it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import days_between, true
from evaluation.cohorts.services import attach
from evaluation.cohorts.tidy import tidy
from evaluation.errors import DataError, StudyError
from evaluation.estimates.proportions import cluster_sums, clustered_share
from evaluation.practice.drawing import draw_dots
from evaluation.practice.result import PracticeResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MONTHS = 12
DAYS_PER_MONTH = 30
EARLY = ("family_ended", "refused", "agency_ended", "moved_away", "child_removed", "not_eligible")
REFERRED = ("started", "refused", "on a waiting list")
TAXONOMIES = ("casey", "needs", "cebc")
NOT_RECORDED = "not recorded"
NOTES = (
    "A description: families in need are seen more, so contacts and services are a consequence of "
    "risk and no dose that caused an outcome.",
    "Months are of 30 days since the exit; a month counts while the child is at home and the "
    "records cover it. A contact with a household counts for each child it reaches.",
    "A spell or referral that reaches several children counts for each; one record may carry "
    "several taxonomy codes, so codes do not add up.",
)


@dataclass(frozen=True, repr=False)
class Dose(PracticeResult):
    """What was delivered.

    Attributes
    ----------
    table : pandas.DataFrame
        ``measure``, ``program``, ``characteristic``, ``level``, ``of`` (what
        ``n`` counts), ``n``, ``events``, ``value``, ``ci_low``, ``ci_high``,
        ``unit``: shares (per 100, intervals count families) and medians (days).
    contacts : pandas.DataFrame
        ``month`` (1 to 12 since the exit), ``child_months``, ``contacts``,
        ``per_month``.
    cannot : tuple of str
        What cannot be computed, and what it needs.
    """

    table: pd.DataFrame
    contacts: pd.DataFrame
    cannot: tuple[str, ...]
    notes: tuple[str, ...]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the shares of all children with their intervals.

        Returns
        -------
        matplotlib.axes.Axes
        """
        rows = self.table[(self.table["level"] == "all") & (self.table["unit"] == "per 100")]
        labels = [f"{r.measure}, {r.program}" for r in rows.itertuples()]
        return draw_dots(labels, rows, "per 100", ax)

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as plain records, with what cannot be computed."""
        return {"notes": list(self.notes), "cannot": list(self.cannot)} | self._records(
            "table", "contacts"
        )


def dose(agency: Any, cohort: Cohort, by: Sequence[str] = ()) -> Dose:
    """Describe dose and engagement after the exit.

    Parameters
    ----------
    agency : Agency
        The agency the cohort was built from.
    cohort : Cohort
    by : sequence of str
        Characteristics of ``cohort.exits`` to count by besides all.

    Returns
    -------
    Dose

    Raises
    ------
    DataError
        If the cohort was built from another agency.
    StudyError
        If a characteristic is unknown.
    """
    if cohort.stages.records.agency is not agency:
        raise DataError("The cohort was built from another agency: give the one it was built from.")
    for name in by:
        if name not in cohort.covariates:
            raise StudyError(
                f'The cohort has no characteristic "{name}"; it has {", ".join(cohort.covariates)}.'
            )
    rows, cannot = [], []
    about = cohort.exits[["exit_id", "family_id", *by]]
    about = about.assign(family=pd.factorize(about["family_id"])[0])
    if cohort.stages.records.has("services"):
        spells = _spells(cohort).merge(about, on="exit_id")
        rows += _engagement(spells, by)
        rows += _kinds(spells, about, by, cohort.taxonomy)
        unknown = [name for name, kind in cohort.kinds.items() if kind is None]
        cannot += [
            f"What kind of service {name} is: the taxonomy has no such row; name one by "
            "service_type in the study."
            for name in unknown
        ]
    else:
        cannot.append("Uptake, refusal, waiting and early closure need the table services.")
    contacts = pd.DataFrame(columns=["month", "child_months", "contacts", "per_month"])
    if cohort.stages.records.has_rows("contacts"):
        contacts = _contacts(cohort)
        rows += _first_contact(cohort, about, by)
    else:
        cannot.append("Contacts a month and time to first contact need the table contacts.")
    return Dose(_table(rows), contacts, tuple(cannot), NOTES)


def _spells(cohort: Cohort) -> pd.DataFrame:
    """Return spells and referrals of the time from 60 days before the exit."""
    spells = cohort.services
    ended_before = spells["timing"] == "earlier"
    old = spells["start_day"].isna() & (spells["referral_day"] < -60)
    return spells[~ended_before & ~old.fillna(False).astype(bool)]


def _engagement(spells: pd.DataFrame, by: Sequence[str]) -> list[dict]:
    started = spells["start_day"].notna()
    spells = spells.assign(
        started=started,
        refused=~started & (spells["end_reason"] == "refused"),
        waiting=~started & (spells["end_reason"] == "waiting_list"),
        wait=(spells["start_day"] - spells["referral_day"]).astype(float),
        early=spells["end_reason"].isin(EARLY),
    )
    ended = spells[spells["started"] & spells["end_day"].notna()]
    rows = []
    for measure, some, what, of in (
        ("started", spells, "started", "referrals"),
        ("refused", spells, "refused", "referrals"),
        ("on a waiting list", spells, "waiting", "referrals"),
        ("ended early", ended, "early", "spells that ended"),
    ):
        rows += _shares(some, measure, what, of, by)
    for reason in EARLY:
        flagged = ended.assign(reason=ended["end_reason"] == reason)
        rows += _shares(flagged, f"ended: {reason}", "reason", "spells that ended", ())
    waited = spells[spells["wait"].notna()]
    return rows + _medians(waited, "days from referral to start", "wait", "spells", by)


def _kinds(spells, about, by, taxonomy: pd.DataFrame) -> list[dict]:
    """Return the share of children who started one of the study's services of each code."""
    rows = []
    started = spells[spells["start_day"].notna()][["exit_id", "program"]]
    held = started.merge(taxonomy[["program", "dimension", "code"]], on="program")
    codes = taxonomy[["dimension", "code", "meaning"]].drop_duplicates()
    for kind in codes[codes["dimension"].isin(TAXONOMIES)].itertuples():
        same = (held["dimension"] == kind.dimension) & (held["code"] == kind.code)
        reached = set(held.loc[same, "exit_id"])
        some = about.assign(program="all", has=about["exit_id"].isin(reached))
        rows += _shares(some, f"{kind.dimension} {kind.code}: {kind.meaning}", "has", "exits", by)
    return rows


def _levels(some: pd.DataFrame, by: Sequence[str]):
    for program, own in some.groupby("program", sort=True):
        yield program, "all", "all", own
        for name in by:
            shown = own[name].astype("string").fillna(NOT_RECORDED)
            for level, part in own.groupby(shown, sort=True):
                yield program, name, level, part


def _shares(some, measure, what, of, by) -> list[dict]:
    """Return the share of rows that ``what`` holds for, of all and of each level, by family."""
    some = some.assign(holds=some[what].astype(int))
    rows, trials = [], []
    for place, (program, characteristic, level, own) in enumerate(_levels(some, by)):
        n = np.bincount(own["family"])
        events = np.bincount(own["family"], own["holds"]).astype("int64")
        trials.append(pd.DataFrame({"place": place, "n": n, "events": events})[n > 0])
        rows.append(
            {
                "measure": measure,
                "program": program,
                "characteristic": characteristic,
                "level": level,
                "of": of,
                "n": len(own),
                "events": int(events.sum()),
                "unit": "per 100",
            }
        )
    if not rows:
        return []
    found = clustered_share(cluster_sums(pd.concat(trials), ["place"])) * 100
    values = found[["rate", "ci_low", "ci_high"]].set_axis(["value", "ci_low", "ci_high"], axis=1)
    return [row | own for row, own in zip(rows, values.to_dict("records"), strict=True)]


def _medians(some, measure, what, of, by) -> list[dict]:
    return [
        {
            "measure": measure,
            "program": program,
            "characteristic": characteristic,
            "level": level,
            "of": of,
            "n": len(own),
            "value": float(own[what].median()),
            "unit": "days (median)",
        }
        for program, characteristic, level, own in _levels(some, by)
    ]


def _attached_contacts(cohort: Cohort):
    """Return contacts that reached the family beside each exit, as days since it."""
    contacts = cohort.stages.records.table("contacts")
    contacts = contacts.filter(contacts.completed.fill_null(True))
    found = attach(contacts, cohort.stages.exits)
    return found.select(
        "exit_id", "contact_id", day=days_between(found.contact_date, found.index_date)
    )


def _at_home(cohort: Cohort):
    """Return how many days each exit was at home on record, up to a year."""
    exits = cohort.stages.exits
    through = ibis.literal(cohort.stages.records.through("removals", "contacts"), type="date")
    last = ibis.least(exits.next_removal_date, exits.age_limit_date, exits.death_date, through)
    days = ibis.least(days_between(last, exits.index_date), exits.move_day, MONTHS * DAYS_PER_MONTH)
    return exits.select("exit_id", home_days=days)


def _contacts(cohort: Cohort) -> pd.DataFrame:
    home = _at_home(cohort)
    months = ibis.memtable({"month": list(range(1, MONTHS + 1))})
    spans = home.cross_join(months)
    whole = spans.filter(spans.home_days >= spans.month * DAYS_PER_MONTH)
    seen = _attached_contacts(cohort)
    seen = seen.filter((seen.day >= 1) & (seen.day <= MONTHS * DAYS_PER_MONTH))
    seen = seen.mutate(month=((seen.day - 1) / DAYS_PER_MONTH).floor().cast("int64") + 1)
    counted = seen.group_by("exit_id", "month").aggregate(contacts=seen.count())
    both = whole.left_join(counted, ["exit_id", "month"])
    found = both.group_by("month").aggregate(
        child_months=both.count(), contacts=both.contacts.fill_null(0).sum().cast("int64")
    )
    table = tidy(found.order_by("month"))
    return table.assign(per_month=table["contacts"] / table["child_months"])


def _first_contact(cohort: Cohort, about: pd.DataFrame, by: Sequence[str]) -> list[dict]:
    """Return time to the first contact, and the share reached in the first week and month."""
    seen = _attached_contacts(cohort)
    seen = seen.filter(true(seen.day >= 0))
    first = seen.group_by("exit_id").aggregate(first=seen.day.min())
    home = _at_home(cohort)
    rows = home.left_join(first, "exit_id").drop("exit_id_right")
    rows = tidy(rows.order_by("exit_id")).merge(about, on="exit_id").assign(program="all")
    days = rows["first"].astype("float64").fillna(np.inf)
    found = []
    for limit in (7, 30):
        whole = rows[(rows["home_days"] >= limit)].assign(soon=days <= limit)
        found += _shares(
            whole, f"contact within {limit} days", "soon", f"exits at home {limit} days", by
        )
    reached = rows[np.isfinite(days)].assign(first=days[np.isfinite(days)])
    return found + _medians(reached, "days to first contact", "first", "exits with a contact", by)


def _table(rows: list[dict]) -> pd.DataFrame:
    columns = ["measure", "program", "characteristic", "level", "of", "n", "events"]
    table = pd.DataFrame(rows, columns=[*columns, "value", "ci_low", "ci_high", "unit"])
    return table.astype({"n": "Int64", "events": "Int64"})
