"""Program entries: what they say, where their numbers stand, and that nothing small is in them."""

import json
import re
from dataclasses import replace

import docx
import pypdf
import pytest
from lxml import html as lxml_html
from typer.testing import CliRunner

from evaluation.cli import app
from evaluation.errors import DataError, OutputError
from evaluation.evidence import AfterService, Registry, registry
from evaluation.evidence.effect_sizes import symmetric
from evaluation.evidence.program_evidence import evidence, weigh
from evaluation.reporting import write_reports
from evaluation.reporting.disclosure import Disclosure, release_effects, release_evidence


@pytest.fixture(scope="module")
def entries(results, tmp_path_factory):
    study, agency, cohort, effects = results
    out = tmp_path_factory.mktemp("entries") / "out"
    weighed = evidence(cohort, effects)
    write_reports(study, agency, cohort, effects, out, only=["annual", "program"], evidence=weighed)
    return out


def page(out, name="program_coach"):
    return lxml_html.parse(str(out / f"{name}.html")).getroot()


def words(root):
    return re.sub(r"\s+", " ", root.text_content())


def test_every_service_has_an_entry_in_every_form(entries):
    names = {path.name for path in entries.iterdir()}
    for program in ("coach", "respite"):
        assert {f"program_{program}.{form}" for form in ("html", "docx", "pdf", "json")} <= names


def test_every_form_says_what_is_missing_and_that_it_is_no_rating(entries):
    pdf = " ".join(p.extract_text() for p in pypdf.PdfReader(entries / "program_coach.pdf").pages)
    word = docx.Document(entries / "program_coach.docx")
    cells = [c.text for t in word.tables for row in t.rows for c in row.cells]
    texts = [
        words(page(entries)),
        re.sub(r"\s+", " ", pdf),
        " ".join([*(p.text for p in word.paragraphs), *cells]),
    ]
    for text in texts:
        for said in (
            "this is not a CEBC rating",
            "not a rating by the Title IV-E",
            "not published",
            "services.coach.intended_months",
            "Not randomized",
            "wording unconfirmed",
            "Version 2.0",
        ):
            assert said.lower() in text.lower(), said
        assert not re.search(r"\brated [1-5]\b|\bearn(s|ed)\b", text)


def test_from_any_sentence_a_reader_reaches_its_numbers(entries):
    """Links lead to the page's list of estimates, whose ids are those of estimates.json."""
    root = page(entries)
    content = json.loads((entries / "estimates.json").read_text(encoding="utf-8"))
    known = {row["id"]: row for row in content["effects"]}
    assert len(known) == len(content["effects"])
    found = [a for a in root.iter("a") if a.get("href", "").startswith("#coach.")]
    assert len(found) > 10
    for a in found:
        name = a.get("href")[1:]
        assert name in known
        assert len(root.xpath(f"//*[@id='{name}']")) == 1
    sentences = [li for li in root.iter("li") if "with the service." in words(li)]
    assert sentences
    assert all(list(li.iter("a")) for li in sentences)
    shown = words(root)
    assert known["coach.reentry.365.risk_difference"]["estimate"] == pytest.approx(-0.04)
    assert "coach.reentry.365.risk_difference: difference per 100 −4.0 (−5.2 to −2.8)" in shown


def test_the_json_of_an_entry_is_strict_and_lists_estimates(entries):
    content = json.loads((entries / "program_coach.json").read_text(encoding="utf-8"))
    assert content["statement"].endswith("this is not a CEBC rating.")
    assert {row["code"] for row in content["cebc"]["elements"]} >= {"rct1", "peer", "manual"}
    missing = {row["code"]: row for row in content["cebc"]["elements"]}
    assert missing["peer"]["status"] == "absent"
    assert missing["peer"]["if_published"] == "present"
    ids = {name for finding in content["findings"] for name in finding["estimates"]}
    effects = json.loads((entries / "estimates.json").read_text(encoding="utf-8"))["effects"]
    assert ids <= {row["id"] for row in effects}


def test_the_annual_report_sums_the_evidence_up(entries):
    text = words(page(entries, "annual"))
    assert "What each comparison can support" in text
    assert "nothing here is a rating" in text
    assert "No service is shown here to have an effect that lasts after its end" in text


def test_an_entry_without_evidence_is_refused(results, tmp_path):
    with pytest.raises(OutputError, match="evidence=ev.evidence"):
        write_reports(*results, tmp_path / "out", only=["program"])


def test_text_from_a_study_file_stays_text(results, invented, tmp_path):
    study, agency, cohort, effects = results
    shipped = registry()
    program = shipped.programs["success_coach"].model_copy(
        update={"id": "coach", "name": "Coach", "description": invented.HOSTILE}
    )
    own = Registry({**shipped.programs, "coach": program}, shipped.studies)
    weighed = weigh(study, (2018, 2022), own, evidence(cohort, effects).contrasts)
    out = tmp_path / "out"
    write_reports(
        study, agency, cohort, effects, out, formats=("html",), only=["program"], evidence=weighed
    )
    text = (out / "program_coach.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert re.sub(r"\s+", " ", invented.HOSTILE) in words(page(out))


def test_names_of_published_studies_stay_text_in_every_form(results, invented, tmp_path):
    """Every text of a study or program file, in HTML and in JSON."""
    study, agency, cohort, effects = results
    shipped = registry()
    bad = invented.HOSTILE
    program = shipped.programs["homebuilders"].model_copy(
        update={
            "id": "coach",
            "name": bad,
            "target_population": bad,
            "targets_permanent_families": "no",
            "service_types": (bad,),
            "delivered_by": (bad,),
            "essential_components": (bad, bad),
            "duration": bad,
        }
    )
    source = shipped.studies[0].source.model_copy(update={"title": bad})
    hostile = shipped.studies[3].model_copy(
        update={"program": "coach", "title": bad, "comparison": bad, "limitations": (bad,)}
        | {"source": source, "follow_up": bad}
    )
    own = Registry({**shipped.programs, "coach": program}, (hostile,))
    weighed = weigh(study, (2018, 2022), own, evidence(cohort, effects).contrasts)
    out = tmp_path / "out"
    write_reports(
        study, agency, cohort, effects, out, formats=("html",), only=["program"], evidence=weighed
    )
    text = (out / "program_coach.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    scripts = [each for each in page(out).iter("script") if "alert" in (each.text or "")]
    assert not scripts
    assert not [a for a in page(out).iter("a") if a.get("href", "").startswith("javascript")]
    content = json.loads((out / "program_coach.json").read_text(encoding="utf-8"))
    assert [each["title"] for each in content["studies"]][1] == bad
    assert "<script>alert" not in weighed._repr_html_()


def test_the_difference_after_the_service_is_a_number_a_reader_reaches(results, tmp_path):
    study, agency, cohort, effects = results
    weighed = evidence(cohort, effects)
    first = next(c for c in weighed.contrasts if c.id == "coach.reentry.365")
    after = AfterService(183, 365, symmetric("risk_difference", -0.02, 0.005, "drawn"), {}, p=0.01)
    told = weighed.with_contrasts(
        replace(c, after_service=after if c is first else None) for c in weighed.contrasts
    )
    out = tmp_path / "out"
    write_reports(
        study, agency, cohort, effects, out, formats=("html",), only=["program"], evidence=told
    )
    root, name = page(out), "coach.reentry.365.after_service"
    assert len(root.xpath(f"//*[@id='{name}']")) == 1
    assert root.xpath(f"//a[@href='#{name}']")
    assert f"{name}: difference after its end per 100 −2.0 (−3.0 to −1.0)" in words(root)
    content = json.loads((out / "estimates.json").read_text(encoding="utf-8"))
    assert [row["estimate"] for row in content["evidence"]["after_service"]] == [-0.02]


# Disclosure


def released(study, cohort, effects, weighed):
    rule = Disclosure(study.report.suppress_below)
    return release_evidence(weighed, release_effects(effects, rule, {}, {}), effects.table, rule)


def test_nothing_is_concluded_from_small_numbers(invented):
    study = invented.study()
    cohort = invented.cohort(study, 300)
    effects = invented.effects(cohort, small=True)
    exact = evidence(cohort, effects)
    assert "favorable" in set(exact.table["direction"])
    found = released(study, cohort, effects, exact)
    coach = [c for c in found.contrasts if c.service == "coach"]
    assert all(c.withheld and c.counts == {} and c.effects == () and c.p is None for c in coach)
    assert set(found.table["direction"]) == {"unknown"}
    text = json.dumps(found.to_dict(), default=str)
    assert "too small to be released" in text


COUNTS = {"n_treated": 400, "n_comparison": 800, "events_treated": 40, "events_comparison": 80}


@pytest.mark.parametrize(
    ("name", "change", "shown"),
    [
        ("n_treated", 0, True),
        ("events_treated", -30, False),
        ("events_comparison", -70, False),
        ("n_treated", -392, False),
    ],
)
def test_the_effect_after_the_service_is_hidden_with_its_few_children(results, name, change, shown):
    study, _, cohort, effects = results
    weighed = evidence(cohort, effects)
    after = AfterService(
        365,
        730,
        symmetric("risk_difference", -0.02, 0.01, "x"),
        COUNTS | {name: COUNTS[name] + change},
        p=0.04,
    )
    whole = {key: 2 * n for key, n in COUNTS.items()} | {"clusters": 600}
    drawn = [replace(c, after_service=after, counts=whole) for c in weighed.contrasts]
    found = released(study, cohort, effects, weighed.with_contrasts(drawn))
    coach = next(c for c in found.contrasts if c.id == "coach.reentry.365")
    assert (coach.after_service.difference is not None) == shown


@pytest.mark.parametrize("short_by", [0, 5, 20])
def test_few_children_between_two_follow_ups_hide_the_later_one(results, short_by):
    study, _, cohort, effects = results
    weighed = evidence(cohort, effects)
    after = AfterService(365, 730, symmetric("risk_difference", -0.02, 0.01, "x"), COUNTS, p=0.04)
    whole = {key: n + short_by for key, n in COUNTS.items()}
    drawn = [replace(c, after_service=after, counts=whole) for c in weighed.contrasts]
    found = released(study, cohort, effects, weighed.with_contrasts(drawn))
    coach = next(c for c in found.contrasts if c.id == "coach.reentry.365")
    assert (coach.after_service.difference is None) == (short_by == 5)


def test_no_small_count_is_in_an_entry(invented, tmp_path):
    study = invented.study()
    cohort = invented.cohort(study, 300)
    effects = invented.effects(cohort, small=True)
    out = tmp_path / "out"
    write_reports(
        *(study, invented.agency(), cohort, effects, out),
        formats=("html",),
        only=["program"],
        evidence=evidence(cohort, effects),
    )
    text = words(page(out))
    assert "cannot be told, since its numbers are too small to be released" in text
    assert "−4.0" not in text
    content = json.loads((out / "program_coach.json").read_text(encoding="utf-8"))
    assert all(finding["direction"] == "unknown" for finding in content["findings"])


def test_a_bad_study_file_stops_the_report_before_the_data_are_read(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "bad.toml").write_text('kind = "study"\nid = "x"\n', encoding="utf-8")
    (tmp_path / "study.toml").write_text(
        'title = "t"\ndata = "nowhere/"\n[cohort]\nexits = [2018-01-01, 2019-01-01]\n'
        'data_through = 2020-01-01\n[files]\nstudies = "studies/"\n',
        encoding="utf-8",
    )
    arguments = ["report", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, DataError)
    assert all("bad.toml" in sentence for sentence in result.exception.sentences)
    assert '"program" is required and missing' in str(result.exception)
    assert not (tmp_path / "out").exists()
