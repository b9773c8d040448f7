"""The data-quality report: what is there, what breaks, what is missing, what it can support."""

import datetime
import json
from dataclasses import replace
from typing import Any

import pandas as pd

from evaluation.reporting.charts.calendar import calendar
from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.numerals import SUPPRESSED
from evaluation.reporting.sections.section import Drawing, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import listed

_VERDICTS = {"ok": "within", "exceeds limit": "exceeds", "not checked": "not checked"}


def quality_sections(
    quality: Any, rule: Disclosure, source: str, counts: pd.DataFrame | None = None
) -> tuple[Section, ...]:
    """Put the measured quality of data into sections.

    Parameters
    ----------
    quality : DataQuality
        From ``check().quality``.
    rule : Disclosure
        Which counts are hidden; with ``Disclosure(0)`` none, for internal use.
    source : str
        The line at the foot of charts.
    counts : pandas.DataFrame, optional
        Rows read and set aside, by table, as the annual report shows them: of a table that
        few rows were set aside of, the rows accepted are not shown.

    Returns
    -------
    tuple of Section
    """
    close = _few_set_aside(counts, rule)
    return (
        _support(quality.support),
        _months(quality, rule, source),
        _completeness(quality.completeness, rule, close),
        _validity(quality.validity, rule),
        _timeliness(quality.timeliness, rule, close),
        _limits(quality.federal, rule, close),
        _consistency(quality.consistency, rule, close),
    )


def _few_set_aside(counts: pd.DataFrame | None, rule: Disclosure) -> dict[str, int]:
    """Return the rows read of every table that few rows were set aside of."""
    if counts is None:
        return {}
    return {r.table: r.read for r in counts.itertuples() if rule.hides(int(r.quarantined))}


def _accepted_told(row: Any, close: dict[str, int]) -> bool:
    """Tell whether the whole a finding counts would give back the rows set aside."""
    return pd.notna(row.of) and close.get(row.table, row.of) != row.of


def _support(support: pd.DataFrame) -> Section:
    possible = support[support["possible"]]
    lost = support[~support["possible"]]
    title = f"The data support {len(possible)} of {len(support)} things a study can ask for"
    rows = support.assign(state=support["possible"].map({True: "yes", False: "no"}))
    table = Table(
        "supports",
        "What the tables and columns there can support",
        (
            Column("name", "Outcome, covariate or effect"),
            Column("kind", "Kind"),
            Column("state", "Possible"),
            Column("missing", "What is missing"),
        ),
        rows.replace({"missing": {"": "–"}}),
    )
    lead = "What is lost, and what would bring it back:" if len(lost) else ""
    return Section("supports", title, (), (table,), lead, tuple(lost["message"]))


def _months(quality: Any, rule: Disclosure, source: str) -> Section:
    rows, gaps = quality.calendar, quality.gaps
    if rows.empty:
        return Section("calendar", "No table has a date to draw by month")
    marked = set(zip(gaps["table"], gaps["field"], gaps["month"], strict=True))
    keys = zip(rows["table"], rows["field"], rows["month"], strict=True)
    typical = rows.groupby(["table", "field"])["rows"].transform(lambda n: max(n.median(), 1))
    drawn = rows.assign(
        label=rows["table"].str.replace("_", " ") + ": " + rows["field"].str.replace("_", " "),
        level=(rows["rows"] / typical * 10).round() / 10,
        gap=[key in marked for key in keys],
    )
    names = [name.replace("_", " ") for name in dict.fromkeys(gaps["table"])]
    title = (
        f"{len(gaps)} months hold far fewer records than those around them, in {listed(names)}"
        if len(gaps)
        else "No month holds far fewer records than those around it"
    )
    chart = calendar(
        drawn[["label", "month", "level", "gap"]],
        title=title,
        subtitle="Accepted rows by month, in tenths of the table's median month; × marks a month "
        "far below the six before and the six after it",
        source=source,
    )
    blocks: list = [Drawing(chart, "Records by month and table")]
    if len(gaps):
        shown = gaps.assign(
            month=gaps["month"].dt.strftime("%Y-%m"),
            rows=[rule.count(int(n)) for n in gaps["rows"]],
            typical=[rule.count(round(n)) for n in gaps["typical"]],
        )
        columns = (
            Column("table", "Table"),
            Column("field", "By"),
            Column("month", "Month"),
            Column("rows", "Rows", "count"),
            Column("typical", "Rows in a month around it", "count"),
        )
        blocks.append(
            Table("missing_months", "Months that may lack an upload", columns, _objects(shown))
        )
    return Section("calendar", title, (), tuple(blocks))


def _completeness(frame: pd.DataFrame, rule: Disclosure, close: dict[str, int]) -> Section:
    there = frame[frame["given"] > 0]
    absent = frame[(frame["given"] == 0) & (frame["rows"] > 0)]
    there = there.assign(missing=there["rows"] - there["given"])
    shown = _hidden(there, "missing", "rows", rule)
    if rule.rounds:
        given = zip(there["given"], there["rows"], shown["share"], strict=True)
        shown["share"] = [s if s == SUPPRESSED else rule.part(n, of) for n, of, s in given]
    shown["share"] = [
        SUPPRESSED if missing == SUPPRESSED else share
        for missing, share in zip(shown["missing"], shown["share"], strict=True)
    ]
    shown = _objects(shown)
    told = shown["table"].isin(close)
    shown.loc[told, ["rows", "missing"]] = SUPPRESSED
    shown.loc[told, "share"] = [
        share if share == SUPPRESSED else round(share, 2) for share in shown.loc[told, "share"]
    ]
    table = Table(
        "completeness",
        "How often each field is given, in accepted rows",
        (
            Column("table", "Table"),
            Column("field", "Field"),
            Column("rows", "Rows", "count"),
            Column("missing", "Missing", "count"),
            Column("share", "Given, %", "percent"),
        ),
        shown,
        f"Fields given in every row stand in the workbook. {rule.words}" if rule.on else "",
        shown["missing"].map(lambda n: n != 0) if rule.on else None,
    )
    worst = there[there["share"] < 0.9]
    title = (
        f"{len(worst)} of {len(there)} fields in use are missing in more than a tenth of the rows"
        if len(worst)
        else f"Each of {len(there)} fields in use is given in at least nine rows of ten"
    )
    never = [f"{row.table}.{row.field}" for row in absent.itertuples()]
    words = (f"Never given: {listed(never)}.",) if never else ()
    return _placed(Section("completeness", title, words), table)


def _validity(frame: pd.DataFrame, rule: Disclosure) -> Section:
    if frame.empty:
        return Section("validity", "No row breaks a rule of the contract")
    shown = _hidden(frame, "rows", "of", rule)
    shown["field"] = shown["field"].replace({"": "the whole row"})
    told = shown["rows"].map(lambda n: n != SUPPRESSED)
    table = Table(
        "validity",
        "Rows set aside, by the rule they break",
        (
            Column("table", "Table"),
            Column("field", "Field"),
            Column("rule", "Rule"),
            Column("rows", "Rows", "count"),
            Column("of", "Of", "count"),
            Column("share", "Share, %", "percent"),
        ),
        shown,
        f"A row that breaks several rules counts under each. {rule.words}",
        told if rule.on else None,
    )
    title = f"Rows break {len(frame)} rules of the contract"
    few = len(told) - int(told.sum()) if rule.on else 0
    words = (f"{few} of them, whose counts are not shown, stand in the workbook.",) if few else ()
    return _placed(Section("validity", title, words), table)


def _placed(section: Section, table: Table) -> Section:
    """Put a table on the page, or in the workbook alone where no row of it is for a page."""
    if table.printed:
        return replace(section, blocks=(table,))
    return replace(section, sheets=(table,))


def _timeliness(frame: pd.DataFrame, rule: Disclosure, close: dict[str, int]) -> Section:
    if frame.empty:
        title = "The tables hold no dates that tell how fast things were recorded"
        return Section("timeliness", title)
    few = [rule.hides(n) for n in frame["rows"]]
    shown = _objects(frame.assign(negative=[rule.count(int(n)) for n in frame["negative"]]))
    shown["rows"] = [rule.count(int(n)) for n in frame["rows"]]
    shown = _objects(shown)
    shown.loc[few, ["median_days", "p95_days", "negative"]] = SUPPRESSED
    shown.loc[shown["table"].isin(close), "rows"] = SUPPRESSED
    table = Table(
        "timeliness",
        "Days from one date to another in the same row",
        (
            Column("table", "Table"),
            Column("since", "From"),
            Column("until", "To"),
            Column("rows", "Rows", "count"),
            Column("median_days", "Median, days", "count"),
            Column("p95_days", "95 in 100 within, days", "count"),
            Column("negative", "Rows that run back", "count"),
        ),
        shown,
        rule.words,
    )
    slow = frame.loc[frame["p95_days"].idxmax()]
    words = f"{slow['since']} to {slow['until']} of {slow['table']}".replace("_", " ")
    return Section("timeliness", f"The slowest record is {words}", (), (table,))


def _limits(frame: pd.DataFrame, rule: Disclosure, close: dict[str, int]) -> Section:
    over = frame[frame["verdict"] == "exceeds limit"]
    unchecked = frame[frame["verdict"] == "not checked"]
    shown = _hidden(frame, "rows", "of", rule)
    shown = _objects(shown)
    told = [_accepted_told(row, close) for row in frame.itertuples()]
    shown.loc[told, ["of", "share"]] = SUPPRESSED
    shown["verdict"] = [_VERDICTS[word] for word in frame["verdict"]]
    shown["check"] = [word.replace("_", " ") for word in frame["check"]]
    table = Table(
        "federal_limits",
        "Federal data-quality limits",
        (
            Column("check", "Check"),
            Column("rows", "Rows", "count"),
            Column("of", "Of", "count"),
            Column("share", "Measured, %", "percent"),
            Column("limit", "Limit, %", "percent"),
            Column("verdict", "Verdict"),
        ),
        shown,
        f"Children's Bureau, CFSR Round 4 Data Dictionary, 2022. {rule.words}",
    )
    judged = len(frame) - len(unchecked)
    title = (
        f"{len(over)} of {judged} federal limits checked are exceeded"
        if len(over)
        else f"All {judged} federal limits checked are kept"
    )
    return Section("limits", title, _conceal(unchecked, rule), (table,))


def _consistency(frame: pd.DataFrame, rule: Disclosure, close: dict[str, int]) -> Section:
    odd = frame[frame["verdict"] != "ok"]
    said = []
    for row in odd.itertuples():
        small = pd.notna(row.rows) and rule.hides(int(row.rows))
        words = rule.conceal(str(row.message))
        if small or (_accepted_told(row, close) and pd.notna(row.rows)):
            words = f"{str(row.check).replace('_', ' ')}, in {rule.say(int(row.rows))} rows."
        said.append(words if words.startswith(f"{row.table}:") else f"{row.table}: {words}")
    title = (
        f"{len(odd)} of {len(frame)} checks across rows and tables need a look"
        if len(odd)
        else f"All {len(frame)} checks across rows and tables are in order"
    )
    lead = "What the checks found:" if said else ""
    return Section("consistency", title, (), (), lead, tuple(said))


def _hidden(frame: pd.DataFrame, count: str, of: str, rule: Disclosure) -> pd.DataFrame:
    """Hide small counts, and those whose complement is small, with their shares.

    Where one count of a table is hidden, the next smallest is too: a total printed
    elsewhere would give it back.
    """
    shown = _objects(frame)
    numbers = [(None if pd.isna(n) else int(n), None if pd.isna(t) else int(t))
               for n, t in zip(frame[count], frame[of], strict=True)]  # fmt: skip
    hidden = [
        n is not None and (rule.hides(n) or (t is not None and rule.hides(t - n)))
        for n, t in numbers
    ]
    for table in dict.fromkeys(frame["table"]):
        places = [p for p, name in enumerate(frame["table"]) if name == table]
        seen = sorted((p for p in places if not hidden[p] and numbers[p][0]),
                      key=lambda p: numbers[p][0])  # fmt: skip
        for place in seen:
            gone = [numbers[p][0] for p in places if hidden[p]]
            if not gone or (len(gone) > 1 and not rule.hides(sum(gone))):
                break
            hidden[place] = True
    if rule.rounds:
        shown[count] = [None if n is None else rule.shown(n) for n, _ in numbers]
        shown[of] = [None if t is None else rule.shown(t) for _, t in numbers]
        if "share" in shown and count != "missing":
            shown["share"] = [None if not n or not t else rule.part(n, t) for n, t in numbers]
    shown = _objects(shown)
    columns = [name for name in (count, "share") if name in shown]
    shown.loc[hidden, columns] = SUPPRESSED
    return shown


def _conceal(findings: pd.DataFrame, rule: Disclosure) -> tuple[str, ...]:
    return tuple(rule.conceal(str(message)) for message in findings["message"])


def _objects(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index(drop=True).astype(object)


def quality_json(quality: Any) -> str:
    """Write every measured table as JSON: a list of rows by table; dates as text."""
    frames = {
        name: json.loads(frame.to_json(orient="records", date_format="iso", date_unit="s"))
        for name, frame in quality.to_frames().items()
    }
    return json.dumps(frames, indent=2, ensure_ascii=False) + "\n"


def last_month(quality: Any) -> datetime.date:
    """Return the first day of the last month any table reaches."""
    months = quality.calendar["month"]
    return datetime.date(1970, 1, 1) if months.empty else months.max().date()
