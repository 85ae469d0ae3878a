from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simmodel.charts import figures
from simmodel.charts.labels import parts_of
from simmodel.charts.matrix import CLASSES, words_hold
from simmodel.charts.parallel_drawing import UNWANTED
from simmodel.charts.style import spread
from simmodel.errors import ScenarioError
from simmodel.judging.likelihood import LIKELIHOODS
from simmodel.kernel.growth_components import rate_change, urban_growth
from simmodel.texts import bilingual
from simmodel.variables import (
    COMPONENTS,
    DECIDED_BY,
    FLOWS,
    RATE_CHANGE,
    RURAL_LEDGER,
    URBAN_GROWTH,
    URBAN_LEDGER,
)
from tests.pictures import (
    all_texts,
    assert_every_character_has_a_glyph_with_mainland_letterforms,
    assert_writing_is_legible_inside_the_figure_and_apart,
    words,
)

LEVELS = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
NORMAL = np.array([-1.96, -1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645, 1.96])
REGIONS = {
    "wuwei": ("Wuwei", "武威市", 0.4701, 1464955),
    "linxia": ("Linxia", "临夏回族自治州", 0.3675, 2109800),
    "liupanshui": ("Liupanshui", "六盘水市", 0.4887, 3031602),
    "gansu": ("Gansu", "甘肃省", 0.5223, 25019831),
}
TITLES = {
    "trend": ("Current trend", "趋势延续", 0.0085),
    "retention_and_return": ("Local retention and return", "就近城镇化与返乡", 0.0112),
    "strong_counties": ("County seats as carriers", "以县城为重要载体", 0.0098),
    "slow_reclassification": ("Slower reclassification", "行政区划调整放缓", 0.0065),
    "provincial_pull": ("Provincial capital pulls", "省会集聚", 0.0081),
}
WORDS = [(0.1, "very unlikely"), (0.33, "unlikely"), (0.66, "about as likely as not")]


def projection(scenario="trend", horizon=2035):
    en, zh, pace = TITLES[scenario]
    years = np.arange(2020, horizon + 1)
    t = (years - 2020.0)[:, None]
    rates, totals = [], []
    for _, _, base, total in REGIONS.values():
        middle = base + (0.85 - base) / 0.36 * pace * t * (1 - 0.012 * t)
        rates.append(middle + 0.0045 * t**0.9 * NORMAL)
        totals.append(np.broadcast_to(total * (1 - 0.004 * t), (len(years), len(LEVELS))))
    rate, total = np.array(rates), np.array(totals)
    dims = ("region", "year", "quantile")
    flows = {v.name: flow(i, len(years), total[:, :1, 0]) for i, v in enumerate(FLOWS)}
    urban = (rate * total)[:, :1, 4] + gained(flows, URBAN_LEDGER)
    rural = ((1 - rate) * total)[:, :1, 4] + gained(flows, RURAL_LEDGER)
    arrays = np.stack([flows[v.name][:, 1:] for v in FLOWS], axis=2)[..., None]
    growth = urban_growth(arrays)[..., 0]
    change = rate_change(urban[..., None], rural[..., None], arrays)[..., 0]
    parts = [(URBAN_GROWTH, growth), (RATE_CHANGE, change)]
    nothing = np.full((len(REGIONS), 1), np.nan)
    return xr.Dataset(
        {
            **{f"{name}_mean": (dims[:2], values) for name, values in flows.items()},
            **{
                f"{variable.name}_mean": (dims[:2], np.hstack([nothing, values[:, i]]))
                for variables, values in parts
                for i, variable in enumerate(variables)
            },
            "urban_population_mean": (dims[:2], urban),
            "urbanization_rate_mean": (dims[:2], urban / (urban + rural)),
            "urbanization_rate": (dims, rate),
            "total_population": (dims, total),
            "urban_population": (dims, rate * total),
            "rural_population": (dims, (1 - rate) * total),
        },
        coords={
            "region": list(REGIONS),
            "year": years,
            "quantile": LEVELS,
            "name_en": ("region", [r[0] for r in REGIONS.values()]),
            "name_zh": ("region", [r[1] for r in REGIONS.values()]),
            DECIDED_BY: ("region", ["prior", "prior", "prior", "data"]),
        },
        attrs={"scenario": scenario, "title_en": en, "title_zh": zh, "draws": 2000},
    )


def registered_projection(horizon=2035):
    """The same with registered people of Linxia; of Wuwei only the absent are known."""
    ds = projection(horizon=horizon)
    t = (ds["year"].values - 2020.0)[:, None]
    rate = np.array([0.2815 + 0.0069 * t + 0.0003 * t * NORMAL, 0 * t + np.full(9, np.nan)])
    dims = ("registered_region", "year", "quantile")
    return ds.assign(
        registered_urban_rate=(dims, rate), registered_urban_rate_mean=(dims[:2], rate[..., 4])
    ).assign_coords(registered_region=["linxia", "wuwei"])


def gained(flows, formula):
    """Persons gained by the end of each year, (region, year)."""
    change = sum(
        (1 if term[0] == "+" else -1) * np.nan_to_num(flows[term[1:]]) for term in formula.split()
    )
    return np.cumsum(change, axis=1)


def flow(i, years, totals):
    """Mean flows (region, year) of some size; none in the base year, no change of boundaries."""
    shares = [6, 8, 2, 5, 5, 1, 4, 2, 6, 8, 3, 0.5, 0, 0]
    values = totals * shares[i] / 1000 * (1 + 0.02 * np.sin(i + np.arange(years)))
    values[:, 0] = np.nan
    return values


def verdict(region, indicator, year, comparison, target, probability, scenario="trend", **more):
    words = [w for bound, w in WORDS if probability is not None and probability < bound]
    word = "not modelled" if probability is None else (words or ["likely"])[0]
    return {
        "scenario": scenario,
        "region": region,
        "indicator": indicator,
        "year": year,
        "comparison": comparison,
        "target": target,
        "unit": "percent" if indicator == "urbanization_rate" else "persons",
        "probability": probability,
        "likelihood": word,
        "source": f"{region}_plan_2021_2035",
        **more,
    }


def rows(scenario="trend", lift=0.0):
    def p(x):
        return min(1.0, x + lift)

    rate, urban = "urbanization_rate", "urban_population"
    return [
        verdict("wuwei", rate, 2025, "~", 55.0, p(0.03), scenario),
        verdict("wuwei", rate, 2035, ">=", 65.0, p(0.12), scenario),
        verdict("wuwei", "new_urban_jobs", 2025, ">=", 75000.0, None, scenario),
        verdict("linxia", rate, 2025, ">=", 45.0, p(0.08), scenario),
        verdict("linxia", rate, 2026, ">=", 50.0, p(0.0), scenario),
        verdict("linxia", rate, 2035, "~", 60.0, p(0.02), scenario),
        verdict("linxia", urban, 2025, "~", 1e6, p(0.24), scenario),
        verdict("liupanshui", rate, 2025, ">=", 53.87, p(0.62), scenario),
        verdict("liupanshui", rate, 2025, ">=", 58.87, p(0.02), scenario),
        verdict("liupanshui", rate, 2035, "near", 64.1, p(0.41), scenario, relative_to="guizhou"),
        verdict("liupanshui", urban, 2025, "~", 2e6, p(0.005), scenario),
        verdict("liupanshui.panzhou", "urban_district_population", 2025, ">=", 5e5, p(0), scenario),
        verdict("gansu", rate, 2029, "~", 62.0, p(0.68), scenario),
    ]


def mark(region, year, value, vintage, indicator="urbanization_rate"):
    return {
        "region": region,
        "indicator": indicator,
        "year": year,
        "value": value,
        "vintage": vintage,
        "comparison": None,
    }


OLD, NEW = "pre_2020_census", "post_2020_census"
MARKS = [
    mark("wuwei", 2010, 27.51, "census"),
    mark("wuwei", 2020, 47.01, "census"),
    mark("gansu", 2011, 37.15, OLD),
    mark("gansu", 2015, 43.19, OLD),
    mark("gansu", 2016, 44.69, OLD),
    mark("gansu", 2017, 46.39, OLD),
    mark("gansu", 2018, 47.69, OLD),
    mark("gansu", 2019, 48.49, OLD),
    mark("gansu", 2020, 52.23, "census_2020"),
    mark("gansu", 2021, 53.33, NEW),
    mark("gansu", 2022, 54.19, NEW),
    mark("gansu", 2023, 55.49, NEW),
    mark("linxia", 2015, 31.02, OLD),
    mark("linxia", 2015, 627700, OLD, "urban_population"),
    mark("linxia", 2010, 23.98, "census"),
    mark("linxia", 2015, 569600, None, "registered_urban_population"),
    mark("linxia", 2020, 689300, None, "registered_urban_population"),
    mark("linxia", 2020, 28.15, None, "registered_urban_rate"),
    mark("wuwei", 2021, 48.1, NEW),
    mark("wuwei", 2022, 49.2, NEW),
]


def all_scenarios():
    return {name: projection(name) for name in TITLES}


def all_rows():
    return [row for i, name in enumerate(TITLES) for row in rows(name, 0.17 * i)]


DELIVERED = "if the measures deliver in full"
ASSUMED = "under the scenario's assumptions"


def if_delivered(some, condition=DELIVERED):
    """Rows with their probabilities made conditional."""
    return [
        row | {"likelihood": f"{condition}, {100 * row['probability']:.0f} of 100"}
        if row["probability"] is not None
        else row
        for row in some
    ]


def mixed_rows():
    assumed = if_delivered(rows("slow_reclassification"), ASSUMED)
    return [*rows(), *assumed, *if_delivered(rows("retention_and_return", 0.2))]


def every_chart():
    for region in REGIONS:
        yield f"fan_{region}", figures.fan(projection(), region, MARKS, rows())
        yield f"ledger_{region}", figures.ledger(projection(), region)
        yield f"waterfall_{region}", figures.waterfall(projection(), region)
        figure = figures.waterfall_difference(projection(), other_flows(), region)
        yield f"waterfall_difference_{region}", figure
        yield f"compare_{region}", figures.compare(all_scenarios(), region, all_rows(), MARKS)
    for region in ("linxia", "liupanshui"):
        figure = figures.urban_population_fan(projection(), region, MARKS, rows())
        yield f"urban_{region}", figure
    yield "registered", figures.registered(registered_projection(), "linxia", MARKS)
    yield "registered_short", figures.registered(registered_projection(2022), "linxia", MARKS)
    names = {name: f"{r[1]} {r[0]}" for name, r in REGIONS.items()}
    names["liupanshui.panzhou"] = "盘州市中心城区 Panzhou urban district"
    titles = {name: f"{t[1]}\n{t[0]}" for name, t in TITLES.items()}
    yield "matrix", figures.matrix(all_rows(), names, titles)
    yield "matrix_of_one", figures.matrix(rows(), names, titles)
    yield "matrix_of_conditions", figures.matrix(mixed_rows(), names, titles)
    yield "matrix_of_one_condition", figures.matrix(mixed_rows()[-len(rows()) :], names, titles)
    yield "fan_conditional", figures.fan(projection(), "linxia", MARKS, if_delivered(rows()))
    late = [row | {"probability": None, "likelihood": "beyond the horizon"} for row in rows()]
    cited = {"linxia_plan_2021_2035": "临夏州新型城镇化规划(2021-2035年) 临州办发〔2021〕107号" * 2}
    yield "fan_short", figures.fan(projection(horizon=2023), "linxia", MARKS, late, cited)
    yield "matrix_late", figures.matrix(late, names, titles)


@pytest.fixture(scope="module")
def drawn():
    return dict(every_chart())


def test_all_writing_is_legible_inside_the_figure_and_apart(drawn):
    assert_writing_is_legible_inside_the_figure_and_apart(drawn)


def test_every_character_has_a_glyph_with_mainland_letterforms(drawn):
    assert_every_character_has_a_glyph_with_mainland_letterforms(drawn)


def test_saving_twice_gives_the_same_bytes_and_no_date(tmp_path):
    for name in ("first", "second"):
        figure = figures.fan(projection(), "wuwei", MARKS, rows())
        png, svg, pdf = figures.save(figure, tmp_path / name, tuple(UNWANTED))
        assert figures.save(figure, tmp_path / name, tuple(UNWANTED)) == [png, svg, pdf]
    for suffix in UNWANTED:
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    assert b"dc:date" not in svg.read_bytes()
    assert b"Software" not in png.read_bytes()
    assert not re.search(rb"Date|matplotlib|Matplotlib", pdf.read_bytes())


def test_settings_of_the_user_neither_change_a_chart_nor_are_changed(tmp_path):
    figures.save(figures.fan(projection(), "wuwei", MARKS, rows()), tmp_path / "plain")
    with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "pink", "savefig.dpi": 30}):
        before = dict(mpl.rcParams)
        figures.save(figures.fan(projection(), "wuwei", MARKS, rows()), tmp_path / "odd")
        assert dict(mpl.rcParams) == before
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "odd.png").read_bytes()


def test_fan_shows_targets_with_their_probability():
    text = words(figures.fan(projection(), "wuwei", MARKS, rows()))
    assert "武威市 Wuwei" in text
    assert "≥ 65 %, 2035年\n12 of 100 每百次12次\nunlikely 不太可能" in text
    assert "≈ 55 %, 2025年\n3 of 100 每百次3次\nvery unlikely 很不可能" in text
    assert "census 2020 普查\n47.0 %" in text
    assert "95 of 100 below\n每百次95次低于此值" in text
    assert "45 %" not in text  # Linxia's


def test_sources_are_cited_as_printed_where_that_is_known():
    cited = {"wuwei_plan_2021_2035": "武政办发〔2022〕2号"}
    assert "Targets 目标: 武政办发〔2022〕2号" in words(
        figures.fan(projection(), "wuwei", MARKS, rows(), cited)
    )
    for chart, region in ((figures.fan, "wuwei"), (figures.urban_population_fan, "linxia")):
        text = words(chart(projection(), region, MARKS, rows(), {}))
        assert f"Targets 目标: {region}_plan_2021_2035" in text


def test_fan_leaves_the_targets_of_other_scenarios_aside():
    text = words(figures.fan(projection(), "wuwei", MARKS, rows("slow_reclassification", 0.5)))
    assert "65 %" not in text


def test_heads_are_counted_in_ten_thousands():
    text = words(figures.urban_population_fan(projection(), "linxia", MARKS, rows()))
    assert "≈ 100 万人, 2025年\n24 of 100 每百次24次" in text
    assert "census 2020 普查\n77.5 万人" in text
    assert "another vintage" in text


def test_registered_people_are_drawn_where_they_are_known(drawn):
    assert figures.registered_regions(registered_projection()) == ["linxia"]
    assert figures.registered_regions(projection()) == []
    text = words(drawn["registered"])
    assert "registered 2020 户籍\n28.15 %" in text
    assert "census 2020 普查\n36.8 %" in text
    assert "38.5 %  median 中位数\nof the registered 占户籍人口" in text
    assert "56.96 (2015) → 68.93 万 (2020)" in text
    assert "births and deaths" in text
    (square,) = (line for line in drawn["registered"].axes[0].lines if line.get_marker() == "s")
    assert list(zip(*square.get_data(), strict=True)) == [(2020, 28.15)]


def test_a_target_given_as_a_band_is_one_bracket():
    text = words(figures.fan(projection(), "liupanshui", MARKS, rows()))
    assert "53.87–58.87 %, 2025年\nlower end 下限: 62 of 100" in text
    assert "near Guizhou's 接近, 2035年" in text


def test_what_cannot_be_drawn_is_said():
    late = verdict("wuwei", "urbanization_rate", 2035, ">=", 65.0, None)
    late["likelihood"] = "beyond the horizon"
    near = verdict("wuwei", "urbanization_rate", 2028, "near", None, 0.41)
    text = words(figures.fan(projection(horizon=2030), "wuwei", MARKS, [late, near]))
    assert "≥ 65 %, 2035年 (beyond the horizon 超出预测期)" in text
    assert "near province's 接近全省, 2028年 (41 of 100" in text


@pytest.mark.parametrize(
    ("condition", "said"),
    [(DELIVERED, f"{DELIVERED} 以措施全部落实为前提"), (ASSUMED, f"{ASSUMED} 以情景假设为前提")],
)
def test_probabilities_of_other_scenarios_are_conditional(condition, said):
    row = verdict("wuwei", "urbanization_rate", 2035, ">=", 65.0, 0.3)
    (row,) = if_delivered([row], condition)
    text = words(figures.fan(projection(), "wuwei", MARKS, [row]))
    assert "65 %, 2035年\n30 of 100 每百次30次\n" in text
    assert f"Probabilities 概率: {said}" in text
    assert said in words(figures.matrix([row]))
    assert condition not in words(figures.matrix(rows()))


def test_words_of_likelihood_stand_for_the_trend_only(drawn):
    def said(name):
        text = words(drawn[name])
        return "很不可能" in text, words_hold() in text

    assert said("matrix_of_one") == (True, False)
    assert said("matrix_of_conditions") == (True, True)
    assert said("matrix_of_one_condition") == (False, False)
    text = words(drawn["matrix_of_conditions"])
    assert f"* {ASSUMED} 以情景假设为前提\n** {DELIVERED} 以措施全部落实为前提" in text
    assert "Slower\nreclassification *" in text
    assert "return **" in text
    assert all(bounds in text for _, _, bounds in CLASSES.values())


def test_matrix_is_as_wide_as_its_columns(drawn):
    for name in ("matrix", "matrix_of_one"):
        figure = drawn[name]
        width = figure.get_figwidth()
        right = max(p.get_window_extent().x1 for p in figure.axes[0].patches) / figure.dpi
        assert 0 < width - right < 0.3, name


def test_the_ledger_adds_up_to_the_change_of_the_urban_population():
    ds = projection()
    for region in REGIONS:
        change = np.diff(ds["urban_population_mean"].sel(region=region).values)
        parts = parts_of(ds, region, "urban_growth")
        np.testing.assert_allclose(sum(parts.values()), change, rtol=1e-9)
        figure = figures.ledger(ds, region)
        bars = [b for b in figure.axes[0].patches if b.get_height()]
        sums = [
            sum(b.get_height() for b in bars if round(b.get_x() + b.get_width() / 2) == year)
            for year in ds["year"].values[1:]
        ]
        np.testing.assert_allclose(sums, change / 1e4, rtol=1e-9)
        (net,) = (line for line in figure.axes[0].lines if line.get_marker() == "o")
        np.testing.assert_allclose(net.get_ydata(), change / 1e4, rtol=1e-9)


def test_every_component_has_a_name_in_the_charts():
    assert all(all(bilingual(f"charts.component.{one.name}")) for one in COMPONENTS)


def test_classes_of_the_matrix_are_those_of_the_verdicts():
    assert list(CLASSES) == [name for _, name in reversed(LIKELIHOODS)]


def other_flows():
    """Return a scenario with more internal and less external migration from the same base."""
    ds = projection("retention_and_return")
    for name, value in (("internal_migration", 900.0), ("external_migration", -400.0)):
        ds[f"urban_growth_{name}_mean"] = ds[f"urban_growth_{name}_mean"] + value
        ds[f"rate_change_{name}_mean"] = ds[f"rate_change_{name}_mean"] + value / 1e6
    years = xr.DataArray(np.arange(ds.sizes["year"]), dims="year")
    ds["urban_population_mean"] = ds["urban_population_mean"] + 500.0 * years
    ds["urbanization_rate_mean"] = ds["urbanization_rate_mean"] + 500.0 / 1e6 * years
    return ds


def spans(figure):
    """Where each bar of each panel of a waterfall starts and ends, from the top."""
    return [
        [
            (bar.get_x(), bar.get_x() + bar.get_width())
            for bar in sorted(ax.patches, key=lambda bar: bar.get_y())
        ]
        for ax in figure.axes
    ]


SHOWN = (("urban_population_mean", 1e-4), ("urbanization_rate_mean", 100.0))


@pytest.mark.parametrize("years", [None, (2025, 2030)])
def test_a_waterfall_leads_from_one_stock_to_the_other(years):
    ds = projection()
    start, end = years or (2020, 2035)
    for region in REGIONS:
        panels = spans(figures.waterfall(ds, region, years))
        for (name, scale), (first, *steps, last) in zip(SHOWN, panels, strict=True):
            stock = scale * ds[name].sel(region=region)
            assert first[1] == pytest.approx(float(stock.sel(year=start)))
            assert last[1] == pytest.approx(float(stock.sel(year=end)))
            assert len(steps) == 5  # boundaries do not change
            at = first[1]
            for before, after in steps:
                assert before == pytest.approx(at)
                at = after
            assert at == pytest.approx(last[1])


def test_a_waterfall_says_what_it_shows():
    text = words(figures.waterfall(projection(), "wuwei"))
    assert "武威市 Wuwei: urban growth 2020–2035" in text
    assert "Nil in all years 各年均为零: boundary change 区划调整" in text
    assert "do not start at zero 横轴不从零开始" in text
    assert "2020年" in text
    assert "2035年" in text


def test_bars_that_take_away_are_hatched():
    figure = figures.waterfall_difference(projection(), other_flows(), "wuwei")
    for bars in (ax.patches[2:] for ax in figure.axes):  # the first two are the stocks
        assert {bool(bar.get_hatch()) for bar in bars} == {True, False}
        assert all(bool(bar.get_hatch()) == (bar.get_width() < 0) for bar in bars)
    assert "Hatched 斜纹: takes away 减少" in words(figure)


def test_a_rate_that_rises_as_towns_lose_people_is_explained():
    ds = projection()
    for name, value in (("urban_growth", -5000.0), ("rate_change", 0.002)):
        ds[f"{name}_external_migration_mean"][:, 1:] = value
    said = "raises the rate where it takes a larger share of the villagers"
    assert said in words(figures.waterfall(ds, "wuwei"))
    ds["rate_change_external_migration_mean"][:, 1:] = -0.002
    assert said not in words(figures.waterfall(ds, "wuwei"))


@pytest.mark.parametrize("chart", [figures.waterfall, figures.ledger])
def test_a_split_that_the_prior_decides_is_said_to_be(chart):
    english, chinese = "decided by the prior, not by data", "由先验假定决定"
    text = words(chart(projection(), "wuwei"))
    assert english in text
    assert chinese in text
    text = words(chart(projection(), "gansu"))
    assert english not in text
    assert chinese not in text


def test_a_caller_may_know_better_who_decides():
    def said(region, prior_decides):
        figure = figures.waterfall(projection(), region, prior_decides=prior_decides)
        return "decided by the prior" in words(figure)

    assert said("gansu", True)
    assert not said("wuwei", False)


def test_a_difference_leads_from_one_scenario_to_the_other():
    one, two = projection(horizon=2033), other_flows()
    figure = figures.waterfall_difference(one, two, "linxia")
    for (name, scale), bars in zip(SHOWN, spans(figure), strict=True):
        first, last = (scale * float(ds[name].sel(region="linxia", year=2033)) for ds in (one, two))
        # Only internal and external migration differ; the second takes away.
        assert len(bars) == 4
        assert bars[0][1] == pytest.approx(first)
        assert bars[1][0] == pytest.approx(first)
        assert bars[1][1] == pytest.approx(bars[2][0])
        assert bars[2][1] == pytest.approx(last)
        assert bars[3][1] == pytest.approx(last)
    text = words(figure)
    assert "趋势延续\nCurrent trend" in text
    assert "就近城镇化与返乡\nLocal retention and return" in text


def test_a_difference_of_nothing_is_drawn_and_said():
    figure = figures.waterfall_difference(projection(), projection(), "wuwei")
    assert all(len(bars) == 2 for bars in spans(figure))
    assert "natural increase 自然增长; internal migration" in words(figure)
    assert "decided by the prior" not in words(figure)


@pytest.mark.parametrize("years", [(2019, 2030), (2030, 2030), (2030, 2025), (2020, 2036)])
def test_years_outside_the_projection_are_an_error(years):
    with pytest.raises(ScenarioError, match=rf"found {years[0]}, {years[1]}; allowed 2020 to 2035"):
        figures.waterfall(projection(), "wuwei", years)


def test_a_waterfall_of_an_unknown_region_is_an_error():
    with pytest.raises(ScenarioError, match="lanzhou is not in this projection"):
        figures.waterfall(projection(), "lanzhou")
    with pytest.raises(ScenarioError, match="lanzhou is not in this projection"):
        figures.waterfall_difference(projection(), projection(), "lanzhou")


def test_the_ledger_names_what_is_nil():
    text = words(figures.ledger(projection(), "wuwei"))
    assert "Nil in all years 各年均为零: boundary change 区划调整" in text
    assert "natural increase 自然增长" in text
    assert "net change 净变动" in text


def test_the_ledger_of_an_unknown_region_is_an_error():
    with pytest.raises(ScenarioError, match="lanzhou is not in this projection"):
        figures.ledger(projection(), "lanzhou")


@pytest.mark.parametrize("horizon", [2021, 2050, 2100])
def test_any_horizon_can_be_drawn(horizon):
    figure = figures.fan(projection(horizon=horizon), "gansu", [], [])
    assert str(horizon) in words(figure).split("\n")


def test_unknown_region_is_an_error_that_names_the_known_ones():
    with pytest.raises(ScenarioError, match=r"lanzhou is not in this projection; allowed wuwei"):
        figures.fan(projection(), "lanzhou", MARKS, rows())


def test_comparison_names_every_scenario_at_its_line():
    text = words(figures.compare(all_scenarios(), "linxia", all_rows(), MARKS))
    for en, zh, _ in TITLES.values():
        assert f"{zh}\n{en}" in text
    assert text.count("≥ 45 %, 2025年") == 1


def test_matrix_says_what_is_unknown():
    first, other = rows(), [row for row in rows("strong_counties") if row["region"] == "linxia"]
    first[1] |= {"probability": float("nan"), "likelihood": "not modelled"}
    figure = figures.matrix([*first, *other])
    cells = [t.get_text() for t in all_texts(figure)]
    assert cells.count("not modelled\n未建模") == 2
    assert cells.count("–") == len(rows()) - len(other)
    hatched = [p for p in figure.axes[0].patches if p.get_hatch()]
    assert len(hatched) == 2


def test_matrix_of_nothing_is_empty():
    assert "How surely" in words(figures.matrix([]))


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 50)), min_size=1, max_size=9))
def test_spread_keeps_gaps_and_leaves_alone_what_is_apart(pairs):
    heights, gaps = zip(*pairs, strict=True)
    placed = spread(heights, gaps)
    order = np.argsort(placed)
    needed = (np.array(gaps)[order][1:] + np.array(gaps)[order][:-1]) / 2
    assert np.all(np.diff(placed[order]) >= needed - 1e-6)
    wanted = np.array(heights)[order]
    if np.all(np.diff(wanted) > needed):
        np.testing.assert_allclose(placed, heights, atol=1e-9)
