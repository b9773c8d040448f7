"""Policies are data: what is wrong in one is one sentence each."""

import datetime

import numpy as np
import pytest

import evaluation as ev
from evaluation.practice.business_days import business_day
from evaluation.practice.policy import Calendar, policy_names, policy_of, read_policy

GOOD = """
name = "ours"
title = "Ours"
[[measures]]
id = "visit"
title = "A visit in the first week"
rule = "Every family is visited in the first week."
share = 0.9
anchor = { on = "exit" }
events = [{ on = "contacts.contact_date" }]
window = { from = 0, to = 7 }
"""


def said(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(ev.StudyError) as error:
        read_policy(path)
    return error.value.sentences


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("from = 0, to = 7", "from = 7, to = 0"), "the window ends (0) before it starts (7)"),
        (('on = "exit"', 'on = "exodus"'), '"exodus" is no anchor: give one of exit, return'),
        (
            ('on = "exit"', 'on = "contacts.colour"'),
            'The table contacts has no field "colour"',
        ),
        (('on = "exit"', 'on = "contacts.purpose"'), "contacts.purpose is no date"),
        (("to = 7 }", 'to = 7, unit = "business days" }'), "the policy has no [calendar]"),
        (("to = 7", 'to = "a_week"'), 'names "a_week", but the policy has no [parameters]'),
        (("contacts.contact_date", "contact.contact_date"), '"contact.contact_date" is no event'),
        (("share = 0.9", "share = 90"), "less than or equal to 1"),
        (("share = 0.9", "shares = 0.9"), 'did you mean "share"?'),
        (('events = [{ on = "contacts.contact_date" }]', "events = []"), "looks for no event"),
        (
            ('contact_date" }', 'contact_date", link = "row" }'),
            "stands in the anchor's own table",
        ),
        (
            ('contact_date" }', 'contact_date", where = [{ field = "purpose" }] }'),
            'the condition on "purpose" has 0 tests',
        ),
    ],
)
def test_a_broken_rule_is_one_sentence(tmp_path, wrong, words):
    old, new = wrong
    assert old in GOOD
    (sentence,) = said(tmp_path, GOOD.replace(old, new))
    assert words in sentence
    assert sentence.startswith("policy.toml: ")


def test_a_parameter_can_turn_a_window_round_and_is_found(tmp_path):
    text = GOOD.replace("to = 7", 'to = "last"').replace(
        "[[measures]]", "[parameters]\nlast = -1\n[[measures]]"
    )
    (sentence,) = said(tmp_path, text)
    assert "measure visit: the window ends (-1) before it starts (0)" in sentence


def test_two_rules_with_one_id(tmp_path):
    (sentence,) = said(tmp_path, GOOD + '[[text]]\nid = "visit"\ntext = "Again."\n')
    assert "two rules visit" in sentence


def test_files_that_are_no_policy(tmp_path):
    assert "is not valid TOML" in said(tmp_path, "name = ")[0]
    with pytest.raises(ev.StudyError, match="There is no policy file"):
        read_policy(tmp_path / "none.toml")
    with pytest.raises(ev.StudyError, match="did you mean milwaukee_ocm_54_00"):
        read_policy("milwaukee_ocm_54")


def test_a_policy_that_extends_another_states_what_differs(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(
        'name = "ours"\ntitle = "Ours"\nextends = "milwaukee_ocm_54_00"\n'
        "[parameters]\nhotline_days = 0\n"
        '[[text]]\nid = "R20"\ntext = "We hold no such meeting."\n'
    )
    ours, theirs = read_policy(path), read_policy("milwaukee_ocm_54_00")
    assert ours.parameters == theirs.parameters | {"hotline_days": 0}
    assert {m.id for m in theirs.measures} - {m.id for m in ours.measures} == {"R20"}


def test_every_rule_of_the_milwaukee_policy_is_there():
    policy = read_policy("milwaukee_ocm_54_00")
    told = " ".join(each.id for each in (*policy.measures, *policy.text)).replace("-", " ").split()
    told = {int(word[1:]) for word in told if word[0] == "R" and word[1:].isdigit()}
    assert told == set(range(1, 45))


def test_the_policies_that_come_with_the_package_can_be_read():
    assert policy_names() == ("milwaukee_ocm_54_00", "post_reunification_supports")
    assert all(read_policy(name).name == name for name in policy_names())


def test_the_study_names_its_policy(tmp_path):
    (tmp_path / "policy.toml").write_text(GOOD)
    text = 'title = "A"\n[cohort]\nexits = [2018-01-01, 2018-12-31]\ndata_through = 2020-01-01\n'
    path = tmp_path / "study.toml"
    path.write_text(text)
    assert policy_of(ev.Study.from_toml(path)) is None
    path.write_text(text + '[files]\npolicy = "policy.toml"\n')
    assert policy_of(ev.Study.from_toml(path)).name == "ours"
    path.write_text(text + '[files]\npolicy = "post_reunification_supports"\n')
    assert policy_of(ev.Study.from_toml(path)).name == "post_reunification_supports"


@pytest.mark.parametrize(
    ("event", "holidays", "extra", "deadline"),
    [
        ("2013-01-02", "none", (), "2013-01-07"),
        ("2013-01-04", "none", (), "2013-01-09"),
        ("2013-01-18", "none", (), "2013-01-23"),
        ("2013-01-18", "none", (datetime.date(2013, 1, 21),), "2013-01-24"),
        ("2013-01-18", "us-federal", (), "2013-01-24"),
        ("2013-01-05", "none", (), "2013-01-09"),
        ("2021-12-23", "us-federal", (), "2021-12-29"),
        ("2021-12-30", "us-federal", (), "2022-01-05"),
    ],
)
def test_the_third_business_day(event, holidays, extra, deadline):
    """Christmas 2021 is observed on Friday the 24th, New Year 2022 on 31 December."""
    calendar = Calendar(holidays=holidays, extra=extra)
    found = business_day(np.array([event], dtype="datetime64[D]"), 3, calendar)
    assert str(found[0]) == deadline


def test_business_days_backward_and_none():
    calendar = Calendar(holidays="none")
    days = np.array(["2013-01-07", "2013-01-06"], dtype="datetime64[D]")
    assert [str(d) for d in business_day(days, -1, calendar)] == ["2013-01-04", "2013-01-04"]
    assert list(business_day(days, 0, calendar)) == list(days)
