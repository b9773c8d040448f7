"""The exact counts of practice behind a report, under the names the attack uses."""

from evaluation.practice.equity import practice_by_group, risks_by_group
from evaluation.reporting.disclosure.practice import MEASURE_PARTS
from evaluation.reporting.sections import characteristics
from evaluation.reporting.sections.practice_groups import _groups, _shown
from evaluation.reporting.wording import column_name, level_name


def practice_counts(material, practice, year: int) -> dict:
    """Count what the sheets of practice could give back."""
    truth = {}
    titles, _ = _shown(material)
    table = practice.fidelity.table
    for row in table[table["eligible"].notna()].to_dict("records"):
        key = (year, "measure", titles[row["measure"]])
        truth |= {(*key, part): int(row[part]) for part in MEASURE_PARTS}
    for row in practice.questions.table.query("status == 'computed'").itertuples():
        _pair(truth, (year, "measure", row.measure), row.numerator, row.denominator, row.per)
    for row in practice.federal.table.query("status == 'computed'").itertuples():
        _pair(truth, (year, "measure", row.title), row.numerator, row.denominator, row.per)
        own = practice.federal.by_county
        for county in own[own["indicator"] == row.indicator].itertuples():
            key = (year, "county", row.title, str(county.county))
            _pair(truth, key, county.numerator, county.denominator, row.per)
    groups = practice_by_group(
        material.cohort, _groups(material), practice.fidelity, practice.questions
    )
    for row in groups.itertuples():
        kind = column_name(row.characteristic)
        label = f"{kind}: {level_name(row.characteristic, row.level)}"
        _pair(truth, (year, kind, titles[row.measure], label), row.events, row.n, row.per)
    months = practice.fidelity.by_month
    for form in ("%Y-%m", "%Y"):
        periods = months.assign(period=months["month"].dt.strftime(form))
        added = periods.groupby(["measure", "period"])[["met", "not_met"]].sum()
        for (measure, period), row in added.iterrows():
            key = (year, "Month or year", titles[measure], period)
            _pair(truth, key, row["met"], row["met"] + row["not_met"], 100)
    risks = risks_by_group(material.cohort, _members(material), 365, list(material.cohort.outcomes))
    for row in risks.itertuples():
        label = f"{column_name(row.characteristic)}: {level_name(row.characteristic, row.level)}"
        _pair(truth, (year, "equity", row.measure, label), row.events, row.n, 100)
        truth[year, "equity", row.measure, label, "families"] = int(row.families)
    return truth


def _members(material) -> dict:
    return {
        name: characteristics.members(material.cohort.exits, name, material.rule)
        for name in material.study.report.equity_by
    }


def _pair(truth: dict, key: tuple, events, n, per: int) -> None:
    truth[(*key, "met")] = int(events)
    if per == 100:
        truth[(*key, "not_met")] = int(n - events)
