"""What immortal time does to a study of visits after reunification; draws immortal_time.svg.

An agency is simulated in the shape of a published study (SSWR 2025, paper 55379: of 1,826
children ever visited 4.2% re-entered care within two years, of 1,684 never visited 21.7%,
a crude risk ratio of 0.19, beside an adjusted hazard ratio of 0.69). Here 0.69 is a chosen
truth: the conditional hazard ratio the simulator works with. Ever against never claims far
more than there is; the three honest exposures do not.

    python benchmarks/immortal_time.py
"""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from evaluation.effects import effects
from evaluation.effects.naive import naive_claim
from evaluation.sources.simulation import Program, Ratios, simulate_truth
from evaluation.study import Study

HERE = Path(__file__).parent
TRUTH = 0.69
HORIZON = 730
VISITS = Program(
    name="visits",
    start_monthly=(0.02, 0.05, 0.08, 0.05, 0.0, 0.0),
    referral=0.0,
    length_days=700,
    completion=0.9,
    in_service=Ratios(reentry=TRUTH),
    after_service=Ratios(reentry=TRUTH),
)
WORDS = {
    "naive": "Ever against never (refused)",
    "landmark": "Landmark, day 90",
    "time-varying": "Time-varying",
    "target trial": "Target trial, 180 days",
}


def showcase(children: int = 3_510, seed: int = 7, replicates: int = 500) -> pd.DataFrame:
    """Estimate the same agency four ways.

    Returns
    -------
    pandas.DataFrame
        ``exposure``, ``measure``, ``estimate``, ``ci_low``, ``ci_high``.
    """
    truth = simulate_truth(
        children=children,
        seed=seed,
        programs=(VISITS,),
        reentry_monthly=(0.0075, 0.006, 0.0035, 0.0015, 0.0008, 0.0008),
    )
    rows = truth.follow_up("reentry", horizon_days=HORIZON)
    exits = truth.cohort.assign(family_id=truth.cohort["cluster"])
    rows["family_id"] = rows["exit_id"].map(exits.set_index("exit_id")["cluster"])
    found = []
    for exposure in WORDS:
        honest = "time-varying" if exposure == "naive" else exposure
        study = Study(
            title="Visits after reunification",
            cohort={
                "exits": ["2018-01-01", "2022-12-31"],
                "data_through": "2024-06-30",
                "horizon_days": HORIZON,
            },
            outcomes={"reentry": {}},
            services=[
                {
                    "program": "visits",
                    "exposure": honest,
                    "grace_days": 180,
                    "landmark_days": [90],
                }
            ],
            adjustment={
                "covariates": ["age_at_exit", "exit_type", "prior_episodes", "days_in_care"],
                "weights": "all eligible",
                "outcome_model": True,
                "replicates": replicates,
            },
            report={"horizons": [HORIZON]},
            seed=seed,
        )
        if exposure == "naive":
            claim = naive_claim(rows, "reentry", study.services[0], HORIZON)
            found.append((exposure, "risk_ratio", claim["risk_ratio"], None, None))
            continue
        cohort = SimpleNamespace(
            study=study,
            exits=exits,
            outcomes=("reentry",),
            follow_up=lambda outcome: rows,
            report_days=None,
        )
        measure = "risk_ratio" if exposure == "target trial" else "hazard_ratio"
        table = effects(cohort).table
        for row in table[table["measure"] == measure].itertuples():
            found.append((exposure, measure, row.estimate, row.ci_low, row.ci_high))
    columns = ["exposure", "measure", "estimate", "ci_low", "ci_high"]
    return pd.DataFrame(found, columns=columns)


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the four estimates as one forest plot with the chosen truth."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6.5, 2.8))
    for place, row in enumerate(table.itertuples()):
        honest = row.exposure != "naive"
        colour = "#00737A" if honest else "#B42318"
        if honest:
            ax.plot([row.ci_low, row.ci_high], [place, place], color=colour)
        filled = colour if not honest or row.ci_high < 1 or row.ci_low > 1 else "white"
        ax.plot(row.estimate, place, marker="s", color=colour, markerfacecolor=filled)
        ax.annotate(
            f"{row.estimate:.2f}", (row.estimate, place), (0, 6), textcoords="offset points",
            ha="center", fontsize=9, color=colour,
        )  # fmt: skip
    ax.axvline(1, color="#52606D", lw=0.8)
    ax.axvline(TRUTH, color="#52606D", lw=0.8, ls="--")
    ax.annotate(f"truth {TRUTH}", (TRUTH, -0.55), fontsize=9, color="#52606D", ha="center")
    ax.set_xscale("log")
    ax.set_xticks([0.25, 0.5, 1, 2], ["0.25", "0.5", "1", "2"])
    ax.minorticks_off()
    ax.set_yticks(range(len(table)), [WORDS[name] for name in table["exposure"]])
    ax.set_ylim(len(table) - 0.5, -0.8)
    ax.set_xlabel("Ratio of re-entry, visited over not (log scale); fewer left, more right")
    ax.set_title("Ever against never claims far more than visits did", loc="left", fontsize=12)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Write the chart and its numbers."""
    table = showcase()
    draw(table, HERE / "immortal_time.svg")
    table.to_csv(HERE / "immortal_time.csv", index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
