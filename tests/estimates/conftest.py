import json
from pathlib import Path

import pandas as pd
import pytest

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="session")
def expected() -> dict:
    return json.loads((REFERENCE / "simulated" / "expected.json").read_text())


@pytest.fixture(scope="session")
def rossi_expected() -> dict:
    return json.loads((REFERENCE / "rossi" / "expected.json").read_text())


@pytest.fixture(scope="session")
def diagnostics() -> dict:
    return json.loads((REFERENCE / "simulated" / "diagnostics.json").read_text())


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / name)


@pytest.fixture(scope="session")
def _children() -> pd.DataFrame:
    return _table("simulated/children.csv")


@pytest.fixture
def children(_children) -> pd.DataFrame:
    return _children.copy()


@pytest.fixture
def split_rows() -> pd.DataFrame:
    return _table("simulated/rows.csv")


@pytest.fixture
def recurrent() -> pd.DataFrame:
    return _table("simulated/recurrent.csv")


@pytest.fixture
def reports(recurrent) -> pd.DataFrame:
    """Repeated reports, for tests that import the estimator named recurrent."""
    return recurrent


@pytest.fixture
def rossi() -> pd.DataFrame:
    return _table("rossi/rossi.csv")


@pytest.fixture
def rossi_weeks() -> pd.DataFrame:
    return _table("rossi/rossi_weeks.csv.gz")
