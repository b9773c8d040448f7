"""What a target trial compares, in the words every output carries (METHODS 6.4)."""

import pandas as pd

from evaluation.effects.trial.children import TrialChildren
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
    study: Study,
    service: Service,
    outcome_words: str,
    protocol: Protocol,
    children: TrialChildren,
) -> pd.DataFrame:
    """Return the protocol of the trial emulated, element by element.

    The elements are those of Hernán and Robins (2016); the weight models are named with
    what they hold of ``children``.

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
            f"{_weights(children, protocol)} Weights of decisions taken on one day are cut at "
            f"their quantile {protocol.truncate:g}.",
        ),
        (
            "variance",
            f"Bootstrap of whole families, {study.adjustment.replicates} replicates, every weight "
            f"model fitted again in each (seed {study.seed}).",
        ),
        ("other services", "Continue, end or start as they do; what changed is tabulated."),
    ]
    return pd.DataFrame(rows, columns=["element", "words"])


def _weights(children: TrialChildren, protocol: Protocol) -> str:
    """Say which models the weights come from, and what those hold."""
    known = f"given what is known at the exit ({children.formula})"
    days = f"the last {protocol.last_days} days of the grace period"
    said = "Inverse probability of having followed the strategy, from models of starting"
    if not children.past:
        return (
            f"{said} {known}: a logistic model of day 0, a Cox model of the days after it, a "
            f"logistic model of a start in {days} among those undecided until then (they stand "
            "for whoever would start on its last day); and a Cox model of moving away. Nothing "
            "that happens after the exit is in them."
        )
    return (
        f"{said} {known} and what the records show by the day before ({'; '.join(children.past)}): "
        "a logistic model of day 0, which holds the first alone, and a Cox model of the days after "
        f"it, which also weighs starts in {days} (they stand for whoever was undecided until then, "
        "as if all of them started at random in those days); and a Cox model of moving away given "
        "what is known at the exit."
    )
