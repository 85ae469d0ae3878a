"""Many runs at once: each is the run of a scenario with these values, whatever is beside it."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmodel.errors import ScenarioError
from simmodel.forecast.parameters import NAMES, natural
from simmodel.inputs.scenario import Scenario
from simmodel.judging.verdicts import Judge
from simmodel.kernel.projection import FLOWS
from simmodel.simulation.projector import simulate
from simmodel.sweeps.batch import batch_of, evaluate, families, lever_form
from simmodel.sweeps.sweep_file import Outcome, VariedSetting

DRAWS = 40
RESETTLEMENT = "liupanshui_geohazard_resettlement"


def scenario(regions=("wuwei",), **more):
    data = {
        "scenario": "trial",
        "regions": list(regions),
        "horizon": 2035,
        "ensemble": {"draws": DRAWS, "seed": 11},
    }
    return Scenario.model_validate(data | more)


def rate(region="wuwei", year=2035):
    return Outcome(region, "urbanization_rate", year)


def work(atlas, posteriors, places, outcomes, draws=DRAWS, base=None, **more):
    base = scenario(**more) if base is None else base
    ((regions, own),) = families(outcomes, atlas)
    assert own == list(range(len(outcomes)))
    return batch_of(base, atlas, posteriors.by_region, places, outcomes, regions, draws)


def run(atlas, posteriors, **more):
    return simulate(scenario(**more), atlas, posteriors.by_region)


# What a column sets, a value for it, and the scenario that says the same.
SET = {
    "a lever": (VariedSetting("lever", None, "rural_exit"), 1.3, {"levers": {"rural_exit": 1.3}}),
    "added years": (
        VariedSetting("lever", None, "life_expectancy"),
        1.5,
        {"levers": {"life_expectancy": 1.5}},
    ),
    "zero": (VariedSetting("lever", None, "arrivals"), 0.0, {"levers": {"arrivals": 0.0}}),
    "a knot": (
        VariedSetting("lever", None, "local_retention", 2030),
        1.4,
        {"levers": {"local_retention": {2030: 1.4}}},
    ),
    "a region's own": (
        VariedSetting("lever", "wuwei", "urban_out_migration"),
        0.6,
        {"levers": {"wuwei": {"urban_out_migration": 0.6}}},
    ),
    "of what it lies in": (
        VariedSetting("lever", "gansu", "fertility"),
        1.2,
        {"levers": {"gansu": {"fertility": 1.2}}},
    ),
    "a parameter": (
        VariedSetting("parameter", "wuwei", "local_retention"),
        0.35,
        {"parameters": {"wuwei": {"local_retention": 0.35}}},
    ),
    "own pace": (
        VariedSetting("parameter", "wuwei", "pace"),
        1.2,
        {"parameters": {"wuwei": {"pace": 1.2}}},
    ),
    "the nation's pace": (
        VariedSetting("parameter", "china", "pace"),
        0.7,
        {"parameters": {"china": {"pace": 0.7}}},
    ),
    "departures": (
        VariedSetting("parameter", "wuwei", "departure_factor"),
        1.4,
        {"parameters": {"wuwei": {"departure_factor": 1.4}}},
    ),
    "fertility of the province": (
        VariedSetting("parameter", "gansu", "fertility_factor"),
        1.3,
        {"parameters": {"gansu": {"fertility_factor": 1.3}}},
    ),
}


@pytest.mark.parametrize("name", SET)
def test_a_run_is_the_scenario_with_its_value(name, atlas, posteriors):
    place, value, said = SET[name]
    outcomes = [rate(), rate(year=2025), Outcome("wuwei", "total_population", 2031)]
    found = evaluate(work(atlas, posteriors, [place], outcomes), np.array([[value]]))
    whole = run(atlas, posteriors, **said)
    total = whole.urban[0, 11] + whole.rural[0, 11]
    wanted = [whole.rate("wuwei")[15].mean(), whole.rate("wuwei")[5].mean(), total.mean()]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-12)
    free = run(atlas, posteriors)
    assert abs(free.rate("wuwei")[15].mean() / wanted[0] - 1.0) > 1e-7  # it makes a difference


def test_several_values_at_once(atlas, posteriors):
    places = [place for place, _, _ in SET.values() if place.year is None]
    values = np.array([[value for place, value, _ in SET.values() if place.year is None]])
    said = {"levers": {}, "parameters": {}}
    for place, _, what in SET.values():
        for key, inner in what.items() if place.year is None else ():
            for name, value in inner.items():
                if isinstance(value, dict):
                    said[key].setdefault(name, {}).update(value)
                else:
                    said[key][name] = value
    found = evaluate(work(atlas, posteriors, places, [rate()]), values)
    whole = run(atlas, posteriors, **said)
    np.testing.assert_allclose(found[0, 0], whole.rate("wuwei")[15].mean(), rtol=1e-12)


def test_a_county_adds_up_with_its_siblings(atlas, posteriors):
    outcomes = [
        rate("wuwei.minqin"),
        Outcome("wuwei.minqin", "urban_arrivals", 2030),
        Outcome("wuwei.liangzhou", "rural_population", 2035),
    ]
    one = work(atlas, posteriors, [VariedSetting("lever", None, "rural_exit")], outcomes)
    assert set(one.regions) == {"wuwei", *(i for i in atlas.regions if i.startswith("wuwei."))}
    found = evaluate(one, np.array([[1.2]]))
    whole = run(atlas, posteriors, levers={"rural_exit": 1.2})
    flow = whole.flows[whole.row("wuwei.minqin"), 9, FLOWS.index("urban_arrivals")]
    rural = whole.rural[whole.row("wuwei.liangzhou"), 15]
    wanted = [whole.rate("wuwei.minqin")[15].mean(), flow.mean(), rural.mean()]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-12)


def test_an_urban_district_and_programmes_by_run(atlas, posteriors):
    district = next(
        d.id for d in atlas.regions["liupanshui"].urban_districts if d.population is not None
    )
    outcomes = [Outcome(district, "urban_district_population", 2025), rate("liupanshui", 2025)]
    places = [
        VariedSetting("programme", None, RESETTLEMENT),
        VariedSetting("lever", None, "rural_exit"),
    ]
    one = work(atlas, posteriors, places, outcomes, regions=("liupanshui",))
    found = evaluate(one, np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.1]]))
    for row, said in enumerate(
        ({}, {"programmes": [RESETTLEMENT]}, {"levers": {"rural_exit": 1.1}})
    ):
        whole = run(atlas, posteriors, regions=("liupanshui",), **said)
        wanted = [whole.districts[district][5].mean(), whole.rate("liupanshui")[5].mean()]
        np.testing.assert_allclose(found[row], wanted, rtol=1e-12)
    assert found[1, 1] > found[0, 1]


def test_a_programme_of_the_scenario_runs_unless_a_column_stops_it(atlas, posteriors):
    with_it = scenario(("liupanshui",), programmes=[RESETTLEMENT])
    always = work(
        atlas,
        posteriors,
        [VariedSetting("lever", None, "arrivals")],
        [rate("liupanshui")],
        base=with_it,
    )
    places = [VariedSetting("programme", None, RESETTLEMENT)]
    switched = work(atlas, posteriors, places, [rate("liupanshui")], base=with_it)
    on, off = evaluate(switched, np.array([[1.0], [0.0]]))
    assert evaluate(always, np.array([[1.0]]))[0] == on > off


def test_the_median_is_where_every_draw_would_stand(atlas, posteriors):
    """Everything uncertain fixed at its median: all draws of a run agree with one at the median."""
    found = evaluate(
        work(atlas, posteriors, [VariedSetting("lever", None, "rural_exit")], [rate()], None),
        np.array([[1.25]]),
    )
    mean = posteriors.by_region["wuwei"].mean[:, None]
    medians = natural(mean, atlas.inputs("wuwei").bound)
    own = {name: float(medians[name][0]) for name in NAMES}
    fixed = {
        "wuwei": own
        | {"pace": 1.0, "arrivals_factor": 1.0, "departure_factor": 1.0}
        | {"fertility_factor": 1.0, "mortality_factor": 1.0},
        "gansu": {"pace": 1.0},
        "china": {"pace": 1.0},
    }
    whole = run(atlas, posteriors, parameters=fixed, levers={"rural_exit": 1.25})
    np.testing.assert_allclose(whole.rate("wuwei")[15], found[0, 0], rtol=1e-10)


@pytest.mark.parametrize(
    ("region", "indicator", "year"),
    [
        ("wuwei", "urbanization_rate", 2025),
        ("liupanshui", "urbanization_rate", 2025),  # a band: two targets
        ("liupanshui.panzhou", "urbanization_rate", 2025),
    ],
)
def test_a_target_is_met_as_often_as_the_verdict_says(region, indicator, year, atlas, posteriors):
    base = scenario((region,), levers={"rural_exit": 1.2})
    if not any(t.indicator == indicator and t.year == year for t in atlas.regions[region].targets):
        pytest.skip(f"{region} has no such target")
    outcome = Outcome(region, indicator, year, met=True)
    found = evaluate(
        work(atlas, posteriors, [VariedSetting("lever", None, "fertility")], [outcome], base=base),
        np.array([[1.0]]),
    )
    judge = Judge(base, atlas, exact=True)
    judge.add(simulate(base, atlas, posteriors.by_region))
    rows = [
        v for v in judge.verdicts() if (v.region, v.indicator, v.year) == (region, indicator, year)
    ]
    if len(rows) == 1:
        assert found[0, 0] == rows[0].probability
    else:
        together = float(rows[0].coherence.split(" met in ")[1].split()[0])
        assert found[0, 0] == pytest.approx(together, abs=0.005)


def test_a_target_beside_another_region_needs_that_region(atlas):
    near = [
        (name, target)
        for name, region in atlas.regions.items()
        for target in region.targets
        if target.relative_to is not None
    ]
    name, target = near[0]
    outcome = Outcome(target.region or name, target.indicator, target.year, met=True)
    ((regions, _),) = families([outcome], atlas)
    assert target.relative_to in regions


def test_regions_that_share_nothing_are_families_of_their_own(atlas):
    outcomes = [rate("wuwei"), rate("gansu"), rate("wuwei.minqin"), rate("linxia")]
    found = families(outcomes, atlas)
    assert [own for _, own in found] == [[0, 2], [1], [3]]
    assert found[1][0] == ("gansu",)


# -------------------------------------------------------------------------------------- bits


def trial(atlas, posteriors, draws):
    places = [
        VariedSetting("lever", None, "rural_exit"),
        VariedSetting("lever", None, "life_expectancy"),
        VariedSetting("lever", None, "local_retention", 2028),
        VariedSetting("parameter", "liupanshui", "local_retention"),
        VariedSetting("parameter", "guizhou", "pace"),
        VariedSetting("programme", None, RESETTLEMENT),
    ]
    outcomes = [rate("liupanshui"), rate("liupanshui.panzhou", 2027)]
    one = work(atlas, posteriors, places, outcomes, draws, regions=("liupanshui",))
    rng = np.random.default_rng(7)
    low = np.array([0.5, -2.0, 0.5, 0.2, 0.5, 0.0])
    high = np.array([2.0, 2.0, 2.0, 0.8, 2.0, 1.0])
    values = low + (high - low) * rng.random((2500 if draws is None else 90, 6))
    values[:, -1] = values[:, -1] > 0.5
    return one, values


@pytest.mark.parametrize("draws", [None, 24])
def test_a_run_is_the_same_to_the_bit_however_the_runs_are_split(draws, atlas, posteriors):
    one, values = trial(atlas, posteriors, draws)
    whole = evaluate(one, values)
    assert np.isfinite(whole).all()
    assert np.ptp(whole[:, 0]) > 0.05

    @settings(max_examples=6)
    @given(st.lists(st.integers(1, len(values) - 1), min_size=1, max_size=3, unique=True))
    def in_parts(cuts):
        parts = np.split(values, sorted(cuts))
        np.testing.assert_array_equal(np.concatenate([evaluate(one, p) for p in parts]), whole)

    in_parts()
    few = np.array([3, 77, 12])
    np.testing.assert_array_equal(evaluate(one, values[few]), whole[few])


def test_work_that_has_travelled_gives_the_same_bits(atlas, posteriors):
    one, values = trial(atlas, posteriors, None)
    far = pickle.loads(pickle.dumps(one, protocol=5))
    np.testing.assert_array_equal(evaluate(far, values[:100]), evaluate(one, values[:100]))


def test_threads_do_not_change_a_bit(atlas, posteriors):
    import numba

    one, values = trial(atlas, posteriors, None)
    before = numba.get_num_threads()
    alone = evaluate(one, values[:500])
    try:
        numba.set_num_threads(1)
        np.testing.assert_array_equal(evaluate(one, values[:500]), alone)
    finally:
        numba.set_num_threads(before)


def test_more_people_than_there_are_is_a_clear_error(atlas, posteriors):
    one = work(atlas, posteriors, [VariedSetting("lever", None, "arrivals")], [rate()])
    many = [replace(m, programmes={"flood": np.full(15, 1e9)}) for m in one.members]
    one = replace(one, members=tuple(many), programmes=("flood",))
    with pytest.raises(ScenarioError, match=r"^trial: wuwei: programmes\[0\]: takes more people"):
        evaluate(one, np.array([[1.0]]))


# ------------------------------------------------------------------------------------ levers


@given(
    st.dictionaries(st.integers(2020, 2035), st.floats(0.0, 5.0), min_size=1, max_size=4),
    st.integers(2020, 2035),
    st.floats(0.0, 5.0),
)
def test_a_knot_of_a_path_is_where_the_scenario_would_have_it(path, year, value):
    years = np.arange(2021, 2036)
    base = scenario(levers={"arrivals": path})
    form = lever_form(
        base, [VariedSetting("lever", None, "arrivals", year)], "arrivals", ["wuwei"], years
    )
    same = scenario(levers={"arrivals": path | {year: value}})
    wanted = [same.lever_at("arrivals", ["wuwei"], int(y)) for y in years]
    found = np.broadcast_to(form.by_run(np.array([[value]])), (15, 1))[:, 0]
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_the_nearest_that_sets_a_lever_counts():
    years = np.arange(2021, 2036)
    base = scenario(levers={"wuwei": {"arrivals": 2.0}})
    general = [VariedSetting("lever", None, "arrivals")]
    form = lever_form(base, general, "arrivals", ["wuwei", "gansu"], years)
    np.testing.assert_array_equal(form.by_run(np.array([[5.0]]))[:, 0], 2.0)
    above = lever_form(base, general, "arrivals", ["gansu"], years)
    np.testing.assert_array_equal(above.by_run(np.array([[5.0], [3.0]])), [[5.0, 3.0]])
