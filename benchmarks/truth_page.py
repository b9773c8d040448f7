"""The results of the simulation study as a page and a chart."""

from pathlib import Path

import pandas as pd

LEAST_JUDGED = 20
MOST_REFUSED = 0.05
NAIVE, TRIAL = "group, ever against never", "group, target trial"
VIOLATED_BY = "assumption violated: bias expected"


def judged(row) -> str:
    """Say whether a cell passes, or why it is shown and not judged."""
    if row.estimator == NAIVE:
        return "refused as an effect"
    if isinstance(row.violated, str) and row.violated:
        return f"{VIOLATED_BY} ({row.violated})"
    if row.sets < LEAST_JUDGED:
        return "too few data sets to judge"
    if row.refused > MOST_REFUSED * (row.sets + row.refused):
        return "too many data sets refused to judge"
    return "yes" if row.passes in (True, "True") else "no"


def draw(table: pd.DataFrame, path: Path, planned: int) -> None:
    """Draw bias of the honest estimators beside that of ever against never."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    own = table[table["measure"] == "risk_difference"]
    scenarios = list(dict.fromkeys(own["scenario"]))
    figure, ax = plt.subplots(figsize=(6.5, 1 + 0.5 * len(scenarios)))
    marks = {NAIVE: ("x", "#B42318"), TRIAL: ("o", "#00737A")}
    for (estimator, rows), other in zip(
        own.groupby("estimator", sort=False), "sD^v<>ph", strict=False
    ):
        marker, colour = marks.get(estimator, (other, "#5B6770"))
        places = [scenarios.index(name) for name in rows["scenario"]]
        face = colour if marker == "x" or rows["sets"].min() >= LEAST_JUDGED else "none"
        look = {"marker": marker, "color": colour, "facecolors": face}
        ax.scatter(100 * rows["bias"], places, label=estimator, **look)
    ax.axvline(0, color="#1F2933", lw=0.8)
    ax.set_yticks(range(len(scenarios)), scenarios)
    ax.invert_yaxis()
    ax.set_xlabel("Average error, children per 100")
    title = "Honest comparisons find the simulated truth; ever against never does not"
    if own["sets"].max() < planned:
        title = (
            "Average error of each comparison in a small run\n"
            f"hollow: fewer than {LEAST_JUDGED} data sets, which settles nothing"
        )
    ax.set_title(title, loc="left", fontsize=10)
    ax.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=2)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def page(tables: list[pd.DataFrame], agencies: pd.DataFrame, run: dict) -> str:
    """The results as Markdown, every cell.

    Parameters
    ----------
    tables : list of DataFrame
        One for each scenario done.
    agencies : DataFrame
        The pipeline tier; empty where it was not run.
    run : dict
        What was run and what was planned: ``sets``, ``asked``, ``planned_sets``, ``trial``,
        ``planned_trial`` (sets and replicates), ``agencies``, ``children``, ``horizon``,
        ``left`` (scenarios not run), ``command``.
    """
    lines = [
        "# Do the estimators recover the truth?",
        "",
        *_small(run),
        "![Average error by scenario and estimator](truth.svg)",
        "",
        "## Data sets drawn as cohort tables",
        "",
        f"{run['sets']:,} data sets a scenario of {run['children']:,} children, drawn by the "
        f"simulator directly as cohort tables; re-entry within {run['horizon']} days. Each "
        "estimator is judged by its own truth (a weighted Cox model by the marginal ratio of its "
        "population, an adjusted one by the covariate-conditional ratio with family frailty "
        "averaged out, risks by risks). Bias is on the log scale for ratios. A cell passes where "
        "|bias| is at most the largest of three Monte Carlo standard errors, 5% of the true "
        "effect, and 0.01 on the log-ratio or 0.1 percentage point on the risk scale; where 95% "
        "intervals cover 93–97% (of the target trial 92–98%); and where, under no effect, 3.5–6.5% "
        "of tests reject (of the target trial 2–8%). `refused` counts data sets in which the "
        "package says that there is too little to estimate; beyond one in twenty a cell is not "
        "judged, since those left are not all. `se ratio` is the mean standard error over the "
        "spread of the estimates. Where a covariate is missing, depending on the outcome and the "
        "service, it is imputed 20 times or more. The target trial is not run there (imputing "
        "inside every replicate of every data set takes days), nor with delayed entry, where it is "
        "not defined.",
        "",
        "| scenario | estimator | measure | sets | refused | truth | bias | limit | coverage | "
        "se ratio | rejects | passes |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for row in pd.concat(tables).itertuples():
        coverage, ratio, rejects = (
            ("–", "–", "–")
            if row.estimator == NAIVE
            else (f"{row.coverage:.1%}", f"{row.se_ratio:.2f}", f"{row.rejects:.1%}")
        )
        lines.append(
            f"| {row.scenario} | {row.estimator} | {row.measure} | {row.sets} | {row.refused} | "
            f"{row.truth:.4f} | {row.bias:+.4f} | {row.limit:.4f} | {coverage} | {ratio} | "
            f"{rejects} | {judged(row)} |"
        )
    return "\n".join([*lines, "", *_agencies(agencies, run), ""])


def _small(run: dict) -> list[str]:
    """Say at the top that a run is too small to settle what the full one settles."""
    left = [f"Not run yet: {'; '.join(run['left'])}.", ""] if run["left"] else []
    if run["sets"] >= run["planned_sets"] and run["trial"] == run["planned_trial"]:
        return left
    (sets, replicates), (trials, drawn) = run["trial"], run["planned_trial"]
    return [
        f"**This is a small run: {run['sets']:,} data sets a scenario instead of "
        f"{run['planned_sets']:,}; for the target trial {sets:,} data sets of "
        f"{replicates:,} bootstrap replicates each, instead of {trials:,} of {drawn:,}.** Limits "
        "of coverage and rejection are widened by three Monte Carlo standard errors, so a cell "
        "that passes is only not contradicted, and cells of fewer than "
        f"{LEAST_JUDGED} data sets are not judged. The scenarios share their seeds, so their "
        f"errors lean the same way. {_how(run)}",
        "",
        *left,
    ]


def _how(run: dict) -> str:
    if run["sets"] < run["asked"]:
        return f"`{run['command']}` was stopped here and goes on where it stopped."
    return f"The full run, hours long, is `make truth`; this one is `{run['command']}`."


def _agencies(table: pd.DataFrame, run: dict) -> list[str]:
    if table.empty:
        return ["## Agencies from records to effect", "", "Not run yet."]
    lines = [
        "## Agencies from records to effect",
        "",
        f"{run['agencies']:,} agencies a scenario, each simulated as records, read, checked, made "
        "into a cohort and estimated by the package. `equal` counts agencies whose exits and "
        "follow-up rows are the simulator's own, every day and every event; nothing else is passed "
        "or failed here.",
        "",
        "| scenario | agencies | equal | estimator | measure | sets | refused | truth | bias | "
        "coverage |",
        "|---|---:|---:|---|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.scenario} | {row.agencies} | {row.equal} | {row.estimator} | {row.measure} | "
        f"{row.sets} | {row.refused} | {row.truth:.4f} | {row.bias:+.4f} | "
        f"{'–' if row.estimator == NAIVE else f'{row.coverage:.0%}'} |"
        for row in table.itertuples()
    ]
    return lines
