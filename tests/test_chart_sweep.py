"""Charts of sweeps that the core has analysed: what they say, whatever the sweep."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.patches import Rectangle

from simmodel.charts import sweep
from simmodel.charts.labels import BoxLimit, box_sentence, number
from simmodel.charts.parallel_drawing import UNWANTED, save
from simmodel.errors import ScenarioError
from simmodel.levers import LEVERS
from simmodel.sweeps.designs import Dimension, sample
from simmodel.sweeps.prim import discover
from simmodel.sweeps.sensitivity import importance, morris, one_at_a_time, sobol
from simmodel.texts import bilingual
from tests.pictures import (
    assert_every_character_has_a_glyph_with_mainland_letterforms,
    assert_writing_is_legible_inside_the_figure_and_apart,
    words,
)

RATE = "urbanization_rate"
YEARS = (2021, 2025, 2030, 2035)
RATES = [f"wuwei urbanization_rate {year}" for year in YEARS]
MET = "wuwei urbanization_rate 2025 met"
RELOCATION = (
    "programmes.liupanshui_geohazard_resettlement",
    "resettlement from places of geological hazard",
    "地质灾害避险搬迁",
)
LONG = (
    "levers.inner_mongolia_alxa_left_banner.urban_out_migration.2030",
    "Inner Mongolia, Alxa Left Banner: urban out-migration, from the knot of 2030 to that of 2035",
    "内蒙古自治区阿拉善盟阿拉善左旗：城镇人口外迁（二〇三〇年至二〇三五年路径节点之间）",
)


def named(count, long_names=False):
    """Parameters: the levers, a programme, then places with levers of their own."""
    lever_words = {name: bilingual(f"levers.{name}") for name in LEVERS}
    rows = [(f"levers.{name}", *words) for name, words in lever_words.items()]
    rows.insert(2, RELOCATION)
    rows += [
        (f"levers.place_{k}.{name}", f"Place {k}: {en}", f"某地{k}：{zh}")
        for k in range(1, 6)
        for name, (en, zh) in lever_words.items()
    ]
    if long_names:
        rows = [(f"{path}{k}", en, zh) for k, (path, en, zh) in enumerate([LONG] * count)]
    return rows[:count]


def dimensions_of(rows):
    return [
        Dimension(path, choices=(0.0, 1.0))
        if path.startswith("programmes.")
        else Dimension(path, 0.5, 1.5)
        for path, _, _ in rows
    ]


def rate_of(values):
    """Rates by year: a line in the first parameters, a product, a switch; the last do nothing."""
    weights = 0.04 * 0.75 ** np.arange(values.shape[1]) * (-1.0) ** np.arange(values.shape[1])
    weights[8:] = 0.0
    away = values - 1.0
    together = 0.06 * away[:, 0] * away[:, 1 % values.shape[1]]
    growth = np.array([0.05, 0.4, 0.8, 1.0])
    pace = growth[:, None] ** (1 + np.arange(values.shape[1]) % 3 / 2)  # (year, parameter)
    return 0.5 + away @ (pace * weights).T + growth * together[:, None] + 0.01 * growth


def swept(method, count=9, size=None, long_names=False, flat=False, met=None, second_order=True):
    """A sweep as it is written, of a model made up here."""
    rows = named(count, long_names)
    dimensions = dimensions_of(rows)
    size = (
        size
        or {"one_at_a_time": 1, "grid": 5, "morris": 20, "sobol": 256, "discovery": 1500}[method]
    )
    base = [0.0 if one.choices else 1.0 for one in dimensions]
    design = sample(method, size, dimensions, 1, second_order, base)
    rates = rate_of(design.values)
    if flat:
        rates = np.full_like(rates, 0.5)
    reached = rates[:, 1] >= np.quantile(rates[:, 1], 0.8) if met is None else met(design.values)
    outcomes = np.column_stack([rates, reached])
    kinds = ["value"] * len(YEARS) + ["met"]
    ds = xr.Dataset(
        {
            "design": (("run", "parameter"), design.values),
            "values": (("run", "outcome"), outcomes),
        },
        coords={
            "parameter": [path for path, _, _ in rows],
            "parameter_en": ("parameter", [en for _, en, _ in rows]),
            "parameter_zh": ("parameter", [zh for _, _, zh in rows]),
            "outcome": [*RATES, MET],
            "outcome_region": ("outcome", ["wuwei"] * 5),
            "outcome_indicator": ("outcome", ["urbanization_rate"] * 5),
            "outcome_year": ("outcome", [*YEARS, 2025]),
            "outcome_kind": ("outcome", kinds),
            "outcome_units": ("outcome", ["share"] * 5),
            "place_en": ("outcome", ["Wuwei"] * 5),
            "place_zh": ("outcome", ["武威市"] * 5),
        },
        attrs={
            "sweep": "wuwei_levers",
            "title_en": "All levers of Wuwei",
            "title_zh": "武威市全部杠杆",
            "method": method,
            "ensemble": "median parameters",
            "interval": "95 % percentile bootstrap, 200 resamples",
        },
    )
    low, high = np.transpose([one.ends for one in dimensions])
    ds["low_at"], ds["high_at"] = ("parameter", low), ("parameter", high)
    if method == "one_at_a_time":
        tables = one_at_a_time(outcomes)
    elif method == "morris":
        tables = morris(outcomes, design.steps, 200, 1)
    elif method == "sobol":
        tables = sobol(outcomes, count, second_order, 200, 1)
    elif method == "discovery":
        tables = discover(design.values, outcomes, 3) | importance(design.values, outcomes, 100, 1)
    else:
        tables = {}
    for name, table in tables.items():
        boxed = name.startswith("box") or name in ("density", "coverage", "mass")
        dims = (*(("box",) if boxed else ()), "outcome", "parameter", "parameter_2")
        ds[name] = (dims[: table.ndim], table)
    if method == "discovery":
        sentences(ds)
    return ds


def sentences(ds):
    told = {language: np.full(ds["density"].shape, "", dtype=object) for language in ("en", "zh")}
    for i, k in np.argwhere(np.isfinite(ds["density"].values)):
        part = ds.isel(box=i, outcome=k)
        limits = [
            BoxLimit(
                str(part["parameter_en"].values[j]),
                str(part["parameter_zh"].values[j]),
                *(
                    None if np.isnan(part[name].values[j]) else float(part[name].values[j])
                    for name in ("box_low", "box_high")
                ),
                str(part["parameter"].values[j]).startswith("programmes."),
            )
            for j in range(ds.sizes["parameter"])
            if np.isfinite([part["box_low"].values[j], part["box_high"].values[j]]).any()
        ]
        said = box_sentence(
            ("Wuwei's target for 2025", "武威2025年目标"),
            limits,
            float(part["density"]),
            float(part["coverage"]),
            i > 0,
        )
        for language, text in zip(told, said, strict=True):
            told[language][i, k] = text
    for language, table in told.items():
        ds[f"sentence_{language}"] = (("box", "outcome"), table)


def inside_of(values):
    return (values[:, 0] > 1.1) & (values[:, 1] < 1.0) & (values[:, 2] == 1.0)


def inside_of_two(values):
    return inside_of(values) | ((values[:, 3] > 1.2) & (values[:, 4] < 0.8))


def never(values):
    return np.zeros(len(values))


def always(values):
    return np.ones(len(values))


def every_chart():
    for name, more in {
        "levers": {},
        "one": {"count": 1},
        "many": {"count": 40},
        "long": {"count": 6, "long_names": True},
        "flat": {"flat": True},
    }.items():
        ds = swept("one_at_a_time", **more)
        yield f"tornado_{name}", sweep.tornado(ds, RATES[3])
        yield f"tornado_met_{name}", sweep.tornado(ds, MET)
        ds = swept("morris", **more)
        yield f"morris_{name}", sweep.morris(ds, RATES[3])
        yield f"morris_time_{name}", sweep.over_time(ds, "wuwei", RATE, "mu_star")
        ds = swept("sobol", **({"size": 64, "second_order": name != "many"} | more))
        for outcome in (RATES[3], MET):
            yield f"sobol_{outcome}_{name}", sweep.sobol(ds, outcome)
        for index in ("S1", "ST"):
            yield f"{index}_{name}", sweep.over_time(ds, "wuwei", RATE, index)
        ds = swept("discovery", **more)
        yield f"boxes_{name}", sweep.boxes(ds, MET)
        yield f"importance_{name}", sweep.importance(ds, MET)
        if name != "one":
            yield f"pairs_{name}", sweep.pairs(ds, MET)
    for met in (inside_of, inside_of_two, never, always):
        ds = swept("discovery", met=met)
        yield f"boxes_{met.__name__}", sweep.boxes(ds, MET)
        yield f"pairs_{met.__name__}", sweep.pairs(ds, MET)
        yield f"importance_{met.__name__}", sweep.importance(ds, MET)
    for name, more in {
        "7": {"size": 7},
        "21": {"size": 21},
        "long": {"size": 4, "long_names": True},
        "flat": {"flat": True},
    }.items():
        yield f"heatmap_{name}", sweep.heatmap(swept("grid", 2, **more), RATES[3])
    ds = swept("grid", 3, size=4)
    yield "heatmap_of_three", sweep.heatmap(ds, RATES[3], 0, 2)
    yield "heatmap_met", sweep.heatmap(ds, MET)


@pytest.fixture(scope="module")
def drawn():
    return dict(every_chart())


def test_all_writing_is_legible_inside_the_figure_and_apart(drawn):
    assert_writing_is_legible_inside_the_figure_and_apart(drawn)


def test_every_character_has_a_glyph_with_mainland_letterforms(drawn):
    assert_every_character_has_a_glyph_with_mainland_letterforms(drawn)


def test_saving_twice_gives_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        save(sweep.morris(swept("morris"), RATES[3]), tmp_path / f"morris_{name}", tuple(UNWANTED))
        save(sweep.pairs(swept("discovery"), MET), tmp_path / f"pairs_{name}", tuple(UNWANTED))
    for kind in ("morris", "pairs"):
        for suffix in UNWANTED:
            first, second = (tmp_path / f"{kind}_{n}.{suffix}" for n in ("first", "second"))
            assert first.read_bytes() == second.read_bytes()


def test_a_tornado_is_sorted_and_its_bars_end_at_the_outcomes():
    ds = swept("one_at_a_time")
    one = ds.sel(outcome=RATES[3])
    figure = sweep.tornado(ds, RATES[3])
    (ax,) = figure.axes
    size = np.maximum(abs(one["low"] - one["base"]), abs(one["high"] - one["base"])).values
    order = np.argsort(-size, kind="stable")
    shown = [label.get_text().split("\n")[-1] for label in ax.get_yticklabels()]
    assert shown == [str(ds["parameter_zh"].values[j]) for j in order]
    bars = [bar for bar in ax.patches if isinstance(bar, Rectangle)]
    ends = [100 * one[name].values[j] for j in order for name in ("low", "high")]
    np.testing.assert_allclose([bar.get_x() + bar.get_width() for bar in bars], ends)
    assert "base 基准 48.75 %" in words(figure)
    assert "yes 是" in words(figure)
    assert words(figure).count("no effect 无影响") == 1


def test_ends_on_the_same_side_of_the_base_do_not_hide_each_other():
    ds = swept("one_at_a_time", 2)
    ds["low"][3, 0], ds["high"][3, 0] = 0.6, 0.62
    bars = sweep.tornado(ds, RATES[3]).axes[0].patches[:2]
    spans = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in bars]
    assert spans[1][1] <= spans[0][0]


def test_targets_are_met_or_not_at_the_median_and_in_a_share_of_draws():
    ds = swept("one_at_a_time")
    assert "target met 1, not met 0" in words(sweep.tornado(ds, MET))
    text = words(sweep.tornado(ds.assign_attrs(ensemble="mean of 64 draws"), MET))
    assert "of 100 draws, those that meet the target" in text
    assert "mean of 64 draws 64次抽样的平均" in text
    text = words(sweep.pairs(swept("discovery").assign_attrs(ensemble="mean of 64 draws"), MET))
    assert "meets the target in half of the draws or more 达到（半数及以上模拟）" in text


def test_every_index_drawn_is_the_one_in_the_dataset():
    ds = swept("sobol")
    one = ds.sel(outcome=RATES[3])
    figure = sweep.sobol(ds, RATES[3])
    order = np.argsort(-one["ST"].values, kind="stable")
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(widths, [*one["S1"].values[order], *one["ST"].values[order]])
    text = words(figure)
    for name in ("S1", "ST"):
        for j in order:
            ends = (float(one[f"{name}{end}"].values[j]) for end in ("", "_low", "_high"))
            share, low, high = (f"{end:z.2f}".replace("-", "−") for end in ends)
            assert f"{share}  ({low} to {high})" in text
    assert f"一阶合计: {float(one['S1'].sum()):.2f} of 1" in text
    assert "95 % percentile bootstrap, 200 resamples" in text


def test_a_sure_interaction_is_told_in_words():
    ds = swept("sobol")
    ds["S2"][3, 0, 1], ds["S2_low"][3, 0, 1], ds["S2_high"][3, 0, 1] = 0.21, 0.15, 0.27
    text = words(sweep.sobol(ds, RATES[3]))
    assert "rural exit × local retention 农村迁出强度 × 就近进城比重 0.21 (0.15 to 0.27)" in text


def test_morris_numbers_stand_for_parameters_with_their_effects():
    ds = swept("morris")
    one = ds.sel(outcome=RATES[3])
    text = words(sweep.morris(ds, RATES[3]))
    j = int(one["mu_star"].values.argmax())
    low, high = (number(100 * one[f"mu_star_{end}"].values[j]) for end in ("low", "high"))
    said = f"{number(100 * one['mu_star'].values[j])} ({low} to {high})"
    assert f"{ds['parameter_zh'].values[j]}  {said}" in text
    assert "Without a number: 1 of less effect" in text


def test_indices_over_time_run_through_the_indices_of_each_year():
    ds = swept("sobol")
    (ax,) = sweep.over_time(ds, "wuwei", RATE).axes
    lines = {tuple(np.round(line.get_ydata(), 9)) for line in ax.lines}
    assert lines == {tuple(np.round(ds["ST"].values[:4, j], 9)) for j in range(9)}
    with pytest.raises(ScenarioError, match="no outcome of linxia is urbanization_rate"):
        sweep.over_time(ds, "linxia", RATE)


def test_a_heatmap_shows_each_cell_once():
    ds = swept("grid", 2, size=3)
    figure = sweep.heatmap(ds, RATES[3])
    cells = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(cells.T.ravel(), 100 * ds["values"].sel(outcome=RATES[3]))
    of_three = sweep.heatmap(swept("grid", 3, size=3), RATES[3])
    assert "Mean over all values of 取平均: resettlement" in words(of_three)


def test_boxes_are_told_with_their_measures_and_limits():
    ds = swept("discovery", met=inside_of_two)
    figure = sweep.boxes(ds, MET)
    text = words(figure)
    for i in range(2):
        density, coverage, mass = (
            100 * float(ds[name][i, 4]) for name in ("density", "coverage", "mass")
        )
        measures = f"密度 {density:.0f} %   coverage 覆盖 {coverage:.0f} %   mass 占比 {mass:.0f} %"
        assert f"box {i + 1} 箱{i + 1}:   density {measures}" in text
    assert number(float(ds["box_low"][0, 4, 0])) in text
    assert "is also met in" in text.replace("\n", " ")


def test_without_a_box_the_chart_says_so():
    ds = swept("discovery", flat=True, met=lambda values: np.arange(len(values)) % 7 == 0)
    assert "no part of the ranges stands out" in words(sweep.boxes(ds, MET))
    assert "no part of the ranges stands out" in words(sweep.pairs(ds, MET))
    none = swept("discovery", met=never)
    assert "is met in no case of the sweep" in words(sweep.boxes(none, MET))
    assert "No run meets the target" in words(sweep.importance(none, MET))


def test_pairs_draw_a_box_where_it_has_limits():
    ds = swept("discovery", met=inside_of)
    figure = sweep.pairs(ds, MET)
    assert len(figure.axes) == 3
    (box,) = figure.axes[0].patches
    assert box.get_x() == pytest.approx(float(ds["box_low"][0, 4, 0]))
    assert box.get_y() + box.get_height() == pytest.approx(float(ds["box_high"][0, 4, 1]))
    with pytest.raises(ScenarioError, match="needs two parameters; found 1"):
        sweep.pairs(swept("discovery", 1), MET)


def test_pairs_count_the_limited_parameters_they_leave_out():
    ds = swept("discovery", met=inside_of_two)
    assert "Not drawn: 1 more with limits." in words(sweep.pairs(ds, MET))


def test_an_unknown_outcome_is_refused():
    with pytest.raises(ScenarioError, match=r"Did you mean wuwei urbanization_rate 2035\?"):
        sweep.sobol(swept("sobol", size=64), "wuwei urbanisation_rate 2035")


def test_boxes_in_words():
    aim = ("The target", "目标")
    assert (
        box_sentence(aim, [], 1.0, 1.0, False)[0] == "The target is met in every case of the sweep."
    )
    built = BoxLimit("the dam", "大坝", 1.0, None, True)
    middle = BoxLimit("arrivals", "迁入人口", 1.0, 1.0)
    en, zh = box_sentence(aim, [built, middle], 0.999, 0.004, True)
    assert en == (
        "The target is also met in >99 of 100 cases with the dam carried out and arrivals of 1: "
        "<1 of 100 cases that meet it."
    )
    assert zh == (
        "目标：此外，实施大坝，且迁入人口为1时，每百种情形有超过99种达到，"
        "每百种达标情形有不到1种在此。"
    )
