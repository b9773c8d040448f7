"""Invented ids for row-level output that leaves the agency's own system."""

import hashlib
import hmac
import os
from pathlib import Path

import pandas as pd

from evaluation.errors import StudyError
from evaluation.study import Study

PREFIXES = {"child_id": "c", "exit_id": "x", "family_id": "f", "household_id": "h"}
VARIABLE = "PERMANENCY_PSEUDONYM_KEY"
_SHORTEST = 16
_DIGITS = 24


def pseudonym_key(study: Study) -> bytes:
    """Read the secret key of a study's pseudonyms, which is never written anywhere.

    It is the content of ``privacy.key_file`` (beside the study), else of the environment
    variable `VARIABLE`.

    Raises
    ------
    StudyError
        If there is none, it cannot be read or is shorter than 16 characters.
    """
    name = study.privacy.key_file
    if name is not None:
        try:
            key = (study.folder / name).read_bytes().strip()
        except OSError as error:
            raise StudyError(
                f"The key file {name} cannot be read ({error.strerror}); check privacy.key_file."
            ) from None
        where = f"the file {Path(name).name}"
    else:
        key = os.environ.get(VARIABLE, "").encode().strip()
        where = f"the environment variable {VARIABLE}"
        if not key:
            raise StudyError(
                "privacy.pseudonymize is true and there is no key: name a file with a secret text "
                f"in privacy.key_file, or put the text into the environment variable {VARIABLE}."
            )
    if len(key) < _SHORTEST:
        raise StudyError(
            f"The key in {where} has fewer than {_SHORTEST} characters, so ids could be guessed "
            "back; use a longer secret text."
        )
    return key


def pseudonymize(tables: dict[str, pd.DataFrame], key: bytes) -> dict[str, pd.DataFrame]:
    """Replace ids by keyed hashes (HMAC-SHA256), the same in every table and every year.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Row-level tables of one cohort.
    key : bytes
        The secret. Who has it can make the same pseudonyms from the same ids; without it
        they cannot be turned back, nor checked against a list of ids.

    Returns
    -------
    dict of str to pandas.DataFrame
    """
    return {
        name: frame.assign(
            **{
                column: frame[column].map(_hashes(frame[column], column, key))
                for column in PREFIXES
                if column in frame
            }
        )
        for name, frame in tables.items()
    }


def _hashes(values: pd.Series, column: str, key: bytes) -> dict[object, str]:
    found = {}
    for value in values.dropna().unique():
        said = hmac.new(key, f"{column}\0{value}".encode(), hashlib.sha256).hexdigest()
        found[value] = PREFIXES[column] + said[:_DIGITS]
    return found
