"""One document source: a template and its facts become Markdown, Markdown becomes pages."""

import subprocess
from collections import Counter
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from evaluation.errors import OutputError, StudyError
from evaluation.reporting import markdown
from evaluation.reporting.house import House
from evaluation.reporting.pandoc import pandoc
from evaluation.resources import resource

READER = (
    "markdown-raw_html-raw_tex-raw_attribute-tex_math_dollars-tex_math_single_backslash"
    "-citations-example_lists-fancy_lists-yaml_metadata_block-pandoc_title_block"
    "-inline_notes-footnotes-autolink_bare_uris-smart-implicit_header_references"
)


def write_markdown(template: str, facts: dict, house: House) -> str:
    """Fill a template of ``reports/templates``.

    Values are text: each is escaped when it is printed. Figures and tables are
    numbered here and nowhere else.

    Parameters
    ----------
    template : str
        File name, such as ``annual.md.j2``.
    facts : dict
        What the template prints.
    house : House
        Where templates are found.

    Returns
    -------
    str
        Markdown for `convert`.

    Raises
    ------
    StudyError
        If a template of the agency cannot be filled, naming it and the line.
    """
    environment = SandboxedEnvironment(
        loader=house.loader,
        autoescape=True,
        finalize=markdown.escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    numbers: Counter = Counter()

    def numbered(kind: str) -> Markup:
        numbers[kind] += 1
        return Markup(f"{kind} {numbers[kind]}")

    environment.globals |= {
        "anchor": lambda name: Markup(f"{{#{name}}}"),
        "caption": markdown.caption,
        "drawn_table": markdown.drawn_table,
        "numbered": numbered,
        "pipe_table": markdown.pipe_table,
        "target": markdown.target,
    }
    try:
        return environment.get_template(template).render(facts)
    except TemplateError as error:
        where = f"{getattr(error, 'name', None) or template}"
        line = getattr(error, "lineno", None)
        where += f", line {line}" if line else ""
        raise StudyError(f"The template {where} cannot be filled: {error.message}.") from None


def convert(
    source: str, writer: str, *options: str, filters: tuple[str, ...] = (), folder: Path, epoch: int
) -> bytes:
    """Turn Markdown into another form with pandoc.

    Parameters
    ----------
    source : str
        Markdown.
    writer : str
        Pandoc's name of the form.
    *options : str
        Further options of pandoc.
    filters : tuple of str
        Lua filters of ``reports/templates``.
    folder : pathlib.Path
        Where the figures' paths begin.
    epoch : int
        Seconds since 1970 that stand in the document for its making.

    Returns
    -------
    bytes

    Raises
    ------
    OutputError
        If pandoc fails.
    """
    lua = [f"--lua-filter={resource('reports', 'templates', name)}" for name in filters]
    done = subprocess.run(
        [pandoc(), f"--from={READER}", f"--to={writer}", "--output=-", *lua, *options],
        input=source.encode("utf-8"),
        capture_output=True,
        check=False,
        cwd=folder,
        env={"SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip()
        raise OutputError(f"pandoc could not make the document ({why}): please report this.")
    return done.stdout
