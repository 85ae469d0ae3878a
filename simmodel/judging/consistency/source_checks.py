"""Printed figures against each other and against the censuses: no projection is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from ...forecast.base_population import census_of
from ...inputs.region import BASE_YEAR, Census, Observation, Region
from ...inputs.units import persons_per
from ...texts import NOTHING, Bilingual, bilingual
from ...variables import WAN
from ..intervals import Interval
from ..target import amount, half_last_digit
from ..wording import percent, persons, points, printed, printed_persons
from .findings import Finding, Grade, worst

# A figure is off the line between two censuses, or off another figure of its document: from these
# on strained, from the last on a contradiction. All assumed (docs/model.md).
STRAINED_POINTS: Final = 1.0
STRAINED_SHARE: Final = 0.03
CONTRADICTING_SHARE: Final = 0.10

STOCKS: Final = ("urbanization_rate", "urban_population", "total_population")
# Changes that a document prints, each with the indicator it is a change of.
CHANGES: Final = {
    "urbanization_rate_change": "urbanization_rate",
    "urbanization_rate_change_per_year": "urbanization_rate",
    "urban_population_change_per_year": "urban_population",
    "registered_urban_population_change_per_year": "registered_urban_population",
}
EARLIER_SERIES: Final = ("pre_2010_census", "pre_2020_census")


def as_printed(o: Observation) -> Interval:
    """What an observation leaves open by its rounding, in persons or percent."""
    slack = half_last_digit(o.value)
    return Interval(amount(o.value - slack, o.unit), amount(o.value + slack, o.unit))


def cited(*items: Observation) -> tuple[str, ...]:
    """Source and place of some figures, each once."""
    return tuple(dict.fromkeys(f"{o.source}, {o.place}" for o in items))


def unit_of(indicator: str) -> str:
    """Unit of an indicator in findings."""
    return "percent" if indicator == "urbanization_rate" else "persons"


def censuses_of(region: Region) -> list[Census]:
    """Censuses of a region by year."""
    found = (region.baseline.census, *(h.census for h in region.history))
    return sorted(found, key=lambda census: census.year)


def census_line(region: Region, year: int) -> dict[str, float] | None:
    """What the line between two censuses says of a year strictly between them.

    The total grows at a constant rate and the urbanization rate on a straight line; the urban
    population is their product.

    Returns
    -------
    dict or None
        By indicator, in persons and percent; None where there are no censuses on both sides.
    """
    for first, last in zip(censuses_of(region), censuses_of(region)[1:], strict=False):
        if first.year < year < last.year:
            w = (year - first.year) / (last.year - first.year)
            total = first.total ** (1.0 - w) * last.total**w
            rate = 100.0 * ((1.0 - w) * first.urban / first.total + w * last.urban / last.total)
            return _stocks(total, rate)
    return None


def census_count(region: Region, year: int) -> dict[str, float] | None:
    """What the census of a year counted, by indicator, in persons and percent."""
    for census in censuses_of(region):
        if census.year == year and census.total > 0:
            return _stocks(float(census.total), 100.0 * census.urban / census.total)
    return None


def _stocks(total: float, rate: float) -> dict[str, float]:
    return {
        "urbanization_rate": rate,
        "total_population": total,
        "urban_population": total * rate / 100.0,
    }


@dataclass(frozen=True)
class _Item:
    """A figure of a past year beside what the censuses say of that year."""

    indicator: str
    value: float
    wanted: float
    origin: Observation
    derived: str = ""

    @property
    def off(self) -> float:
        """How far off, in points of a rate or as a share of a count."""
        if self.indicator == "urbanization_rate":
            return self.value - self.wanted
        return self.value / self.wanted - 1.0

    @property
    def severity(self) -> float:
        """How far off, in units of what counts as strained."""
        usual = STRAINED_POINTS if self.indicator == "urbanization_rate" else STRAINED_SHARE
        return abs(self.off) / usual

    @property
    def grade(self) -> Grade:
        if self.severity <= 1.0:
            return "fine"
        share = abs(self.value / self.wanted - 1.0)
        return "contradiction" if share > CONTRADICTING_SHARE else "strained"

    def words(self) -> Bilingual:
        rate = self.indicator == "urbanization_rate"
        value, wanted = (
            percent(v) if rate else bilingual("judging.persons", value=f"{v / WAN:,.2f}")
            for v in (self.value, self.wanted)
        )
        if self.derived:
            value = bilingual("consistency.derived", value=value, terms=self.derived)
        return bilingual(
            "consistency.off_points" if rate else "consistency.off_percent",
            what=_name(self.indicator),
            value=value,
            wanted=wanted,
            off=self.off if rate else 100 * self.off,
        )


def _name(indicator: str) -> Bilingual:
    return bilingual(f"consistency.stock.{indicator}")


def rebasing(region: Region, kinds: Mapping[str, str]) -> Iterator[Finding]:
    """Figures of another census used as history, and what the later census did to them.

    Parameters
    ----------
    region : Region
    kinds : mapping of str to str
        Kind of each source. A figure is used as history where a plan prints it, where a change
        is measured from it, or where its label does not set it apart as of the earlier series.
    """
    used: dict[int, list[_Item]] = {}
    apart: dict[int, list[_Item]] = {}
    for o in region.observations:
        line = census_line(region, o.year)
        if o.indicator in STOCKS and line is not None and line[o.indicator] > 0.0:
            item = _Item(o.indicator, amount(o.value, o.unit), line[o.indicator], o)
            plan = kinds.get(o.source) == "plan"
            kept_apart = o.vintage in EARLIER_SERIES and not plan
            (apart if kept_apart else used).setdefault(o.year, []).append(item)
        if o.indicator in CHANGES and (found := _start_of_change(region, o)) is not None:
            used.setdefault(found[0], []).append(found[1])
    for year, items in sorted(used.items()):
        yield _joined(region, year, items, apart.pop(year, []))
    if apart:
        yield _set_apart(region, apart)


def _start_of_change(region: Region, o: Observation) -> tuple[int, _Item] | None:
    """The figure that a printed change starts from; none where it agrees with a census."""
    stock = CHANGES[o.indicator]
    if o.since is None or stock not in STOCKS:
        return None
    end = _end_of_change(region, o)
    counted = census_count(region, o.since)
    wanted = counted or census_line(region, o.since)
    if end is None or wanted is None or wanted[stock] <= 0.0:
        return None
    years = o.year - o.since if o.indicator.endswith("per_year") else 1
    change = amount(o.value, o.unit) * years
    value = end - change
    if value <= 0.0:
        return None
    scale = 1.0 if stock == "urbanization_rate" else 1 / WAN
    derived = f"{printed(end * scale)} − {printed(change * scale)}"
    item = _Item(stock, value, wanted[stock], o, derived)
    if counted is not None:
        slack = amount(half_last_digit(o.value) * years, o.unit) + 0.01 * (1.0 / scale)
        if abs(value - wanted[stock]) <= slack:
            return None
    return o.since, item


def _end_of_change(region: Region, o: Observation) -> float | None:
    """The printed figure that a change leads to, else what the census of its year counted."""
    stock = CHANGES[o.indicator]
    for other in region.observations:
        if (other.indicator, other.year, other.source) == (stock, o.year, o.source):
            return amount(other.value, other.unit)
    counted = census_count(region, o.year)
    return None if counted is None else counted.get(stock)


def _joined(region: Region, year: int, items: Sequence[_Item], series: Sequence[_Item]) -> Finding:
    """Figures of one year that are used as history; the series they may rest on tells the size."""
    item = max(items, key=lambda i: i.severity)
    grade = item.grade
    rests = max(series, key=lambda i: i.severity, default=None)
    extra = NOTHING
    if grade != "fine" and rests is not None and rests.severity > 1.0:
        grade = worst((grade, rests.grade))
        extra = bilingual("consistency.rests_on", figure=rests.words())
    shown = [i for i in (item, rests) if i is not None and (i is item or extra != NOTHING)]
    return Finding(
        "rebasing",
        region.id,
        year,
        tuple(dict.fromkeys(i.origin.indicator for i in shown)),
        tuple(amount(i.origin.value, i.origin.unit) for i in shown),
        item.value,
        item.wanted,
        unit_of(item.indicator),
        grade,
        *bilingual(
            "consistency.history" if grade == "fine" else "consistency.history_artefact",
            place=region.names,
            year=year,
            figure=item.words(),
            extra=extra,
        ),
        cited(*(i.origin for i in shown)),
    )


def _set_apart(region: Region, apart: Mapping[int, Sequence[_Item]]) -> Finding:
    """Figures labelled as of the earlier series, on which nothing is measured."""
    year, item = max(
        ((year, item) for year, items in apart.items() for item in items),
        key=lambda pair: pair[1].severity,
    )
    years = f"{min(apart)}" if len(apart) == 1 else f"{min(apart)}–{max(apart)}"
    return Finding(
        "rebasing",
        region.id,
        year,
        (item.indicator,),
        (amount(item.origin.value, item.origin.unit),),
        item.value,
        item.wanted,
        unit_of(item.indicator),
        "fine",
        *bilingual(
            "consistency.set_apart",
            place=region.names,
            years=years,
            year=year,
            figure=item.words(),
        ),
        cited(item.origin),
    )


def document(region: Region) -> Iterator[Finding]:
    """Printed figures of one source that disagree beyond their rounding."""
    yield from _rates_and_counts(region)
    yield from _changes_and_ends(region)
    yield from _districts_and_whole(region)


def _rates_and_counts(region: Region) -> Iterator[Finding]:
    """A rate beside the urban and total population that the same source prints."""
    found: dict[tuple[str, int], dict[str, Observation]] = {}
    for o in region.observations:
        if o.indicator in STOCKS:
            found.setdefault((o.source, o.year), {})[o.indicator] = o
    for (_, year), figures in found.items():
        if set(figures) != set(STOCKS):
            continue
        rate, urban, total = (figures[name] for name in STOCKS)
        many, few = as_printed(total), as_printed(urban)
        if many.low <= 0.0:
            continue
        implied = Interval(100.0 * few.low / many.high, 100.0 * few.high / many.low)
        value = 100.0 * amount(urban.value, urban.unit) / amount(total.value, total.unit)
        agree = implied.meets(as_printed(rate))
        far = abs(value - rate.value) > STRAINED_POINTS
        grade: Grade = "fine" if agree else "contradiction" if far else "strained"
        yield Finding(
            "document",
            region.id,
            year,
            STOCKS,
            (rate.value, amount(urban.value, urban.unit), amount(total.value, total.unit)),
            value,
            rate.value,
            "percent",
            grade,
            *bilingual(
                "consistency.rate_agrees" if agree else "consistency.rate_disagrees",
                place=region.names,
                year=year,
                rate=percent(rate.value),
                urban=printed_persons(amount(urban.value, urban.unit)),
                total=printed_persons(amount(total.value, total.unit)),
                implied=percent(value),
                off=points(abs(value - rate.value)),
            ),
            cited(rate, urban, total),
        )


def _changes_and_ends(region: Region) -> Iterator[Finding]:
    """A printed change beside the two ends that the same source prints."""
    for o in region.observations:
        if o.indicator not in CHANGES or o.since is None:
            continue
        stock = CHANGES[o.indicator]
        ends = [
            other
            for year in (o.since, o.year)
            for other in region.observations
            if (other.indicator, other.year, other.source) == (stock, year, o.source)
        ]
        if len(ends) != 2:
            continue
        first, last = map(as_printed, ends)
        years = o.year - o.since if o.indicator.endswith("per_year") else 1
        open_ = Interval((last.low - first.high) / years, (last.high - first.low) / years)
        start, end = (amount(e.value, e.unit) for e in ends)
        change = (end - start) / years
        said = amount(o.value, o.unit)
        agree = open_.meets(as_printed(o))
        far = change == 0.0 or abs(said / change - 1.0) > CONTRADICTING_SHARE
        rate = stock == "urbanization_rate"
        scale = 1.0 if rate else 1 / WAN
        unit = "points" if rate else "persons"
        a_year = o.indicator.endswith("per_year")
        printed_change = bilingual(
            "consistency.change_a_year" if a_year else "consistency.change",
            value=bilingual(f"judging.{unit}", value=printed(said * scale)),
        )
        yield Finding(
            "document",
            region.id,
            o.year,
            (o.indicator, stock),
            (said, start, end),
            change,
            said,
            f"{unit} a year" if a_year else unit,
            "fine" if agree else "contradiction" if far else "strained",
            *bilingual(
                "consistency.change_agrees" if agree else "consistency.change_disagrees",
                place=region.names,
                since=o.since,
                year=o.year,
                what=_name(stock),
                change=printed_change,
                start=printed(start * scale),
                end=printed(end * scale),
                implied=f"{change * scale:.2f}",
            ),
            cited(o, *ends),
        )


def _districts_and_whole(region: Region) -> Iterator[Finding]:
    """Urban districts of the base year beside all urban residents counted."""
    figures = [d.population for d in region.urban_districts if d.population is not None]
    figures = [f for f in figures if f.year == BASE_YEAR]
    if not figures:
        return
    scale = [persons_per(f.unit) for f in figures]
    parts = sum(f.value * s for f, s in zip(figures, scale, strict=True))
    least = sum(
        (f.value - (0.0 if f.comparison == ">=" else half_last_digit(f.value))) * s
        for f, s in zip(figures, scale, strict=True)
    )
    whole = float(census_of(region, BASE_YEAR).urban)
    named = " + ".join(printed(f.value * s / WAN) for f, s in zip(figures, scale, strict=True))
    beyond = least > whole
    yield Finding(
        "document",
        region.id,
        BASE_YEAR,
        ("urban_district_population", "urban_population"),
        tuple(f.value * s for f, s in zip(figures, scale, strict=True)),
        parts,
        whole,
        "persons",
        "contradiction" if beyond else "fine",
        *bilingual(
            "consistency.districts_exceed" if beyond else "consistency.districts_within",
            place=region.names,
            year=BASE_YEAR,
            terms=named,
            parts=printed_persons(parts),
            least=persons(least),
            whole=printed_persons(whole),
        ),
        tuple(dict.fromkeys(f"{f.source}, {f.place}" for f in figures)),
    )


def gaps(regions: Sequence[Region], known: Mapping[str, Region]) -> Iterator[Finding]:
    """Rates of one region and year that several documents' gaps imply, beside each other.

    Parameters
    ----------
    regions : sequence of Region
        Whose printed gaps are read.
    known : mapping of str to Region
        For what is printed of the region the gaps are measured against.
    """
    implied: dict[tuple[str, int], list[tuple[Region, Observation, Observation]]] = {}
    for region in regions:
        rates = {
            (o.year, o.source): o for o in region.observations if o.indicator == "urbanization_rate"
        }
        for o in region.observations:
            rate = rates.get((o.year, o.source))
            if o.indicator == "urbanization_rate_gap" and o.relative_to and rate is not None:
                implied.setdefault((o.relative_to, o.year), []).append((region, rate, o))
    for (other, year), rows in sorted(implied.items()):
        values = [(_from_gap(rate, gap), region, rate, gap) for region, rate, gap in rows]
        open_ = [_open_gap(rate, gap) for _, rate, gap in rows]
        published = [
            o
            for o in known[other].observations
            if o.indicator == "urbanization_rate"
            and o.year == year
            and o.vintage not in EARLIER_SERIES
        ]
        everything = [*open_, *map(as_printed, published)]
        if len(everything) < 2:
            continue
        agree = all(a.meets(b) for a, b in combinations(everything, 2))
        reference = published[0].value if published else values[-1][0]
        value = max((v for v, *_ in values), key=lambda v: abs(v - reference))
        far = abs(value - reference) > STRAINED_POINTS
        terms = bilingual("judging.comma").join(
            _term(region, rate, gap, v) for v, region, rate, gap in values
        )
        also = NOTHING
        if published:
            also = bilingual("consistency.also_published", rate=percent(published[0].value))
        yield Finding(
            "document",
            other,
            year,
            ("urbanization_rate", "urbanization_rate_gap"),
            tuple(gap.value for _, _, gap in rows),
            value,
            reference,
            "percent",
            "fine" if agree else "contradiction" if far else "strained",
            *bilingual(
                "consistency.gaps_agree" if agree else "consistency.gaps_differ",
                place=known[other].names,
                year=year,
                terms=terms,
                also=also,
            ),
            cited(*(o for _, rate, gap in rows for o in (rate, gap)), *published),
        )


def _from_gap(rate: Observation, gap: Observation) -> float:
    return rate.value + (gap.value if gap.direction == "below" else -gap.value)


def _open_gap(rate: Observation, gap: Observation) -> Interval:
    slack = half_last_digit(rate.value) + half_last_digit(gap.value)
    value = _from_gap(rate, gap)
    return Interval(value - slack, value + slack)


def _term(region: Region, rate: Observation, gap: Observation, value: float) -> Bilingual:
    return bilingual(
        "consistency.gap_term",
        place=region.names,
        rate=printed(rate.value),
        sign="+" if gap.direction == "below" else "−",
        gap=printed(gap.value),
        implied=f"{value:.2f}",
    )
