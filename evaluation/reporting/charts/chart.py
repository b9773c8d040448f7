"""A finished chart with its two companions: the words and the data."""

import io
import os
import re
import tempfile
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from evaluation.errors import OutputError
from evaluation.reporting.charts.style import PNG_DPI, house_style

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_NO_DASHES = re.compile(r"stroke-dasharray: ;(?: stroke-dashoffset: [\d.]+;)? ?")
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure, what it says in words, and the data drawn.

    Parameters
    ----------
    name : str
        File name without ending: small letters, digits, ``-`` and ``_``.
    title : str
        The finding, as a sentence.
    figure : matplotlib.figure.Figure
        Not known to pyplot.
    table : pandas.DataFrame
        Every value drawn, one row per mark, in the order drawn.
    alt : str
        Text for who cannot see the chart: its kind, what it measures, for whom
        and the values.
    note : str
        What a reader must know beside the chart, printed beneath it.
    summary : pandas.DataFrame, optional
        The rows a reader's table needs where `table` is long, as for curves;
        otherwise the same as `table`.
    """

    name: str
    title: str
    figure: Figure = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    alt: str
    note: str = ""
    summary: pd.DataFrame | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise OutputError(
                f"A chart cannot be named {self.name!r}: use small letters, digits, - and _, "
                f"because the name becomes a file name."
            )
        if self.summary is None:
            object.__setattr__(self, "summary", self.table)

    def png(self) -> bytes:
        """Return the chart as PNG, 200 dots per inch and 256 colours; same chart, same bytes."""
        drawn = Image.open(io.BytesIO(self._printed("png", dpi=PNG_DPI)))
        words = PngInfo()
        words.add_itxt("Title", self.title)
        words.add_itxt("Description", self.alt)
        few = drawn.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        few.save(buffer, "png", dpi=(PNG_DPI, PNG_DPI), pnginfo=words)
        return buffer.getvalue()

    def svg(self) -> str:
        """Return the chart as SVG that needs no font.

        Letters are outlines; the title and the alt text stand in ``<title>``
        and ``<desc>``; no line has an empty list of dashes, which Typst would not
        draw; every id begins with the chart's name, so that several
        charts can stand in one HTML page.
        """
        drawn = self._printed("svg", metadata=_NO_METADATA).decode("utf-8")
        drawn = re.sub(r"<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
        drawn = _NO_DASHES.sub("", drawn)
        drawn = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{self.name}-", drawn)
        words = (
            f'<title id="{self.name}-title">{escape(self.title)}</title>\n'
            f'<desc id="{self.name}-desc">{escape(self.alt)}</desc>\n'
        )
        roles = f' role="img" aria-labelledby="{self.name}-title {self.name}-desc"'
        return re.sub(r"(<svg\b[^>]*)>", lambda tag: f"{tag[1]}{roles}>\n{words}", drawn, count=1)

    def _printed(self, form: str, **options) -> bytes:
        buffer = io.BytesIO()
        with house_style():
            import matplotlib

            matplotlib.rcParams["svg.hashsalt"] = self.name
            self.figure.savefig(buffer, format=form, **options)
        return buffer.getvalue()

    def save(self, folder: str | Path) -> tuple[Path, Path]:
        """Write ``NAME.png`` and ``NAME.svg``, readable by their owner alone.

        Parameters
        ----------
        folder : str or Path
            An existing folder.

        Returns
        -------
        tuple of Path
            The PNG and the SVG.

        Raises
        ------
        OutputError
            If the folder cannot be written to; nothing is left half written.
        """
        written = {Path(folder) / name: content for name, content in self.files().items()}
        for path, content in written.items():
            _write_whole(path, content)
        png, svg = written
        return png, svg

    def files(self) -> dict[str, bytes]:
        """Return the content of ``NAME.png`` and ``NAME.svg``."""
        return {f"{self.name}.png": self.png(), f"{self.name}.svg": self.svg().encode("utf-8")}

    def _repr_html_(self) -> str:
        return self.svg()[self.svg().index("<svg") :]


def _write_whole(path: Path, content: bytes) -> None:
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            f"The chart {path.name} cannot be written to {path.parent} "
            f"({error.strerror}): make the folder, or choose another."
        ) from error
