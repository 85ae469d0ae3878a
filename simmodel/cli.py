"""Command line: parse, call one function, print. Heavy imports wait inside the commands."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .errors import FaultError, SimmodelError

if TYPE_CHECKING:
    from .forecast.fit import Atlas
    from .forecast.posterior_file import Posteriors
    from .inputs.scenario import Scenario
    from .inputs.seeds import Index, Seeds


class Commands(click.Group):
    """A group whose commands report our own errors without a traceback, exiting with their code."""

    def invoke(self, context: click.Context) -> Any:
        """Run a command; what the user did wrong is one line a fault on stderr."""
        try:
            return super().invoke(context)
        except SimmodelError as error:
            click.echo(str(error), err=True)
            context.exit(error.exit_code)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; the mark that keeps the lines of its example is spelt in its docstring."""
        if cmd.help is not None:
            cmd.help = cmd.help.replace("\\b", "\b")
        super().add_command(cmd, name)


draws_option = click.option(
    "--draws", type=int, metavar="N", help="Size of the ensemble, instead of the file's."
)
seed_option = click.option(
    "--seed", type=int, metavar="S", help="Random seed, instead of the file's."
)
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a value of the scenario, e.g. levers.local_retention=1.2; may be repeated.",
)
seeds_option = click.option(
    "--seeds",
    "seeds_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of region files; else ./seeds, else the copy inside the package.",
)


def _out_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=Path("figures"),
        show_default=True,
        metavar="DIR",
        help=help_text,
    )


def _language_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help=help_text
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simmodel", message="%(prog)s %(version)s")
def main() -> None:
    """Simulate urbanization scenarios and judge the targets of development plans."""


def _seeds(directory: Path | None) -> Seeds:
    from .inputs.seeds import find_seeds, read_seeds

    return read_seeds(find_seeds(directory))


def _index(directory: Path | None) -> Index:
    from .inputs.seeds import find_seeds, read_index

    return read_index(find_seeds(directory))


def _scenarios(paths: tuple[Path, ...], index: Index, overrides: tuple[str, ...]) -> list[Scenario]:
    """Read all scenario files; the faults of all of them in one pass."""
    from .inputs.scenario_file import read_scenario

    scenarios, faults = [], []
    for path in paths:
        try:
            scenarios.append(
                read_scenario(
                    path,
                    region_ids=index.parents,
                    programme_ids=index.programmes,
                    source_ids=index.sources,
                    overrides=overrides,
                )
            )
        except FaultError as error:
            faults.extend(error.faults)
    if faults:
        raise FaultError(faults)
    return scenarios


def _refuse_twice(scenarios: list[Scenario]) -> list[str]:
    """Names of the scenarios, each of which may be there once."""
    names = [s.scenario for s in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SimmodelError(f"scenario {twice[0]}: stands in two of the files; allowed once")
    return names


def _progress(prefix: str) -> Callable[[str], None]:
    """Report a step on stderr: on a terminal over the last line, else not at all."""

    def report(step: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{prefix} {step}", err=True, nl=False)

    return report


def _clear() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)


def _aside(text: str) -> None:
    click.echo(text, err=True)


def _say_if_compiling(say: Callable[[str], None] = _aside) -> None:
    from .results.run import COMPILING, will_compile

    if will_compile():
        say(COMPILING)


def _calibrated(
    atlas: Atlas,
    seeds: Seeds,
    needed: Collection[str] | None = None,
    say: Callable[[str], None] = _aside,
) -> Posteriors:
    """Read the posteriors; say which regions were calibrated anew."""
    from .forecast.posterior_file import load

    posteriors = load(atlas, seeds.directory, needed=needed, progress=_progress("calibrating"))
    _clear()
    if said := posteriors.notice():
        say(said)
    return posteriors


@main.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path(path_type=Path)
)
@_out_option("Where the folder of each scenario is written.")
@draws_option
@seed_option
@set_option
@click.option("--keep-draws", is_flag=True, help="Also write every draw (draws.nc).")
@seeds_option
def run(
    files: tuple[Path, ...],
    out: Path,
    draws: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    keep_draws: bool,
    seeds_dir: Path | None,
) -> None:
    r"""Run scenarios and print a verdict on every target.

    \b
    Example:
        simmodel run scenarios/trend.yaml --draws 5000
    """
    seeds = _seeds(seeds_dir)
    scenarios = _scenarios(files, seeds.index(), _with_ensemble(overrides, draws, seed))
    names = _refuse_twice(scenarios)
    from .computing.output_files import check_writable
    from .results.run import COMPARED

    folders = [check_writable(out, name) for name in names]
    compared = check_writable(out, COMPARED) if len(names) > 1 else None

    from .forecast.pooling_file import atlas_of
    from .results.run import (
        check_draws,
        notices,
        run_scenario,
        write_comparison,
        write_run,
    )
    from .results.terminal import several_scenarios, single_scenario, sums

    _say_if_compiling()
    atlas = atlas_of(seeds)
    for scenario in scenarios:
        for notice in notices(scenario, seeds, atlas):
            click.echo(notice, err=True)
    if keep_draws:
        for scenario in scenarios:
            check_draws(scenario, atlas)
    posteriors = _calibrated(atlas, seeds)
    results = []
    for scenario, folder in zip(scenarios, folders, strict=True):
        result = run_scenario(
            scenario, seeds, atlas, posteriors, progress=_progress(f"{scenario.scenario}:")
        )
        write_run(folder, scenario, seeds, atlas, posteriors, result, keep_draws=keep_draws)
        _clear()
        click.echo(f"wrote {folder}", err=True)
        results.append((scenario, *result[1:]))
    if compared is not None:
        write_comparison(compared, seeds, atlas, results)
        click.echo(f"wrote {compared}", err=True)
        click.echo(several_scenarios([(s, verdicts) for s, _, verdicts, _ in results], seeds))
    else:
        ((scenario, _, verdicts, _),) = results
        click.echo(single_scenario(scenario, verdicts, seeds))
    if said := sums(results[0][1], seeds):
        click.echo(said)


@main.command()
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
    from .computing.output_files import check_writable
    from .forecast.pooling_file import atlas_of
    from .judging import historical_rates
    from .solving import reachability_map, sentences
    from .solving.problem import SolveProblem
    from .solving.question import Question
    from .solving.question import check as check_question
    from .solving.solution import solve as solve_for

    seeds = _seeds(seeds_dir)
    index = seeds.index()
    (scenario,) = _scenarios((file,), index, _with_ensemble(overrides, draws, seed))
    others = _scenarios(marked, index, ())
    question = Question(region, indicator, year, levers, probability, target)
    targets = check_question(question, scenario, seeds)
    folder = None
    if map_dir is not None:
        reachability_map.check_map(levers)
        whole = map_dir.absolute()
        folder = check_writable(whole.parent, whole.name, "--map")
    _say_if_compiling()
    atlas = atlas_of(seeds)
    posteriors = _calibrated(atlas, seeds)
    known = historical_rates.read(seeds.directory)
    problem = SolveProblem(question, scenario, atlas, posteriors.by_region)
    answer = solve_for(problem, targets, known)
    if folder is not None:
        marks = [reachability_map.marked_scenario(other, problem) for other in others]
        grid, median = reachability_map.lay_out(
            problem, answer, known, seeds, marks, progress=_progress("map:")
        )
        solved = problem.under(answer.way.values)
        reachability_map.write_map(folder, answer, seeds, posteriors, solved, grid, median)
        _clear()
        click.echo(f"wrote {map_dir}", err=True)
    text = sentences.as_json(answer, seeds) if as_json else sentences.as_text(answer, seeds)
    click.echo(text)


def _with_ensemble(
    overrides: tuple[str, ...], draws: int | None, seed: int | None
) -> tuple[str, ...]:
    """Size and seed of the ensemble as the last of the values to replace."""
    if draws is not None:
        overrides = (*overrides, f"ensemble.draws={draws}")
    if seed is not None:
        overrides = (*overrides, f"ensemble.seed={seed}")
    return overrides


@main.command()
@click.argument("file", metavar="SWEEP", type=click.Path(path_type=Path))
@_out_option("Where the folder of the sweep is written.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Local processes.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="A dask scheduler that is running, e.g. tcp://127.0.0.1:8786.",
)
@click.option("--quiet", is_flag=True, help="Report no progress.")
@seeds_option
def sweep(
    file: Path,
    out: Path,
    workers: int | None,
    cluster: str | None,
    quiet: bool,
    seeds_dir: Path | None,
) -> None:
    r"""Run a scenario many times with other values, and say which of them matter.

    \b
    Example:
        simmodel sweep scenarios/sweeps/levers.yaml --workers 4

    Interrupted, it goes on where it stopped when the same command is given again.
    """
    if workers is not None and cluster is not None:
        raise click.UsageError("--workers and --cluster: only one of the two")
    seeds = _seeds(seeds_dir)
    from .sweeps.sweep_file import read_sweep

    asked = read_sweep(file, seeds)
    from .computing.output_files import check_writable

    folder = check_writable(out, asked.name)
    from .computing.progress import Reporter
    from .forecast.pooling_file import atlas_of
    from .sweeps.runner import run_sweep, summary

    reporter = Reporter(f"{asked.name}:", quiet=quiet)
    _say_if_compiling(reporter.say)
    atlas = atlas_of(seeds)
    posteriors = _calibrated(atlas, seeds, say=reporter.say)
    try:
        found = run_sweep(
            asked,
            seeds,
            atlas,
            posteriors,
            folder,
            workers=workers or 0,
            cluster=cluster,
            report=reporter,
            say=reporter.say,
        )
    finally:
        reporter.clear()
    reporter.say(f"wrote {folder}")
    click.echo(summary(found))


@main.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path(path_type=Path)
)
@_out_option("Where report.html and report.xlsx are written.")
@_language_option("Language of the report.")
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Also show what matters most, from the folder of a sweep; may be repeated.",
)
@draws_option
@seed_option
@seeds_option
def report(
    files: tuple[Path, ...],
    out: Path,
    lang: Literal["zh", "en"],
    sweeps: tuple[Path, ...],
    draws: int | None,
    seed: int | None,
    seeds_dir: Path | None,
) -> None:
    r"""Write a report on scenarios: one page to mail and print, and a workbook.

    \b
    Example:
        simmodel report scenarios/*.yaml --lang en --out my_report

    The page needs no network. Its first scenario is the trend, or whichever sets no measure.
    """
    seeds = _seeds(seeds_dir)
    scenarios = _scenarios(files, seeds.index(), _with_ensemble((), draws, seed))
    _refuse_twice(scenarios)
    from .judging import historical_rates
    from .report import files as report_files

    paths = report_files.check_replaceable(out)
    swept = report_files.read_sweeps(sweeps)
    for folder, found in zip(sweeps, swept, strict=True):
        if found.attrs.get("seeds_sha256") != seeds.sha256:
            click.echo(f"{folder}: was made with other seeds than the report", err=True)

    from .forecast.pooling_file import atlas_of
    from .report.contents import gather

    _say_if_compiling()
    atlas = atlas_of(seeds)
    posteriors = _calibrated(atlas, seeds)
    known = historical_rates.read(seeds.directory)
    dossier = gather(
        scenarios, seeds, atlas, posteriors, known, sweeps=swept, progress=_progress("report:")
    )
    options = [f"--lang {lang}", *(f"--sweep {found.attrs['sweep']}" for found in swept)]
    options += [f"--draws {draws}"] if draws is not None else []
    options += [f"--seed {seed}"] if seed is not None else []
    # Without folders: where files lay on one machine says nothing on another.
    command = " ".join(["simmodel report", *(path.name for path in files), *options])
    lacking = report_files.write(paths, dossier, lang, command)
    _clear()
    if lacking:
        shown = " ".join(f"U+{ord(c):04X}" for c in lacking)
        click.echo(
            f"the report's font cannot draw {shown}; the reader's own fonts will, where they can",
            err=True,
        )
    for path in paths:
        click.echo(f"wrote {path}", err=True)


@main.command()
@click.argument("file", required=False, metavar="[SCENARIO]", type=click.Path(path_type=Path))
@click.option("--region", metavar="ID", help="Region shown first, e.g. wuwei.")
@_language_option("Language of the page; it can be changed there.")
@click.option(
    "--port",
    type=int,
    default=8765,
    show_default=True,
    metavar="N",
    help="Port on this machine; 0 for any that is free.",
)
@click.option("--no-browser", is_flag=True, help="Open no browser; the address is printed.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where saved scenarios go; else here.",
)
@draws_option
@seed_option
@seeds_option
def explore(
    file: Path | None,
    region: str | None,
    lang: Literal["zh", "en"],
    port: int,
    no_browser: bool,
    out: Path,
    draws: int | None,
    seed: int | None,
    seeds_dir: Path | None,
) -> None:
    r"""Move the levers of a region on a local page and see rate, targets and growth follow.

    \b
    Example:
        simmodel explore scenarios/trend.yaml --region wuwei

    Without SCENARIO all regions with targets are there, in a trend without any measure. The page
    is served to this machine alone; Ctrl-C ends it. It needs: pip install "simmodel[explore]"
    """
    # Stopping it is how it ends, whenever that is.
    with contextlib.suppress(KeyboardInterrupt):
        try:
            import nicegui  # noqa: F401
        except ImportError:
            raise SimmodelError(
                'explore needs NiceGUI, which is not installed: pip install "simmodel[explore]"'
            ) from None
        seeds = _seeds(seeds_dir)
        from .computing.output_files import try_writing
        from .explorer.page import listen, serve
        from .explorer.state import Explorer, check_region, trend_with
        from .forecast.pooling_file import atlas_of

        if file is None:
            base = trend_with(seeds.regions, draws, seed)
        else:
            (base,) = _scenarios((file,), seeds.index(), _with_ensemble((), draws, seed))
        try_writing(out)
        atlas = atlas_of(seeds)
        # Of all regions a prefecture shows most; of one's own scenario the first is meant.
        rather = "prefecture" if file is None else None
        shown_first = check_region(region, base, atlas, rather=rather)
        with listen(port) as listening:
            _say_if_compiling()
            serve(
                Explorer(base, seeds, atlas, _calibrated(atlas, seeds)),
                listening,
                out,
                lang,
                shown_first,
                options=() if seeds_dir is None else ("--seeds", str(seeds_dir)),
                show=not no_browser,
                say=click.echo,
                warn=_aside,
            )


@main.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@seeds_option
def validate(files: tuple[Path, ...], seeds_dir: Path | None) -> None:
    r"""Check scenario and sweep FILES, or folders of region files, without running anything.

    Of a region file it also says what the region borrows from above, what is missing of it and
    what is doubtful.

    \b
    Example:
        simmodel validate scenarios/*.yaml seeds
        simmodel validate seeds/wuwei.yaml
    """
    faults = []
    fine: list[str] = []
    for path in files:
        try:
            said: list[str] = []
            if path.is_dir():
                _check_folder(path)
            elif _is_region_file(path):
                said = _said_of(_check_folder(path.parent), path.stem)
            elif _is_sweep(path):
                from .sweeps.sweep_file import read_sweep

                read_sweep(path, _seeds(seeds_dir))
            else:
                _scenarios((path,), _index(seeds_dir), ())
            fine += [f"{path}: ok", *(f"  {line}" for line in said)]
        except FaultError as error:
            faults.extend(error.faults)
    for line in fine:
        click.echo(line)
    if faults:
        raise FaultError(faults)


def _check_folder(folder: Path) -> Seeds:
    """Check a folder of seeds and the posterior beside them."""
    from .inputs.seeds import read_seeds

    seeds = read_seeds(folder)
    if (folder / "posterior.json").exists():
        from .forecast.posterior_file import NAME, check

        check(folder / NAME)
    return seeds


def _said_of(seeds: Seeds, region_id: str) -> list[str]:
    """What a region borrows, lacks or leaves in doubt; nothing of what is no region."""
    from .results.terminal import notices_of

    return notices_of(seeds, region_id) if region_id in seeds.regions else []


def _is_sweep(path: Path) -> bool:
    """Whether a file names a sweep at its top level, as no scenario does."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return False
    return any(line.startswith("sweep:") for line in lines)


def _is_region_file(path: Path) -> bool:
    """Whether a file stands in a folder of seeds (beside its sources)."""
    return (path.parent / "sources.yaml").is_file()


@main.command("new-region")
@click.argument("name", metavar="NAME")
@click.option("--template", is_flag=True, help="Write NAME.xlsx, a workbook to fill in.")
@click.option(
    "--from-excel",
    "book",
    type=click.Path(path_type=Path),
    metavar="BOOK.xlsx",
    help="Read a filled-in workbook and write NAME.yaml beside the seeds.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where --template writes; else here.",
)
@click.option(
    "--seeds",
    "seeds_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of region files; else ./seeds, which is made as a copy of the shipped one.",
)
def new_region(
    name: str, template: bool, book: Path | None, out: Path | None, seeds_dir: Path | None
) -> None:
    r"""Set up a region of your own from a workbook; NAME is its id, as dingxi or dingxi.anding.

    \b
    Example:
        simmodel new-region dingxi --template
        simmodel new-region dingxi --from-excel dingxi.xlsx
    """
    if template == (book is not None):
        raise click.UsageError("give one of --template and --from-excel BOOK.xlsx")
    if out is not None and not template:
        raise click.UsageError("--out goes with --template")
    from .inputs.region_file import check_is_new, seeds_for, write_region
    from .inputs.seeds import check_region_id, find_seeds, read_seeds, shipped_seeds

    check_region_id(name)
    if book is None:
        from .inputs.workbook.template import write_template

        directory = find_seeds(seeds_dir)
        check_is_new(directory, name)
        seeds = read_seeds(directory)
        level = "prefecture" if "." in name else "province"
        parents = [i for i, r in seeds.regions.items() if r.level == level]
        path = (out or Path()) / f"{name}.xlsx"
        known = [i for i, s in seeds.sources.items() if s.kind == "census"]
        write_template(path, name, parents, known)
        click.echo(
            f"wrote {path}; fill it in, then: simmodel new-region {name} --from-excel {path}"
        )
        return
    from .inputs.workbook.reader import read_workbook

    directory, new = seeds_for(seeds_dir, shipped_seeds())
    check_is_new(directory, name)
    path = write_region(directory, new, name, read_workbook(book, name), book.name)
    click.echo(f"wrote {path}", err=True)
    click.echo(f"{path}: ok")
    for line in _said_of(read_seeds(path.parent), name):
        click.echo(f"  {line}")


@main.command()
@click.argument("file", metavar="SCENARIO", type=click.Path(path_type=Path))
@set_option
@seeds_option
def show(file: Path, overrides: tuple[str, ...], seeds_dir: Path | None) -> None:
    r"""Print a scenario with every default written out.

    \b
    Example:
        simmodel show scenarios/trend.yaml
    """
    from .inputs.scenario_file import write_scenario

    (scenario,) = _scenarios((file,), _index(seeds_dir), overrides)
    click.echo(write_scenario(scenario), nl=False)


@main.command()
@click.argument("region", required=False)
@seeds_option
def regions(region: str | None, seeds_dir: Path | None) -> None:
    r"""List the regions, or what is known of one REGION and how it differs from its plan.

    \b
    Example:
        simmodel regions wuwei
    """
    from .results.terminal import one_region, region_list

    seeds = _seeds(seeds_dir)
    click.echo(region_list(seeds) if region is None else one_region(seeds, region))


@main.command()
@click.argument("file", required=False, metavar="[SCENARIO]", type=click.Path(path_type=Path))
@seeds_option
def cite(file: Path | None, seeds_dir: Path | None) -> None:
    r"""Print how to cite simmodel and the sources behind it, or behind one SCENARIO.

    \b
    Example:
        simmodel cite scenarios/trend.yaml
    """
    from .results.terminal import citations

    seeds = _seeds(seeds_dir)
    scenario = _scenarios((file,), seeds.index(), ())[0] if file is not None else None
    click.echo(citations(seeds, scenario))


@main.command()
@click.argument("file", required=False, metavar="[SCENARIO]", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Findings for a machine.")
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
    from .forecast.pooling_file import atlas_of
    from .judging.consistency.coherence import check
    from .judging.consistency.findings import findings_json, findings_text
    from .judging.historical_rates import read
    from .judging.projection_summary import (
        beyond_horizon,
        regions_behind,
        summarize_projection,
        trend_of,
    )
    from .results.run import place_names
    from .simulation.projector import regions_of

    seeds = _seeds(seeds_dir)
    scenario = (
        trend_of(seeds.regions) if file is None else _scenarios((file,), seeds.index(), ())[0]
    )
    experience = read(seeds.directory)
    _say_if_compiling()
    atlas = atlas_of(seeds)
    checked = regions_of(scenario, atlas)
    if late := beyond_horizon(checked, seeds.regions, scenario.horizon):
        click.echo(late, err=True)
    posteriors = _calibrated(atlas, seeds, regions_behind(checked, atlas))
    outlook = summarize_projection(
        scenario, atlas, posteriors.by_region, checked, progress=_progress("projecting")
    )
    _clear()
    click.echo(
        f"held against {scenario.scenario} to {scenario.horizon}, "
        f"{scenario.ensemble.draws} draws, seed {scenario.ensemble.seed}",
        err=True,
    )
    kinds = {name: source.kind for name, source in seeds.sources.items()}
    found = check(checked, seeds.regions, kinds, outlook, experience)
    click.echo(findings_json(found) if as_json else findings_text(found, place_names(seeds)))


@main.command()
@click.option(
    "--table",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CSV",
    help="Also write every parameter's prior and posterior.",
)
@seeds_option
def calibrate(table: Path | None, seeds_dir: Path | None) -> None:
    r"""Calibrate every region to its censuses and later figures; re-make the posterior file.

    \b
    Example:
        simmodel calibrate --table calibration.csv
    """
    from .computing.output_files import write_csv
    from .forecast import posterior_file
    from .forecast.fit import calibrate_all
    from .forecast.pooling_file import atlas_of
    from .results.terminal import calibration_rows, calibration_summary

    seeds = _seeds(seeds_dir)
    atlas = atlas_of(seeds)
    done = calibrate_all(atlas, progress=_progress("calibrating"))
    columns, rows = calibration_rows(atlas, done)
    if table is not None:
        try:
            write_csv(table, columns, rows)
        except OSError as error:
            raise SimmodelError(f"{table}: cannot write there ({error.strerror})") from None
    posterior_file.write(seeds.directory / posterior_file.NAME, posterior_file.as_data(atlas, done))
    _clear()
    click.echo(calibration_summary(atlas, done))


@main.command()
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
    from .results.terminal import skill_json, skill_table
    from .validation.backtest import backtest
    from .validation.panel import check_replaceable, read_panel, write_forecasts

    if not to > origin:
        raise click.UsageError(f"--to: is not after the origin; found {to:g}; allowed > {origin:g}")
    panel = read_panel(panel_file, ages)
    if out is not None:
        check_replaceable(out)
    _say_if_compiling()
    seeds = _seeds(seeds_dir)
    found = backtest(panel, origin, to, seeds, progress=_progress("forecasting"))
    _clear()
    for note in found.notes:
        click.echo(note, err=True)
    if out is not None:
        write_forecasts(out, found.forecasts)
        click.echo(f"wrote {out}", err=True)
    if charts is not None and not found.scores:
        click.echo(f"no charts: the panel holds no count of {to:g}", err=True)
    elif charts is not None:
        from .charts.hindcast import forecast_figure, skill_figure
        from .charts.style import save

        charts.mkdir(parents=True, exist_ok=True)
        save(forecast_figure(found.scored[0], found.scores[0], origin), charts / "forecast")
        save(skill_figure(found.scores, origin, to), charts / "skill")
        click.echo(f"wrote {charts}", err=True)
    click.echo(skill_json(found) if as_json else skill_table(found))


if __name__ == "__main__":
    main()
