"""A simulated agency goes out as federal files and comes back (METHODS 13.1)."""

import pandas as pd
import pytest

from evaluation.sources import connect
from evaluation.sources.conversion import convert
from tests.sources.conversion import export

CARRIED_2020 = {
    "children": "child_id birth_date sex race_ethnicity disability disability_intellectual "
    "disability_emotional disability_physical disability_sensory",
    "removals": "child_id removal_date discharge_date discharge_reason removal_reasons county",
    "placements": "child_id start_date end_date type",
}
CARRIED_NCANDS = (
    "report_id child_id report_date incident_date disposition_date disposition maltreatment_type "
    "reporter_source perpetrator_relation"
)
CHILDREN_1993 = CARRIED_2020["children"]


def plain(frame, columns):
    """Sorted rows of text, lists in the order of the alphabet, missing as nothing."""

    def said(value):
        if pd.isna(value):
            return ""
        if hasattr(value, "isoformat"):
            return value.isoformat()[:10]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return ";".join(sorted(text.split(";")))

    rows = [tuple(said(v) for v in row) for row in frame[columns.split()].itertuples(index=False)]
    return sorted(rows)


def without_unsaid(frames):
    """The original with what no federal code can say as missing, and counties as FIPS codes."""
    removals = frames["removals"].assign(county=frames["removals"].county.map(export.county))
    other = (removals.discharge_reason == "other").fillna(False)
    children = frames["children"]
    children = children[children.child_id.isin(removals.child_id)]
    return frames | {
        "removals": removals.assign(discharge_reason=removals.discharge_reason.mask(other)),
        "children": children.assign(sex=children.sex.replace("unknown", pd.NA)),
    }


def unsaid(report, column):
    """Codes of a contract column that the report says no code of the format means."""
    return {code for _, name, code in report.codes_not_carried if name == column}


def balanced(report):
    for block, steps in report.steps.groupby("block"):
        total = steps.groupby("kind")["rows"].sum()
        assert total["read"] == total.get("used", 0) + total.get("left out", 0), block
    return True


@pytest.fixture(scope="module")
def there_and_back(agency, tmp_path_factory):
    folder = tmp_path_factory.mktemp("federal")
    paths = []
    for name, frame in export.afcars_2020(agency).items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        paths.append(folder / f"{name}.csv")
    with convert("afcars-2020", paths) as made:
        made.write_parquet(folder)
        first = made.report
    for path in paths:
        path.unlink()
    paths = []
    years = export.ncands(agency)
    for name, chosen in (("early", range(2000, 2021)), ("late", range(2021, 2030))):
        frame = pd.concat([years[year] for year in years if year in chosen]).fillna("")
        frame.to_csv(folder / f"child-{name}.txt", index=False, sep="\t")
        paths.append(folder / f"child-{name}.txt")
    with connect(folder) as beside, convert("ncands", paths, beside) as made:
        return made.frames(), first, made.report


@pytest.mark.parametrize("table", list(CARRIED_2020))
def test_afcars_2020_comes_back_row_for_row(agency, there_and_back, table):
    frames, _, _ = there_and_back
    columns = CARRIED_2020[table]
    assert plain(frames[table], columns) == plain(without_unsaid(agency)[table], columns)


def test_agreements_come_back_as_disruptions_by_the_proxy_rule_alone(agency, there_and_back):
    """METHODS 3: ended under 17½, not by death; what did not is counted under its step."""
    frames, first, _ = there_and_back
    births = agency["children"].set_index("child_id").birth_date
    told, late, in_force = [], 0, 0
    for row in agency["agreements"].dropna().itertuples():
        others = agency["agreements"].query(
            "child_id == @row.child_id and finalized > @row.finalized"
        )
        half_past = pd.Timestamp(births[row.child_id]) + pd.DateOffset(years=17, months=6)
        if (others.finalized <= row.ended).any():
            in_force += 1
        elif pd.Timestamp(row.ended) >= half_past:
            late += 1
        else:
            told.append((row.child_id, row.ended, "agreement_ended", "proxy_rule"))
    columns = "child_id disruption_date type reason"
    assert plain(frames["disruptions"], columns) == sorted(told)
    assert first.count("ended at 17½ or later") == late > 0
    assert first.count("another agreement in force") == in_force
    assert first.count("going on") == agency["agreements"].ended.isna().sum() > 0
    assert len(told) > 3


def test_ncands_comes_back_row_for_row(agency, there_and_back):
    """Screened-out referrals are no records of the Child File; a reporter it has no code for is other."""
    frames, _, report = there_and_back
    cannot = unsaid(report, "reporter_source")
    assert cannot == {"service_provider"}
    original = agency["maltreatment_reports"]
    original = original[original.disposition != "screened_out"]
    reporters = original.reporter_source.replace(dict.fromkeys(cannot, "other"))
    original = original.assign(reporter_source=reporters)
    back = frames["maltreatment_reports"]
    assert back.reporter_source.nunique() > 5
    assert plain(back, CARRIED_NCANDS) == plain(original, CARRIED_NCANDS)


def test_every_row_is_accounted_for(there_and_back):
    _, first, second = there_and_back
    assert balanced(first) and balanced(second)


def test_what_the_files_cannot_carry_is_listed(agency, there_and_back):
    """METHODS 13.1: no program services, household, family, orders or moves."""
    _, first, second = there_and_back
    absent = set(first.not_carried)
    for table in ("services", "assignments", "legal_orders", "moves_out"):
        assert (table, "*") in absent
    for pair in (("children", "family_id"), ("removals", "household_id"), ("removals", "agency")):
        assert pair in absent
    assert ("maltreatment_reports", "*") not in set(second.not_carried)
    assert ("removals", "discharge_reason", "other") in first.codes_not_carried
    for kind in ("displacement", "termination", "dissolution"):
        assert ("disruptions", "type", kind) in first.codes_not_carried
    assert ("disruptions", "reason", "caregiver_request") in first.codes_not_carried
    assert any("No effect of any service" in lost for lost in first.estimates_lost)
    assert any("Siblings cannot be told" in lost for lost in first.estimates_lost)
    assert not any("Re-entry cannot" in lost for lost in first.estimates_lost)
    carried = {(t, c) for t, columns in CARRIED_2020.items() for c in columns.split()}
    assert not carried & absent


def test_the_converted_tables_keep_the_contract(there_and_back):
    frames, _, _ = there_and_back
    with connect(frames) as agency:
        result = agency.check()
    assert result.quarantine.empty
    assert result.counts["read"].sum() == sum(map(len, frames.values()))


def test_afcars_1993_loses_only_what_it_counts(agency, write):
    """The losses counted equal the truth, found by looking at the original, stay by stay."""
    periods = export.period_ends(2018, 2021)
    files = {f"f{end}": frame for end, frame in export.afcars_1993(agency, periods).items()}
    with convert("afcars-1993", write(files)) as made:
        back, report = made.frames(), made.report
    assert balanced(report)

    original = without_unsaid(agency)["removals"].sort_values(["child_id", "removal_date"])
    seen, unseen_before, unseen_between, found = {}, 0, 0, 0
    for child, stays in original.groupby("child_id"):
        stays = list(stays.astype(object).fillna("").itertuples())
        shown = []
        for end in periods:
            last = [n for n, stay in enumerate(stays) if stay.removal_date <= end]
            begin = f"{int(end[:4]) - 1}-10-01" if end.endswith("03-31") else f"{end[:4]}-04-01"
            if last and (stays[last[-1]].discharge_date or "9") >= begin:
                shown.append((last[-1], end))
        if not shown:
            continue
        numbers = [n for n, _ in shown]
        unseen_before += numbers[0]
        unseen_between += len(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
        for n in sorted(set(numbers)):
            stay, latest = stays[n], max(end for k, end in shown if k == n)
            discharge, reason = stay.discharge_date, stay.discharge_reason
            if not discharge or discharge > latest:
                follows = n + 1 in numbers
                discharge, reason = (discharge if follows else ""), ""
                found += follows
            seen[child, stay.removal_date] = (discharge, reason)
    assert report.count("episodes before the files") == unseen_before > 0
    assert report.count("episodes never seen") == unseen_between
    assert report.count("end from next record") == found > 0
    columns = "child_id removal_date discharge_date discharge_reason"
    truth = sorted((child, day, *rest) for (child, day), rest in seen.items())
    assert plain(back["removals"], columns) == truth

    reasons = original.set_index(["child_id", "removal_date"]).removal_reasons
    cannot = unsaid(report, "removal_reasons")
    assert cannot == {"domestic_violence", "other"}
    for row in back["removals"].itertuples():
        told = reasons[row.child_id, row.removal_date.isoformat()[:10]]
        told = set(export.words(told)) - cannot
        assert set(export.words(row.removal_reasons)) == told

    shown = agency["children"][agency["children"].child_id.isin(child for child, _ in seen)]
    races = [
        ";".join(
            word for word in export.words(race) if word not in unsaid(report, "race_ethnicity")
        )
        for race in shown.race_ethnicity
    ]
    shown = shown.assign(sex=shown.sex.replace("unknown", pd.NA), race_ethnicity=races)
    assert plain(back["children"], CHILDREN_1993) == plain(shown, CHILDREN_1993)

    columns = "child_id removal_date county custody removal_number"
    numbered = original.assign(
        removal_number=original.groupby("child_id").cumcount() + 1,
        custody=original.custody.replace(dict.fromkeys(unsaid(report, "custody"), "unknown")),
    )
    keys = list(zip(numbered.child_id, numbered.removal_date, strict=True))
    numbered = numbered[[key in seen for key in keys]]
    assert plain(back["removals"], columns) == plain(numbered, columns)

    settings = agency["placements"].sort_values(["child_id", "start_date"])
    settings = {
        key: list(group.itertuples())
        for key, group in settings.groupby(["child_id", "removal_date"])
    }
    unseen = 0
    day = back["placements"].assign(start_date=back["placements"].start_date.astype(str).str[:10])
    for _, rows in day.groupby("removal_id"):
        rows = sorted(rows.itertuples(), key=lambda row: row.start_date)
        child, removed = rows[0].child_id, rows[0].removal_id[-8:]
        removed = f"{removed[:4]}-{removed[4:6]}-{removed[6:]}"
        true = {stay.start_date: n for n, stay in enumerate(settings[child, removed])}
        for row, later in zip(rows, [*rows[1:], None], strict=True):
            place = true[row.start_date]
            assert row.type == settings[child, removed][place].type
            exact = later is None or true[later.start_date] == place + 1
            unseen += not exact
            assert row.end_is_exact == exact
            told = later.start_date if later else seen[child, removed][0]
            assert ("" if pd.isna(row.end_date) else str(row.end_date)[:10]) == told
    assert report.count("settings between records") == unseen > 0

    visits = back["placements"][back["placements"].trial_home_visit]
    assert report.count("trial home visits") == len(visits) > 0
    kept = agency["placements"].query("type == 'trial_home_visit'")
    true_starts = set(zip(kept.child_id, kept.start_date, strict=True))
    starts = {(row.child_id, row.start_date.isoformat()[:10]) for row in visits.itertuples()}
    assert starts <= true_starts
