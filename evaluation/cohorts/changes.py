"""What this year's data say otherwise of a cohort saved last year."""

import json
from pathlib import Path

import pandas as pd

from evaluation.cohorts.wording import counted
from evaluation.errors import DataError, StudyError
from evaluation.study import CohortRules

KEY = "exit_id"
COLUMNS = ["exit_id", "child_id", "kind", "column", "then", "now"]
RULES_FILE = "rules.json"
_KINDS = {
    "late entry": ("late entry", "late entries"),
    "correction": ("correction", "corrections"),
    "withdrawn": ("withdrawal", "withdrawals"),
}


def rules_text(rules: CohortRules) -> str:
    """Return the rules of a cohort as the JSON that is saved beside it."""
    return json.dumps(rules.model_dump(mode="json"), indent=2) + "\n"


def saved_rules(path: Path) -> CohortRules | None:
    """Read the rules saved beside a cohort's exits; None if there are none.

    Raises
    ------
    DataError
        If the file cannot be read or holds other rules than this version's.
    """
    beside = path.parent / RULES_FILE
    if not beside.exists():
        return None
    try:
        return CohortRules(**json.loads(beside.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        why = " ".join(str(error).split())
        raise DataError(
            f"{beside}, the rules of the cohort saved there, cannot be read ({why}): take it away "
            "to compare under this study's rules."
        ) from None


def read_saved(path: Path) -> pd.DataFrame:
    """Read the exits of a saved cohort: ``exits.parquet`` or ``exits.csv``.

    Raises
    ------
    DataError
        If the file cannot be read or holds no exits.
    """
    try:
        if path.suffix == ".parquet":
            saved = pd.read_parquet(path)
        else:
            dates = ["index_date", "removal_date"]
            saved = pd.read_csv(path, dtype={"child_id": str, "exit_id": str, "family_id": str})
            for name in dates:
                if name in saved:
                    saved[name] = pd.to_datetime(saved[name])
    except (OSError, ValueError) as error:
        raise DataError(
            f"The saved cohort {path} cannot be read ({error}): give the exits.parquet or "
            "exits.csv that `permanency cohort` wrote."
        ) from None
    lacking = {KEY, "child_id", "index_date"} - set(saved)
    if lacking:
        raise DataError(
            f"{path} has no column {min(lacking)}: give the exits.parquet or exits.csv that "
            "`permanency cohort` wrote."
        )
    return saved


def changes(saved: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """List how exits differ from those of a saved cohort.

    Parameters
    ----------
    saved : pandas.DataFrame
        The exits of the cohort as saved then.
    now : pandas.DataFrame
        The exits of the cohort as the data of today give it for the same
        ``data_through``.

    Returns
    -------
    pandas.DataFrame
        One row per difference: ``exit_id``, ``child_id``, ``kind``, ``column``,
        ``then``, ``now`` (text; missing where there was or is nothing).
        ``late entry``: an exit, or a value that was missing, has come in since;
        ``withdrawn``: it was there and is no more; ``correction``: another
        value. Columns that only one of the two has are left out.
    """
    then, today = saved.set_index(KEY), now.set_index(KEY)
    rows = []
    for kind, own, other in (("late entry", today, then), ("withdrawn", then, today)):
        for exit_id in own.index.difference(other.index):
            child, date = own.at[exit_id, "child_id"], _text(own.at[exit_id, "index_date"])
            values = (None, date) if kind == "late entry" else (date, None)
            rows.append((exit_id, child, kind, "index_date", *values))
    both = then.index.intersection(today.index)
    shared = [name for name in today.columns if name in then.columns]
    for name in shared:
        before = then.loc[both, name].map(_text)
        after = today.loc[both, name].map(_text)
        differs = (before != after) & ~(before.isna() & after.isna())
        for exit_id in both[differs.to_numpy()]:
            old, new = before.at[exit_id], after.at[exit_id]
            kind = "late entry" if old is None else "withdrawn" if new is None else "correction"
            rows.append((exit_id, today.at[exit_id, "child_id"], kind, name, old, new))
    table = pd.DataFrame(rows, columns=COLUMNS).astype(object)
    return table.sort_values(["exit_id", "column"], ignore_index=True)


def change_words(saved: pd.DataFrame, table: pd.DataFrame) -> str:
    """Count the differences of `changes` in words."""
    if table.empty:
        return f"no difference in {counted(len(saved), 'exit', 'exits')}"
    kinds = table["kind"].value_counts()
    counts = [counted(int(kinds.get(kind, 0)), *nouns) for kind, nouns in _KINDS.items()]
    exits = counted(table[KEY].nunique(), "exit", "exits")
    return f"{', '.join(counts)}, in {exits}"


def refuse_other_ids(saved: pd.DataFrame, now: pd.DataFrame, path: Path) -> None:
    """Stop where two cohorts have no exit in common: their ids cannot be compared.

    Raises
    ------
    StudyError
    """
    if len(saved) and len(now) and not set(saved[KEY]) & set(now[KEY]):
        raise StudyError(
            f"No exit of {path} is among the exits of today's data: its ids are others (written "
            "with another privacy.pseudonymize or another key?), so nothing can be compared."
        )


def _text(value) -> str | None:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
