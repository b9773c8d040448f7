"""A draft mapping guessed from the headers and first rows of an agency's files."""

import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evaluation.errors import DataError
from evaluation.resources import resource
from evaluation.sources.contract import Field, TableSchema, contract, nearest
from evaluation.sources.dates import date_pattern
from evaluation.sources.mapping.rules import UNDECIDED
from evaluation.sources.mapping.samples import Sample, samples

_DATES = ("YYYY-MM-DD", "MM/DD/YYYY", "DD.MM.YYYY", "YYYYMMDD", "DD-MON-YYYY", "DDMONYYYY",
          "YYYY/MM/DD", "DD/MM/YYYY", "YYYY-MM-DD TIME", "MM/DD/YYYY TIME")  # fmt: skip
_A_CODE = r"[A-Za-z][A-Za-z0-9_]*"
_MOST_CODES = 25
_ALIKE = 0.8


@dataclass(frozen=True)
class Draft:
    """A draft mapping.

    Parameters
    ----------
    text : str
        The TOML file.
    data : str
        The folder (or workbook) the files lie in.
    missing : tuple of str
        What nobody could guess, one sentence each.
    fields : dict of str to tuple of str
        The fields that have a column, by table.
    programs : dict of str to str
        The names of programs by their codes.
    """

    text: str
    data: str
    missing: tuple[str, ...]
    fields: dict[str, tuple[str, ...]]
    programs: dict[str, str]


def draft_mapping(files: Sequence[str | Path]) -> Draft:
    """Guess how an agency's files become contract tables.

    Names are compared with the contract's and with a list of synonyms, dates and
    codes with the first rows; what could not be guessed stands in the draft as
    ``"?"`` and in `Draft.missing`.

    Parameters
    ----------
    files : sequence of path
        CSV files and workbooks, all in one folder.

    Returns
    -------
    Draft

    Raises
    ------
    DataError
        If a file cannot be read, or the files lie in several folders.
    """
    paths = [Path(file).expanduser().absolute() for file in files]
    if len({path.parent for path in paths}) > 1:
        raise DataError("The files lie in several folders; put them into one and name them there.")
    found = [sample for path in paths for sample in samples(path)]
    chosen = _choose(found)
    missing = [
        f"Missing: nothing looks like the table {table.name}; a study cannot be run without it."
        for table in contract().tables
        if table.required and table.name not in chosen
    ]
    parts = [_HEAD]
    for name in contract().names:
        if name in chosen:
            text, lacking = _table(chosen[name], contract().table(name))
            parts.append(text)
            missing += lacking
    guessed = {name: _guess_columns(chosen[name], contract().table(name)) for name in chosen}
    program = guessed.get("services", {}).get("program")
    names = chosen["services"].values(program) if program else []
    return Draft(
        "\n".join(parts),
        os.fspath(paths[0].parent),
        (
            *missing,
            *(
                f"{sample.label} is not used: it looks like no table of the contract."
                for sample in found
                if sample not in chosen.values()
            ),
        ),
        {name: tuple(columns) for name, columns in guessed.items()},
        {code: name for name, code in _program_codes(names).items()},
    )


_HEAD = """\
# Draft: how your files become the contract's tables. Every line is a guess; read each.
# "?" marks what is not decided. The data dictionary says what every field means.
#
#   field = "Column"                                       the column under another name
#   field = { column = "Date", dates = "DD.MM.YYYY" }      how dates are written
#   field = { column = "Code", codes = { "1" = "word" } }  what codes mean ("" is missing)
#   field = { constant = "word" }                          the same in every row
#   field = { columns = ["A", "B"], join = "-" }           several columns together
#   field = { flags = { ColumnA = "word" }, yes = ["1"] }  one column per word of a list
#   field = { column = "Km", times = 0.621371 }            another unit
"""


def _choose(samples: list[Sample]) -> dict[str, Sample]:
    """Give every contract table the file that fits it best."""
    scored = []
    for sample in samples:
        for table in contract().tables:
            guesses = _guess_columns(sample, table)
            needed = [field.name for field in table.fields if field.required]
            found = sum(name in guesses for name in needed)
            named = _name_fits(sample.name, table.name)
            key = table.primary_key[0] in guesses
            scored.append((2 * named + found / len(needed) + 0.5 * key + len(guesses) / 100,
                           table.name, sample))  # fmt: skip
    chosen: dict[str, Sample] = {}
    for score, table, sample in sorted(scored, key=lambda entry: -entry[0]):
        if table in chosen or score < 1.5:
            continue
        chosen[table] = sample
    return chosen


def _name_fits(name: str, table: str) -> bool:
    folded = _folded(name)
    words = [_folded(table), *_synonyms()["tables"].get(table, ())]
    return any(word in folded for word in words)


def _guess_columns(sample: Sample, table: TableSchema) -> dict[str, str]:
    """Return the likeliest column of each field, each column once."""
    folded = {_folded(column): column for column in reversed(sample.columns)}
    found: dict[str, str] = {}
    free = dict(folded)
    for field in table.fields:
        words = [_folded(field.name), *_synonyms()["fields"].get(field.name, ())]
        exact = next((word for word in words if word in free), None)
        if exact:
            found[field.name] = free.pop(exact)
    for field in table.fields:
        if field.name not in found:
            near = nearest(_folded(field.name), free, cutoff=_ALIKE)
            if near:
                found[field.name] = free.pop(near)
    return found


def _table(sample: Sample, table: TableSchema) -> tuple[str, list[str]]:
    guesses = _guess_columns(sample, table)
    lines = ["[[tables]]", f"table = {_quoted(table.name)}", f"file = {_quoted(sample.file)}"]
    for key in ("sheet", "encoding", "delimiter"):
        if getattr(sample, key):
            lines.append(f"{key} = {_quoted(getattr(sample, key))}")
    if sample.header_row:
        lines.append(f"header_row = {sample.header_row}  # titles stand above it")
    key = table.primary_key[0]
    if key in guesses and len(set(sample.values(guesses[key]))) < len(sample.values(guesses[key])):
        lines.append('rows = "distinct"  # the key stands on several rows')
    lines.append("[tables.columns]")
    missing = []
    for field in table.fields:
        if field.name in guesses:
            rule, odd = _rule(field, guesses[field.name], sample)
            lines.append(f"{field.name} = {rule}")
            missing += [f"{table.name}: {words}" for words in odd]
        elif field.name == table.primary_key[0] and (made := _made_key(sample, table, guesses)):
            several = ", ".join(_quoted(column) for column in made)
            lines.append(f"{field.name} = {{ columns = [{several}] }}  # no column names the row")
            missing.append(
                f"{table.name}: no column looks like {field.name}, so it is made of "
                f"{', '.join(column.strip() for column in made)}; name a better one if there is."
            )
        elif field.required:
            lines.append(f'{field.name} = "{UNDECIDED}"  # required: {field.description}')
            missing.append(f"Missing: no column looks like {table.name}.{field.name} (required).")
        else:
            lines.append(f"# {field.name} =  # {field.description}")
    unused = [column for column in sample.columns if column and column not in guesses.values()]
    if unused:
        lines.append(f"# Not used: {', '.join(_quoted(column) for column in unused)}")
    return "\n".join(lines) + "\n", missing


def _made_key(sample: Sample, table: TableSchema, guesses: dict[str, str]) -> list[str]:
    """Return columns that together tell the rows of a table apart; none where none do."""
    dates = [field.name for field in table.fields if field.type == "date" and field.name in guesses]
    others = [field.name for field in table.fields if field.required]
    names = ["child_id", *others, *dates[:1]]
    columns = list(dict.fromkeys(guesses[name] for name in names if name in guesses))
    return columns if len(columns) > 1 and sample.identifies(columns) else []


def _rule(field: Field, column: str, sample: Sample) -> tuple[str, list[str]]:
    """Write what is guessed of a field; return it with what is missing."""
    values = sample.values(column)
    if field.type == "date" and values:
        return _date_rule(column, values)
    allowed = field.enum or field.codes
    if allowed and values and not set(values) <= set(allowed):
        return _code_rule(allowed, column, values)
    if field.name == "program" and any(not re.fullmatch(_A_CODE, v) for v in values):
        return _program_rule(column, values), []
    return _quoted(column), []


def _date_rule(column: str, values: list[str]) -> tuple[str, list[str]]:
    forms = [form for form in _DATES if all(re.match(date_pattern(form)[0], v) for v in values)]
    if not forms:
        example = _comment(values[0])
        said = f"{_quoted(column)}  # dates such as {example}: name their form"
        return said, [f"Missing: the form of the dates of {column}, such as {example}."]
    if forms[0] == "YYYY-MM-DD":
        return _quoted(column), []
    doubt = {"MM/DD/YYYY", "DD/MM/YYYY"} <= set(forms) and _day_is_unclear(values)
    words = f"Missing: whether the day or the month comes first in {column}."
    rule = f"{{ column = {_quoted(column)}, dates = {_quoted(_swap(forms, values))} }}"
    return rule, [words] if doubt else []


def _program_rule(column: str, values: list[str]) -> str:
    """Make a short code of every program's name."""
    short = _program_codes(values).items()
    entries = ", ".join(f"{_quoted(name)} = {_quoted(code)}" for name, code in short)
    return f"{{ column = {_quoted(column)}, codes = {{ {entries} }} }}"


def _program_codes(names: list[str]) -> dict[str, str]:
    """Return codes by the names of programs; a name that is a code stays."""
    codes = {}
    for name in sorted(set(names))[:_MOST_CODES]:
        code = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
        made = code if code[:1].isalpha() else f"p_{code}"
        codes[name] = name if re.fullmatch(_A_CODE, name) else made
    return codes


def _code_rule(allowed: Sequence[str], column: str, values: list[str]) -> tuple[str, list[str]]:
    codes = {value: _code(value, allowed) for value in sorted(set(values))[:_MOST_CODES]}
    entries = ", ".join(f"{_quoted(code)} = {_quoted(word)}" for code, word in codes.items())
    odd = [code for code, word in codes.items() if word == UNDECIDED]
    words = (
        f"Missing: the codes {', '.join(odd)} of {column} have no meaning yet; write one of "
        f'{", ".join(allowed)} in place of each "?".'
    )
    rule = f"{{ column = {_quoted(column)}, codes = {{ {entries} }} }}"
    return rule, [words] if odd else []


def _swap(forms: list[str], values: list[str]) -> str:
    """Choose day first where a first number is above twelve."""
    return "DD/MM/YYYY" if forms[0] == "MM/DD/YYYY" and _first(values) > 12 else forms[0]


def _day_is_unclear(values: list[str]) -> bool:
    second = max(int(re.split(r"\D", value)[1]) for value in values)
    return _first(values) <= 12 and second <= 12


def _first(values: list[str]) -> int:
    return max(int(re.split(r"\D", value)[0]) for value in values)


def _code(value: str, allowed: Sequence[str]) -> str:
    folded = _folded(value)
    for word in allowed:
        synonyms = [_folded(entry) for entry in _synonyms()["codes"].get(word, ())]
        if folded == _folded(word) or folded in synonyms:
            return word
    return nearest(value, allowed, cutoff=_ALIKE) or UNDECIDED


def _folded(word: str) -> str:
    return re.sub(r"[\W_]+", "", word.casefold())


@cache
def _synonyms() -> dict:
    path = resource("data_schemas", "sources", "synonyms.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _quoted(text: str) -> str:
    """Write a text as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in escaped)
    return f'"{escaped}"'


def _comment(text: str) -> str:
    return "".join(c for c in text[:30] if c.isprintable())
