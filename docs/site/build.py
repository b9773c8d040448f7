"""Build the documentation site, offline: ``python docs/site/build.py FOLDER``.

What is written by hand lies in ``docs/``; reference pages are generated from the code,
the contract and the protocol, definitions from the specs, and notebooks are shown as they
were last run. The sources put together lie in ``FOLDER/.source`` while Sphinx reads them.
"""

import runpy
import shutil
import sys
import tempfile
from pathlib import Path

import api
import commands
import study_keys
from sphinx.cmd.build import main as sphinx_build

from evaluation.sources.dictionary import data_dictionary

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROJECT = ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


def assemble(source: Path) -> None:
    """Put every page of the site into a folder, as Sphinx will read them."""
    shutil.copytree(
        ROOT / "docs",
        source,
        ignore=shutil.ignore_patterns("site", "__pycache__"),
        dirs_exist_ok=True,
    )
    reference = source / "reference"
    reference.mkdir(exist_ok=True)
    generated = api.pages() | {
        "commands.md": commands.page(),
        "data-dictionary.md": data_dictionary(),
        "study-keys.md": study_keys.page(),
    }
    for name, text in generated.items():
        (reference / name).write_text(text, encoding="utf-8")
    definitions = runpy.run_path(str(ROOT / "tests" / "spec" / "pages.py"))["write"]
    index = next(p for p in definitions(source / "definitions") if p.name == "index.md")
    pages = sorted(p.stem for p in index.parent.glob("*.md") if p != index)
    index.write_text(index.read_text(encoding="utf-8") + _toctree(pages), encoding="utf-8")
    tutorials = source / "tutorials"
    tutorials.mkdir()
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    for notebook in notebooks:
        text = notebook.read_text(encoding="utf-8").replace("](../docs/", "](../")
        text = text.replace("](README.md)", "](index.md)")
        (tutorials / notebook.name).write_text(text, encoding="utf-8")
    words = "# Tutorials\n\nNotebooks, in the order a newcomer reads them, as they were last run.\n"
    listing = "\n```{toctree}\n:maxdepth: 1\n\n" + "\n".join(n.stem for n in notebooks) + "\n```\n"
    (tutorials / "index.md").write_text(words + listing, encoding="utf-8")
    project = source / "project"
    project.mkdir()
    for name in PROJECT:
        (project / name.lower()).write_text(_moved(ROOT / name), encoding="utf-8")


def _moved(path: Path) -> str:
    """Return a page of the project's root with its links as they are from ``project/``."""
    text = path.read_text(encoding="utf-8").replace("](docs/", "](../")
    for name in PROJECT:
        text = text.replace(f"]({name}", f"]({name.lower()}")
    return text


def _toctree(pages: list[str]) -> str:
    return "\n```{toctree}\n:hidden:\n\n" + "\n".join(pages) + "\n```\n"


def build(out: Path) -> int:
    """Write the site; a warning of Sphinx is an error."""
    with tempfile.TemporaryDirectory(prefix="permanency-docs-") as folder:
        source, doctrees = Path(folder) / "source", Path(folder) / "doctrees"
        assemble(source)
        return sphinx_build(
            [
                "-q",
                "-W",
                "--keep-going",
                "-c",
                str(HERE),
                "-d",
                str(doctrees),
                str(source),
                str(out),
            ]
        )


if __name__ == "__main__":
    made = Path(sys.argv[1])
    status = build(made)
    print(made / "index.html" if status == 0 else "The site has faults; see above.")
    sys.exit(status)
