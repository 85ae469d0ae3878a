"""What a region borrows from above, what is missing of it and what is doubtful."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..inputs.derived_figures import census_discrepancies
from ..inputs.region import BASE_YEAR, SPAN, Observation, Region
from ..inputs.region_tree import RegionTree
from ..inputs.seed_checks import BORROWING, LATER_INDICATORS, LATER_VINTAGES
from ..inputs.workbook.cells import INDICATORS, VINTAGES
from ..texts import Bilingual, bilingual
from .base_population import has_ages
from .fit import (
    SPREAD,
    TYPICAL_IN_MIGRATION,
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

    @property
    def label(self) -> Bilingual:
        """The kind in words."""
        return bilingual(f"inputs.gaps.{self.kind}")

    @property
    def line(self) -> Bilingual:
        """Kind, sentence and source on one line."""
        said = Bilingual(self.en, self.zh)
        if self.source is not None:
            source, place = self.source
            said += bilingual("inputs.gaps.cited", source=source, place=place)
        return bilingual("inputs.gaps.line", kind=self.label, said=said)


def _notice(
    kind: Kind, key: str, source: tuple[str, str] | None = None, /, **values: object
) -> Notice:
    return Notice(kind, *bilingual(f"inputs.gaps.{key}", **values), source)


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
        *_borrowed_in_migration(region),
        *_borrowed_patterns(regions, region),
        *_missing(regions, region),
        *_doubtful(region),
    ]


def _years(years: Iterable[int]) -> Bilingual:
    return bilingual("inputs.gaps.and").join(bilingual("inputs.gaps.year", year=y) for y in years)


def _level(region: Region) -> Bilingual:
    return bilingual(f"inputs.gaps.level.{region.level}")


def _borrowed_ages(regions: Mapping[str, Region], region: Region) -> Iterator[Notice]:
    years = [year for year in (SPAN.first, SPAN.base) if not has_ages(region, year)]
    if not years:
        return
    if parts := aged_parts(regions, region.id):
        yield _notice("borrowed", "ages_of_counties", years=_years(years), count=len(parts))
        return
    censuses = {c.year: c for c in (region.baseline.census, *(h.census for h in region.history))}
    broad = all(censuses[year].broad_ages is not None for year in years)
    cost = COSTS[region.level]
    rate, persons = (
        bilingual("inputs.gaps.from_to", low=low, high=high)
        for low, high in (cost.rate_width, cost.persons_width)
    )
    yield _notice(
        "borrowed",
        "ages_from",
        years=_years(years),
        lender=regions[ages_from(regions, region.id, years[-1])].names,
        fitted=bilingual("inputs.gaps.broad_ages" if broad else "inputs.gaps.no_broad_ages"),
        tried=cost.tried,
        rate_moved=cost.rate_moved,
        persons_moved=cost.persons_moved,
        rate_width=rate,
        persons_width=persons,
    )
    if len(years) == 1:
        (other,) = {SPAN.first, SPAN.base} - set(years)
        yield _notice("doubtful", "ages_of_one_year", year=other, other=years[0])


def _borrowed_in_migration(region: Region) -> Iterator[Notice]:
    if arrival_rates(region):
        return
    usual = TYPICAL_IN_MIGRATION[region.level]
    wide = math.exp(MIDDLE * math.hypot(SPREAD["arrivals"], usual.spread))
    yield _notice(
        "borrowed",
        "in_migration",
        level=_level(region),
        rate=100 * usual.rate,
        low=100 * usual.rate / wide,
        high=100 * usual.rate * wide,
        wide=wide,
        own=math.exp(MIDDLE * SPREAD["arrivals"]),
    )


def _borrowed_patterns(regions: Mapping[str, Region], region: Region) -> Iterator[Notice]:
    above = [regions[i] for i in RegionTree.of(regions).ancestors(region.id)]
    province = next(r for r in above if r.level == "province")
    yield _notice("borrowed", f"patterns.{region.level}", lender=province.names)
    if last_observed_year(region, BASE_YEAR) == BASE_YEAR:
        yield _notice("borrowed", "pace", year=BASE_YEAR, lender=above[0].names)


def _missing(regions: Mapping[str, Region], region: Region) -> Iterator[Notice]:
    censuses = (region.baseline.census, *(item.census for item in region.history))
    lacking = [c.year for c in censuses if c.age_sex is None and c.broad_ages is None]
    if lacking:
        yield _notice("missing", "no_broad_ages_of", years=_years(sorted(lacking)))
    if not region.targets:
        yield _notice("missing", "no_targets")
    assert region.parent is not None
    if region.level == "county" and not is_whole(regions, region.parent):
        yield _notice("missing", "no_siblings", parent=regions[region.parent].names)


def _doubtful(region: Region) -> Iterator[Notice]:
    base = region.baseline.census
    earlier = next(h.census for h in region.history if h.census.year == SPAN.first)
    between = {"first": SPAN.first, "base": SPAN.base}
    change = base.total / earlier.total - 1.0
    if abs(change) > LARGEST_CHANGE:
        yield _notice("doubtful", "residents_changed", change=100 * change, **between)
    gain = 100.0 * (base.urban / base.total - earlier.urban / earlier.total)
    if gain < 0.0:
        yield _notice("doubtful", "rate_falls", fall=-gain, **between)
    elif gain > LARGEST_GAIN:
        yield _notice("doubtful", "rate_rises", gain=gain, most=LARGEST_GAIN, **between)
    for o, printed, counted in census_discrepancies(region):
        rate = o.indicator == "urbanization_rate"
        yield _notice(
            "doubtful",
            "differs",
            (o.source, o.place),
            indicator=_indicator(o),
            year=o.year,
            printed=printed,
            counted=counted,
            apart=printed - counted,
            unit=bilingual("inputs.gaps.points" if rate else "inputs.gaps.ten_thousands"),
        )
    for o in region.observations:
        kept_out = o.indicator in LATER_INDICATORS and o.vintage in LATER_VINTAGES[1:]
        if o.year > BASE_YEAR and kept_out:
            vintage = o.vintage or ""
            yield _notice(
                "doubtful",
                "not_used",
                (o.source, o.place),
                indicator=_indicator(o),
                year=o.year,
                vintage=Bilingual(_plain(vintage), VINTAGES.form(vintage)),
            )


def _indicator(o: Observation) -> Bilingual:
    return Bilingual(_plain(o.indicator), INDICATORS.form(o.indicator))


def _plain(name: str) -> str:
    return name.replace("_", " ")


def notice_lines(found: list[Notice]) -> list[str]:
    """Return a line each in the language of the terminal."""
    return [notice.line.spoken for notice in found]
