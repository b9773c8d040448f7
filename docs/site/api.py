"""Reference pages of the public names, from their docstrings."""

import inspect
import types
import typing
from collections.abc import Iterator
from importlib import import_module

import evaluation
from evaluation import _ROOM_OF

ROOMS = {
    "study": "The protocol",
    "sources": "Sources",
    "cohorts": "Cohorts",
    "estimates": "Estimates",
    "effects": "Effects",
    "practice": "Practice",
    "evidence": "Evidence",
    "reporting": "Reporting",
    "errors": "Errors",
}


def public_names() -> dict[str, typing.Any]:
    """Return every public name with what it names; of a room that is called, the function."""
    found = {name: getattr(import_module(room), name) for name, room in _ROOM_OF.items()}
    return {
        name: type(thing).__call__ if inspect.ismodule(thing) else thing
        for name, thing in found.items()
    }


def results() -> list[type]:
    """Return the classes that public calls return and nobody imports by name."""
    named = set(public_names().values())
    found = {
        kind
        for thing in named
        if inspect.isfunction(thing)
        for kind in _classes(_returned(thing))
        if kind.__module__.startswith("evaluation.") and kind not in named
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def _returned(function: typing.Any) -> typing.Any:
    try:
        return typing.get_type_hints(function).get("return")
    except NameError:
        return inspect.signature(function).return_annotation


def _classes(hint: typing.Any) -> Iterator[type]:
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        yield hint
    for part in typing.get_args(hint):
        yield from _classes(part)


def pages() -> dict[str, str]:
    """Return the API pages by file name: one per room, and one of the classes of results."""
    made = {}
    for room, title in ROOMS.items():
        names = sorted(n for n, place in _ROOM_OF.items() if place.split(".")[1] == room)
        things = public_names()
        parts = [_entry(name, things[name]) for name in names]
        made[f"api-{room}.md"] = _page(title, f"evaluation.{room}", parts)
    parts = [_entry(kind.__name__, kind) for kind in results()]
    made["api-results.md"] = _page("What the calls return", "evaluation", parts)
    listed = "\n".join(f"- [{title}](api-{room}.md)" for room, title in ROOMS.items())
    table = "\n".join(
        f"| [`ev.{name}`]({_place(name)}) | {_first_sentence(thing)} |"
        for name, thing in sorted(public_names().items(), key=lambda item: item[0].lower())
    )
    made["api.md"] = (
        "# Every public name\n\n`import evaluation as ev`; version "
        f"{evaluation.__version__}.\n\n| name | what it does |\n|---|---|\n{table}\n\n"
        f"## By room\n\n{listed}\n- [What the calls return](api-results.md)\n\n"
        "```{toctree}\n:hidden:\n\n"
        + "\n".join(f"api-{room}" for room in [*ROOMS, "results"])
        + "\n```\n"
    )
    return made


def _place(name: str) -> str:
    room = _ROOM_OF[name].split(".")[1]
    return f"api-{room}.md#ev-{name.replace('_', '-').lower()}"


def _page(title: str, module: str, parts: list[str]) -> str:
    return "\n".join([f"# {title}", "", f"What `{module}` offers.", "", *parts])


def _entry(name: str, thing: typing.Any) -> str:
    named = name in _ROOM_OF
    heading = f"## ev.{name}" if named else f"## {name}"
    if inspect.isclass(thing):
        options = [":members:"]
        if not issubclass(thing, Exception) and not hasattr(thing, "model_fields"):
            options.append(":inherited-members:")
        directive = "autoclass"
    else:
        options, directive = [], "autofunction"
    body = [
        f".. {directive}:: {thing.__module__}.{thing.__qualname__}",
        *(f"   {option}" for option in options),
    ]
    return "\n".join([heading, "", "```{eval-rst}", *body, "```", ""])


def _first_sentence(thing: typing.Any) -> str:
    words = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return words.replace("|", "\\|")
