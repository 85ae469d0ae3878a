"""What the charts say, in English and Chinese: measures, targets, chances and their conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .errors import ScenarioError, among
from .variables import DECIDED_BY, PRIOR

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
    "local_retention": ("local retention", "就近城镇化率（本地留驻）"),
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
        return f"{value:+.2g}".replace("-", "−") if value else "0"
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
    """Return the draws of a hundred that meet a target."""
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


def region_of(ds: xr.Dataset, region: str) -> xr.Dataset:
    """Return a region's part of a projection."""
    if region not in ds["region"].values:
        regions = among(map(str, ds["region"].values))
        raise ScenarioError(f"region {region} is not in this projection; allowed {regions}")
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
