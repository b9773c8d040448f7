"""What is wrong in a study, in words instead of a parser's or validator's report."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from evaluation.errors import StudyError


def sentences(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Say each problem pydantic found: the key, what is allowed, the nearest.

    Parameters
    ----------
    error : pydantic.ValidationError
        What was raised.
    model : type
        The model that was being filled, whose keys are suggested.

    Returns
    -------
    list of str
        One sentence for each problem.
    """
    return [_sentence(problem, model) for problem in error.errors()]


def _sentence(problem: Any, root: type[BaseModel]) -> str:
    key = ".".join(_keys_of(problem["loc"]))
    value = problem.get("input")
    kind = problem["type"]
    if kind == "extra_forbidden":
        *section, wrong = _keys_of(problem["loc"])
        allowed = _keys_at(section, root)
        nearest = difflib.get_close_matches(str(wrong), allowed, n=1, cutoff=0.4)
        hint = f'; did you mean "{nearest[0]}"?' if nearest else "."
        return f'The key "{key}" is not known here (allowed: {", ".join(allowed)}){hint}'
    if kind == "missing":
        return f'The key "{key}" is required and missing.'
    if kind == "literal_error":
        allowed = problem["ctx"]["expected"]
        choices = [choice.strip("' ") for choice in allowed.replace(" or ", ",").split(",")]
        nearest = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.4)
        hint = f'; did you mean "{nearest[0]}"?' if nearest else "."
        return f'The key "{key}" has the value {value!r}; allowed are {allowed}{hint}'
    message = problem["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return f"{f'[{key}] ' if key else ''}{message}."
    return f'The key "{key}" has the value {value!r}: {message[0].lower()}{message[1:]}.'


def _keys_of(location: tuple[Any, ...]) -> list[str]:
    """Drop pydantic's names of union branches from a location, keep the user's keys."""
    keys = [str(part) for part in location]
    return [
        key
        for position, key in enumerate(keys)
        if not (position and keys[position - 1] == "data_through" and _names_a_branch(key))
    ]


def _names_a_branch(key: str) -> bool:
    return key == "date" or key.startswith("dict[")


def _keys_at(section: list[str], root: type[BaseModel]) -> list[str]:
    model: Any = root
    for part in section:
        if part.isdigit():
            continue
        annotation = model.model_fields[part].annotation
        candidates = [annotation, *get_args(annotation)]
        model = next(
            (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model
        )
    return [field.alias or name for name, field in model.model_fields.items()]


def read_settings(path: Path) -> dict[str, Any]:
    """Read a study file as TOML.

    Raises
    ------
    StudyError
        If it cannot be read, is not UTF-8 or not TOML; names the line where there is one.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(
            f"There is no study file {path}: give the path of a study.toml, or make one "
            "with `permanency new DIR`."
        ) from None
    except OSError as error:
        raise StudyError(
            f"{path} cannot be read ({error.strerror}): give the path of a study.toml."
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise StudyError(
            f"{path}, line {line}: the byte {error.object[error.start]:#04x} is not UTF-8; "
            "save the file as UTF-8 text."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path} is not valid TOML: {error}.") from None
