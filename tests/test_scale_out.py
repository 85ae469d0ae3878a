"""The same tasks here, on local processes and on a cluster: the same bits; what is lost is mended.

Processes take seconds to start, so that each is made to serve several claims.
"""

import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from simmodel.computing import parallel
from simmodel.computing.checkpoints import Store
from simmodel.computing.environment import environment
from simmodel.computing.parallel import Task, run_tasks
from simmodel.errors import ClusterError, ScenarioError
from simmodel.texts import terminal_language
from tests import blocks_of_work as work
from tests.conftest import ROOT

TASKS = [Task(f"wuwei/{i:06d}", (10 * i, 10 * i + 10)) for i in range(8)]
SQUARES = [(task.key, work.squares(*task.arguments)) for task in TASKS]


def same(found, expected):
    assert [key for key, _ in found] == [key for key, _ in expected]
    for (_, one), (_, other) in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
    return True


def kernel_tasks():
    """Draws of one projection in blocks, and what one call gives for all of them."""
    from tests.test_projection import random_case

    population, schedules, levels, keywords = random_case(101, 5, 256, seed=3)
    whole = work.last_urban(population, schedules, levels, keywords["absent"])
    parts = [slice(low, low + 64) for low in range(0, 256, 64)]
    tasks = [
        Task(
            f"gansu/{i:06d}", (population, schedules, levels[:, :, part], keywords["absent"][part])
        )
        for i, part in enumerate(parts)
    ]
    return tasks, [(task.key, whole[part]) for task, part in zip(tasks, parts, strict=True)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers on loopback, started as docs/scale_out.md says."""
    folder = tmp_path_factory.mktemp("cluster")
    address = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_NUM_THREADS": "1"}

    def dask(*arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    here = ("--host", "127.0.0.1", "--scheduler-file", str(address))
    processes = [dask("scheduler", *here, "--port", "0")]
    processes += [dask("worker", *here, "--nthreads", "2", "--no-nanny") for _ in range(2)]
    try:
        deadline = time.monotonic() + 60
        while not address.exists() or not address.read_text():
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.05)
        import json

        yield json.loads(address.read_text())["address"], processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_results_come_in_the_order_of_tasks():
    seen = []
    found = list(run_tasks(work.squares, TASKS, report=lambda *now: seen.append(now)))
    assert same(found, SQUARES)
    assert seen == [(done, len(TASKS)) for done in range(len(TASKS) + 1)]


def test_nothing_to_do_is_done():
    assert list(run_tasks(work.squares, [], workers=2)) == []


def test_a_key_stands_once_and_only_one_place_is_named():
    with pytest.raises(ValueError, match="twice"):
        list(run_tasks(work.squares, [TASKS[0], TASKS[0]]))
    with pytest.raises(ValueError, match="only one"):
        list(run_tasks(work.squares, TASKS, workers=1, cluster="tcp://127.0.0.1:1"))


def test_an_error_of_a_block_is_raised_as_it_was():
    with pytest.raises(ScenarioError, match="is upside down"):
        list(run_tasks(work.faulty, TASKS))
    with pytest.raises(KeyError, match="no such key"):
        list(run_tasks(work.broken, TASKS))


def test_a_worker_speaks_the_language_of_the_terminal():
    before = terminal_language.set("zh")
    try:
        with pytest.raises(ScenarioError, match="项目'road'不存在"):
            list(run_tasks(work.without_programme, [Task("a", ("road",))], workers=1))
    finally:
        terminal_language.reset(before)


def test_the_layout_of_arguments_does_not_reach_the_block():
    # Sums over columns of a larger array are added in another order than over rows that lie
    # together: a block computed here must see what one that travelled sees.
    values = np.random.default_rng(0).uniform(size=(1000, 50)).T
    ((_, found),) = run_tasks(work.sums_of_rows, [Task("a", (values,))])
    assert found.flags["C_CONTIGUOUS"]
    import pickle

    travelled = pickle.loads(pickle.dumps(values))
    np.testing.assert_array_equal(found, work.sums_of_rows(travelled))


def test_finished_blocks_are_not_computed_again(tmp_path):
    with pytest.raises(ScenarioError), Store.open(tmp_path / "p", "x") as store:
        list(run_tasks(work.faulty, TASKS, store=store))
    with Store.open(tmp_path / "p", "x") as store:
        assert store.kept == 2
        # The function is another, so that a block computed again would show.
        found = list(run_tasks(work.process, TASKS, store=store))
        assert same(found[:2], SQUARES[:2])
        assert {int(block[0]) for _, block in found[2:]} == {os.getpid()}


def test_local_processes_give_the_same_bits_and_a_killed_one_costs_its_block(tmp_path):
    tasks, expected = kernel_tasks()
    assert same(list(run_tasks(work.last_urban, tasks)), expected)

    killed = []

    def kill(done, total):
        workers = [p for p in psutil.Process().children(recursive=True) if is_worker(p)]
        if done >= 3 and workers and not killed:
            workers[0].kill()
            killed.append(workers[0].pid)

    squares = [Task(f"s/{task.key}", task.arguments) for task in TASKS]
    marked = [Task(t.key, (*t.arguments, str(tmp_path / "died"))) for t in squares]
    both = [Task(t.key, (work.last_urban, t.arguments)) for t in tasks] + [
        Task(t.key, (work.deadly_once, t.arguments)) for t in marked
    ]
    found = list(run_tasks(work.call, both, workers=2, report=kill))
    assert same(found, expected + [(f"s/{key}", block) for key, block in SQUARES])
    assert killed
    assert (tmp_path / "died").exists()


def is_worker(process):
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_a_block_that_kills_every_worker_is_named(tmp_path):
    with (
        pytest.raises(ClusterError, match=r"block wuwei/000002, .* killed its worker each time"),
        Store.open(tmp_path / "p", "x") as store,
    ):
        list(run_tasks(work.deadly, TASKS, store=store, workers=2))
    with Store.open(tmp_path / "p", "x") as store:
        assert "wuwei/000002" not in store
        assert store.kept >= 2  # whatever finished before or beside it


def test_a_cluster_gives_the_same_bits_also_when_a_worker_is_gone_for_good(cluster):
    address, processes = cluster
    tasks, expected = kernel_tasks()
    assert same(list(run_tasks(work.last_urban, tasks, cluster=address)), expected)

    # Errors travel; a worker of several threads is entered by one block at a time.
    with pytest.raises(ScenarioError, match="is upside down"):
        list(run_tasks(work.faulty, TASKS, cluster=address))

    def kill(done, total):
        if done >= 3:
            processes[1].kill()

    many = [Task(f"{n}/{task.key}", task.arguments) for n in range(3) for task in TASKS]
    found = list(run_tasks(work.slow_squares, many, cluster=address, report=kill))
    assert same(found, [(f"{n}/{key}", block) for n in range(3) for key, block in SQUARES])


def test_a_worker_of_another_version_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(parallel, "environment", lambda: {**environment(), "numpy": "1.0"})
    with pytest.raises(ClusterError, match=r"a worker has numpy \d.*; allowed is 1.0 as here"):
        list(run_tasks(work.faulty, TASKS, cluster=cluster[0]))


def test_a_worker_without_the_package_is_refused(cluster, monkeypatch):
    far = (__import__, ("not_installed",))
    monkeypatch.setattr(parallel._PickledBlock, "__reduce__", lambda self: far)
    with pytest.raises(ClusterError, match="a worker has no module not_installed"):
        list(run_tasks(work.squares, TASKS, cluster=cluster[0]))


def test_another_processor_is_said_once(cluster, monkeypatch):
    monkeypatch.setattr(parallel, "environment", lambda: {**environment(), "processor": "abacus"})
    said = []
    list(run_tasks(work.squares, TASKS, cluster=cluster[0], notify=said.append))
    assert len(said) == 1
    assert "here abacus" in said[0]


def test_a_scheduler_that_goes_away_is_an_error_in_words(cluster, tmp_path):
    """Last of those that use the cluster: it takes the scheduler away."""

    def kill(done, total):
        if done == 2:
            cluster[1][0].kill()

    with (
        pytest.raises(ClusterError, match=r"the scheduler has gone; \d+ finished block"),
        Store.open(tmp_path / "p", "x") as store,
    ):
        list(run_tasks(work.slow_squares, TASKS, store=store, cluster=cluster[0], report=kill))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "nonsense", "", "http://127.0.0.1"])
def test_a_scheduler_that_does_not_answer_is_one_line_after_a_bounded_wait(address, monkeypatch):
    monkeypatch.setattr(parallel, "ANSWERS_WITHIN", 1.0)
    began = time.monotonic()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = address.format(port=silent.getsockname()[1])
        with pytest.raises(ClusterError, match="no scheduler answers there") as caught:
            list(run_tasks(work.squares, TASKS, cluster=address))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{address}: ")
    assert time.monotonic() - began < 10


def heeds_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_interrupted_command_goes_on_where_it_stopped(workers, tmp_path):
    command = [sys.executable, "-m", "tests.blocks_of_work", str(tmp_path), str(workers)]
    settings = {
        "cwd": ROOT,
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "start_new_session": True,
        # Where the tests themselves run in the background, an interrupt is ignored, and that is
        # handed down.
        "preexec_fn": heeds_interrupts,
    }
    with subprocess.Popen(command, **settings) as child:
        for line in child.stdout:
            if line.strip() == "3":
                break
        children = psutil.Process(child.pid).children(recursive=True)
        asked = time.monotonic()
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does: the workers too
        _, said = child.communicate(timeout=60)
        assert time.monotonic() - asked < 20
    assert child.returncode == 130
    assert said.count("\n") == 1
    assert "kept: the same command goes on from there" in said
    assert not (tmp_path / "whole.npy").exists()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive

    again = subprocess.run(command, **{**settings, "stdout": subprocess.PIPE}, timeout=60)
    lines = again.stdout.splitlines()
    assert again.returncode == 0, again.stderr
    assert lines[0].startswith("goes on where it stopped: ")
    assert int(lines[1]) >= 3
    expected = np.concatenate([work.squares(10 * i, 10 * i + 10) for i in range(24)])
    np.testing.assert_array_equal(np.load(tmp_path / "whole.npy"), expected)
    assert os.listdir(tmp_path) == ["whole.npy"]
