import pandas as pd
import pytest

from evaluation.sources import connect

CHILDREN = """\
child_id,family_id,birth_date,sex,disability
c1,f1,2010-01-31,female,yes
c2,f1,2012-02-29,male,no
c3,f2,2014-07-01,female,
"""
REMOVALS = """\
removal_id,child_id,removal_date,discharge_date,discharge_reason,county
r1,c1,2017-03-01,2018-02-01,reunification,Adams
r2,c2,2017-03-01,2018-02-01,reunification,Adams
r3,c3,2019-05-01,,,Brown
"""


@pytest.fixture
def folder(tmp_path):
    """Write text files of a small agency; give other content to replace or add files."""

    def write(**files: str | bytes):
        contents = {"children": CHILDREN, "removals": REMOVALS} | files
        place = tmp_path / "data"
        place.mkdir(exist_ok=True)
        for name, content in contents.items():
            raw = content.encode() if isinstance(content, str) else content
            (place / (name.replace("__", ".") + ("" if "__" in name else ".csv"))).write_bytes(raw)
        return place

    return write


@pytest.fixture
def frames():
    """The same small agency as typed data frames."""
    return {
        "children": pd.DataFrame(
            {
                "child_id": ["c1", "c2", "c3"],
                "family_id": ["f1", "f1", "f2"],
                "birth_date": pd.to_datetime(["2010-01-31", "2012-02-29", "2014-07-01"]),
                "sex": ["female", "male", "female"],
                "disability": pd.array([True, False, None], dtype="boolean"),
            }
        ),
        "removals": pd.DataFrame(
            {
                "removal_id": ["r1", "r2", "r3"],
                "child_id": ["c1", "c2", "c3"],
                "removal_date": pd.to_datetime(["2017-03-01", "2017-03-01", "2019-05-01"]),
                "discharge_date": pd.to_datetime(["2018-02-01", "2018-02-01", None]),
                "discharge_reason": ["reunification", "reunification", None],
                "county": ["Adams", "Adams", "Brown"],
            }
        ),
    }


@pytest.fixture
def check(folder):
    """Check the small agency with other content for some of its files."""

    def run(**files):
        with connect(folder(**files)) as agency:
            return agency.check()

    return run
