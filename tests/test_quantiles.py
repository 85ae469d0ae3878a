"""Quantiles: exact where draws are kept, within the stated error where they are sketched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from simmodel.inputs.scenario import Scenario
from simmodel.results.run import run_scenario
from simmodel.simulation import projector
from simmodel.simulation.quantiles import RELATIVE_ERROR, Exact, Sketch

SHARES = (0.0, 0.025, 0.5, 0.9, 1.0)


def fed(kind, values, blocks):
    summary = kind()
    for block in np.array_split(values, blocks, axis=-1):
        if block.shape[-1]:
            summary.add(block)
    return summary


magnitudes = st.one_of(st.just(0.0), st.floats(1e-9, 1e12), st.floats(-1e12, -1e-9))


@given(
    npst.arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=magnitudes),
    st.integers(1, 5),
)
def test_a_sketched_quantile_is_within_the_stated_error_of_a_draw(values, blocks):
    sketch = fed(Sketch, values, blocks)
    found = sketch.quantiles(SHARES)
    # The draw at the same rank, not an interpolation between two.
    ranks = np.rint(np.array(SHARES) * (values.shape[1] - 1)).astype(int)
    wanted = np.sort(values, axis=1)[:, ranks]
    np.testing.assert_allclose(found, wanted, rtol=1.0001 * RELATIVE_ERROR, atol=0)
    scale = np.abs(values).max() + 1e-300
    np.testing.assert_allclose(sketch.mean(), values.mean(axis=1), atol=1e-12 * scale)


def test_exact_quantiles_are_those_of_numpy():
    values = np.random.default_rng(0).lognormal(size=(2, 3, 500))
    found = fed(Exact, values, 4)
    np.testing.assert_array_equal(
        found.quantiles(SHARES), np.moveaxis(np.quantile(values, SHARES, axis=-1), 0, -1)
    )
    np.testing.assert_array_equal(found.mean(), values.mean(axis=-1))


@pytest.mark.parametrize("kind", [Exact, Sketch])
def test_what_is_not_known_stays_not_known(kind):
    values = np.array([[1.0, 2.0, 3.0], [np.nan] * 3, [0.0] * 3])
    found = fed(kind, values, 2)
    np.testing.assert_allclose(found.quantiles([0.5])[:, 0], [2.0, np.nan, 0.0], rtol=1e-3)
    np.testing.assert_allclose(found.mean(), [2.0, np.nan, 0.0])


def test_a_sketch_does_not_grow_with_the_draws():
    rng = np.random.default_rng(1)
    sketch = Sketch()
    sizes = []
    for _ in range(20):
        sketch.add(rng.normal(1e6, 1e5, size=(3, 1024)))
        sizes.append(sketch._counts.size)
    assert sizes[-1] < 2 * sizes[0]


def test_a_run_too_large_to_keep_agrees_with_the_exact_one(
    seeds, atlas, posteriors, shipped, monkeypatch
):
    data = shipped["trend"].resolved() | {
        "regions": ["jinchang"],
        "ensemble": {"draws": 3000, "seed": 3},
    }
    scenario = Scenario.model_validate(data)
    whole, exact, by_draws, _ = run_scenario(scenario, seeds, atlas, posteriors)
    assert whole is not None
    assert exact.attrs["quantiles"] == "exact"
    monkeypatch.setattr(projector, "EXACT_BYTES", 1000)
    monkeypatch.setattr("simmodel.results.run.EXACT_BYTES", 1000)
    none, sketched, by_blocks, _ = run_scenario(scenario, seeds, atlas, posteriors)
    assert none is None
    assert sketched.attrs["quantiles"] == "within 0.05% of the value"
    for name in exact.data_vars:
        # Beside its own error of 0.05 % a sketch does not interpolate between draws, which lie up
        # to a quarter of a percent apart where 3,000 of them spread widely.
        tolerance = 1e-12 if str(name).endswith("_mean") else 3e-3
        # What passes through zero lies further apart there, measured by itself.
        units = exact[name].attrs["units"]
        slack = {"persons/year": 1.0, "share/year": 1e-6}.get(units, 0.0)
        np.testing.assert_allclose(
            sketched[name],
            exact[name],
            rtol=tolerance,
            atol=0.0 if str(name).endswith("_mean") else slack,
            err_msg=name,
        )
    for one, two in zip(by_draws, by_blocks, strict=True):
        assert one.probability == two.probability
        assert one.first_year_met == two.first_year_met
        assert one.coherence == two.coherence
        if one.median is not None:
            assert two.median == pytest.approx(one.median, rel=1e-3)


def test_keeping_more_draws_than_fit_is_refused_before_the_work(atlas, shipped):
    from simmodel.errors import OutputError
    from simmodel.results.run import check_draws

    data = shipped["trend"].resolved() | {"ensemble": {"draws": 10_000_000, "seed": 1}}
    with pytest.raises(OutputError, match="--keep-draws keeps at most"):
        check_draws(Scenario.model_validate(data), atlas)
