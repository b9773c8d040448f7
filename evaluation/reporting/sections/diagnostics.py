"""Section: can each comparison be believed? Every check with its limit and its verdict."""

import pandas as pd

from evaluation.reporting.numerals import SUPPRESSED, show
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words, upper_first

CHECKS = (
    Column("what", "Service and outcome"),
    Column("check", "Check"),
    Column("value", "Found"),
    Column("limit", "Limit"),
    Column("verdict", "Verdict"),
    Column("words", "What it is"),
)
VERDICTS = {"pass": "passes", "caution": "caution", "fail": "fails"}
SHARES = ("positivity", "follow-up maturity")
NOTE = (
    "Passes: nothing against it. Caution: read the estimate with the note. Fails: the comparison "
    "is marked as failing wherever it is reported, and carries no claim."
)


def diagnostics(material: Material) -> Section | None:
    """List every check of every contrast with its verdict; nothing where none was made."""
    released = material.released.diagnostics
    if released.empty:
        return None
    rows = [
        {
            "what": _what(material, row.service, row.outcome),
            "check": row.check,
            "value": _shown(row.check, row.value),
            "limit": _shown(row.check, row.limit),
            "verdict": VERDICTS[row.verdict],
            "words": row.words,
        }
        for row in released.itertuples()
    ]
    table = Table(
        "diagnostics", "Every check of every comparison", CHECKS, pd.DataFrame(rows), NOTE
    )
    failed = released[released["verdict"] == "fail"]
    said = [
        f"{_what(material, service, outcome)} fails: {', '.join(own['check'])}."
        for (service, outcome), own in failed.groupby(["service", "outcome"], sort=False)
    ]
    total = len(released[["service", "outcome"]].drop_duplicates())
    if said:
        count = f"{len(said)} of {total} comparisons fail a check"
        title = upper_first(count if len(said) > 1 else f"1 of {total} comparisons fails a check")
    else:
        title = "No comparison fails a check"
    return Section("diagnostics", title, tuple(said), (table,))


def _shown(check: str, value: object) -> str:
    if value == SUPPRESSED:
        return SUPPRESSED
    if check in SHARES:
        return show(value, "percent")
    return show(value, {"balance": "ratio", "proportional hazards": "p"}.get(check, "decimal"))


def _what(material: Material, service: str, outcome: str) -> str:
    return f"{material.service_name(service)}: {outcome_words(outcome, material.study).event}"
