"""AFCARS 2020 in exchange form: removals, living arrangements and agreements with their history."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.conversion.account import LEFT_OUT, READ, USED, Account
from evaluation.sources.conversion.decoding import any_flag, code_of, decode, is_one, listed
from evaluation.sources.conversion.layout import Layout
from evaluation.sources.conversion.made import Made, coded, note_unknown_codes, unique_id
from evaluation.sources.conversion.reading import FILE, RawBlock
from evaluation.sources.dates import read_date
from evaluation.sources.staging import LINE, ROW

AGREEMENT, BY_PROXY = "agreement_ended", "proxy_rule"
PROXY = "assistance agreement ended under age 17 and a half"
_HALF_PAST_17 = 17 * 12 + 6


@dataclass
class _Work:
    connection: Backend
    layout: Layout
    account: Account
    raw: dict[str, RawBlock]
    last: ir.Table | None = None

    def store(self, name: str, table: ir.Table) -> ir.Table:
        return self.connection.create_table(f"converted_{name}", table)

    def date(self, column: ir.StringValue) -> ir.DateValue:
        return read_date(column.strip(), self.layout.dates)

    def used(self, block: str, table: ir.Table, words: str) -> None:
        rows = table.count().to_pyarrow().as_py()
        self.account.add(block, "used", USED, rows, words)


def convert_history(
    connection: Backend, raw: dict[str, RawBlock], layout: Layout, account: Account
) -> Made:
    """Build children, removals, placements and disruptions from AFCARS 2020.

    A submission holds the whole history of a child's removals (45 CFR 1355.43), so the
    child's latest submission is what is used of every block.

    Raises
    ------
    DataError
        If the blocks of children or removals are not among the files.
    """
    absent = [name for name in ("children", "removals") if name not in raw]
    if absent:
        told = [f"{name} (with {layout.blocks[name].told_by})" for name in absent]
        raise DataError(
            f"No file of the block {' or '.join(told)} is among those given; AFCARS 2020 needs "
            "one of each, and of living arrangements and agreements where there are any."
        )
    work = _Work(connection, layout, account, raw)
    blocks = {name: _identified(work, name) for name in raw}
    work.last = _last_submission(work, blocks)
    blocks = {name: _of_last_submission(work, name, table) for name, table in blocks.items()}
    children = _children(work, blocks["children"])
    removals = _removal_rows(work, blocks["removals"])
    tables = {"children": children, "removals": _removals(work, removals)}
    if "living_arrangements" in blocks:
        tables["placements"] = _placements(work, blocks["living_arrangements"], removals)
    if "agreements" in blocks:
        tables["disruptions"] = _disruptions(
            work, blocks["agreements"], blocks["children"], removals
        )
    only = {("disruptions", "type"): (AGREEMENT,), ("disruptions", "reason"): (BY_PROXY,)}
    return Made(tables, only=only)


def _identified(work: _Work, block: str) -> ir.Table:
    """Count what was read and set aside rows without a child."""
    raw, account = work.raw[block], work.account
    account.add(block, "rows", READ, sum(f.rows for f in raw.files), "Rows read.")
    malformed = sum(f.malformed for f in raw.files)
    if malformed:
        words = "Rows of another number of fields than the header."
        account.add(block, "malformed", LEFT_OUT, malformed, words)
    table = raw.table.mutate(
        child=raw.table.E4.strip().nullif(""), period=code_of(raw.table.E2).fill_null("")
    )
    account.leave_out(
        block, "no child", table.filter(table.child.isnull()), "No record number (E4)."
    )
    return work.store(f"{block}_rows", table.filter(table.child.notnull()))


def _last_submission(work: _Work, blocks: dict[str, ir.Table]) -> ir.Table:
    """Return every child's latest period of out-of-home care."""
    said = [blocks[name].select("child", "period") for name in ("children", "removals")]
    both = ibis.union(*said)
    return work.store("last", both.group_by("child").aggregate(last_period=both.period.max()))


def _of_last_submission(work: _Work, block: str, table: ir.Table) -> ir.Table:
    """Keep rows of the child's latest period; there, of the file named last."""
    last = work.last
    if block == "agreements":
        last = table.group_by("child").aggregate(last_period=table.period.max())
    joined = table.left_join(last, "child").drop("child_right")
    old = joined.filter((joined.period < joined.last_period).fill_null(False))
    work.account.leave_out(
        block, "replaced", old,
        "An earlier submission of the child; the latest one has the whole history.", listed=False,
    )  # fmt: skip
    kept = joined.filter(~(joined.period < joined.last_period).fill_null(False))
    kept = kept.mutate(last_file=kept[FILE].max().over(ibis.window(group_by="child")))
    work.account.leave_out(
        block, "replaced within the period", kept.filter(kept[FILE] < kept.last_file),
        "The child stands in a file of the same period named later, which wins.",
    )  # fmt: skip
    current = work.store(f"{block}_current", kept.filter(kept[FILE] == kept.last_file))
    if block == "removals":
        _note_withdrawn(work, old, current)
    return current


def _note_withdrawn(work: _Work, old: ir.Table, current: ir.Table) -> None:
    """List removals of earlier submissions that the child's latest one no longer has."""
    dated = old.mutate(removal=work.date(old.E69))
    now = current.select("child", removal=work.date(current.E69))
    gone = dated.anti_join(now, ["child", "removal"])
    gone = gone.group_by(["child", "removal"]).aggregate(
        **{FILE: gone[FILE].max(), LINE: gone[LINE].max()}
    )
    work.account.note(
        "removals", "dropped", gone,
        "A removal of an earlier submission that the child's latest one no longer has: it is not "
        "converted.",
    )  # fmt: skip


def _single(work: _Work, block: str, table: ir.Table, keys: list[str]) -> ir.Table:
    """Keep the first of identical rows of a key; of differing ones none."""
    columns = [c for c in work.layout.blocks[block].columns if c in table.columns]
    said = ibis.literal("")
    for name in columns:
        said = said.concat(table[name].fill_null(""), "\x1f")
    each = ibis.window(group_by=keys)
    ordered = ibis.window(group_by=keys, order_by=[LINE, ROW])
    marked = table.mutate(content=said)
    marked = marked.mutate(
        versions=marked.content.nunique().over(each), place=ibis.row_number().over(ordered)
    )
    marked = work.store(f"{block}_single", marked)
    account = work.account
    account.leave_out(
        block, "conflicting", marked.filter(marked.versions > 1),
        f"Rows of one {' and '.join(keys)} in one submission differ; none is used.",
    )  # fmt: skip
    again = marked.filter((marked.versions == 1) & (marked.place > 0))
    account.leave_out(block, "repeated", again, "The row repeats an earlier one of its file.")
    return marked.filter((marked.versions == 1) & (marked.place == 0))


def _children(work: _Work, table: ir.Table) -> ir.Table:
    rows = _single(work, "children", table, ["child"])
    work.used("children", rows, "Children.")
    codes, flags = work.layout.codes, work.layout.flags
    note_unknown_codes(work.account, "children", rows, coded(codes, "sex", "hispanic"))
    hispanic = (decode(rows.E21, codes["hispanic"]) == "yes").fill_null(False)
    groups: dict[str, list[str]] = {}
    for column, name in flags["disability"].values.items():
        groups.setdefault(name, []).append(column)
    conditions = [f"E{number}" for number in range(24, 35)]
    children = rows.select(
        child_id=rows.child,
        birth_date=work.date(rows.E5),
        sex=decode(rows.E6, codes["sex"]),
        race_ethnicity=listed(
            rows,
            flags["race_ethnicity"].values,
            hispanic.ifelse("hispanic", ibis.null("string")),
        ),
        disability=any_flag(rows, conditions),
        **{name: any_flag(rows, columns) for name, columns in groups.items()},
    )
    return children.order_by("child_id")


def _removal_rows(work: _Work, table: ir.Table) -> ir.Table:
    dated = table.mutate(removal=work.date(table.E69))
    work.account.leave_out(
        "removals", "no removal date", dated.filter(dated.removal.isnull()),
        "No removal date (E69) that can be read.",
    )  # fmt: skip
    rows = _single(work, "removals", dated.filter(dated.removal.notnull()), ["child", "removal"])
    rows = rows.mutate(discharge=work.date(rows.E153))
    work.used("removals", rows, "Removals.")
    return work.store("removal_rows", rows)


def _removals(work: _Work, rows: ir.Table) -> ir.Table:
    codes = work.layout.codes
    note_unknown_codes(work.account, "removals", rows, coded(codes, "discharge_reason"))
    reason = decode(rows.E155, codes["discharge_reason"])
    removals = rows.select(
        removal_id=unique_id(rows.child, rows.removal),
        child_id=rows.child,
        removal_date=rows.removal,
        discharge_date=rows.discharge,
        discharge_reason=rows.discharge.notnull().ifelse(reason, ibis.null("string")),
        removal_reasons=listed(rows, work.layout.flags["removal_reasons"].values),
        county=rows.E3.strip().nullif(""),
        removal_entered=work.date(rows.E70),
        discharge_entered=work.date(rows.E154),
    )
    return removals.order_by("removal_id")


def _placements(work: _Work, table: ir.Table, removals: ir.Table) -> ir.Table:
    account, codes = work.account, work.layout.codes
    dated = table.mutate(removal=work.date(table.E69), start=work.date(table.E112))
    account.leave_out(
        "living_arrangements", "no date",
        dated.filter(dated.removal.isnull() | dated.start.isnull()),
        "No removal date (E69) or start (E112) that can be read.",
    )  # fmt: skip
    dated = dated.filter(dated.removal.notnull() & dated.start.notnull())
    rows = _single(work, "living_arrangements", dated, ["child", "removal", "start"])
    ends = removals.select("child", "removal", "discharge")
    account.leave_out(
        "living_arrangements", "no removal", rows.anti_join(ends, ["child", "removal"]),
        "No removal of that child and date is in the latest submission.",
    )  # fmt: skip
    rows = rows.join(ends, ["child", "removal"])
    in_order = ibis.window(group_by=["child", "removal"], order_by="start")
    rows = rows.mutate(next_start=rows.start.lead().over(in_order))
    rows = work.store("arrangements", rows)
    work.used("living_arrangements", rows, "Living arrangements.")
    note_unknown_codes(account, "living_arrangements", rows, coded(codes, "placement_type"))
    home = code_of(rows.E120) == "0"
    homes = [
        ((home & is_one(rows[column])).fill_null(False), kind)
        for column, kind in work.layout.flags["foster_home_type"].values.items()
    ]
    kind = ibis.cases(*homes, else_=decode(rows.E120, codes["placement_type"]))
    visit = (kind == "trial_home_visit").fill_null(False)
    account.note(
        "living_arrangements", "trial home visits", rows.filter(visit),
        "Arrangements at home while in care, read as trial home visits.", listed=False,
    )  # fmt: skip
    siblings = code_of(rows.E58).try_cast("int64")
    return rows.select(
        placement_id=unique_id(rows.child, rows.removal).concat("-", rows.start.strftime("%Y%m%d")),
        child_id=rows.child,
        removal_id=unique_id(rows.child, rows.removal),
        start_date=rows.start,
        end_date=ibis.coalesce(rows.next_start, rows.discharge),
        type=kind,
        kin=(is_one(rows.E117) | is_one(rows.E119)).ifelse(True, ibis.null("boolean")),
        trial_home_visit=visit,
        siblings_placed_with=siblings,
    ).order_by("placement_id")


def _disruptions(work: _Work, table: ir.Table, children: ir.Table, removals: ir.Table) -> ir.Table:
    """Take agreements that ended under 17½ and not by death as disruptions (METHODS 3)."""
    account = work.account
    dated = work.store(
        "agreement_dates",
        table.mutate(ended=work.date(table.A18), finalized=work.date(table.A17)),
    )
    account.leave_out(
        "agreements", "going on", dated.filter(dated.ended.isnull()),
        "No end of the agreement (A18) that can be read.", listed=False,
    )  # fmt: skip
    rows = _single(work, "agreements", dated.filter(dated.ended.notnull()), ["child", "ended"])
    born = children.select("child", birth=work.date(children.E5)).distinct()
    born = born.group_by("child").aggregate(birth=born.birth.max())
    deaths = removals.filter(code_of(removals.E155) == "7").group_by("child")
    deaths = deaths.aggregate(dead=ibis.literal(True), died=removals.discharge.max())
    rows = rows.left_join(born, "child").drop("child_right")
    rows = rows.left_join(deaths, "child").drop("child_right")
    rows = rows.left_join(_succeeded(rows, dated), ["child", "ended"]).select(
        *rows.columns, "succeeded"
    )
    months = (
        (rows.ended.year() - rows.birth.year()) * 12
        + (rows.ended.month() - rows.birth.month())
        - (rows.ended.day() < rows.birth.day()).cast("int64")
    )
    left = work.store("agreement_ends", rows.mutate(months=months))
    for step, broken, words in (
        ("no birth date", left.birth.isnull(), "The child's birth date is not known, so the proxy "
         "cannot be judged."),
        ("ended before it began", left.ended < left.finalized, "The agreement ended (A18) before "
         "the adoption or guardianship (A17): one of the dates is wrong."),
        ("ended by death", left.dead & (left.died.isnull() | (left.ended >= left.died)),
         "The child had died in care: not a disruption."),
        ("another agreement in force", left.succeeded, "Another agreement of the child was in "
         "force the day after: renewed, or guardianship became adoption; not a disruption."),
        ("ended at 17½ or later", left.months >= _HALF_PAST_17,
         "Ended at or near the age limit: not a disruption."),
    ):  # fmt: skip
        lost = broken.fill_null(False)
        account.leave_out("agreements", step, left.filter(lost), words)
        left = left.filter(~lost)
    work.used("agreements", left, "Agreements ended: a proxy for disruption, labelled as such.")
    return left.select(
        disruption_id=left.child.concat("-agreement-", left.ended.strftime("%Y%m%d")),
        child_id=left.child,
        disruption_date=left.ended,
        type=ibis.literal(AGREEMENT),
        reason=ibis.literal(BY_PROXY),
        basis=ibis.literal(PROXY),
    ).order_by("disruption_id")


def _succeeded(ends: ir.Table, agreements: ir.Table) -> ir.Table:
    """Return the ends after which another agreement of the child was in force the next day."""
    other = agreements.select("child", began="finalized", until="ended")
    pairs = ends.select("child", "ended").join(other, "child")
    begun = pairs.began.delta(pairs.ended, unit="day") <= 1
    lasts = pairs.until.isnull() | (pairs.until > pairs.ended)
    found = pairs.filter(begun & lasts).select("child", "ended").distinct()
    return found.mutate(succeeded=ibis.literal(True))
