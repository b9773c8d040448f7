"""Bootstrap of whole families, every weight model fitted again in each replicate.

Large trials are shared among worker processes, each on one thread of linear algebra:
several threads that call the same library wait for one another. What travels are plain
arrays without ids, through pipes; nothing touches the disk.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import evaluation
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.effects.trial.children import TrialChildren
from evaluation.effects.trial.emulation import Emulation, Protocol
from evaluation.effects.trial.imputation import INSIDE, ImputedTrial, Incomplete
from evaluation.effects.trial.spans import Spans
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError

LARGE = 2_000_000
"""Children times replicates from which workers are worth their start."""

IMPUTING = 20
"""How many times the work of a replicate is where covariates are imputed inside it."""

MOST_WORKERS = 8
SPAN = ("child", "enter", "leave", "x")
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


def bootstrap(
    trial: Emulation | ImputedTrial,
    name: str,
    grid: list[int],
    replicates: int,
    seed: int,
    workers: int | None = None,
) -> tuple[np.ndarray, int]:
    """Estimate again with families drawn anew, replicate by replicate.

    Each replicate draws from a stream of its own, so the result does not depend on how
    many run at once.

    Parameters
    ----------
    trial : Emulation or ImputedTrial
        The trial; where covariates are imputed, they are so inside each replicate.
    name : str
        The service's name, for errors.
    grid : list of int
        Days of the risks.
    replicates : int
        Replicates wanted.
    seed : int
        Seed of all streams.
    workers : int, optional
        Processes that share a large trial; by default one for each core, at most eight.

    Returns
    -------
    tuple
        Estimates, shape (replicates, imputed sets, grace periods, 2, days), and how many
        replicates gave none.

    Raises
    ------
    StudyError
        If too many replicates give no estimate.
    """
    work = len(trial.children.stop) * replicates
    work *= IMPUTING if isinstance(trial, ImputedTrial) else 1
    if work < LARGE or not sys.executable:
        found = replicate(trial, grid, range(replicates), seed)
    else:
        shares = min(workers or min(os.cpu_count() or 1, MOST_WORKERS), replicates)
        found = _shared(trial, name, grid, replicates, seed, shares)
    kept = found[~np.isnan(found).all(axis=(1, 2, 3, 4))]
    failed = replicates - len(kept)
    if failed > THRESHOLDS.failed_replicates * replicates or len(kept) < 2:
        raise StudyError(
            f"{failed} of {replicates} bootstrap replicates gave no estimate: too few children "
            "decided each way for the weight models. Name fewer or coarser covariates, or pool "
            "years."
        )
    return kept, failed


def replicate(
    trial: Emulation | ImputedTrial, grid: list[int], numbers: range, seed: int
) -> np.ndarray:
    """Run some replicates; one that gives no estimate is missing throughout."""
    family = trial.children.family
    families = int(family.max()) + 1
    out = []
    for number in numbers:
        random = np.random.default_rng([seed, number])
        drawn = np.bincount(random.integers(0, families, families), minlength=families)
        try:
            out.append(trial.drawn(grid, drawn[family], [seed, number, 1]))
        except (StudyError, EstimateError):
            out.append(None)
    sets = INSIDE if isinstance(trial, ImputedTrial) else 1
    protocol = trial.protocol
    shape = (sets, len(protocol.grace), 2, len(grid) + len(protocol.horizons))
    return np.stack([np.full(shape, np.nan) if each is None else each for each in out])


def _shared(trial, name, grid, replicates, seed, workers) -> np.ndarray:
    children, protocol = trial.children, trial.protocol
    arrays = {
        "x": children.x,
        "family": children.family,
        "stop": children.stop,
        "event": children.event,
        "moved": children.moved,
        "started": children.started,
        "grid": np.array(grid),
        "grace": np.array(protocol.grace),
        "horizons": np.array(protocol.horizons),
        "scalars": np.array([protocol.last_days, protocol.truncate, seed]),
        "words": np.array([protocol.comparison, name]),
    }
    spans = children.spans
    arrays |= {f"span_{name}": getattr(spans, name) for name in SPAN}
    if isinstance(trial, ImputedTrial):
        arrays["values"], arrays["levels"] = trial.incomplete.values, trial.incomplete.levels
        arrays["imputed"] = np.array([trial.seed])
    edges = np.linspace(0, replicates, workers + 1).astype(int)
    path = os.pathsep.join(
        [str(Path(evaluation.__file__).parent.parent), *filter(None, [os.getenv("PYTHONPATH")])]
    )
    running = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        sent = io.BytesIO()
        np.savez(sent, numbers=np.array([low, high]), **arrays)
        process = subprocess.Popen(
            [sys.executable, "-m", "evaluation.effects.trial.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": path},
        )
        process.stdin.write(sent.getvalue())
        process.stdin.close()
        running.append(process)
    parts = []
    for process in running:
        parts.append(process.stdout.read())
        process.stdout.close()
        if process.wait():
            for other in running:
                other.kill()
            raise StudyError(
                f"{name}: a worker of the bootstrap stopped (status {process.returncode}), most "
                "likely for want of memory; ask for fewer workers."
            )
    return np.concatenate([np.load(io.BytesIO(part), allow_pickle=False) for part in parts])


def serve(sent: bytes) -> bytes:
    """Run the replicates that a message of arrays asks for; return them as one array."""
    got = np.load(io.BytesIO(sent), allow_pickle=False)
    last_days, truncate, seed = got["scalars"]
    comparison, name = map(str, got["words"])
    frame = pd.DataFrame({key: got[key] for key in ("stop", "event", "moved", "started")})
    spans = Spans(*(got[f"span_{name}"] for name in SPAN))
    children = TrialChildren(frame, "", got["x"], got["family"], (), history=spans)
    protocol = Protocol(
        grace=tuple(map(int, got["grace"])),
        last_days=int(last_days),
        comparison=comparison,
        horizons=tuple(map(int, got["horizons"])),
        truncate=float(truncate),
    )
    numbers = range(*map(int, got["numbers"]))
    if "values" in got:
        incomplete = Incomplete(got["values"], got["levels"])
        trial = ImputedTrial(children, incomplete, protocol, name, int(got["imputed"][0]))
    else:
        trial = Emulation(children, protocol, name)
    found = replicate(trial, list(got["grid"]), numbers, int(seed))
    out = io.BytesIO()
    np.save(out, found)
    return out.getvalue()
