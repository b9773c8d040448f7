"""What is wrong in a study, in words instead of a validator's report."""

import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


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
