"""A simulated agency written as federal files, from the codebooks and not from the reader's tables."""

import pandas as pd

COUNTY = {name: f"55{2 * n + 1:03d}" for n, name in enumerate(
    ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hawthorn", "Ironwood", "Juniper",
     "Katsura", "Larch"])}  # fmt: skip
EXIT_1993 = dict(reunification="1", relative="2", adoption="3", emancipation="4", guardianship="5",
                 transfer="6", runaway="7", death="8")  # fmt: skip
EXIT_2020 = dict(reunification="1", relative="2", adoption="3", emancipation="4", guardianship="5",
                 runaway="6", death="7", transfer="8")  # fmt: skip
REASON_1993 = dict(physical_abuse="PHYABUSE", sexual_abuse="SEXABUSE", neglect="NEGLECT",
                   parent_alcohol_abuse="AAPARENT", parent_drug_abuse="DAPARENT",
                   child_alcohol_abuse="AACHILD", child_drug_abuse="DACHILD",
                   child_disability="CHILDIS", child_behavior="CHBEHPRB", parent_death="PRTSDIED",
                   parent_incarceration="PRTSJAIL", caretaker_inability="NOCOPE",
                   abandonment="ABANDMNT", relinquishment="RELINQSH",
                   inadequate_housing="HOUSING")  # fmt: skip
REASON_2020 = dict(physical_abuse="E74", sexual_abuse="E75", neglect="E77", domestic_violence="E79",
                   abandonment="E80", parent_alcohol_abuse="E82", parent_drug_abuse="E83",
                   child_alcohol_abuse="E84", child_drug_abuse="E85", child_disability="E88",
                   child_behavior="E91", parent_death="E92", parent_incarceration="E93",
                   caretaker_inability="E94", inadequate_housing="E96", relinquishment="E97",
                   other="E98")  # fmt: skip
RACE_1993 = dict(american_indian_alaska_native="AMIAKN", asian="ASIAN", black="BLKAFRAM",
                 hawaiian_pacific_islander="HAWAIIPI", white="WHITE", unknown="UNTODETM")  # fmt: skip
RACE_2020 = dict(american_indian_alaska_native="E13", asian="E14", black="E15",
                 hawaiian_pacific_islander="E16", white="E17", unknown="E18", declined="E20",
                 hispanic="E21")  # fmt: skip
DISPOSITION = dict(substantiated="1", indicated="2", alternative_response_victim="3",
                   alternative_response="4", unsubstantiated="5", intentionally_false="6",
                   closed_no_finding="7", other="88", unknown="99")  # fmt: skip
TYPE = dict(physical_abuse="1", neglect="2", medical_neglect="3", sexual_abuse="4",
            psychological_abuse="5", none_alleged="6", sex_trafficking="7", other="8",
            unknown="9")  # fmt: skip
REPORTER = dict(social_services="1", medical="2", mental_health="3", law_enforcement="4",
                education="5", child_day_care="6", foster_care_provider="7", victim="8", parent="9",
                relative="10", friend_neighbor="11", perpetrator="12", anonymous="13",
                service_provider="88", other="88", unknown="99")  # fmt: skip
RELATION = dict(parent="1", other_relative="2", foster_parent="33", residential_staff="5",
                day_care="6", partner_of_parent="7", guardian="8", other_professional="9",
                friend_neighbor="10", other="88", unknown="99")  # fmt: skip

SETTING_2020 = dict(foster_home=("0",), relative_foster_home=("0", "E117"), group_home=("2",),
                    trial_home_visit=("14",))  # fmt: skip
SETTING_1993 = dict(foster_home="3", relative_foster_home="2", group_home="4",
                    trial_home_visit="8")  # fmt: skip


def eight(date) -> str:
    return "" if pd.isna(date) else str(date).replace("-", "")


def county(name) -> str:
    return "" if pd.isna(name) else COUNTY[name]


def none(cell):
    return None if pd.isna(cell) else cell


def words(cell) -> list[str]:
    return [] if pd.isna(cell) else cell.split(";")


def yes(cell, one="1", no="0", none="") -> str:
    return none if pd.isna(cell) else one if cell == "true" else no


def afcars_2020(frames: dict, period: str = "202409") -> dict[str, pd.DataFrame]:
    """Write every block of one submission."""
    people = frames["children"][frames["children"].child_id.isin(frames["removals"].child_id)]
    children = []
    for child in people.itertuples():
        race = {RACE_2020[word]: "1" for word in words(child.race_ethnicity)}
        children.append(
            {"E2": period, "E4": child.child_id, "E5": eight(child.birth_date),
             "E6": {"male": "1", "female": "2"}.get(none(child.sex), ""), "E24": yes(child.disability_intellectual),
             "E26": yes(child.disability_sensory), "E28": yes(child.disability_physical),
             "E29": yes(child.disability_emotional),
             **{e: yes(child.disability) for e in ("E34",)},
             **{e: "0" for e in ("E25", "E27", "E30", "E31", "E32", "E33")}, **race}
        )  # fmt: skip
    removals = []
    for stay in frames["removals"].itertuples():
        reasons = {REASON_2020[word]: "1" for word in words(stay.removal_reasons)}
        removals.append(
            {"E2": period, "E3": county(stay.county), "E4": stay.child_id,
             "E69": eight(stay.removal_date), "E153": eight(stay.discharge_date),
             "E155": "9" if pd.isna(stay.discharge_date) else EXIT_2020.get(none(stay.discharge_reason), ""),
             **reasons}
        )  # fmt: skip
    settings = [
        {"E2": period, "E4": row.child_id, "E69": eight(row.removal_date), "E112": eight(row.start_date),
         "E120": SETTING_2020[row.type][0], **{flag: "1" for flag in SETTING_2020[row.type][1:]}}
        for row in frames["placements"].itertuples()
    ]  # fmt: skip
    agreements = [
        {"E2": period, "E4": row.child_id, "A17": eight(row.finalized), "A18": eight(row.ended)}
        for row in frames["agreements"].itertuples()
    ]
    return {
        "agreements": pd.DataFrame(agreements),
        "children": pd.DataFrame(children).fillna(""),
        "removals": pd.DataFrame(removals).fillna(""),
        "living_arrangements": pd.DataFrame(settings).fillna(""),
    }


def period_ends(first: int, last: int) -> list[str]:
    return [f"{year}-{end}" for year in range(first, last + 1) for end in ("03-31", "09-30")]


def afcars_1993(frames: dict, periods: list[str]) -> dict[str, pd.DataFrame]:
    """Write one semiannual file per period: each child in care in it, at its last episode."""
    homes = frames["placements"].sort_values(["child_id", "start_date"])
    births = frames["children"].set_index("child_id")
    stays = frames["removals"].sort_values(["child_id", "removal_date"])
    by_child = {child: list(group.itertuples()) for child, group in stays.groupby("child_id")}
    files = {}
    for end in periods:
        begin = f"{int(end[:4]) - 1}-10-01" if end.endswith("03-31") else f"{end[:4]}-04-01"
        rows = []
        for child, episodes in by_child.items():
            begun = [stay for stay in episodes if stay.removal_date <= end]
            if not begun:
                continue
            last = begun[-1]
            gone = last.discharge_date
            if not pd.isna(gone) and gone < begin:
                continue
            over = not pd.isna(gone) and gone <= end
            settings = homes[(homes.child_id == child) & (homes.removal_date == last.removal_date)]
            settings = settings[settings.start_date <= end]
            setting = settings.iloc[-1]
            prior = begun[-2].discharge_date if len(begun) > 1 else None
            person = births.loc[child]
            rows.append(
                {"State": "55", "RepDatYr": end[:4], "RepDatMo": end[5:7], "FIPSCode": county(last.county),
                 "RecNumbr": child, "DOB": eight(person.birth_date),
                 "SEX": {"male": "1", "female": "2"}.get(none(person.sex), ""),
                 **{RACE_1993[w]: "1" for w in words(person.race_ethnicity) if w in RACE_1993},
                 "HISORGIN": "1" if "hispanic" in words(person.race_ethnicity) else "2",
                 "CLINDIS": yes(person.disability, no="2"), "MR": yes(person.disability_intellectual),
                 "VISHEAR": yes(person.disability_sensory), "PHYDIS": yes(person.disability_physical),
                 "EmotDist": yes(person.disability_emotional),
                 "Rem1Dt": eight(begun[0].removal_date), "TotalRem": f"{len(begun):02d}",
                 "DLstFCDt": eight(prior), "LatRemDt": eight(last.removal_date),
                 "CurSetDt": eight(setting.start_date), "NumPlep": f"{len(settings):02d}",
                 "CURPLSET": SETTING_1993[setting.type],
                 "MANREM": {"voluntary": "1", "court_ordered": "2"}.get(none(last.custody), "3"),
                 **{REASON_1993[w]: "1" for w in words(last.removal_reasons) if w in REASON_1993},
                 "DoDFCDt": eight(gone) if over else "",
                 "DISREASN": EXIT_1993.get(none(last.discharge_reason), "0") if over else "0"}
            )  # fmt: skip
        files[end] = pd.DataFrame(rows).fillna("")
    return files


def ncands(frames: dict) -> dict[int, pd.DataFrame]:
    """Write one Child File per fiscal year of disposition."""
    reports = frames["maltreatment_reports"]
    reports = reports[reports.disposition != "screened_out"]
    cared = set(frames["removals"].child_id)
    people = frames["children"].set_index("child_id")
    years: dict[int, list[dict]] = {}
    for (report, child), rows in reports.groupby(["report_id", "child_id"]):
        first = rows.iloc[0]
        day = str(first.disposition_date)
        year = int(day[:4]) + (day[5:7] >= "10")
        mmddyyyy = lambda d: "" if pd.isna(d) else d[5:7] + d[8:] + d[:4]  # noqa: E731
        record = {"SubYr": str(year), "StaTerr": "WI", "RptID": report, "ChID": f"N{child}",
                  "RptDt": mmddyyyy(first.report_date), "RpDispDt": mmddyyyy(first.disposition_date),
                  "IncidDt": mmddyyyy(first.incident_date), "RptSrc": REPORTER.get(none(first.reporter_source), ""),
                  "ChAge": str(int(first.report_date[:4]) - int(people.loc[child].birth_date[:4])),
                  "ChSex": {"male": "1", "female": "2"}.get(none(people.loc[child].sex), "9"),
                  "AFCARSID": child if child in cared else ""}  # fmt: skip
        relations = list(dict.fromkeys(rows.perpetrator_relation))
        for n, allegation in enumerate(rows.head(4).itertuples(), start=1):
            record[f"ChMal{n}"] = TYPE.get(none(allegation.maltreatment_type), "")
            record[f"Mal{n}Lev"] = DISPOSITION.get(none(allegation.disposition), "")
            if not pd.isna(allegation.perpetrator_relation):
                k = relations.index(allegation.perpetrator_relation) + 1
                record[f"Per{k}Rel"] = RELATION[allegation.perpetrator_relation]
                record[f"Per{k}Mal{n}"] = "1"
        years.setdefault(year, []).append(record)
    return {year: pd.DataFrame(rows).fillna("") for year, rows in sorted(years.items())}
