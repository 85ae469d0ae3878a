"""What a planner writes into a cell, as a number with its unit, or as one of our words.

Only what is certain is read; whatever else stands there gives None, and the caller refuses it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

Words = Mapping[str, Sequence[str]]

LEVELS: Final[Words] = {
    "prefecture": ("地级", "地级市", "市州", "自治州"),
    "county": ("县级", "县", "县级市", "区县"),
}
UNITS: Final[Words] = {
    "persons": ("人",),
    "10k_persons": ("万人", "万"),
    "percent": ("%", "百分比"),
    "per_mille": ("‰",),
    "km2": ("平方公里", "平方千米"),
}
# Units of persons that are read but not written: (unit, how many of it).
OTHER_UNITS: Final = {
    "千人": ("persons", Decimal(1000)),
    "百万人": ("10k_persons", Decimal(100)),
    "亿人": ("10k_persons", Decimal(10_000)),
    "亿": ("10k_persons", Decimal(10_000)),
}
COUNTS: Final = ("persons", "10k_persons")
COMPARISONS: Final[Words] = {">=": ("≥", "不低于", "以上"), "~": ("≈", "约", "左右")}
OBSERVED: Final[Words] = {
    "urbanization_rate": ("常住人口城镇化率", "城镇化率"),
    "urban_population": ("城镇常住人口", "城镇人口"),
    "total_population": ("常住人口", "年末常住人口"),
    "registered_population": ("户籍人口",),
    "registered_urban_population": ("户籍城镇人口", "城镇户籍人口"),
    "births": ("出生人口",),
    "deaths": ("死亡人口",),
    "birth_rate": ("出生率", "人口出生率"),
    "death_rate": ("死亡率", "人口死亡率"),
    "built_up_area": ("建成区面积",),
    "new_urban_jobs": ("城镇新增就业", "城镇新增就业人数"),
}
AIMED: Final[Words] = {
    name: OBSERVED[name]
    for name in ("urbanization_rate", "urban_population", "total_population", "new_urban_jobs")
}
VINTAGES: Final[Words] = {
    "post_2020_census": ("与七普衔接", "七普口径"),
    "census_2020": ("七普", "2020年普查"),
    "pre_2020_census": ("七普修订前", "六普口径"),
    "census_2010": ("六普", "2010年普查"),
    "plan": ("规划数", "规划"),
    "mixed": ("口径混合",),
    "undated": ("未注明",),
}
SOURCE_KINDS: Final[Words] = {
    "plan": ("规划",),
    "census": ("普查",),
    "survey": ("抽样调查",),
    "yearbook": ("年鉴",),
    "communique": ("公报",),
    "compilation": ("汇编",),
    "article": ("论文",),
}

_NUMBER: Final = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:\.\d+)?"
_BEFORE: Final = {"约": "~", "大约": "~", "≈": "~", "~": "~", "≥": ">=", ">=": ">=", "不低于": ">="}
_AFTER: Final = {"左右": "~", "上下": "~", "以上": ">=", "及以上": ">="}
_WRITTEN: Final = {
    "": None,
    "人": "persons",
    "万": "10k_persons",
    "万人": "10k_persons",
    "%": "percent",
    "‰": "per_mille",
    "千人": "千人",
    "百万人": "百万人",
    "亿": "亿",
    "亿人": "亿人",
    "平方公里": "km2",
    "km2": "km2",
}


def _any(words: Mapping[str, object]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_QUANTITY: Final = re.compile(
    rf"(?P<before>{_any(_BEFORE)})?\s*(?P<number>{_NUMBER})\s*"
    rf"(?P<unit>{_any(_WRITTEN)})\s*(?P<after>{_any(_AFTER)})?"
)


@dataclass(frozen=True)
class Quantity:
    """A number as written.

    Attributes
    ----------
    value : Decimal
    unit : str or None
        That is written with it.
    comparison : {"~", ">="} or None
        That is written with it.
    """

    value: Decimal
    unit: str | None = None
    comparison: str | None = None


def plain(text: str) -> str:
    """Text with usual letters for full-width ones, without spaces at its ends.

    Examples
    --------
    >>> plain("　４７．０１％ ")
    '47.01%'
    """
    return unicodedata.normalize("NFKC", text).strip()


def quantity(raw: object, number_format: str = "General") -> Quantity | None:
    """Read a number with the unit and the comparison that stand in the same cell.

    Parameters
    ----------
    raw : object
        What the cell holds.
    number_format : str
        Of the cell: a number shown as 47.01% is stored as 0.4701.

    Returns
    -------
    Quantity or None
        None where it is not certain what is meant.

    Examples
    --------
    >>> quantity("68.59万").value, quantity("68.59万").unit
    (Decimal('68.59'), '10k_persons')
    >>> quantity("约５５％").comparison, quantity("1,464,955").value
    ('~', Decimal('1464955'))
    >>> quantity("47,01") is None
    True
    """
    if isinstance(raw, bool):
        return None
    if isinstance(raw, (int, float)):
        if not math.isfinite(raw):
            return None
        value = Decimal(repr(raw))
        # what stands in quotes is shown as it is
        if "%" in re.sub(r'"[^"]*"', "", number_format):
            return Quantity((value * 100).normalize(), "percent")
        return Quantity(value)
    found = _QUANTITY.fullmatch(plain(raw)) if isinstance(raw, str) else None
    if found is None or (found["before"] and found["after"]):
        return None
    value = Decimal(found["number"].replace(",", "").replace(" ", ""))
    unit = _WRITTEN[found["unit"]]
    if unit in OTHER_UNITS:
        unit, times = OTHER_UNITS[unit]
        value *= times
    comparison = _BEFORE.get(found["before"] or "") or _AFTER.get(found["after"] or "")
    return Quantity(value, unit, comparison)


def unit_of(raw: object) -> tuple[str, Decimal] | None:
    """Read a cell that names a unit: the unit, and how many of it are meant.

    Examples
    --------
    >>> unit_of("万人 10k_persons"), unit_of("千人"), unit_of("户")
    (('10k_persons', Decimal('1')), ('persons', Decimal('1000')), None)
    """
    if isinstance(raw, str) and (times := OTHER_UNITS.get(plain(raw))):
        return times
    name = word(raw, UNITS)
    return None if name is None else (name, Decimal(1))


def with_unit(found: Quantity, beside: tuple[str, Decimal] | None) -> Quantity | None:
    """Join a number with the unit in the cell beside it.

    The unit written with the number counts where both measure the same; None where they do not, or
    where there is none.

    Examples
    --------
    >>> with_unit(quantity("68.59万"), unit_of("人")).unit
    '10k_persons'
    >>> with_unit(quantity("47.01%"), unit_of("人")) is None
    True
    """
    if found.unit is None:
        if beside is None:
            return None
        return Quantity(found.value * beside[1], beside[0], found.comparison)
    fits = beside is None or beside[0] == found.unit or {beside[0], found.unit} <= set(COUNTS)
    return found if fits else None


def persons(found: Quantity) -> int | None:
    """Whole persons; None where it is no count, or of parts of a person.

    Examples
    --------
    >>> persons(quantity("68.59万")), persons(Quantity(Decimal("1.5"), "persons"))
    (685900, None)
    """
    if found.unit not in COUNTS or found.comparison is not None:
        return None
    value = found.value * (10_000 if found.unit == "10k_persons" else 1)
    return int(value) if value == value.to_integral_value() else None


def word(raw: object, known: Words) -> str | None:
    """Read one of the known words: ours, a Chinese one, or both beside each other.

    Examples
    --------
    >>> word("常住人口城镇化率 urbanization_rate", OBSERVED), word("≥", COMPARISONS)
    ('urbanization_rate', '>=')
    """
    if not isinstance(raw, str):
        return None
    names = {plain(name).casefold(): name for name in known}
    names |= {plain(label).casefold(): name for name, labels in known.items() for label in labels}
    text = plain(raw).casefold()
    if text in names:
        return names[text]
    found = {names.get(part) for part in text.split()}
    return found.pop() if len(found) == 1 else None


def label(name: str, known: Words) -> str:
    """A known word as drop-downs show it: Chinese, then ours."""
    return f"{known[name][0]} {name}"
