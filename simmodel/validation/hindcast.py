"""Forecasts of any panel by the model itself: the calibration and the cohort step of `run`.

Units with counts by age, sex and residence at two whole-year dates go through `fit.Atlas`
as regions do. The others borrow ages from the nearest unit above them that has some, or from the
nation, and go through the same calibration and projection. Of a panel, nothing after the origin is
read; what is borrowed from the census of 2020 whatever the origin is in docs/model.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CalibrationError
from ..forecast.base_population import GROUPS, borrowed_population, by_residence, table_of
from ..forecast.calibration import Evidence, Normal, calibrate
from ..forecast.fit import (
    CLOSED,
    SPREAD,
    START,
    Atlas,
    Calibrated,
    calibrate_one,
    pace_noise,
)
from ..forecast.observations import TOTAL_ERROR, URBAN_ERROR, ExpectedGain, Inputs, gain_of
from ..forecast.parameters import NAMES
from ..forecast.pooling import LEAST_PACE, Departure, Pooling, Record, depart, logit, norm, share_of
from ..forecast.pooling_file import PoolingEstimates
from ..forecast.standards import Pattern
from ..forecast.uncertainty import POOLED_YEARS, PaceNoise
from ..inputs.region import SPAN, AgeSex, Baseline, Census, History, Region, Span
from ..kernel import migration
from ..simulation.projector import draw
from ..texts import say
from .forecasts import LEVELS, Count, Forecast, Panel

Array = NDArray[np.float64]

METHOD = "simmodel"
# Draws of a forecast, and draws by which a unit's posterior is found: panels have many units.
BLOCKS, SAMPLE = 2, 4096
# A unit's calibration reaches back to the latest count at least so many years before the last one.
LEAST_WINDOW = 8.0
# A panel of fewer topmost units than this says nothing of its own about their common pace.
LEAST_ROOTS = 5
# Where nothing is known of them: arrivals a year per resident, limit of the hazard of
# reclassification.
UNKNOWN_ARRIVALS, UNKNOWN_BOUND = 0.01, 0.01
# A unit that loses people faster than this, a year, is open even where nothing lies above it.
STEADY = 0.01
# Prior spread (log or logit) of what totals and urban totals decide, and at most of what they leave
# open, which is held near what is usual: it moves the forecast of the rate little.
IDENTIFIED, UNIDENTIFIED = 0.7, 0.15
# Error of the gain of log odds that is expected of a unit: the draws carry its uncertainty, and
# priors this wide need some room to meet it.
BORROWED_ERROR = 0.02
# One pace is expected of a unit: migration and reclassification change together.
PACES, TOGETHER = ("period_exit", "period_reclassification"), 0.98
NATION = "china"


@dataclass(frozen=True)
class Hindcast:
    """Forecasts of the model, and what has to be said about them.

    Attributes
    ----------
    forecasts : tuple of Forecast
    notes : tuple of str
        One sentence each, on what was borrowed, assumed or left out.
    """

    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]


@dataclass
class _Unit:
    """A unit on its way from counts to a forecast."""

    name: str
    points: tuple[Count, ...]
    inputs: Inputs
    posterior: Normal
    noise: list[PaceNoise] = field(default_factory=list)

    @property
    def base(self) -> Count:
        return self.points[-1]

    def log_odds(self, years: Array) -> Array:
        """Log odds of the urban share, straight between counts and along the last pace beyond."""
        dates = np.array([p.year for p in self.points])
        odds = logit([p.rate for p in self.points])
        found = np.interp(years, dates, odds)
        if dates.size > 1:
            pace = (odds[-1] - odds[-2]) / (dates[-1] - dates[-2])
            found = np.where(years > dates[-1], odds[-1] + pace * (years - dates[-1]), found)
        return np.asarray(found)


def forecast(
    panel: Panel,
    origin: float,
    to: float,
    atlas: Atlas,
    estimates: PoolingEstimates,
    *,
    seed: int = 20201101,
    units: Sequence[str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Hindcast:
    """Forecast the units of a panel from what was known at ``origin``.

    Parameters
    ----------
    panel : Panel
        Later points may be there; they are not read.
    origin, to : float
        Years.
    atlas : Atlas
        Of the seeds: where ages are borrowed from.
    estimates : PoolingEstimates
        Of partial pooling; those known at ``origin`` are used.
    seed : int
    units : sequence of str, optional
        Those wanted; all where it is not given.
    progress : callable, optional
        Called with the name of each unit.
    """
    known = panel.until(origin)
    maker = _Maker(known, origin, to, atlas, estimates)
    forecasts = []
    for name in known.points if units is None else units:
        progress(name)
        unit = maker.unit(name)
        if unit is not None:
            forecasts.append(_forecast(unit, to, seed))
    return Hindcast(tuple(forecasts), tuple(maker.notes))


def _forecast(unit: _Unit, to: float, seed: int) -> Forecast:
    """Distribution of rate and total at ``to``, between whole years after the last count."""
    ahead = to - unit.base.year
    years = max(int(np.ceil(ahead - 1e-9)), 1)
    noise = [deviation.first(years) for deviation in unit.noise]
    odds, totals = [], []
    for block in range(BLOCKS):
        path = draw(unit.inputs, unit.posterior, noise, years, (seed, block)).project()
        odds.append(np.log(path.urban / path.rural))
        totals.append(np.log(path.urban + path.rural))
    at = min(max(ahead, 0.0), float(years))
    low = min(int(at), years - 1)
    weight = at - low

    def between(parts: list[Array]) -> Array:
        path = np.concatenate(parts, axis=-1)
        return np.asarray((1.0 - weight) * path[low] + weight * path[low + 1])

    levels = np.array(LEVELS)
    return Forecast(
        METHOD,
        unit.name,
        to,
        LEVELS,
        share_of(np.quantile(between(odds), levels)),
        np.exp(np.quantile(between(totals), levels)),
    )


class _Maker:
    """Makes units, parents first, and keeps them."""

    def __init__(
        self, panel: Panel, origin: float, to: float, atlas: Atlas, estimates: PoolingEstimates
    ):
        self.panel = panel
        earliest = min((points[-1].year for points in panel.points.values() if points), default=to)
        self.horizon = max(int(np.ceil(to - earliest)), POOLED_YEARS)
        self.origin = origin
        self.atlas = atlas
        self.pooling = estimates.known(origin)
        self.notes: list[str] = []
        self.made: dict[str, _Unit | None] = {}
        self.levels = _levels(panel)
        used = set(self.levels.values())
        late = {k: v for k, v in estimates.later_than(origin).items() if k in used}
        self.notes += [
            say("validation.estimated_later", level=level, year=year)
            for level, year in late.items()
        ]
        self.aged = atlas_of_panel(panel, atlas, estimates, self.levels)
        self.calibrated: dict[str, Calibrated] = {}
        if "panel" in used:
            self.pooling["panel"] = self._common(self.pooling["panel"])
        own = self.aged.regions if self.aged is not None else {}
        borrowed = [name for name in panel.points if self._id(name) not in own]
        if borrowed:
            counts = {"count": len(borrowed), "total": len(panel.points)}
            self.notes.append(say("validation.ages_borrowed", **counts))
            if origin < atlas.span.first:
                self.notes.append(say("validation.census_later", year=atlas.span.first))

    def _common(self, pooling: Pooling) -> Pooling:
        """Estimates for topmost units, with the shift that their own latest intervals show."""
        shifts = []
        for name, level in self.levels.items():
            points = [p for p in self.panel.points[name] if 0.0 < p.rate < 1.0]
            if level == "panel" and len(points) > 1:
                record = _beside_norm(points)
                shifts.append(record.gains[-1] / (record.years[-1] - record.years[-2]))
        if len(shifts) < LEAST_ROOTS:
            return pooling
        return replace(pooling, shift=float(np.median(shifts)))

    def _id(self, name: str) -> str:
        return NATION if self.levels.get(name) == "nation" else name

    def unit(self, name: str) -> _Unit | None:
        """Return a unit, calibrated; None where that cannot be done."""
        if name not in self.made:
            self.made[name] = None
            points = self.panel.points.get(name, ())
            if any(not 0.0 < p.rate < 1.0 for p in points):
                self.notes.append(say("validation.one_residence", unit=name))
            elif points:
                try:
                    self.made[name] = self._make(name, points)
                except CalibrationError as error:
                    self.notes.append(say("validation.left_out", unit=name, reason=error))
                except ValueError:  # the projection's, of intensities beyond its bounds
                    reason = say("validation.changes_too_fast")
                    self.notes.append(say("validation.left_out", unit=name, reason=reason))
        return self.made[name]

    def _make(self, name: str, points: tuple[Count, ...]) -> _Unit:
        parent = self.panel.parents.get(name)
        above = self.unit(parent) if parent is not None else None
        if self.aged is not None and self._id(name) in self.aged.regions:
            return self._make_aged(name, points, self.aged)
        level = self.levels[name]
        if above is None and (level != "nation" or len(points) == 1):
            level = "panel"  # with nothing above, and no pace of its own, as countries
        pooling = self.pooling[level]
        inputs = _inputs(self, name, points)
        pace, noise = _expectation(name, points, pooling, above, level, self.horizon)
        prior = _prior(closed=above is None, loss=_loss(points))
        evidence = _evidence(points, inputs, pace)
        try:
            posterior = calibrate(prior, evidence, sample=SAMPLE).posterior
        except CalibrationError:
            # Often no more than bad luck with few draws.
            posterior = calibrate(prior, evidence, sample=8 * SAMPLE).posterior
        unit = _Unit(name, points, inputs, posterior)
        unit.noise = [noise, *(above.noise if above is not None else [])]
        return unit

    def _make_aged(self, name: str, points: tuple[Count, ...], atlas: Atlas) -> _Unit:
        """A unit with ages, made as regions are."""
        own = self._id(name)
        self.calibrated[own] = calibrate_one(atlas, own, self.calibrated)
        inputs = atlas.inputs(own)
        posterior = self.calibrated[own].posterior.posterior
        unit = _Unit(name, points, inputs, posterior)
        unit.noise = [pace_noise(atlas, i, self.horizon) for i in atlas.tree.lineage(own)]
        return unit


def atlas_of_panel(
    panel: Panel, seeds: Atlas, estimates: PoolingEstimates, levels: Mapping[str, str]
) -> Atlas | None:
    """Units with ages at the last two counts of the nation, as regions; None without a nation.

    Standards of mortality, fertility and single years are the seeds' nation's: shapes by age, of
    its latest census. Its published figures are used up to the base.
    """
    nation = next((name for name, level in levels.items() if level == "nation"), None)
    dates = sorted(panel.ages.get(nation, {})) if nation is not None else []
    if nation is None or len(dates) < 2 or any(year != int(year) for year in dates[-2:]):
        return None
    if dates[-1] - dates[-2] != SPAN.years:  # schedules are read from cohorts ten years on
        return None
    span = Span(int(dates[-2]), int(dates[-1]))
    wanted = [
        name
        for name in panel.points
        if {float(span.first), float(span.base)} <= set(panel.ages.get(name, {}))
        and panel.points[name][-1].year == span.base
    ]
    china = seeds.regions[NATION]
    ratio = "sex_ratio_at_birth"  # of one year only; no part of what is forecast
    known = tuple(o for o in china.observations if o.year <= span.base or o.indicator == ratio)
    regions = {}
    for name in wanted:
        parent = panel.parents.get(name)
        if name != nation and parent not in wanted:
            continue
        earlier, base = (_census(name, year, panel.ages[name][year]) for year in dates[-2:])
        region = Region.model_construct(
            id=NATION if name == nation else name,
            level=levels[name],
            parent=None if name == nation else NATION if parent == nation else parent,
            baseline=Baseline.model_construct(census=base),
            history=(History.model_construct(census=earlier),),
            observations=known if name == nation else (),
            standards=china.standards if name == nation else None,
        )
        regions[region.id] = region
    pooling = estimates.known(span.base)
    return Atlas(regions, pooling, span=span, arrivals=UNKNOWN_ARRIVALS)


def _census(name: str, year: float, table: Array) -> Census:
    """A count by residence, sex and age group as a region's file would hold it."""
    rows: dict[str, Any] = {
        f"{residence}_{sex}": tuple(float(x) for x in table[i, j])
        for i, residence in enumerate(("urban", "rural"))
        for j, sex in enumerate(("female", "male"))
    }
    by_age = AgeSex.model_construct(ages=GROUPS, female=None, male=None, **rows)
    urban, rural = float(table[0].sum()), float(table[1].sum())
    return Census.model_construct(
        year=int(year), total=urban + rural, urban=urban, rural=rural, age_sex=by_age, source=name
    )


def _levels(panel: Panel) -> dict[str, str]:
    """Level of each unit by what it belongs to: a sole topmost unit is a nation.

    Several topmost units are a panel, and a unit that belongs to one of them is a prefecture.
    """

    def above(name: str) -> str | None:
        parent = panel.parents.get(name)
        return parent if parent in panel.points else None

    def depth(name: str) -> int:
        parent = above(name)
        return 0 if parent is None else 1 + depth(parent)

    roots = [name for name in panel.points if above(name) is None]
    nested = any(above(name) is not None for name in panel.points)
    order: tuple[str, ...] = ("nation", "province", "prefecture", "county")
    if len(roots) > 1:
        order = ("panel", "prefecture", "county", "county") if nested else ("panel",)
    return {name: order[min(depth(name), len(order) - 1)] for name in panel.points}


def _beside_norm(points: Sequence[Count]) -> Record:
    """A topmost unit's record beside the norm of the World Urbanization Prospects."""
    years, odds = np.array([p.year for p in points]), logit([p.rate for p in points])
    spans = np.diff(years)
    middle = share_of((odds[1:] + odds[:-1]) / 2.0)
    gains = np.diff(odds) - norm(middle) * spans
    return Record(years, gains, np.zeros(spans.size), 1.0, np.ones(years.size, dtype=bool))


def _beside(points: Sequence[Count], above: _Unit) -> Record | None:
    """A unit's record beside what it belongs to; None where they share no interval."""
    first = above.points[0].year
    years = np.array([p.year for p in points if p.year >= first - 0.5])
    if years.size < 2:
        return None
    own = logit([p.rate for p in points if p.year >= first - 0.5])
    parent = above.log_odds(years)
    scale = max(float(parent[-1] - parent[0]) / (years[-1] - years[0]), LEAST_PACE)
    apart = own - parent
    return Record(years, np.diff(apart), apart[:-1], scale, np.zeros(years.size, dtype=bool))


def _expectation(
    name: str,
    points: Sequence[Count],
    pooling: Pooling,
    above: _Unit | None,
    level: str,
    horizon: int,
) -> tuple[ExpectedGain, PaceNoise]:
    """What a unit's later pace is expected to be, and how it deviates from that."""
    nothing = np.zeros((horizon, horizon))
    if above is not None:
        later = above.inputs.after(above.posterior.mean[:, None], POOLED_YEARS)
        gain = float(gain_of(later, POOLED_YEARS)[0])
        offset = float(logit(points[-1].rate) - above.log_odds(np.array([points[-1].year]))[0])
        ahead = depart(pooling, _beside(points, above), offset, horizon)
        gain *= 1.0 + ahead.over(POOLED_YEARS)[0]
        return ExpectedGain(POOLED_YEARS, gain, BORROWED_ERROR), PaceNoise.of(
            name, ahead, nothing, horizon
        )
    if level == "nation" and len(points) > 1:
        first, last = _window(points)
        pace = float(logit(last.rate) - logit(first.rate)) / (last.year - first.year)
        window = (-max(round(last.year - first.year), 1), 0)
        noise = PaceNoise.beyond(name, pooling, nothing, window, horizon)
        return ExpectedGain(POOLED_YEARS, pace * POOLED_YEARS, BORROWED_ERROR), noise
    record = _beside_norm(points) if len(points) > 1 else None
    ahead = depart(pooling, record, 0.0, horizon)
    paces = np.empty(horizon)
    odds = float(logit(points[-1].rate))
    for year in range(horizon):
        paces[year] = norm(share_of(odds)) + ahead.mean[year]
        odds += paces[year]
    mean = float(paces[:POOLED_YEARS].mean())
    scale = max(mean, LEAST_PACE)
    relative = Departure(paces / scale - 1.0, ahead.covariance / scale**2, ahead.degrees_of_freedom)
    noise = PaceNoise.of(name, relative, nothing, horizon)
    return ExpectedGain(POOLED_YEARS, mean * POOLED_YEARS, BORROWED_ERROR), noise


def _window(points: Sequence[Count]) -> tuple[Count, Count]:
    """The last count and the latest one far enough before it, or else the earliest."""
    last = points[-1]
    earlier = [p for p in points[:-1] if last.year - p.year >= LEAST_WINDOW]
    return (earlier[-1] if earlier else points[0]), last


def _loss(points: tuple[Count, ...]) -> float:
    """Yearly rate at which a unit lost people, where that is more than `STEADY`; otherwise 0."""
    first, last = _window(points)
    if last.year == first.year:
        return 0.0
    loss = -float(np.log(last.total / first.total)) / (last.year - first.year)
    return loss if loss > STEADY else 0.0


def _prior(*, closed: bool, loss: float) -> Normal:
    """Prior of a unit of which nothing but totals and urban totals is known."""
    start = {name: START.get(name, 0.0) for name in NAMES}
    start |= {name: 0.0 for name in NAMES if name.startswith("period_")}
    start |= {"rural_exit": float(np.log(0.03)), "arrivals": float(np.log(UNKNOWN_ARRIVALS))}
    spread = {name: min(SPREAD[name], UNIDENTIFIED) for name in NAMES}
    spread |= dict.fromkeys(("rural_exit", *PACES), IDENTIFIED)
    if loss > 0.0:
        # People left, from towns and villages: how many of each the totals tell.
        start |= {"urban_out_migration": float(np.log(UNKNOWN_ARRIVALS + loss))}
        spread["urban_out_migration"] = 2.0 * UNIDENTIFIED
    elif closed:
        start |= CLOSED
        spread |= dict.fromkeys(CLOSED, 0.01)
    mean = np.array([start[name] for name in NAMES])
    spreads = np.array([spread[name] for name in NAMES])
    correlation = np.eye(len(NAMES))
    first, second = (NAMES.index(name) for name in PACES)
    correlation[first, second] = correlation[second, first] = TOGETHER
    return Normal(mean, correlation * np.outer(spreads, spreads))


def _inputs(maker: _Maker, name: str, points: tuple[Count, ...]) -> Inputs:
    """Populations by borrowed ages, and general schedules."""
    atlas = maker.atlas
    first, last = _window(points)
    years = max(round(last.year - first.year), 1) if len(points) > 1 else POOLED_YEARS
    general = np.array([migration.STANDARD, migration.STANDARD])
    nation = Pattern.of(atlas.regions[NATION], atlas.standard)
    pattern = replace(nation, local_parameters=general)
    groups = _borrowed(maker, name)

    def population(point: Count) -> Array:
        rural = point.total - point.urban
        single = atlas.standard.single_years
        return borrowed_population(groups, point.urban, rural, point.shares, single)

    base = population(last)
    return Inputs(
        id=name,
        earlier=population(_on_whole_years(first, last, years)),
        counted=base,
        base=base,
        years=years,
        schedules_before=pattern.schedules("before"),
        schedules_after=pattern.schedules("before"),
        bound=UNKNOWN_BOUND,
        absent=0.0,
        yearly_mortality=1.0,
    )


def _on_whole_years(first: Count, last: Count, years: int) -> Count:
    """The earlier count moved to a whole number of years before the last, at its own pace."""
    span = last.year - first.year
    if span <= 0.0:
        return first
    factor = years / span
    odds = logit(last.rate) + factor * (logit(first.rate) - logit(last.rate))
    total = last.total * (first.total / last.total) ** factor
    return replace(first, year=last.year - years, total=total, urban=total * float(share_of(odds)))


def _borrowed(maker: _Maker, name: str) -> Array:
    """Persons by residence, sex and age group of the nearest unit that has them."""
    at: str | None = name
    while at is not None:
        tables = maker.panel.ages.get(at)
        if tables:
            return np.asarray(tables[max(tables)], dtype=float)
        at = maker.panel.parents.get(at)
    china = maker.atlas.regions[NATION]
    span = maker.atlas.span
    return by_residence(table_of(china, span.first if maker.origin < span.base else span.base))


def _evidence(points: tuple[Count, ...], inputs: Inputs, pace: ExpectedGain) -> Evidence:
    """Totals and urban totals after the first count, and the pace expected later."""
    first, last = _window(points)
    seen = [p for p in points if p.year > first.year] if len(points) > 1 else []
    offsets = np.array([p.year - (last.year - inputs.years) for p in seen])
    kept = offsets > 0.25
    seen, offsets = [p for p, keep in zip(seen, kept, strict=True) if keep], offsets[kept]
    observed = [*np.log([p.total for p in seen]), *logit([p.rate for p in seen]), pace.gain]
    odds_error = [URBAN_ERROR / (1.0 - p.rate) for p in seen]
    error = [*[TOTAL_ERROR] * len(seen), *odds_error, pace.error]

    def predict(theta: Array) -> Array:
        rows: list[Array] = []
        if seen:
            path = inputs.before(theta)
            total, odds = np.log(path.urban + path.rural), np.log(path.urban / path.rural)
            rows = [_at(total, offset) for offset in offsets]
            rows += [_at(odds, offset) for offset in offsets]
        later = inputs.after(theta, pace.years)
        return np.stack([*rows, gain_of(later, pace.years)])

    return Evidence(np.array(observed), np.array(error), predict)


def _at(path: Array, offset: float) -> Array:
    """A path by whole years at a year in between, (draw,)."""
    low = min(int(offset), path.shape[0] - 2)
    return np.asarray(path[low] + (offset - low) * (path[low + 1] - path[low]))
