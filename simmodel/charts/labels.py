"""What the charts say of indicators, targets, chances and the ranges of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..errors import ScenarioError, among, did_you_mean
from ..indicators import INDICATORS
from ..judging import likelihood
from ..levers import LEVERS
from ..texts import LANGUAGES, NOTHING, Bilingual, bilingual, both, has, say, text
from ..variables import COMPONENTS, DECIDED_BY, PRIOR, WAN

Row = Mapping[str, Any]

# What a probability may be conditional on, by the words that a likelihood then begins with.
CONDITIONS: Final = ("probability.if_delivered", "probability.under_assumptions")


def apart(key: str, /, **values: object) -> str:
    """Return a text in both languages, with two spaces between, as along an axis."""
    return "  ".join(bilingual(key, **values))


def around(key: str, value: object) -> str:
    """Return a label with a value between its English and its Chinese.

    Examples
    --------
    >>> around("probability.likely", 2020).split()[:2]
    ['likely', '2020']
    """
    return f" {value} ".join(bilingual(key))


def labelled(key: str, value: object) -> str:
    """Return a value after its label in both languages."""
    return f"{both(key)}: {value}"


def bands_note() -> str:
    """Return what two bands are."""
    return labelled("charts.bands", f"50 %, 90 % {both('charts.of_draws')}")


def method_note() -> str:
    """Return where the method is written."""
    return labelled("charts.method_note", "docs/model.md.")


def with_draws(key: str, draws: int | None) -> tuple[str, str]:
    """Return a note in English, with the number of draws where it is known, and in Chinese."""
    count = "" if draws is None else f" ({draws:,})"
    return text(key, "en", count=count), text(key, "zh", count="")


def year_text(year: float) -> str:
    """Return a year as Chinese writes it."""
    return text("charts.year", "zh", year=f"{year:.0f}")


def component_name(name: str) -> str:
    """Return what a component of urban growth is called, in both languages."""
    return both(f"charts.component.{name}")


def lever_value(lever: str, value: float) -> str:
    """Return a lever's value as a planner reads it.

    Examples
    --------
    >>> lever_value("arrivals", 1.0), lever_value("arrivals", 1.255)
    ('×1.0', '×1.25')
    >>> [lever_value("life_expectancy", years) for years in (2.0, 0.0, -1.5)]
    ['+2', '0', '−1.5']
    """
    if not LEVERS[lever].multiplies:
        return f"{value:+.2g}".replace("-", "−") if value != 0.0 else "0"
    return "×" + f"{value:.2f}".removesuffix("0")


@dataclass(frozen=True, slots=True)
class Display:
    """How an indicator is put before a reader.

    Parameters
    ----------
    variable : str
        Name in the Dataset, and of the indicator in verdicts and observations.
    unit_kind : {"percent", "persons"}
        Unit of verdicts and observations.
    key : str
        Of its name in the texts.
    """

    variable: str
    unit_kind: Literal["percent", "persons"]
    key: str

    @property
    def scale(self) -> float:
        """Factor from the unit of the Dataset to the one shown."""
        return 100.0 if self.unit_kind == "percent" else 1 / WAN

    @property
    def printed(self) -> float:
        """Factor from the unit of verdicts and observations to the one shown."""
        return 1.0 if self.unit_kind == "percent" else 1 / WAN

    @property
    def name(self) -> str:
        """In titles, in both languages."""
        return both(self.key)

    @property
    def short(self) -> str:
        """In tables, in both languages."""
        return both(f"{self.key}.short")

    @property
    def axis(self) -> str:
        """Above the axis, in both languages."""
        own = f"charts.axis.{self.variable}"
        return apart(own if has(own) else f"charts.axis.{self.unit_kind}")

    @property
    def unit(self) -> str:
        """After a number."""
        return text(f"charts.unit.{self.unit_kind}", "zh")

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


DISPLAYS: Final = {
    name: Display(name, one.unit, f"indicators.{name}") for name, one in INDICATORS.items()
}
RATE: Final = DISPLAYS["urbanization_rate"]
URBAN: Final = DISPLAYS["urban_population"]
REGISTERED_RATE: Final = Display("registered_urban_rate", "percent", "charts.registered_urban_rate")


def known(value: Any) -> bool:
    """Tell whether a cell of a table holds a number."""
    return value is not None and isfinite(value)


def same_aim(row: Row) -> tuple[str, str, int, str, float | None]:
    """Return what two verdicts on the same target share; another region's rate varies."""
    fixed = known(row["target"]) and row["comparison"] != "near"
    target = float(row["target"]) if fixed else None
    return str(row["region"]), str(row["indicator"]), int(row["year"]), row["comparison"], target


def aim_text(row: Row, display: Display) -> str:
    """Return what a target asks for, and when."""
    year = year_text(int(row["year"]))
    if row["comparison"] == "near":
        if row.get("relative_to"):
            near = around("charts.near", f"{str(row['relative_to']).capitalize()}'s")
            return f"{near}, {year}"
        return f"{both('charts.near_province')}, {year}"
    sign = {">=": "≥", "~": "≈"}[row["comparison"]]
    return f"{sign} {display.aim(float(row['target']) * display.printed)}, {year}"


def unjudged(row: Row) -> tuple[str, str]:
    """Return why a target has no probability, in English and Chinese."""
    why = str(row.get("likelihood") or text("probability.not_modelled", "en"))
    key = f"probability.{why.replace(' ', '_')}"
    return why, text(key, "zh") if has(key) else ""


def chance(row: Row) -> list[str]:
    """Return how surely a target is met: a count, and its word where the count is unconditional.

    Examples
    --------
    >>> [said.split(" ")[0] for said in chance({"probability": 0.24, "likelihood": "unlikely"})]
    ['24', 'unlikely']
    >>> row = {"probability": 0.37, "likelihood": "if the measures deliver in full, 37 of 100"}
    >>> len(chance(row))
    1
    """
    if not known(row["probability"]):
        return [" ".join(unjudged(row)).strip()]
    count = " ".join(likelihood.chance(row["probability"], language) for language in LANGUAGES)
    word = str(row.get("likelihood") or "").replace(" ", "_")
    classes = {name for _, name in likelihood.LIKELIHOODS}
    return [count, *([both(f"probability.{word}")] if word in classes else [])]


def condition(row: Row) -> str | None:
    """Return what the probability of a verdict is conditional on; None for that of the trend.

    Examples
    --------
    >>> said = condition({"likelihood": "if the measures deliver in full, 37 of 100"})
    >>> said.startswith("if the measures deliver in full ")
    True
    >>> condition({"likelihood": "unlikely"})
    """
    said = str(row.get("likelihood") or "")
    if " of 100" not in said:
        return None
    found = next((key for key in CONDITIONS if said.startswith(text(key, "en"))), CONDITIONS[-1])
    return both(found)


def conditions(rows: Sequence[Row]) -> list[str]:
    """Return each condition of some verdicts once."""
    found = (condition(row) for row in rows)
    return list(dict.fromkeys(text for text in found if text is not None))


@dataclass(frozen=True, slots=True)
class BoxLimit:
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
    >>> BoxLimit("arrivals", "…", 0.5, None).said()[0]
    'arrivals at least 0.5'
    >>> BoxLimit("the dam", "…", None, 0.0, True).said()[0]
    'the dam not carried out'
    """

    en: str
    zh: str
    low: float | None
    high: float | None
    yes_no: bool = False

    def said(self) -> Bilingual:
        """Return the limit in words."""
        low, high = (None if end is None else number(end) for end in (self.low, self.high))
        name = Bilingual(self.en, self.zh)
        return bilingual(f"charts.limit.{self._kind}", name=name, low=low, high=high)

    @property
    def _kind(self) -> str:
        if self.yes_no:
            return "carried_out" if self.low is not None and self.low > 0.0 else "not_carried_out"
        if self.low is None:
            return "anywhere" if self.high is None else "at_most"
        if self.high is None:
            return "at_least"
        return "equal" if self.low == self.high else "between"


def box_sentence(
    aim: tuple[str, str], limits: Sequence[BoxLimit], density: float, coverage: float, later: bool
) -> Bilingual:
    r"""Say where in the ranges of a sweep a target is met.

    Parameters
    ----------
    aim : tuple of str
        The target, in English and Chinese, as the beginning of a sentence.
    limits : sequence of BoxLimit
        Of the box; none where no part of the ranges sets itself apart.
    density, coverage : float
        Of the cases in the box, the share that meets the target; of those that meet it, the share
        in the box.
    later : bool
        Whether another box was told before.

    Returns
    -------
    Bilingual

    Examples
    --------
    >>> aim = ("Wuwei's target for 2025", "…")
    >>> en, _ = box_sentence(aim, [BoxLimit("arrivals", "…", 0.5, None)], 0.92, 0.78, False)
    >>> print(en.replace(": ", ":\n"))
    Wuwei's target for 2025 is met in 92 of 100 cases with arrivals at least 0.5:
    78 of 100 cases that meet it.
    """
    if limits:
        kind = "also_met" if later else "met"
    elif not density > 0.0:
        kind = "met_never"
    else:
        kind = "met_always" if density >= 1.0 else "met_anywhere"

    *first, last = [limit.said() for limit in limits] or [NOTHING]
    joined = bilingual("charts.box.comma").join(first)
    return bilingual(
        f"charts.box.{kind}",
        aim=Bilingual(*aim),
        limits=bilingual("charts.box.and").join([joined, last] if first else [last]),
        count=_of_hundred(density) if density > 0.0 else "",
        share=_of_hundred(coverage) if limits else "",
    )


def _of_hundred(share: float) -> Bilingual:
    return Bilingual(likelihood.of_hundred(share, "en"), likelihood.of_hundred(share, "zh"))


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
        raise ScenarioError(say("charts.fault.no_region", region=region, allowed=allowed))
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
        c.name: np.asarray(here[f"{prefix}_{c.name}_mean"].values[1:], float) for c in COMPONENTS
    }


def prior_decides_split(ds: xr.Dataset, region: str) -> bool:
    """Whether the prior decides how migration and reclassification share a region's growth."""
    return DECIDED_BY in ds.coords and str(region_of(ds, region)[DECIDED_BY].item()) == PRIOR


def place_of(ds: xr.Dataset, region: str) -> str:
    """Return a region's name in both languages."""
    here = region_of(ds, region)
    return " ".join(str(here[key].item()) for key in ("name_zh", "name_en"))


def draws_of(ds: xr.Dataset) -> int | None:
    """Return the number of draws of a projection, where it says so."""
    return int(ds.attrs["draws"]) if "draws" in ds.attrs else None


def title_of(ds: xr.Dataset) -> str:
    """Return a scenario's title in both languages."""
    return f"{ds.attrs.get('title_en', '')} {ds.attrs.get('title_zh', '')}".strip()
