"""The wheel and the source distribution hold what they need and nothing else; imports are light."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

import evaluation

ROOT = Path(evaluation.__file__).parent.parent
HEAVY = {"ibis", "duckdb", "matplotlib", "lifelines", "statsmodels", "pandas", "numpy", "scipy"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    [path] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")))
    with zipfile.ZipFile(path) as file:
        return set(file.namelist())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    [path] = SdistBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("sdist")))
    with tarfile.open(path) as file:
        return {name.split("/", 1)[1] for name in file.getnames()}


def kept(*folders):
    """Return the files under version control below some folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_the_wheel_is_the_package_its_data_and_nothing_else(wheel):
    data = {f"evaluation/_data/{name}" for name in kept("data_schemas", "reports/templates")}
    ours = {name for name in wheel if ".dist-info/" not in name}
    assert ours == kept("evaluation") | data


def test_the_wheel_says_that_it_is_typed_and_under_which_licence(wheel):
    assert "evaluation/py.typed" in wheel
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
    assert any(name.endswith("entry_points.txt") for name in wheel)


def test_the_source_distribution_can_build_test_and_document(sdist):
    wanted = kept("evaluation", "data_schemas", "docs", "reports", "tests", "notebooks")
    wanted |= kept("benchmarks", "*.md", "Makefile", "constraints.txt", "pyproject.toml")
    wanted |= kept("LICENSE", "CITATION.cff")
    assert wanted - sdist == set()
    assert sdist - wanted <= {"PKG-INFO", ".gitignore"}


@pytest.mark.parametrize("module", ["evaluation", "evaluation.cli"])
def test_importing_the_package_loads_nothing_heavy(module):
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert HEAVY & set(loaded.stdout.split()) == set()
