"""Commands that answer a question: solve, targets, hindcast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ..texts import say
from .common import (
    aside,
    clear,
    posteriors_of,
    progress,
    say_if_compiling,
    workspace_of,
    wrote,
)
from .options import (
    charts_option,
    draws_option,
    seed_option,
    seeds_option,
    set_option,
    terminal_language_option,
    with_ensemble,
)

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("file", metavar="SCENARIO", type=click.Path(path_type=Path))
@click.option("--region", required=True, help="Region or urban district, e.g. wuwei.")
@click.option("--indicator", required=True, help="What the target is of, e.g. urbanization_rate.")
@click.option("--year", type=int, required=True, help="Year of the target.")
@click.option(
    "--lever",
    "levers",
    multiple=True,
    required=True,
    metavar="LEVER",
    help="What may be moved, e.g. local_retention; may be repeated: the least effort of all.",
)
@click.option(
    "--probability", type=float, default=0.5, show_default=True, help="How likely it is to become."
)
@click.option(
    "--target", type=float, help="A value of your own: percent for rates, persons for counts."
)
@click.option("--json", "as_json", is_flag=True, help="The whole answer for a machine.")
@terminal_language_option
@click.option(
    "--map",
    "map_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write a map of what two levers would reach there, and its numbers.",
)
@click.option(
    "--mark",
    "marked",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="SCENARIO",
    help="Another scenario to show on the map; may be repeated.",
)
@charts_option
@draws_option
@seed_option
@set_option
@seeds_option
def solve(
    file: Path,
    region: str,
    indicator: str,
    year: int,
    levers: tuple[str, ...],
    probability: float,
    target: float | None,
    as_json: bool,
    map_dir: Path | None,
    marked: tuple[Path, ...],
    formats: tuple[str, ...],
    draws: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    seeds_dir: Path | None,
) -> None:
    r"""Find the smallest change of levers that makes a target as likely as asked.

    \b
    Example:
        simmodel solve scenarios/trend.yaml --region wuwei \
            --indicator urbanization_rate --year 2035 --lever local_retention

    A lever that cannot do it is an answer too: the best it can do.
    """
    if marked and map_dir is None:
        raise click.UsageError("--mark: shows a scenario on a map; give --map DIR too")
    given = click.get_current_context().get_parameter_source("formats")
    if map_dir is None and given is not ParameterSource.DEFAULT:
        raise click.UsageError("--charts: is of the map; give --map DIR too")
    from ..computing.output_files import check_writable
    from ..solving import reachability_map, sentences
    from ..solving.problem import SolveProblem
    from ..solving.question import Question
    from ..solving.question import check as check_question
    from ..solving.solution import solve as solve_for

    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    (scenario,) = workspace.scenarios((file,), with_ensemble(overrides, draws, seed))
    others = workspace.scenarios(marked, ())
    question = Question(region, indicator, year, levers, probability, target)
    targets = check_question(question, scenario, seeds)
    folder = None
    if map_dir is not None:
        reachability_map.check_map(levers)
        whole = map_dir.absolute()
        folder = check_writable(whole.parent, whole.name, "--map")
    say_if_compiling()
    atlas = workspace.atlas
    posteriors = posteriors_of(workspace)
    known = workspace.historical_rates
    problem = SolveProblem(question, scenario, atlas, posteriors.by_region)
    answer = solve_for(problem, targets, known)
    if folder is not None and map_dir is not None:
        marks = [reachability_map.marked_scenario(other, problem) for other in others]
        grid, median = reachability_map.lay_out(
            problem, answer, known, seeds, marks, progress=progress(say("terminal.mapping"))
        )
        solved = problem.under(answer.way.values)
        reachability_map.write_map(folder, answer, seeds, posteriors, solved, grid, median, formats)
        clear()
        wrote(map_dir)
    text = sentences.as_json(answer, seeds) if as_json else sentences.as_text(answer, seeds)
    click.echo(text)


@click.command()
@click.argument("file", required=False, metavar="[SCENARIO]", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Findings for a machine.")
@terminal_language_option
@seeds_option
def targets(file: Path | None, as_json: bool, seeds_dir: Path | None) -> None:
    r"""Check whether targets fit each other, the trend, and what regions have done.

    \b
    Example:
        simmodel targets
        simmodel targets scenarios/plan_as_written.yaml --json

    Without SCENARIO all regions with targets are checked, in a trend without any measure; with one
    its regions, under its levers and programmes. A contradiction found is a result, not an error.
    """
    from ..judging.consistency.coherence import check
    from ..judging.consistency.findings import findings_json, findings_text
    from ..judging.projection_summary import (
        beyond_horizon,
        regions_behind,
        summarize_projection,
        trend_of,
    )
    from ..results.terminal import spoken_names
    from ..simulation.projector import regions_of

    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    scenario = trend_of(seeds.regions) if file is None else workspace.scenarios((file,), ())[0]
    experience = workspace.historical_rates
    say_if_compiling()
    atlas = workspace.atlas
    checked = regions_of(scenario, atlas)
    if late := beyond_horizon(checked, seeds.regions, scenario.horizon):
        click.echo(late, err=True)
    posteriors = posteriors_of(workspace, regions_behind(checked, atlas))
    outlook = summarize_projection(
        scenario,
        atlas,
        posteriors.by_region,
        checked,
        progress=progress(say("terminal.projecting")),
    )
    clear()
    aside(
        say(
            "terminal.held_against",
            scenario=scenario.scenario,
            horizon=scenario.horizon,
            draws=scenario.ensemble.draws,
            seed=scenario.ensemble.seed,
        )
    )
    kinds = {name: source.kind for name, source in seeds.sources.items()}
    found = check(checked, seeds.regions, kinds, outlook, experience)
    click.echo(findings_json(found) if as_json else findings_text(found, spoken_names(seeds)))


@click.command()
@click.option(
    "--panel",
    "panel_file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="CSV",
    help="unit, parent, year, total, urban; where known share_0_14, share_15_59, share_60plus.",
)
@click.option("--origin", type=float, required=True, help="Year forecast from.")
@click.option("--to", type=float, required=True, help="Year forecast.")
@click.option(
    "--ages",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="unit, year, residence, sex, age, population: counts by age where there are some.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="CSV", help="Write all forecasts there."
)
@click.option(
    "--charts",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write two charts there, where the panel holds what came.",
)
@click.option("--json", "as_json", is_flag=True, help="Scores and notes for a machine.")
@terminal_language_option
@seeds_option
def hindcast(
    panel_file: Path,
    origin: float,
    to: float,
    ages: Path | None,
    out: Path | None,
    charts: Path | None,
    as_json: bool,
    seeds_dir: Path | None,
) -> None:
    r"""Forecast a panel from what was known at a year, beside the usual methods, and score it.

    \b
    Example:
        simmodel hindcast --panel provinces.csv --origin 2010 --to 2020 --out forecasts.csv

    Only rows up to the origin are used; a row at the year forecast serves to score.
    """
    from ..results.terminal import skill_json, skill_table
    from ..validation.backtest import backtest
    from ..validation.panel import check_replaceable, read_panel, write_forecasts

    if not to > origin:
        raise click.UsageError(f"--to: is not after the origin; found {to:g}; allowed > {origin:g}")
    panel = read_panel(panel_file, ages)
    if out is not None:
        check_replaceable(out)
    say_if_compiling()
    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    found = backtest(panel, origin, to, seeds, progress=progress(say("terminal.forecasting")))
    clear()
    for note in found.notes:
        click.echo(note, err=True)
    if out is not None:
        write_forecasts(out, found.forecasts)
        wrote(out)
    if charts is not None and not found.scores:
        aside(say("terminal.no_charts", year=to))
    elif charts is not None:
        from ..charts.hindcast import forecast_figure, skill_figure
        from ..charts.parallel_drawing import save

        charts.mkdir(parents=True, exist_ok=True)
        save(forecast_figure(found.scored[0], found.scores[0], origin), charts / "forecast")
        save(skill_figure(found.scores, origin, to), charts / "skill")
        wrote(charts)
    click.echo(skill_json(found) if as_json else skill_table(found))
