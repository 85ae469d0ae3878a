"""What the terminal shows: tables a person can read."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import xarray as xr

from .. import __version__
from ..forecast.data_gaps import notice_lines, notices
from ..forecast.fit import PRIOR_DECIDES, Atlas, Calibrated, withheld_errors
from ..forecast.parameters import NAMES, PARAMETERS, natural
from ..forecast.pooling_file import atlas_of, read_skill
from ..inputs.region import BASE_YEAR, Region
from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..judging.likelihood import of_hundred
from ..judging.verdicts import NOT_MODELLED, Verdict, is_conditional
from ..texts import Bilingual
from ..validation.backtest import Backtest
from ..validation.scores import Score, as_rows
from ..variables import DATA, PRIOR, WAN
from .run import sources_used

INDICATORS = {
    "urbanization_rate": "urbanization rate",
    "urban_population": "urban population",
    "total_population": "population",
    "urban_district_population": "district population",
    "new_urban_jobs": "new urban jobs",
}
NO_TARGETS = (
    "no targets here, so no verdicts; the charts show what is expected",
    "所选地区没有目标，故无评判；预期见图",
)
COMPARISONS = {">=": "≥", "~": "≈", "near": "near"}


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: str) -> str:
    """Columns aligned by display width; ``right`` has an r for each right-aligned column."""
    widths = [max(map(_width, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        out = []
        for cell, width, side in zip(cells, widths, right, strict=True):
            space = " " * (width - _width(cell))
            out.append(space + cell if side == "r" else cell + space)
        return "  ".join(out).rstrip()

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([line(header), rule, *map(line, rows)])


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def spoken_names(seeds: Seeds) -> dict[str, str]:
    """Name of every region and urban district in the language of the terminal."""
    places = {region_id: region.names for region_id, region in seeds.regions.items()}
    places |= {name: district.names for name, (_, district) in seeds.districts().items()}
    return {name: Bilingual(names.en, names.zh).spoken for name, names in places.items()}


def _name(seeds: Seeds, region_id: str) -> str:
    if region_id in seeds.regions:
        names = seeds.regions[region_id].names
    else:
        names = seeds.districts()[region_id][1].names
    return f"{names.en} {names.zh}"


def _figure(value: float | None, unit: str) -> str:
    """A rate in percent, or persons in 万."""
    if value is None:
        return "–"
    return f"{value:.1f} %" if unit == "percent" else f"{value / WAN:.1f} 万"


def _aim(verdict: Verdict) -> str:
    """Return a target as printed: its own digits, in percent or 万."""
    if verdict.target is None:
        return "–"
    if verdict.comparison == "near":
        return f"near {_figure(verdict.target, verdict.unit)}"
    percent = verdict.unit == "percent"
    figure = f"{verdict.target if percent else verdict.target / WAN:.6g}"
    return f"{COMPARISONS[verdict.comparison]} {figure} {'%' if percent else '万'}"


def single_scenario(scenario: Scenario, verdicts: Sequence[Verdict], seeds: Seeds) -> str:
    """Verdicts of one scenario: what is expected, how likely the target is, what is missing."""
    rows = []
    for v in verdicts:
        if v.probability is None:
            middle = ["–", "–", "–"]
        else:
            assert v.p05 is not None
            low = _figure(v.p05, v.unit).split()[0]
            band = f"{low} to {_figure(v.p95, v.unit)}"
            middle = [_figure(v.median, v.unit), band, of_hundred(v.probability)]
        first = str(v.first_year_met) if v.first_year_met is not None else "–"
        words = "" if "of 100" in v.likelihood else v.likelihood
        place = [_name(seeds, v.region), INDICATORS[v.indicator], str(v.year), _aim(v)]
        rows.append([*place, *middle, words, first])
    header = ["region", "target", "year", "aim", "median", "90 % interval", "of 100", "", "half by"]
    title = f"{scenario.scenario}: {scenario.title.en} {scenario.title.zh}"
    if not rows:
        return "\n".join([title, "", *NO_TARGETS])
    text = table(header, rows, "llrrrrrlr")
    return "\n".join(
        [
            title,
            "",
            text,
            "",
            *_notes(is_conditional(scenario), verdicts, seeds),
            f"half by: first year to {scenario.horizon} by which half the draws have met it",
        ]
    )


def _notes(conditional: bool, verdicts: Sequence[Verdict], seeds: Seeds) -> list[str]:
    lines = [
        "of 100: draws in which the target is met"
        + (", if the measures deliver in full" if conditional else "")
        + "; 万 = 10,000",
        "≈ counts from half a unit of the last digit printed below the figure",
    ]
    lines += [f"near: {v.coherence.split(';')[0]}" for v in verdicts if v.comparison == "near"]
    regions = {v.region for v in verdicts}
    lines += skill_sentences(seeds, regions)
    lines.append(
        "How migration and reclassification share the growth is decided by the prior "
        "(docs/model.md)."
    )
    return lines


LEVEL_NAMES = {"province": "省级", "prefecture": "地级"}


def skill_sentences(seeds: Seeds, regions: Collection[str]) -> list[str]:
    """How well the model has forecast regions like those shown, in both languages."""
    levels = {str(seeds.regions[i].level) for i in regions if i in seeds.regions}
    lines = []
    for level, skill in read_skill(seeds.directory).items():
        if level not in levels:
            continue
        held, wide = 100 * skill.coverage80, f"{skill.width80:.1f}"
        lines.append(
            f"Over {skill.years} years, for a {level} like yours, the error has been about "
            f"{skill.mae:.1f} points ({skill.units}); the 80 % interval, {wide} points wide, held "
            f"{held:.0f} of 100 counts (docs/skill.md)."
        )
        lines.append(
            f"{LEVEL_NAMES[level]}地区{skill.years}年预测的平均误差约{skill.mae:.1f}个百分点；"
            f"80 %区间平均宽{wide}个百分点，{held:.0f} %的实际值落在其中。"
        )
    if "county" in levels:
        lines.append("For counties no earlier forecast can be scored: no count before 2010.")
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
            shown = v.likelihood if v.probability is None else of_hundred(v.probability)
            cells.setdefault(key, {})[scenario.scenario] = shown
    names = [scenario.scenario for scenario, _ in results]
    rows = []
    for key, v in keys.items():
        aim = _aim(v) if v.comparison != "near" else "near the province's"
        own = [cells[key].get(name, "") for name in names]
        if set(own) == {NOT_MODELLED}:
            own = [NOT_MODELLED] + [""] * (len(names) - 1)
        rows.append([_name(seeds, v.region), INDICATORS[v.indicator], str(v.year), aim, *own])
    header = ["region", "target", "year", "aim", *names]
    lines = [
        "Of 100 draws, in how many is each target met?",
        "",
        table(header, rows, "llrr" + "r" * len(names)),
        "",
        "Scenarios other than the trend say what follows if their measures deliver in full.",
    ]
    return "\n".join(lines + _notes(False, results[0][1], seeds))


def region_list(seeds: Seeds) -> str:
    """All regions with level, names and the census of the base year."""
    rows = []
    for region_id in _tree(seeds, None):
        region = seeds.regions[region_id]
        census = region.baseline.census
        indent = "  " * len(seeds.tree.ancestors(region_id))
        rows.append(
            [
                f"{indent}{region_id}",
                f"{region.names.en} {region.names.zh}",
                region.level,
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
                    f"{district.names.en} {district.names.zh}",
                    "urban district",
                    f"≈ {figure.value:g}" if figure is not None else "",
                    "",
                    "",
                    "",
                ]
            )
    header = ["id", "name", "level", "万, 2020", "urban 万", "rate %", "targets"]
    return table(header, rows, "lllrrrr") + "\n\n万 = 10,000 persons; census of 1 November 2020"


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
    lines = []
    if above - incomplete:
        some = [seeds.regions[region_id].names for region_id in sorted(above & incomplete)]
        but = f", but for {', '.join(n.en for n in some)}" if some else ""
        but_zh = f"（{'、'.join(n.zh for n in some)}除外）" if some else ""
        lines.append(f"Counties add up to their prefecture in every draw{but}.")
        lines.append(f"每次模拟中，各县（市、区）之和等于所在市州{but_zh}。")
    if not incomplete:
        return "\n".join(lines)
    last = int(dataset["year"][-1])
    for region_id, without in zip(
        dataset["remainder"].values, dataset["without"].values, strict=True
    ):
        rate = 100.0 * dataset["remainder_urbanization_rate"].sel(remainder=region_id)
        start = float(rate.sel(year=BASE_YEAR, quantile=0.5))
        low, middle, high = (float(rate.sel(year=last, quantile=q)) for q in (0.05, 0.5, 0.95))
        names = [seeds.regions[i].names for i in (str(region_id), *str(without).split())]
        lines.append(
            f"{names[0].en} without {', '.join(n.en for n in names[1:])}: {start:.1f} % urban in "
            f"{BASE_YEAR}, {middle:.1f} % ({low:.1f} to {high:.1f}) in {last}."
        )
        lines.append(
            f"{names[0].zh}其余地区（不含{'、'.join(n.zh for n in names[1:])}）：{BASE_YEAR}年"
            f"{start:.1f} %，{last}年{middle:.1f} %（90 %区间{low:.1f}—{high:.1f} %）。"
        )
    return "\n".join(lines)


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
    census = region.baseline.census
    lines = [
        f"{region.id}  {region.names.en} {region.names.zh}  ({region.level})",
        "",
        f"Census {census.year}: {census.total:,} residents, {census.urban:,} urban "
        f"({100 * census.urban / census.total:.2f} %), {census.source}, {census.place}",
    ]
    moved = [
        event
        for owner in seeds.regions.values()
        for event in owner.boundary_events
        if event.year == BASE_YEAR and region_id in (event.from_, event.to)
    ]
    if moved:
        base = atlas_of(seeds).base(region_id)
        lines.append(
            f"On the boundary since {BASE_YEAR}, which projection and verdicts use: about "
            f"{base.sum():,.0f} residents, {100 * base[0].sum() / base.sum():.1f} % urban "
            "(docs/model.md); the census row is on the old boundary"
        )
    if registered := registered_sentences(region):
        lines += ["", "Registered 户籍 population:", *(f"  {line}" for line in registered)]
    found = discrepancy_sentences(region)
    if found:
        lines += ["", "Printed figures that differ from the census:", *(f"  {d}" for d in found)]
    derived = derived_figures(region)
    if derived:
        lines += ["", "Derived from printed figures:", *(f"  {d}" for d in derived)]
    if said := notices_of(seeds, region_id):
        lines += [
            "",
            "Borrowed, missing, doubtful 借用、缺少、存疑:",
            *(f"  {line}" for line in said),
        ]
    if region.targets:
        lines += ["", "Targets:"]
        for t in region.targets:
            if t.value is not None:
                aim = f"{COMPARISONS[t.comparison]} {t.value:g} {t.unit}"
            elif t.relative_to is not None:
                aim = f"near the rate of {t.relative_to}"
            else:
                aim = f"+{t.change_low:g} to +{t.change_high:g} {t.unit}"
            place = f" [{t.region}]" if t.region else ""
            lines.append(f"  {t.year}  {t.indicator}{place}  {aim}  ({t.source}, {t.place})")
    for name, items in (("Programmes", region.programmes), ("Measures named", region.measures)):
        if items:
            lines += ["", f"{name}:"]
            lines += [f"  {i.names.en} {i.names.zh}  ({i.source}, {i.place})" for i in items]
    return "\n".join(lines)


def citations(seeds: Seeds, scenario: Scenario | None) -> str:
    """How to cite simmodel and the sources of a scenario (of all regions without one)."""
    ids = set(seeds.sources) if scenario is None else sources_used(scenario, seeds)
    lines = [
        f"simmodel {__version__}: urbanization scenario simulation. MIT licence.",
        f"Seed data {seeds.sha256[:16]}"
        + (f"; scenario {scenario.scenario} {scenario.sha256[:16]}" if scenario else ""),
        "",
        "Figures from:",
    ]
    for source_id in sorted(ids):
        s = seeds.sources[source_id]
        parts = [s.title.en, s.title.zh, s.publisher, str(s.year), s.number, s.url]
        lines.append(f"  [{source_id}] " + ". ".join(str(p) for p in parts if p))
    lines += [
        "",
        "Method:",
        "  Rogers, A. and Castro, L. J. (1981). Model Migration Schedules. IIASA RR-81-30.",
        "  Rogers, A. and Ledent, J. (1976). Increment-decrement life tables: a comment. "
        "Demography 13.",
        "  Brass, W. (1971). On the scale of mortality. In Biological Aspects of Demography.",
        "  Gan et al. (2025). Journal of Population Economics 38:14 (reclassification).",
    ]
    return "\n".join(lines)


CALIBRATION_COLUMNS = (
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
                f"{100 * np.abs(errors).mean():.1f} %" if errors.size else "borrowed",
                f"{100 * np.abs(alone).mean():.1f} %" if errors.size else "–",
                str(len(PARAMETERS) - len(undecided)),
                str(len(undecided)),
            ]
        )
    header = ["region", "effective draws", "withheld ages", "if nobody moved", "data", "prior"]
    return (
        table(header, rows, "lrrrrr")
        + "\n\nwithheld ages: mean error on census age groups of "
        + f"{BASE_YEAR} that the calibration did not see, each group withheld once; beside it the "
        + "error of survival alone. data, prior: parameters that the figures moved, and that the "
        + "prior decides."
    )


def skill_table(found: Backtest) -> str:
    """Scores of all methods on a panel, or a word on why there are none."""
    ours = sum(1 for f in found.forecasts if f.method == "simmodel")
    if not found.scores:
        return (
            f"{ours} {'unit' if ours == 1 else 'units'} forecast to {found.to:g} from "
            f"{found.origin:g}; the panel holds no count of {found.to:g}, so there is "
            "nothing to score"
        )
    header = ["method", "units", "MAE", "", "bias", "CRPS", "80 % holds", "wide", "95 % holds"]
    rows = [_skill_row(one) for one in found.scores]
    units = sorted({one.block for one in found.scores})
    resampled = "parents with all their units" if units == ["block"] else "units one by one"
    return (
        f"forecasts to {found.to:g} from {found.origin:g}, beside the counts of {found.to:g}\n\n"
        + table(header, rows, "lrrlrrrrr")
        + "\n\nMAE, bias, CRPS, wide: percentage points; in brackets the 90 % bootstrap interval ("
        + f"{resampled}: what struck all units of the decade alike is not in it).\n"
        + "holds: share of counts inside the interval; wide: mean width of the 80 % interval."
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
