"""What is begun for later is done once, and a chart sent to another process is the same chart."""

import pickle

import pandas as pd
from matplotlib.figure import Figure

from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.writing import when_asked


def test_what_is_asked_for_twice_is_done_once():
    done = []
    wait = when_asked(done.append, "drawn")
    assert done == []
    wait()
    wait()
    assert done == ["drawn"]


def test_a_chart_that_travelled_has_the_same_bytes():
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1, 2], [3, 1, 2], label="children")
    chart = Chart("line", "A line", figure, pd.DataFrame({"x": [0]}), "A line of three points.")
    travelled = pickle.loads(pickle.dumps(chart))
    assert travelled.files() == chart.files()
    assert set(chart.files()) == {"line.png", "line.svg"}
