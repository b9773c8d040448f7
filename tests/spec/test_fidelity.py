"""Every measure of the policies that come with the package: in, out, on the boundary day.

A line is a family of its own: one child, removed on 2012-03-01, home on 2013-01-01 (a
Tuesday; `return=` moves it), so that its window is all of 2013, and the rows drawn. The
records end on 2014-06-30. `-` means the measure owes this family nothing.
"""

import datetime

import pandas as pd
import pytest

from evaluation.practice.cases import Support
from evaluation.practice.policy import policy_names, read_policy
from evaluation.sources import contract

FTM = "meetings meeting_type=family_team"
SIX = "meetings meeting_type=staffing_six_month"
LAST = "meetings meeting_type=staffing_closure"
CONTACT = "contacts contact_type=phone completed=true"
VISIT = "contacts contact_type=home_visit completed=true"
EVENT = "case_events event_type"
CLOSED = "closures reason=completed closure_date=2014-01-01"
ORDER = "legal_orders type=child_protection"
CANS = "assessments instrument=cans"
ROLES = "attendees=case_manager;supervisor;program_manager"

MILWAUKEE = f"""
R12 | met | on the day of return | {EVENT}=support_agreement event_date=2013-01-01
R12 | not met | before it | {EVENT}=support_agreement event_date=2012-12-31
R12 | met | the last day of the window | {EVENT}=support_agreement event_date=2013-12-31
R12 | not met | the anniversary is no longer in it | {EVENT}=support_agreement event_date=2014-01-01
R13 | met | on the day | {EVENT}=designated_permanency_support event_date=2013-01-01
R13 | not met | a day later | {EVENT}=designated_permanency_support event_date=2013-01-02
R13 | not met | a day earlier | {EVENT}=designated_permanency_support event_date=2012-12-31
R14 | met | on the day the last child came home | {EVENT}=designated_permanency_support event_date=2013-01-01
R14 | not met | a day later | {EVENT}=designated_permanency_support event_date=2013-01-02
R14 | not met | a day earlier | {EVENT}=designated_permanency_support event_date=2012-12-31
R15-start | met | Wednesday to Monday: the third business day | {ORDER} start_date=2013-01-02 known_on=2013-01-07
R15-start | not met | the fourth | {ORDER} start_date=2013-01-02 known_on=2013-01-08
R15-start | met | Friday, 21 January a federal holiday: Thursday | {ORDER} start_date=2013-01-18 known_on=2013-01-24
R15-start | not met | Friday after | {ORDER} start_date=2013-01-18 known_on=2013-01-25
R15-start | - | an order made before the child came home | {ORDER} start_date=2012-12-31 known_on=2013-02-01
R15-end | met | the third business day | {ORDER} start_date=2012-03-01 end_date=2013-01-04 end_known_on=2013-01-09
R15-end | not met | the fourth | {ORDER} start_date=2012-03-01 end_date=2013-01-04 end_known_on=2013-01-10
R15-end | - | still in effect | {ORDER} start_date=2012-03-01
R16 | met | Wednesday to Monday | {CONTACT} contact_date=2013-01-02 entered_date=2013-01-07
R16 | not met | Tuesday | {CONTACT} contact_date=2013-01-02 entered_date=2013-01-08
R16 | met | Friday to Wednesday | {CONTACT} contact_date=2013-01-04 entered_date=2013-01-09
R16 | met | a Saturday: the third business day is Wednesday | {CONTACT} contact_date=2013-01-05 entered_date=2013-01-09
R16 | not met | never written down | {CONTACT} contact_date=2013-01-02
R16 | met | the last day of the window | {CONTACT} contact_date=2013-12-31 entered_date=2014-01-06
R16 | - | the anniversary is no longer in it | {CONTACT} contact_date=2014-01-01 entered_date=2014-01-01
R16 | - | before the child came home | {CONTACT} contact_date=2012-12-31 entered_date=2013-01-01
R10 | met | voluntary from the day the order ends | {EVENT}=refusal event_date=2013-05-10; {ORDER} start_date=2012-03-01 end_date=2013-05-10
R10 | not met | the day before | {EVENT}=refusal event_date=2013-05-09; {ORDER} start_date=2012-03-01 end_date=2013-05-10
R10 | not met | the order is still in effect | {EVENT}=refusal event_date=2013-05-09; {ORDER} start_date=2012-03-01
R10 | met | an order of another kind | {EVENT}=refusal event_date=2013-05-09; legal_orders type=custody start_date=2012-03-01
R11 | met | the day after the refusal | {EVENT}=refusal event_date=2013-05-09; contacts contact_type=phone purpose=engagement_effort contact_date=2013-05-10 entered_date=2013-05-10
R11 | not met | on the day of it | {EVENT}=refusal event_date=2013-05-09; contacts contact_type=phone purpose=engagement_effort contact_date=2013-05-09 entered_date=2013-05-10
R11 | not met | not documented | {EVENT}=refusal event_date=2013-05-09; contacts contact_type=phone purpose=engagement_effort contact_date=2013-05-10
R11 | not met | on the day support ended | {EVENT}=refusal event_date=2013-05-09; closures reason=moved_in_state closure_date=2013-06-15; contacts contact_type=phone purpose=engagement_effort contact_date=2013-06-15 entered_date=2013-06-15
R11 | met | the day before | {EVENT}=refusal event_date=2013-05-09; closures reason=moved_in_state closure_date=2013-06-15; contacts contact_type=phone purpose=engagement_effort contact_date=2013-06-14 entered_date=2013-06-14
R20 | met | the first of the 30 days | {FTM} meeting_date=2012-12-02
R20 | not met | the day before | {FTM} meeting_date=2012-12-01
R20 | met | the last | {FTM} meeting_date=2012-12-31
R20 | not met | the day of return | {FTM} meeting_date=2013-01-01
R20 | not met | a staffing is none | {SIX} meeting_date=2012-12-20
R21 | met | 30 days before closure | {CLOSED}; {FTM} meeting_date=2013-12-02
R21 | not met | 31 days | {CLOSED}; {FTM} meeting_date=2013-12-01
R21 | met | on the day | {CLOSED}; {FTM} meeting_date=2014-01-01
R21 | met | a case that stayed open past the window is still closed | closures reason=completed closure_date=2014-01-20; {FTM} meeting_date=2013-12-21
R21 | not met | 31 days before a late closure | closures reason=completed closure_date=2014-01-20; {FTM} meeting_date=2013-12-20
R21 | - | closed after the child was removed again | closures reason=completed closure_date=2014-03-20; removals removal_date=2014-02-01
R21 | - | not closed | {FTM} meeting_date=2013-12-02
R22 | met | on the day asked | {FTM} requested_by=family requested_date=2013-03-01 meeting_date=2013-03-01
R22 | met | another meeting later | {FTM} requested_by=family requested_date=2013-03-01; {FTM} meeting_date=2013-06-01
R22 | not met | only an earlier one | {FTM} requested_by=family requested_date=2013-03-01; {FTM} meeting_date=2013-02-28
R22 | - | the agency asked | {FTM} requested_by=agency requested_date=2013-03-01
R22 | not yet due | asked in a window that is open | return=2014-03-01; {FTM} requested_by=family requested_date=2014-06-01
R23 | met | a note exists, however late | {FTM} meeting_date=2013-03-01 entered_date=2013-12-01
R23 | not met | none | {FTM} meeting_date=2013-03-01
R23 | - | before the child came home | {FTM} meeting_date=2012-12-31
R24 | met | the first of the 30 days | assessments instrument=safety_analysis occasion=prior_to_reunification assessment_date=2012-12-02
R24 | not met | the day before | assessments instrument=safety_analysis occasion=prior_to_reunification assessment_date=2012-12-01
R24 | not met | the day of return | assessments instrument=safety_analysis occasion=prior_to_reunification assessment_date=2013-01-01
R24 | not met | of another type | assessments instrument=safety_analysis occasion=routine assessment_date=2012-12-20
R25 | met | the seventh day | {EVENT}=change_of_circumstances event_date=2013-03-01; assessments instrument=safety_assessment assessment_date=2013-03-08
R25 | not met | the eighth | {EVENT}=change_of_circumstances event_date=2013-03-01; assessments instrument=safety_assessment assessment_date=2013-03-09
R25 | not met | the day before | {EVENT}=change_of_circumstances event_date=2013-03-01; assessments instrument=safety_assessment assessment_date=2013-02-28
R26 | met | 30 days before six months | {SIX} meeting_date=2013-06-01
R26 | not met | 31 | {SIX} meeting_date=2013-05-31
R26 | met | 30 days after | {SIX} meeting_date=2013-07-31
R26 | not met | 31 | {SIX} meeting_date=2013-08-01
R26 | ended before due | closed before it was due | closures reason=moved_in_state closure_date=2013-07-31
R26 | not met | closed the day after | closures reason=moved_in_state closure_date=2013-08-01
R26 | not yet due | home in January | return=2014-01-02
R27 | met | on the day of closure | {CLOSED}; {LAST} meeting_date=2014-01-01
R27 | not met | the day after | {CLOSED}; {LAST} meeting_date=2014-01-02
R27 | not met | a staffing at six months is none | {CLOSED}; {SIX} meeting_date=2013-12-02
R28 | met | all three | {SIX} meeting_date=2013-07-01 {ROLES};provider
R28 | not met | two | {SIX} meeting_date=2013-07-01 attendees=case_manager;supervisor
R28 | not met | nobody recorded | {LAST} meeting_date=2013-07-01
R28 | - | a team meeting | {FTM} meeting_date=2013-07-01
R29 | met | all three topics | {SIX} meeting_date=2013-07-01 topics=participation;external_supports;contact_frequency
R29 | not met | two | {SIX} meeting_date=2013-07-01 topics=participation;external_supports
R29 | - | the staffing at closure | {LAST} meeting_date=2013-07-01 topics=participation
R30 | not met | a staffing between the end of the window and the closure | closures reason=completed closure_date=2014-01-20; {LAST} meeting_date=2014-01-15
R30 | - | after the closure | closures reason=completed closure_date=2014-01-20; {LAST} meeting_date=2014-01-21
R30 | met | formal and informal | {LAST} meeting_date=2013-12-20 topics=formal_supports;informal_supports
R30 | not met | formal alone | {LAST} meeting_date=2013-12-20 topics=formal_supports
R31-R32-six-month | met | the day before | {SIX} meeting_date=2013-07-01; {CANS} assessment_date=2013-06-30
R31-R32-six-month | not met | on the day | {SIX} meeting_date=2013-07-01; {CANS} assessment_date=2013-07-01
R31-R32-six-month | not met | before the child came home | {SIX} meeting_date=2013-07-01; {CANS} assessment_date=2012-12-31
R31-R32-six-month | - | no staffing | {CANS} assessment_date=2013-06-30
R31-R32-closure | met | a second one the day before | {LAST} meeting_date=2013-12-20; {CANS} assessment_date=2013-06-30; {CANS} assessment_date=2013-12-19
R31-R32-closure | not met | the second on the day | {LAST} meeting_date=2013-12-20; {CANS} assessment_date=2013-06-30; {CANS} assessment_date=2013-12-20
R31-R32-closure | not met | the first alone | {LAST} meeting_date=2013-12-20; {CANS} assessment_date=2013-06-30
R31-R32-closure | met | six months into the window | {LAST} meeting_date=2013-07-01; {CANS} assessment_date=2013-03-01; {CANS} assessment_date=2013-06-01
R31-R32-closure | - | a day less | {LAST} meeting_date=2013-06-30; {CANS} assessment_date=2013-03-01
R34 | met | on the day | {EVENT}=new_allegation event_date=2013-03-01; maltreatment_reports report_date=2013-03-01
R34 | met | the next | {EVENT}=new_allegation event_date=2013-03-01; maltreatment_reports report_date=2013-03-02
R34 | not met | the day after | {EVENT}=new_allegation event_date=2013-03-01; maltreatment_reports report_date=2013-03-03
R34 | not met | a report from before | {EVENT}=new_allegation event_date=2013-03-01; maltreatment_reports report_date=2013-02-28
R35 | met | a plan the next day | {EVENT}=new_allegation event_date=2013-03-01; {EVENT}=protective_plan event_date=2013-03-02
R35 | not met | the day after | {EVENT}=new_allegation event_date=2013-03-01; {EVENT}=protective_plan event_date=2013-03-03
R35 | met | temporary physical custody on the removal's record | {EVENT}=new_allegation event_date=2013-03-01; removals removal_date=2013-03-01 custody=temporary_physical_custody
R36 | met | on the day the window had run out | {CLOSED}
R36 | not met | the day before | closures reason=completed closure_date=2013-12-31
R36 | met | later | closures reason=completed closure_date=2014-03-01
R36 | - | another reason | closures reason=moved_in_state closure_date=2013-12-31
R37 | met | ensured | closures reason=case_head_deceased closure_date=2013-05-01 care_ensured=true
R37 | not met | not ensured | closures reason=case_head_deceased closure_date=2013-05-01 care_ensured=false
R37 | not met | not recorded | closures reason=case_head_deceased closure_date=2013-05-01
R38-days | met | 60 days | return=2013-02-16; closures reason=not_located closure_date=2014-02-15 last_contact_date=2013-12-17
R38-days | not met | 59 days | return=2013-02-16; closures reason=not_located closure_date=2014-02-15 last_contact_date=2013-12-18
R38-days | not met | no last contact recorded | closures reason=not_located closure_date=2013-06-15
R38-process | met | on the day | closures reason=not_located closure_date=2013-06-15; {EVENT}=locating_completed event_date=2013-06-15
R38-process | not met | the day after | closures reason=not_located closure_date=2013-06-15; {EVENT}=locating_completed event_date=2013-06-16
R38-process | met | on the first day of the window | closures reason=not_located closure_date=2013-06-15; {EVENT}=locating_completed event_date=2013-01-01
R38-process | not met | the day before it | closures reason=not_located closure_date=2013-06-15; {EVENT}=locating_completed event_date=2012-12-31
R39-R40 | met | proof, out of state | closures reason=moved_out_of_state closure_date=2013-06-15 move_evidence=proof
R39-R40 | met | efforts, in the state | closures reason=moved_in_state closure_date=2013-06-15 move_evidence=documented_efforts
R39-R40 | not met | neither | closures reason=moved_in_state closure_date=2013-06-15 move_evidence=none
R41 | met | in words | closures reason=other reason_text=relocated closure_date=2013-06-15
R41 | not met | without | closures reason=other closure_date=2013-06-15
R41 | - | another reason | closures reason=moved_in_state closure_date=2013-06-15
R43 | met | on the day | {CLOSED} consultation_date=2014-01-01
R43 | not met | the day after | {CLOSED} consultation_date=2014-01-02
R43 | not met | none before a closure ten days after the child was removed again | closures reason=reentry closure_date=2013-05-11; removals removal_date=2013-05-01
R43 | not met | none before a closure past the window | closures reason=completed closure_date=2014-01-20
R43 | not met | none, for any reason | closures reason=refused closure_date=2013-06-15
"""
SUPPORTS = f"""
planning-relatives | met | 90 days before | {FTM} meeting_date=2012-10-03 attendees=mother;relative
planning-relatives | not met | 91 | {FTM} meeting_date=2012-10-02 attendees=mother;relative
planning-relatives | not met | no relative there | {FTM} meeting_date=2012-12-02 attendees=mother
planning-father | met | the day before | {FTM} meeting_date=2012-12-31 attendees=father
planning-father | not met | on the day | {FTM} meeting_date=2013-01-01 attendees=father
planning-father | met | 90 days before | {FTM} meeting_date=2012-10-03 attendees=father
planning-father | not met | 91 | {FTM} meeting_date=2012-10-02 attendees=father
planning-youth | met | eleven on the day of exit | born=2002-01-01; {FTM} meeting_date=2012-12-31 attendees=child
planning-youth | not met | nobody asked | born=2002-01-01; {FTM} meeting_date=2012-12-31 attendees=mother
planning-youth | - | ten until the day after | born=2002-01-02; {FTM} meeting_date=2012-12-31 attendees=child
readiness | met | 90 days before | assessments instrument=readiness assessment_date=2012-10-03
readiness | not met | 91 | assessments instrument=readiness assessment_date=2012-10-02
readiness | not met | on the day of return | assessments instrument=readiness assessment_date=2013-01-01
concrete-service | met | opened on the day | services program=coach start_date=2013-01-01
concrete-service | not met | the day after | services program=coach start_date=2013-01-02
concrete-service | not met | over by then | services program=coach start_date=2012-11-01 end_date=2012-12-31
point-person | met | on the day | {EVENT}=point_person_named event_date=2013-01-01
point-person | not met | the day after | {EVENT}=point_person_named event_date=2013-01-02
point-person | met | 90 days before | {EVENT}=point_person_named event_date=2012-10-03
point-person | not met | 91 | {EVENT}=point_person_named event_date=2012-10-02
hand-over-plan | met | 60 days before closure | {CLOSED}; {EVENT}=hand_over_plan event_date=2013-11-02
hand-over-plan | not met | 61 | {CLOSED}; {EVENT}=hand_over_plan event_date=2013-11-01
hand-over-plan | - | not closed | {EVENT}=hand_over_plan event_date=2013-11-02
"""
BY_CHILD = ("maltreatment_reports", "removals")
EARLY = """
meetings meeting_type=other meeting_date=2011-01-01; contacts contact_type=mail contact_date=2011-01-01
case_events event_type=support_agreement event_date=2011-01-01; maltreatment_reports report_date=2011-01-01
assessments instrument=other assessment_date=2011-01-01; legal_orders type=other start_date=2011-01-01
services program=other start_date=2011-01-01 end_date=2011-01-02
"""


def examples(drawn):
    lines = [line.split(" | ") for line in drawn.strip().splitlines()]
    return [(f"c{number:03}", *line) for number, line in enumerate(lines)]


def tables_of(found):
    """One family for each example, and one far away whose rows begin every table."""
    rows: dict[str, list[dict]] = {"children": [], "removals": []}
    drawn = [(name, facts) for name, *_, facts in found]
    drawn.append(("early", EARLY.strip().replace("\n", "; ")))
    for name, facts in drawn:
        parts = facts.split("; ")
        settings = dict(p.split("=") for p in parts if p.startswith(("return=", "born=")))
        born = settings.get("born", "2005-06-01")
        rows["children"].append({"child_id": name, "family_id": name, "birth_date": born})
        stay = {"child_id": name, "removal_date": "2012-03-01", "household_id": name}
        home = settings.get("return", "2013-01-01")
        rows["removals"].append(
            stay | {"discharge_date": home, "discharge_reason": "reunification", "custody": None}
        )
        for part in parts:
            table, _, cells = part.partition(" ")
            if cells:
                unit = "child_id" if table in BY_CHILD or "cans" in cells else "household_id"
                row = dict(cell.split("=") for cell in cells.split())
                rows.setdefault(table, []).append({unit: name} | row)
    made = {}
    for table, listed in rows.items():
        frame = pd.DataFrame(listed).astype(object)
        frame = frame.where(frame.notna(), None)
        if table != "children":
            key = contract().table(table).primary_key[0]
            frame.insert(0, key, [f"{table}{n:04}" for n in range(len(frame))])
        for name in (f.name for f in contract().table(table).fields):
            if name not in frame:
                frame[name] = None
        made[table] = frame
    return made


def statuses(build, drawn, policy):
    found = examples(drawn)
    cohort = build(
        tables_of(found),
        exits=("2013-01-01", "2014-06-01"),
        data_through=datetime.date(2014, 6, 30),
    )
    support = Support(cohort, read_policy(policy))
    told = {}
    for measure in support.policy.measures:
        if support.policy.is_stated(measure):
            cases = support.cases(measure).to_pyarrow().to_pylist()
            told[measure.id] = {case["exit_id"].rpartition("-")[0]: case for case in cases}
    return found, told


@pytest.mark.parametrize(
    ("policy", "drawn"),
    [("milwaukee_ocm_54_00", MILWAUKEE), ("post_reunification_supports", SUPPORTS)],
)
def test_in_out_and_on_the_boundary_day(build, policy, drawn):
    found, told = statuses(build, drawn, policy)
    wrong = []
    for name, measure, expected, why, _ in found:
        case = told[measure].get(name, {"status": "-"})
        if case["status"] != expected:
            wrong.append(f"{measure}, {why}: {case['status']}, not {expected}")
    assert wrong == []


def test_every_measure_is_drawn_in_out_and_on_the_boundary():
    """Met, not met, and a third line for the boundary; those apart have tests of their own."""
    drawn = {}
    for _, measure, expected, *_ in examples(MILWAUKEE) + examples(SUPPORTS):
        drawn.setdefault(measure, []).append(expected)
    apart = {"R17", "weekly-contact"}
    measures = {m.id for name in policy_names() for m in read_policy(name).measures}
    assert set(drawn) == measures - apart
    poor = {m for m, lines in drawn.items() if not {"met", "not met"} <= {*lines} or len(lines) < 3}
    assert poor == set()


def cases_of(build, measure, drawing, policy="milwaukee_ocm_54_00", **rules):
    dates = {"exits": ("2012-01-01", "2014-06-01"), "data_through": datetime.date(2014, 6, 30)}
    cohort = build(drawing, **dates | rules)
    support = Support(cohort, read_policy(policy))
    return support, support.cases(support.policy.measure(measure)).to_pyarrow().to_pandas()


def windows_of(support):
    units = support.windows.to_pyarrow().to_pandas().sort_values("child_id")
    return [
        (u.child_id, str(u.window_start), str(u.window_end), u.pre_window_days)
        for u in units.itertuples()
    ]


TWO_HOMES = """
    children
    child_id | family_id
    A        | F
    B        | F

    removals
    child_id | removal_date | discharge_date | discharge_reason | household_id
    A        | 2012-03-01   | 2013-01-01     | reunification    | mother
    B        | 2012-03-01   | 2013-02-15     | reunification    | father

    case_events
    household_id | event_type                   | event_date
    mother       | designated_permanency_support | 2013-02-15
    father       | designated_permanency_support | 2013-02-15

    meetings
    household_id | meeting_type | meeting_date
    mother       | other        | 2011-01-01
"""


def test_the_policys_own_example_two_households_two_clocks(build):
    """R3, R4: A to the mother on 1 January, B to the father on 15 February."""
    support, changed = cases_of(build, "R14", TWO_HOMES)
    assert windows_of(support) == [
        ("A", "2013-01-01", "2014-01-01", 0),
        ("B", "2013-02-15", "2014-02-15", 0),
    ]
    assert changed[["anchor_date", "status"]].astype(str).to_numpy().tolist() == [
        ["2013-02-15", "met"]
    ]
    before = support.cases(support.policy.measure("R20")).order_by("anchor_date").to_pyarrow()
    assert [str(day) for day in before["first_day"].to_pylist()] == ["2012-12-02", "2013-01-16"]
    six = support.cases(support.policy.measure("R26")).order_by("anchor_date").to_pyarrow()
    assert [str(day) for day in six["anchor_date"].to_pylist()] == ["2013-07-01", "2013-08-15"]


def test_one_household_has_one_clock_from_the_last_return(build):
    """R2, R6 and the counter-example: A is home 45 days before the window opens."""
    support, six = cases_of(build, "R26", TWO_HOMES.replace("father", "mother"))
    assert windows_of(support) == [
        ("A", "2013-02-15", "2014-02-15", 45),
        ("B", "2013-02-15", "2014-02-15", 0),
    ]
    assert len(six) == 1


def test_a_later_return_moves_the_start_and_is_kept_in_the_log(build):
    """R5: the window of 1 January is replaced on 15 February."""
    support, _ = cases_of(build, "R26", TWO_HOMES.replace("father", "mother"))
    log = support.replaced.to_pyarrow().to_pylist()
    assert [(r["unit_id"], str(r["start"]), str(r["replaced_on"])) for r in log] == [
        ("mother", "2013-01-01", "2013-02-15")
    ]


def test_a_window_waits_for_a_sibling_in_care(build):
    """The last child is not home yet: nothing that counts from the window is owed."""
    waiting = TWO_HOMES.replace("| 2013-02-15     | reunification    | father", "| - | - | -")
    _, six = cases_of(build, "R26", waiting)
    assert six.empty


def test_a_window_from_a_leap_day_ends_on_28_february(build):
    """R1: twelve calendar months."""
    support, _ = cases_of(
        build,
        "R26",
        TWO_HOMES.replace("2013-01-01", "2012-02-29", 1).replace(
            "2012-03-01   | 2012-02-29", "2011-03-01   | 2012-02-29"
        ),
    )
    assert windows_of(support)[0] == ("A", "2012-02-29", "2013-02-28", 0)


def test_cans_is_owed_on_each_child_at_home_on_the_day_of_the_staffing(build):
    """R31, R32: B is not home yet when the staffing is held; C has left again."""
    drawing = """
        children
        child_id | family_id
        A        | F
        B        | F
        C        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2012-03-01   | 2013-01-01     | reunification    | H
        B        | 2012-03-01   | 2013-09-15     | reunification    | H
        C        | 2012-03-01   | 2013-01-01     | reunification    | H
        C        | 2013-05-01   | -              | -                | -

        meetings
        household_id | meeting_type       | meeting_date
        H            | staffing_six_month | 2013-07-01

        assessments
        child_id | instrument | assessment_date
        C        | cans       | 2013-04-01
    """
    _, owed = cases_of(build, "R31-R32-six-month", drawing)
    assert [(o.exit_id, o.status) for o in owed.itertuples()] == [("A-1", "not met")]


def test_weekly_contact_counts_the_weeks_that_support_stayed_open(build):
    """Weeks of seven days from the return; the case closed on day 20, inside the third."""
    drawing = """
        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2012-03-01   | 2013-01-01     | reunification    | H

        contacts
        household_id | contact_type | completed | contact_date
        H            | phone        | true      | 2013-01-07
        H            | phone        | false     | 2013-01-08

        closures
        household_id | closure_date | reason
        H            | 2013-01-21   | moved_in_state
    """
    _, weeks = cases_of(build, "weekly-contact", drawing, "post_reunification_supports")
    weeks = weeks.sort_values("anchor_date")
    assert list(weeks["status"]) == ["met", "not met"] + ["ended before due"] * 6


def test_a_frequency_is_judged_only_where_the_study_states_one(build, tmp_path):
    """R17: the policy gives no number."""
    assert not read_policy("milwaukee_ocm_54_00").is_stated(
        read_policy("milwaukee_ocm_54_00").measure("R17")
    )
    own = tmp_path / "policy.toml"
    own.write_text(
        'name = "ours"\ntitle = "Ours"\nextends = "milwaukee_ocm_54_00"\n'
        "[parameters]\nface_to_face_every_days = 30\nface_to_face_contacts = 2\n"
    )
    drawing = """
        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2012-03-01   | 2013-01-01     | reunification    | H

        contacts
        household_id | contact_type | completed | contact_date
        H            | home_visit   | true      | 2013-01-01
        H            | face_to_face | true      | 2013-01-31
        H            | face_to_face | true      | 2013-02-20
    """
    _, months = cases_of(build, "R17", drawing, own)
    months = months.sort_values("anchor_date")
    assert list(months["status"])[:3] == ["met", "met", "not met"]
