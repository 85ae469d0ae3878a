"""What the terminal shows: tables a person can read."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr

from .. import __version__
from ..forecast.data_gaps import notice_lines, notices
from ..forecast.fit import PRIOR_DECIDES, Atlas, Calibrated, withheld_errors
from ..forecast.parameters import NAMES, PARAMETERS, natural
from ..forecast.pooling_file import atlas_of, read_skill
from ..inputs.region import BASE_YEAR, PlannedMeasure, Programme, Region, Target
from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..judging.likelihood import likelihood_class, of_hundred
from ..judging.target import NEAR_POINTS
from ..judging.verdicts import BEYOND_HORIZON, NOT_MODELLED, Verdict, is_conditional
from ..texts import Bilingual, say, terminal_language
from ..validation.backtest import Backtest
from ..validation.scores import Score, as_rows
from ..variables import DATA, PRIOR, WAN
from .run import sources_used
from .tables import table

SIGNS: Final = {">=": "≥", "~": "≈"}
_UNJUDGED: Final = {NOT_MODELLED: "not_modelled", BEYOND_HORIZON: "beyond_the_horizon"}


def spoken_names(seeds: Seeds) -> dict[str, str]:
    """Name of every region and urban district in the language of the terminal."""
    places = {region_id: region.names for region_id, region in seeds.regions.items()}
    places |= {name: district.names for name, (_, district) in seeds.districts().items()}
    return {name: Bilingual(names.en, names.zh).spoken for name, names in places.items()}


def _figure(value: float | None, unit: str) -> str:
    """A rate in percent, or persons in 10 thousand."""
    return "–" if value is None else say(f"terminal.{unit}", value=_number(value, unit))


def _number(value: float, unit: str) -> str:
    return f"{value if unit == 'percent' else value / WAN:.1f}"


def _aim(verdict: Verdict) -> str:
    """Return a target as printed: its own digits, in percent or 10 thousand persons."""
    if verdict.target is None:
        return "–"
    if verdict.comparison == "near":
        return say("terminal.near", value=_figure(verdict.target, verdict.unit))
    target = verdict.target if verdict.unit == "percent" else verdict.target / WAN
    figure = say(f"terminal.{verdict.unit}", value=f"{target:.6g}")
    return f"{SIGNS[verdict.comparison]} {figure}"


def _place(verdict: Verdict, names: Mapping[str, str]) -> list[str]:
    return [names[verdict.region], say(f"indicators.{verdict.indicator}"), str(verdict.year)]


def _header(*keys: str) -> list[str]:
    return [say(f"terminal.{key}") if key else "" for key in keys]


def _chance(probability: float) -> str:
    return of_hundred(probability, terminal_language.get())


def single_scenario(scenario: Scenario, verdicts: Sequence[Verdict], seeds: Seeds) -> str:
    """Verdicts of one scenario: what is expected, how likely the target is, what is missing."""
    names, conditional = spoken_names(seeds), is_conditional(scenario)
    rows = []
    for v in verdicts:
        if v.probability is None or v.p05 is None or v.p95 is None:
            middle = ["–", "–", "–"]
            words = say(f"probability.{_UNJUDGED[v.likelihood]}")
        else:
            low = _number(v.p05, v.unit)
            band = say("terminal.between", low=low, high=_figure(v.p95, v.unit))
            middle = [_figure(v.median, v.unit), band, _chance(v.probability)]
            likely = say(f"probability.{likelihood_class(v.probability)}")
            words = "" if conditional else likely
        first = str(v.first_year_met) if v.first_year_met is not None else "–"
        rows.append([*_place(v, names), _aim(v), *middle, words, first])
    title = f"{scenario.scenario}: {Bilingual(scenario.title.en, scenario.title.zh).spoken}"
    if not rows:
        return "\n".join([title, "", say("terminal.no_targets")])
    header = _header(
        "region", "target", "year", "aim", "median", "interval", "of_100", "", "half_by"
    )
    return "\n".join(
        [
            title,
            "",
            table(header, rows, "llrrrrrlr"),
            "",
            *_notes(conditional, verdicts, seeds),
            say("terminal.half_by_note", horizon=scenario.horizon),
        ]
    )


def _notes(conditional: bool, verdicts: Sequence[Verdict], seeds: Seeds) -> list[str]:
    names = spoken_names(seeds)
    near = dict.fromkeys(v.relative_to for v in verdicts if v.relative_to is not None)
    return [
        say("terminal.of_100_delivered" if conditional else "terminal.of_100_note"),
        say("terminal.about_note"),
        *(say("terminal.near_note", points=NEAR_POINTS, other=names[other]) for other in near),
        *skill_sentences(seeds, {v.region for v in verdicts}),
        say("terminal.prior_note"),
    ]


def skill_sentences(seeds: Seeds, regions: Collection[str]) -> list[str]:
    """How well the model has forecast regions like those shown."""
    levels = {str(seeds.regions[i].level) for i in regions if i in seeds.regions}
    lines = [
        say(
            "terminal.skill",
            years=skill.years,
            level=say(f"terminal.level.{level}"),
            error=skill.mae,
            units=Bilingual(f" ({skill.units})", "").spoken,
            width=skill.width80,
            held=100 * skill.coverage80,
        )
        for level, skill in read_skill(seeds.directory).items()
        if level in levels
    ]
    if "county" in levels:
        lines.append(say("terminal.no_county_skill"))
    return lines


def several_scenarios(results: Sequence[tuple[Scenario, Sequence[Verdict]]], seeds: Seeds) -> str:
    """Verdicts of several scenarios side by side: draws of 100 in which each target is met."""
    # The trend before what depends on measures.
    results = sorted(results, key=lambda item: is_conditional(item[0]))
    keys: dict[tuple[object, ...], Verdict] = {}
    cells: dict[tuple[object, ...], dict[str, str]] = {}
    for scenario, verdicts in results:
        count: dict[tuple[object, ...], int] = {}
        for v in verdicts:
            base: tuple[object, ...] = (v.region, v.indicator, v.year, v.comparison)
            count[base] = count.get(base, 0) + 1
            key = (*base, count[base])
            keys.setdefault(key, v)
            if v.probability is None:
                shown = say(f"probability.{_UNJUDGED[v.likelihood]}")
            else:
                shown = _chance(v.probability)
            cells.setdefault(key, {})[scenario.scenario] = shown
    scenarios = [scenario.scenario for scenario, _ in results]
    names, unjudged = spoken_names(seeds), say("probability.not_modelled")
    rows = []
    for key, v in keys.items():
        aim = _aim(v) if v.comparison != "near" else say("terminal.near_province")
        own = [cells[key].get(name, "") for name in scenarios]
        if set(own) == {unjudged}:
            own = [unjudged] + [""] * (len(scenarios) - 1)
        rows.append([*_place(v, names), aim, *own])
    header = [*_header("region", "target", "year", "aim"), *scenarios]
    lines = [
        say("terminal.of_100_question"),
        "",
        table(header, rows, "llrr" + "r" * len(scenarios)),
        "",
        say("terminal.delivered_note"),
    ]
    return "\n".join(lines + _notes(False, results[0][1], seeds))


def region_list(seeds: Seeds) -> str:
    """All regions with level, names and the census of the base year."""
    names = spoken_names(seeds)
    rows = []
    for region_id in _tree(seeds, None):
        region = seeds.regions[region_id]
        census = region.baseline.census
        indent = "  " * len(seeds.tree.ancestors(region_id))
        rows.append(
            [
                f"{indent}{region_id}",
                names[region_id],
                say(f"terminal.level.{region.level}"),
                f"{census.total / WAN:.2f}",
                f"{census.urban / WAN:.2f}",
                f"{100 * census.urban / census.total:.2f}",
                str(len(region.targets)),
            ]
        )
        for district in region.urban_districts:
            figure = district.population
            rows.append(
                [
                    f"{indent}  {district.id}",
                    names[district.id],
                    say("terminal.level.district"),
                    f"≈ {figure.value:g}" if figure is not None else "",
                    "",
                    "",
                    "",
                ]
            )
    header = _header("id", "name", "level", "residents", "urban", "rate", "targets")
    return f"{table(header, rows, 'lllrrrr')}\n\n{say('terminal.census_note')}"


def _tree(seeds: Seeds, above: str | None) -> list[str]:
    out = []
    for region_id, region in seeds.regions.items():
        if region.parent == above:
            out += [region_id, *_tree(seeds, region_id)]
    return out


def sums(dataset: xr.Dataset, seeds: Seeds) -> str:
    """Say what adds up, and what a region keeps beside those of its parts that are projected."""
    shown = set(map(str, dataset["region"].values))
    above = {region_id.split(".")[0] for region_id in shown if "." in region_id} & shown
    incomplete = (
        set(map(str, dataset["remainder"].values)) if "remainder" in dataset.dims else set()
    )
    names, lines = spoken_names(seeds), []
    if above - incomplete:
        some = [names[region_id] for region_id in sorted(above & incomplete)]
        but = say("terminal.but_for", regions=_listed(some)) if some else ""
        lines.append(say("terminal.counties_add_up", but=but))
    if not incomplete:
        return "\n".join(lines)
    last = int(dataset["year"][-1])
    for region_id, without in zip(
        dataset["remainder"].values, dataset["without"].values, strict=True
    ):
        rate = 100.0 * dataset["remainder_urbanization_rate"].sel(remainder=region_id)
        low, middle, high = (float(rate.sel(year=last, quantile=q)) for q in (0.05, 0.5, 0.95))
        lines.append(
            say(
                "terminal.remainder",
                place=names[str(region_id)],
                parts=_listed([names[part] for part in str(without).split()]),
                base_year=BASE_YEAR,
                start=float(rate.sel(year=BASE_YEAR, quantile=0.5)),
                year=last,
                middle=middle,
                low=low,
                high=high,
            )
        )
    return "\n".join(lines)


def _listed(words: Sequence[str]) -> str:
    return say("judging.enumeration").join(words)


def notices_of(seeds: Seeds, region_id: str) -> list[str]:
    """What a region borrows, lacks or leaves in doubt, a line each in both languages."""
    return notice_lines(notices(seeds.regions, region_id))


def one_region(seeds: Seeds, region_id: str) -> str:
    """What is known of a region: census, printed figures beside it, derived figures, targets."""
    from ..inputs.derived_figures import (
        derived_figures,
        discrepancy_sentences,
        registered_sentences,
    )

    region: Region = seeds.region(region_id)
    census, names = region.baseline.census, spoken_names(seeds)
    level = say(f"terminal.level.{region.level}")
    lines = [
        f"{region.id}  {names[region_id]}  ({level})",
        "",
        say(
            "terminal.census",
            year=census.year,
            total=census.total,
            urban=census.urban,
            rate=100 * census.urban / census.total,
            source=census.source,
            place=census.place,
        ),
    ]
    moved = [
        event
        for owner in seeds.regions.values()
        for event in owner.boundary_events
        if event.year == BASE_YEAR and region_id in (event.from_, event.to)
    ]
    if moved:
        base = atlas_of(seeds).base(region_id)
        total, rate = float(base.sum()), 100 * float(base[0].sum() / base.sum())
        lines.append(say("terminal.new_boundary", year=BASE_YEAR, total=total, rate=rate))
    for title, found in (
        ("registered", registered_sentences(region)),
        ("discrepancies", discrepancy_sentences(region)),
        ("derived", derived_figures(region)),
        ("borrowed", notices_of(seeds, region_id)),
        ("targets_of", [_target_line(target) for target in region.targets]),
        ("programmes", [_named(item) for item in region.programmes]),
        ("measures", [_named(item) for item in region.measures]),
    ):
        if found:
            lines += ["", say(f"terminal.{title}"), *(f"  {line}" for line in found)]
    return "\n".join(lines)


def _target_line(target: Target) -> str:
    if target.value is not None:
        aim = f"{SIGNS[target.comparison]} {target.value:g} {target.unit}"
    elif target.relative_to is not None:
        aim = say("terminal.near_rate_of", region=target.relative_to)
    else:
        low, high = f"{target.change_low:g}", f"{target.change_high:g}"
        aim = say("terminal.band", low=low, high=high, unit=target.unit)
    place = f" [{target.region}]" if target.region else ""
    cited = f"({target.source}, {target.place})"
    return f"{target.year}  {target.indicator}{place}  {aim}  {cited}"


def _named(item: Programme | PlannedMeasure) -> str:
    name = Bilingual(item.names.en, item.names.zh).spoken
    return f"{name}  ({item.source}, {item.place})"


def citations(seeds: Seeds, scenario: Scenario | None) -> str:
    """How to cite simmodel and the sources of a scenario (of all regions without one)."""
    ids = set(seeds.sources) if scenario is None else sources_used(scenario, seeds)
    lines = [say("terminal.cite_simmodel", version=__version__)]
    made_of = say("terminal.cite_seeds", sha256=seeds.sha256[:16])
    if scenario is not None:
        made_of += say(
            "terminal.cite_scenario", scenario=scenario.scenario, sha256=scenario.sha256[:16]
        )
    lines += [made_of, "", say("terminal.cite_figures")]
    for source_id in sorted(ids):
        s = seeds.sources[source_id]
        parts = [s.title.en, s.title.zh, s.publisher, str(s.year), s.number, s.url]
        lines.append(f"  [{source_id}] " + ". ".join(str(p) for p in parts if p))
    return "\n".join([*lines, "", say("terminal.cite_method"), *(f"  {m}" for m in METHODS)])


METHODS: Final = (
    "Rogers, A. and Castro, L. J. (1981). Model Migration Schedules. IIASA RR-81-30.",
    "Rogers, A. and Ledent, J. (1976). Increment-decrement life tables: a comment. Demography 13.",
    "Brass, W. (1971). On the scale of mortality. In Biological Aspects of Demography.",
    "Gan et al. (2025). Journal of Population Economics 38:14 (reclassification).",
)
CALIBRATION_COLUMNS: Final = (
    "region",
    "parameter",
    "unit",
    "prior_median",
    "prior_p05",
    "prior_p95",
    "posterior_median",
    "posterior_p05",
    "posterior_p95",
    "spread_ratio",
    "decided_by",
    "most_correlated_with",
    "correlation",
    *(f"correlation_with_{name}" for name in NAMES),
)


def calibration_rows(
    atlas: Atlas, done: Mapping[str, Calibrated]
) -> tuple[Sequence[str], list[dict[str, object]]]:
    """Every parameter's prior and posterior, and whether the data moved it."""
    del atlas
    rows: list[dict[str, object]] = []
    for region_id, item in done.items():
        prior, posterior = item.posterior.prior, item.posterior.posterior
        ends = {
            kind: {
                z: natural((n.mean + z * n.spread)[:, None], item.inputs.bound)
                for z in (-1.645, 0.0, 1.645)
            }
            for kind, n in (("prior", prior), ("posterior", posterior))
        }
        correlation = posterior.covariance / np.outer(posterior.spread, posterior.spread)
        np.fill_diagonal(correlation, 0.0)
        for i, parameter in enumerate(PARAMETERS):
            ratio = float(posterior.spread[i] / prior.spread[i])
            other = int(np.abs(correlation[i]).argmax())
            row: dict[str, object] = {
                "region": region_id,
                "parameter": parameter.name,
                "unit": parameter.units,
                "spread_ratio": ratio,
                "decided_by": PRIOR if ratio > PRIOR_DECIDES else DATA,
                "most_correlated_with": NAMES[other],
                "correlation": float(correlation[i, other]),
            }
            for name, value in zip(NAMES, correlation[i], strict=True):
                itself = name == parameter.name
                row[f"correlation_with_{name}"] = 1.0 if itself else float(value)
            for kind in ("prior", "posterior"):
                for z, label in ((0.0, "median"), (-1.645, "p05"), (1.645, "p95")):
                    row[f"{kind}_{label}"] = float(ends[kind][z][parameter.name][0])
            rows.append(row)
    return CALIBRATION_COLUMNS, rows


def calibration_summary(atlas: Atlas, done: Mapping[str, Calibrated]) -> str:
    """One line a region: effective draws, misfit, error on withheld age groups, prior-decided."""
    rows = []
    for region_id, item in done.items():
        errors, alone = withheld_errors(atlas, region_id, done)
        prior, posterior = item.posterior.prior, item.posterior.posterior
        undecided = [
            p.name
            for p, a, b in zip(PARAMETERS, posterior.spread, prior.spread, strict=True)
            if a / b > PRIOR_DECIDES
        ]
        rows.append(
            [
                region_id,
                f"{100 * item.posterior.effective_draws:.0f} %",
                f"{100 * np.abs(errors).mean():.1f} %"
                if errors.size
                else say("terminal.is_borrowed"),
                f"{100 * np.abs(alone).mean():.1f} %" if errors.size else "–",
                str(len(PARAMETERS) - len(undecided)),
                str(len(undecided)),
            ]
        )
    header = _header(
        "region", "effective_draws", "withheld_ages", "if_nobody_moved", "data", "prior"
    )
    note = say("terminal.calibration_note", year=BASE_YEAR)
    return f"{table(header, rows, 'lrrrrr')}\n\n{note}"


def skill_table(found: Backtest) -> str:
    """Scores of all methods on a panel, or a word on why there are none."""
    ours = sum(1 for f in found.forecasts if f.method == "simmodel")
    if not found.scores:
        key = "terminal.unit_unscored" if ours == 1 else "terminal.units_unscored"
        return say(key, count=ours, to=found.to, origin=found.origin)
    header = _header("method", "units", "mae", "", "bias", "crps", "held_80", "width_80", "held_95")
    rows = [_skill_row(one) for one in found.scores]
    blocks = sorted({one.block for one in found.scores}) == ["block"]
    return "\n".join(
        [
            say("terminal.skill_title", to=found.to, origin=found.origin),
            "",
            table(header, rows, "lrrlrrrrr"),
            "",
            say(
                "terminal.skill_note",
                resampled=say("terminal.by_parent" if blocks else "terminal.by_unit"),
            ),
        ]
    )


def _skill_row(one: Score) -> list[str]:
    def share(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.0f} %"

    low, high = one.intervals.get("mae", (None, None))
    return [
        one.method,
        str(one.n),
        f"{one.mae:.2f}",
        "" if low is None else f"[{low:.2f}, {high:.2f}]",
        f"{one.bias:+.2f}",
        f"{one.crps:.2f}",
        share(one.coverage80),
        "–" if one.width80 is None else f"{one.width80:.2f}",
        share(one.coverage95),
    ]


def skill_json(found: Backtest) -> str:
    """Scores and notes for a machine."""
    _, rows = as_rows(found.scores)
    pits = {one.method: list(one.pit) for one in found.scores if one.pit}
    data = {"origin": found.origin, "to": found.to, "scores": rows, "pit": pits}
    return json.dumps({**data, "notes": list(found.notes)}, ensure_ascii=False, indent=1)
