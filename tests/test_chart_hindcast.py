from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from simmodel.charts.hindcast import MOST_NAMED, NAME, forecast_figure, skill_figure
from simmodel.charts.parallel_drawing import UNWANTED, save
from simmodel.texts import bilingual, keys
from simmodel.validation.forecasts import LEVELS, MEDIAN, Forecast
from simmodel.validation.scores import Scored, score
from tests.pictures import (
    assert_every_character_has_a_glyph_with_mainland_letterforms,
    assert_writing_is_legible_inside_the_figure_and_apart,
    words,
)

PROVINCES = ["甘肃省 Gansu", "贵州省 Guizhou", "内蒙古自治区 Inner Mongolia", "青海省 Qinghai"]


def hindcast(units, method="simmodel", spread=0.12, bias=0.0, levels=LEVELS, seed=1):
    """Forecasts in logit whose errors have the standard deviation 0.12 (about 3 points)."""
    generator = np.random.default_rng(seed)
    middle = np.sort(generator.uniform(-1.5, 2.0, units))
    counted = middle + 0.12 * generator.standard_normal(units)
    shifts = bias + spread * norm.ppf(levels)
    return [
        Scored(
            method,
            f"unit_{i}",
            f"province_{i % 11}",
            float(1 / (1 + np.exp(-counted[i]))),
            Forecast(
                method,
                f"unit_{i}",
                2020.0,
                levels,
                1 / (1 + np.exp(-(middle[i] + shifts))),
                np.full(len(levels), 1e6),
            ),
        )
        for i in range(units)
    ]


def names(units):
    return {f"unit_{i}": PROVINCES[i % len(PROVINCES)] for i in range(units)}


def figure_of(scored, **more):
    return forecast_figure(scored, score(scored), 2010.0, **more)


def methods(units=31, **ours):
    """Scores of every method: ours the best, the last for fewer units."""
    named = [key.partition("method.")[2] for key in keys("charts")]
    points = [name for name in named if name and name != "simmodel"]
    scores = [score(hindcast(units, **ours))]
    for i, name in enumerate(points):
        fewer = units if name != "hamilton_perry" else max(units - 12, 1)
        scored = hindcast(units, name, bias=-0.08 * (len(points) - i), levels=MEDIAN)
        scores.append(score(scored[:fewer]))
    return scores


def every_chart():
    yield "rows_31", figure_of(hindcast(31), names=names(31))
    yield "rows_40_narrow", figure_of(hindcast(40, spread=0.04), names=names(40))
    yield "rows_1", figure_of(hindcast(1))
    yield (
        "rows_long",
        figure_of(
            hindcast(3),
            names={"unit_0": "linxia_hui_autonomous_prefecture_of_gansu", "unit_1": "州" * 40},
        ),
    )
    yield "rows_points", figure_of(hindcast(12, "linear", levels=MEDIAN))
    yield "scatter_342", figure_of(hindcast(342), names=names(342))
    yield "scatter_narrow", figure_of(hindcast(120, spread=0.06), names=names(120))
    yield "scatter_points", figure_of(hindcast(90, "another_method", levels=MEDIAN))
    yield "skill", skill_figure(methods(), 2010.0, 2020.0)
    yield "skill_342", skill_figure(methods(342), 2010.0, 2020.5)
    yield "skill_narrow", skill_figure(methods(342, spread=0.06), 2010.0, 2020.0)
    yield "skill_without_ours", skill_figure(methods()[1:], 2010.0, 2020.0)
    yield "skill_of_one", skill_figure(methods(1)[:1], 2010.0, 2020.0)


@pytest.fixture(scope="module")
def drawn():
    return dict(every_chart())


def test_all_writing_is_legible_inside_the_figure_and_apart(drawn):
    assert_writing_is_legible_inside_the_figure_and_apart(drawn)


def test_every_character_has_a_glyph_with_mainland_letterforms(drawn):
    assert_every_character_has_a_glyph_with_mainland_letterforms(drawn)


def test_saving_twice_gives_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        save(figure_of(hindcast(31)), tmp_path / f"forecast_{name}", tuple(UNWANTED))
        save(skill_figure(methods(), 2010.0, 2020.0), tmp_path / f"skill_{name}", tuple(UNWANTED))
    for kind in ("forecast", "skill"):
        for suffix in UNWANTED:
            first, second = (tmp_path / f"{kind}_{n}.{suffix}" for n in ("first", "second"))
            assert first.read_bytes() == second.read_bytes()


def test_forecasts_are_captioned_with_their_scores():
    scored = hindcast(31)
    one, text = score(scored), words(figure_of(scored, names=names(31)))
    low, high = one.intervals["mae"]
    assert "Forecast and count, 2020 预测与实际" in text
    assert "this model 本模型: from what was known in 2010  只用2010年及以前的数据" in text
    assert f"error {one.mae:.2f} points (90 % bootstrap interval {low:.2f} to {high:.2f})" in text
    assert f"Counts within the 80 % interval: {100 * one.coverage80:.0f} % of units" in text
    assert f"平均绝对误差{one.mae:.2f}个百分点" in text


def test_each_unit_has_a_row_with_its_error_and_the_highest_count_is_on_top():
    scored = hindcast(31)
    (ax,) = figure_of(scored, names={"unit_3": "武威市 Wuwei"}).axes
    rows = [label.get_text() for label in ax.get_yticklabels()]
    highest = max(scored, key=lambda one: one.observed)
    assert len(rows) == 31
    assert rows[-1] == highest.unit
    assert "武威市 Wuwei" in rows
    error = 100 * (highest.forecast.quantile(0.5) - highest.observed)
    texts = {t.xy[1]: t.get_text() for t in ax.texts}
    assert float(texts[30].replace("−", "-")) == pytest.approx(error, abs=0.051)


def test_long_names_are_cut_with_a_mark():
    text = words(figure_of(hindcast(2), names={"unit_0": "Prefecture " * 9}))
    assert "Prefecture Prefecture…" in text
    text = words(figure_of(hindcast(2), names={"unit_0": "x" * 60}))
    assert f"\n{'x' * NAME}…\n" in text


def test_counts_outside_are_red_and_only_then_in_the_key():
    assert "outside 95 % 区间外" in words(figure_of(hindcast(31, spread=0.02)))
    assert "outside 95 % 区间外" not in words(figure_of(hindcast(31, spread=0.5)))
    assert "outside 95 % 区间外" not in words(figure_of(hindcast(31, "linear", levels=MEDIAN)))


def test_many_units_are_points_of_which_the_furthest_outside_are_named():
    scored = hindcast(342)
    figure = figure_of(scored)
    text = words(figure)
    gaps = {
        one.unit: max(
            one.forecast.quantile(0.025) - one.observed, one.observed - one.forecast.quantile(0.975)
        )
        for one in scored
    }
    furthest = sorted(gaps, key=gaps.get, reverse=True)[:MOST_NAMED]
    assert {t for t in text.split("\n") if t.startswith("unit_")} == set(furthest)
    assert "斜线上方为预测偏高" in text
    assert figure.axes[0].get_xlim() == figure.axes[0].get_ylim()


def test_a_point_forecast_has_no_intervals_in_key_or_caption():
    text = words(figure_of(hindcast(12, "linear", levels=MEDIAN)))
    assert "straight line 线性外推" in text
    assert "% interval 区间" not in text
    assert "Counts within" not in text


def test_methods_are_sorted_with_the_best_on_top():
    scores = methods()
    left, right = skill_figure(scores, 2010.0, 2020.0).axes
    best_last = sorted(scores, key=lambda one: -one.mae)
    assert [label.get_text() for label in left.get_yticklabels()] == [
        "\n".join(bilingual(f"charts.method.{one.method}")) for one in best_last
    ]
    assert f"{best_last[-1].mae:.2f}" in [t.get_text() for t in left.texts]
    assert sum(patch.get_height() for patch in right.patches[1:]) == 31


def test_unequal_numbers_of_units_are_warned_of():
    scores = methods()
    warning = "地区数不同的方法，误差不可直接比较"
    assert warning in words(skill_figure(scores, 2010.0, 2020.0))
    equal = [one for one in scores if one.n == 31]
    assert warning not in words(skill_figure(equal, 2010.0, 2020.0))


def test_the_band_holds_a_calibrated_bar_nine_times_of_ten():
    _, right = skill_figure(methods(342), 2010.0, 2020.0).axes
    band = right.patches[0]
    low, high = band.get_y(), band.get_y() + band.get_height()
    bars = np.random.default_rng(3).binomial(342, 0.1, 20000)
    assert 0.9 <= np.mean((bars >= low) & (bars <= high)) < 0.94


def test_without_our_method_there_is_no_histogram():
    assert len(skill_figure(methods()[1:], 2010.0, 2020.0).axes) == 1


def test_the_comparison_says_what_was_resampled():
    ours = hindcast(31)
    alone = [replace(one, block="china") for one in ours]
    assert "by blocks of units" in words(skill_figure([score(ours)], 2010.0, 2020.0))
    assert "unit by unit" in words(skill_figure([score(alone)], 2010.0, 2020.0))
