"""Time the package beside its peers on the same data, as ratios; write RESULTS.md.

Each measurement runs in a process of its own, on one thread, on data written once.
Seconds are those of the processor (user and system), which other work on the
machine disturbs least. A peer that cannot run is named with its reason.

    make bench                                        # installs the peers, then everything
    python benchmarks/speed.py --sizes 20000 --check  # small: print, write nothing
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import speed_data  # noqa: E402
from speed_work import FINE_GRAY, OURS, START_STOP, WEIGHTED, WORK  # noqa: E402

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "RAYON", "NUMBA")}
GROWTH = [3_800, 38_000, 380_000, 3_800_000]
QUICK = 5.0


def measure(work: str, who: str, folder: str) -> dict:
    """Time one work in this process: the faster of two runs where one takes seconds."""
    data = speed_data.read(Path(folder))
    runner = WORK[work][1][who]
    runner(data.head(2000))
    best = None
    for _ in range(2):
        wall, begin = time.perf_counter(), time.process_time()
        value = runner(data)
        spent = time.process_time() - begin
        wall = time.perf_counter() - wall
        best = min(best or (spent, wall), (spent, wall))
        if spent > QUICK:
            break
    return {
        "seconds": best[0],
        "wall": best[1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": len(data),
        "value": np.asarray(value, float).tolist(),
    }


def run(work: str, who: str, folder: Path, limit: float, peers: str) -> dict:
    """Measure in a fresh process on one thread; a failure is an ``error`` in words."""
    job = WORK[work][1][who]
    if isinstance(job, str):
        script = shutil.which("Rscript")
        if script is None:
            return {"error": "Rscript was not found"}
        command = [script, str(HERE / "speed.R"), job, str(folder)]
    else:
        python = sys.executable if who == OURS else peers
        command = [python, __file__, "--measure", work, who, str(folder)]
    return measured(command, limit)


def measured(command: list[str], limit: float) -> dict:
    """Run one measurement and read the JSON it ends with."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": str(HERE.parent)},
        )
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {limit:g} s"}
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it ended without a word"]
        return {"error": said[-1].replace("|", "/")[:90]}
    return json.loads(done.stdout.splitlines()[-1])


def side_by_side(children: int, limit: float, peers: str, scratch: Path) -> list[str]:
    """Every work and every peer at one size, as the lines of a Markdown table."""
    lines = [
        "| work | who | seconds | times this package | peak memory, MB | agrees |",
        "|---|---|---:|---:|---:|---|",
    ]
    for work, (kind, runners) in WORK.items():
        folder = written(kind, children, scratch)
        base = None
        for who in runners:
            found = run(work, who, folder, limit, peers)
            if "error" in found or base is None and who != OURS:
                reason = found.get("error", "nothing to compare with")
                lines.append(f"| {work} | {who} | – | – | – | {reason} |")
                continue
            base = base or found
            same = np.allclose(found["value"], base["value"], rtol=1e-3, atol=1e-4)
            lines.append(
                f"| {work} | {who} | {found['seconds']:.3g} | "
                f"{found['seconds'] / base['seconds']:.1f} | {found['peak_mb']:,.0f} | "
                f"{'yes' if same else '**no**'} |"
            )
            print(lines[-1], flush=True)
    return lines


def growth(sizes: list[int], limit: float, scratch: Path) -> list[str]:
    """How this package's heaviest works grow with the data."""
    lines = [
        "| work | rows | seconds | seconds per million rows | peak memory, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for work in (START_STOP, FINE_GRAY, WEIGHTED):
        kind = WORK[work][0]
        for size in sizes:
            children = size if kind == "start_stop" else int(size * 2.655)
            found = run(work, OURS, written(kind, children, scratch), limit, sys.executable)
            if "error" in found:
                lines.append(f"| {work} | – | – | – | {found['error']} |")
                continue
            per = found["seconds"] / found["rows"] * 1e6
            lines.append(
                f"| {work} | {found['rows']:,} | {found['seconds']:.3g} | {per:.2f} | "
                f"{found['peak_mb']:,.0f} |"
            )
            print(lines[-1], flush=True)
    return lines


def written(kind: str, children: int, scratch: Path) -> Path:
    """Write the data in a process of its own, once."""
    folder = scratch / f"{kind}-{children}"
    if not folder.exists():
        command = [sys.executable, __file__, "--write", kind, str(children), str(folder)]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(HERE.parent)})
    return folder


def report(sizes: list[int], grown: list[int], limit: float, peers: str, scratch: Path) -> str:
    """The whole of RESULTS.md."""
    lines = [
        "# Speed",
        "",
        "Written by `make bench` (`benchmarks/speed.py`): simulated children, one thread, seconds "
        "of the processor, the faster of two runs. Ratios are what is meant: seconds depend on the "
        "machine, and single runs vary by up to 40%. Peak memory is the whole process, the data "
        "in it. `agrees` compares coefficients, standard errors or incidences to 0.1%. A peer "
        "that could not run says why.",
        "",
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"limit {limit:g} s a measurement.",
    ]
    for size in sizes:
        lines += ["", f"## {size:,} children", "", *side_by_side(size, limit, peers, scratch)]
    if grown:
        lines += ["", "## Growth", "", *growth(grown, limit, scratch)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write RESULTS.md, or print it with ``--check``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--growth", type=int, nargs="*", default=GROWTH, help="children")
    parser.add_argument("--limit", type=float, default=300, help="seconds a measurement may take")
    parser.add_argument("--peers", default=sys.executable, help="the peers' Python")
    parser.add_argument("--check", action="store_true", help="print, write nothing")
    parser.add_argument("--measure", nargs=3, metavar=("WORK", "WHO", "FOLDER"))
    parser.add_argument("--write", nargs=3, metavar=("KIND", "CHILDREN", "FOLDER"))
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(*given.measure)))
        return
    if given.write:
        kind, children, folder = given.write
        speed_data.write(kind, int(children), Path(folder))
        return
    with tempfile.TemporaryDirectory() as scratch:
        text = report(given.sizes, given.growth, given.limit, given.peers, Path(scratch))
    if given.check:
        print(text)
        return
    target = HERE / "RESULTS.md"
    partial = target.with_suffix(".tmp")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)


if __name__ == "__main__":
    main()
