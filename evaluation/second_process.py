"""Work in a second process while the first goes on."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Self


class _EndedError(Exception):
    """The other process ended without an answer."""


class SecondProcess:
    """Runs functions beside the work of this process; the answers are the same either way.

    On a machine with one core they run when their answer is asked for. A process that ends
    without an answer (killed for its memory, say) is replaced by this one. Leaving the
    context ends what still runs.

    Parameters
    ----------
    cores : int, optional
        By default those this process may use.
    """

    def __init__(self, cores: int | None = None):
        self._several = (_cores() if cores is None else cores) > 1
        self._context = multiprocessing.get_context("spawn")
        self._threads = ThreadPoolExecutor()
        self._processes: list[BaseProcess] = []

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
        if not self._several:
            return lambda: function(*given)
        answer: Future = self._threads.submit(self._ask, function, given)

        def wait() -> Any:
            try:
                return answer.result()
            except _EndedError:
                return function(*given)

        return wait

    def _ask(self, function: Callable[..., Any], given: tuple) -> Any:
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_answer, args=(theirs, function, given), daemon=True)
        self._processes.append(process)
        process.start()
        theirs.close()
        try:
            result, error = ours.recv()
        except EOFError:
            raise _EndedError from None
        finally:
            process.join()
        if error is not None:
            raise error
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            if process.is_alive():
                process.kill()


def _answer(pipe: Connection, function: Callable[..., Any], given: tuple) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        told = (function(*given), None)
    except Exception as error:
        told = (None, error)
    pipe.send(told)


def _cores() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
