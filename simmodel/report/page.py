"""A report as one page that needs nothing but itself."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

import xarray as xr
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from .. import __version__
from ..charts import figures
from ..forecast.data_gaps import notices
from ..forecast.parameters import PARAMETERS
from ..forecast.pooling_file import read_skill
from ..inputs.region import BASE_YEAR
from ..inputs.scenario_file import write_scenario
from ..inputs.units import persons_per
from ..judging.consistency.findings import Finding
from ..judging.target import NEAR_POINTS
from ..judging.verdicts import Verdict, is_conditional
from ..results.run import observation_marks, printed_sources, sources_used
from ..solving.sentences import change_words, experience_words
from ..solving.solution import Answer, LeverSetting
from ..sweeps.results import figures as sweep_figures
from ..texts import Language
from ..variables import DECIDED_BY, PRIOR
from .chart_data import SHOWN, color_of, page_data, places_of, shade
from .contents import ASKED, RELABELLING, SOLVED, TRIED, Case, Estimate, ReportContents
from .inline import font, svg
from .wording import Key, Phrases, all_targets, met_by_half

FONT: Final = "@FONT@"
MOST_OF_A_SWEEP: Final = 8  # charts a region
# Of these parameters percent are shown.
PERCENT: Final = ("1/year", "share")
MODEL_ASSUMPTIONS: Final = (
    "report.assumption_base",
    "report.assumption_pace",
    "report.assumption_gain",
    "report.assumption_reclassification",
    "report.assumption_levers",
)


def page(contents: ReportContents, language: Language, command: str) -> tuple[str, str]:
    """Return a report as HTML, and the characters that its font lacks.

    Parameters
    ----------
    contents : ReportContents
    language : {"zh", "en"}
    command : str
        Which makes it again.
    """
    phrases = Phrases(language, contents.seeds)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=False, keep_trailing_newline=True
    )
    template = environment.from_string(_resource("report.html.jinja"))
    data = json.dumps(page_data(contents, phrases), ensure_ascii=False, separators=(",", ":"))
    html = template.render(
        say=phrases.say,
        shade=shade,
        style=Markup(_resource("report.css")),
        library=Markup(_plotly()),
        script=Markup(_resource("report.js")),
        # A tag inside of a text would be read as one.
        data=Markup(data.replace("<", "\\u003c")),
        **_view(contents, phrases, command),
    )
    library = _plotly()
    drawn = html.replace(library, "")
    cut, lacking = font(sorted(set(drawn)))
    return html.replace(FONT, cut, 1), lacking


def _resource(name: str) -> str:
    return files("simmodel.report").joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _view(contents: ReportContents, phrases: Phrases, command: str) -> dict[str, Any]:
    """What the template shows, as plain texts and lists."""
    say, base = phrases.say, contents.base
    return {
        "subtitle": say(
            "report.subtitle",
            regions=phrases.join([phrases.place(i) for i in contents.regions]),
            horizon=base.scenario.horizon,
            draws=base.scenario.ensemble.draws,
        ),
        "headline": _headline(contents, phrases),
        "cards": [_card(contents, phrases, i) for i in contents.regions],
        "targets": _targets(contents, phrases),
        "cases": [_case(contents, phrases, case) for case in contents.cases],
        "near_points": NEAR_POINTS,
        "conditional": any(is_conditional(case.scenario) for case in contents.cases),
        "asked": f"{100 * ASKED:g}",
        "levers": [
            say("report.takes_column_relabelled", lever=say(f"levers.{lever}"))
            if lever == RELABELLING
            else say(f"levers.{lever}")
            for lever in TRIED
        ],
        "measures": [{"id": name, "name": say(f"indicators.{name}")} for name in SHOWN],
        "regions": [_region(contents, phrases, i) for i in contents.regions],
        "trust": _trust(contents, phrases),
        "notices": _notices(contents, phrases),
        "calibration": _calibration(contents, phrases),
        "model_assumptions": [say(key) for key in MODEL_ASSUMPTIONS],
        "sources": _sources(contents, phrases),
        "provenance": _provenance(contents, phrases, command),
        "resolved": [write_scenario(case.scenario) for case in contents.cases],
    }


def anchor(region_id: str) -> str:
    """Where a region stands on the page."""
    return f"region-{region_id.replace('.', '-')}"


def _judged(case: Case) -> list[Verdict]:
    return [v for v in case.verdicts if v.probability is not None]


def _headline(contents: ReportContents, phrases: Phrases) -> list[str]:
    say, base = phrases.say, contents.base
    count = len(_judged(base))
    if count == 0:
        return [say("report.headline_none")]
    first = say(
        "report.headline_met", count=count, met=met_by_half(base), base=phrases.title(base.scenario)
    )
    # Counts of scenarios with other regions, or a nearer horizon, are not to be compared.
    others = [
        say("report.headline_other", met=met_by_half(case), title=phrases.title(case.scenario))
        for case in contents.cases[1:]
        if len(_judged(case)) == count
    ]
    lines = [phrases.join([first, *others], "report.semicolon") + say("report.end")]
    grades = [f.grade for f in contents.findings]
    lines.append(
        say(
            "report.headline_findings",
            contradictions=grades.count("contradiction"),
            strained=grades.count("strained"),
        )
    )
    levels = [str(contents.seeds.regions[i].level) for i in contents.regions]
    lines += [_skill(contents, phrases, level) for level in dict.fromkeys(levels)][:1]
    return [line for line in lines if line]


def _skill(contents: ReportContents, phrases: Phrases, level: str) -> str:
    """How well regions of a level have been forecast; empty where none was."""
    skill = read_skill(contents.seeds.directory).get(level)
    if skill is None:
        return ""
    return phrases.say(
        "report.skill_sentence",
        years=skill.years,
        level=phrases.say(f"report.level.{level}"),
        mae=f"{skill.mae:.1f}",
        width=f"{skill.width80:.1f}",
        held=f"{100 * skill.coverage80:.0f}",
    )


def _latest(case: Case, region_id: str) -> Verdict | None:
    """The target that a region is judged by first: its last rate, else its last of any kind."""
    here = [v for v in _judged(case) if v.region == region_id]
    rates = [v for v in here if v.indicator == SOLVED]
    return max(rates or here, key=lambda v: v.year, default=None)


def _card(contents: ReportContents, phrases: Phrases, region_id: str) -> dict[str, Any]:
    say, case = phrases.say, contents.cases_of(region_id)[0]
    verdict = _latest(case, region_id)
    card: dict[str, Any] = {"place": phrases.place(region_id), "anchor": anchor(region_id)}
    if verdict is None or verdict.probability is None:
        return card | {"aim": ""}
    title = phrases.title(case.scenario)
    met = verdict.first_year_met
    first = (
        say("report.card_never", year=case.scenario.horizon)
        if met is None
        else say("report.card_first", year=met)
    )
    others = []
    for key, found in all_targets(contents).items():
        if found.get(case.name) is verdict:
            others = [
                f"{phrases.title(other.scenario)} {phrases.count(found[other.name])}"
                for other in contents.cases
                if other is not case and other.name in found and key[0] == region_id
            ]
    return card | {
        "aim": phrases.target(verdict),
        "probability": verdict.probability,
        "chance": phrases.chance(verdict.probability),
        "word": phrases.likelihood(verdict),
        "expected": say(
            "report.card_expected",
            base=title,
            median=phrases.amount(verdict.median, verdict.unit),
            interval=phrases.interval(verdict),
        ),
        "first": first,
        "others": phrases.join(others, "report.semicolon"),
        "takes": _takes(contents, phrases, region_id, verdict),
    }


def _takes(
    contents: ReportContents, phrases: Phrases, region_id: str, verdict: Verdict
) -> list[str]:
    """What a single lever would take: one that moves people first, then what mere labels would.

    Empty where nothing was solved.
    """
    say = phrases.say
    if verdict.indicator != SOLVED or verdict.probability is None:
        return []
    if verdict.probability >= ASKED:
        return [say("report.takes_already")]
    answers = contents.answers.get(region_id, ())
    answer = next((a for a in answers if a.question.year == verdict.year), None)
    if answer is None:
        return []
    asked = phrases.chance(ASKED)
    moving = [way for way in answer.alone if not _relabels(way)]
    able = sorted((way for way in moving if way.enough), key=_effort)
    if able:
        change = phrases.pick(*change_words(able[0].changes[0]))
        lines = [say("report.takes_one", change=change, chance=asked)]
    else:
        levers = phrases.join([say(f"levers.{way.changes[0].lever}") for way in moving])
        lines = [say("report.takes_none", levers=levers, asked=asked)]
    lines += [
        say("report.takes_relabelled") if way.enough else say("report.takes_not_relabelled")
        for way in answer.alone
        if _relabels(way)
    ]
    return lines


def _relabels(way: LeverSetting) -> bool:
    return way.changes[0].lever == RELABELLING


def _effort(way: LeverSetting) -> float:
    """How far a multiplier is from what it is now; nothing at all is as far as can be."""
    change = way.changes[0]
    if change.value <= 0.0 or change.before <= 0.0:
        return math.inf
    return abs(math.log(change.value / change.before))


def _targets(contents: ReportContents, phrases: Phrases) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    order = list(contents.regions)
    targets = all_targets(contents)
    places = list(dict.fromkeys(key[0] for key in targets))
    found = sorted(
        targets.items(),
        key=lambda item: (
            order.index(contents.section_of(item[0][0]) or order[0]),
            places.index(item[0][0]),
        ),
    )
    before = None
    for key, by_case in found:
        rows.append(_target(contents, phrases, key, by_case, key[0] != before))
        before = key[0]
    return rows


def _target(
    contents: ReportContents, phrases: Phrases, key: Key, by_case: dict[str, Verdict], first: bool
) -> dict[str, Any]:
    v = by_case.get(contents.base.name)
    some = next(iter(by_case.values()))
    chances = [
        {
            "count": phrases.count(by_case[case.name]) if case.name in by_case else "–",
            "probability": by_case[case.name].probability if case.name in by_case else None,
        }
        for case in contents.cases
    ]
    return {
        "place": phrases.place(key[0]),
        "first_of_place": first,
        "aim": phrases.target(some if v is None else v),
        "chances": chances,
        "median": "–" if v is None else phrases.amount(v.median, v.unit),
        "interval": "–" if v is None else phrases.interval(v),
        "shortfall": "–" if v is None else phrases.shortfall(v),
        "first": "–" if v is None or v.first_year_met is None else str(v.first_year_met),
    }


def _case(contents: ReportContents, phrases: Phrases, case: Case) -> dict[str, Any]:
    say, scenario = phrases.say, case.scenario
    lines = [f"{name}{say('report.colon')}{value}" for name, value in phrases.levers(scenario)]
    programmes = contents.seeds.programmes()
    for programme_id in scenario.programmes:
        _, item = programmes[programme_id]
        persons = item.value * persons_per(item.unit)
        lines.append(
            say(
                "report.programme",
                name=phrases.pick(item.names.en, item.names.zh),
                value=phrases.amount(persons, "persons", exact=True),
                first=item.from_,
                last=item.to,
            )
        )
    lines = lines or [say("report.levers_none")]
    sources = dict.fromkeys(phrases.cited(s.source, s.place) for s in scenario.sources)
    return {
        "name": case.name,
        "title": phrases.title(scenario),
        "color": color_of(contents, case.name),
        "lines": lines,
        "sources": phrases.join(list(sources), "report.semicolon"),
        "description": phrases.pick(scenario.description.en, scenario.description.zh),
    }


def _region(contents: ReportContents, phrases: Phrases, region_id: str) -> dict[str, Any]:
    say, cases = phrases.say, contents.cases_of(region_id)
    case = cases[0]
    findings = contents.findings_of(region_id)
    fine = sum(1 for f in findings if f.grade == "fine")
    decided = str(case.dataset[DECIDED_BY].sel(region=region_id).item())
    place = phrases.place(region_id)
    return {
        "id": region_id,
        "anchor": anchor(region_id),
        "place": place,
        "base": phrases.title(case.scenario),
        "first": BASE_YEAR,
        "last": case.scenario.horizon,
        "together": _together(phrases, case, region_id),
        "places": [{"id": i, "name": phrases.place(i)} for i in places_of(contents, region_id)],
        "cases": [_case(contents, phrases, c) for c in cases],
        "aged": [
            {"name": c.name, "title": phrases.title(c.scenario)}
            for c in cases
            if region_id in c.scenario.regions
        ],
        "charts": _charts(contents, phrases, region_id, cases),
        "takes": [_answer(phrases, case, a) for a in contents.answers.get(region_id, ())],
        "split": say("report.trust_split", places=place) if decided == PRIOR else "",
        "parts": _parts(contents, phrases, region_id, case),
        "sensitivity": _sensitivity(contents, phrases, region_id),
        "findings": [_finding(phrases, f) for f in findings if f.grade != "fine"],
        "fine": _fine(phrases, len(findings), fine),
    }


def _fine(phrases: Phrases, count: int, fine: int) -> str:
    """How many of the checks of a region found nothing."""
    if count == 0:
        return phrases.say("report.findings_none")
    if fine == count:
        return phrases.say("report.findings_all_fine", count=count)
    return phrases.say("report.findings_fine", count=fine)


def _together(phrases: Phrases, case: Case, region_id: str) -> str:
    """How often all targets of a year are met in one future."""
    found = {
        v.year: (v.together[0], v.together[1])
        for v in case.verdicts
        if v.region == region_id and v.together is not None
    }
    lines = [
        phrases.say("report.together", count=count, year=year, chance=phrases.chance(share))
        for year, (count, share) in sorted(found.items())
    ]
    return phrases.join(lines, "report.semicolon")


def _charts(
    contents: ReportContents, phrases: Phrases, region_id: str, cases: Sequence[Case]
) -> dict[str, Markup | None]:
    """The region's charts as they are printed, and shown where scripts are off."""
    case = cases[0]
    marks = observation_marks(case.scenario, contents.atlas)
    rows = [v.row() for v in case.verdicts]
    cited = printed_sources(contents.seeds)
    datasets: dict[str, xr.Dataset] = {c.name: c.dataset for c in cases}
    place = phrases.place(region_id)

    def shown(name: str, figure: Figure, key: str, **values: object) -> Markup:
        said = phrases.say(key, **values)
        label = f"{place}{phrases.say('report.colon')}{said}"
        return Markup(svg(figure, f"{anchor(region_id)}-{name}", label))

    found: dict[str, Markup | None] = dict.fromkeys(("compare", "urban", "registered", "pyramid"))
    found["fan"] = shown(
        "fan", figures.fan(case.dataset, region_id, marks, rows, cited), "report.fan"
    )
    if len(cases) > 1:
        figure = figures.compare(datasets, region_id, rows, marks)
        found["compare"] = shown("compare", figure, "report.scenarios")
    if any(v.region == region_id and v.indicator == "urban_population" for v in case.verdicts):
        figure = figures.urban_population_fan(case.dataset, region_id, marks, rows, cited)
        found["urban"] = shown("urban", figure, "indicators.urban_population")
    found["ledger"] = shown("ledger", figures.ledger(case.dataset, region_id), "report.growth")
    ends = {"first": BASE_YEAR, "last": case.scenario.horizon}
    figure = figures.waterfall(case.dataset, region_id)
    found["waterfall"] = shown("waterfall", figure, "report.waterfall", **ends)
    if region_id in case.scenario.regions:
        found["pyramid"] = shown("pyramid", figures.pyramid(case.ages, region_id), "report.pyramid")
    if region_id in figures.registered_regions(case.dataset):
        figure = figures.registered(case.dataset, region_id, marks)
        found["registered"] = shown("registered", figure, "report.registered")
    return found


def _answer(phrases: Phrases, case: Case, answer: Answer) -> dict[str, Any]:
    """What each lever would take alone to reach one target."""
    aim = answer.aim
    verdict = Verdict(
        case.name,
        aim.region,
        answer.question.indicator,
        answer.question.year,
        aim.target.comparison,
        aim.value,
        "percent",
        relative_to=aim.target.relative_to,
    )
    return {
        "aim": phrases.say("report.dated", year=verdict.year, text=phrases.aim(verdict)),
        "ways": [_way(phrases, way) for way in answer.alone],
        "pace": phrases.pick(*experience_words(answer)),
    }


def _way(phrases: Phrases, way: LeverSetting) -> dict[str, Any]:
    lever = f"{phrases.say('levers.' + way.changes[0].lever)}{phrases.say('report.colon')}"
    if way.enough:
        text = phrases.pick(*change_words(way.changes[0]))
    else:
        text = phrases.say("report.takes_cell_most", chance=phrases.chance(way.probability))
    return {"lever": lever, "enough": way.enough, "apart": _relabels(way), "text": text}


def _parts(
    contents: ReportContents, phrases: Phrases, region_id: str, case: Case
) -> list[tuple[str, ...]]:
    """Residents and rates of what lies inside a region, and of what is left."""
    ds, last = case.dataset, case.scenario.horizon
    here = [i for i in contents.parts_of(region_id) if case.has(i)]
    sources = [(phrases.place(i), ds.sel(region=i), "") for i in here]
    if "remainder" in ds.dims and region_id in ds["remainder"].values:
        rest = phrases.say("report.parts_rest", place=phrases.place(region_id))
        sources.append((rest, ds.sel(remainder=region_id), "remainder_"))
    rows: list[tuple[str, ...]] = []
    for name, of, prefix in sources:
        total, rate = of[f"{prefix}total_population"], 100.0 * of[f"{prefix}urbanization_rate"]

        def at(values: xr.DataArray, year: int, quantile: float = 0.5) -> float:
            return float(values.sel(year=year, quantile=quantile))

        low, high = at(rate, last, 0.05), at(rate, last, 0.95)
        rows.append(
            (
                name,
                phrases.amount(at(total, BASE_YEAR), "persons"),
                phrases.amount(at(total, last), "persons"),
                phrases.amount(at(rate, BASE_YEAR), "percent"),
                phrases.amount(at(rate, last), "percent"),
                phrases.range(low, high, "percent"),
            )
        )
    return rows


def _sensitivity(
    contents: ReportContents, phrases: Phrases, region_id: str
) -> list[dict[str, Any]]:
    """What the sweeps that were given say of a region."""
    say, found = phrases.say, []
    for number, ds in enumerate(contents.sweeps_of(region_id)):
        title = phrases.pick(str(ds.attrs["title_en"]), str(ds.attrs["title_zh"]))
        drawn = list(sweep_figures(ds))
        shown = [
            Markup(svg(draw(), f"{anchor(region_id)}-sweep{number}-{i}", f"{title} {name}"))
            for i, (name, draw) in enumerate(drawn[:MOST_OF_A_SWEEP])
        ]
        left = len(drawn) - len(shown)
        found.append(
            {
                "title": title,
                "note": say(
                    "report.sweep_note", sweep=ds.attrs["sweep"], runs=int(ds.attrs["runs"])
                ),
                "more": say("report.sweep_more", count=left) if left else "",
                "charts": shown,
            }
        )
    return found


def _finding(phrases: Phrases, f: Finding) -> dict[str, str]:
    head = f"{phrases.place(f.region)} {phrases.say('report.year', year=f.year)} "
    return {
        "grade": f.grade,
        "word": phrases.say(f"consistency.grade.{f.grade}"),
        "head": head + phrases.say(f"consistency.code.{f.code}"),
        "sentence": phrases.pick(f.sentence, f.sentence_zh),
        "sources": cited(phrases, f.sources),
    }


def cited(phrases: Phrases, sources: Sequence[str]) -> str:
    """Sources of a finding ("id, place") by their titles."""
    named = [text.partition(", ")[::2] for text in sources]
    return _bracketed(phrases, named).strip()


def _bracketed(phrases: Phrases, sources: Sequence[tuple[str, str]]) -> str:
    named = [phrases.cited(name, place) for name, place in sources]
    return phrases.say("report.bracketed", text=phrases.join(named, "report.semicolon"))


def _trust(contents: ReportContents, phrases: Phrases) -> list[str]:
    say, seeds = phrases.say, contents.seeds
    shown = {i for case in contents.cases for i in map(str, case.dataset["region"].values)}
    levels = {str(seeds.regions[i].level) for i in shown}
    scored = [level for level in read_skill(seeds.directory) if level in levels]
    lines = [_skill(contents, phrases, level) for level in scored]
    if "county" in levels:
        lines.append(say("report.skill_counties"))
    decided = {
        i
        for case in contents.cases
        for i in contents.regions
        if case.has(i) and str(case.dataset[DECIDED_BY].sel(region=i).item()) == PRIOR
    }
    if decided:
        places = [phrases.place(i) for i in contents.regions if i in decided]
        lines.append(say("report.trust_split", places=phrases.join(places)))
    return [*lines, say("report.trust_limits")]


def _notices(contents: ReportContents, phrases: Phrases) -> list[tuple[str, list[tuple[str, str]]]]:
    """What to know of each region's figures before its verdicts are read, with the source."""
    colon = phrases.say("report.colon")
    found = []
    for region_id in contents.regions:
        lines = [
            (
                phrases.pick(*notice.label) + colon + phrases.pick(notice.en, notice.zh),
                "" if notice.source is None else _bracketed(phrases, [notice.source]).strip(),
            )
            for notice in notices(contents.seeds.regions, region_id)
        ]
        if lines:
            found.append((phrases.place(region_id), lines))
    return found


def _calibration(contents: ReportContents, phrases: Phrases) -> list[list[str]]:
    """Every parameter of every region: posterior median and 90 %, and whether the prior decides."""
    by_region = [contents.estimates(i) for i in contents.regions]
    rows = []
    for number, parameter in enumerate(PARAMETERS):
        percent = parameter.units in PERCENT
        cells = [_estimate(phrases, estimates[number], percent) for estimates in by_region]
        rows.append([phrases.say(f"report.parameter.{parameter.name}"), *cells])
    return rows


def _estimate(phrases: Phrases, estimate: Estimate, percent: bool) -> str:
    middle, low, high = (100.0 * v if percent else v for v in estimate.posterior)
    digits = 0 if middle >= 10 else 1 if middle >= 1 and percent else 2
    interval = phrases.say("report.to", low=f"{low:.{digits}f}", high=f"{high:.{digits}f}")
    mark = "†" if estimate.by_prior else ""
    return f"{middle:.{digits}f}{mark}{phrases.say('report.bracketed', text=interval)}"


def _sources(contents: ReportContents, phrases: Phrases) -> list[str]:
    ids = {name for case in contents.cases for name in sources_used(case.scenario, contents.seeds)}
    lines = []
    for name in sorted(ids):
        source = contents.seeds.sources[name]
        title = phrases.pick(source.title.en, source.title.zh)
        parts = [title, source.publisher, str(source.year), source.number, source.url]
        lines.append(phrases.say("report.stop").join(str(part) for part in parts if part))
    return lines


def _provenance(contents: ReportContents, phrases: Phrases, command: str) -> list[tuple[str, str]]:
    say = phrases.say
    rows = [
        (say("report.command"), command),
        (say("report.version"), __version__),
        (say("report.seeds_hash"), contents.seeds.sha256),
        (say("report.posterior_hash"), contents.posteriors.sha256),
    ]
    for case in contents.cases:
        ensemble = case.scenario.ensemble
        value = say("report.ensemble_value", draws=ensemble.draws, seed=ensemble.seed)
        rows.append((say("report.scenario_hash", name=case.name), case.scenario.sha256))
        rows.append((say("report.ensemble", name=case.name), value))
    return rows
