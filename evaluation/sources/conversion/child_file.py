"""NCANDS Child File: reports with up to four allegations become one row per allegation."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from evaluation.sources.conversion.account import LEFT_OUT, NOTED, READ, USED, Account
from evaluation.sources.conversion.decoding import code_of, is_one, one, word
from evaluation.sources.conversion.layout import Codes, Layout
from evaluation.sources.conversion.made import Made, note_unknown_codes
from evaluation.sources.conversion.reading import FILE, RawBlock
from evaluation.sources.dates import read_date
from evaluation.sources.staging import LINE, ROW

BLOCK = "records"
VICTIM_CODES = ("1", "2")
_CODED = (
    "RptDisp",
    "RptSrc",
    "MalDeath",
    *(f"{part}{n}{rest}" for n in range(1, 5) for part, rest in (("ChMal", ""), ("Mal", "Lev"))),
    *(f"Per{k}{rest}" for k in (1, 2, 3) for rest in ("Rel", "Mal1", "Mal2", "Mal3", "Mal4")),
)


@dataclass
class _Work:
    connection: Backend
    layout: Layout
    account: Account

    def store(self, name: str, table: ir.Table) -> ir.Table:
        return self.connection.create_table(f"converted_{name}", table)

    def date(self, column: ir.StringValue) -> ir.DateValue:
        return read_date(column.strip(), self.layout.dates)


def convert_child_file(
    connection: Backend,
    raw: dict[str, RawBlock],
    layout: Layout,
    account: Account,
    children: ir.Table | None,
) -> Made:
    """Build maltreatment reports from the records of the NCANDS Child File.

    Parameters
    ----------
    children : ibis Table or None
        ``child_id`` of the children in out-of-home care, against whom identifiers
        are matched; only their reports are converted then.
    """
    work = _Work(connection, layout, account)
    records = _usable(work, raw[BLOCK])
    records = _one_per_report(work, records)
    _note_years(account, records)
    limits = _limits(work, records, children)
    records = records.filter(records.child.notnull())
    if children is not None:
        known = children.select(child="child_id").distinct()
        account.leave_out(
            BLOCK, "not in AFCARS", records.anti_join(known, "child"),
            "The child's identifier is not among the children in out-of-home care, whom alone a "
            "study follows.", listed=False,
        )  # fmt: skip
        records = work.store("linked", records.semi_join(known, "child"))
    count = records.count().to_pyarrow().as_py()
    account.add(BLOCK, "used", USED, count, "Records: a child in a report.")
    return Made({"maltreatment_reports": _allegations(work, records)}, limits)


def _usable(work: _Work, raw: RawBlock) -> ir.Table:
    account, table = work.account, raw.table
    account.add(BLOCK, "records", READ, sum(f.rows for f in raw.files), "Records read.")
    malformed = sum(f.malformed for f in raw.files)
    if malformed:
        words = "Rows of another number of fields than the header."
        account.add(BLOCK, "malformed", LEFT_OUT, malformed, words)
    national = ibis.coalesce(table.StFCID.strip().nullif(""), table.AFCARSID.strip().nullif(""))
    named = table.mutate(
        child=national,
        year=code_of(table.SubYr).try_cast("int64"),
        report=table.RptID.strip().nullif(""),
        person=table.ChID.strip().nullif(""),
        reported=work.date(table.RptDt),
    )
    named = work.store("named", named)
    left = named
    for step, broken, words in (
        ("no report or child", named.report.isnull() | named.person.isnull(),
         "No report or child identifier (RptID, ChID)."),
        ("no year", named.year.isnull(), "No submission year (SubYr)."),
        ("no report date", named.reported.isnull(), "No report date (RptDt) that can be read."),
    ):  # fmt: skip
        account.leave_out(BLOCK, step, left.filter(broken), words)
        left = left.filter(~broken)
    return left


def _one_per_report(work: _Work, records: ir.Table) -> ir.Table:
    """Keep a child's record of a report from the latest submission year and file."""
    account = work.account
    keys = ["report", "person"]
    each = ibis.window(group_by=keys)
    marked = records.mutate(last_year=records.year.max().over(each))
    marked = marked.mutate(
        last_file=(marked.year == marked.last_year).ifelse(marked[FILE], -1).max().over(each)
    )
    current = (marked.year == marked.last_year) & (marked[FILE] == marked.last_file)
    account.leave_out(
        BLOCK, "replaced", marked.filter(~current),
        "The same child and report stand in a later submission, which wins.",
    )  # fmt: skip
    kept = marked.filter(current)
    said = ibis.literal("")
    for name in work.layout.blocks[BLOCK].columns:
        said = said.concat(kept[name].fill_null(""), "\x1f")
    ordered = ibis.window(group_by=keys, order_by=[LINE, ROW])
    kept = kept.mutate(content=said)
    kept = work.store(
        "reports",
        kept.mutate(
            versions=kept.content.nunique().over(each), place=ibis.row_number().over(ordered)
        ),
    )
    account.leave_out(
        BLOCK, "conflicting", kept.filter(kept.versions > 1),
        "Two records of one child and report in one file differ; neither is used.",
    )  # fmt: skip
    again = kept.filter((kept.versions == 1) & (kept.place > 0))
    account.leave_out(BLOCK, "repeated", again, "The record repeats an earlier one of its file.")
    single = kept.filter((kept.versions == 1) & (kept.place == 0))
    account.leave_out(
        BLOCK, "no AFCARS identifier", single.filter(single.child.isnull()),
        "The record names no child of AFCARS (AFCARSID, StFCID): a child who was never in "
        "out-of-home care, or whose link is missing.", listed=False,
    )  # fmt: skip
    return work.store("single", single)


def _note_years(account: Account, records: ir.Table) -> None:
    """Say which report years lack a file: a record stands in the year of its disposition."""
    years = sorted(records.select("year").distinct().to_pyarrow()["year"].to_pylist())
    day = records.reported
    fiscal = day.year() + (day.month() >= 10).cast("int64")
    counted = records.group_by(reported_in=fiscal).aggregate(n=lambda t: t.count())
    for year, count in counted.order_by("reported_in").to_pandas().itertuples(index=False):
        absent = [str(y) for y in (int(year), int(year) + 1) if y not in years]
        if absent:
            account.add(
                BLOCK, f"report year {int(year)} incomplete", NOTED, count,
                f"Reports of fiscal year {int(year)} stand in the submissions of {int(year)} and "
                f"{int(year) + 1}; that of {' and '.join(absent)} is not among the files.",
            )  # fmt: skip


def _is_victim(records: ir.Table) -> ir.BooleanValue:
    levels = [
        code_of(records[f"Mal{n}Lev"]).isin(VICTIM_CODES).fill_null(False) for n in range(1, 5)
    ]
    return ibis.or_(*levels, is_one(records.MalDeath))


def _limits(work: _Work, records: ir.Table, children: ir.Table | None) -> list[dict]:
    """Measure the federal limits of the Child File, and the match with AFCARS."""
    age = code_of(records.ChAge).try_cast("int64")
    victims = records.filter(_is_victim(records)).mutate(
        age=(age <= 21).ifelse(age, ibis.null("int64")), sex=code_of(records.ChSex)
    )
    each = victims.group_by(["person", "year"]).aggregate(
        age=victims.age.min(), sex=victims.sex.min(), child=victims.child.min()
    )
    each = work.store("victims", each)
    following = each.select("person", next_age="age", next_sex="sex", next_year=each.year - 1)
    paired = each.filter(each.year < each.year.max().as_scalar()).left_join(
        following, [("person", "person"), ("year", "next_year")]
    )
    matched = paired.next_year.notnull()
    whole = matched & paired.sex.notnull() & paired.next_sex.notnull()
    whole = whole & paired.age.notnull() & paired.next_age.notnull()
    grown = paired.next_age - paired.age
    odd = whole & ((paired.sex != paired.next_sex) | (grown < 0) | (grown > 3))
    across = paired.aggregate(
        of=paired.count(),
        matched=matched.sum(),
        judged=whole.sum(),
        odd=odd.fill_null(False).sum(),
    )
    within = each.aggregate(
        of=each.count(), ageless=each.age.isnull().sum(), linked=each.child.notnull().sum()
    )
    across, within = (t.to_pyarrow().to_pylist()[0] for t in (across, within))
    counts = {
        "victims_matched_across_years": (across["matched"], across["of"]),
        "matched_victims_of_other_sex_or_age": (across["odd"], across["judged"]),
        "victims_without_age": (within["ageless"], within["of"]),
        "victims_with_afcars_id": (within["linked"], within["of"]),
    }
    measured = [_judge(limit, *counts[limit["check"]]) for limit in work.layout.limits]
    if children is not None:
        known = each.filter(each.child.isin(children.child_id)).count().to_pyarrow().as_py()
        measured.append(_match(known, within["linked"] or 0))
    return measured


def _judge(limit: dict, rows: int | None, of: int | None) -> dict:
    rows, of = rows or 0, of or 0
    words = limit["counts"][0].upper() + limit["counts"][1:]
    if not of:
        message = f"{words}: not checked, for the files hold none to judge."
        return _row(limit["check"], None, None, limit["limit"], "not checked", message)
    share = rows / of
    over = share > limit["limit"] if limit["exceeds"] == "above" else share < limit["limit"]
    message = (
        f"{words}: {rows:,} of {of:,} ({share:.1%}), {limit['exceeds'] if over else 'within'} what "
        f"the federal check allows ({limit['exceeds']} {limit['limit']:.0%} is a problem)."
    )
    return _row(
        limit["check"], rows, of, limit["limit"], "exceeds limit" if over else "ok", message
    )


def _match(known: int, of: int) -> dict:
    verdict = "ok" if known else "exceeds limit"
    message = f"Victims with an AFCARS identifier who are in AFCARS: {known:,} of {of:,}; " + (
        "at least one is asked for."
        if known
        else "not one is, so the identifiers do not link and no maltreatment result may be used."
    )
    return _row("afcars_ids_match", known, of, None, verdict, message)


def _row(check: str, rows, of, limit, verdict: str, message: str) -> dict:
    share = rows / of if rows is not None and of else None
    return {"check": check, "rows": rows, "of": of, "share": share, "limit": limit,
            "verdict": verdict, "message": message}  # fmt: skip


def _allegations(work: _Work, records: ir.Table) -> ir.Table:
    account, codes = work.account, work.layout.codes
    coded = work.store("codes", records.mutate(**{c: code_of(records[c]) for c in _CODED}))
    given = {n: coded[f"ChMal{n}"].notnull() | coded[f"Mal{n}Lev"].notnull() for n in range(1, 5)}
    found = ibis.or_(
        *(coded[f"Mal{n}Lev"].isin(VICTIM_CODES).fill_null(False) for n in range(1, 5))
    )
    marked = coded.mutate(
        died=one(coded.MalDeath),
        by_death=one(coded.MalDeath) & ~found,
        without=~ibis.or_(*given.values()),
        **{f"given{n}": said for n, said in given.items()},
    )
    marked = work.store("allegation_records", marked)
    pieces = [_allegation(work, marked, n) for n in range(1, 5)]
    rows = work.store("allegations", ibis.union(*pieces))
    _note_unknown(account, marked, codes)
    account.note(
        BLOCK, "without an allegation", marked.filter(marked.without),
        "No type and no level of maltreatment: one row with the disposition of the report.",
        listed=False,
    )  # fmt: skip
    account.note(
        BLOCK, "victim by death", marked.filter(marked.by_death),
        "Died of maltreatment without a substantiated allegation: the first allegation is set to "
        "substantiated by the federal victim rule.",
    )  # fmt: skip
    account.add(
        BLOCK, "further perpetrators", NOTED, rows.further.sum().to_pyarrow().as_py() or 0,
        "Allegations with several perpetrators, of whom the first is kept.",
    )  # fmt: skip
    return rows.drop("further").order_by("allegation_id")


def _allegation(work: _Work, records: ir.Table, n: int) -> ir.Table:
    """Return the n-th allegation of every record that has one."""
    codes = work.layout.codes
    first = n == 1
    chosen = records[f"given{n}"] | records.without if first else records[f"given{n}"]
    rows = records.filter(chosen)
    level = rows[f"Mal{n}Lev"]
    level = ibis.coalesce(level, rows.without.ifelse(rows.RptDisp, ibis.null("string")))
    disposition = word(level, codes["disposition"])
    earlier = [rows[f"given{k}"] for k in range(1, n)]
    leading = ~ibis.or_(*earlier) if earlier else ibis.literal(True)
    disposition = (rows.by_death & leading).ifelse("substantiated", disposition)
    marks = {k: one(rows[f"Per{k}Mal{n}"]) for k in (1, 2, 3)}
    relation = ibis.cases(
        *((said, rows[f"Per{k}Rel"]) for k, said in marks.items()), else_=ibis.null("string")
    )
    named = sum((said.cast("int64") for said in marks.values()), ibis.literal(0))
    return rows.select(
        allegation_id=rows.report.concat("-", rows.person, f"-{n}"),
        report_id=rows.report,
        child_id=rows.child,
        report_date=rows.reported,
        incident_date=work.date(rows.IncidDt),
        disposition_date=work.date(rows.RpDispDt),
        disposition=disposition,
        maltreatment_type=word(rows[f"ChMal{n}"], codes["maltreatment_type"]),
        reporter_source=word(rows.RptSrc, codes["reporter_source"]),
        perpetrator_relation=word(relation, codes["perpetrator_relation"]),
        maltreatment_death=rows.died,
        further=(named > 1).cast("int64"),
    )


def _note_unknown(account: Account, records: ir.Table, codes: dict[str, Codes]) -> None:
    coded = [(f"Mal{n}Lev", "disposition", codes["disposition"]) for n in range(1, 5)]
    coded += [(f"ChMal{n}", "maltreatment_type", codes["maltreatment_type"]) for n in range(1, 5)]
    relation = codes["perpetrator_relation"]
    coded += [(f"Per{k}Rel", "perpetrator_relation", relation) for k in (1, 2, 3)]
    coded.append(("RptSrc", "reporter_source", codes["reporter_source"]))
    note_unknown_codes(account, BLOCK, records, coded)
