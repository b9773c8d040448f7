"""The charts of the reports: functions of tidy tables that return a :class:`Chart`."""

from evaluation.reporting.charts.balance import balance
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.flow import flow
from evaluation.reporting.charts.forest import forest
from evaluation.reporting.charts.hazard import hazard
from evaluation.reporting.charts.incidence import incidence
from evaluation.reporting.charts.run import run
from evaluation.reporting.charts.served import served

__all__ = ["Chart", "balance", "flow", "forest", "hazard", "incidence", "run", "served"]
