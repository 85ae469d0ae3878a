"""The benchmarks measure what they say: same shapes, same numbers. Nothing here is timed."""

import sys

import numpy as np
import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
kernel = pytest.importorskip("kernel")
scaling = pytest.importorskip("scaling")
sweep_benchmark = pytest.importorskip("sweep")


@pytest.mark.parametrize("draws", [1, 65, 200])
def test_the_kernel_benchmark_has_the_stated_shapes_and_agrees_with_numpy(draws):
    small = kernel.problem(draws, seed=3)
    found = kernel.run(small, 1)
    years, flows = kernel.YEARS, len(kernel.FLOWS)
    assert [x.shape for x in found] == [
        *3 * [(years + 1, draws)],
        (years, flows, draws),
    ]
    for ours, theirs in zip(found, kernel.numpy_twin(small), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_threads_do_not_change_a_bit():
    small = kernel.problem(300, seed=4)
    for one, two in zip(kernel.run(small, 1), kernel.run(small, 2), strict=True):
        np.testing.assert_array_equal(one, two)


def test_two_problems_of_one_seed_are_the_same():
    one, two = kernel.problem(10, seed=5), kernel.problem(10, seed=5)
    np.testing.assert_array_equal(one.levels, two.levels)


@pytest.mark.parametrize("seed", [0, 2, 28])
def test_any_seed_makes_a_problem_that_the_kernel_accepts(seed):
    """Some of many draws have a mortality that would leave nobody at the highest age."""
    large = kernel.problem(12_800, seed)
    deaths = large.levels[kernel.LEVELS.index("rural_mortality")] * large.schedules.death[1].max()
    assert deaths.max() == pytest.approx(kernel.HIGHEST_MORTALITY)
    assert np.all(np.isfinite(kernel.run(large, 2)[0]))


def test_a_synthetic_county_of_the_scaling_benchmark_urbanizes():
    """Quantiles of the rate by year, in order; one year more leaves the earlier ones alone."""
    found = scaling.county(3, 100, 4)
    assert found.shape == (5, 3)
    assert np.all(np.diff(found, axis=1)[1:] > 0.0)
    assert found[0, 1] < found[-1, 1] < 1.0
    np.testing.assert_array_equal(found, scaling.county(3, 100, 4))
    np.testing.assert_allclose(found[1], scaling.county(3, 100, 5)[1], rtol=1e-9)


def test_the_sweep_benchmark_lays_out_the_stated_design():
    """Twelve parameters, two of them the paces of what the region lies in, of one region."""
    work, values = sweep_benchmark.design(64)
    assert values.shape == (64 * 26, 12)
    assert work.regions == ("wuwei",)
    found = sweep_benchmark.evaluate(work, values[:40])
    assert found.shape == (40, 1)
    assert np.ptp(found) > 0.05
    assert sweep_benchmark.SIZE * 26 == 106_496


def test_waiting_is_measured_beside_the_imports_of_the_libraries():
    import commands

    found = commands.measure(1, True, ["validate"])
    assert set(found["commands"]) == {"validate"}
    one = found["commands"]["validate"]
    for kind in ("wall", "processor"):
        assert one[f"{kind}_ratio"] == one[kind] / found["reference"][kind] > 0.0
    assert set(commands.commands(False)) == set(commands.BARS)


def test_a_run_is_told_by_its_phases():
    import commands

    found = commands.phases_apart(True)
    drawn = {f"pictures: {kind}" for kind in ("fan", "pyramid", "ledger", "waterfall", "verdicts")}
    assert set(found) >= {"imports", *commands.PHASES, *drawn, "rest"}
    assert all(seconds >= 0.0 for name, seconds in found.items() if name != "rest")
