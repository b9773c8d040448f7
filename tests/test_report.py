"""The report as its readers get it: the same bytes, nothing of the machine, nothing missing."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from evaluation.cli import app

MADE = ["annual.html", "annual.docx", "annual.pdf", "tables.xlsx", "estimates.json"]


def run(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "demo"
    run("demo", "--children", 1500, "--seed", 2, "--out", out)
    return out


def test_everything_asked_for_appears(demo):
    for name in MADE:
        assert (demo / "report" / name).stat().st_size > 1000
    charts = {path.suffix for path in (demo / "report" / "charts").iterdir()}
    assert charts == {".png", ".svg"}


def test_another_folder_and_run_give_the_same_bytes(demo, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(demo / "data", moved / "data")
    shutil.copy(demo / "study.toml", moved / "study.toml")
    run("report", moved / "study.toml", "--out", tmp_path / "one")
    run("report", moved / "study.toml", "--out", tmp_path / "two")
    for path in sorted((tmp_path / "one").rglob("*")):
        if path.is_file():
            again = tmp_path / "two" / path.relative_to(tmp_path / "one")
            assert path.read_bytes() == again.read_bytes(), path.name


def test_nothing_of_the_machine_is_printed(demo):
    for name in ("annual.html", "estimates.json"):
        text = (demo / "report" / name).read_text(encoding="utf-8")
        assert str(demo.parent) not in text
        assert "/tmp/" not in text and "/home/" not in text


def test_the_page_needs_no_network(demo):
    text = (demo / "report" / "annual.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "Content-Security-Policy" in text


def test_estimates_stand_beside_their_truth_and_naive_claims_are_refused(demo):
    text = " ".join((demo / "report" / "annual.html").read_text(encoding="utf-8").split())
    assert "hold the truth" in text
    assert "refused as an effect" in text
    assert "time in which the outcome could not yet have happened" in text


def test_estimates_json_is_strict_and_says_where_it_comes_from(demo):
    def refuse(constant):
        raise AssertionError(constant)

    content = json.loads((demo / "report" / "estimates.json").read_text(), parse_constant=refuse)
    row = content["models"][0]
    assert {"model", "term", "coef", "se", "robust_se", "hazard_ratio"} <= set(row)
    assert len(json.dumps(content["provenance"])) > 100


def test_a_county_of_few_exits_gets_sentences_not_asterisks(tmp_path):
    run("demo", "--children", 400, "--out", tmp_path / "small")
    text = (tmp_path / "small" / "report" / "annual.html").read_text(encoding="utf-8")
    cells = re.findall(r"<td[^>]*>(.*?)</td>", text, flags=re.S)
    hidden = sum(re.sub(r"<[^>]+>", "", cell).strip() == "s" for cell in cells)
    assert hidden / len(cells) < 0.2
    assert "cannot be told" in text
    assert "too few" in text


def test_the_whole_chain_ends_in_an_entry_whose_numbers_can_be_found(demo):
    """Records, estimate, contrast, evidence, program entry: one command."""
    report = demo / "report"
    entry = json.loads((report / "program_success_coach.json").read_text(encoding="utf-8"))
    estimates = json.loads((report / "estimates.json").read_text(encoding="utf-8"))
    known = {row["id"] for row in estimates["effects"]}
    named = {name for finding in entry["findings"] for name in finding["estimates"]}
    assert named and named <= known
    assert entry["statement"].endswith("this is not a CEBC rating.")
    elements = {row["code"]: row["status"] for row in entry["cebc"]["elements"]}
    for code in ("rct1", "rct2", "sustain6", "sustain12", "peer", "weight", "control1"):
        assert elements[code] != "present"
    text = (report / "program_success_coach.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'href="#(success_coach\.[^"]+)"', text))
    assert linked and linked <= known
    assert all(f'id="{name}"' in text for name in linked)
    assert "Catawba County" in text
