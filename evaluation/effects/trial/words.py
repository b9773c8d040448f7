"""What a target trial compares, in the words every output carries (METHODS 6.4)."""

import pandas as pd

from evaluation.effects.trial.emulation import NEVER, Protocol
from evaluation.study import Service, Study


def treated_strategy(grace: int) -> str:
    """Say what the treated strategy asks of a family."""
    return (
        f"Start within {grace} days of the exit at the pace seen in the data, whoever has not "
        "started by the last of them starting then; afterwards the service goes on or stops as it "
        "usually does (an effect of starting, not of adherence)."
    )


def comparison_strategy(comparison: str, grace: int) -> str:
    """Say what the strategy compared with asks."""
    if comparison == NEVER:
        return "Never start the service, to the horizon; other services come as they do."
    return f"Do not start within {grace} days of the exit; after that, usual care."


def protocol_table(
    study: Study, service: Service, outcome_words: str, protocol: Protocol, formula: str
) -> pd.DataFrame:
    """Return the protocol of the trial emulated, element by element.

    The elements are those of Hernán and Robins (2016).

    Returns
    -------
    pandas.DataFrame
        ``element``, ``words``.
    """
    grace = protocol.grace[0]
    prevalent = (
        "counts as a start on day 0"
        if service.prevalent == "day 0"
        else "is excluded from the trial, and counted"
    )
    rows = [
        (
            "eligibility",
            "Children of the cohort on the day of their exit; a service known at exit "
            f"{prevalent}.",
        ),
        ("treated strategy", treated_strategy(grace)),
        ("comparison strategy", comparison_strategy(protocol.comparison, grace)),
        (
            "assignment",
            "None was made: each child is cloned into both arms on the day of exit. A clone is "
            "censored on the first day its history contradicts its strategy; events before that "
            "day count in both arms.",
        ),
        ("start of follow-up", "The day of exit, day 0, in both arms."),
        (
            "end of follow-up",
            f"The outcome, a competing event, a move away, the end of the data, or day "
            f"{max(protocol.horizons)}.",
        ),
        ("outcome", f"The first event of {outcome_words}."),
        ("contrast", "All eligible children: risks at the horizons, their difference and ratio."),
        (
            "weights",
            "Inverse probability of having followed the strategy, from models of starting given "
            f"what is known at the exit ({formula}): a logistic model of day 0, a Cox model of the "
            f"days after it, a logistic model of a start in the last {protocol.last_days} days of "
            "the grace period among those undecided until then (they stand for whoever would start "
            "on its last day); and a Cox model of moving away. Weights of decisions taken on one "
            f"day are cut at their quantile {protocol.truncate:g}.",
        ),
        (
            "variance",
            f"Bootstrap of whole families, {study.adjustment.replicates} replicates, every weight "
            f"model fitted again in each (seed {study.seed}).",
        ),
        ("other services", "Continue, end or start as they do; what changed is tabulated."),
    ]
    return pd.DataFrame(rows, columns=["element", "words"])
