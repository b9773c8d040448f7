"""Where a report comes from: data, protocol, versions, seed, date; never the clock."""

import datetime
import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import evaluation
from evaluation.errors import OutputError
from evaluation.study import Study

PACKAGES = ("duckdb", "ibis-framework", "lifelines", "matplotlib", "numpy", "pandas")
PACKAGES += ("pypandoc_binary", "scipy", "statsmodels", "typst")


@dataclass(frozen=True)
class Provenance:
    """What a result can be made again from.

    Attributes
    ----------
    source : str
        What the data are, without credentials and without the folders above.
    data_hash, protocol_hash : str
        SHA-256.
    seed : int
        Of everything random.
    date : datetime.date
        The date printed.
    versions : dict of str to str
        By package, Python among them.
    """

    source: str
    data_hash: str
    protocol_hash: str
    seed: int
    date: datetime.date
    versions: dict[str, str]

    @property
    def timestamp(self) -> int:
        """Noon (UTC) of the date printed, in seconds; every file carries it."""
        noon = datetime.datetime.combine(self.date, datetime.time(12), datetime.UTC)
        return int(noon.timestamp())

    @property
    def short(self) -> str:
        """The hashes as a chart's last line has room for."""
        return f"protocol {self.protocol_hash[:6]}, data {self.data_hash[:6]}"

    def rows(self) -> list[tuple[str, str]]:
        """Return what is printed, name and value."""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return [
            ("Data", self.source),
            ("Data (SHA-256)", self.data_hash),
            ("Protocol (SHA-256)", self.protocol_hash),
            ("Seed", str(self.seed)),
            ("Date", self.date.isoformat()),
            ("Made with", versions),
        ]


def provenance(study: Study, source: str, data_hash: str) -> Provenance:
    """Collect where a report comes from.

    Of a path only the last part is printed: the same data elsewhere give the same
    bytes. The date is ``report.date``, else ``SOURCE_DATE_EPOCH``, else the last day the
    removals cover.

    Raises
    ------
    OutputError
        If ``SOURCE_DATE_EPOCH`` is not a number of seconds.
    """
    through = study.cohort.data_through_for("removals")
    date = study.report.date or _date(through)
    return Provenance(_name(source), data_hash, study.protocol_hash, study.seed, date, versions())


def provenance_of_check(source: str, data_hash: str, last: datetime.date) -> Provenance:
    """Collect where a report on data alone comes from; there is no protocol and no seed.

    Parameters
    ----------
    source, data_hash : str
        As the agency gives them.
    last : datetime.date
        The last month the data reach: the date printed, unless ``SOURCE_DATE_EPOCH`` is set.

    Raises
    ------
    OutputError
        If ``SOURCE_DATE_EPOCH`` is not a number of seconds.
    """
    return Provenance(_name(source), data_hash, "no study", 0, _date(last), versions())


def _name(source: str) -> str:
    path = Path(source)
    return path.name if "://" not in source and len(path.parts) > 1 else source


def versions() -> dict[str, str]:
    """Return the versions that numbers and pages depend on: ours, Python's, and `PACKAGES`."""
    found = {"permanency-evaluation": evaluation.__version__, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _date(otherwise: datetime.date) -> datetime.date:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return otherwise
    try:
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date()
    except (ValueError, OverflowError, OSError):
        raise OutputError(
            f'The environment variable SOURCE_DATE_EPOCH is "{epoch}": give seconds since 1970, '
            "or unset it."
        ) from None
