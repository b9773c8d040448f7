"""How an agency makes the pages its own: logo, colour, templates of its own."""

import re
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader

from evaluation.errors import StudyError
from evaluation.resources import resource
from evaluation.study import Study

COLOUR = "#00737A"
LEAST_CONTRAST = 4.5
LOGOS = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg"}
LARGEST_LOGO = 1_000_000


@dataclass(frozen=True, eq=False)
class House:
    """What an agency changes of the pages.

    Attributes
    ----------
    study : Study, optional
        Its ``report.colour``, ``report.logo`` and ``files.templates``; paths begin
        in the study's folder.
    """

    study: Study | None = None

    def refuse_unusable(self) -> None:
        """Stop, before long work, where logo, colour or templates cannot be used.

        Raises
        ------
        StudyError
            Naming the key and what to give.
        """
        _ = self.colour, self.logo, self.templates

    @property
    def colour(self) -> str:
        """The accent of headings and links, as ``#RRGGBB``."""
        colour = (self.study and self.study.report.colour) or COLOUR
        if contrast_with_white(colour) < LEAST_CONTRAST:
            raise StudyError(
                f"report.colour is {colour}, which is too light to read on white "
                f"({contrast_with_white(colour):.1f} to 1; {LEAST_CONTRAST} is the least): choose "
                "a darker one."
            )
        return colour

    @cached_property
    def logo(self) -> tuple[str, bytes] | None:
        """File name for the output folder, and content."""
        if self.study is None or self.study.report.logo is None:
            return None
        path = self._inside(self.study.report.logo, "report.logo")
        content = path.read_bytes() if path.is_file() else b""
        ending = next((end for start, end in LOGOS.items() if content.startswith(start)), None)
        if ending is None or len(content) > LARGEST_LOGO:
            raise StudyError(
                f"report.logo is {path.name}: give a PNG or JPEG file of at most 1 MB, in the "
                "study's folder."
            )
        if ending == ".png":
            width, height = struct.unpack(">II", content[16:24])
            if not width or not height:
                raise StudyError(f"report.logo is {path.name}, a picture without a size.")
        return f"logo{ending}", content

    @cached_property
    def loader(self) -> BaseLoader:
        """Where templates are found: the agency's first, then ours, ours also as ``house/…``."""
        ours = FileSystemLoader(resource("reports", "templates"))
        own = self.templates
        if own is None:
            return ours
        return ChoiceLoader([FileSystemLoader(own), ours, PrefixLoader({"house": ours})])

    @cached_property
    def templates(self) -> Path | None:
        """The agency's folder of templates."""
        if self.study is None or self.study.files.templates is None:
            return None
        folder = self._inside(self.study.files.templates, "files.templates")
        if not folder.is_dir():
            raise StudyError(
                f"files.templates is {self.study.files.templates}, which is no folder beside the "
                "study: make it, or take the key out."
            )
        known = {path.name for path in resource("reports", "templates").iterdir()}
        for path in sorted(folder.iterdir()):
            if path.name not in known:
                raise StudyError(
                    f"files.templates holds {path.name}, which replaces nothing: the templates "
                    f"are {', '.join(sorted(known))}."
                )
        return folder

    def text(self, name: str) -> str:
        """Return a style, script or page template: the agency's, else ours."""
        return self.path(name).read_text(encoding="utf-8")

    def path(self, name: str) -> Path:
        """Return where a template lies: the agency's, else ours."""
        if self.templates is not None and (self.templates / name).is_file():
            return self.templates / name
        return Path(resource("reports", "templates", name))

    def _inside(self, relative: str, key: str) -> Path:
        path = self.study.folder / relative
        if Path(relative).is_absolute() or not path.resolve().is_relative_to(
            self.study.folder.resolve()
        ):
            raise StudyError(f"{key} is {relative}: give a path inside the study's folder.")
        return path


def contrast_with_white(colour: str) -> float:
    """Return the contrast ratio of a colour on white (WCAG 2.2, relative luminance).

    Parameters
    ----------
    colour : str
        ``#RRGGBB``.
    """
    parts = [int(found, 16) / 255 for found in re.findall("..", colour[1:])]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    red, green, blue = linear
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
