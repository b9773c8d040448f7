"""Every exclusion of the seven Round 4 indicators: in, out, on the boundary day.

A line is one child, born on 2010-06-15 unless drawn, and the rows drawn. The period of
every indicator begins on 2019-04-01; the records end on 2021-03-31.
"""

import pandas as pd
import pytest

from evaluation.practice import federal_paths, federal_safety
from evaluation.practice.federal import INDICATORS, federal_indicators
from evaluation.sources import contract

IN = "removals removal_date=2018-01-10"
HOME = "discharge_reason=reunification"
OUT = f"{IN} discharge_date=2019-05-02 {HOME}"
ENTRY = "removals removal_date=2019-05-02"
FOUND = "maltreatment_reports disposition=substantiated"
BED = "placements type=foster_home"
VISIT = "placements type=trial_home_visit"

DRAWN = f"""
reentry | denominator | home and not back | {OUT}
reentry | denominator | the first day of the period | {IN} discharge_date=2019-04-01 {HOME}
reentry | - | the day before | {IN} discharge_date=2019-03-31 {HOME}
reentry | denominator | the last day | {IN} discharge_date=2020-03-31 {HOME}
reentry | - | the day after | {IN} discharge_date=2020-04-01 {HOME}
reentry | numerator | back the day before the anniversary | {OUT}; removals removal_date=2020-05-01
reentry | denominator | on the anniversary | {OUT}; removals removal_date=2020-05-02
reentry | numerator | after a stay of one day: no minimum | removals removal_date=2019-05-01 discharge_date=2019-05-02 {HOME}; removals removal_date=2019-11-01
reentry | numerator | from a relative | {IN} discharge_date=2019-05-02 discharge_reason=relative; removals removal_date=2019-11-01
reentry | numerator | from guardianship | {IN} discharge_date=2019-05-02 discharge_reason=guardianship; removals removal_date=2019-11-01
reentry | discharged otherwise than to reunification, a relative or guardianship | adopted | {IN} discharge_date=2019-05-02 discharge_reason=adoption; removals removal_date=2019-11-01
reentry | no discharge reason | missing | {IN} discharge_date=2019-05-02
reentry | re-entry in the same reporting period | back in September | {OUT}; removals removal_date=2019-09-30
reentry | numerator | back in October @ re-entry in the same reporting period | {OUT}; removals removal_date=2019-10-01
reentry | re-entry dated before the discharge | overlapping | {OUT}; removals removal_date=2019-05-01
reentry | re-entry in the same reporting period | on the day of discharge @ re-entry dated before the discharge | {OUT}; removals removal_date=2019-05-02
reentry | turned 18 in care | discharged on the birthday | born=2001-05-02; {OUT}
reentry | denominator | the day before @ turned 18 in care | born=2001-05-03; {OUT}
reentry | denominator | 18 when removed again | born=2001-11-01; {OUT}; removals removal_date=2019-11-01
reentry | no birth date | missing | born=; {OUT}
permanency_entries | numerator | home the day before the anniversary | {ENTRY} discharge_date=2020-05-01 {HOME}
permanency_entries | denominator | on the anniversary | {ENTRY} discharge_date=2020-05-02 {HOME}
permanency_entries | numerator | adopted | {ENTRY} discharge_date=2020-05-01 discharge_reason=adoption
permanency_entries | denominator | emancipated | {ENTRY} discharge_date=2020-05-01 discharge_reason=emancipation
permanency_entries | in care less than 8 days | seven | {ENTRY} discharge_date=2019-05-09 {HOME}
permanency_entries | numerator | eight @ in care less than 8 days | {ENTRY} discharge_date=2019-05-10 {HOME}
permanency_entries | no discharge reason | missing | {ENTRY} discharge_date=2019-12-10
permanency_entries | re-entry in the same reporting period | home and back by September | {ENTRY} discharge_date=2019-06-02 {HOME}; removals removal_date=2019-09-30
permanency_entries | numerator | back in October @ re-entry in the same reporting period | {ENTRY} discharge_date=2019-06-02 {HOME}; removals removal_date=2019-10-01
permanency_entries | 18 or older at entry | on the birthday | born=2001-05-02; {ENTRY}
permanency_entries | in care less than 8 days | the day before: the stay ends on the birthday @ 18 or older at entry | born=2001-05-03; {ENTRY}
permanency_entries | no birth date | missing | born=; {ENTRY}
permanency_entries | length of stay unknown | an open stay that another follows | {ENTRY}; removals removal_date=2020-06-01
permanency_entries | denominator | turned 18 before the discharge | born=2001-12-02; {ENTRY} discharge_date=2020-01-02 {HOME}
permanency_entries | numerator | a visit from day 200: only 30 days of it count | {ENTRY} discharge_date=2020-08-01 {HOME}; {BED} start_date=2019-05-02 end_date=2020-04-01; {VISIT} start_date=2020-04-01 end_date=2020-08-01
permanency_entries | denominator | a visit whose 30 days reach the anniversary | {ENTRY} discharge_date=2020-08-01 {HOME}; {BED} start_date=2019-05-02 end_date=2020-04-02; {VISIT} start_date=2020-04-02 end_date=2020-08-01
permanency_entries | denominator | the visit ended in another setting | {ENTRY} discharge_date=2020-08-01 {HOME}; {VISIT} start_date=2019-08-01 end_date=2020-01-01; {BED} start_date=2020-01-01
permanency_entries | denominator | a visit before an adoption | {ENTRY} discharge_date=2020-08-01 discharge_reason=adoption; {VISIT} start_date=2019-08-01
permanency_entries | - | entered before the period | removals removal_date=2019-03-31
permanency_12_23 | denominator | in care 12 months on the first day | removals removal_date=2018-04-01
permanency_12_23 | - | a day less | removals removal_date=2018-04-02
permanency_12_23 | denominator | a day less than 24 months | removals removal_date=2017-04-02
permanency_12_23 | - | 24 months | removals removal_date=2017-04-01
permanency_12_23 | numerator | home on the last day of the period | {IN} discharge_date=2020-03-31 {HOME}
permanency_12_23 | denominator | the day after | {IN} discharge_date=2020-04-01 {HOME}
permanency_12_23 | - | home on the first day | {IN} discharge_date=2019-04-01 {HOME}
permanency_12_23 | no discharge reason | missing | {IN} discharge_date=2019-12-01
permanency_12_23 | re-entry in the same reporting period | home and back by September | {IN} discharge_date=2019-06-02 {HOME}; removals removal_date=2019-09-30
permanency_12_23 | 18 or older on the first day | on the birthday | born=2001-04-01; {IN}
permanency_12_23 | denominator | the day after @ 18 or older on the first day | born=2001-04-02; {IN}
permanency_12_23 | numerator | home and back in October @ re-entry in the same reporting period | {IN} discharge_date=2019-06-02 {HOME}; removals removal_date=2019-10-01
permanency_12_23 | no birth date | missing | born=; {IN}
permanency_12_23 | length of stay unknown | an open stay that another follows | {IN}; removals removal_date=2020-06-01
permanency_12_23 | denominator | turned 18 before the discharge | born=2001-12-02; {IN} discharge_date=2020-01-02 {HOME}
permanency_24 | denominator | 24 months on the first day | removals removal_date=2017-04-01
permanency_24 | - | a day less | removals removal_date=2017-04-02
permanency_24 | numerator | guardianship | removals removal_date=2015-04-01 discharge_date=2019-12-01 discharge_reason=guardianship
permanency_24 | no discharge reason | missing | removals removal_date=2015-04-01 discharge_date=2019-12-01
permanency_24 | re-entry in the same reporting period | home and back | removals removal_date=2015-04-01 discharge_date=2019-06-02 {HOME}; removals removal_date=2019-09-30
permanency_24 | 18 or older on the first day | on the birthday | born=2001-04-01; removals removal_date=2015-04-01
permanency_24 | denominator | the day after @ 18 or older on the first day | born=2001-04-02; removals removal_date=2015-04-01
permanency_24 | numerator | home and back in October @ re-entry in the same reporting period | removals removal_date=2015-04-01 discharge_date=2019-06-02 {HOME}; removals removal_date=2019-10-01
permanency_24 | no birth date | missing | born=; removals removal_date=2015-04-01
permanency_24 | length of stay unknown | an open stay that another follows | removals removal_date=2015-04-01; removals removal_date=2020-06-01
placement_stability | denominator 335 0 | the first setting is no move; to 31 March | {ENTRY}; {BED} start_date=2019-05-02
placement_stability | numerator 335 1 | a second setting | {ENTRY}; {BED} start_date=2019-05-02 end_date=2019-12-01; {BED} start_date=2019-12-01
placement_stability | numerator 335 1 | a third after the period | {ENTRY}; {BED} start_date=2019-05-02 end_date=2020-03-31; {BED} start_date=2020-03-31 end_date=2020-04-01; {BED} start_date=2020-04-01
placement_stability | denominator 305 0 | days without a setting do not count | {ENTRY}; {BED} start_date=2019-06-01
placement_stability | numerator 325 1 | nor those between two | {ENTRY}; {BED} start_date=2019-05-02 end_date=2019-12-01; {BED} start_date=2019-12-11
placement_stability | denominator 335 0 | a trial home visit is no setting, nor the return to the same provider | {ENTRY}; {BED} provider=one start_date=2019-05-02 end_date=2019-12-01; {VISIT} start_date=2019-12-01 end_date=2020-01-15; {BED} provider=one start_date=2020-01-15
placement_stability | numerator 335 1 | the return to another provider is | {ENTRY}; {BED} provider=one start_date=2019-05-02 end_date=2019-12-01; {VISIT} start_date=2019-12-01 end_date=2020-01-15; {BED} provider=two start_date=2020-01-15
placement_stability | denominator 335 0 | nor is a runaway | {ENTRY}; {BED} provider=one start_date=2019-05-02 end_date=2019-12-01; placements type=runaway start_date=2019-12-01 end_date=2020-01-15; {BED} provider=one start_date=2020-01-15
placement_stability | denominator 335 0 | on a visit from the first day: no move below none | {ENTRY}; {VISIT} start_date=2019-05-02
placement_stability | no placement information | no setting at all | {ENTRY}
placement_stability | denominator 1 0 | a setting of one day @ no placement information | {ENTRY}; {BED} start_date=2019-05-02 end_date=2019-05-03
placement_stability | in care less than 8 days | seven | {ENTRY} discharge_date=2019-05-09 {HOME}; {BED} start_date=2019-05-02
placement_stability | denominator 8 0 | eight @ in care less than 8 days | {ENTRY} discharge_date=2019-05-10 {HOME}; {BED} start_date=2019-05-02 end_date=2019-05-10
placement_stability | 18 or older at entry | on the birthday | born=2001-05-02; {ENTRY}; {BED} start_date=2019-05-02
placement_stability | in care less than 8 days | the day before: the stay ends on the birthday @ 18 or older at entry | born=2001-05-03; {ENTRY}; {BED} start_date=2019-05-02
placement_stability | no birth date | missing | born=; {ENTRY}; {BED} start_date=2019-05-02
placement_stability | length of stay unknown | an open stay that another follows | {ENTRY}; {BED} start_date=2019-05-02; removals removal_date=2020-06-01
maltreatment_in_care | denominator 366 0 | the whole period, which has 29 February | {IN}
maltreatment_in_care | denominator 1 0 | in one day, out the next, inside a long stay | {IN} discharge_date=2019-04-02 {HOME}
maltreatment_in_care | numerator 366 1 | substantiated | {IN}; {FOUND} report_date=2019-06-01
maltreatment_in_care | numerator 366 1 | indicated | {IN}; maltreatment_reports disposition=indicated report_date=2019-06-01
maltreatment_in_care | denominator 366 0 | unsubstantiated | {IN}; maltreatment_reports disposition=unsubstantiated report_date=2019-06-01
maltreatment_in_care | numerator 335 1 | the eighth day of removal | {ENTRY}; {FOUND} report_date=2019-05-09
maltreatment_in_care | denominator 335 0 | the seventh | {ENTRY}; {FOUND} report_date=2019-05-08
maltreatment_in_care | denominator 31 0 | reported on the day of discharge | {OUT}; {FOUND} report_date=2019-05-02
maltreatment_in_care | numerator 31 1 | the day before | {OUT}; {FOUND} report_date=2019-05-01
maltreatment_in_care | denominator 366 0 | reported the day after the period | {IN}; {FOUND} report_date=2020-04-01
maltreatment_in_care | denominator 366 0 | the incident lies before the episode | {IN}; {FOUND} report_date=2019-06-01 incident_date=2018-01-09
maltreatment_in_care | numerator 366 1 | the incident on the first day of it | {IN}; {FOUND} report_date=2019-06-01 incident_date=2018-01-10
maltreatment_in_care | numerator 366 1 | a later report within one day | {IN}; {FOUND} report_date=2019-06-01; {FOUND} report_date=2019-06-02
maltreatment_in_care | numerator 366 2 | two days later | {IN}; {FOUND} report_date=2019-06-01; {FOUND} report_date=2019-06-03
maltreatment_in_care | numerator 366 2 | three days running: the third is two days from the first | {IN}; {FOUND} report_date=2019-06-01; {FOUND} report_date=2019-06-02; {FOUND} report_date=2019-06-03
maltreatment_in_care | in care less than 8 days | report and days both dropped | {ENTRY} discharge_date=2019-05-09 {HOME}; {FOUND} report_date=2019-05-09
maltreatment_in_care | numerator 8 1 | eight: days and report count @ in care less than 8 days | {ENTRY} discharge_date=2019-05-10 {HOME}; {FOUND} report_date=2019-05-09
maltreatment_in_care | no birth date | missing | born=; {IN}
maltreatment_in_care | length of stay unknown | an open stay that another follows | {IN}; removals removal_date=2020-06-01
maltreatment_in_care | 18 or older at entry or on the first day | on the birthday | born=2001-04-01; {IN}
maltreatment_in_care | denominator 1 0 | the day after: one day of care is left @ 18 or older at entry or on the first day | born=2001-04-02; {IN}
maltreatment_in_care | denominator 244 0 | days end on the 18th birthday | born=2001-12-01; {IN}
recurrence | denominator | one victimization | {FOUND} report_date=2019-05-02
recurrence | numerator | another | {FOUND} report_date=2019-05-02; {FOUND} report_date=2019-09-02
recurrence | denominator | on the fourteenth day | {FOUND} report_date=2019-05-02; {FOUND} report_date=2019-05-16
recurrence | numerator | on the fifteenth | {FOUND} report_date=2019-05-02; {FOUND} report_date=2019-05-17
recurrence | numerator | the day before the anniversary | {FOUND} report_date=2019-05-02; {FOUND} report_date=2020-05-01
recurrence | denominator | on the anniversary | {FOUND} report_date=2019-05-02; {FOUND} report_date=2020-05-02
recurrence | denominator | the same incident | {FOUND} report_date=2019-05-02 incident_date=2019-05-01; {FOUND} report_date=2019-09-02 incident_date=2019-05-01
recurrence | numerator | an incident recorded once only | {FOUND} report_date=2019-05-02 incident_date=2019-05-01; {FOUND} report_date=2019-09-02
recurrence | denominator | another, unsubstantiated | {FOUND} report_date=2019-05-02; maltreatment_reports disposition=unsubstantiated report_date=2019-09-02
recurrence | - | not a victim | maltreatment_reports disposition=alternative_response report_date=2019-05-02
recurrence | - | the day before the period | {FOUND} report_date=2019-03-31
recurrence | not born yet | reported before birth | born=2019-06-01; {FOUND} report_date=2019-05-02
recurrence | denominator | reported on the day of birth @ not born yet | born=2019-05-02; {FOUND} report_date=2019-05-02
recurrence | numerator | reported before birth: the first report after it counts | born=2019-06-01; {FOUND} report_date=2019-07-02; {FOUND} report_date=2019-12-02; {FOUND} report_date=2019-05-02
recurrence | 18 or older at the first report | on the birthday | born=2001-05-02; {FOUND} report_date=2019-05-02
recurrence | denominator | the day before @ 18 or older at the first report | born=2001-05-03; {FOUND} report_date=2019-05-02
recurrence | no birth date | missing | born=; {FOUND} report_date=2019-05-02
"""


def drawn():
    lines = [line.split(" | ") for line in DRAWN.strip().splitlines()]
    return [(f"c{number:03}", *line) for number, line in enumerate(lines)]


def tables_of(found):
    rows: dict[str, list[dict]] = {"children": [], "removals": []}
    for name, *_, facts in found:
        parts = facts.split("; ")
        born = next((p[5:] for p in parts if p.startswith("born=")), "2010-06-15")
        rows["children"].append({"child_id": name, "family_id": name, "birth_date": born or None})
        for part in parts:
            table, _, cells = part.partition(" ")
            if cells:
                row = dict(cell.split("=") for cell in cells.split())
                rows.setdefault(table, []).append({"child_id": name} | row)
    made = {}
    for table, listed in rows.items():
        frame = pd.DataFrame(listed).astype(object)
        if table != "children":
            keys = [f"{table}{n:04}" for n in range(len(frame))]
            frame[contract().table(table).primary_key[0]] = keys
            if table == "maltreatment_reports":
                frame["report_id"] = keys
        for name in (f.name for f in contract().table(table).fields):
            if name not in frame:
                frame[name] = None
        made[table] = frame.where(frame.notna(), None)
    return made


@pytest.fixture(scope="module")
def computed(drawn_agency):
    return federal_indicators(drawn_agency(tables_of(drawn())), "2021-03-31", start="2019-04-01")


def test_in_out_and_on_the_boundary_day(computed):
    told = {indicator.name: computed.paths(indicator.name) for indicator in INDICATORS}
    wrong = []
    for name, indicator, expected, why, _ in drawn():
        rows = told[indicator]
        rows = rows[rows["child_id"] == name].sort_values("record")
        own = rows.head(1)
        got = "-"
        for row in own.itertuples():
            got = row.reason if row.path == "excluded" else row.path
            if indicator in ("placement_stability", "maltreatment_in_care") and row.n:
                got = f"{row.path} {row.n} {row.events}"
        if got != expected:
            wrong.append(f"{indicator}, {why}: {got}, not {expected}")
    assert wrong == []


UNDATED = {
    "no birth date",
    "no discharge reason",
    "length of stay unknown",
    "discharged otherwise than to reunification, a relative or guardianship",
}
IN_A_TEST_OF_ITS_OWN = {"a later exit in the period", "a later entry in the period"}


def exclusions_of(monkeypatch, agency):
    """Every exclusion the code has, by indicator, whether or not a row meets it."""
    told, plain = {}, federal_paths.path_of_each

    def listening(rows, record, exclusions, *numerator, **counts):
        told[len(told)] = [words for words, _ in exclusions]
        return plain(rows, record, exclusions, *numerator, **counts)

    for module in (federal_paths, federal_safety):
        monkeypatch.setattr(module, "path_of_each", listening)
    federal_indicators(agency, "2021-03-31", start="2019-04-01")
    names = [indicator.name for indicator in INDICATORS]
    return dict(zip(names, told.values(), strict=True))


def test_every_exclusion_is_drawn_in_out_and_on_the_boundary(monkeypatch, drawn_agency):
    """A line that is excluded, and, where a day decides, one just past it (marked @ the reason)."""
    listed = exclusions_of(monkeypatch, drawn_agency(tables_of(drawn())))
    lacking = []
    for indicator, reasons in listed.items():
        lines = [line for line in drawn() if line[1] == indicator]
        for reason in set(reasons) - IN_A_TEST_OF_ITS_OWN:
            if not any(expected == reason for _, _, expected, *_ in lines):
                lacking.append(f"{indicator}: no line with {reason}")
            past = [line for line in lines if line[3].endswith(f"@ {reason}")]
            if reason not in UNDATED and not any(line[2] != reason for line in past):
                lacking.append(f"{indicator}: no line just past {reason}")
    assert lacking == []
    assert sum(map(len, listed.values())) > 25


def test_a_child_counts_once_in_a_share(drawn_agency):
    """The first exit of the period that no exclusion holds for."""
    found = [
        (
            "A",
            "",
            "",
            "",
            f"{OUT}; removals removal_date=2019-11-01 discharge_date=2020-01-05 {HOME}",
        )
    ]
    result = federal_indicators(drawn_agency(tables_of(found)), "2021-03-31", start="2019-04-01")
    rows = result.paths("reentry")
    assert list(rows["path"]) == ["numerator", "excluded"]
    assert list(rows["reason"])[1] == "a later exit in the period"


def test_the_same_period_rule_can_be_set_aside(drawn_agency):
    found = [("A", "", "", "", f"{OUT}; removals removal_date=2019-09-30")]
    agency = drawn_agency(tables_of(found))
    kept = federal_indicators(agency, "2021-03-31", start="2019-04-01", same_period=False)
    assert list(kept.paths("reentry")["path"]) == ["numerator"]
    assert not any("half-year of their discharge" in note for note in kept.notes)
