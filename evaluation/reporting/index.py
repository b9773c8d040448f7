"""The first page of a folder: every output, for release or for internal use."""

from collections.abc import Sequence

from markupsafe import Markup

from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.document import write_markdown
from evaluation.reporting.forms import Page
from evaluation.reporting.markdown import escape
from evaluation.reporting.reports import Report, origin_table

FORM_NAMES = {"html": "web page", "docx": "Word", "pdf": "PDF"}
BESIDE = (
    ("Every table in one workbook.", (("tables.xlsx", "Excel"),)),
    ("Every estimate in full precision, for those who compute.", (("estimates.json", "JSON"),)),
    ("Every output with its checksum and what was hidden in it.", (("manifest.json", "JSON"),)),
)
KEPT = (
    "What “permanency check” and “permanency cohort” write holds rows of single children: keep it "
    "inside the agency."
)
Entry = tuple[str, tuple[tuple[str, str], ...]]


def index(
    found: AnnualReport, reports: Sequence[Report], forms: Sequence[str], page: Page
) -> bytes:
    """Write ``index.html``.

    Parameters
    ----------
    found : AnnualReport
        For the answer and the provenance.
    reports : sequence of Report
        What was written.
    forms : sequence of str
        In which forms.
    page : Page
        Title, agency and folder.

    Returns
    -------
    bytes
    """
    released = found.material.rule.on
    charts = {chart.name: chart.title for report in reports for chart in report.charts}
    facts = {
        "answer": found.answer,
        "rule": found.material.rule.words,
        "released": [
            *(_entry(report, forms) for report in reports if report.audience == "release"),
            *(BESIDE if released else ()),
        ],
        "slides": [
            (f"{title}.", ((f"charts/{name}.png", "picture"), (f"charts/{name}.svg", "drawing")))
            for name, title in charts.items()
        ],
        "internal": [
            *(_entry(r, forms) for r in reports if r.audience == "internal"),
            *(() if released else BESIDE),
        ],
        "kept": KEPT,
        "links": _links,
        "origin": origin_table(found.provenance),
    }
    return page.html(write_markdown("index.md.j2", facts, page.house))


def _entry(report: Report, forms: Sequence[str]) -> Entry:
    files = [(f"{report.name}.{form}", FORM_NAMES[form]) for form in forms]
    if report.data is not None:
        files.append((f"{report.name}.json", "JSON"))
    return report.about, tuple(files)


def _links(entry: Entry) -> Markup:
    about, files = entry
    joined = Markup(", ").join(Markup(f"[{escape(words)}](<{path}>)") for path, words in files)
    return Markup(f"- {escape(about)} {joined}")
