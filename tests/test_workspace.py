"""The workspace: each thing once, from the cache or made again to the same bit."""

import os
import shutil

import numpy as np
import pytest

from simmodel import workspace as workspaces
from simmodel.computing.cache import Cache, cache_folder, content_key
from simmodel.errors import FaultError
from simmodel.workspace import Workspace, open_workspace
from tests.conftest import ROOT

SEEDS = ROOT / "seeds"
REGION = "wuwei"


def forbid(monkeypatch, name):
    def forbidden(*_arguments, **_options):
        raise AssertionError(f"{name} was called")

    monkeypatch.setattr(f"simmodel.{name}", forbidden)


def same(one, two):
    """Compare to the bit, whatever the record holds."""
    assert type(one) is type(two)
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape, one.tobytes()) == (two.dtype, two.shape, two.tobytes())
        assert one.flags.f_contiguous == two.flags.f_contiguous
    elif isinstance(one, dict):
        assert list(one) == list(two)
        for key in one:
            same(one[key], two[key])
    elif hasattr(one, "__dataclass_fields__"):
        for name in one.__dataclass_fields__:
            same(getattr(one, name), getattr(two, name))
    elif isinstance(one, tuple):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            same(a, b)
    else:
        assert one == two or (one != one and two != two)


def test_seeds_and_arrays_from_the_cache_are_the_same_to_the_bit(tmp_path, monkeypatch):
    fresh = Workspace(SEEDS, cache=Cache(tmp_path))
    fresh.atlas.inputs(REGION)
    forbid(monkeypatch, "inputs.seeds.read_seeds")
    forbid(monkeypatch, "forecast.fit.national_standard")
    forbid(monkeypatch, "forecast.fit.fitted_pattern")
    kept = Workspace(SEEDS, cache=Cache(tmp_path))
    assert kept.seeds.regions == fresh.seeds.regions
    assert list(kept.seeds.regions) == list(fresh.seeds.regions)
    assert kept.seeds.sources == fresh.seeds.sources
    assert kept.seeds.sha256 == fresh.seeds.sha256
    same(kept.atlas.standard, fresh.atlas.standard)
    same(kept.atlas.pattern(REGION), fresh.atlas.pattern(REGION))
    same(kept.atlas.inputs(REGION), fresh.atlas.inputs(REGION))


def test_what_was_calibrated_again_is_kept(tmp_path, monkeypatch):
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    file = folder / "jinchang.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("vintage: post_2020_census", "vintage: undated", 1), "utf-8")
    needed = ("china", "gansu", "jinchang")
    fresh = Workspace(folder, cache=Cache(tmp_path / "cache")).posteriors(needed)
    assert fresh.remade == ("jinchang",)
    forbid(monkeypatch, "forecast.posterior_file.load")
    kept = Workspace(folder, cache=Cache(tmp_path / "cache")).posteriors(needed)
    same(kept, fresh)
    assert kept.notice() == fresh.notice()


def test_other_content_is_read_again(tmp_path):
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    cache = Cache(tmp_path / "cache")
    assert Workspace(folder, cache=cache).seeds.regions["wuwei"].names.en == "Wuwei"
    path = folder / "wuwei.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Wuwei", "Liangzhou Fu"), encoding="utf-8")
    assert Workspace(folder, cache=cache).seeds.regions["wuwei"].names.en != "Wuwei"
    path.write_text(text.replace("level: prefecture", "level: prefect"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(FaultError, match="level: is not a known word"):
            _ = Workspace(folder, cache=cache).seeds


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"regions": {"wuwei": {}}}', b"\x80\x04."])
def test_a_cache_that_holds_something_else_is_none(tmp_path, content):
    fresh = Workspace(SEEDS, cache=Cache(tmp_path))
    seeds, standard = fresh.seeds, fresh.atlas.standard
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(content)
    again = Workspace(SEEDS, cache=Cache(tmp_path))
    assert again.seeds.regions == seeds.regions
    same(again.atlas.standard, standard)


def test_no_pickle_is_ever_read(tmp_path):
    Cache(tmp_path).write_arrays("patterns", "key", {"a": np.array([{}], dtype=object)})
    assert Cache(tmp_path).read_arrays("patterns", "key") is None


def test_a_folder_that_cannot_be_written_is_as_good_as_none(tmp_path):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "below")
    cache.write("seeds", "key", {})
    cache.write_arrays("patterns", "key", {"a": np.ones(1)})
    assert cache.read("seeds", "key") is None
    assert cache.read_arrays("patterns", "key") is None


def test_the_oldest_go(tmp_path):
    cache = Cache(tmp_path)
    for number in range(20):
        cache.write("seeds", str(number), number)
        os.utime(tmp_path / "seeds" / f"{number}.json", (number, number))
    kept = sorted(int(path.stem) for path in (tmp_path / "seeds").iterdir())
    assert kept == list(range(4, 20))


def test_the_folder_is_that_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "simmodel"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "simmodel"


def test_a_key_is_of_content_and_name(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("a")
    keys = {content_key([one]), content_key([two]), content_key([one], "more"), content_key([])}
    assert len(keys) == 4
    assert content_key([one]) == content_key([one, tmp_path / "absent"])


def test_a_folder_is_opened_once():
    assert open_workspace(SEEDS) is open_workspace(SEEDS)
    assert workspaces.OPEN >= 1
