"""One simulated agency from its records to the rows that effects are estimated from."""

import pandas as pd

from evaluation.cohorts import build_cohort
from evaluation.sources.simulation import simulate_agency
from evaluation.study import Study

ABOUT = ("child_id", "index_date", "exit_type", "age_at_exit", "prior_episodes", "days_in_care")


def from_records(
    scenario: dict, children: int, seed: int, study: Study, outcome: str
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, bool]:
    """Simulate records, build the cohort, and compare its tables with the simulator's own.

    Parameters
    ----------
    scenario : dict
        Arguments of the simulated agency.
    children, seed : int
    study : Study
        Its cohort, outcomes and adjustment; every program of the scenario is followed.
    outcome : str

    Returns
    -------
    tuple
        Follow-up rows, exits and days with a report as the package makes them, and whether
        all are the simulator's: who exited when, every day of follow-up, every event, its
        reason and every exposure, every report.
    """
    agency = simulate_agency(children=children, seed=seed, dirty=0.0, missing=0.0, **scenario)
    truth = agency.truth
    services = [
        {"program": name, "exposure": "time-varying"} for name in truth.scenario.program_names
    ]
    settings = study.model_dump(exclude_unset=True) | {"services": services}
    cohort = build_cohort(agency, Study(**settings))
    rows, exits = cohort.follow_up(outcome), cohort.exits
    known = truth.follow_up(outcome, horizon_days=study.cohort.horizon_days)
    about = [name for name in ABOUT if name != "index_date"]
    same = [
        _plain(exits, about).equals(_plain(truth.cohort, about)),
        _days(exits) == _days(truth.cohort),
        _clusters(exits, "family_id") == _clusters(truth.cohort, "cluster"),
        _joined(rows).equals(_joined(known)),
        _reports(cohort.report_days, exits) == _reports(truth.report_days, truth.cohort),
    ]
    return rows, exits, cohort.report_days, all(same)


def _plain(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns as text, child by child."""
    return frame.sort_values("child_id", ignore_index=True)[columns].astype(str)


def _days(frame: pd.DataFrame) -> list:
    """Day of every exit, child by child."""
    return pd.to_datetime(frame.sort_values("child_id")["index_date"]).tolist()


def _reports(days: pd.DataFrame, exits: pd.DataFrame) -> list:
    """Days with a report, child by child."""
    child = days["exit_id"].map(exits.set_index("exit_id")["child_id"])
    return sorted(zip(child.astype(str), days["day"].astype(int), strict=True))


def _clusters(frame: pd.DataFrame, column: str) -> list[str]:
    """Cluster of every exit, child by child."""
    return frame.sort_values("child_id")[column].astype(str).tolist()


def _joined(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with neighbours joined where no exposure changes (support status cuts more)."""
    exposures = sorted(name for name in rows if name.startswith("exposure_"))
    rows = rows.sort_values(["child_id", "start"], ignore_index=True)
    state = rows[["child_id", *exposures]].astype(str)
    number = state.ne(state.shift()).any(axis=1).cumsum()
    found = rows.groupby(number).agg(
        child_id=("child_id", "first"),
        start=("start", "first"),
        stop=("stop", "last"),
        event=("event", "last"),
        end_reason=("end_reason", "last"),
        **{name: (name, "first") for name in exposures},
    )
    return found.reset_index(drop=True).astype(str)
