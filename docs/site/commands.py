"""The reference page of the command line, from the commands themselves."""

from typing import Any

import typer

from evaluation.cli import app


def commands() -> dict[str, Any]:
    """Return every command by its name."""
    return dict(typer.main.get_command(app).commands)


def page() -> str:
    """Write a section per command: how it is called, its arguments, its options."""
    parts = [
        "# Commands\n",
        "Exit status: 0 done; 1 the data or the study cannot give what was asked, said in a "
        "sentence each; 2 wrong usage; 130 stopped by Ctrl-C, with nothing half-written.\n",
        _options(typer.main.get_command(app)),
    ]
    return "\n".join(parts + [_section(name, command) for name, command in commands().items()])


def _section(name: str, command: Any) -> str:
    given = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([_shown(p) for p in given if not getattr(p, "hidden", False)])
    lines = [f"## permanency {name}\n", f"    permanency {name} {usage} [OPTIONS]\n"]
    lines += [f"{command.help}\n", _options(command)]
    return "\n".join(lines)


def _shown(argument: Any) -> str:
    word = argument.metavar or argument.name.upper()
    return word if argument.required else f"[{word.strip('[]')}]"


def _options(command: Any) -> str:
    rows = []
    for param in command.params:
        name = (
            _shown(param)
            if param.param_type_name == "argument"
            else ", ".join([*param.opts, *param.secondary_opts])
        )
        if getattr(param, "hidden", False) and not param.help:
            continue
        rows.append(f"| `{name}` | {_words(param.help)} | {_default(param.default)} |")
    return "| | | default |\n|---|---|---|\n" + "\n".join(rows) + "\n" if rows else ""


def _words(text: str | None) -> str:
    return (text or "Show the help and exit.").replace("|", "\\|")


def _default(value: Any) -> str:
    return "" if value in (None, "", False, ()) else f"`{value}`"
