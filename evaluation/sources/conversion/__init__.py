"""Federal files become contract tables, with an account of every row."""

from evaluation.sources.conversion.account import ConversionReport
from evaluation.sources.conversion.convert import Conversion, convert
from evaluation.sources.conversion.layout import FORMATS
from evaluation.sources.conversion.words import conversion_text

__all__ = ["FORMATS", "Conversion", "ConversionReport", "conversion_text", "convert"]
