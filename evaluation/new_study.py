"""A study to start from: a commented protocol, and a draft mapping of an agency's own files."""

import json
import re
from pathlib import Path

from evaluation.errors import OutputError
from evaluation.reporting.folder import write_text
from evaluation.resources import resource


def new_study(folder: Path, files: list[Path] | None = None) -> list[str]:
    """Write a commented study.toml, and for files of an agency's own a draft mapping.

    Raises
    ------
    OutputError
        If one is there already, or the folder cannot be written.
    DataError
        If a file cannot be read.
    """
    path, drafted = folder / "study.toml", folder / "mapping.toml"
    for there in (path, drafted) if files else (path,):
        if there.exists():
            raise OutputError(f"{there} exists already and is not replaced: choose another folder.")
    protocol = resource("data_schemas", "study_template.toml").read_text(encoding="utf-8")
    if not files:
        write_text(path, protocol)
        return [f"Wrote {path}. Edit it, then: permanency report {path}"]
    from evaluation.sources.mapping import draft_mapping

    draft = draft_mapping(files)
    data = f"data = {json.dumps(draft.data)}"
    protocol = re.sub(r'(?m)^data = "[^"]*"', lambda _: data, protocol)
    protocol = protocol.replace("# [files] ", "[files] ").replace("# mapping = ", "mapping = ")
    write_text(drafted, draft.text)
    write_text(path, protocol)
    return [
        f"Wrote {path} and {drafted}, a draft guessed from the column names: read every line.",
        *draft.missing,
        f"Then: permanency check {path}",
    ]
