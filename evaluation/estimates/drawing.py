"""The house style of charts: colours, type, line styles, figures, labels that do not overlap.

Nothing here changes matplotlib's global settings, and matplotlib is imported
when the first chart is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEXT = "#1F2933"
SECONDARY = "#52606D"
RULES = "#D5DBE1"
COMPARISON = "#5B6770"
SERVICE = "#00737A"
FURTHER = ("#B4451C", "#6A4C93", "#8A6100")
WARNING = "#8A6100"
FAILED = "#B42318"
BAND_OPACITY = 0.16

FONT = "Fira Sans"
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE, SOURCE_SIZE = 12.5, 9.5, 9.0, 7.5
WIDTH, HEIGHT = 6.5, 3.6
POINTS_PER_INCH = 72
LINE_SPACING = 1.1
_FACE_HEIGHT = 1.25

_DASHES = ("solid", (0, (1.2, 1.4)), (0, (7, 1.4, 1.2, 1.4)), (0, (2.6, 1.2)), (0, (9, 2)))
_MARKERS = ("o", "^", "D", "v", "P")


@dataclass(frozen=True)
class LineStyle:
    """How one group is drawn: by colour, dash and marker, so that greys still tell it apart.

    Parameters
    ----------
    color : str
        Hexadecimal.
    dash : str or tuple
        Line style in matplotlib's notation.
    marker : str
    """

    color: str
    dash: str | tuple
    marker: str


COMPARISON_STYLE = LineStyle(COMPARISON, (0, (5, 1.6)), "s")


def line_styles(count: int, comparison: int | None = None) -> list[LineStyle]:
    """Return a style for each of ``count`` groups, all different.

    Parameters
    ----------
    count : int
    comparison : int, optional
        Position of the comparison group, which is grey and dashed.

    Returns
    -------
    list of LineStyle
    """
    colors = (SERVICE, *FURTHER)
    own = [
        LineStyle(color, _DASHES[(k + turn) % len(_DASHES)], _MARKERS[(k + turn) % len(_MARKERS)])
        for turn, (k, color) in product(range(count // len(colors) + 1), enumerate(colors))
    ]
    styles = iter(own)
    return [COMPARISON_STYLE if k == comparison else next(styles) for k in range(count)]


@cache
def register_fonts() -> str:
    """Make Fira Sans known to matplotlib; return the family name."""
    import fontpkg_fira_sans
    from matplotlib import font_manager

    for path in sorted((fontpkg_fira_sans.ROOT / "files").glob("*.ttf")):
        if path.stem.split("-")[1] in {"Regular", "Medium", "SemiBold", "Bold", "Italic"}:
            font_manager.fontManager.addfont(str(path))
    return FONT


def house_style():
    """Return a context in which new text and lines have the house style."""
    import matplotlib as mpl

    return mpl.rc_context(
        {
            "font.family": register_fonts(),
            "font.size": TEXT_SIZE,
            "text.color": TEXT,
            "axes.labelcolor": TEXT,
            "axes.edgecolor": COMPARISON,
            "axes.labelsize": TEXT_SIZE,
            "axes.titlesize": TITLE_SIZE,
            "axes.titleweight": "semibold",
            "axes.titlelocation": "left",
            "xtick.color": SECONDARY,
            "ytick.color": SECONDARY,
            "xtick.labelcolor": TEXT,
            "ytick.labelcolor": TEXT,
            "axes.unicode_minus": True,
            "text.parse_math": False,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "svg.fonttype": "none",
            "svg.hashsalt": "permanency-evaluation",
        }
    )


def figure(
    width: float = WIDTH, height: float = HEIGHT, *, shown: bool = False
) -> tuple["Figure", "Axes"]:
    """Return a figure with one pair of axes in the house style.

    Parameters
    ----------
    width, height : float
        Inches.
    shown : bool
        Make it with pyplot, so that a notebook shows it; otherwise nobody but
        the caller holds it.

    Returns
    -------
    tuple of Figure, Axes
    """
    if shown:
        from matplotlib import pyplot

        # Outside the style: a notebook's first figure sets what the style would put back.
        fig = pyplot.figure(figsize=(width, height), facecolor="white")
    else:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        fig = Figure(figsize=(width, height), facecolor="white")
        FigureCanvasAgg(fig)
    with house_style():
        ax = fig.add_subplot()
        style_axes(ax)
    return fig, ax


def style_axes(ax: "Axes", value_axis: str = "y") -> None:
    """Give axes hairlines on the value axis only and no box.

    Parameters
    ----------
    ax : Axes
    value_axis : {"x", "y"}
    """
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(False)
    ax.grid(True, axis=value_axis, color=RULES, linewidth=0.6)
    ax.tick_params(length=0, labelsize=TEXT_SIZE, labelfontfamily=register_fonts())


def set_margins(ax: "Axes", *, left: float, right: float, top: float, bottom: float) -> None:
    """Place the only axes of a figure by margins in inches."""
    width, height = ax.figure.get_size_inches()
    ax.set_position(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    )


def text_width(ax: "Axes", text: str, size: float = TEXT_SIZE, weight: str = "normal") -> float:
    """Return how wide a text is, in inches; of several lines the widest."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    face = FontProperties(family=register_fonts(), size=size, weight=weight)
    widths = [
        TextPath((0, 0), line, prop=face, usetex=False).get_extents().width
        for line in text.splitlines()
        if line.strip()
    ]
    return max(widths, default=0.0) / POINTS_PER_INCH


def spread_apart(wanted: Sequence[float], sizes: Sequence[float]) -> np.ndarray:
    """Move positions as little as possible so that boxes centred on them do not overlap.

    Neighbours that overlap are joined into a run around the mean of what its
    members wanted, until no run overlaps another.

    Parameters
    ----------
    wanted : sequence of float
        Where each box would best be centred.
    sizes : sequence of float
        Extent of each box, in the same unit.

    Returns
    -------
    ndarray of float
        Where each box is centred.
    """
    order = np.argsort(wanted, kind="stable")
    runs: list[list] = []
    for k in order:
        runs.append([[k], float(wanted[k]), float(sizes[k])])
        while len(runs) > 1 and _overlap(runs[-2], runs[-1]):
            upper, lower = runs.pop(), runs.pop()
            members = lower[0] + upper[0]
            center = (lower[1] * len(lower[0]) + upper[1] * len(upper[0])) / len(members)
            runs.append([members, center, lower[2] + upper[2]])
    placed = np.empty(len(order))
    for members, center, extent in runs:
        edge = center - extent / 2
        for k in members:
            placed[k] = edge + sizes[k] / 2
            edge += sizes[k]
    return placed


def _overlap(lower: list, upper: list) -> bool:
    return lower[1] + lower[2] / 2 > upper[1] - upper[2] / 2 + 1e-12


def label_lines(
    ax: "Axes", values: Sequence[float], labels: Sequence[str], colors: Sequence[str]
) -> list:
    """Write labels beside the right ends of lines, moved apart where they would overlap.

    Parameters
    ----------
    ax : Axes
        With its final limits and position.
    values : sequence of float
        Height of each line's end, in data units.
    labels : sequence of str
        May have several lines.
    colors : sequence of str

    Returns
    -------
    list of matplotlib Text
    """
    height = ax.get_position().height * ax.figure.get_size_inches()[1]
    low, high = ax.get_ylim()
    line = SMALL_SIZE * _FACE_HEIGHT * LINE_SPACING / POINTS_PER_INCH / height
    sizes = [line * (1.3 + label.count("\n")) for label in labels]
    wanted = [(v - low) / (high - low) for v in values]
    with house_style():
        return [
            ax.annotate(
                label,
                (1, y),
                xytext=(6, 0),
                xycoords="axes fraction",
                textcoords="offset points",
                va="center",
                color=color,
                fontsize=SMALL_SIZE,
                fontweight="semibold",
                linespacing=LINE_SPACING,
                annotation_clip=False,
            )
            for label, y, color in zip(labels, spread_apart(wanted, sizes), colors, strict=True)
        ]
