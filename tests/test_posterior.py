"""The shipped posterior fits its figures, predicts what it has not seen, and is what is re-made."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from simmodel.calibration import SAMPLE
from simmodel.errors import SeedError
from simmodel.parameters import NAMES, natural
from simmodel.posterior import calibrate_one, withheld_errors
from simmodel.posterior_file import NAME, as_data, check, fingerprint, load
from simmodel.standards import FITTED

# Gulang lost 36 % of its people in ten years, many resettled; no level of the schedules does that.
STRAINED = {"wuwei.gulang": 0.03}


def values(atlas, posteriors, region_id):
    mean = posteriors.by_region[region_id].mean[:, None]
    return {k: float(v[0]) for k, v in natural(mean, atlas.inputs(region_id).bound).items()}


def test_the_shipped_posterior_belongs_to_the_shipped_figures(posteriors):
    assert posteriors.remade == ()


@pytest.fixture(scope="module")
def remade(atlas):
    """Calibrate the nation, Gansu and Wuwei again."""
    done = {}
    for region_id in ("china", "gansu", "wuwei"):
        done[region_id] = calibrate_one(atlas, region_id, done)
    return done


def test_calibrating_again_gives_the_shipped_posterior(atlas, posteriors, remade):
    for region_id, item in remade.items():
        shipped = posteriors.by_region[region_id]
        offset = (item.posterior.posterior.mean - shipped.mean) / shipped.spread
        assert np.abs(offset).max() < 0.05, region_id
        assert as_data(atlas, {region_id: item})["regions"][region_id]["figures"] == fingerprint(
            atlas, region_id
        )


def test_enough_draws_are_effective(remade):
    for region_id, item in remade.items():
        assert item.posterior.effective_draws * SAMPLE > 10 * len(NAMES), region_id


def test_age_groups_that_were_withheld_are_predicted(atlas, remade):
    errors, alone = withheld_errors(atlas, "gansu", remade)
    assert np.abs(errors).mean() < 0.08
    assert np.abs(errors).mean() < np.abs(alone).mean() / 4


def test_the_census_of_2020_is_met(atlas, posteriors, seeds):
    for region_id, normal in posteriors.by_region.items():
        end = atlas.inputs(region_id).decade(normal.mean[:, None])
        census = seeds.regions[region_id].baseline.census
        assert end.urban[-1, 0] == pytest.approx(census.urban, rel=0.03), region_id
        total = end.urban[-1, 0] + end.rural[-1, 0]
        assert total == pytest.approx(census.total, rel=STRAINED.get(region_id, 0.02)), region_id


def test_the_pace_after_2020_is_slower_than_the_decade_before(atlas, posteriors):
    """Continuing 2010-20 puts Gansu near 60 % in 2025; the nation's pace fell from 1.1 to 0.8."""
    for region_id in ("china", "gansu"):
        assert values(atlas, posteriors, region_id)["period_exit"] < 0.8
    path = atlas.inputs("gansu").later(posteriors.by_region["gansu"].mean[:, None], 5)
    rate = 100 * path.urban / (path.urban + path.rural)
    # Published: 53.33 % in 2021, 54.19 % in 2022.
    np.testing.assert_allclose(rate[1:3, 0], [53.33, 54.19], atol=0.3)
    assert rate[5, 0] < 58


def test_nation_and_guizhou_follow_their_communiques(atlas, posteriors, seeds):
    for region_id in ("china", "guizhou"):
        published = {
            o.year: o.value
            for o in seeds.regions[region_id].observations
            if o.indicator == "urbanization_rate" and o.vintage == "post_2020_census"
        }
        path = atlas.inputs(region_id).later(posteriors.by_region[region_id].mean[:, None], 4)
        rate = 100 * path.urban[:, 0] / (path.urban[:, 0] + path.rural[:, 0])
        for year, value in published.items():
            if year > 2020:
                assert rate[year - 2020] == pytest.approx(value, abs=0.6), (region_id, year)


def test_guizhou_births_and_deaths_follow_the_communiques(atlas, posteriors):
    path = atlas.inputs("guizhou").later(posteriors.by_region["guizhou"].mean[:, None], 4)
    births = path.flows[:, 0:2, 0].sum(axis=1) / 1e4
    deaths = path.flows[:, 2:4, 0].sum(axis=1) / 1e4
    # 46.9 42.5 41.1 41.5 and 27.7 28.2 30.0 29.9 (10,000 persons), 2021-24.
    for found, published in (
        (births, [46.9, 42.5, 41.1, 41.5]),
        (deaths, [27.7, 28.2, 30.0, 29.9]),
    ):
        # One level for the four years: their mean, and each year less closely.
        assert found.mean() == pytest.approx(np.mean(published), rel=0.03)
        np.testing.assert_allclose(found, published, rtol=0.10)


@pytest.mark.parametrize("region_id", ["china", "gansu", "guizhou"])
def test_local_schedules_meet_the_cohorts_they_were_fitted_to(atlas, region_id):
    pattern = atlas.pattern(region_id)
    assert pattern.local_parameters.shape == (2, 7)
    assert (pattern.local_schedule > 0).all()
    assert pattern.local_schedule[:, :65].mean() == pytest.approx(1.0)
    assert 0.008 < pattern.reclassification_bound < 0.02
    # The young leave: at 15 several times as often as at 50, and old people still move.
    assert (pattern.local_schedule[:, 15] > 4 * pattern.local_schedule[:, 50]).all()
    assert len(FITTED) == 13


def test_national_coverage_has_the_known_shape(atlas):
    """Cohorts aged 0-4 in 2010 come back 11-15 % too large, 15-19 6-9 % too small."""
    coverage = atlas.standard.coverage
    assert ((coverage[:, 3] > 1.10) & (coverage[:, 3] < 1.16)).all()
    assert ((coverage[:, 6] > 0.90) & (coverage[:, 6] < 0.95)).all()


def test_national_life_expectancy_is_the_published_one(atlas):
    from simmodel import life_table

    people = atlas.standard.single_years
    rates = (atlas.standard.death_rates[2020] * people).sum(axis=0) / people.sum(axis=0)
    found = [life_table.life_expectancy(rates[s], s) for s in (0, 1)]
    # 77.93 for both; women 5.51 years more than men.
    share = atlas.standard.male_share
    assert (1 - share) * found[0] + share * found[1] == pytest.approx(77.93, abs=0.1)
    assert found[0] - found[1] == pytest.approx(5.51, abs=0.1)


def test_a_changed_figure_is_calibrated_anew(seeds, atlas, posteriors):
    from simmodel.posterior import Atlas

    jinchang = seeds.regions["jinchang"]
    kept = tuple(o for o in jinchang.observations if o.year != 2022)
    assert len(kept) < len(jinchang.observations)
    changed = Atlas(
        {**seeds.regions, "jinchang": jinchang.model_copy(update={"observations": kept})}
    )
    found = load(changed, seeds.directory)
    assert found.remade == ("jinchang", "jinchang.jinchuan", "jinchang.yongchang")
    i = NAMES.index("period_exit")
    before, after = posteriors.by_region["jinchang"], found.by_region["jinchang"]
    assert after.spread[i] > before.spread[i], "one observation fewer, a wider pace"


SEEDS = Path(__file__).resolve().parent.parent / "seeds"


def edited(key, place, value):
    """Return the shipped file with one number of Wuwei's replaced, or all of a key."""
    data = json.loads((SEEDS / NAME).read_text(encoding="utf-8"))
    if place is None:
        data["regions"]["wuwei"][key] = value
    else:
        data["regions"]["wuwei"][key][place] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "posterior.json:1: not JSON ("),
        ('{\n "version": 1,\n}', "posterior.json:3: not JSON ("),
        ("", "posterior.json:1: not JSON ("),
        ("[" * 100_000, "posterior.json:1: "),
        ("[]", "not a file of posteriors (version is missing"),
        ('{"version": 1, "parameters": []}', "not a file of posteriors (regions is missing"),
        (edited("mean", 2, math.nan), "wuwei: mean: arrivals: is not finite; found nan"),
        (edited("mean", 0, -math.inf), "wuwei: mean: rural_exit: is not finite; found -inf"),
        (edited("mean", 0, 51), "wuwei: mean: rural_exit: is absurd; found 51; allowed up to 50"),
        (edited("mean", 0, 10**400), "wuwei: mean: rural_exit: is absurd"),
        (edited("mean", 0, "x"), "wuwei: mean: rural_exit: is not a number; found 'x'"),
        (edited("mean", 0, True), "wuwei: mean: rural_exit: is not a number; found true"),
        (edited("mean", None, [0.0]), "wuwei: mean: has the wrong length; found 1; allowed 16"),
        (edited("covariance", None, []), "wuwei: covariance: has the wrong length; found 0"),
        (edited("covariance", None, "x"), "wuwei: covariance: is not a list; found 'x'"),
        (edited("covariance", 0, 101.0), "covariance: rural_exit with rural_exit: is absurd"),
        (edited("covariance", 1, math.nan), "local_retention with rural_exit: is not finite"),
        (edited("covariance", 0, -0.1), "wuwei: covariance: is not positive definite"),
        (edited("prior_spread", 0, 0), "wuwei: prior_spread: is not above 0"),
        (edited("figures", None, None), "wuwei: figures: is not the hash"),
    ],
    ids=range(20),
)
def test_a_broken_posterior_is_one_line(text, words, tmp_path, atlas):
    path = tmp_path / NAME
    path.write_text(text, encoding="utf-8")
    for act in (lambda: check(tmp_path), lambda: check(path), lambda: load(atlas, tmp_path)):
        with pytest.raises(SeedError) as caught:
            act()
        line = str(caught.value)
        assert line.startswith(str(path))
        assert words in line
        assert line.endswith("; make it with `simmodel calibrate`")
        assert "\n" not in line


def test_each_broken_region_has_its_line(tmp_path):
    data = json.loads((SEEDS / NAME).read_text(encoding="utf-8"))
    data["regions"]["gansu"] = 3
    del data["regions"]["wuwei"]["mean"]
    (tmp_path / NAME).write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(SeedError) as caught:
        check(tmp_path)
    first, second = str(caught.value).splitlines()
    assert "gansu: is not a mapping; found 3" in first
    assert "wuwei: mean: is not a list; found nothing" in second


def test_a_sound_posterior_or_none_passes(tmp_path):
    check(SEEDS)
    check(tmp_path)
    shutil.copy(SEEDS / NAME, tmp_path)
    check(tmp_path / NAME)
