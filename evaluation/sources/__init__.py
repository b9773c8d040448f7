"""Administrative data as contract tables: read, checked, and counted row by row."""

from typing import TYPE_CHECKING

from evaluation.sources.agency import Agency, connect
from evaluation.sources.contract import contract

__all__ = ["Agency", "connect", "contract", "convert", "simulate_agency"]

if TYPE_CHECKING:
    from evaluation.sources.conversion import convert
    from evaluation.sources.simulation import simulate_agency
else:

    def __getattr__(name: str):
        """Import the simulator and the converters only when they are asked for."""
        if name == "simulate_agency":
            from evaluation.sources.simulation import simulate_agency

            return simulate_agency
        if name == "convert":
            from evaluation.sources.conversion import convert

            return convert
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
