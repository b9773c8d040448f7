"""Invented practice of a small county: what every child's cases came to, added up as a report does."""

from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd

from evaluation.estimates.proportions import clustered_share
from evaluation.practice.federal import day_rate
from tests.reporting.conftest import InventedCohort

MEASURES = {"R1": (0.9, 0.8), "R2": (0.6, 0.5), "R3": (1.0, 0.97)}
QUESTIONS = {"home": (100, 1.0, 0.6), "kin": (100, 0.5, 0.9), "moves": (1_000, 1.0, 0.3)}
LIMITS = ["rate", "ci_low", "ci_high"]
FIRST = pd.Timestamp("2018-01-01")


class CountyCohort(InventedCohort):
    """An invented cohort of which outcomes by group and practice can be asked."""

    stages = SimpleNamespace(records=SimpleNamespace(stage=lambda table: table))

    def ends(self, outcome):
        rows = self.rows[outcome]
        return ibis.memtable(
            pd.DataFrame(
                {"exit_id": rows["exit_id"], "begin": rows["start"], "end": rows["stop"]}
            ).assign(event=rows["event"].astype("int64"))
        )


def cases(exits: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return for every exit and measure how many cases it has, met and not yet due ones."""
    random, parts = np.random.default_rng(seed), []
    for name, (has, met) in MEASURES.items():
        n = (random.random(len(exits)) < has).astype(int)
        parts.append(_case(exits, name, n, random.random(len(exits)) < met, random))
    for name, (per, has, met) in QUESTIONS.items():
        n = (random.random(len(exits)) < has).astype(int)
        days = random.integers(30, 900, len(exits)) if per != 100 else 1
        parts.append(_case(exits, name, n * days, random.random(len(exits)) < met, random))
    return pd.concat(parts, ignore_index=True)


def _case(exits, name, n, met, random) -> pd.DataFrame:
    months = random.integers(0, 14, len(exits))
    late = (random.random(len(exits)) < 0.04).astype(int)
    return pd.DataFrame(
        {"measure": name, "exit_id": exits["exit_id"], "cluster": exits["family_id"]}
    ).assign(
        n=n * (1 - late) if name in MEASURES else n,
        events=np.where((n > 0) & met & ((late == 0) | (name in QUESTIONS)), 1, 0),
        late=n * late if name in MEASURES else 0,
        month=[FIRST + pd.DateOffset(months=int(m)) for m in months],
        county=exits["county"].to_numpy(),
    )


def practice_of(cohort, cases: pd.DataFrame) -> SimpleNamespace:
    """Add up the cases of a cohort's exits."""
    own = cases[cases["exit_id"].isin(cohort.exits["exit_id"])]
    policy = own[own["measure"].isin(MEASURES)]
    asked = own[own["measure"].isin(QUESTIONS)]
    return SimpleNamespace(
        fidelity=_fidelity(policy),
        questions=_questions(asked),
        federal=_federal(asked),
        dose=_dose(asked, cohort.exits),
    )


def _rates(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    families = rows.groupby([*by, "cluster"])[["n", "events"]].sum().reset_index()
    families = families.assign(
        n_squared=families["n"] ** 2,
        events_squared=families["events"] ** 2,
        n_events=families["n"] * families["events"],
        clusters=(families["n"] > 0).astype(int),
    )
    added = families.groupby(by).sum(numeric_only=True).reset_index()
    return pd.concat([added, clustered_share(added)[LIMITS]], axis=1)


def _trials(rows: pd.DataFrame):
    return ibis.memtable(rows[["measure", "exit_id", "cluster", "n", "events"]].astype(
        {"n": "int64", "events": "int64"}
    ))  # fmt: skip


def _fidelity(rows: pd.DataFrame) -> SimpleNamespace:
    table = _rates(rows, ["measure"])
    table["not_yet_due"] = rows.groupby("measure")["late"].sum().to_numpy()
    table = _parts(table).assign(
        title="rule", status="judged", needs="", reached="cannot tell", share_required=0.8
    )
    table["cannot_be_computed"] = 0
    table["eligible"] = table["n"] + table["not_yet_due"]
    return SimpleNamespace(
        table=table,
        by_month=_parts(_rates(rows, ["measure", "month"])),
        policy=SimpleNamespace(title="Policy"),
        trials=_trials(rows),
        text=(),
        choices=(),
        notes=(),
        unit=None,
    )


def _parts(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(met=table["events"], not_met=table["n"] - table["events"])


def _measured(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Add the share, or the events per so many days, with what it is per."""
    found = _rates(rows, by)
    found["per"] = [QUESTIONS[name][0] for name in found["measure"]]
    daily = (found["per"] != 100).to_numpy()
    found.loc[daily, LIMITS] = np.column_stack(day_rate(found[daily]))
    return found.rename(columns={"events": "numerator", "n": "denominator"})


def _questions(rows: pd.DataFrame) -> SimpleNamespace:
    table = _measured(rows, ["measure"]).rename(columns={"measure": "name", "rate": "value"})
    table = table.assign(measure="Measure " + table["name"], question="Where are they?", of="exits")
    for name in ("value", "ci_low", "ci_high"):
        table[name] = table[name] * table["per"]
    table = table.assign(status="computed", needs="")
    return SimpleNamespace(table=table, trials=_trials(rows), notes=())


def _federal(rows: pd.DataFrame) -> SimpleNamespace:
    parts = []
    for by in (["measure"], ["measure", "county"]):
        table = _measured(rows, by).rename(columns={"measure": "indicator", "rate": "observed"})
        for name in ("observed", "ci_low", "ci_high"):
            table[name] = table[name] * table["per"]
        parts.append(table)
    whole, counties = parts
    whole = whole.assign(
        title=[f"Indicator {r.indicator} per {r.per:,}" for r in whole.itertuples()],
        status="computed",
        needs="",
        national=np.nan,
        period_start=FIRST,
        period_end=FIRST + pd.DateOffset(years=1, days=-1),
    )
    adjusted = {f"adjusted{end}": counties["observed"] for end in ("", "_low", "_high")}
    return SimpleNamespace(table=whole, by_county=counties.assign(**adjusted), notes=())


def _dose(rows: pd.DataFrame, exits: pd.DataFrame) -> SimpleNamespace:
    """Every exit is delivered something, or is not."""
    got = rows[(rows["measure"] == "home")]
    about = {"program": "coach", "of": "exits", "unit": "per 100"}
    levels = [("all", "all", got)]
    levels += [("county", name, own) for name, own in got.groupby("county")]
    table = [
        about
        | {"measure": "started", "characteristic": kind, "level": level, "n": len(own)}
        | {"events": int(own["events"].sum()), "value": 100 * own["events"].mean()}
        | {"ci_low": 0.0, "ci_high": 100.0}
        for kind, level, own in levels
    ]
    contacts = pd.DataFrame(columns=["month", "child_months", "contacts", "per_month"])
    return SimpleNamespace(table=pd.DataFrame(table), contacts=contacts, cannot=(), notes=())
