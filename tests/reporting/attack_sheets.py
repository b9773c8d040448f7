"""The part of the attack that reads the workbook sheet by sheet.

Every sheet has a reader here, or a reason why it holds nothing of children to solve for: a
sheet with neither fails the test that lists them.
"""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial

from tests.reporting.attack import HIDDEN, NUMBER, Attack, Files

EXACT = 1e-9
LARGEST = 20_000
Sheet = list[dict[str, object]]


def read_sheets(found: Attack, files: Files, year: int) -> None:
    """Take in every sheet of a workbook."""
    for name, rows in files.sheets.items():
        reader = reader_of(name)
        if callable(reader):
            reader(found, rows, year, name)


def reader_of(name: str) -> Callable | str | None:
    """Return what reads a sheet, or why nothing does; nothing where neither is known."""
    for pattern, reader in (*READERS.items(), *NOTHING_TO_SOLVE.items()):
        if re.fullmatch(pattern, name):
            return reader
    return None


def share_of(found: Attack, events: tuple, n: tuple, value, most: float | None = None) -> None:
    """Take in that so many events are a share of so many children, as far as it is printed.

    A share in full precision is a fraction, so its denominator divides the number of children;
    where twice the denominator is more than there are, it is that number.
    """
    share, spread = _share(value)
    if share is None:
        return
    found.equal({events: 1.0, n: -(share - spread)}, 0, float("inf"))
    found.equal({events: 1.0, n: -(share + spread)}, -float("inf"), 0)
    if spread > EXACT or not 0 < share < 1:
        return
    part = Fraction(share).limit_denominator(LARGEST)
    if abs(float(part) - share) < 1e-12 and part.denominator < LARGEST / 2:
        least = float(part.denominator)
        alone = most is not None and 2 * least > most
        found.equal({n: 1.0}, least, least if alone else float("inf"))


def _share(value) -> tuple[float | None, float]:
    if isinstance(value, int | float):
        return float(value), EXACT
    match = NUMBER.fullmatch(str(value))
    if not match or not match[2]:
        return None, 0.0
    decimals = len(match[1].partition(".")[2])
    return float(match[1]) / 100, 0.5 / 10 ** (decimals + 2)


def _parts(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Measures: eligible are met, not met, not yet due and not computable."""
    for row in rows:
        key = (year, "measure", row["Measure"])
        cells = {"met": "Met", "not_met": "Not met", "not_yet_due": "Not yet due"}
        for part, column in (*cells.items(), ("eligible", "Eligible")):
            found.cell((*key, part), row[column])
        found.adds_up([(*key, part) for part in (*cells, "cannot_be_computed")], (*key, "eligible"))
        found.adds_up([(*key, "met"), (*key, "not_met")], (*key, "n"))
        share_of(found, (*key, "met"), (*key, "n"), row["Met, %"])


def _asked(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Questions and indicators: a number of a whole."""
    measure, of = ("Indicator", "Children or days") if name == "federal" else ("Measure", "Of all")
    number = "Numerator" if name == "federal" else "Number"
    for row in rows:
        key = (year, "measure", row[measure])
        if "Period" in row:
            found.periods[year, row[measure]] = row["Period"]
        found.cell((*key, "met"), row[number])
        found.cell((*key, "n"), row[of])
        found.adds_up([(*key, "met"), (*key, "not_met")], (*key, "n"))


def _by_group(found: Attack, rows: Sheet, year: int, name: str, column: str = "Group") -> None:
    """Groups, months or counties add up to everyone; shares and differences give each."""
    blocks: dict[tuple, list] = {}
    for row in rows:
        block = str(row[column]).split(": ")[0] if column == "Group" else column
        blocks.setdefault((row["Measure"], block), []).append(row)
    for (measure, block), own in blocks.items():
        whole = (year, "measure", measure)
        keys = [(year, block, measure, str(row[column])) for row in own]
        if own[0].get("Per", 100) == 100:
            for part in ("met", "not_met"):
                found.adds_up([(*key, part) for key in keys], (*whole, part))
        else:
            found.adds_up([(*key, "met") for key in keys], (*whole, "met"))
        for key, row in zip(keys, own, strict=True):
            found.adds_up([(*key, "met"), (*key, "not_met")], (*key, "n"))
            for share in _said(row, found, whole):
                share_of(found, (*key, "met"), (*key, "n"), share, found.known.get((*whole, "n")))


def _said(row: dict, found: Attack, whole: tuple) -> list[float | str]:
    """Return the share of a group in every way its row says it."""
    per = row.get("Per", 100) if "Per" in row else 1
    said = [row[name] / per for name in ("Value", "Met, %") if _number(row.get(name))]
    met, n = (found.known.get((*whole, name)) for name in ("met", "n"))
    if met is not None and n:
        everyone = met / n
        if _number(row.get("Difference from everyone")):
            said.append(row["Difference from everyone"] / per + everyone)
        if _number(row.get("Ratio to everyone")):
            said.append(row["Ratio to everyone"] * everyone)
    return said


def _number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _largest(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """The largest differences say again what the sheets by group say."""
    for row in rows:
        key = (year, str(row["Group"]).split(": ")[0], row["Measure"], str(row["Group"]))
        share_of(found, (*key, "met"), (*key, "n"), row["Share, %"])


def _equity(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Shares of groups whose sizes stand among the characteristics of the cohort."""
    outcome = name.removeprefix("equity_")
    for row in rows:
        label = str(row["Group"])
        key = (year, "equity", outcome, label)
        n = (year, "who", label, "all")
        size = found.known.get(n)
        if _number(row["Share, %"]) and size:
            events = row["Share, %"] * size
            if abs(events - round(events)) < 1e-6:
                found.known.setdefault((*key, "met"), float(round(events)))
        found.adds_up([(*key, "met"), (*key, "not_met")], n)
        _families(found, row, key)
    blocks: dict[str, list] = {}
    for row in rows:
        blocks.setdefault(str(row["Group"]).split(": ")[0], []).append(str(row["Group"]))
    whole = found.known.get((year, outcome, "all", "all", "events", 365))
    for labels in blocks.values() if whole is not None else ():
        keys = [(year, "equity", outcome, label, "met") for label in labels]
        found.equal(dict.fromkeys(keys, 1.0), whole)


def _families(found: Attack, row: dict, key: tuple) -> None:
    """Where nobody had the event, the exact upper limit tells the number of families."""
    limits = re.fullmatch(r"0(?:\.0)?% to (\d+(?:\.\d+)?)%", str(row["95% interval"]))
    if row["Share, %"] == 0 and limits and 0 < float(limits[1]) < 100:
        ends = [(float(limits[1]) + side) / 100 for side in (0.05, -0.05)]
        low, high = (math.log(0.025) / math.log(1 - end) for end in ends)
        found.equal({(*key, "families"): 1.0}, low, high)


def _counties(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Counties add up to the agency's numerator and denominator."""
    caption = re.sub(r", by county$", "", str(rows[0]["caption"])) if rows else ""
    whole = (year, "measure", caption)
    n = found.known.get((*whole, "n"))
    keys = [(year, "county", caption, str(row["County"])) for row in rows]
    found.adds_up([(*key, "met") for key in keys], (*whole, "met"))
    found.adds_up([(*key, "n") for key in keys], (*whole, "n"))
    per = 100_000 if "100,000" in caption else 1_000 if "1,000" in caption else 100
    for key, row in zip(keys, rows, strict=True):
        if per == 100:
            found.adds_up([(*key, "met"), (*key, "not_met")], (*key, "n"))
        if _number(row["Observed"]):
            share_of(found, (*key, "met"), (*key, "n"), row["Observed"] / per, n)


def _rows_read(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Rows read are rows accepted and rows set aside."""
    for row in rows:
        key = (year, "rows", row["Table"])
        found.cell((*key, "read"), row["Rows read"])
        found.cell((*key, "aside"), row["Set aside"])
        found.adds_up([(*key, "aside"), (*key, "accepted")], (*key, "read"))
        share_of(found, (*key, "aside"), (*key, "read"), row["Set aside, %"])


def _given(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Accepted rows have a field, or lack it."""
    for row in rows:
        key = (year, "field", row["Table"], row["Field"])
        accepted = (year, "rows", row["Table"], "accepted")
        found.cell((*key, "missing"), row["Missing"])
        found.cell(accepted, row["Rows"])
        found.adds_up([(*key, "missing"), (*key, "given")], accepted)
        share_of(found, (*key, "given"), accepted, row["Given, %"])


def _broken(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Rows that break one rule are no more than those set aside, and all rules no fewer."""
    tables: dict[str, list] = {}
    for row in rows:
        key = (year, "rule", row["Table"], row["Field"], row["Rule"])
        aside = (year, "rows", row["Table"], "aside")
        found.cell(key, row["Rows"])
        found.at_most(key, aside)
        of = (*key, "of")
        found.cell(of, row["Of"])
        found.at_most(of, (year, "rows", row["Table"], "read"))
        share_of(found, key, of, row["Share, %"])
        tables.setdefault(row["Table"], []).append(key)
    for table, keys in tables.items():
        every = {**dict.fromkeys(keys, -1.0), (year, "rows", table, "aside"): 1.0}
        found.equal(every, -float("inf"), 0)


def _limits(found: Attack, rows: Sheet, year: int, name: str) -> None:
    for row in rows:
        key = (year, "limit", row["Check"])
        found.cell((*key, "rows"), row["Rows"])
        found.cell((*key, "of"), row["Of"])
        found.adds_up([(*key, "rows"), (*key, "rest")], (*key, "of"))
        share_of(found, (*key, "rows"), (*key, "of"), row["Measured, %"])


def _delivered(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Shares of what was delivered, of all exits where the row says so."""
    everyone = (year, "exit_type", "all", "all")
    for row in rows:
        key = (year, "dose", row.get("Service", "all"), row["What was delivered"])
        n = everyone if row["Of"] == "exits" else (*key, "n")
        found.adds_up([(*key, "met"), (*key, "not_met")], n)
        share_of(found, (*key, "met"), n, row["Value"])


def _delivered_to(found: Attack, rows: Sheet, year: int, name: str) -> None:
    for row in rows:
        for column, value in row.items():
            key = (year, "dose", name, str(row["Group"]), column)
            if _share(value)[0] is not None or value == HIDDEN:
                found.adds_up([(*key, "met"), (*key, "not_met")], (*key, "n"))
                share_of(found, (*key, "met"), (*key, "n"), value)


def _counted(found: Attack, rows: Sheet, year: int, name: str, columns: tuple = ()) -> None:
    """Single counts, by whatever names their row."""
    for row in rows:
        label = tuple(str(value) for key, value in row.items() if key not in (*columns, "caption"))
        for column in columns:
            found.cell((year, name, *label, column), row[column])


def _lacking(found: Attack, rows: Sheet, year: int, name: str) -> None:
    """Patterns of what is missing add up to all children of the comparison."""
    for row in rows:
        key = (year, "lacking", row["Service and outcome"], row["Lacking"])
        found.cell(key, row["Children"])
        share_of(found, key, (year, "lacking", row["Service and outcome"], "all"), row["Share"])
    for what in {row["Service and outcome"] for row in rows}:
        own = [
            (year, "lacking", what, r["Lacking"]) for r in rows if r["Service and outcome"] == what
        ]
        found.adds_up(own, (year, "lacking", what, "all"))


READERS: dict[str, Callable] = {
    "data_quality": _rows_read,
    "fidelity": _parts,
    r"question_\d+|federal": _asked,
    "practice_groups|question_groups": _by_group,
    "practice_months": partial(_by_group, column="Month or year"),
    "practice_differences": _largest,
    "equity_.*": _equity,
    "county_.*": _counties,
    "completeness": _given,
    "validity": _broken,
    "federal_limits": _limits,
    "dose|dose_(casey|needs|cebc)": _delivered,
    r"dose_groups_\d+": _delivered_to,
    "timeliness": partial(_counted, columns=("Rows", "Rows that run back")),
    "missing_months": partial(_counted, columns=("Rows", "Rows in a month around it")),
    "weights_.*": partial(_counted, columns=("Children", "Worth, children")),
    "missing": _lacking,
}
IN_JSON = "the same numbers stand in estimates.json, which is read"
ESTIMATES = "estimates with intervals and no counts; hidden by their own counts"
WORDS = "words and settings, no number of children"
NOTHING_TO_SOLVE: dict[str, str] = {
    "flow|who|services|incidence_.*|ratios|balance_.*|home|changed_(?!settings).*": IN_JSON,
    "risks|beside|beside_primary|naive|truth|model_.*|sensitivity_.*|grace_.*|others_.*|landmarks": ESTIMATES,
    "contacts": "contacts a child, without either number",
    "evidence|supports_.*|diagnostics": ESTIMATES,
    "supports|protocol.*|checklist|cebc_.*|title_iv_e_.*|features_.*|provenance": WORDS,
    "changed_settings": WORDS,
}
