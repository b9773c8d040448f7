"""Federal files become contract tables, with an account of every row."""

from evaluation.sources.conversion.account import ConversionReport
from evaluation.sources.conversion.convert import Conversion, convert
from evaluation.sources.conversion.layout import FORMATS

__all__ = ["FORMATS", "Conversion", "ConversionReport", "convert"]
