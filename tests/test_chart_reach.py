"""The reachability map: what is drawn where, in words that fit and do not overlap."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.contour import QuadContourSet

from simmodel.charts.parallel_drawing import UNWANTED, save
from simmodel.charts.reachability import ReachGrid, reach_map
from simmodel.charts.style import INK, RED
from tests.pictures import (
    assert_every_character_has_a_glyph_with_mainland_letterforms,
    assert_writing_is_legible_inside_the_figure_and_apart,
    words,
)

X, Y = np.linspace(0.6, 2.2, 17), np.linspace(0.5, 2.0, 16)
REFERENCE = (
    "67 Chinese prefectures that started at 40–55 % in 2010 (to 2020); counties have no table of "
    "their own",
    "2010年城镇化率40–55 %的67个中国地级单位（2010—2020年）；县级无对应资料，以地级单位代替",
)


def smooth(**changes):
    """Probability (x + y - 1.1) / 3.1 and percentile 40 (x + y - 1.1), so that lines are known."""
    total = np.add.outer(Y, X) - 1.1
    grid = ReachGrid(
        place="武威市 Wuwei",
        aim="≈ 55 %, 2025年",
        levers=("local_retention", "rural_exit"),
        values=(X, Y),
        probability=total / 3.1,
        percentile=40.0 * total,
        reference=REFERENCE,
        base=(1.0, 1.0),
        solution=(1.4, 1.25),
        asked=0.5,
        marked=[("plan as written 规划方案", 1.9, 1.1)],
        frontier=None,
        draws=2000,
        scenario_title="Trend 趋势情景",
    )
    return replace(grid, **changes)


def every_grid():
    flat, years = np.ones((16, 17)), np.linspace(-2.0, 5.0, 17)
    rising = smooth().probability
    yield "smooth", smooth()
    yield "frontier", smooth(frontier=np.column_stack([X, 2.65 - X]), asked=0.9)
    yield "plateau", smooth(probability=np.minimum(rising, 0.4), solution=None)
    yield (
        "zero",
        smooth(probability=0.0 * flat, percentile=np.nan * flat, solution=None, marked=[]),
    )
    yield "one", smooth(probability=flat, percentile=100.0 * flat, solution=(1.0, 1.0))
    yield "slow", smooth(percentile=0.0 * flat)
    yield "partly", smooth(percentile=np.where(rising < 0.3, np.nan, 60.0))
    yield (
        "years",
        smooth(
            levers=("life_expectancy", "urban_out_migration"),
            values=(years, Y),
            base=(0.0, 1.0),
            solution=(2.5, 1.8),
            marked=[
                ("far away 远处", 9.0, 1.0),
                ("retention and return of those who left 就近城镇化与返乡", 2.0, 0.6),
                ("another 另一方案", 2.2, 0.62),
            ],
            notes=["A caveat that takes more than one line. " * 4, "另一行说明"],
        ),
    )


@pytest.fixture(scope="module")
def drawn():
    return {name: reach_map(grid) for name, grid in every_grid()}


def contours(figure, *, filled):
    sets = [c for c in figure.axes[0].collections if isinstance(c, QuadContourSet)]
    return [c for c in sets if c.filled == filled]


def lines_at(figure, level):
    return [c for c in contours(figure, filled=False) if c.levels[0] == pytest.approx(level)]


def vertices(lines):
    return np.vstack([path.vertices for line in lines for path in line.get_paths()])


def test_all_writing_is_legible_inside_the_figure_and_apart(drawn):
    assert_writing_is_legible_inside_the_figure_and_apart(drawn)


def test_every_character_has_a_glyph_with_mainland_letterforms(drawn):
    assert_every_character_has_a_glyph_with_mainland_letterforms(drawn)


def test_saving_twice_gives_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        save(reach_map(smooth()), tmp_path / name, tuple(UNWANTED))
    for suffix in UNWANTED:
        one, two = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        assert one.read_bytes() == two.read_bytes()


def test_the_line_asked_for_lies_where_the_probability_is(drawn):
    """At 0.5 the two multipliers sum to 2.65."""
    found = lines_at(drawn["smooth"], 0.5)
    assert len(found) == 2  # a white edge and the line on it
    np.testing.assert_allclose(vertices(found).sum(axis=1), 2.65, atol=1e-9)
    assert "50: asked for 要求的可能性" in words(drawn["smooth"])


def test_a_frontier_takes_the_place_of_the_line_read_off_the_grid(drawn):
    figure = drawn["frontier"]
    assert not lines_at(figure, 0.9)
    (line,) = [
        line
        for line in figure.axes[0].lines
        if line.get_color() == INK and len(line.get_xdata()) > 2
    ]
    np.testing.assert_allclose(line.get_xdata() + line.get_ydata(), 2.65)


def test_the_envelope_lies_where_regions_have_been(drawn):
    """Percentiles 50, 90 and 100 where the multipliers sum to 2.35, 3.35 and 3.6."""
    figure = drawn["smooth"]
    for percent, total in ((50.0, 2.35), (90.0, 3.35), (100.0, 3.6)):
        (line,) = lines_at(figure, percent)
        np.testing.assert_allclose(vertices([line]).sum(axis=1), total, atol=1e-6)
    (hatched,) = [c for c in contours(figure, filled=True) if any(c.hatches)]
    assert same_color(hatched.get_edgecolor(), RED)
    assert vertices([hatched]).sum(axis=1).min() == pytest.approx(3.6, abs=1e-6)


def test_nothing_is_hatched_where_paces_have_been_seen(drawn):
    for name in ("slow", "partly", "zero"):
        assert not [c for c in contours(drawn[name], filled=True) if any(c.hatches)], name
    (everywhere,) = [c for c in contours(drawn["one"], filled=True) if any(c.hatches)]
    np.testing.assert_allclose(np.ptp(vertices([everywhere]), axis=0), [1.6, 1.5])


def test_classes_of_probability_have_their_bounds(drawn):
    (classes,) = [c for c in contours(drawn["smooth"], filled=True) if not any(c.hatches)]
    np.testing.assert_allclose(classes.levels[1:5], [0.10, 0.33, 0.66, 0.90])
    text = words(drawn["smooth"])
    for line in ("<10  very unlikely 很不可能", ">90  very likely 很可能"):
        assert line in text


def test_a_map_without_the_probability_asked_for_says_so(drawn):
    assert "Nowhere on this map is the aim met in 50 of 100" in words(drawn["plateau"])
    assert "图内各点均达不到每百次50次" in words(drawn["zero"])
    assert "Everywhere on this map the aim is met in 50 of 100" in words(drawn["one"])
    assert "on this map" not in words(drawn["smooth"])


def test_without_paces_of_others_the_map_names_none(drawn):
    text = words(drawn["zero"])
    assert "无可比的历史速度" in text
    assert "67 Chinese" not in text
    assert "无先例" not in text
    assert "无先例" in words(drawn["smooth"])
    assert "67 Chinese" in words(drawn["smooth"])


def test_points_and_their_words(drawn):
    text = words(drawn["smooth"])
    assert "least effort 最小力度\n×1.4 · ×1.25" in text
    assert "as it stands 现情景" in text
    points = {tuple(line.get_xydata()[0]) for line in drawn["smooth"].axes[0].lines}
    assert {(1.0, 1.0), (1.4, 1.25), (1.9, 1.1)} <= points
    assert "least effort" not in words(drawn["plateau"])


def test_points_off_the_map_are_named_below_it(drawn):
    assert "Outside the map 图外: far away 远处 (+9, ×1.0)" in words(drawn["years"])
    points = {tuple(line.get_xydata()[0]) for line in drawn["years"].axes[0].lines}
    assert (9.0, 1.0) not in points
    assert "Outside the map" not in words(drawn["smooth"])


def test_axes_are_in_the_planners_words(drawn):
    ax = drawn["years"].axes[0]
    assert ax.get_xlabel() == "life expectancy 预期寿命, years added 增加岁数"
    assert ax.get_ylabel() == "urban out-migration 城镇人口外迁, times the calibrated 校准值的倍数"
    assert {"−2", "0", "+2"} <= {t.get_text() for t in ax.get_xticklabels()}
    assert "×1.0" in {t.get_text() for t in ax.get_yticklabels()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"probability": np.zeros((17, 16))},
            r"probability: shape \(17, 16\), expected \(16, 17\)",
        ),
        ({"percentile": np.zeros(17)}, r"percentile: shape \(17,\), expected \(16, 17\)"),
        ({"values": (X[::-1], Y)}, "values of local_retention: expected two or more, each above"),
        (
            {
                "values": (X, Y[:1]),
                "probability": np.zeros((1, 17)),
                "percentile": np.zeros((1, 17)),
            },
            "values of rural_exit: expected two or more",
        ),
    ],
    ids=range(4),
)
def test_shapes_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        smooth(**changes)
