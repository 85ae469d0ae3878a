"""The same tasks in this process, on local processes or on a cluster: the same bits, in order."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import pickle
import queue
import signal
import tempfile
import threading
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ClusterError
from ..texts import say, terminal_language
from .checkpoints import Store
from .environment import PROCESSOR, environment

if TYPE_CHECKING:
    from distributed import Client, Future

Block = NDArray[Any]

# Seconds that a scheduler has to answer.
ANSWERS_WITHIN = 15.0
# Blocks given out for each thread: one being computed, one on its way.
_AHEAD = 2
_TICK = 1.0  # seconds between two looks at the clock while nothing finishes


@dataclass(frozen=True)
class Task:
    """One block of work.

    Attributes
    ----------
    key : str
        Its name, the same in every run: letters, digits, ``_ . -`` and ``/``.
    arguments : tuple
        What the function is called with; anything that can be pickled.
    """

    key: str
    arguments: tuple[Any, ...]


def run_tasks(
    function: Callable[..., Block],
    tasks: Sequence[Task],
    *,
    store: Store | None = None,
    workers: int = 0,
    cluster: str | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
    notify: Callable[[str], None] = lambda text: None,
) -> Iterator[tuple[str, Block]]:
    """Call a function for every task, wherever, and yield what it returns in the order of tasks.

    Parameters
    ----------
    function : callable
        Of a module's top level; it opens no file, and its result depends on nothing but its
        arguments.
    tasks : sequence of Task
    store : Store, optional
        Where finished blocks are kept, and those of an earlier run found.
    workers : int
        Local processes; 0 computes in this one.
    cluster : str, optional
        Address of a scheduler that is running, instead of local processes.
    report : callable
        Called with the number of blocks done and of all, as they finish and every second.
    notify : callable
        Called with what the user should know besides.

    Yields
    ------
    (str, ndarray)
        Key and result.

    Raises
    ------
    ClusterError
        If no scheduler answers, its workers have other versions, or one block has killed
        several workers.
    OutputError
        If a block cannot be kept.
    """
    if len({task.key for task in tasks}) != len(tasks):
        raise ValueError("tasks: a key stands twice")
    if workers and cluster is not None:
        raise ValueError("workers and cluster: only one of the two")
    todo = deque(task for task in tasks if store is None or task.key not in store)
    unfinished = {task.key for task in todo}
    early: dict[str, Block] = {}  # finished before their turn, where no store keeps them
    report(len(tasks) - len(unfinished), len(tasks))
    try:
        with _executor(workers if todo else 0, cluster if todo else None, notify) as crew:
            for task in tasks:
                while task.key in unfinished:
                    while todo and crew.has_room():
                        given = todo.popleft()
                        work = (terminal_language.get(), function, given.arguments)
                        crew.give(given.key, pickle.dumps(work, protocol=5))
                    found = crew.collect()
                    if found is not None:
                        key, block = found
                        if store is None:
                            early[key] = block
                        else:
                            store.put(key, block)
                        unfinished.discard(key)
                    report(len(tasks) - len(unfinished), len(tasks))
                yield task.key, early.pop(task.key) if store is None else store.get(task.key)
    except ClusterError as error:
        raise ClusterError(f"{error}{'' if store is None else store.goes_on()}") from None


class _Executor(Protocol):
    """Whoever computes blocks."""

    def has_room(self) -> bool:
        """Whether another block may be given out now."""

    def give(self, key: str, work: bytes) -> None:
        """Give out a block."""

    def collect(self) -> tuple[str, Block] | None:
        """Return a block that has finished; None where none has for a while."""


@contextmanager
def _executor(
    workers: int, cluster: str | None, notify: Callable[[str], None]
) -> Iterator[_Executor]:
    """Start or reach those who compute, and let them go whatever happens."""
    if cluster is not None:
        with _quiet(), _reached(cluster) as client:
            yield _DaskWorkers(client, cluster, notify)
    elif workers > 0:
        with _quiet(), _local(workers) as client:
            yield _DaskWorkers(client, say("computing.local_processes"), notify)
    else:
        yield _InProcess()


class _InProcess:
    """One block at a time in this process."""

    def __init__(self) -> None:
        self._given: tuple[str, bytes] | None = None

    def has_room(self) -> bool:
        return self._given is None

    def give(self, key: str, work: bytes) -> None:
        self._given = (key, work)

    def collect(self) -> tuple[str, Block] | None:
        assert self._given is not None
        (key, work), self._given = self._given, None
        block, _ = compute(work)
        if isinstance(block, Exception):
            raise block
        return key, block


class _DaskWorkers:
    """Workers of a dask scheduler, on this machine or on many."""

    def __init__(self, client: Client, name: str, notify: Callable[[str], None]):
        self._client, self._name, self._notify = client, name, notify
        self._given: dict[str, tuple[Future[Any], bytes]] = {}
        self._finished: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Blocks whose workers were killed again and again: the scheduler blames whatever waited on
        # such a worker, so each of them gets another chance with nothing beside it.
        self._suspects: deque[tuple[str, bytes]] = deque()
        self._alone: str | None = None
        self._threads, self._counted, self._began = 0, -math.inf, time.monotonic()
        self._reported: set[str] = set()

    def has_room(self) -> bool:
        if self._suspects or self._alone is not None:
            return False
        now = time.monotonic()
        if now - self._counted >= _TICK:
            self._threads, self._counted = self._count_threads(), now
        return len(self._given) < _AHEAD * max(1, self._threads)

    def give(self, key: str, work: bytes) -> None:
        # A name of its own: the same block of another run, or another attempt, is another to dask.
        # What is before the dash is the kind, by which it learns how long one takes.
        name = f"simmodel_block-{uuid.uuid4().hex}"
        pickled = pickle.dumps(_PickledBlock(work))
        future = self._client.submit(pickle.loads, pickled, key=name, pure=False)
        self._given[key] = (future, work)
        future.add_done_callback(lambda _: self._finished.put(key))

    def collect(self) -> tuple[str, Block] | None:
        if self._suspects and not self._given:
            self._alone, work = self._suspects.popleft()
            self.give(self._alone, work)
        try:
            key = self._finished.get(timeout=_TICK)
        except queue.Empty:
            self._threads = self._count_threads()
            if self._threads == 0 and time.monotonic() - self._began > ANSWERS_WITHIN:
                self._tell(say("computing.no_worker_yet", name=self._name))
            return None
        future, work = self._given.pop(key)
        block = self._result(key, future)
        if block is None:
            self._suspects.append((key, work))
            return None
        if key == self._alone:
            self._alone = None
        return key, block

    def _result(self, key: str, future: Future[Any]) -> Block | None:
        """Return what a worker computed; None where it is to be tried again."""
        from concurrent.futures import CancelledError

        from distributed import KilledWorker

        try:
            found: tuple[Block | Exception, Mapping[str, str]] = future.result()
        except CancelledError:
            raise ClusterError(say("computing.scheduler_gone", name=self._name)) from None
        except ModuleNotFoundError as error:
            problem = say("computing.no_module", name=self._name, module=error.name)
            raise ClusterError(problem) from None
        except Exception as error:
            # Not of the block, whose own errors come back as results: of those who carry it.
            if key != self._alone:
                return None
            if not isinstance(error, KilledWorker):
                first = next(iter(str(error).splitlines()), "")
                kind = type(error).__name__
                reason = say("computing.got_lost", kind=kind, message=first)
            else:
                reason = say("computing.killed")
            problem = say("computing.block_failed", name=self._name, key=key, reason=reason)
            raise ClusterError(problem) from None
        block, made = found
        self._compare(made)  # first: an error of other code says little
        if isinstance(block, Exception):
            raise block
        return block

    def _compare(self, theirs: Mapping[str, str]) -> None:
        """Refuse what another version has computed; say so where the processor is another."""
        ours = environment()
        for name, version in ours.items():
            if theirs.get(name) == version:
                continue
            found = {"name": self._name, "theirs": theirs.get(name), "ours": version}
            if name == PROCESSOR:
                self._tell(say("computing.other_processor", **found))
            else:
                raise ClusterError(say("computing.other_version", package=name, **found))

    def _count_threads(self) -> int:
        try:
            return sum(self._client.nthreads().values())
        except OSError:
            return self._threads  # what is lost shows in the blocks given out

    def _tell(self, text: str) -> None:
        if text not in self._reported:
            self._reported.add(text)
            self._notify(text)


class _PickledBlock:
    """A block that is computed where it is unpickled.

    A worker that had to import this module before it starts on a task would die of its absence;
    one that meets it inside a task says so.
    """

    def __init__(self, work: bytes):
        self._work = work

    def __reduce__(self) -> tuple[Callable[..., object], tuple[bytes]]:
        return compute, (self._work,)


_ONE_AT_A_TIME = threading.Lock()


def compute(work: bytes) -> tuple[Block | Exception, Mapping[str, str]]:
    """Compute one block: what runs here and on every worker.

    Parameters
    ----------
    work : bytes
        Language of the terminal, function and arguments, pickled. They are pickled for this process
        as well: an array that has travelled is laid out again, and sums over another layout can
        differ in the last bit.

    Returns
    -------
    ndarray or Exception
        What the function returns, in C order, or what it raises.
    mapping of str to str
        What it was made with, as in `environment`.
    """
    # However many threads a worker has, the compiled model is entered by one: it is not made for
    # several, and has threads of its own.
    with _ONE_AT_A_TIME:
        try:
            language, function, arguments = pickle.loads(work)
            before = terminal_language.set(language)
            try:
                return np.ascontiguousarray(function(*arguments)), environment()
            finally:
                terminal_language.reset(before)
        except Exception as error:
            return error, environment()


@contextmanager
def _reached(address: str) -> Iterator[Client]:
    """Connect to a scheduler that is running."""
    from distributed import Client

    try:
        kind = asyncio.run(_kind(address))
    except Exception as error:
        # Anything may listen there, and answer anything.
        kind = type(error).__name__
        raise ClusterError(
            say("computing.no_scheduler", name=address, seconds=ANSWERS_WITHIN, kind=kind)
        ) from None
    if kind != "Scheduler":
        raise ClusterError(say("computing.not_scheduler", name=address, kind=kind))
    with warnings.catch_warnings():
        # It compares more packages than matter; `_compare` refuses those that do.
        warnings.simplefilter("ignore")
        client = Client(address, timeout=ANSWERS_WITHIN, set_as_default=False)
    try:
        yield client
    finally:
        client.close(timeout=_TICK)


async def _kind(address: str) -> str:
    """Ask what is at an address; a client that waited in vain would not close in time."""
    from distributed.core import rpc
    from distributed.security import Security

    async with rpc(address, connection_args=Security().get_connection_args("client")) as there:
        identity = await asyncio.wait_for(there.identity(), ANSWERS_WITHIN)
    return str(identity["type"])


@contextmanager
def _local(workers: int) -> Iterator[Client]:
    """Start local processes of one thread each, reached through loopback only."""
    import dask
    from distributed import Client, LocalCluster
    from distributed.utils import LoopRunner

    threads = str(max(1, (os.cpu_count() or 1) // workers))
    settings = {
        # On one machine nobody is slow to answer: who does not within seconds has been killed.
        "distributed.comm.timeouts.connect": "3s",
        "distributed.scheduler.allowed-failures": 1,  # then each alone, see _DaskWorkers
    }
    stack, client = ExitStack(), None
    try:
        stack.enter_context(dask.config.set(settings))
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="simmodel."))
        runner = LoopRunner()
        with _deaf():
            runner.start()
        stack.callback(runner.stop)
        with _uninterrupted():
            cluster = stack.enter_context(
                LocalCluster(
                    loop=runner.loop,
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    worker_dashboard_address="127.0.0.1:0",
                    scheduler_kwargs={"dashboard": False},
                    memory_limit=None,
                    local_directory=scratch,
                    silence_logs=logging.CRITICAL,  # theirs
                    env={"NUMBA_NUM_THREADS": threads},
                )
            )
            client = stack.enter_context(Client(cluster, set_as_default=False))
        yield client
    finally:
        with _uninterrupted():
            # One that is being replaced would complain if it were let go before it is there.
            if client is not None:
                with suppress(TimeoutError):
                    client.wait_for_workers(workers, timeout=5)
            stack.close()


@contextmanager
def _deaf() -> Iterator[None]:
    """Begin threads that never see an interrupt, nor do the processes that they start.

    A terminal sends it to them as well as to this process, which is the one to let them go.
    """
    resource_tracker.ensure_running()  # it would unblock the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold an interrupt back until processes have started or ended; a second one is not held."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = []

    def hold(*_: object) -> None:
        came.append(True)
        if len(came) > 1:
            raise KeyboardInterrupt

    handler = signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        raise KeyboardInterrupt


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the log of the workers off the user's terminal: what matters is said in words."""
    import distributed  # noqa: F401 (sets up its handlers)

    def nothing(record: logging.LogRecord) -> bool:
        return False

    asyncio_log = logging.getLogger("asyncio")
    places = [asyncio_log, *logging.getLogger("distributed").handlers]
    for place in places:
        place.addFilter(nothing)
    try:
        yield
    finally:
        for place in places:
            place.removeFilter(nothing)
