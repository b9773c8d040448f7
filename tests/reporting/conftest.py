"""Invented results of the shapes the rooms before give, for an agency that does not exist."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import Effects
from evaluation.reporting import write_reports
from evaluation.study import Note, Study

EXIT_TYPES = ["reunification", "relative", "guardianship", "adoption"]
HOSTILE = (
    "<script>alert('1')</script> | *a* $x$ #include [x](http://evil.example) \\n {{ 7*7 }} `c`"
)


def make_study(**changes):
    settings = {
        "title": "Coach after reunification",
        "question": "Did children with a coach re-enter care less often?",
        "seed": 7,
        "cohort": {"exits": ["2018-01-01", "2022-12-31"], "data_through": "2024-06-30"},
        "outcomes": {"reentry": {}, "maltreatment": {}},
        "services": [
            {"program": "coach", "label": "Coach", "exposure": "at exit"},
            {"program": "respite", "label": "Respite care", "exposure": "time-varying"},
        ],
        "primary": {"outcome": "reentry", "service": "coach", "horizon": 365},
        "adjustment": {"covariates": ["sex"], "weights": "all eligible"},
        "report": {"agency": "Example County", "equity_by": ["county"]},
    }
    report = settings["report"] | changes.pop("report", {})
    return Study(**(settings | {"report": report} | changes))


@dataclass
class InventedCohort:
    study: Study
    exits: pd.DataFrame
    rows: dict
    flow: pd.DataFrame
    cannot: tuple = ()
    notes: tuple = ()

    outcomes = ("reentry", "maltreatment")
    definitions = (("Exit", "A discharge to permanency."), ("Re-entry", "The first removal after."))

    @property
    def released_notes(self):
        return self.notes

    def follow_up(self, outcome):
        return self.rows[outcome].copy()

    def unseen_leavers(self, outcome, horizon):
        shares = pd.Series([0.0, 0.05, 0.1])
        return pd.DataFrame(
            {"share_left": shares, "exits": 900, "events": 90, "risk": 0.1 / (1 - shares)}
        )


def make_cohort(study, children, seed=3, hostile=False):
    random = np.random.default_rng(seed)
    kinds = random.choice(EXIT_TYPES, size=children, p=[0.5, 0.2, 0.15, 0.15])
    counties = random.choice(["Alder", "Birch", HOSTILE if hostile else "Cedar"], size=children)
    exits = pd.DataFrame(
        {
            "child_id": [f"c{n:05d}" for n in range(children)],
            "exit_id": [f"c{n:05d}-1" for n in range(children)],
            "family_id": [f"f{n // 2:05d}" for n in range(children)],
            "exit_type": kinds,
            "age_group": random.choice(["1-5", "6-10", "11-16"], size=children),
            "sex": random.choice(["female", "male"], size=children),
            "race_ethnicity": random.choice(["black", "hispanic", "white"], size=children),
            "county": counties,
            "known_at_exit_coach": random.random(children) < 0.35,
            "known_at_exit_respite": random.random(children) < 0.1,
        }
    )
    exits["index_date"] = pd.to_datetime([f"{2018 + n % 5}-06-01" for n in range(children)])
    rows = {}
    for outcome, scale in (("reentry", 1800.0), ("maltreatment", 3000.0)):
        slower = np.where(kinds == "reunification", 1.0, 1.8)
        times = np.ceil(random.exponential(scale * slower)).astype(int) + 1
        other = np.ceil(random.exponential(9000, size=children)).astype(int) + 1
        end = np.minimum(np.minimum(times, other), 730)
        event = np.where(times <= end, 1, np.where(other <= end, 2, 0))
        base = exits[["child_id", "exit_id", "family_id", "exit_type"]]
        rows[outcome] = base.assign(start=0, stop=np.maximum(end, 1), event=event)
    left = [("Discharged", "Still in care", 240), ("Under 18", "18 or older", 0)]
    left += [("Long enough", "In care for fewer than 8 days", 6), ("Cohort", "Later exit", 95)]
    steps = [("Removal episodes on record", "", children + sum(n for *_, n in left), 0)]
    for step, reason, excluded in left:
        steps.append((step, reason, steps[-1][2] - excluded, excluded))
    flow = pd.DataFrame(steps, columns=["step", "reason", "exits", "excluded"])
    flow["children"], flow["families"] = flow["exits"], flow["exits"]
    return InventedCohort(study, exits, rows, flow)


def make_effects(cohort, small=False):
    """Invented estimates beside exact counts of the invented cohort."""
    exits = cohort.exits
    served, reached = (exits[f"known_at_exit_{name}"].to_numpy() for name in ("coach", "respite"))
    rows, models, curves, balance, naive = [], [], [], [], []
    for outcome in cohort.outcomes:
        ends = cohort.follow_up(outcome)
        events = (ends["event"] == 1).to_numpy()
        few = {"events_treated": 4} if small else {}
        clusters = {"clusters": int(exits["family_id"].nunique())}
        counts = _arm_counts(served, events) | clusters | few
        shared = {
            "contrast": f"Coach against usual care: {outcome}",
            "outcome": outcome,
            "service": "coach",
            "comparison": "usual care",
            "population": "all eligible",
            **counts,
        }
        for day in (180, 365, 730):
            for measure, value in (
                ("risk_treated", 0.08),
                ("risk_comparison", 0.12),
                ("risk_difference", -0.04),
                ("risk_ratio", 0.67),
            ):
                spread = 0.012 if "ratio" not in measure else 0.09
                rows.append(
                    shared
                    | {
                        "horizon": day,
                        "measure": measure,
                        "estimate": value,
                        "se": spread / 2,
                        "ci_low": value - spread,
                        "ci_high": value + spread,
                        "p": 0.001,
                        "p_adjusted": 0.003,
                        "primary": day == 365 and outcome == "reentry",
                        "method": "weighted Aalen–Johansen",
                    }
                )
        ratio = {
            "estimate": 0.68,
            "se": 0.12,
            "ci_low": 0.54,
            "ci_high": 0.86,
            "p": 0.002,
            "p_adjusted": 0.002,
            "method": "Cox model, weighted, adjusted",
        }
        cox = {"horizon": pd.NA, "measure": "hazard_ratio", "primary": outcome == "reentry"}
        rows.append(shared | cox | ratio)
        respite = {"service": "respite", "estimate": 0.97, "ci_low": 0.6, "ci_high": 1.6, "p": 0.8}
        respite |= {"contrast": "Respite", "primary": False}
        rows.append(shared | cox | ratio | respite | _arm_counts(reached, events) | few)
        for term, hazard in (("coach[T.yes]", 0.68), ("sex[T.male]", 1.13)):
            models.append(
                {
                    "model": "cox",
                    "outcome": outcome,
                    "service": "coach",
                    "exposure": "at exit",
                    "term": term,
                    "coef": float(np.log(hazard)),
                    "se": 0.11,
                    "robust_se": 0.12,
                    "hazard_ratio": hazard,
                    "ci_low": hazard * 0.8,
                    "ci_high": hazard * 1.25,
                    "z": -3.2,
                    "p": 0.002,
                    "n": len(exits),
                    "events": int(events.sum()),
                    "clusters": counts["clusters"],
                }
            )
        days = sorted({*(round(30.4375 * month) for month in range(1, 24)), 180, 365, 730})
        for group, arm in (("yes", served), ("no", ~served)):
            for day in days:
                happened = (events & arm & (ends["stop"] <= day)).sum()
                share = happened / arm.sum()
                curves.append(
                    {
                        "service": "coach",
                        "outcome": outcome,
                        "group": group,
                        "cause": 1,
                        "time": float(day),
                        "at_risk": int((arm & (ends["stop"] >= day)).sum()),
                        "events": int(happened),
                        "incidence": share,
                        "se": 0.01,
                        "ci_low": max(0.0, share - 0.02),
                        "ci_high": share + 0.02,
                    }
                )
        balance.append(
            {
                "service": "coach",
                "outcome": outcome,
                "covariate": "sex[male]",
                "mean_treated": 0.5,
                "mean_comparison": 0.48,
                "before": 0.08,
                "after": 0.01,
            }
        )
        naive.append(
            {
                "service": "coach",
                "outcome": outcome,
                "horizon": 365,
                "risk_ever": 0.05,
                "risk_never": 0.12,
                "risk_ratio": 0.42,
                "events_ever": 40,
                "events_never": 90,
                "sentence": "Ever against never would have claimed a risk ratio of 0.42.",
            }
        )
    reason = Note("Respite care: {n} children, too few.", {"n": 4})
    cannot = [{"service": "respite", "outcome": "reentry", "sentence": reason}]
    frames = map(pd.DataFrame, (rows, models, curves, balance, cannot, naive))
    notes = (Note("{n} of {all} children lack a covariate.", {"n": 7, "all": len(exits)}),)
    effects = Effects(*frames, notes=notes)
    effects.table["horizon"] = effects.table["horizon"].astype("Int64")
    return effects


def _arm_counts(served, events):
    return {
        "n_treated": int(served.sum()),
        "n_comparison": int((~served).sum()),
        "events_treated": int((served & events).sum()),
        "events_comparison": int((~served & events).sum()),
    }


def make_agency(hostile=False):
    counts = pd.DataFrame(
        {
            "table": ["children", "removals", HOSTILE if hostile else "services"],
            "read": [1210, 1620, 700],
            "accepted": [1207, 1600, 700],
            "quarantined": [3, 20, 0],
            "blank_lines": [0, 2, 0],
        }
    )
    findings = pd.DataFrame(
        {
            "check": ["unmatched_child_id", "overlap"],
            "table": ["removals", "removals"],
            "rows": [4, 30],
            "of": [1600, 1600],
            "share": [0.0025, 0.019],
            "limit": [None, None],
            "verdict": ["look", "look"],
            "message": ["4 of 1,600 rows", HOSTILE if hostile else "30 of 1,600 (1.9%) rows."],
        }
    )
    check = SimpleNamespace(counts=counts, findings=findings, quarantine=pd.DataFrame())
    return SimpleNamespace(source="data/", data_hash="ab" * 32, check=lambda: check)


def make_truth(effects):
    table = effects.table[effects.table["measure"].isin(["risk_difference", "hazard_ratio"])]
    columns = ["service", "outcome", "measure", "horizon", "estimate", "ci_low", "ci_high"]
    return table[columns].assign(truth=-0.035, inside=True, meaning="Difference in risk")


@pytest.fixture(scope="session")
def invented():
    return SimpleNamespace(
        HOSTILE=HOSTILE,
        study=make_study,
        cohort=make_cohort,
        effects=make_effects,
        agency=make_agency,
        truth=make_truth,
    )


@pytest.fixture(scope="session")
def results():
    study = make_study()
    cohort = make_cohort(study, 1800)
    cohort.notes = (Note("{few} exits and {many} exits.", {"few": 6, "many": 60}),)
    return study, make_agency(), cohort, make_effects(cohort)


@pytest.fixture(scope="session")
def written(results, tmp_path_factory):
    out = tmp_path_factory.mktemp("reports") / "out"
    study, agency, cohort, effects = results
    write_reports(study, agency, cohort, effects, out, truth=make_truth(effects))
    return out


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile") / "out"
    study = make_study(title=f"Title {HOSTILE}", report={"agency": f"=1+1 {HOSTILE}"})
    cohort = make_cohort(study, 1800, hostile=True)
    cohort.notes = (HOSTILE,)
    cohort.cannot = ("=cmd|' /C calc'!A0",)
    write_reports(study, make_agency(hostile=True), cohort, make_effects(cohort), out)
    return out
