"""Write the documentation's definitions pages from the specs: each rule with its drawn tables.

``python tests/spec/pages.py FOLDER`` reads the specs as text and runs none of them.
"""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

SPECS = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """One test of a spec: its rule in words, and what it draws and expects.

    ``parts`` holds (kind, text) in the order of the source: ``table`` for a
    drawing, ``code`` for a statement that says what must be true.
    """

    name: str
    words: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Page:
    """One spec file; ``shared`` are drawings that its fixtures use and no test names."""

    name: str
    title: str
    examples: tuple[Example, ...]
    shared: tuple[str, ...] = ()


def pages(folder: Path = SPECS) -> list[Page]:
    """Read every spec of a folder."""
    return [_page(path) for path in sorted(folder.glob("test_*.py"))]


def _page(path: Path) -> Page:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    tests = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    title = (ast.get_docstring(tree) or path.stem).splitlines()[0]
    named = {node.id for test in tests for node in ast.walk(test) if isinstance(node, ast.Name)}
    shared = [
        text
        for name, value in constants.items()
        if name not in named
        for text in _texts(value, constants)
        if _is_drawing(text)
    ]
    examples = tuple(_example(test, constants) for test in tests)
    return Page(path.stem.removeprefix("test_"), title, examples, tuple(shared))


def _example(test: ast.FunctionDef, constants: dict[str, ast.expr]) -> Example:
    parts: list[tuple[str, str]] = []
    body = test.body[1:] if ast.get_docstring(test) else test.body
    for statement in body:
        drawn = [text for text in _texts(statement, constants) if _is_drawing(text)]
        parts += [("table", text) for text in drawn]
        if isinstance(statement, ast.Assert | ast.With) or (
            not drawn and isinstance(statement, ast.Expr | ast.For)
        ):
            parts.append(("code", ast.unparse(statement)))
    words = " ".join((ast.get_docstring(test) or "").split())
    return Example(test.name.removeprefix("test_"), words, tuple(parts))


def _texts(statement: ast.AST, constants: dict[str, ast.expr]) -> list[str]:
    """Return the texts of a statement in order, with the file's constants put in."""
    if isinstance(statement, ast.Constant):
        return [statement.value] if isinstance(statement.value, str) else []
    if isinstance(statement, ast.JoinedStr):
        return [_joined(statement, constants)]
    if isinstance(statement, ast.Name):
        known = constants.get(statement.id)
        return [] if known is None else _texts(known, constants)
    if isinstance(statement, ast.BinOp) and isinstance(statement.op, ast.Add):
        sides = _texts(statement.left, constants), _texts(statement.right, constants)
        return ["\n".join(text for side in sides for text in side)]
    if isinstance(statement, ast.Call) and getattr(statement.func, "attr", "") == "format":
        given = {word.arg: ast.literal_eval(word.value) for word in statement.keywords}
        return [text.format(**given) for text in _texts(statement.func.value, constants)]
    children = ast.iter_child_nodes(statement)
    return [text for child in children for text in _texts(child, constants)]


def _joined(text: ast.JoinedStr, constants: dict[str, ast.expr]) -> str:
    """Write an f-string with the file's constants put in and other names in braces."""
    parts = []
    for part in text.values:
        if isinstance(part, ast.Constant):
            parts.append(part.value)
        elif isinstance(part, ast.FormattedValue):
            known = _texts(part.value, constants) if isinstance(part.value, ast.Name) else []
            parts.append("".join(known) or f"{{{ast.unparse(part.value)}}}")
    return "".join(parts)


def _is_drawing(text: str) -> bool:
    return "|" in text and "\n" in text


def markdown(page: Page) -> str:
    """Write a page: a heading per example, its drawings as tables, what must be true as code."""
    lines = [f"# {page.title}", ""]
    for text in page.shared:
        lines += ["```", text.strip(), "```", ""]
    for example in page.examples:
        lines += [f"## {_sentence(example.name)}", "", _escaped(example.words), ""]
        for kind, text in example.parts:
            lines += _table(text) if kind == "table" else ["```python", text, "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _sentence(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _escaped(words: str) -> str:
    return words.replace("|", "\\|")


def _table(drawing: str) -> list[str]:
    """Turn a drawing's blocks into tables; a line without a bar names the block below it."""
    lines, fresh = [], True
    for line in (line.strip() for line in drawing.splitlines()):
        if not line:
            continue
        if "|" not in line:
            lines += ["", f"**{line}**", ""]
            fresh = True
            continue
        cells = [cell.strip() for cell in line.split("|")]
        lines.append(f"| {' | '.join(cells)} |")
        if fresh:
            lines.append("|" + "---|" * len(cells))
            fresh = False
    return [*lines, ""]


def write(folder: Path) -> list[Path]:
    """Write one page per spec, and ``index.md`` that lists them."""
    folder.mkdir(parents=True, exist_ok=True)
    found, written = pages(), []
    index = ["# Definitions", "", "Every rule by worked examples, generated from the specs.", ""]
    for page in found:
        path = folder / f"{page.name.replace('_', '-')}.md"
        path.write_text(markdown(page), encoding="utf-8")
        written.append(path)
        index.append(f"- [{page.title}]({path.name}): {len(page.examples)} examples")
    (folder / "index.md").write_text("\n".join(index) + "\n", encoding="utf-8")
    return [*written, folder / "index.md"]


if __name__ == "__main__":
    for place in write(Path(sys.argv[1])):
        print(place)
