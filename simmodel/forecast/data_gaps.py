"""What a region borrows from above, what is missing of it and what is doubtful."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..inputs.derived_figures import census_discrepancies
from ..inputs.region import BASE_YEAR, SPAN, Region
from ..inputs.region_tree import RegionTree
from ..inputs.seed_checks import BORROWING, LATER_INDICATORS, LATER_VINTAGES
from ..inputs.workbook.cells import INDICATORS, VINTAGES
from .base_population import has_ages
from .fit import (
    SPREAD,
    USUAL_ARRIVALS,
    aged_parts,
    ages_from,
    arrival_rates,
    is_whole,
)
from .observations import last_observed_year


@dataclass(frozen=True)
class Cost:
    """What borrowed ages change by 2035.

    Attributes
    ----------
    tried : int
        Regions that had to do without their own.
    rate_moved, persons_moved : float
        Largest change of the median: points of the rate, percent of urban people.
    rate_width, persons_width : tuple of float
        Smallest and largest 80 % interval over that with own ages.
    """

    tried: int
    rate_moved: float
    persons_moved: float
    rate_width: tuple[float, float]
    persons_width: tuple[float, float]


# Measured on shipped regions (benchmarks/borrowing.py; docs/model.md, section 4).
COSTS = {
    "prefecture": Cost(4, 0.3, 6, (0.8, 1.0), (1.1, 1.5)),
    "county": Cost(18, 0.8, 9, (0.5, 1.2), (0.5, 2.0)),
}
# Total population that changed by more than this between two censuses may be another territory.
# Of 217 prefectures 19 did so from 2010 to 2020 (docs/model.md, section 8).
LARGEST_CHANGE = 0.3
# Largest gain of the urban share of a prefecture from 2010 to 2020, points (the same).
LARGEST_GAIN = 26.7
# Standard deviations on both sides of the median that hold 80 of 100.
MIDDLE = 1.2816

Kind = Literal["borrowed", "missing", "doubtful"]
KINDS_ZH: Mapping[Kind, str] = {"borrowed": "借用", "missing": "缺少", "doubtful": "存疑"}


@dataclass(frozen=True)
class Notice:
    """One thing to know of a region's figures before its verdicts are read.

    Attributes
    ----------
    kind : {"borrowed", "missing", "doubtful"}
    en, zh : str
        The same in English and Chinese.
    source : tuple of str
        Where the figure it is about is printed: id of the source, and place; none where it is
        about no single figure.
    """

    kind: Kind
    en: str
    zh: str
    source: tuple[str, str] | None = None


def notices(regions: Mapping[str, Region], region_id: str) -> list[Notice]:
    """Everything a region borrows, lacks, or leaves in doubt; nothing of nation and provinces.

    Parameters
    ----------
    regions : mapping of str to Region
    region_id : str

    Returns
    -------
    list of Notice
        What is borrowed, then what is missing, then what is doubtful.
    """
    region = regions[region_id]
    if region.level not in BORROWING:
        return []
    return [
        *_borrowed_ages(regions, region),
        *_borrowed_arrivals(region),
        *_borrowed_patterns(regions, region),
        *_missing(regions, region),
        *_doubtful(region),
    ]


def _named(region: Region) -> tuple[str, str]:
    return region.names.en, region.names.zh


def _borrowed_ages(regions: Mapping[str, Region], region: Region) -> Iterator[Notice]:
    years = [year for year in (SPAN.first, SPAN.base) if not has_ages(region, year)]
    if not years:
        return
    when = " and ".join(map(str, years))
    when_zh = "、".join(f"{year}年" for year in years)
    if parts := aged_parts(regions, region.id):
        yield Notice(
            "borrowed",
            f"ages and sex of {when}: the sum of the {len(parts)} counties; the region's own age "
            "groups are not observed a second time",
            f"{when_zh}分年龄性别人口：由{len(parts)}个县（市、区）相加，不再作为观测值",
        )
        return
    lender = _named(regions[ages_from(regions, region.id, years[-1])])
    censuses = {c.year: c for c in (region.baseline.census, *(h.census for h in region.history))}
    broad = all(censuses[year].broad_ages is not None for year in years)
    fitted = "total, urban people and three broad ages" if broad else "total and urban people"
    fitted_zh = "总人口、城镇人口和三个年龄段" if broad else "总人口和城镇人口"
    cost = COSTS[region.level]
    widths = (cost.rate_width, cost.persons_width)
    rate, people = (f"{low:.1f} to {high:.1f}" for low, high in widths)
    yield Notice(
        "borrowed",
        f"ages and sex of {when}: from {lender[0]}, fitted to the region's {fitted}; they are no "
        f"observations. Where {cost.tried} shipped regions of this level had to do without theirs, "
        f"medians of 2035 moved by up to {cost.rate_moved:g} points (rate) and "
        f"{cost.persons_moved:g} % (urban people); the intervals were {rate} and {people} times as "
        "wide: one that is narrower looks surer than it is",
        f"{when_zh}分年龄性别人口：借自{lender[1]}，按本地{fitted_zh}调整，不作为观测值。"
        f"让{cost.tried}个内置同级地区不用自有年龄表时，2035年中位数最多变动"
        f"{cost.rate_moved:g}个百分点（城镇化率）和{cost.persons_moved:g} %（城镇人口），"
        f"区间宽度为原来的{rate.replace(' to ', '—')}倍和{people.replace(' to ', '—')}倍；"
        "变窄并不表示更可靠",
    )
    if len(years) == 1:
        (other,) = {SPAN.first, SPAN.base} - set(years)
        yield Notice(
            "doubtful",
            f"ages of {other} alone serve as population, not as observation: nothing of the "
            f"region's own stands beside them in {years[0]}",
            f"只有{other}年有自有年龄表：仅用作人口基数，不作为观测值，"
            f"因为{years[0]}年没有可比的数据",
        )


def _borrowed_arrivals(region: Region) -> Iterator[Notice]:
    if arrival_rates(region):
        return
    usual = USUAL_ARRIVALS[region.level]
    wide = math.exp(MIDDLE * math.hypot(SPREAD["arrivals"], usual.spread))
    own = math.exp(MIDDLE * SPREAD["arrivals"])
    low, high = 100 * usual.rate / wide, 100 * usual.rate * wide
    yield Notice(
        "borrowed",
        f"arrivals: what is usual for a {region.level} of the shipped seeds, "
        f"{100 * usual.rate:.2g} % of residents a year; taken to lie between {low:.1g} and "
        f"{high:.1f} % in 80 of 100 cases, a factor of {wide:.1f} either way instead of {own:.1f} "
        "where registered_elsewhere is known",
        f"迁入：取内置{'市州' if region.level == 'prefecture' else '县（市、区）'}的通常水平，"
        f"每年占常住人口{100 * usual.rate:.2g} %；80 %的可能在{low:.1g} %—{high:.1f} %之间"
        f"（上下{wide:.1f}倍；有人户分离数据时为{own:.1f}倍）",
    )


def _borrowed_patterns(regions: Mapping[str, Region], region: Region) -> Iterator[Notice]:
    above = [regions[i] for i in RegionTree.of(regions).ancestors(region.id)]
    province = next(r for r in above if r.level == "province")
    en, zh = _named(province)
    yield Notice(
        "borrowed",
        f"age patterns of deaths, births and moves: from {en}, as for every {region.level}",
        f"死亡、生育和迁移的年龄模式：借自{zh}（所有同级地区均如此）",
    )
    if last_observed_year(region, BASE_YEAR) == BASE_YEAR:
        en, zh = _named(above[0])
        yield Notice(
            "borrowed",
            f"pace after {BASE_YEAR}: from {en} and from how regions of this level have departed "
            "from what they lie in; a rate of a communique on the 2020 census would narrow it",
            f"{BASE_YEAR}年后的速度：借自{zh}以及同级地区与上级地区的历史差异；"
            "补充一个与七普衔接的公报城镇化率可使区间变窄",
        )


def _missing(regions: Mapping[str, Region], region: Region) -> Iterator[Notice]:
    censuses = (region.baseline.census, *(item.census for item in region.history))
    lacking = [c.year for c in censuses if c.age_sex is None and c.broad_ages is None]
    if lacking:
        when = " and ".join(str(year) for year in sorted(lacking))
        when_zh = "、".join(f"{year}年" for year in sorted(lacking))
        yield Notice(
            "missing",
            f"broad ages (0-14, 15-59, 60 and over) of {when}: communiques of censuses print them",
            f"{when_zh}三个年龄段人口（0—14岁、15—59岁、60岁及以上）：普查公报中有",
        )
    if not region.targets:
        yield Notice(
            "missing",
            "targets: a run gives the projection and no verdict",
            "目标：运行只给出预测，不作判断",
        )
    assert region.parent is not None
    if region.level == "county" and not is_whole(regions, region.parent):
        en, zh = _named(regions[region.parent])
        yield Notice(
            "missing",
            f"the other counties of {en}: the region is projected by itself and not made to add up",
            f"{zh}的其他县（市、区）：本地单独预测，不与上级加总衔接",
        )


def _doubtful(region: Region) -> Iterator[Notice]:
    base = region.baseline.census
    earlier = next(h.census for h in region.history if h.census.year == SPAN.first)
    change = base.total / earlier.total - 1.0
    if abs(change) > LARGEST_CHANGE:
        yield Notice(
            "doubtful",
            f"residents changed by {100 * change:+.0f} % from {SPAN.first} to {SPAN.base}: are "
            "both censuses of the same territory?",
            f"{SPAN.first}—{SPAN.base}年常住人口变动{100 * change:+.0f} %："
            "两次普查的辖区是否一致？",
        )
    gain = 100.0 * (base.urban / base.total - earlier.urban / earlier.total)
    if gain < 0.0:
        yield Notice(
            "doubtful",
            f"the rate falls by {-gain:.1f} points between the censuses; were the columns of "
            f"{SPAN.first} and {SPAN.base} exchanged?",
            f"两次普查之间城镇化率下降{-gain:.1f}个百分点：{SPAN.first}年与{SPAN.base}年两列是否填反？",
        )
    elif gain > LARGEST_GAIN:
        yield Notice(
            "doubtful",
            f"the urban share changed by {gain:+.1f} points from {SPAN.first} to {SPAN.base}; "
            f"prefectures gained at most {LARGEST_GAIN:g}",
            f"{SPAN.first}—{SPAN.base}年城镇化率变动{gain:+.1f}个百分点；"
            f"地级单位最多提高{LARGEST_GAIN:g}个百分点",
        )
    for o, printed, counted in census_discrepancies(region):
        rate = o.indicator == "urbanization_rate"
        unit, unit_zh = (" points", "个百分点") if rate else (" 万", "万人")
        apart = f"{printed - counted:+.2f}"
        yield Notice(
            "doubtful",
            f"differs from the census: {_plain(o.indicator)} {o.year}: {printed:g} printed, "
            f"{counted:.2f} counted, {apart}{unit}",
            f"与普查不一致：{o.year}年{INDICATORS.form(o.indicator)}印作{printed:g}，"
            f"普查为{counted:.2f}，相差{apart}{unit_zh}",
            (o.source, o.place),
        )
    for o in region.observations:
        kept_out = o.indicator in LATER_INDICATORS and o.vintage in LATER_VINTAGES[1:]
        if o.year > BASE_YEAR and kept_out:
            vintage = o.vintage or ""
            yield Notice(
                "doubtful",
                f"{_plain(o.indicator)} {o.year}: of vintage {_plain(vintage)}, so not used in the "
                "calibration",
                f"{o.year}年{INDICATORS.form(o.indicator)}：口径为“{VINTAGES.form(vintage)}”，不用于校准",
                (o.source, o.place),
            )


def _plain(name: str) -> str:
    return name.replace("_", " ")


def notice_lines(found: list[Notice]) -> list[str]:
    """One line each in English, then one each in Chinese."""
    cited = [("", "") if n.source is None else _cited(*n.source) for n in found]
    return [
        *(f"{n.kind}: {n.en}{en}" for n, (en, _) in zip(found, cited, strict=True)),
        *(f"{KINDS_ZH[n.kind]}：{n.zh}{zh}" for n, (_, zh) in zip(found, cited, strict=True)),
    ]


def _cited(source: str, place: str) -> tuple[str, str]:
    return f" ({source}, {place})", f"（{source}，{place}）"
