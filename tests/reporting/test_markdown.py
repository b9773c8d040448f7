"""Values from data are text: whatever they hold, pandoc prints exactly that."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import OutputError, StudyError
from evaluation.reporting.document import convert, write_markdown
from evaluation.reporting.house import House
from evaluation.reporting.markdown import clean, escape, pipe_table
from evaluation.reporting.tables import Column, Table
from tests.reporting.conftest import make_study

HOSTILE = [
    "<script>alert(1)</script>",
    "a | b",
    "*a* **b** _c_ ~~d~~ ^e^ `f`",
    "$x$ \\(y\\) \\newpage",
    "#include <stdio.h>",
    '#let x = 1; #read("/etc/passwd")',
    "[x](http://evil.example) ![i](/etc/passwd) <http://evil.example>",
    "{{ 7*7 }} {% raw %} {.class #id}",
    "back\\slash \\n ends \\",
    "- list",
    "1. first",
    "(@) example, ^[note], @cite, [^1], http://plain.example",
    "::: div",
    "    code",
    "=1+1",
    ": caption",
    "---",
    "&lt;b&gt; &amp;",
    "“quotes” – and 'plain' \"ones\"... --",
    "Peña Ångström 漢字 עברית",
]


def printed(text, tmp_path, writer="plain"):
    options = ["--wrap=none"] if writer == "plain" else []
    return convert(text, writer, *options, folder=tmp_path, epoch=0).decode("utf-8")


@pytest.mark.parametrize("value", HOSTILE)
def test_a_paragraph_prints_the_value(value, tmp_path):
    native = json.loads(printed(f"x{escape(value)}x", tmp_path, "json"))
    (paragraph,) = native["blocks"]
    parts = {"Str", "Space", "SoftBreak"}
    assert {part["t"] for part in paragraph["c"]} <= parts
    text = "".join(part["c"] if part["t"] == "Str" else " " for part in paragraph["c"])
    assert text == f"x{clean(value)}x"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_alone_in_a_list_item_and_a_heading_stays_text(value, tmp_path):
    native = json.loads(printed(f"- {escape(value)}\n\n# {escape(value)}\n", tmp_path, "json"))
    assert [block["t"] for block in native["blocks"]] == ["BulletList", "Header"]
    ((item,),) = native["blocks"][0]["c"]
    assert item["t"] == "Plain"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_table_cell_holds_the_value(value, tmp_path):
    data = pd.DataFrame({"a": [value, "x"], "n": [1, "s"]})
    table = Table("t", "c", (Column("a", value), Column("n", "n", "count")), data)
    html = printed(str(pipe_table(table, escape(value))), tmp_path, "html")
    assert html.count("<td") == 4
    assert "<script" not in html
    assert "href" not in html


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_any_text_at_all_is_one_paragraph_of_text(tmp_path_factory, value):
    native = json.loads(printed(f"x{escape(value)}x", tmp_path_factory.getbasetemp(), "json"))
    (paragraph,) = native["blocks"]
    assert {part["t"] for part in paragraph["c"]} <= {"Str", "Space", "SoftBreak"}


def test_direction_overrides_and_control_characters_are_taken_out():
    assert clean("a\u202eb\x07c\x00 d\r\ne\tf") == "abc d e f"


def test_alt_text_survives_quotes(tmp_path):
    alt = 'Says "x" \\ *y* <b> {z}'
    html = printed(f'![c](p.png){{alt="{escape(alt)}"}}', tmp_path, "html")
    assert 'alt="Says &quot;x&quot; \\ *y* &lt;b&gt; {z}"' in html


def test_a_template_cannot_print_what_it_was_not_given():
    with pytest.raises(StudyError, match="annual.md.j2"):
        write_markdown("annual.md.j2", {}, House(make_study()))


def test_pandoc_that_fails_is_one_sentence(tmp_path):
    with pytest.raises(OutputError, match="pandoc could not make"):
        convert("x", "no-such-form", folder=tmp_path, epoch=0)
