"""What an earlier command read and built, kept so that the second report of the day is quick.

Checked tables are kept under the hash of the files they are read from; a cohort under that hash
and the hash of the rules that decide it. The package's own code and the versions beneath it are
part of both. What is kept is row-level.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path

from evaluation.cohorts import Cohort
from evaluation.cohorts.stored import fetch_cohort, store_cohort
from evaluation.errors import DataError, OutputError
from evaluation.progress import LOG
from evaluation.reporting.folder import is_unchanged, whole_folder, write_text
from evaluation.reporting.provenance import versions
from evaluation.resources import resource
from evaluation.sources import Agency
from evaluation.study import Study

_KEPT = 3
_BENEATH = ("pyarrow", "python-calamine", "sqlglot")
# The parts of a study that decide who is followed, from when to when, and how they were served.
_DECIDES = {"cohort", "outcomes", "services", "assurance"}
_BESIDE = {
    ".gitignore": "*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
    "README.txt": "Row-level records of children, kept by `permanency report` and `permanency "
    "cohort` so that\nthe next run is quick. For internal use only. Delete this folder whenever "
    "you like.\n",
}


class Cache:
    """Checked tables and cohorts kept in a private folder.

    Parameters
    ----------
    folder : pathlib.Path
        Made when there is something to keep.
    agency : Agency
        Of which nothing has been read yet.
    study : Study
        The protocol.
    """

    def __init__(self, folder: Path, agency: Agency, study: Study):
        self._folder, self._agency, self._study = folder, agency, study
        self._files: list[Path] = []
        if agency.files is None:
            LOG.info("No cache: %s does not lie in files.", agency.source)
        else:
            mapping = study.files.mapping
            self._files = [*agency.files, *([study.folder / mapping] if mapping else [])]
        self._states = _states(self._files)

    @cached_property
    def _data(self) -> str | None:
        """The key of the checked tables; None where their source cannot be hashed."""
        if not self._states or not all(path.is_file() for path in self._files):
            return None
        files = [[str(path), _digest(path)] for path in self._files]
        return _key(_program(), self._agency.source, files)

    @cached_property
    def _rules(self) -> str | None:
        """The key of the cohort."""
        decided = self._study.model_dump(mode="json", include=_DECIDES)
        return None if self._data is None else _key(self._data, decided)

    def take_tables(self) -> None:
        """Give the agency the checked tables kept of the same files, if there are any."""
        entry = self._entry("tables", self._data)
        if entry is not None:
            try:
                self._agency.fetch_checked(entry)
            except DataError as error:
                _discard(entry, str(error))
            else:
                LOG.info("Checked tables come from the cache, %s.", entry)

    def cohort(self, build: Callable[[], Cohort]) -> Cohort:
        """Return the cohort kept of the same files and rules; else build it and keep it."""
        entry = self._entry("cohort", self._rules)
        if entry is not None:
            try:
                kept = fetch_cohort(self._agency, self._study, entry)
            except DataError as error:
                _discard(entry, str(error))
            else:
                LOG.info("Exits of the cohort come from the cache, %s.", entry)
                return kept
        built = build()
        self._keep("cohort", self._rules, lambda folder: store_cohort(built, folder))
        return built

    def keep_tables(self) -> None:
        """Keep the agency's checked tables, unless they are kept already."""
        self._keep("tables", self._data, self._agency.store_checked)

    @property
    def kept_in(self) -> Path | None:
        """The folder, if the tables lie in it."""
        held = self._data is not None and self._path("tables", self._data).exists()
        return self._folder if held else None

    def _path(self, kind: str, key: str) -> Path:
        return self._folder / f"{kind}-{key[:24]}"

    def _entry(self, kind: str, key: str | None) -> Path | None:
        if key is None or not self._path(kind, key).is_dir():
            return None
        entry = self._path(kind, key)
        if is_unchanged(entry):
            return entry
        _discard(entry, "its files are not those that were written")
        return None

    def _keep(self, kind: str, key: str | None, store: Callable[[Path], None]) -> None:
        if key is None or self._path(kind, key).exists():
            return
        try:
            with whole_folder(self._path(kind, key)) as folder:
                store(folder)
                if _states(self._files) != self._states:
                    raise OutputError("the data were changed while they were read")
            for name, text in _BESIDE.items():
                write_text(self._folder / name, text)
        except OutputError as error:
            LOG.warning("Nothing is kept in the cache: %s", error)
            return
        LOG.info("Kept in the cache: %s.", self._path(kind, key))
        earlier = sorted(self._folder.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime_ns)
        for old in earlier[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _discard(entry: Path, why: str) -> None:
    LOG.warning("The cache %s is deleted and made anew: %s.", entry, why.rstrip("."))
    shutil.rmtree(entry, ignore_errors=True)


def _states(files: list[Path]) -> list[tuple[int, int]]:
    """Return size and time of change of files; nothing if one of them is not there."""
    try:
        return [(found.st_size, found.st_mtime_ns) for found in map(Path.stat, files)]
    except OSError:
        return []


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _program() -> dict[str, str]:
    """What reads and builds: versions, and the hashes of our own code, contract and code lists."""
    code = sorted(Path(__file__).parent.rglob("*.py"))
    code += sorted(path for path in resource("data_schemas").rglob("*") if path.is_file())
    ours = {"code": _key([_digest(path) for path in code])}
    return versions() | {name: version(name) for name in _BENEATH} | ours
