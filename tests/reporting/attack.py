"""An attack on released files: work out hidden counts by linear programming.

The attacker is given folders of released files, last year's and this year's, and knows how
tables of this kind add up. It sees no data. Every number of every form is an equation or,
where it is rounded, an interval; a hidden count is recovered where its least and greatest
possible values agree.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import docx
import numpy as np
import openpyxl
import pypdf
from lxml import html as lxml_html
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

HIDDEN = "s"
WHOLE = 1e-6
Name = tuple
NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)(%?)")


class Files:
    """What a reader finds in one folder: estimates, tables of every form, all text."""

    def __init__(self, folder: Path):
        self.estimates = json.loads((folder / "estimates.json").read_text(encoding="utf-8"))
        self.tables: dict[str, list[list[list]]] = defaultdict(list)
        self.sheets: dict[str, list[dict[str, object]]] = {}
        if (folder / "tables.xlsx").exists():
            self._workbook(folder / "tables.xlsx")
        texts = []
        for path in sorted(folder.glob("*.html")):
            texts.append(self._page(path))
        for path in sorted(folder.glob("*.docx")):
            texts.append(self._word(path))
        for path in sorted(folder.glob("*.pdf")):
            texts += [page.extract_text() for page in pypdf.PdfReader(path).pages]
        for path in sorted(folder.glob("*.json")):
            texts.append(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.txt")):
            texts.append(path.read_text(encoding="utf-8"))
        self.text = re.sub(r"\s+", " ", " ".join(texts))

    def _workbook(self, path: Path) -> None:
        for sheet in openpyxl.load_workbook(path).worksheets[1:]:
            rows = [list(row) for row in sheet.iter_rows(min_row=4, values_only=True)]
            caption = _caption(sheet["A1"].value)
            self.tables[caption].append(rows)
            self.sheets[sheet.title] = [
                dict(zip(rows[0][::-1], row[::-1], strict=True)) | {"caption": caption}
                for row in rows[1:]
            ]

    def _page(self, path: Path) -> str:
        root = lxml_html.parse(str(path)).getroot()
        for table in root.iter("table"):
            caption = table.find("caption")
            rows = [[c.text_content().strip() for c in row] for row in table.iter("tr")]
            if caption is not None:
                self.tables[_caption(caption.text_content())].append(rows)
        return " ".join([root.text_content(), *root.xpath("//@alt"), *root.xpath("//@aria-label")])

    def _word(self, path: Path) -> str:
        document = docx.Document(path)
        captions = [p.text for p in document.paragraphs if p.style.name == "Table Caption"]
        for caption, table in zip(captions, document.tables, strict=False):
            rows = [[cell.text.strip() for cell in row.cells] for row in table.rows]
            self.tables[_caption(caption)].append(rows)
        alts = document.element.xpath("//@descr")
        cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
        return " ".join([*(p.text for p in document.paragraphs), *cells, *alts])


def _caption(text: str) -> str:
    return re.sub(r"^Table \d+\.\s*", "", re.sub(r"\s+", " ", str(text))).strip()


class Attack:
    """Equations over unknown counts, and the range they leave to each."""

    def __init__(self):
        self.known: dict[Name, float] = {}
        self.hidden: set[Name] = set()
        self.lines: list[tuple[dict[Name, float], float, float]] = []
        self.periods: dict[tuple[int, str], object] = {}

    def cell(self, name: Name, value) -> None:
        """Take in a cell of a table, shown or hidden."""
        if value == HIDDEN:
            self.hidden.add(name)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.known.setdefault(name, float(value))

    def equal(self, parts: dict[Name, float], low: float, high: float | None = None) -> None:
        """Take in that a weighted sum of counts lies between two numbers."""
        self.lines.append((parts, low, low if high is None else high))

    def adds_up(self, parts: list[Name], whole: Name) -> None:
        """Take in that counts add up to another."""
        self.equal({**dict.fromkeys(parts, 1.0), whole: -1.0}, 0)

    def at_most(self, small: Name, large: Name) -> None:
        """Take in that one count is no greater than another."""
        self.equal({small: 1.0, large: -1.0}, -np.inf, 0)

    def same_children(self, name: Name) -> bool:
        """Tell whether a count of both years is of one period: another's are other children."""
        periods = [self.periods.get((year, part)) for year in (0, 1) for part in name]
        return periods[: len(name)] == periods[len(name) :]

    def ranges(self, wanted: list[Name]) -> dict[Name, tuple[float, float]]:
        """Return the least and greatest value each count can have.

        What is known is taken off first; the rest falls apart into counts that hang together,
        and each such part is solved alone.
        """
        parts = _Parts()
        lines = [self._without_known(*line) for line in self.lines]
        for counts, *_ in lines:
            parts.join(list(counts))
        own: dict[Name, list] = defaultdict(list)
        for counts, low, high in lines:
            if counts:
                own[parts.root(next(iter(counts)))].append((counts, low, high))
        asked: dict[Name, list[Name]] = defaultdict(list)
        for name in wanted:
            asked[parts.root(name)].append(name)
        found = {name: (self.known[name],) * 2 for name in wanted if name in self.known}
        for root, names in asked.items():
            unknown = [name for name in names if name not in self.known]
            found |= _solved(unknown, own[root])
        return found

    def _without_known(self, counts: dict[Name, float], low: float, high: float) -> tuple:
        given = sum(c * self.known[name] for name, c in counts.items() if name in self.known)
        rest = {name: c for name, c in counts.items() if name not in self.known}
        return rest, low - given, high - given


class _Parts:
    """Counts that hang together through lines they share."""

    def __init__(self):
        self._above: dict[Name, Name] = {}

    def root(self, name: Name) -> Name:
        while (above := self._above.get(name, name)) != name:
            self._above[name] = self._above.get(above, above)
            name = above
        return name

    def join(self, names: list[Name]) -> None:
        for name in names[1:]:
            self._above[self.root(name)] = self.root(names[0])


def _solved(wanted: list[Name], lines: list) -> dict[Name, tuple[float, float]]:
    """Return the range of counts of one part; what cannot be says that a line is wrong."""
    names = list(dict.fromkeys([*wanted, *(n for counts, *_ in lines for n in counts)]))
    place = {name: i for i, name in enumerate(names)}
    even = [(counts, low) for counts, low, high in lines if low == high]
    upper = [(counts, high) for counts, low, high in lines if low != high and np.isfinite(high)]
    upper += [
        ({name: -c for name, c in counts.items()}, -low)
        for counts, low, high in lines
        if low != high and np.isfinite(low)
    ]
    given = {
        "A_eq": _matrix([counts for counts, _ in even], place),
        "b_eq": [value for _, value in even] or None,
        "A_ub": _matrix([counts for counts, _ in upper], place),
        "b_ub": [value for _, value in upper] or None,
        "bounds": [(-np.inf if name[0] == "since" else 0.0, None) for name in names],
    }
    return {name: _range(place[name], len(names), given) for name in wanted}


def _matrix(rows: list[dict], place: dict[Name, int]) -> csr_matrix | None:
    if not rows:
        return None
    where = [(r, place[name], c) for r, parts in enumerate(rows) for name, c in parts.items()]
    r, columns, values = zip(*where, strict=True)
    return csr_matrix((values, (r, columns)), shape=(len(rows), len(place)))


def _range(target: int, many: int, given: dict) -> tuple[float, float]:
    ends = []
    for sign in (1, -1):
        goal = np.zeros(many)
        goal[target] = sign
        solved = linprog(goal, **given)
        if solved.status == 2:
            raise ValueError("The attack holds lines that contradict each other.")
        ends.append(solved.x[target] if solved.status == 0 else sign * -np.inf)
    return ends[0], ends[1]


def attack(folders: list[Path], beside: Callable | None = None) -> Attack:
    """Set up the attack on one or two years' files, the earlier first; ``beside`` reads more."""
    found = Attack()
    for year, folder in enumerate(folders):
        files = Files(folder)
        _counts(found, files, year)
        _follow_up(found, files, year)
        _arms(found, files, year)
        _tables(found, files, year)
        if beside is not None:
            beside(found, files, year)
    if len(folders) == 2:
        _since(found)
    return found


def _counts(found: Attack, files: Files, year: int) -> None:
    """Counts by characteristic and exit type add up; a flow loses what it leaves out."""
    rows: dict[str, dict[str, dict[str, object]]] = defaultdict(lambda: defaultdict(dict))
    for cell in files.estimates["counts"]:
        rows[cell["table"]][cell["row"]][cell["column"]] = cell["count"]
        found.cell((year, cell["table"], cell["row"], cell["column"]), cell["count"])
    kinds = [row for row in rows["exit_type"] if row != "all"]
    everyone = (year, "exit_type", "all", "all")
    found.adds_up([(year, "exit_type", kind, "all") for kind in kinds], everyone)
    blocks: dict[str, list[str]] = defaultdict(list)
    for label in rows["who"]:
        blocks[label.split(": ")[0]].append(label)
    for labels in blocks.values():
        found.adds_up([(year, "who", label, "all") for label in labels], everyone)
        if set(kinds) <= set(rows["who"][labels[0]]):
            for kind in kinds:
                parts = [(year, "who", label, kind) for label in labels]
                found.adds_up(parts, (year, "exit_type", kind, "all"))
            for label in labels:
                parts = [(year, "who", label, kind) for kind in kinds]
                found.adds_up(parts, (year, "who", label, "all"))
    steps = list(rows["flow"])
    for before, after in zip(steps, steps[1:], strict=False):
        left = (year, "flow", after, "excluded")
        found.adds_up([left, (year, "flow", after, "exits")], (year, "flow", before, "exits"))
    if steps:
        found.adds_up([(year, "flow", steps[-1], "exits")], everyone)
    for service in rows["services"]:
        parts = [(year, "services", service, side) for side in ("served", "unserved")]
        found.adds_up(parts, everyone)


def _follow_up(found: Attack, files: Files, year: int) -> None:
    """Groups add up at every day; counts only grow; a share without censoring is a count."""
    records = [r for r in files.estimates["incidence"] if r["by"] != "arm"]
    points = [r for r in files.estimates["curves"] if r["by"] != "arm"]
    days: dict[tuple, set] = defaultdict(set)
    for r in records:
        key = (year, r["outcome"], r["by"], r["group"])
        found.cell((*key, "events", r["time"]), r["events"])
        found.cell((*key, "at_risk", r["time"]), r["at_risk"])
        days[r["outcome"], r["by"], r["group"]].add(r["time"])
    for r in points:
        days[r["outcome"], r["by"], r["group"]].add(int(r["time"]))
    for r in [*records, *points]:
        key = (year, r["outcome"], r["by"], r["group"])
        _share(found, key, int(r["time"]), r["incidence"])
    for of, own in days.items():
        _only_grows(found, (year, *of), sorted(own))
    for outcome, by in {key[:2] for key in days if key[1] != "all"}:
        groups = [key[2] for key in days if key[:2] == (outcome, by)]
        common = set.union(*(days[outcome, by, group] for group in groups))
        for day in common & days[outcome, "all", "all"]:
            for name in ("events", "at_risk"):
                whole = (year, outcome, "all", "all", name, day)
                if name == "at_risk" and whole not in found.known:
                    continue
                found.adds_up([(year, outcome, by, g, name, day) for g in groups], whole)


def _only_grows(found: Attack, key: Name, order: list[int]) -> None:
    year, _, by, group = key
    for first, then in zip(order, order[1:], strict=False):
        found.at_most((*key, "events", first), (*key, "events", then))
    for day in order:
        found.at_most((*key, "events", day), (*key, "at_risk", 0))
        if (*key, "at_risk", day) in found.known or (*key, "at_risk", day) in found.hidden:
            found.at_most((*key, "at_risk", day), (*key, "at_risk", 0))
    if by == "exit_type":
        found.adds_up([(*key, "at_risk", 0)], (year, "exit_type", group, "all"))
    if by == "all":
        found.adds_up([(*key, "at_risk", 0)], (year, "exit_type", "all", "all"))


def _share(found: Attack, key: Name, day: int, share) -> None:
    size = found.known.get((*key, "at_risk", 0))
    if size is None or not isinstance(share, int | float):
        return
    events = share * size
    if abs(events - round(events)) < WHOLE:
        found.known.setdefault((*key, "events", day), float(round(events)))


def _arms(found: Attack, files: Files, year: int) -> None:
    """Those served are those reached less those left out; both arms and they are everyone."""
    weighted = any(r["weighted"] for r in files.estimates["incidence"] if r["by"] == "arm")
    for r in files.estimates["incidence"]:
        if r["by"] != "arm":
            continue
        key = (year, r["outcome"], "arm", r["service"], r["group"])
        found.cell((*key, "events", r["time"]), r["events"])
        found.cell((*key, "at_risk", r["time"]), r["at_risk"])
    for r in [*files.estimates["incidence"], *files.estimates["curves"]]:
        if r["by"] == "arm" and not weighted:
            key = (year, r["outcome"], "arm", r["service"], r["group"])
            _share(found, key, int(r["time"]), r["incidence"])
    pairs = {
        (r["outcome"], r["service"], int(r["time"]))
        for r in files.estimates["incidence"]
        if r["by"] == "arm"
    }
    for outcome, service, day in pairs:
        for name in ("events", "at_risk"):
            parts = [
                (year, outcome, "arm", service, arm, name, day) for arm in ("yes", "no", "left")
            ]
            found.adds_up(parts, (year, outcome, "all", "all", name, day))
    for r in files.estimates["effects"]:
        key = (year, "effects", r["service"], r["outcome"])
        for name, arm in (("n_treated", "yes"), ("n_comparison", "no")):
            found.cell((*key, name), r[name])
            own = (year, r["outcome"], "arm", r["service"], arm, "at_risk", 0)
            found.adds_up([own], (*key, name))
        served = (year, "services", _served_name(files, r["service"]), "served")
        found.adds_up([(*key, "n_treated"), (*key, "left_treated")], served)


def _served_name(files: Files, service: str) -> str:
    names = [c["row"] for c in files.estimates["counts"] if c["table"] == "services"]
    return next((n for n in names if n.lower().startswith(service.lower())), service)


def _tables(found: Attack, files: Files, year: int) -> None:
    """Cells of the same table in another form, and shares of the whole to their rounding."""
    everyone = (year, "exit_type", "all", "all")
    labels = {c["row"] for c in files.estimates["counts"] if c["table"] == "who"}
    for caption, forms in files.tables.items():
        for rows in forms if "by characteristic" in caption else ():
            for row in rows[1:]:
                if str(row[0]) not in labels:
                    continue
                name = (year, "who", str(row[0]), "all")
                count, _ = _number(row[1])
                share, spread = _number(row[2])
                if count is not None:
                    found.known.setdefault(name, count)
                if share is not None and everyone in found.known:
                    whole = found.known[everyone]
                    low, high = ((share + side * spread) * whole for side in (-1, 1))
                    found.equal({name: 1.0}, low, high)
    for small, large in re.findall(r"\b(\d[\d,]*) of (\d[\d,]*) children lack", files.text):
        found.known[year, "left"] = float(small.replace(",", ""))
        found.known[year, "left of"] = float(large.replace(",", ""))


def _number(cell) -> tuple[float | None, float]:
    """Read a printed number and how far rounding may have moved it."""
    if isinstance(cell, int | float):
        return float(cell), 1e-9
    match = NUMBER.fullmatch(str(cell))
    if not match:
        return None, 0.0
    value = float(match[1].replace(",", ""))
    return (value / 100, 0.0005) if match[2] else (value, 0.0)


def _since(found: Attack) -> None:
    """What a count is now less what it was is the number of children added."""
    later = {name[1:] for name in _names(found) if name[0] == 1}
    for name in [name[1:] for name in _names(found) if name[0] == 0]:
        if name in later and found.same_children(name):
            found.equal({(1, *name): 1.0, (0, *name): -1.0, ("since", *name): -1.0}, 0)


def _names(found: Attack) -> Iterator[Name]:
    yield from {name for parts, *_ in found.lines for name in parts} | set(found.known)


def recovered(found: Attack, truth: dict[Name, int], below: int) -> list[tuple[Name, int]]:
    """Return the small counts the attack determines, of those that are true.

    Parameters
    ----------
    found : Attack
        From `attack`.
    truth : dict
        The exact counts by name; the attacker is told them only to be marked.
    below : int
        Counts from 1 to one less are small, and so are changes of as few.
    """
    small = small_counts(found, truth, below)
    spans = found.ranges(list(small))
    return [(n, small[n]) for n, (low, high) in spans.items() if high - low < 0.5]


def small_counts(found: Attack, truth: dict[Name, int], below: int) -> dict[Name, int]:
    """Return the small counts, and changes of few, that some line of the attack is about."""
    names = set(_names(found)) | found.hidden
    truth = truth | {
        ("since", *name[1:]): truth[name] - truth[0, *name[1:]]
        for name in truth
        if name[0] == 1 and (0, *name[1:]) in truth and found.same_children(name[1:])
    }
    return {name: n for name, n in truth.items() if 0 < abs(n) < below and name in names}
