"""Colours can be read, and groups told apart in grey."""

import matplotlib
import pytest
from matplotlib.colors import to_rgb

from evaluation.reporting import charts
from evaluation.reporting.charts import style


def luminance(colour):
    def linear(c):
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast_on_white(colour):
    return 1.05 / (luminance(colour) + 0.05)


ALL = [style.COMPARISON_SERIES, *style.SERVICE_SERIES]


@pytest.mark.parametrize(
    "colour", [*(s.colour for s in ALL), style.TEXT, style.SECONDARY, style.WARNING, style.FAILED]
)
def test_every_ink_is_at_least_5_5_to_1_on_white(colour):
    assert contrast_on_white(colour) >= 5.5


def test_in_grey_dash_and_marker_tell_the_groups_apart():
    greys = [contrast_on_white(series.colour) for series in ALL]
    assert max(greys) / min(greys) < 3, "greys so unlike would make this test needless"
    assert len({series.dash for series in ALL}) == len(ALL)
    assert len({series.marker for series in ALL}) == len(ALL)


def test_five_groups_get_five_looks():
    for comparison in (None, "c"):
        looks = style.series_for(list("abcde"), comparison)
        assert len({look.dash for look in looks.values()}) == 5
    assert style.series_for(["a", "c"], "c")["c"] is style.COMPARISON_SERIES


def test_matplotlibs_own_settings_stay_as_they_were(make):
    with matplotlib.rc_context({"font.size": 31, "text.parse_math": True}):
        before = dict(matplotlib.rcParams)
        charts.balance(make["differences"](), **make["words"]).png()
        assert dict(matplotlib.rcParams) == before


def test_a_users_settings_do_not_change_a_chart(make):
    plain = charts.balance(make["differences"](), **make["words"]).png()
    with matplotlib.rc_context({"font.size": 31, "lines.linewidth": 9, "figure.facecolor": "red"}):
        assert charts.balance(make["differences"](), **make["words"]).png() == plain


def test_no_chart_is_known_to_pyplot(make):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    make["gallery"]["flow"](6.5)
    assert pyplot.get_fignums() == before
