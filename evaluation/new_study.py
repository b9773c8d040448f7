"""A study to start from: a commented protocol, and a draft mapping of an agency's own files."""

import json
import re
from pathlib import Path

from evaluation.errors import OutputError
from evaluation.reporting.folder import write_text
from evaluation.resources import resource
from evaluation.sources.contract import contract
from evaluation.sources.mapping import Draft, draft_mapping


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
    draft = draft_mapping(files)
    write_text(drafted, draft.text)
    write_text(path, _fitted(protocol, draft))
    return [
        f"Wrote {path} and {drafted}, a draft guessed from the column names: read every line.",
        *draft.missing,
        f"Set in {path}: title, question, cohort.exits and cohort.data_through (the last day the "
        "records cover: later days would count as days without an event), [[services]] and "
        "[primary], report.agency.",
        f"Then: permanency check {path}",
        f"Then: permanency cohort {path}; permanency report {path}",
    ]


def _fitted(protocol: str, draft: Draft) -> str:
    """Write what the files hold into the protocol: data, programs, covariates."""
    data = f"data = {json.dumps(draft.data)}"
    protocol = re.sub(r'(?m)^data = "[^"]*"', lambda _: data, protocol)
    protocol = protocol.replace("# [files] ", "[files] ").replace("# mapping = ", "mapping = ")
    begin, end = protocol.index("[[services]]"), protocol.index("[adjustment]")
    protocol = protocol[:begin] + _services(draft.programs) + protocol[end:]
    held = {field for fields in draft.fields.values() for field in fields}
    for key in ("covariates", "equity_by"):
        protocol = re.sub(
            rf"(?m)^{key} = (\[.*?\])",
            lambda found, key=key: f"{key} = {_kept(json.loads(found[1]), held)}",
            protocol,
        )
    return protocol


def _kept(names: list[str], held: set[str]) -> str:
    """Leave out the names of fields that the files do not hold."""
    recorded = {field.name for table in contract().tables for field in table.fields}
    return json.dumps([name for name in names if name not in recorded or name in held])


def _services(programs: dict[str, str]) -> str:
    """Write a section for each program, and the first as the primary contrast."""
    if not programs:
        return "# No services were found: the report describes outcomes, and compares nothing.\n\n"
    parts = [
        f"[[services]]\nprogram = {json.dumps(code)}\n"
        f"label = {json.dumps(name, ensure_ascii=False)}\n"
        'exposure = "time-varying"           # at exit | landmark | time-varying | target trial\n'
        for code, name in programs.items()
    ]
    primary = (
        "# [primary]                      # the one contrast, declared before outcomes are read\n"
        f'# outcome = "reentry"\n# service = "{next(iter(programs))}"\n# horizon = 365\n'
    )
    return "\n".join([*parts, primary, ""])
