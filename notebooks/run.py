"""Run notebooks from top to bottom and keep their outputs: python notebooks/run.py [FILES…]."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent


def executed(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with the outputs it gives today, and no times of execution.

    Parameters
    ----------
    path : pathlib.Path
        The notebook; it runs in its own folder.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    settings = {"timeout": 300, "kernel_name": "python3", "record_timing": False}
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, coalesce_streams=True, resources=resources, **settings).execute()
    notebook.metadata["language_info"].pop("version", None)
    return notebook


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(FOLDER.glob("*.ipynb")):
        nbformat.write(executed(Path(name)), name)
        print(name)
