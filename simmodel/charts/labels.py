"""What the charts say, in English and Chinese: measures, targets, chances and their conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..errors import ScenarioError, among, did_you_mean
from ..variables import DECIDED_BY, PRIOR

Row = Mapping[str, Any]

# Classes of probability: upper bound, word, its Chinese.
LIKELIHOODS: Final = (
    (0.10, "very unlikely", "很不可能"),
    (0.33, "unlikely", "不太可能"),
    (0.66, "about as likely as not", "或许可能"),
    (0.90, "likely", "可能"),
    (1.01, "very likely", "很可能"),
)
CHINESE_WORDS: Final = {
    "more likely than not": "多半可能",
    **{word: chinese for _, word, chinese in LIKELIHOODS},
}
# Why a target has no probability.
UNJUDGED: Final = {"not modelled": "未建模", "beyond the horizon": "超出预测期"}
# What a probability is conditional on, by the words a likelihood begins with.
CONDITIONS: Final = {
    "if the measures": "if the measures deliver in full 以措施全部落实为前提",
    "": "under the scenario's assumptions 以情景假设为前提",
}
# Levers of a scenario before a planner, English and Chinese.
LEVER_WORDS: Final = {
    "rural_exit": ("rural exit", "农村迁出强度"),
    "local_retention": ("local retention", "就近进城比重"),
    "arrivals": ("arrivals", "迁入人口"),
    "urban_out_migration": ("urban out-migration", "城镇人口外迁"),
    "reclassification": ("reclassification", "城乡划分调整"),
    "fertility": ("fertility", "生育水平"),
    "life_expectancy": ("life expectancy", "预期寿命"),
    "urban_registration": ("urban registration", "城镇落户"),
}
YEARS_ADDED: Final = ("life_expectancy",)  # the levers that add years; others multiply


def lever_value(lever: str, value: float) -> str:
    """Return a lever's value as a planner reads it.

    Examples
    --------
    >>> lever_value("arrivals", 1.0), lever_value("arrivals", 1.255)
    ('×1.0', '×1.25')
    >>> [lever_value("life_expectancy", years) for years in (2.0, 0.0, -1.5)]
    ['+2', '0', '−1.5']
    """
    if lever in YEARS_ADDED:
        return f"{value:+.2g}".replace("-", "−") if value != 0.0 else "0"
    text = f"{value:.2f}"
    return "×" + text.removesuffix("0")


# The components of urban growth, in the order of `variables.COMPONENTS`.
PART_NAMES: Final = {
    "natural_increase": "natural increase 自然增长",
    "internal_migration": "internal migration 区内迁移",
    "external_migration": "external migration 区外迁移",
    "reclassification": "reclassification 城乡划分调整",
    "programmes": "programmes 搬迁等项目",
    "boundary_change": "boundary change 区划调整",
}


# What an uncertain quantity of a region is called, English and Chinese.
QUANTITY_WORDS: Final = {
    "rural_exit": ("rural exit 2010–20", "2010–20年农村迁出率"),
    "local_retention": ("local retention 2010–20", "2010–20年就近进城比重"),
    "arrivals": ("arrivals 2010–20", "2010–20年迁入率"),
    "arrivals_urban_share": ("urban share of arrivals", "迁入人口城镇占比"),
    "urban_out_migration": ("urban departures 2010–20", "2010–20年城镇迁出率"),
    "return_to_villages": ("returns to villages", "返乡率"),
    "reclassification": ("reclassification 2010–20", "2010–20年城乡划分调整率"),
    "fertility_earlier": ("fertility of 2010", "2010年生育水平"),
    "fertility_middle": ("fertility of 2016", "2016年生育水平"),
    "fertility_base": ("fertility of 2020", "2020年生育水平"),
    "mortality": ("mortality", "死亡水平"),
    "period_exit": ("migration after 2020 over before", "2020年后迁移与此前之比"),
    "period_arrivals": ("arrivals after 2020 over before", "2020年后迁入与此前之比"),
    "period_reclassification": (
        "reclassification after 2020 over before",
        "2020年后城乡划分调整与此前之比",
    ),
    "period_fertility": ("fertility after 2020 over that of 2020", "2020年后生育与2020年之比"),
    "period_mortality": ("death rates after 2020 over the trend", "2020年后死亡与趋势之比"),
    "pace": ("pace over that expected", "城镇化步伐与预期之比"),
    "arrivals_factor": ("arrivals over those expected", "迁入与预期之比"),
    "departure_factor": ("urban departures over those expected", "城镇迁出与预期之比"),
    "fertility_factor": ("fertility over that expected", "生育与预期之比"),
    "mortality_factor": ("death rates over those expected", "死亡率与预期之比"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """What a chart shows, and how it is put before a reader.

    Parameters
    ----------
    variable : str
        Name in the Dataset, and of the indicator in verdicts and marks.
    scale, printed : float
        From the unit of the Dataset, and from that of verdicts and marks, to the one shown.
    name, short, axis, unit : str
        In the title, in a table, above the axis, and after a number.
    """

    variable: str
    scale: float
    printed: float
    name: str
    short: str
    axis: str
    unit: str

    def aim(self, value: float) -> str:
        """Return a target's value with the digits it has, at most two decimals.

        Examples
        --------
        >>> [RATE.aim(value) for value in (53.87, 62.5, 60.0)]
        ['53.87 %', '62.5 %', '60 %']
        """
        return f"{value:,.2f}".rstrip("0").rstrip(".") + self.unit

    def exact(self, value: float) -> str:
        """Return a result with one decimal."""
        return f"{value:,.1f}{self.unit}"


MEASURES: Final = {
    "urbanization_rate": Measure(
        "urbanization_rate",
        100.0,
        1.0,
        "urbanization rate 常住人口城镇化率",
        "rate 城镇化率",
        "percent of residents  占常住人口 %",
        " %",
    ),
    "urban_population": Measure(
        "urban_population",
        1e-4,
        1e-4,
        "urban population 城镇常住人口",
        "urban 城镇人口",
        "10 thousand persons  万人",
        " 万人",
    ),
    "total_population": Measure(
        "total_population",
        1e-4,
        1e-4,
        "resident population 常住人口",
        "total 常住人口",
        "10 thousand persons  万人",
        " 万人",
    ),
    "urban_district_population": Measure("", 1, 1e-4, "", "district 城区人口", "", " 万人"),
    "new_urban_jobs": Measure("", 1, 1e-4, "", "jobs 新增就业", "", " 万人"),
}
RATE: Final = MEASURES["urbanization_rate"]
URBAN: Final = MEASURES["urban_population"]
REGISTERED_RATE: Final = Measure(
    "registered_urban_rate",
    100.0,
    1.0,
    "urban registration 户籍人口城镇化率",
    "registered 户籍",
    "percent  %",
    " %",
)


def known(value: Any) -> bool:
    """Tell whether a cell of a table holds a number."""
    return value is not None and isfinite(value)


def same_aim(row: Row) -> tuple[str, str, int, str, float | None]:
    """Return what two verdicts on the same target share; another region's rate varies."""
    fixed = known(row["target"]) and row["comparison"] != "near"
    target = float(row["target"]) if fixed else None
    return str(row["region"]), str(row["indicator"]), int(row["year"]), row["comparison"], target


def aim_text(row: Row, measure: Measure) -> str:
    """Return what a target asks for, and when."""
    year = f"{int(row['year'])}年"
    if row["comparison"] == "near":
        if row.get("relative_to"):
            return f"near {str(row['relative_to']).capitalize()}'s 接近, {year}"
        return f"near province's 接近全省, {year}"
    sign = {">=": "≥", "~": "≈"}[row["comparison"]]
    return f"{sign} {measure.aim(float(row['target']) * measure.printed)}, {year}"


def unjudged(row: Row) -> tuple[str, str]:
    """Return why a target has no probability, in English and Chinese."""
    why = str(row.get("likelihood") or "not modelled")
    return why, UNJUDGED.get(why, "")


def of_hundred(probability: float) -> str:
    """Return the draws of a hundred that meet a target; what no draw met is not impossible.

    Examples
    --------
    >>> [of_hundred(p) for p in (0.0, 0.005, 0.26, 0.995, 1.0)]
    ['<1', '<1', '26', '>99', '>99']
    """
    number = round(100 * probability)
    return {0: "<1", 100: ">99"}.get(number, str(number))


def chance(row: Row) -> list[str]:
    """Return how surely a target is met: a count, and its word where the count is unconditional.

    Examples
    --------
    >>> chance({"probability": 0.24, "likelihood": "unlikely"})
    ['24 of 100 每百次24次', 'unlikely 不太可能']
    >>> chance({"probability": 0.001, "likelihood": "if the measures deliver in full, 0 of 100"})
    ['<1 of 100 每百次不到1次']
    >>> chance({"probability": None, "likelihood": "not modelled"})
    ['not modelled 未建模']
    """
    if not known(row["probability"]):
        return [" ".join(unjudged(row)).strip()]
    count = of_hundred(row["probability"])
    chinese = {"<1": "不到1次", ">99": "超过99次"}.get(count, f"{count}次")
    word = str(row.get("likelihood") or "")
    said = [f"{word} {CHINESE_WORDS[word]}"] if word in CHINESE_WORDS else []
    return [f"{count} of 100 每百次{chinese}", *said]


def condition(row: Row) -> str | None:
    """Return what the probability of a verdict is conditional on; None for that of the trend.

    Examples
    --------
    >>> condition({"likelihood": "under the scenario's assumptions, 37 of 100"})
    "under the scenario's assumptions 以情景假设为前提"
    >>> condition({"likelihood": "unlikely"})
    """
    said = str(row.get("likelihood") or "")
    if " of 100" not in said:
        return None
    return next(text for start, text in CONDITIONS.items() if said.startswith(start))


def conditions(rows: Sequence[Row]) -> list[str]:
    """Return each condition of some verdicts once."""
    found = (condition(row) for row in rows)
    return list(dict.fromkeys(text for text in found if text is not None))


@dataclass(frozen=True, slots=True)
class Limit:
    """What a box asks of one parameter.

    Parameters
    ----------
    en, zh : str
        What the parameter is called.
    low, high : float or None
        Ends of its range in the box, both included; None where there is none.
    yes_no : bool
        Whether it is something done (1) or not (0).

    Examples
    --------
    >>> Limit("arrivals", "迁入人口", 0.5, None).said()
    ('arrivals at least 0.5', '迁入人口不低于0.5')
    >>> Limit("the dam", "大坝", None, 0.0, True).said()
    ('the dam not carried out', '不实施大坝')
    """

    en: str
    zh: str
    low: float | None
    high: float | None
    yes_no: bool = False

    def said(self) -> tuple[str, str]:
        """Return the limit in words, English and Chinese."""
        low, high = self.low, self.high
        if self.yes_no:
            if low is not None and low > 0.0:
                return f"{self.en} carried out", f"实施{self.zh}"
            return f"{self.en} not carried out", f"不实施{self.zh}"
        if low is None:
            if high is None:
                return f"{self.en} anywhere in its range", f"{self.zh}不限"
            return f"{self.en} at most {number(high)}", f"{self.zh}不高于{number(high)}"
        if high is None:
            return f"{self.en} at least {number(low)}", f"{self.zh}不低于{number(low)}"
        if low == high:
            return f"{self.en} of {number(low)}", f"{self.zh}为{number(low)}"
        ends = number(low), number(high)
        return f"{self.en} from {ends[0]} to {ends[1]}", f"{self.zh}在{ends[0]}至{ends[1]}之间"


def box_sentence(
    aim: tuple[str, str], limits: Sequence[Limit], density: float, coverage: float, later: bool
) -> tuple[str, str]:
    r"""Say where in the ranges of a sweep a target is met.

    Parameters
    ----------
    aim : tuple of str
        The target, in English and Chinese, as the beginning of a sentence.
    limits : sequence of Limit
        Of the box; none where no part of the ranges sets itself apart.
    density, coverage : float
        Of the cases in the box, the share that meets the target; of those that meet it, the share
        in the box.
    later : bool
        Whether another box was told before.

    Returns
    -------
    tuple of str
        In English and Chinese.

    Examples
    --------
    >>> aim = ("Wuwei's target for 2025", "武威2025年目标")
    >>> en, zh = box_sentence(aim, [Limit("arrivals", "迁入人口", 0.5, None)], 0.92, 0.78, False)
    >>> print(en.replace(": ", ":\n"))
    Wuwei's target for 2025 is met in 92 of 100 cases with arrivals at least 0.5:
    78 of 100 cases that meet it.
    >>> print(zh)
    武威2025年目标：迁入人口不低于0.5时，每百种情形有92种达到，每百种达标情形有78种在此。
    """
    en, zh = aim
    if not limits:
        if not density > 0.0:
            return f"{en} is met in no case of the sweep.", f"{zh}：所有情形均未达到。"
        if density >= 1.0:
            return f"{en} is met in every case of the sweep.", f"{zh}：所有情形均达到。"
        count, chinese_count = of_hundred(density), _of_hundred_in_chinese(density)
        return (
            f"{en} is met in {count} of 100 cases, and no part of the ranges stands out.",
            f"{zh}：每百种情形有{chinese_count}种达到，没有哪个参数区间明显更有利。",
        )
    english, chinese = zip(*(limit.said() for limit in limits), strict=True)
    count, share = of_hundred(density), of_hundred(coverage)
    return (
        f"{en} is {'also ' if later else ''}met in {count} of 100 cases with "
        f"{' and '.join([', '.join(english[:-1]), english[-1]] if english[1:] else english)}: "
        f"{share} of 100 cases that meet it.",
        f"{zh}：{'此外，' if later else ''}{'，且'.join(chinese)}时，"
        f"每百种情形有{_of_hundred_in_chinese(density)}种达到，"
        f"每百种达标情形有{_of_hundred_in_chinese(coverage)}种在此。",
    )


def _of_hundred_in_chinese(share: float) -> str:
    count = of_hundred(share)
    return {"<1": "不到1", ">99": "超过99"}.get(count, count)


def number(value: float) -> str:
    """Return a parameter's value with the three digits that matter.

    Examples
    --------
    >>> [number(value) for value in (0.7, 1.0, 0.01234, -2.5, 12345.0, 1.4999)]
    ['0.7', '1', '0.0123', '−2.5', '12,345', '1.5']
    """
    if abs(value) >= 1000.0:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")


def region_of(ds: xr.Dataset, region: str) -> xr.Dataset:
    """Return a region's part of a projection."""
    if region not in ds["region"].values:
        regions = [str(name) for name in ds["region"].values]
        allowed = among(regions) + did_you_mean(region, regions)
        raise ScenarioError(f"region {region} is not in this projection; allowed {allowed}")
    return ds.sel(region=region)


def parts_of(ds: xr.Dataset, region: str, prefix: str) -> dict[str, NDArray[np.float64]]:
    """Return the mean of what each component adds to a region in every year after the first.

    Parameters
    ----------
    ds : Dataset
        Projection of one scenario.
    region : str
        Id of the region.
    prefix : {"urban_growth", "rate_change"}
        What it adds to.
    """
    here = region_of(ds, region)
    return {
        name: np.asarray(here[f"{prefix}_{name}_mean"].values[1:], float) for name in PART_NAMES
    }


def prior_decides_split(ds: xr.Dataset, region: str) -> bool:
    """Tell whether `DECIDED` holds of a region, as far as the projection says."""
    return DECIDED_BY in ds.coords and str(region_of(ds, region)[DECIDED_BY].item()) == PRIOR


def place_of(ds: xr.Dataset, region: str) -> str:
    """Return a region's name in both languages."""
    here = region_of(ds, region)
    return " ".join(str(here[key].item()) for key in ("name_zh", "name_en"))


def title_of(ds: xr.Dataset) -> str:
    """Return a scenario's title in both languages."""
    return f"{ds.attrs.get('title_en', '')} {ds.attrs.get('title_zh', '')}".strip()
