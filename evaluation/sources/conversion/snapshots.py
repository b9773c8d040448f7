"""AFCARS 1993: six-month (or yearly) snapshots of a child become episodes."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from evaluation.sources.conversion.account import READ, USED, Account
from evaluation.sources.conversion.decoding import any_flag, code_of, decode, listed
from evaluation.sources.conversion.layout import Layout
from evaluation.sources.conversion.made import Made, coded, note_unknown_codes, unique_id
from evaluation.sources.conversion.reading import FILE, RawBlock
from evaluation.sources.dates import read_date
from evaluation.sources.staging import LINE, ROW

BLOCK = "records"


@dataclass
class _Work:
    connection: Backend
    layout: Layout
    account: Account

    def store(self, name: str, table: ir.Table) -> ir.Table:
        return self.connection.create_table(f"converted_{name}", table)

    def date(self, column: ir.StringValue) -> ir.DateValue:
        return read_date(column.strip(), self.layout.dates)


def convert_snapshots(
    connection: Backend, raw: dict[str, RawBlock], layout: Layout, account: Account
) -> Made:
    """Build children, removals and placements from the snapshots of AFCARS 1993.

    Of every episode (child and latest removal date) the latest snapshot decides;
    the same period in a later file replaces it. After the Children's Bureau's
    Round 3 syntax and the CFSR Round 4 data dictionary (August 2022).
    """
    work = _Work(connection, layout, account)
    records = _usable(work, raw[BLOCK])
    records = _one_per_period(work, records)
    episodes = _episodes(work, records)
    placements = _placements(work, records, episodes)
    return Made(
        {
            "children": _children(work, records),
            "removals": _removals(work, episodes),
            "placements": placements,
        }
    )


def _usable(work: _Work, raw: RawBlock) -> ir.Table:
    """Set aside records that name no child, period or removal."""
    account, table = work.account, raw.table
    account.add(BLOCK, "records", READ, sum(f.rows for f in raw.files), "Records read.")
    malformed = sum(f.malformed for f in raw.files)
    if malformed:
        account.add(
            BLOCK, "malformed", "left out", malformed,
            "Lines that are no record: too short, too long or of another number of fields "
            "(adoption parts of a submission are among them).",
        )  # fmt: skip
    state = code_of(table.State).lpad(2, "0")
    states = table.aggregate(n=state.nunique()).to_pyarrow()["n"][0].as_py()
    number = table.RecNumbr.strip().nullif("")
    own = state.fill_null("").concat(number) if states > 1 else number
    child = ibis.coalesce(table.StFCID.strip().nullif(""), own)
    month = code_of(table.RepDatMo)
    year = code_of(table.RepDatYr)
    half = ibis.cases(
        (month == "3", year.concat("-03-31")),
        (month == "9", year.concat("-09-30")),
        (month.isnull(), code_of(table.FY).concat("-09-30")),
    )
    removal = work.date(table.LatRemDt)
    placed = table.mutate(
        child=child,
        period=half.re_search(r"^\d{4}-").ifelse(half, ibis.null("string")).try_cast("date"),
        removal=removal,
        unknown_state=(state.notin(list(work.layout.states))).fill_null(False),
    )
    placed = work.store("placed", placed)
    reasons = (
        ("unknown state", placed.unknown_state, "The state code is none (a test record)."),
        ("no child", placed.child.isnull(), "No record number."),
        ("no period", placed.period.isnull(), "No report period that ends in March or September, "
         "and no fiscal year."),
        ("no removal date", placed.removal.isnull(), "No date of the latest removal that can be "
         "read."),
    )  # fmt: skip
    left = placed
    for step, broken, words in reasons:
        lost = left.filter(broken)
        if lost.count().to_pyarrow().as_py():
            account.leave_out(BLOCK, step, lost, words)
        left = left.filter(~broken)
    return left


def _one_per_period(work: _Work, records: ir.Table) -> ir.Table:
    """Keep one record per child and period: the later file's; of two in one file, neither."""
    account = work.account
    latest = ibis.window(group_by=["child", "period"])
    marked = records.mutate(last_file=records[FILE].max().over(latest))
    replaced = marked.filter(marked[FILE] < marked.last_file)
    account.leave_out(
        BLOCK, "replaced", replaced,
        "The child's record of the same period stands in a file named later, which wins.",
    )  # fmt: skip
    marked = marked.filter(marked[FILE] == marked.last_file)
    repeated = marked.group_by(["child", "period"]).aggregate(times=lambda t: t.count())
    repeated = repeated.filter(repeated.times > 1).select("child", "period")
    content = [c for c in work.layout.blocks[BLOCK].columns]
    twice = marked.semi_join(repeated, ["child", "period"])
    said = ibis.literal("")
    for name in content:
        said = said.concat(twice[name].fill_null(""), "\x1f")
    twice = twice.mutate(content=said)
    each = ibis.window(group_by=["child", "period"])
    ordered = ibis.window(group_by=["child", "period"], order_by=[LINE, ROW])
    twice = work.store(
        "twice",
        twice.mutate(
            versions=twice.content.nunique().over(each), place=ibis.row_number().over(ordered)
        ),
    )
    conflicting = twice.filter(twice.versions > 1)
    account.leave_out(
        BLOCK, "conflicting", conflicting,
        "Two records of one child and period in one file differ; neither is used.",
    )  # fmt: skip
    again = twice.filter((twice.versions == 1) & (twice.place > 0))
    account.leave_out(BLOCK, "repeated", again, "The record repeats an earlier one of its file.")
    kept = twice.filter((twice.versions == 1) & (twice.place == 0)).select(records.columns)
    single = marked.anti_join(repeated, ["child", "period"]).select(records.columns)
    return work.store("snapshots", single.union(kept))


def _episodes(work: _Work, records: ir.Table) -> ir.Table:
    """Return one row per child and removal date, with the discharge that can be known."""
    account = work.account
    newest_first = ibis.window(
        group_by=["child", "removal"], order_by=[ibis.desc("period"), LINE, ROW]
    )
    ranked = records.mutate(age=ibis.row_number().over(newest_first))
    superseded = ranked.filter(ranked.age > 0)
    account.leave_out(
        BLOCK, "superseded", superseded,
        "Earlier snapshots of an episode; the latest decides.", listed=False,
    )  # fmt: skip
    last = ranked.filter(ranked.age == 0)
    last = last.mutate(
        seen_discharge=work.date(last.DoDFCDt),
        number=code_of(last.TotalRem).try_cast("int64"),
        prior_discharge=work.date(last.DLstFCDt),
    )
    account.add(
        BLOCK, "episodes", USED, last.count().to_pyarrow().as_py(),
        "The latest snapshot of each episode.",
    )  # fmt: skip
    in_order = ibis.window(group_by="child", order_by=["removal"])
    last = last.mutate(
        next_removal=last.removal.lead().over(in_order),
        next_number=last.number.lead().over(in_order),
        next_prior=last.prior_discharge.lead().over(in_order),
        previous_number=last.number.lag().over(in_order),
        order=ibis.row_number().over(in_order),
    )
    found = (
        last.seen_discharge.isnull()
        & (last.next_number == last.number + 1)
        & (last.next_prior >= last.removal)
        & (last.next_prior <= last.next_removal)
    ).fill_null(False)
    episodes = last.mutate(
        found=found, discharge=found.ifelse(last.next_prior, last.seen_discharge)
    )
    episodes = work.store("episodes", episodes)
    account.note(
        BLOCK, "end from next record", episodes.filter(episodes.found),
        "The discharge was reported by the next record only (exit and re-entry within one "
        "period): its date is known, its reason is not.",
    )  # fmt: skip
    _account_for_unseen(work, episodes, records)
    endless = episodes.discharge.isnull() & episodes.next_removal.notnull()
    account.note(
        BLOCK, "end unknown", episodes.filter(endless),
        "A later episode began and no record tells when this one ended: the episode is not "
        "converted, for it would read as a stay that never ended.",
    )  # fmt: skip
    return episodes.mutate(endless=endless)


def _account_for_unseen(work: _Work, episodes: ir.Table, records: ir.Table) -> None:
    account = work.account
    before = ibis.cases(
        (episodes.order == 0, episodes.number - 1),
        else_=episodes.number - episodes.previous_number - 1,
    )
    first = (episodes.order == 0).fill_null(False)
    unseen = episodes.mutate(before=ibis.greatest(before, 0).fill_null(0))
    sums = unseen.aggregate(
        earlier=ibis.ifelse(first, unseen.before, 0).sum(),
        between=ibis.ifelse(first, 0, unseen.before).sum(),
    )
    counts = sums.to_pyarrow().to_pylist()[0]
    account.add(
        BLOCK, "episodes before the files", "noted", counts["earlier"] or 0,
        "Episodes that ended before the first record of the child, by its number of removals.",
    )  # fmt: skip
    account.add(
        BLOCK, "episodes never seen", "noted", counts["between"] or 0,
        "Episodes that began and ended between two records of the child (within one period, or "
        "before the last episode of an annual file), by the number of removals.",
    )  # fmt: skip
    last_period = records.period.max().name("last")
    final = records.aggregate(last_period).to_pyarrow()["last"][0].as_py()
    if final is not None:
        dropped = episodes.filter(
            episodes.discharge.isnull()
            & episodes.next_removal.isnull()
            & (episodes.period < ibis.literal(final))
        )
        account.note(
            BLOCK, "dropped from later periods", dropped,
            "In care at the last record, which is not of the last period, and never reported "
            "again: the episode is left open.",
        )  # fmt: skip


def _children(work: _Work, records: ir.Table) -> ir.Table:
    newest = ibis.window(
        group_by="child", order_by=[ibis.desc("period"), ibis.desc("removal"), LINE]
    )
    ranked = records.mutate(age=ibis.row_number().over(newest), born=work.date(records.DOB))
    differing = ranked.group_by("child").aggregate(
        dates=ranked.born.nunique(),
        **{FILE: ranked[FILE].max(), LINE: ranked[LINE].max()},
    )
    work.account.note(
        BLOCK, "birth dates that differ", differing.filter(differing.dates > 1),
        "Records of one child hold different birth dates; the latest is used.",
    )  # fmt: skip
    last = ranked.filter(ranked.age == 0)
    codes, flags = work.layout.codes, work.layout.flags
    note_unknown_codes(work.account, BLOCK, last, coded(codes, "sex", "hispanic", "disability"))
    hispanic = (decode(last.HISORGIN, codes["hispanic"]) == "yes").fill_null(False)
    groups: dict[str, list[str]] = {}
    for column, name in flags["disability"].values.items():
        groups.setdefault(name, []).append(column)
    children = last.select(
        child_id=last.child,
        birth_date=last.born,
        sex=decode(last.SEX, codes["sex"]),
        race_ethnicity=listed(
            last,
            flags["race_ethnicity"].values,
            hispanic.ifelse("hispanic", ibis.null("string")),
        ),
        disability=decode(last.CLINDIS, codes["disability"]),
        **{name: any_flag(last, columns) for name, columns in groups.items()},
    )
    return children.order_by("child_id")


def _removals(work: _Work, episodes: ir.Table) -> ir.Table:
    rows = episodes.filter(~episodes.endless)
    codes = work.layout.codes
    note_unknown_codes(work.account, BLOCK, rows, coded(codes, "discharge_reason", "custody"))
    reason = decode(rows.DISREASN, codes["discharge_reason"])
    usable = rows.discharge.notnull() & ~rows.found
    removals = rows.select(
        removal_id=unique_id(rows.child, rows.removal),
        child_id=rows.child,
        removal_date=rows.removal,
        discharge_date=rows.discharge,
        discharge_reason=usable.ifelse(reason, ibis.null("string")),
        removal_reasons=listed(rows, work.layout.flags["removal_reasons"].values),
        custody=decode(rows.MANREM, codes["custody"]),
        county=rows.FIPSCode.strip().nullif(""),
        removal_number=rows.number,
        removal_entered=work.date(rows.RemTrnDt),
        discharge_entered=rows.found.ifelse(ibis.null("date"), work.date(rows.DoDTrnDt)),
    )
    return removals.order_by("removal_id")


def _placements(work: _Work, records: ir.Table, episodes: ir.Table) -> ir.Table:
    """Return the settings the snapshots show; settings between two snapshots are counted."""
    account = work.account
    seen = records.mutate(start=work.date(records.CurSetDt))
    seen = seen.filter(seen.start.notnull())
    newest = ibis.window(
        group_by=["child", "removal", "start"], order_by=[ibis.desc("period"), LINE, ROW]
    )
    seen = seen.mutate(age=ibis.row_number().over(newest))
    seen = seen.filter(seen.age == 0).mutate(settings=code_of(seen.NumPlep).try_cast("int64"))
    ends = episodes.filter(~episodes.endless).select("child", "removal", "discharge")
    in_order = ibis.window(group_by=["child", "removal"], order_by="start")
    seen = seen.mutate(
        next_start=seen.start.lead().over(in_order),
        next_settings=seen.settings.lead().over(in_order),
    )
    rows = seen.join(ends, ["child", "removal"])
    exact = rows.next_start.isnull() | (rows.next_settings == rows.settings + 1).fill_null(False)
    rows = work.store("settings", rows.mutate(exact=exact))
    account.note(
        BLOCK, "settings between records", rows.filter(~rows.exact),
        "Between this setting and the next one seen, other settings were not seen; the next one's "
        "start stands as the end, which may be late.",
        listed=False,
    )  # fmt: skip
    codes = work.layout.codes["placement_type"]
    note_unknown_codes(account, BLOCK, rows, coded(work.layout.codes, "placement_type"))
    kind = decode(rows.CURPLSET, codes)
    home = (kind == "trial_home_visit").fill_null(False)
    account.note(
        BLOCK, "trial home visits", rows.filter(home),
        "Settings that are trial home visits: the child is in care and has not exited.",
        listed=False,
    )  # fmt: skip
    return rows.select(
        placement_id=unique_id(rows.child, rows.removal).concat("-", rows.start.strftime("%Y%m%d")),
        child_id=rows.child,
        removal_id=unique_id(rows.child, rows.removal),
        start_date=rows.start,
        end_date=ibis.coalesce(rows.next_start, rows.discharge),
        type=kind,
        kin=(kind == "relative_foster_home").ifelse(True, ibis.null("boolean")),
        trial_home_visit=home,
        end_is_exact=rows.exact,
    ).order_by("placement_id")
