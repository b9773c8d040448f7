"""The account of a conversion as plain text for a data manager."""

import textwrap

from evaluation.sources.conversion.account import LEFT_OUT, NOTED, READ, USED, ConversionReport

_WIDTH = 96


def conversion_text(report: ConversionReport) -> str:
    """Write a conversion's account as text.

    Parameters
    ----------
    report : ConversionReport
        The account.

    Returns
    -------
    str
        Lines of at most 96 characters.
    """
    parts = [
        _heading(f"Conversion of {report.title}"),
        _bullets(
            f"{row.file} ({row.block}): {row.rows:,} rows, {row.malformed:,} that are no rows of "
            f"it, {row.blank_lines:,} blank lines, SHA-256 {row.sha256[:16]}"
            for row in report.files.itertuples()
        ),
        _heading("What became of every row"),
        *(_block(report, block) for block in report.steps["block"].unique()),
        _heading("Tables made"),
        _bullets(f"{name}: {rows:,} rows" for name, rows in report.tables.items()),
    ]
    if len(report.limits):
        parts += [_heading("Federal limits"), _bullets(report.limits["message"])]
    parts += [
        _heading("What these files cannot carry"),
        _bullets(_absent(report)),
        _heading("What a study can therefore not estimate"),
        _bullets(report.estimates_lost),
        _heading("Readings not found in a published source: check them against your own files"),
        _bullets(report.unconfirmed),
        _heading("Sources"),
        _bullets(f"{r['key']}: {r['title']} {r['address']}".rstrip() for r in report.references),
    ]
    return "\n".join(parts) + "\n"


def _block(report: ConversionReport, block: str) -> str:
    steps = report.steps[report.steps["block"] == block]
    total = {kind: int(steps.loc[steps["kind"] == kind, "rows"].sum()) for kind in (READ, USED)}
    left = int(steps.loc[steps["kind"] == LEFT_OUT, "rows"].sum())
    lines = [
        f"{block}: {total[READ]:,} rows read = {total[USED]:,} used + {left:,} left out",
    ]
    for kind, word in ((LEFT_OUT, "left out"), (NOTED, "note")):
        chosen = steps[(steps["kind"] == kind) & (steps["rows"] > 0)]
        lines += [f"{word}, {row.rows:,}: {row.words}" for row in chosen.itertuples()]
    return _bullets(lines)


def _absent(report: ConversionReport) -> list[str]:
    tables: dict[str, list[str]] = {}
    for table, column in report.not_carried:
        tables.setdefault(table, []).append(column)
    whole = [table for table, columns in tables.items() if columns == ["*"]]
    said = [f"Whole tables: {', '.join(whole)}"] if whole else []
    said += [
        f"{table}: {', '.join(columns)}" for table, columns in tables.items() if columns != ["*"]
    ]
    codes: dict[tuple[str, str], list[str]] = {}
    for table, column, code in report.codes_not_carried:
        codes.setdefault((table, column), []).append(code)
    said += [
        f"{table}.{column} is never {', '.join(words)}" for (table, column), words in codes.items()
    ]
    return said


def _heading(words: str) -> str:
    return f"\n{words}\n{'-' * min(len(words), _WIDTH)}"


def _bullets(lines) -> str:
    said = [
        textwrap.fill(
            " ".join(str(line).split()),
            _WIDTH,
            initial_indent="- ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines
    ]
    return "\n".join(said) if said else "- none"
