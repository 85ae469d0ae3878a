"""Finished blocks are kept whole, for the same work only, and by one command at a time."""

import errno
import os
import resource
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
import xarray as xr

from simmodel.computing import checkpoints
from simmodel.computing.checkpoints import Store
from simmodel.computing.environment import environment
from simmodel.computing.output_files import write_zarr
from simmodel.errors import OutputError, SimmodelError, Stopped

BLOCK = np.arange(12.0).reshape(4, 3)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "figures" / ".s.parts"


def fail(store):
    """Leave a store as a command does that fails."""
    with pytest.raises(SimmodelError, match="enough"), store:
        raise SimmodelError("enough")


@pytest.mark.parametrize(
    "block", [BLOCK, np.asfortranarray(BLOCK), np.arange(3, dtype=np.int8), np.zeros((0, 2))]
)
def test_a_block_comes_back_as_it_was(folder, block):
    store = Store.open(folder, "x")
    store.put("wuwei.liangzhou/000001", block)
    fail(store)
    with Store.open(folder, "x") as store:
        assert store.kept == 1
        assert "wuwei.liangzhou/000001" in store
        found = store.get("wuwei.liangzhou/000001")
        assert found.dtype == block.dtype
        assert found.tobytes("A") == block.tobytes("A")
        assert found.shape == block.shape


def test_nothing_is_left_when_the_whole_is_written(folder):
    with Store.open(folder, "x") as store:
        assert store.note() is None
        store.put("a", BLOCK)
    assert not folder.exists()


def test_nothing_is_left_where_no_block_was_finished(folder):
    fail(Store.open(folder, "x"))
    assert not folder.exists()
    assert not folder.parent.exists()


def test_blocks_of_something_else_are_dropped_and_it_is_said(folder):
    store = Store.open(folder, "x")
    store.put("a", BLOCK)
    store.put("b", BLOCK)
    fail(store)
    with Store.open(folder, "y") as store:
        assert (store.kept, store.dropped) == (0, 2)
        assert store.note() == "starts anew: 2 finished blocks are dropped, made by something else"
        assert "a" not in store


@pytest.mark.parametrize("name", ["simmodel", "Python", "numpy", "numba", "scipy", "processor"])
def test_blocks_of_another_version_or_processor_are_dropped(folder, monkeypatch, name):
    store = Store.open(folder, "x")
    store.put("a", BLOCK)
    fail(store)
    monkeypatch.setattr(checkpoints, "environment", lambda: {**environment(), name: "another"})
    with Store.open(folder, "x") as store:
        assert (store.kept, store.dropped) == (0, 1)


def test_what_was_kept_is_said(folder):
    store = Store.open(folder, "x")
    store.put("a", BLOCK)
    fail(store)
    with Store.open(folder, "x") as store:
        assert store.note() == "goes on where it stopped: 1 finished block is kept"


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[1:]]
)
def test_a_damaged_block_never_passes_for_a_whole_one(folder, damage):
    store = Store.open(folder, "x")
    for key in "ab":
        store.put(key, BLOCK)
    fail(store)
    path = next(folder.glob("*/a.block"))
    path.write_bytes(damage(path.read_bytes()))
    store = Store.open(folder, "x")
    assert "a" not in store
    assert "b" in store
    path = next(folder.glob("*/b.block"))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(OutputError, match="damaged"), store:
        store.get("b")


def test_a_half_written_file_of_a_killed_command_is_cleared_away(folder):
    store = Store.open(folder, "x")
    store.put("a", BLOCK)
    path = next(folder.glob("*/a.block"))
    path.with_suffix(".part").write_bytes(b"half")
    fail(store)
    with Store.open(folder, "x") as store:
        assert (store.kept, store.dropped) == (1, 0)
        assert [p.name for p in path.parent.iterdir()] == ["a.block"]


def test_a_full_disk_is_one_line_and_finished_blocks_are_kept(folder, monkeypatch):
    written = checkpoints._write

    def full(path, data):
        written(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = Store.open(folder, "x")
    store.put("a", BLOCK)
    monkeypatch.setattr(checkpoints, "_write", full)
    words = r"No space left on device\); 1 finished block is kept: the same command goes on"
    with pytest.raises(OutputError, match=words), store:
        store.put("b", BLOCK)
    assert [p.name for p in folder.glob("*/*")] == ["a.block"]
    monkeypatch.undo()
    with Store.open(folder, "x") as store:
        assert "a" in store
        assert "b" not in store


def test_a_file_larger_than_the_system_allows_is_one_line(folder):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        with pytest.raises(OutputError, match="File too large"), Store.open(folder, "x") as store:
            store.put("a", np.zeros(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not folder.exists()


def test_a_place_that_is_no_folder_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot keep finished blocks there \(Not a directory"):
        Store.open(tmp_path / "file" / ".s.parts", "x")


def test_a_second_command_at_the_same_time_is_refused(folder):
    with Store.open(folder, "x") as store:
        store.put("a", BLOCK)
        with pytest.raises(OutputError, match="another command is computing this now"):
            Store.open(folder, "x")
        # Also in another process, and when its work is another.
        code = (
            f"from simmodel.computing.checkpoints import *; Store.open(Path({str(folder)!r}), 'y')"
        )
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "another command is computing this now" in other.stderr
        assert "a" in store
        np.testing.assert_array_equal(store.get("a"), BLOCK)
    Store.open(folder, "x").close()


def test_an_interrupt_says_how_to_go_on(folder):
    store = Store.open(folder, "x")
    store.put("a", BLOCK)
    words = "stopped; 1 finished block is kept: the same command goes on"
    with pytest.raises(Stopped, match=words), store:
        raise KeyboardInterrupt
    assert Stopped.exit_code == 130


@pytest.mark.parametrize("key", ["", "a b", "../a", "/a", "a~b", "a//b"])
def test_keys_are_plain(folder, key):
    with Store.open(folder, "x") as store, pytest.raises(ValueError, match="key: "):
        store.put(key, BLOCK)


# --- Results larger than memory ------------------------------------------------------------------


def small(runs, outcomes):
    names = [f"wuwei urbanization_rate {2021 + i}" for i in range(outcomes)]
    return xr.Dataset(
        {"design": (("run", "parameter"), np.arange(2.0 * runs).reshape(runs, 2))},
        coords={"outcome": names, "place_zh": ("outcome", ["武威市"] * outcomes)},
        attrs={"sweep": "wuwei_levers"},
    )


ATTRS = {"units": "share", "long_name": "outcome of each run"}


def files(path):
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def whole(values):
    """Return a small Dataset with the large variable in it, mapped from a file or not."""
    return small(*values.shape).assign({"values": (("run", "outcome"), values, ATTRS)})


def test_zarr_holds_what_was_written_slab_by_slab(tmp_path, monkeypatch):
    values = np.random.default_rng(0).normal(size=(20_000, 3))
    values[7, 1] = np.nan
    # as the runner keeps them: the runs of an outcome side by side, in a file
    kept = np.lib.format.open_memmap(tmp_path / "values.npy", mode="w+", shape=(3, 20_000))
    kept[:] = values.T
    write_zarr(tmp_path / "array", whole(values), "values")
    write_zarr(tmp_path / "mapped", whole(kept.T), "values")
    assert files(tmp_path / "mapped") == files(tmp_path / "array")
    with xr.open_zarr(tmp_path / "array", chunks=None) as found:
        np.testing.assert_array_equal(found["values"].values, values)
        assert found["values"].dims == ("run", "outcome")
        assert found["values"].attrs == ATTRS
        assert found["values"].encoding["chunks"] == (8192, 3)
        assert found.attrs["sweep"] == "wuwei_levers"
        assert found["outcome"].values.tolist()[0] == "wuwei urbanization_rate 2021"
        assert found["place_zh"].values.tolist() == ["武威市"] * 3
        np.testing.assert_array_equal(found["design"], small(20_000, 3)["design"])


def test_zarr_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "sweep.zarr"
    write_zarr(path, whole(np.ones((10, 2))), "values")
    before = files(path)
    monkeypatch.setattr("zarr.consolidate_metadata", mock.Mock(side_effect=OSError(28, "No space")))
    with pytest.raises(OutputError, match=r"sweep.zarr: cannot write there \(No space\)"):
        write_zarr(path, whole(np.zeros((10, 2))), "values")
    assert files(path) == before
    assert os.listdir(tmp_path) == ["sweep.zarr"]


def test_zarr_on_a_full_disk_is_one_line_and_nothing_is_left(tmp_path):
    values = np.random.default_rng(0).normal(size=(20_000, 3))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(OutputError, match=r"sweep.zarr: cannot write there \(File too large\)"):
            write_zarr(tmp_path / "sweep.zarr", whole(values), "values")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_zarr_takes_little_memory(tmp_path, monkeypatch):
    """No slab is larger than is said, and none is read before the last is written."""
    from simmodel.computing import output_files

    monkeypatch.setattr(output_files, "_SLAB_BYTES", 8 * 100 * 5)
    heights = []
    to_zarr = xr.Dataset.to_zarr

    def seen(slab, *arguments, **more):
        if "region" in more:
            heights.append(slab.sizes["run"])
        return to_zarr(slab, *arguments, **more)

    monkeypatch.setattr(xr.Dataset, "to_zarr", seen)
    write_zarr(tmp_path / "z", whole(np.full((450, 5), 1.0)), "values")
    assert heights == [100, 100, 100, 100, 50]
    with xr.open_zarr(tmp_path / "z", chunks=None) as found:
        assert found["values"].encoding["chunks"] == (100, 5)
