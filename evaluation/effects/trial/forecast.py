"""How long the target trials of a study will take, said before they start."""

from evaluation.cohorts import Cohort
from evaluation.effects.limits import refusal

SECONDS_ONCE = 20
SECONDS_A_REPLICATE = 0.08
PER_EXITS = 100_000
WORTH_SAYING = 60


def trial_forecast(cohort: Cohort) -> str:
    """Say how long the target trials of a study may take, where it is a minute or more.

    A minute for every contrast, 100,000 exits and 500 replicates, of which a third is spent once:
    about what was measured on two cores with 16 covariate columns.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.

    Returns
    -------
    str
        Such as ``2 target trials of 300,000 exits, about 6 minutes``; else empty.
    """
    study = cohort.study
    trials = [
        (service.program, outcome)
        for service in study.services
        for outcome in cohort.outcomes
        if service.exposure == "target trial" and refusal(service, outcome) is None
    ]
    exits = len(cohort.exits)
    once = SECONDS_ONCE + SECONDS_A_REPLICATE * study.adjustment.replicates
    seconds = len(trials) * exits / PER_EXITS * once
    if seconds < WORTH_SAYING:
        return ""
    minutes = round(seconds / 60)
    trial = "1 target trial" if len(trials) == 1 else f"{len(trials)} target trials"
    return f"{trial} of {exits:,} exits, about {minutes} minute{'s' if minutes > 1 else ''}"
