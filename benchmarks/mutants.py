"""Mutation testing of the rules that decide numbers: ``make mutants``.

Cosmic Ray's operators change one thing in one file (a comparison, an operator, a number, a
``not``); the tests that aim at that file then have to fail. Each mutant runs in a forked process
whose libraries are loaded already, which is what makes a few hundred of them bearable, and its
source lives in memory only: no file of the checkout is touched. The sample is drawn by a fixed
seed. Linux and macOS only (it forks).
"""

import argparse
import importlib.machinery
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb  # noqa: F401
import hypothesis  # noqa: F401
import ibis  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import pandas  # noqa: F401
import pydantic  # noqa: F401
import pytest
import scipy.stats  # noqa: F401
import statsmodels.api  # noqa: F401
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "evaluation"
SEED, SECONDS = 20, 400
LEFT_OUT = ("RemoveDecorator", "ExceptionReplacer", "NoOp", "ZeroIterationForLoop", "BitOr")

KERNEL = ["estimates/test_against_r.py", "estimates/test_cox.py", "estimates/test_curves.py"]
KERNEL += ["estimates/test_fine_gray.py", "estimates/test_infinite_terms.py"]
KERNEL += ["estimates/test_risk_sets.py", "estimates/test_bad_input.py"]
HIDDEN = ["reporting/test_cells.py", "reporting/test_profiles.py"]
AIMED_AT = {
    "kernel": {
        "estimates/risksets.py": KERNEL,
        "estimates/partial_likelihood.py": KERNEL,
        "estimates/maximize.py": KERNEL,
        "estimates/incidence_curve.py": [
            "estimates/test_incidence_curve.py",
            "estimates/test_curves.py",
            "estimates/test_against_r.py",
        ],
    },
    "cohorts": {
        "cohorts/episodes.py": ["spec/test_exits.py", "spec/test_outcomes.py"],
        "cohorts/clock.py": ["cohorts/test_clock.py", "spec/test_clock.py"],
        "cohorts/support.py": ["spec/test_support.py", "spec/test_orders_and_closures.py"],
        "cohorts/facts.py": ["cohorts/test_cohort.py", "spec/test_exits.py"],
        "cohorts/rows.py": ["spec/test_services.py", "spec/test_clock.py"],
    },
    "disclosure": {
        "reporting/disclosure/cells.py": ["reporting/test_cells.py"],
        "reporting/disclosure/rule.py": HIDDEN,
        "reporting/disclosure/rounding.py": HIDDEN,
    },
}


def mutants(source: str) -> Iterator[tuple[str, int, int]]:
    """Yield every mutant of a source: operator, occurrence, line."""
    tree = get_ast(source)
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments() or any(word in name for word in LEFT_OUT):
            continue
        places = [
            start for node in ast_nodes(tree) for start, _ in operator().mutation_positions(node)
        ]
        yield from ((name, occurrence, start[0]) for occurrence, start in enumerate(places))


def sample(source: str, size: int) -> list[tuple[str, int, int]]:
    """Draw mutants, each of another line where there are enough lines."""
    every = list(mutants(source))
    random.Random(SEED).shuffle(every)
    first, again, seen = [], [], set()
    for mutant in every:
        (again if mutant[2] in seen else first).append(mutant)
        seen.add(mutant[2])
    return (first + again)[:size]


def verdict(path: Path, source: str | None, tests: list[str]) -> str:
    """Run the tests on a mutant in a process of its own; ``source`` None runs the file as it is."""
    child = os.fork()
    if child == 0:
        os.setsid()
        signal.alarm(SECONDS)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        if source is not None:
            _import_instead(path, source)
        os.chdir(ROOT)
        asked = [f"tests/{name}" for name in tests]
        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *asked])))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed (endless)" if os.WTERMSIG(status) == signal.SIGALRM else "killed (crash)"
    return "survived" if os.WEXITSTATUS(status) == 0 else "killed"


def _import_instead(path: Path, source: str) -> None:
    """Have Python take a file's code from ``source`` when it is imported."""
    usual = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader, name):
        if Path(loader.path) == path:
            return compile(source, str(path), "exec")
        return usual(loader, name)

    importlib.machinery.SourceFileLoader.get_code = get_code


def run(name: str, tests: list[str], size: int, until: float) -> None:
    """Try a sample of one file's mutants and say what became of each."""
    path = PACKAGE / name
    source = path.read_text(encoding="utf-8")
    if verdict(path, None, tests) != "survived":
        sys.exit(f"{name}: its tests fail, or take over {SECONDS} seconds, with nothing changed.")
    counted: dict[str, int] = {}
    for operator, occurrence, line in sample(source, size):
        if time.monotonic() > until:
            print(f"{name}: out of time", flush=True)
            break
        changed = mutate_code(source, get_operator(operator)(), occurrence)
        found = verdict(path, changed, tests)
        counted[found] = counted.get(found, 0) + 1
        if found == "survived":
            before, after = source.splitlines(), changed.splitlines()
            print(f"  {name}:{line} {operator}", flush=True)
            for old, new in zip(before, after, strict=False):
                if old != new:
                    print(f"    - {old.strip()}\n    + {new.strip()}", flush=True)
    print(f"{name}: {sum(counted.values())} mutants, {counted}", flush=True)


if __name__ == "__main__":
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument(
        "parts", nargs="*", default=list(AIMED_AT), help="kernel, cohorts, disclosure"
    )
    given.add_argument("--each", type=int, default=25, help="mutants of each file (25)")
    given.add_argument("--minutes", type=float, default=60, help="stop after so many (60)")
    asked = given.parse_args()
    sys.path.insert(0, str(ROOT))
    end = time.monotonic() + 60 * asked.minutes
    for part, files in AIMED_AT.items():
        for file, tests in files.items():
            if part in asked.parts or file in asked.parts:
                run(file, tests, asked.each, end)
