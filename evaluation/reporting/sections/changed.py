"""Section: what changed since last year, in outcomes, in the data and in definitions."""

from collections.abc import Iterator

import pandas as pd

from evaluation.reporting.disclosure import ReleasedFollowUp
from evaluation.reporting.last_year import LastYear, differences, protocol_of
from evaluation.reporting.numerals import SUPPRESSED, by_month, interval, is_missing, show
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import lower_first, outcome_words, units

CHANGED = (
    Column("year", "Year of exit"),
    Column("kind", "Change in"),
    Column("exits_then", "Exits, last year's report", "count"),
    Column("exits", "Exits, now", "count"),
    Column("events_then", "Events, last year's report", "count"),
    Column("events", "Events, now", "count"),
    Column("then", "Share, last year's report", "percent"),
    Column("now", "Share, now", "percent"),
    Column("limits", "95% interval, now"),
)
SETTINGS = (
    Column("key", "Setting"),
    Column("then", "Last year"),
    Column("now", "Now"),
)
NEW, SAME, CORRECTED, UNKNOWN = "outcomes", "nothing", "data", "hidden"
SHARES = ("incidence", "ci_low", "ci_high")


def changed(material: Material) -> Section | None:
    """Set this year's numbers beside last year's; nothing where there is no last year.

    Exit years that last year's report did not have are a change in outcomes. Where an exit
    year it had says something else now, the data were changed, or the definitions.
    """
    last = material.last
    if last is None:
        return None
    settings = differences(last.protocol, protocol_of(material.study))
    tables, said, kinds = [], [], set()
    for outcome, years in material.years.items():
        rows = pd.DataFrame(list(_rows(last, years, outcome))).astype(object)
        if rows.empty:
            continue
        kinds |= set(rows["kind"])
        words = outcome_words(outcome, material.study)
        said.append(_outcome(material, outcome, rows))
        when = by_month(years.horizons[-1])
        tables.append(
            Table(
                f"changed_{outcome}",
                f"{words.name} by {when}, by the year of the exit, in last year's report and now",
                CHANGED,
                rows,
                f"Change in {NEW}: exits last year's report did not have. Change in {CORRECTED}: "
                "the same exit year says something else, since records were added or corrected, "
                f"or a definition differs. {material.rule.words}",
            )
        )
    if settings:
        frame = pd.DataFrame([vars(each) for each in settings]).astype(object)
        caption = "Settings of the protocol that differ from last year's"
        tables.append(Table("changed_settings", caption, SETTINGS, frame))
    return Section(
        "changed",
        _title(kinds, bool(settings)),
        (f"Last year's report is “{last.study.title}”.", *said, *_definitions(settings)),
        tuple(tables),
    )


def _rows(last: LastYear, years: ReleasedFollowUp, outcome: str) -> Iterator[dict]:
    """Compare every year of exit that either report has."""
    day = years.horizons[-1]
    now = {str(year) for year in years.at_risk["group"]}
    for year in sorted({*now, *last.groups(outcome, "exit_year")}):
        sizes = last.share(outcome, "exit_year", year, 0)
        then = last.share(outcome, "exit_year", year, day)
        there = year in now
        exits = years.value(year, 0, "at_risk") if there else None
        events = years.value(year, day, "events") if there else None
        share, low, high = (years.value(year, day, name) if there else None for name in SHARES)
        pairs = [
            (None if sizes is None else sizes.at_risk, exits),
            (None if then is None else then.events, events),
        ]
        yield {
            "year": year,
            "kind": _kind(sizes is not None, there, pairs),
            "exits_then": pairs[0][0],
            "exits": exits,
            "events_then": pairs[1][0],
            "events": events,
            "then": None if then is None else then.incidence,
            "now": share,
            "limits": interval(low, high, "percent"),
        }


def _kind(had: bool, has: bool, pairs: list[tuple]) -> str:
    if not had:
        return NEW
    if not has or any(
        SUPPRESSED not in pair and None not in pair and pair[0] != pair[1] for pair in pairs
    ):
        return CORRECTED
    return UNKNOWN if any(SUPPRESSED in pair for pair in pairs) else SAME


def _outcome(material: Material, outcome: str, rows: pd.DataFrame) -> str:
    """Say separately what the new exit years show and what the same years now say."""
    words, whom = outcome_words(outcome, material.study), units(material.study)
    new = rows[rows["kind"] == NEW]
    told = [
        f"{row.year}: {show(row.now, 'percent')} ({row.limits})"
        for row in new.itertuples()
        if row.now != SUPPRESSED and not is_missing(row.now)
    ]
    said = f"{words.name}. "
    if told:
        said += (
            f"In the new exit years the share of {whom} who {words.did} was, year by year, "
            f"{'; '.join(told)}. "
        )
    elif len(new):
        said += "The new exit years are too small, or not followed long enough, to show. "
    else:
        said += "There is no new exit year. "
    corrected = list(rows.loc[rows["kind"] == CORRECTED, "year"])
    hidden = list(rows.loc[rows["kind"] == UNKNOWN, "year"])
    if corrected:
        said += f"The numbers of {', '.join(corrected)} are not what last year's report said. "
    else:
        said += "No number shown twice differs from last year's report. "
    if hidden:
        said += f"Of {', '.join(hidden)} some numbers are hidden, so this cannot be told."
    return said.strip()


def _definitions(settings: list) -> tuple[str, ...]:
    if not settings:
        return ("The protocol is the same as last year's: no definition differs.",)
    many = "1 setting differs" if len(settings) == 1 else f"{len(settings)} settings differ"
    return (
        f"{many} from last year's protocol; part of what changed may be the "
        "definitions and not the children.",
    )


def _title(kinds: set[str], redefined: bool) -> str:
    parts = []
    if NEW in kinds:
        parts.append("New exit years were added")
    if CORRECTED in kinds:
        parts.append("the records of earlier years were changed")
    if redefined:
        parts.append("the protocol differs")
    if not parts:
        return "Since last year's report nothing shown has changed"
    joined = ", and ".join(parts) if len(parts) < 3 else f"{parts[0]}, {parts[1]}, and {parts[2]}"
    return f"Since last year's report: {lower_first(joined)}"
