"""The Word styles of the house, laid over pandoc's own reference document."""

import io
import re
import subprocess
import zipfile
from functools import cache

from evaluation.reporting.house import COLOUR
from evaluation.reporting.pandoc import pandoc
from evaluation.resources import resource

_STYLE = re.compile(r'<w:style\b[^>]*w:styleId="(?P<id>[^"]+)".*?</w:style>', re.DOTALL)
_DEFAULTS = re.compile(r"<w:docDefaults>.*?</w:docDefaults>", re.DOTALL)
_SECTION = re.compile(r"<w:sectPr>.*?</w:sectPr>", re.DOTALL)
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_FOOTER_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"


@cache
def reference_document(colour: str) -> bytes:
    """Return a reference document for pandoc: house styles, Letter paper, page numbers.

    Parameters
    ----------
    colour : str
        The accent, as ``#RRGGBB``.

    Returns
    -------
    bytes
        A .docx made from pandoc's default one, whose styles are replaced by those of
        ``reports/templates/word_styles.xml``, by style id.
    """
    default = subprocess.run(
        [pandoc(), "--print-default-data-file=reference.docx"],
        capture_output=True,
        check=True,
    ).stdout
    footer = resource("reports", "templates", "word_footer.xml").read_text(encoding="utf-8")
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(default)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name in _CHANGES:
                content = _CHANGES[name](content.decode("utf-8")).encode("utf-8")
            if name == "word/styles.xml":
                content = content.replace(COLOUR[1:].encode(), colour[1:].upper().encode())
            new.writestr(zipfile.ZipInfo(name), content)
        new.writestr(zipfile.ZipInfo("word/footer1.xml"), footer)
    return made.getvalue()


def _styles(text: str) -> str:
    house = resource("reports", "templates", "word_styles.xml").read_text(encoding="utf-8")
    ours = {found["id"]: found[0] for found in _STYLE.finditer(house)}
    text = _DEFAULTS.sub(lambda _: _DEFAULTS.search(house)[0], text)
    text = _STYLE.sub(lambda found: ours.pop(found["id"], found[0]), text)
    return text.replace("</w:styles>", f"{''.join(ours.values())}</w:styles>")


def _document(text: str) -> str:
    section = (
        f'<w:sectPr><w:footerReference xmlns:r="{_RELATIONS}" w:type="default" r:id="rIdFooter"/>'
        '<w:pgSz w:w="12240" w:h="15840"/>'
        '<w:pgMar w:top="1300" w:right="1440" w:bottom="1300" w:left="1440" w:header="600" '
        'w:footer="600" w:gutter="0"/></w:sectPr>'
    )
    return _SECTION.sub(lambda _: section, text)


def _relations(text: str) -> str:
    footer = (
        f'<Relationship Id="rIdFooter" Type="{_RELATIONS}/footer" Target="footer1.xml"/>'
        "</Relationships>"
    )
    return text.replace("</Relationships>", footer)


def _content_types(text: str) -> str:
    footer = f'<Override PartName="/word/footer1.xml" ContentType="{_FOOTER_TYPE}"/></Types>'
    return text.replace("</Types>", footer)


_CHANGES = {
    "word/styles.xml": _styles,
    "word/document.xml": _document,
    "word/_rels/document.xml.rels": _relations,
    "[Content_Types].xml": _content_types,
}
