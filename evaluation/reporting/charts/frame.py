"""The sheet a chart is drawn on: title, subtitle, body, note and source.

Every length is in inches and every height follows from measured text, so a
sheet grows until all of it fits. Inside the body, ``x`` runs right and ``y``
runs down from its top-left corner.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from evaluation.errors import OutputError
from evaluation.reporting.charts import style
from evaluation.reporting.charts.lettering import baseline, clean, line_height, wrap

MARGIN = 0.12
NARROWEST = 4.0
_GAP = 0.1


def content_width(width: float) -> float:
    """Return the width inside the margins of a sheet.

    Raises
    ------
    OutputError
        If the sheet is narrower than any chart can be drawn on.
    """
    if not width >= NARROWEST:
        raise OutputError(
            f"A chart cannot be {width} inches wide: give a width of at least {NARROWEST:g}."
        )
    return width - 2 * MARGIN


class Frame:
    """A figure with its words set and an empty body of the height asked for.

    Parameters
    ----------
    title : str
        The finding, as a sentence.
    subtitle : str
        What is measured, for whom, when, how many.
    notes : sequence of str
        Paragraphs beneath the body.
    source : str
        The last line: source and suppression.
    body : float
        Height of the body in inches.
    width : float
        Width of the figure in inches.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        Not known to pyplot.
    width : float
        Width of the body in inches.
    """

    def __init__(
        self,
        title: str,
        subtitle: str,
        notes: Sequence[str],
        source: str,
        body: float,
        width: float,
    ):
        self.width = content_width(width)
        above = [
            (title, style.TITLE_SIZE, "semibold", style.TEXT, 0.04),
            (subtitle, style.SUBTITLE_SIZE, "normal", style.SECONDARY, 0.2),
        ]
        below = [(note, style.NOTE_SIZE, "normal", style.TEXT, 0.05) for note in notes]
        below.append((source, style.SOURCE_SIZE, "normal", style.SECONDARY, 0.0))
        top = [block for block in map(self._block, above) if block[0]]
        bottom = [block for block in map(self._block, below) if block[0]]
        gap = _GAP if bottom else 0.0
        self._height = 2 * MARGIN + self._total(top) + body + gap + self._total(bottom)
        self._top = MARGIN + self._total(top)
        self.figure = Figure(figsize=(width, self._height), dpi=style.PNG_DPI)
        self._set(top, MARGIN - self._top)
        self._set(bottom, body + gap)

    def _block(self, block: tuple) -> tuple:
        text, size, *rest = block
        return wrap(text, self.width, size, rest[0]), size, *rest

    @staticmethod
    def _total(blocks: list[tuple]) -> float:
        return sum(len(lines) * line_height(size) + after for lines, size, *_, after in blocks)

    def _set(self, blocks: list[tuple], y: float) -> None:
        for lines, size, weight, colour, after in blocks:
            y = self.lines(0, y, lines, size=size, weight=weight, colour=colour) + after

    def lines(
        self,
        x: float,
        y: float,
        lines: Sequence[str],
        *,
        size: float = style.TEXT_SIZE,
        weight: str = "normal",
        colour: str = style.TEXT,
        align: str = "left",
    ) -> float:
        """Write lines from `y` down and return the `y` beneath the last."""
        for line in lines:
            if line:
                self.figure.text(
                    MARGIN + x,
                    self._up(y + baseline(size)),
                    line,
                    transform=self.figure.dpi_scale_trans,
                    size=size,
                    family=style.FACES[weight],
                    color=colour,
                    ha=align,
                    va="baseline",
                )
            y += line_height(size)
        return y

    def centred(self, x: float, y: float, lines: Sequence[str], **look) -> None:
        """Write lines with their middle at height `y`."""
        height = len(lines) * line_height(look.get("size", style.TEXT_SIZE))
        self.lines(x, y - height / 2, lines, **look)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return bare axes at a place in the body; words are set with :meth:`lines`."""
        total_width, total_height = self.figure.get_size_inches()
        axes = self.figure.add_axes(
            (
                (MARGIN + left) / total_width,
                self._up(top + height) / total_height,
                width / total_width,
                height / total_height,
            )
        )
        axes.set_facecolor("none")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes

    def rule(
        self,
        xs: tuple[float, float],
        ys: tuple[float, float],
        colour: str = style.RULES,
        width: float = 0.8,
        **look,
    ) -> None:
        """Draw a straight line between two places in the body."""
        self.figure.add_artist(
            Line2D(
                [MARGIN + x for x in xs],
                [self._up(y) for y in ys],
                color=colour,
                lw=width,
                transform=self.figure.dpi_scale_trans,
                **look,
            )
        )

    def box(self, x: float, y: float, width: float, height: float, **look) -> None:
        """Draw a box with softly rounded corners."""
        self.figure.add_artist(
            FancyBboxPatch(
                (MARGIN + x, self._up(y + height)),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.04",
                transform=self.figure.dpi_scale_trans,
                **look,
            )
        )

    def _up(self, y: float) -> float:
        return self._height - self._top - y


def words(*parts: object) -> str:
    """Join sentences with single spaces, leaving out empty ones."""
    return " ".join(text for part in parts if part is not None and (text := clean(part)))
