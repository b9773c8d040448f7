"""Work in a second process while the first goes on."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Self


class _EndedError(Exception):
    """The other process ended without an answer."""


class SecondProcess:
    """Runs functions, one after the other, beside the work of this process.

    The answers are the same either way. What is asked for before its turn has come runs here, as
    everything does on a machine with one core. A process that ends without an answer (killed for
    its memory, say) is replaced by this one. Leaving the context ends what still runs.

    Parameters
    ----------
    cores : int, optional
        By default those this process may use.
    """

    def __init__(self, cores: int | None = None):
        self._several = (_cores() if cores is None else cores) > 1
        self._context = multiprocessing.get_context("spawn")
        self._thread = ThreadPoolExecutor(1)
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self, function: Callable[..., Any], *given: Any) -> Callable[[], Any]:
        """Begin a function of a module, and return how to wait for what it gives.

        Parameters
        ----------
        function : callable
            Importable by name; it and what it is given travel to the other process.
        *given
            Its arguments.

        Returns
        -------
        callable
            Gives the function's result, or raises what it raised.
        """
        here = cache(partial(function, *given))
        if not self._several:
            return here
        answer: Future = self._thread.submit(self._ask, function, given)

        def wait() -> Any:
            if answer.cancel():
                return here()
            try:
                return answer.result()
            except _EndedError:
                return here()

        return wait

    def _ask(self, function: Callable[..., Any], given: tuple) -> Any:
        if self._pipe is None:
            self._pipe, theirs = self._context.Pipe()
            process = self._context.Process(target=_answer, args=(theirs,), daemon=True)
            process.start()
            self._process = process
            theirs.close()
        try:
            self._pipe.send((function, given))
            result, error = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise _EndedError from None
        if error is not None:
            raise error
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._process is not None:
            self._process.kill()
            self._process.join()


def look_for_cycles_seldom() -> None:
    """Spare a process that makes millions of small objects a twentieth of its time."""
    gc.set_threshold(100_000, 50, 100)


def _answer(pipe: Connection) -> None:
    """Run what comes through a pipe, until its other end is closed."""
    look_for_cycles_seldom()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        try:
            function, given = pipe.recv()
        except EOFError:
            return
        try:
            told = (function(*given), None)
        except Exception as error:
            told = (None, error)
        pipe.send(told)


def _cores() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
