"""The mapping file: which column of which file becomes which contract field, and how."""

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evaluation.errors import DataError
from evaluation.sources.contract import contract, did_you_mean
from evaluation.sources.dates import date_pattern
from evaluation.sources.encodings import is_utf8
from evaluation.study_errors import sentences

UNDECIDED = "?"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class ColumnRule(_Part):
    """How one contract field is made: from a column, several, a constant, or flags.

    Parameters
    ----------
    column : str
        A column of the file.
    columns, join : tuple of str, str
        Several columns, written one after the other.
    constant : str
        The same value in every row.
    flags, yes : dict of str to str, tuple of str
        Columns that say whether a code of a list applies; what means yes.
    dates : str
        Form of the dates, such as ``DD.MM.YYYY``.
    codes, others : dict of str to str, str
        Contract value by the file's code (``?``: not decided, ``""``: missing); what a
        code not listed becomes. Without ``others`` such a code stays as it is and its row
        is quarantined where the contract does not allow it.
    times : float
        Factor between units.
    """

    column: str | None = None
    columns: tuple[str, ...] = ()
    join: str = "-"
    constant: str | None = None
    flags: dict[str, str] = Field(default_factory=dict)
    yes: tuple[str, ...] = ("1", "Y", "y", "yes", "true", "True", "X", "x")
    dates: str | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    others: str | None = None
    times: float | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [bool(self.column), bool(self.columns), self.constant is not None, bool(self.flags)]
        if sum(given) != 1:
            raise ValueError("give exactly one of column, columns, constant and flags")
        if self.dates is not None:
            try:
                date_pattern(self.dates)
            except DataError as error:
                raise ValueError(str(error).rstrip(".")) from None
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns of the file it is made from."""
        if self.column:
            return (self.column,)
        return self.columns or tuple(self.flags)


class Where(_Part):
    """Which rows of the file are rows of the table: those whose column is one of the values."""

    column: str
    is_: tuple[str, ...] = Field(alias="is")


class TableRule(_Part):
    """One contract table, and the file or sheet it is made from.

    Parameters
    ----------
    table, file, sheet : str
        Contract table; file beside the data; sheet of a workbook.
    header_row : int
        Of a sheet whose column names are not in its first row with content: their row.
    encoding, delimiter : str
        Where the file is not UTF-8 or its delimiter cannot be told.
    dates : str
        Form of every date of the table that has none of its own.
    rows : {"all", "distinct"}
        ``distinct`` where the file repeats them, as a wide extract does children.
    where : Where
        Which rows belong to the table.
    columns : dict of str to ColumnRule
        By contract field; a text is the name of a column.
    carry : tuple of str
        Columns carried along under their own names.
    missing : tuple of str
        Further texts that mean a value is missing.
    """

    table: str
    file: str
    sheet: str | None = None
    header_row: int | None = Field(default=None, gt=0)
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    dates: str | None = None
    rows: Literal["all", "distinct"] = "all"
    where: Where | None = None
    columns: dict[str, ColumnRule]
    carry: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _a_text_is_a_column(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("columns"), dict):
            columns = {
                name: {"column": rule} if isinstance(rule, str) else rule
                for name, rule in data["columns"].items()
            }
            return data | {"columns": columns}
        return data

    @model_validator(mode="after")
    def _speaks_the_contract(self) -> Self:
        names = contract().names
        if self.table not in names:
            hint = did_you_mean(self.table, names).rstrip(".")
            raise ValueError(f'the contract has no table "{self.table}"{hint}')
        known = contract().table(self.table).columns
        for name in self.columns:
            if name not in known:
                hint = did_you_mean(name, known).rstrip(".")
                raise ValueError(f'the table {self.table} has no field "{name}"{hint}')
        if self.header_row is not None and not self.file.lower().endswith(".xlsx"):
            raise ValueError("header_row is for workbooks: delete the lines above the names")
        clash = sorted(set(self.carry) & set(known))
        if clash:
            raise ValueError(f"carry names {clash[0]}, which is a contract field: map it instead")
        try:
            if self.dates is not None:
                date_pattern(self.dates)
            if self.encoding is not None:
                is_utf8(self.encoding)
        except DataError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return self

    @property
    def decided(self) -> dict[str, ColumnRule]:
        """The rules that name where the field comes from."""
        return {name: rule for name, rule in self.columns.items() if rule.column != UNDECIDED}

    @property
    def undecided(self) -> list[str]:
        """What the mapping still has to say, each as part of a sentence."""
        schema = contract().table(self.table)
        required = [field.name for field in schema.fields if field.required]
        return [f"{name} has no column" for name in required if name not in self.decided]

    @property
    def undecided_codes(self) -> dict[str, list[str]]:
        """Codes of the file whose meaning is not decided, by field."""
        found = {
            name: [code for code, word in rule.codes.items() if word == UNDECIDED]
            for name, rule in self.decided.items()
        }
        return {name: codes for name, codes in found.items() if codes}


class Mapping(_Part):
    """A mapping file: the contract tables it makes, in order."""

    tables: tuple[TableRule, ...]

    @model_validator(mode="after")
    def _each_table_once(self) -> Self:
        names = [rule.table for rule in self.tables]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the table {twice[0]} is mapped twice: keep one entry")
        return self


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping file.

    Raises
    ------
    DataError
        If it cannot be read or says what a mapping cannot say; every sentence
        names the key.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check files.mapping.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path} is not a TOML file in UTF-8: {error}.") from None
    try:
        return Mapping(**content)
    except ValidationError as error:
        raise DataError(*(f"{path.name}: {words}" for words in sentences(error, Mapping))) from None
