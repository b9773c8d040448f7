"""Draw the rooms and who imports whom: ``python docs/site/rooms.py`` writes the picture."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "evaluation"
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
ROOMS = {
    "sources": "administrative data become contract tables",
    "cohorts": "who is followed, from when to when",
    "estimates": "times, events, weights become estimates",
    "effects": "cohort and estimates become contrasts",
    "practice": "was it delivered as designed; context",
    "evidence": "what the contrasts can support",
    "reporting": "say it, without giving a child away",
}
SHARED = {"study", "study_errors", "resources", "errors"}
_TOP, _STEP, _LEFT, _WIDTH, _HEIGHT = 24, 64, 24, 380, 44


def imports_of(path: Path) -> set[str]:
    """Return every module a file imports, anywhere in it; a relative import is said as such."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add("a relative import")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def used_by(path: Path, package: Path = PACKAGE) -> set[str]:
    """Return the rooms, shared files and entry points of ours that a file imports."""
    ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("evaluation.")}
    return {
        name for name in ours if (package / name).is_dir() or (package / f"{name}.py").is_file()
    }


def rooms_used(room: str, package: Path = PACKAGE) -> list[str]:
    """Return the other rooms that a room imports, in their order."""
    used = {name for path in (package / room).rglob("*.py") for name in used_by(path, package)}
    return [name for name in ROOMS if name in used and name != room]


def drawing() -> str:
    """Return the picture: rooms from top to bottom, a line from each to every room that uses it."""
    order = list(ROOMS)
    right = _LEFT + _WIDTH
    height = _TOP * 2 + _STEP * (len(order) - 1) + _HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + 190} {height}" '
        f'width="{right + 190}" height="{height}" role="img" font-family="Fira Sans, sans-serif">',
        "<title>The seven rooms and what each imports</title>",
        f"<desc>{_in_words()}</desc>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#00737A"/></marker>'
        "</defs>",
    ]
    for position, (room, words) in enumerate(ROOMS.items()):
        top = _TOP + position * _STEP
        parts.append(
            f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" '
            'fill="#F2F7F7" stroke="#00737A"/>'
            f'<text x="{_LEFT + 14}" y="{top + 27}" font-size="16" font-weight="600">{room}</text>'
            f'<text x="{_LEFT + 104}" y="{top + 27}" font-size="13" fill="#333333">{words}</text>'
        )
        for used in rooms_used(room):
            parts.append(_line(order.index(used), position, right))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(above: int, below: int, right: int) -> str:
    span = below - above
    start = _TOP + above * _STEP + _HEIGHT / 2 + 3 * span - 6
    end = _TOP + below * _STEP + _HEIGHT / 2 - 3 * span + 6
    reach = right + 24 * span + 24
    return (
        f'<path d="M{right} {start:g} C{reach} {start:g} {reach} {end:g} {right + 2} {end:g}" '
        'fill="none" stroke="#00737A" stroke-width="1.4" marker-end="url(#tip)"/>'
    )


def _in_words() -> str:
    used = {room: rooms_used(room) for room in ROOMS}
    return " ".join(
        f"{room} imports {', '.join(names) if names else 'no other room'}."
        for room, names in used.items()
    )


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawing(), encoding="utf-8")
    print(PICTURE)
