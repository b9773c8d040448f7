"""Invented tables, ordinary and extreme, and every chart drawn from them at both widths."""

import numpy as np
import pandas as pd
import pytest

from evaluation.reporting import charts

LONG = "Intensive Family Preservation and Post-Reunification Support Program"
COUNTY = "Northumberland and Prince William Combined County"
MONTH = 30.4375
WIDTHS = (6.5, 4.5)
TIMES = (0, 90, 180, 365, 548, 730)
WORDS = {
    "title": "Children whose families started with a coach re-entered care less often",
    "subtitle": "Share who re-entered foster care (turning 18 and death as competing events); "
    "bands are 95% intervals. Simulated agency, children reunified 2018–2022 (n = 1,815).",
    "source": "Source: simulated agency; protocol 3f9a21. Suppression: counts 1–10 shown as s.",
}
SOON = {"horizons": [180, 365, 730], "outcome": "re-entries", "since": "reunification"}


def curve(group, top=0.15, children=800, last=730, wide=1.96):
    time = np.arange(5.0, last, 15)
    share = top * (1 - np.exp(-0.004 * time))
    se = np.sqrt(share * (1 - share) / children)
    return pd.DataFrame(
        {
            "group": group,
            "time": time,
            "incidence": share,
            "ci_low": np.clip(share - wide * se, 0, 1),
            "ci_high": np.clip(share + wide * se, 0, 1),
        }
    )


def listed(steps, children=800, last=730):
    """The same estimate at the listed times, as ``.at(times)`` gives it."""
    rows = []
    for day in TIMES:
        before = steps[steps["time"] <= day]
        value = before.iloc[-1] if len(before) else {"incidence": 0, "ci_low": 0, "ci_high": 0}
        seen = day <= last
        rows.append(
            {
                "group": steps["group"].iloc[0],
                "time": day,
                "at_risk": max(children - day // 2, 0) if seen else np.nan,
                "events": int(children * value["incidence"]) if seen else np.nan,
                **{
                    column: value[column] if seen else np.nan
                    for column in ("incidence", "ci_low", "ci_high")
                },
            }
        )
    return pd.DataFrame(rows)


def both(*curves, **more):
    return pd.concat(curves), pd.concat([listed(steps, **more) for steps in curves])


def periods(group, level=0.02, breaks=(0, 3, 6, 12, 18, 24), wide=0.3):
    rows = [
        {"group": group, "start": a * MONTH, "stop": b * MONTH, "hazard": level * np.exp(-a / 12)}
        for a, b in zip(breaks, breaks[1:], strict=False)
    ]
    table = pd.DataFrame(rows)
    return table.assign(ci_low=table["hazard"] * (1 - wide), ci_high=table["hazard"] * (1 + wide))


def contrast(outcome, service, ratio=None, difference=None, **more):
    rows = []
    for measure, values in (("hazard_ratio", ratio), ("risk_difference", difference)):
        if values is not None:
            rows.append((outcome, service, measure, *values))
    if not rows:
        rows.append((outcome, service, None, np.nan, np.nan, np.nan))
    columns = ["outcome", "service", "measure", "estimate", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns).assign(**more)


def ordinary_contrasts():
    return pd.concat(
        [
            contrast("reentry", "coach", (0.76, 0.61, 0.94), (-0.032, -0.059, -0.007)),
            contrast("reentry", "respite", (0.91, 0.71, 1.17), (-0.011, -0.039, 0.02)),
            contrast("maltreatment", "coach", (0.93, 0.70, 1.24), (-0.006, -0.026, 0.019)),
            contrast("maltreatment", "respite", (1.08, 0.81, 1.44), (0.007, -0.017, 0.037)),
        ]
    )


def extreme_contrasts():
    none = (np.nan, np.nan, np.nan)
    sentence = "too few events to estimate (4 re-entries among 31 children)"
    return pd.concat(
        [
            contrast("reentry", "coach", (0.76, 0.61, 0.94), truth=0.75, primary=True),
            contrast("reentry", "coach", (0.19, np.nan, np.nan), naive=True),
            contrast("reentry", "respite", sentence=sentence),
            contrast("disruption", "coach", (12.5, 0.01, 9000), (0.3, -0.4, 0.9)),
            contrast("disruption", "respite", ("s", np.nan, np.nan), ("s", "s", "s")),
            contrast("maltreatment", "coach", (0, 0, 3.2), (0, -0.1, 0.1)),
            contrast("maltreatment", "respite", none, (0.007, -0.017, 0.037)),
        ]
    )


def steps_left_out(repeat=1):
    reasons = ["Discharge reason missing", f"Served only by {LONG}", "Aged 18 or older at exit"]
    rows = [("Removal episodes on record", "", 3900, 4210, 2800, 0)]
    for i, reason in enumerate(reasons * repeat):
        left = 4000 - 40 * i
        rows.append((f"Step {i}", reason, left - 300, left, left - 1000, 0 if i == 1 else 40))
    rows.append((f"Cohort in {COUNTY}", "Later exit of the child", 1815, 1815, 1400, "s"))
    columns = ["step", "reason", "children", "exits", "families", "excluded"]
    return pd.DataFrame(rows, columns=columns)


def differences():
    return pd.DataFrame(
        {
            "covariate": ["age_at_exit", "sex", "prior_episodes", COUNTY, LONG],
            "before": [0.42, -0.03, 0.33, 1.51, np.nan],
            "after": [0.02, -0.01, 0.06, 0.14, 0.31],
        }
    )


def reached():
    rows = [
        ("all", "all", 0.34, 0.32, 0.36, 611, 1815),
        ("age", "0 to 4", 0.45, 0.41, 0.49, 270, 600),
        ("age", "5 to 17", 0.19, 0.16, 0.23, 96, 515),
        ("race", "American Indian or Alaska Native", "s", np.nan, np.nan, "s", "s"),
        ("race", "White", 0.36, 0.33, 0.39, 430, 1200),
        ("county", COUNTY, 0, 0, 0.08, 0, 40),
        ("county", "Z", 1.0, 0.7, 1, 12, 12),
        ("county", None, np.nan, np.nan, np.nan, np.nan, 0),
    ]
    columns = ["characteristic", "level", "share", "ci_low", "ci_high", "served", "children"]
    return pd.DataFrame(rows, columns=columns)


def _extreme_curves(width):
    one = pd.DataFrame({"group": "one child", "time": [200.0], "incidence": [1.0]})
    one = one.assign(ci_low=0.02, ci_high=1.0)
    hidden = listed(one).astype(object).assign(group="hidden", at_risk="s", events="s")
    hidden["incidence"] = "s"
    early, wide = curve("ends early", 0.3, last=300), curve("wide $x_1$ & <b>", 0.5, 8)
    zero = curve("nobody", 0.0)
    table = pd.concat([one, early, wide, zero])
    at_risk = pd.concat(
        [listed(one, 1), listed(early, 300, last=300), listed(wide, 1_234_567), listed(zero, 40)]
        + [hidden]
    )
    return charts.incidence(table, at_risk, **WORDS, **SOON, width=width)


def _many(count):
    return both(*(curve(f"{COUNTY} {i}", 0.1 + 0.02 * i) for i in range(count)))


def _suppressed_periods():
    table = pd.concat([periods(LONG), periods("usual care", 0.012), periods("respite", 0.016)])
    table = table.reset_index(drop=True).astype({"hazard": object})
    table.loc[[1, 4, 7, 14], "hazard"] = "s"
    table.loc[[1, 4, 7, 14], ["ci_low", "ci_high"]] = np.nan
    table.loc[12, "ci_high"] = 1.2
    return table


def months(count=30, hidden=()):
    """Invented shares month by month for a run chart."""
    share = [0.8 + 0.01 * (i % 7) for i in range(count)]
    rows = pd.DataFrame(
        {"month": pd.date_range("2019-04-01", periods=count, freq="MS"), "share": share}
    )
    rows = rows.assign(ci_low=rows["share"] - 0.1, ci_high=rows["share"] + 0.08).astype(object)
    rows.loc[list(hidden), ["share", "ci_low", "ci_high"]] = "s"
    return rows


GALLERY = {
    "run, thirty months, some hidden": lambda width: charts.run(
        months(hidden=[3, 4]), **WORDS, required=1.0, width=width
    ),
    "run, close lines": lambda width: charts.run(
        months(70), **WORDS, required=0.84, width=width
    ),
    "run, one month": lambda width: charts.run(months(1), **WORDS, width=width),
    "incidence, two groups": lambda width: charts.incidence(
        *both(curve("usual care", 0.15), curve("coach", 0.11)),
        **WORDS, **SOON, comparison="usual care", width=width,
    ),
    "incidence, one long name": lambda width: charts.incidence(
        *both(curve(LONG)), **WORDS, **SOON, width=width
    ),
    "incidence, five close groups": lambda width: charts.incidence(
        *both(*(curve(f"exit type {i}", 0.15 + 0.001 * i) for i in range(5))),
        **WORDS, **SOON, width=width,
    ),
    "incidence, five long names": lambda width: charts.incidence(
        *both(*(curve(f"{LONG} {i}") for i in range(5))), **WORDS, **SOON, width=width
    ),
    "incidence, eight counties": lambda width: charts.incidence(
        *_many(8), **WORDS, **SOON, comparison=f"{COUNTY} 0", width=width
    ),
    "incidence, extremes": _extreme_curves,
    "hazard, two groups": lambda width: charts.hazard(
        pd.concat([periods("usual care"), periods(LONG, 0.014)]), **WORDS, width=width
    ),
    "hazard, every month": lambda width: charts.hazard(
        pd.concat([periods(f"{COUNTY} {i}", breaks=range(25)) for i in range(3)]),
        **WORDS, width=width,
    ),
    "hazard, suppressed": lambda width: charts.hazard(
        _suppressed_periods(), **WORDS, unit="% per month", width=width
    ),
    "hazard, one group, no event": lambda width: charts.hazard(
        periods("all", 0.0), **WORDS, width=width
    ),
    "forest, ordinary": lambda width: charts.forest(
        ordinary_contrasts(), **WORDS, services={"coach": "Success Coach"}, width=width
    ),
    "forest, extremes": lambda width: charts.forest(
        extreme_contrasts(), **WORDS, services={"coach": LONG}, width=width
    ),
    "forest, one row": lambda width: charts.forest(
        ordinary_contrasts().head(2), **WORDS, width=width
    ),
    "flow": lambda width: charts.flow(steps_left_out(), **WORDS, width=width),
    "flow, many steps": lambda width: charts.flow(steps_left_out(6), **WORDS, width=width),
    "flow, one row": lambda width: charts.flow(steps_left_out().head(1), **WORDS, width=width),
    "balance": lambda width: charts.balance(differences(), **WORDS, width=width),
    "balance, one row": lambda width: charts.balance(differences().head(1), **WORDS, width=width),
    "served": lambda width: charts.served(reached(), **WORDS, width=width),
    "served, everyone only": lambda width: charts.served(
        reached().head(1).drop(columns=["served", "children"]), **WORDS, width=width
    ),
}  # fmt: skip


@pytest.fixture(
    params=[(name, width) for name in GALLERY for width in WIDTHS],
    ids=lambda param: f"{param[0]}, {param[1]} in",
)
def drawn(request):
    """Every chart of the gallery at every width a report uses."""
    name, width = request.param
    return GALLERY[name](width)


@pytest.fixture
def make():
    """The makers of invented tables, by name."""
    return {
        "curve": curve,
        "listed": listed,
        "both": both,
        "periods": periods,
        "contrast": contrast,
        "ordinary_contrasts": ordinary_contrasts,
        "extreme_contrasts": extreme_contrasts,
        "steps": steps_left_out,
        "differences": differences,
        "reached": reached,
        "words": WORDS,
        "soon": SOON,
        "gallery": GALLERY,
        "long": LONG,
    }
