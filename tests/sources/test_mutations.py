import re

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import DataError
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
SNIPPETS = [
    b"",
    b",",
    b";",
    b"\n",
    b"\r\n",
    b"\r",
    b'"',
    b'""',
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b" ",
    b"NA",
    b"2019-02-30",
    b"-1",
    b"c1",
    b"\xf0\x9f\x98\x80",
    b"'; DROP TABLE children; --",
]
CUTS = st.tuples(
    st.integers(0, 400), st.integers(0, 40), st.one_of(st.sampled_from(SNIPPETS), st.binary())
)


def mutated(text, cuts):
    content = text.encode()
    for start, length, piece in cuts:
        content = content[:start] + piece + content[start + length :]
    return content


@settings(max_examples=40, deadline=None)
@given(st.lists(CUTS, max_size=4), st.lists(CUTS, max_size=4))
def test_whatever_happens_to_a_file_it_is_refused_or_every_row_is_counted(
    tmp_path_factory, in_children, in_removals
):
    """DESIGN 4: rows read are rows accepted plus rows quarantined; no line is lost."""
    place = tmp_path_factory.mktemp("mutated")
    contents = {
        "children": mutated(CHILDREN, in_children),
        "removals": mutated(REMOVALS, in_removals),
    }
    for name, content in contents.items():
        (place / f"{name}.csv").write_bytes(content)
    with connect(place) as agency:
        try:
            result = agency.check()
        except DataError as error:
            assert all(sentence.strip() for sentence in error.sentences)
            return
        for row in result.counts.itertuples():
            listed = result.quarantine[result.quarantine["table"] == row.table]
            stored = agency.table(row.table).count().to_pyarrow().as_py()
            assert row.read == row.accepted + row.quarantined
            assert row.accepted == stored
            assert row.quarantined == listed["line"].nunique()
            if b'"' not in contents[row.table]:
                lines = re.split(b"\r\n|\r|\n", contents[row.table])
                physical = len(lines) - (lines[-1] == b"")
                assert physical == 1 + row.read + row.blank_lines
