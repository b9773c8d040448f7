"""The three forms of a document: HTML, Word and PDF."""

import base64
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import typst

from evaluation.errors import OutputError
from evaluation.reporting.document import convert
from evaluation.reporting.fonts import BESIDE, FOLDER, font_faces, printable
from evaluation.reporting.house import House
from evaluation.reporting.markdown import clean
from evaluation.reporting.provenance import Provenance
from evaluation.reporting.word import reference_document

FILTER = "pages.lua"


@dataclass(frozen=True)
class Page:
    """What a document needs beside its text.

    Attributes
    ----------
    title : str
        The study's title.
    author : str
        The agency.
    origin : Provenance
        For the date printed.
    folder : pathlib.Path
        Where the figures' paths begin, and the logo lies.
    house : House
        Logo, colour and page templates.
    """

    title: str
    author: str
    origin: Provenance
    folder: Path
    house: House

    @property
    def _metadata(self) -> list[str]:
        when = self.origin.date
        printed = f"{when:%B} {when.day}, {when.year}"
        words = {"title": self.title, "author": self.author, "date": printed, "lang": "en-US"}
        return [f"--metadata={name}={clean(text)}" for name, text in words.items()]

    def html(self, source: str) -> bytes:
        """Make one HTML file that needs nothing else.

        It is whole without scripts. The one script it holds sorts tables, switches
        between a chart and its numbers and marks the place in the contents; its hash
        is the only one the page allows.
        """
        script = self.house.text("page.js").strip()
        style = f"{self.house.text('page.css')}:root {{ --service: {self.house.colour}; }}"
        return self._convert(
            source,
            "html5",
            f"--template={self.house.path('page.html')}",
            *self._logo,
            "--embed-resources",
            "--standalone",
            "--toc",
            "--toc-depth=2",
            "--shift-heading-level-by=1",
            f"--variable=fonts={font_faces()}",
            f"--variable=stylesheet={style}",
            f"--variable=script={script}",
            f"--variable=script-hash={_hash_of(script)}",
        )

    def docx(self, source: str) -> bytes:
        """Make a Word document with the house styles."""
        with tempfile.NamedTemporaryFile(suffix=".docx") as reference:
            reference.write(reference_document(self.house.colour))
            reference.flush()
            if self.house.logo is not None:
                name = clean(self.author).replace('"', "")
                picture = f'![]({self.house.logo[0]}){{height=0.5in alt="Logo of {name}"}}'
                source = f"{picture}\n\n{source}"
            return self._convert(source, "docx", f"--reference-doc={reference.name}")

    def pdf(self, source: str) -> bytes:
        """Make a tagged PDF that meets PDF/UA-1 and PDF/A-2a.

        Raises
        ------
        OutputError
            If Typst fails, with its reason.
        """
        when = self.origin.date
        author = clean(self.author).replace("\\", "\\\\").replace('"', '\\"')
        text = self._convert(
            source,
            "typst",
            f"--template={self.house.path('page.typ')}",
            *self._logo,
            f"--variable=colour={self.house.colour}",
            "--standalone",
            f'--variable=author-string="{author}"',
            f"--variable=year={when.year}",
            f"--variable=month={when.month}",
            f"--variable=day={when.day}",
        )
        written, name = tempfile.mkstemp(suffix=".typ", dir=self.folder)
        os.close(written)
        path = Path(name)
        try:
            path.write_text(printable(text.decode("utf-8")), encoding="utf-8")
            return typst.compile(
                str(path),
                root=str(self.folder),
                font_paths=[str(FOLDER), str(BESIDE.parent)],
                ignore_system_fonts=True,
                pdf_standards=["ua-1", "a-2a"],
                timestamp=self.origin.timestamp,
            )
        except (typst.TypstError, RuntimeError) as error:
            why = re.sub(r"\s+", " ", str(error))
            raise OutputError(f"The PDF could not be made ({why}): please report this.") from None
        finally:
            path.unlink(missing_ok=True)

    @property
    def _logo(self) -> list[str]:
        return [] if self.house.logo is None else [f"--variable=logo={self.house.logo[0]}"]

    def _convert(self, source: str, writer: str, *options: str) -> bytes:
        return convert(
            source,
            writer,
            *self._metadata,
            *options,
            filters=(FILTER,),
            folder=self.folder,
            epoch=self.origin.timestamp,
        )


def _hash_of(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
