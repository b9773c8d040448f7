"""What a contrast lacks, in words, with the exact limits that remain."""

from evaluation.effects import intervals
from evaluation.effects.arms import OUTCOME_EVENT, Arms
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.study import Service, Study

DAYS_PER_YEAR = 365.25


def refusal(service: Service, outcome: str) -> str | None:
    """Say why a contrast is refused by its design, or nothing."""
    if service.brings_about_exit:
        return (
            f"{service.name} is meant to bring the exit about, so it changes who exits: comparing "
            f"{OUTCOME_WORDS[outcome]} among exits is not its effect. The honest outcome starts at "
            "assignment: home and stable at a horizon, and days at home."
        )
    if service.exposure == "target trial" and service.compare_with != "usual care":
        return (
            f"{service.name}: a target trial here compares with usual care, not with "
            f'"{service.compare_with}"; choose compare_with = "usual care", or the exposure '
            '"at exit", "landmark" or "time-varying".'
        )
    return None


OUTCOME_WORDS = {
    "reentry": "re-entry",
    "disruption": "disruption",
    "maltreatment": "maltreatment",
    "visit_ended": "return from a trial home visit",
}


def shortage(arms: Arms, study: Study) -> str | None:
    """Say what the data of a contrast lack, or nothing.

    An arm without events gives exact limits: Clopper-Pearson on families followed
    to the main horizon, and Poisson per person-time (METHODS 7.9).
    """
    name, what = arms.service.name, OUTCOME_WORDS[arms.outcome]
    sides = {"served": arms.served, "comparison": arms.compared}
    for side, rows in sides.items():
        if arms.children(rows) and arms.events(rows) == 0:
            return f"{name}: {_without_events(arms, rows, side, study.main_horizon, what)}"
    counts = {
        "n_treated": arms.children(arms.served),
        "n_comparison": arms.children(arms.compared),
        "events_treated": arms.events(arms.served),
        "events_comparison": arms.events(arms.compared),
    }
    thin = thin_arm(counts, name, what, study)
    if thin:
        return thin
    terms = _terms(arms, study)
    events = int((arms.rows["event"] == OUTCOME_EVENT).sum())
    if events < THRESHOLDS.events_per_term * terms:
        needed = THRESHOLDS.events_per_term * terms
        return (
            f"{name}: there are too few events of {what} for an outcome model with {terms} terms "
            f"({needed:g} needed, {THRESHOLDS.events_per_term:g} each); name fewer or coarser "
            "covariates, or pool years."
        )
    return None


def thin_arm(counts: dict[str, int], name: str, what: str, study: Study) -> str | None:
    """Say which arm has too few children or events for a comparison, or nothing.

    Parameters
    ----------
    counts : dict of str to int
        ``n_treated``, ``n_comparison``, ``events_treated``, ``events_comparison``.
    name, what : str
        The service and the outcome in words.
    study : Study
        Small counts are not said where the study suppresses them.
    """
    for side, key in (("served", "treated"), ("comparison", "comparison")):
        children, events = counts[f"n_{key}"], counts[f"events_{key}"]
        if children == 0:
            return f"{name}: the {side} arm has no children, so no effect can be estimated."
        if children < THRESHOLDS.children_per_arm:
            return (
                f"{name}: the {side} arm has fewer than {THRESHOLDS.children_per_arm} children, "
                f"too few to compare {what}; pool years or agencies."
            )
        if events < THRESHOLDS.events_per_arm:
            least = max(THRESHOLDS.events_per_arm, study.report.hidden_below)
            return (
                f"{name}: fewer than {least} events of {what} in the {side} "
                "arm, too few for a comparison; pool years or agencies."
            )
    return None


def _terms(arms: Arms, study: Study) -> int:
    columns = [arms.service.program]
    if study.adjustment.outcome_model:
        columns += arms.covariates
    terms = 0
    for column in columns:
        values = arms.rows[column]
        numeric = values.dtype.kind in "biuf"
        terms += 1 if numeric else int(values.nunique()) - 1
    return terms


def _without_events(arms: Arms, rows, side: str, horizon: int, what: str) -> str:
    arm = arms.rows[rows]
    spans = arm.groupby("family_id")["stop"].max()
    followed = int((spans >= horizon).sum())
    years = float((arm["stop"] - arm["start"]).sum()) / DAYS_PER_YEAR
    by_time = intervals.exact_rate_limit(years) * 100
    sentence = f"no event of {what} in the {side} arm, so no ratio exists. "
    if followed:
        high = intervals.exact_share(0, followed)[1]
        sentence += (
            f"Of {followed:,} families followed to day {horizon}, 0 had one: the true share may be "
            f"as high as {high:.1%} (exact 95% limit on families); "
        )
    return (
        sentence + f"the rate may be as high as {by_time:.1f} per 100 child-years "
        "(exact Poisson 95% limit)."
    )
