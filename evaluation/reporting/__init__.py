"""Say it: reports, tables, charts and estimates for readers, disclosed."""

from evaluation.reporting.write import Outputs, write_reports

__all__ = ["Outputs", "write_reports"]
