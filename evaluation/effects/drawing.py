"""Charts that results of effects draw of themselves, in the house style of the estimates."""

import numpy as np
import pandas as pd

from evaluation.effects.intervals import DAYS_PER_MONTH
from evaluation.errors import StudyError
from evaluation.estimates import drawing as house
from evaluation.estimates.headings import Heading
from evaluation.estimates.interval_drawing import draw_intervals


def _axes(ax, heading: Heading, right: float = 0.3):
    """Return axes to draw on: those given, or new ones under their heading."""
    if ax is not None:
        return ax
    room = heading.room()
    ax = house.figure(height=house.HEIGHT + room, shown=True)[1]
    house.set_margins(ax, left=0.75, right=right, top=room + 0.1, bottom=0.6)
    heading.write(ax)
    return ax


def _percent(value: float, _place: int) -> str:
    return f"{100 * value:g}%"


def draw_arms(curves: pd.DataFrame, table: pd.DataFrame, ax=None):
    """Draw the incidence in both arms with 95% bands.

    Parameters
    ----------
    curves : pandas.DataFrame
        ``group`` (``yes`` served, ``no`` comparison), ``time`` (days), ``incidence``,
        ``ci_low``, ``ci_high``.
    table : pandas.DataFrame
        As in ``ev.effects``, of this contrast.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    first = table.iloc[0]
    day = int(table["horizon"].max())
    at = table[table["horizon"] == day].set_index("measure")["estimate"]
    finding = (
        f"By day {day}, {at['risk_treated']:.1%} of those who start and "
        f"{at['risk_comparison']:.1%} of those who do not"
    )
    about = (
        f"{first['contrast']}, {first['method']}, 95% bands. {first['n_treated']:,} children "
        f"served and {first['n_comparison']:,} compared."
    )
    words = {"yes": "started", "no": "comparison"}
    styles = {"yes": (house.SERVICE, "-"), "no": (house.COMPARISON, "--")}
    ax = _axes(ax, Heading(finding, about), right=1.1)
    ends, labels, colors = [], [], []
    with house.house_style():
        for group, own in curves.groupby("group", sort=False):
            color, dash = styles[group]
            months = np.r_[0, own["time"] / DAYS_PER_MONTH]
            low, value, high = (np.r_[0, own[c]] for c in ("ci_low", "incidence", "ci_high"))
            ax.plot(months, value, color=color, linestyle=dash, linewidth=1.8)
            band = {"color": color, "alpha": house.BAND_OPACITY, "linewidth": 0}
            ax.fill_between(months, low, high, **band)
            ends.append(float(value[-1]))
            labels.append(words[group])
            colors.append(color)
        ax.set_ylim(bottom=0)
        ax.set_xlim(0, curves["time"].max() / DAYS_PER_MONTH)
        ax.yaxis.set_major_formatter(_percent)
        ax.set_xlabel("Months since the exit", loc="right")
        house.label_lines(ax, ends, labels, colors)
    return ax


def draw_overlap(score: pd.Series, treated: pd.Series, outside: float, ax=None):
    """Draw how both arms spread over the probability of being served.

    Parameters
    ----------
    score : pandas.Series
        Probability of being served.
    treated : pandas.Series
        Booleans.
    outside : float
        Share of children outside the common support.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    about = f"Percent of each arm; {int(treated.sum()):,} served, {int((~treated).sum()):,} not."
    ax = _axes(ax, Heading(f"{outside:.1%} of children lie outside the common support", about))
    edges = np.linspace(0, 1, 41)
    with house.house_style():
        for own, color, hatch, words in (
            (treated, house.SERVICE, None, "served"),
            (~treated, house.COMPARISON, "///", "comparison"),
        ):
            ax.hist(
                score[own],
                bins=edges,
                weights=np.full(int(own.sum()), 1 / own.sum()),
                histtype="stepfilled",
                facecolor="none" if hatch else color,
                edgecolor=color,
                hatch=hatch,
                alpha=1 if hatch else 0.4,
                label=words,
            )
        ax.set_xlim(0, 1)
        ax.yaxis.set_major_formatter(_percent)
        ax.set_xlabel("Probability of being served", loc="right")
        ax.legend(frameon=False)
    return ax


def draw_contrasts(table: pd.DataFrame, measure: str, ax=None):
    """Draw a measure of contrasts, one line for each outcome, service and horizon.

    Parameters
    ----------
    table : pandas.DataFrame
        As in ``ev.effects``.
    measure : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    StudyError
        If no row has the measure.
    """
    own = table[table["measure"] == measure]
    if own.empty:
        known = ", ".join(dict.fromkeys(table["measure"])) or "none"
        raise StudyError(f'No contrast has the measure "{measure}"; there are: {known}.')
    labels = [
        f"{row.outcome}: {row.service.replace('_', ' ')} against {row.comparison}, "
        f"{row.horizon:g} days"
        for row in own.itertuples()
    ]
    ratio = measure.endswith("_ratio")
    return draw_intervals(
        labels,
        own["estimate"],
        own["ci_low"],
        own["ci_high"],
        axis_label=f"{measure.replace('_', ' ').capitalize()} (95% interval)",
        reference=1.0 if ratio else 0.0 if measure.endswith("_difference") else None,
        logarithmic=ratio,
        percent=measure.startswith("risk_") and not ratio,
        ax=ax,
    )
