"""The table of elements in the documentation says what the data files and the tests say.

To write it anew after a change: python tests/evidence/test_elements_table.py
"""

import ast
from pathlib import Path

import pytest

from evaluation.evidence.cebc_elements import ELEMENTS
from evaluation.evidence.standards import standard

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "evidence_elements.md"
BODIES = "test_bodies.py::test_worked_bodies_of_evidence"
INCLUSION = "test_bodies.py::test_inclusion_comes_first"
STATED = "test_bodies.py::test_what_records_cannot_show_is_stated_by_someone_or_unknown"
OWN = "test_contrasts.py::test_features_of_an_own_contrast_on_both_sides"
LASTING = "test_contrasts.py::test_a_sustained_effect_on_both_sides_of_each_line"
REQUIRED = "test_bodies.py::test_requirements_of_the_title_iv_e_standards"
PUBLISHED = "test_published_studies.py::test_features_of_a_published_study_on_both_sides"
CEBC_TESTS = {
    **dict.fromkeys(("targets", "service_type", "deliverer"), INCLUSION),
    **dict.fromkeys(("manual", "noharm_case", "accepted"), STATED),
}
FEATURE_CODE = {
    "baseline": (
        "baseline.baseline_equivalence",
        "test_designs.py::test_baseline_equivalence_on_both_sides_of_its_lines",
    ),
    "background": (
        "baseline.lacks_background",
        "test_designs.py::test_an_outcome_without_a_pretest_needs_race_and_means",
    ),
    "attrition": (
        "attrition.attrition",
        "test_designs.py::test_both_sides_of_every_row_of_the_boundary",
    ),
    "noconfound": ("baseline.single_unit_confound", "test_designs.py::test_single_unit_confound"),
    "sustained6": ("contrast.ContrastEvidence.sustained", LASTING),
    "sustained12": ("contrast.ContrastEvidence.sustained", LASTING),
    "premeasured": (
        "own_evidence.own_features",
        "test_contrasts.py::test_the_baseline_is_measured_before_the_service",
    ),
    "declared": ("own_evidence.own_features", OWN),
    "design": ("own_evidence.own_features", OWN),
    "favorable": ("own_evidence.own_features", OWN),
    "source": ("published_evidence.published_study", PUBLISHED),
    "usual_care": ("published_evidence.published_study", PUBLISHED),
    "intact": (
        "own_evidence.own_features",
        "test_contrasts.py::test_assignment_and_clusters_are_told_from_the_design",
    ),
    "clusters": (
        "own_evidence.own_features",
        "test_contrasts.py::test_assignment_and_clusters_are_told_from_the_design",
    ),
}
HARM = "test_bodies.py::test_no_evidence_of_harm_is_required"
HEAD = """# The elements of both standards

Each element with the source of its wording, whether that wording was read (confirmed) or not, the function of
`evaluation.evidence` that decides it, and the test on both sides of its line. The wording itself stands in
`data_schemas/evidence/`. A test compares this page with the code.
"""


def make_table():
    lines = [HEAD]
    scale, title = standard("cebc"), standard("clearinghouse")
    rows = [
        (
            code,
            meaning,
            scale["address"],
            f"cebc_elements.{ELEMENTS[code].__name__}",
            CEBC_TESTS.get(code, BODIES),
        )
        for code, meaning in scale["elements"].items()
    ]
    lines += _part(scale["name"], rows)
    rows = [(c, m, title["address"], *FEATURE_CODE[c]) for c, m in title["features"].items()]
    lines += _part(f"{title['name']}: features of a contrast", rows)
    rows = [
        (
            c,
            m,
            title["address"],
            "prevention_standards.clearinghouse",
            HARM if c == "noharm" else REQUIRED,
        )
        for c, m in title["requirements"].items()
    ]
    lines += _part(f"{title['name']}: requirements of a body of evidence", rows)
    return "\n".join(lines) + "\n"


def _part(name, rows):
    yield f"## {name}\n"
    yield "| element | text | source | wording | function | test |"
    yield "|---|---|---|---|---|---|"
    for code, meaning, address, function, test in rows:
        yield f"| `{code}` | {meaning['text']} | {address} | {meaning['confirmation']} | `{function}` | `{test}` |"
    yield ""


def test_the_page_is_what_code_and_data_say():
    assert TABLE.read_text(encoding="utf-8") == make_table()


def _named():
    rows = [line.split(" | ") for line in make_table().splitlines() if line.startswith("| `")]
    return sorted({(row[4].strip("` |"), row[5].strip("` |")) for row in rows})


@pytest.mark.parametrize(("function", "test"), _named())
def test_functions_and_tests_named_exist(function, test):
    from importlib import import_module

    module, *names = function.split(".")
    found = import_module(f"evaluation.evidence.{module}")
    for name in names:
        found = getattr(found, name)
    assert callable(found)
    file, name = test.split("::")
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_element_is_seen_on_both_sides():
    """In the worked bodies each element that studies decide is present somewhere and absent elsewhere."""
    from evaluation.evidence import cebc
    from evaluation.evidence.body import Body

    from .conftest import make_program, read_studies
    from .test_bodies import BODIES as DRAWN

    seen = {}
    for drawing, *_ in DRAWN.values():
        walk = cebc(Body(make_program(), read_studies(drawing)))
        for code, found in walk.elements.items():
            seen.setdefault(code, set()).add(found.status)
    by_studies = set(ELEMENTS) - set(CEBC_TESTS)
    assert {code for code in by_studies if not {"present", "absent"} <= seen[code]} == set()


if __name__ == "__main__":
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(make_table(), encoding="utf-8")
