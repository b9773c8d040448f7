"""The reference page of study keys: types and defaults from the protocol, words of its template."""

import re
import types
import typing
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from evaluation.resources import resource
from evaluation.study import Study


def page() -> str:
    """Write a table per section of the study file."""
    words = _words()
    parts = [
        "# Study keys\n",
        "A study is one TOML file. `permanency new DIR` writes it with every key and a comment; "
        "a wrong key, value or date is an error that names the key and says what is allowed. "
        "Paths are relative to the file.\n",
    ]
    for section, keys in _sections(Study, ""):
        heading = f"## [{section}]" if section else "## Top of the file"
        rows = [
            f"| `{key}` | {allowed} | {default} | {words.get((section, key), '')} |"
            for key, allowed, default in keys
        ]
        if rows:
            table = "| key | allowed | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows)
        else:
            table = "No keys: the section asks for the outcome."
        parts.append(f"{heading}\n\n{table}\n")
    return "\n".join(parts)


def _sections(
    model: type[BaseModel], name: str
) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    keys, nested = [], []
    for key, info in model.model_fields.items():
        inner = _model(info.annotation)
        if inner is None:
            keys.append((key, _allowed(info.annotation), _default(info)))
        else:
            nested.append((inner, f"{name}.{key}" if name else key))
    if keys or not nested:
        yield name, keys
    for inner, below in nested:
        yield from _sections(inner, below)


def _model(hint: typing.Any) -> type[BaseModel] | None:
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        return hint if issubclass(hint, BaseModel) else None
    return next((found for part in typing.get_args(hint) if (found := _model(part))), None)


def _allowed(hint: typing.Any) -> str:
    if hint is type(None):
        return ""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return ", ".join(f'`"{value}"`' for value in parts)
    if origin is typing.Annotated:
        return _allowed(parts[0])
    if origin is tuple:
        if len(parts) == 2 and parts[1] is not Ellipsis:
            return f"two: {_allowed(parts[0])}"
        return f"list of {_allowed(parts[0])}"
    if origin is dict:
        return f"table of {_allowed(parts[1])}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(filter(None, map(_allowed, parts)))
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return plain.get(hint, getattr(hint, "__name__", "any"))


def _default(info: typing.Any) -> str:
    if info.default is PydanticUndefined:
        return "**required**"
    if info.default is None:
        return ""
    value = info.default
    if isinstance(value, bool):
        value = str(value).lower()
    return "`" + (", ".join(map(str, value)) if isinstance(value, tuple) else str(value)) + "`"


def _words() -> dict[tuple[str, str], str]:
    """Return what the template says beside each key, by section and key."""
    text = resource("data_schemas", "study_template.toml").read_text(encoding="utf-8")
    found, section = {}, ""
    for line in text.splitlines():
        if head := re.match(r"(?:# )?\[+([\w.]+)\]+", line):
            section = head[1]
        elif key := re.match(r"(?:# )?(\w+) = (.*)", line):
            comment = re.search(r'\s#\s+([^"#]*(?:"[^"]*"[^"#]*)*)$', key[2])
            found.setdefault((section, key[1]), comment[1] if comment else "")
    return {key: words.replace("|", "or") for key, words in found.items()}
