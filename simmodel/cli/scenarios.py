"""Commands that run scenarios: run, sweep, report, explore."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ..errors import SimmodelError
from ..texts import say
from .common import (
    aside,
    clear,
    posteriors_of,
    progress,
    refuse_twice,
    say_if_compiling,
    workspace_of,
    wrote,
)
from .options import (
    charts_option,
    draws_option,
    language_option,
    out_option,
    seed_option,
    seeds_option,
    set_option,
    terminal_language_option,
    with_ensemble,
)

if TYPE_CHECKING:
    pass


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path(path_type=Path)
)
@out_option("Where the folder of each scenario is written.")
@draws_option
@seed_option
@set_option
@click.option("--keep-draws", is_flag=True, help="Also write every draw (draws.nc).")
@charts_option
@terminal_language_option
@seeds_option
def run(
    files: tuple[Path, ...],
    out: Path,
    draws: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    keep_draws: bool,
    formats: tuple[str, ...],
    seeds_dir: Path | None,
) -> None:
    r"""Run scenarios and print a verdict on every target.

    \b
    Example:
        simmodel run scenarios/trend.yaml --draws 5000
    """
    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    scenarios = workspace.scenarios(files, with_ensemble(overrides, draws, seed))
    names = refuse_twice(scenarios)
    from ..computing.output_files import check_writable
    from ..results.run import COMPARED

    folders = [check_writable(out, name) for name in names]
    compared = check_writable(out, COMPARED) if len(names) > 1 else None

    from ..results.run import (
        check_draws,
        notices,
        run_scenario,
        write_comparison,
        write_run,
    )
    from ..results.terminal import several_scenarios, single_scenario, sums

    say_if_compiling()
    atlas = workspace.atlas
    for scenario in scenarios:
        for notice in notices(scenario, seeds, atlas):
            click.echo(notice, err=True)
    if keep_draws:
        for scenario in scenarios:
            check_draws(scenario, atlas)
    posteriors = posteriors_of(workspace)
    results = []
    for scenario, folder in zip(scenarios, folders, strict=True):
        result = run_scenario(
            scenario, seeds, atlas, posteriors, progress=progress(f"{scenario.scenario}:")
        )
        write_run(
            folder,
            scenario,
            seeds,
            atlas,
            posteriors,
            result,
            keep_draws=keep_draws,
            formats=formats,
        )
        clear()
        wrote(folder)
        results.append((scenario, *result[1:]))
    if compared is not None:
        write_comparison(compared, seeds, atlas, results, formats)
        wrote(compared)
        click.echo(several_scenarios([(s, verdicts) for s, _, verdicts, _ in results], seeds))
    else:
        ((scenario, _, verdicts, _),) = results
        click.echo(single_scenario(scenario, verdicts, seeds))
    if said := sums(results[0][1], seeds):
        click.echo(said)


@click.command()
@click.argument("file", metavar="SWEEP", type=click.Path(path_type=Path))
@out_option("Where the folder of the sweep is written.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Local processes.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="A dask scheduler that is running, e.g. tcp://127.0.0.1:8786.",
)
@click.option("--quiet", is_flag=True, help="Report no progress.")
@charts_option
@terminal_language_option
@seeds_option
def sweep(
    file: Path,
    out: Path,
    workers: int | None,
    cluster: str | None,
    quiet: bool,
    formats: tuple[str, ...],
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
    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    from ..sweeps.sweep_file import read_sweep

    asked = read_sweep(file, seeds)
    from ..computing.output_files import check_writable

    folder = check_writable(out, asked.name)
    from ..computing.progress import Reporter
    from ..sweeps.results import summary
    from ..sweeps.runner import run_sweep

    reporter = Reporter(f"{asked.name}:", quiet=quiet)
    say_if_compiling(reporter.say)
    atlas = workspace.atlas
    posteriors = posteriors_of(workspace, tell=reporter.say)
    try:
        found = run_sweep(
            asked,
            seeds,
            atlas,
            posteriors,
            folder,
            workers=workers or 0,
            cluster=cluster,
            formats=formats,
            report=reporter,
            notify=reporter.say,
        )
    finally:
        reporter.clear()
    reporter.say(say("terminal.wrote", path=folder))
    click.echo(summary(found))


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path(path_type=Path)
)
@out_option("Where report.html and report.xlsx are written.")
@language_option("Language of the report.")
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
    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    scenarios = workspace.scenarios(files, with_ensemble((), draws, seed))
    refuse_twice(scenarios)
    from ..report import files as report_files

    paths = report_files.check_replaceable(out)
    swept = report_files.read_sweeps(sweeps)
    for folder, found in zip(sweeps, swept, strict=True):
        if found.attrs.get("seeds_sha256") != seeds.sha256:
            aside(say("terminal.other_seeds", folder=folder))

    from ..report.contents import gather

    say_if_compiling()
    atlas = workspace.atlas
    posteriors = posteriors_of(workspace)
    known = workspace.historical_rates
    contents = gather(
        scenarios,
        seeds,
        atlas,
        posteriors,
        known,
        sweeps=swept,
        progress=progress(say("terminal.reporting")),
    )
    options = [f"--lang {lang}", *(f"--sweep {found.attrs['sweep']}" for found in swept)]
    options += [f"--draws {draws}"] if draws is not None else []
    options += [f"--seed {seed}"] if seed is not None else []
    # Without folders: where files lay on one machine says nothing on another.
    command = " ".join(["simmodel report", *(path.name for path in files), *options])
    lacking = report_files.write(paths, contents, lang, command)
    clear()
    if lacking:
        shown = " ".join(f"U+{ord(c):04X}" for c in lacking)
        aside(say("terminal.font_lacks", characters=shown))
    for path in paths:
        wrote(path)


@click.command()
@click.argument("file", required=False, metavar="[SCENARIO]", type=click.Path(path_type=Path))
@click.option("--region", metavar="ID", help="Region shown first, e.g. wuwei.")
@language_option("Language of the page; it can be changed there.")
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
            raise SimmodelError(say("terminal.no_nicegui")) from None
        workspace = workspace_of(seeds_dir)
        seeds = workspace.seeds
        from ..computing.output_files import try_writing
        from ..explorer.explorer import Explorer
        from ..explorer.server import listen, serve
        from ..explorer.state import first_region, trend_base

        if file is None:
            base = trend_base(seeds.regions, draws, seed)
        else:
            (base,) = workspace.scenarios((file,), with_ensemble((), draws, seed))
        try_writing(out)
        atlas = workspace.atlas
        # Of all regions a prefecture shows most; of one's own scenario the first is meant.
        preferred = "prefecture" if file is None else None
        shown_first = first_region(region, base, atlas, preferred_level=preferred)
        with listen(port) as listening:
            say_if_compiling()
            serve(
                Explorer(base, seeds, atlas, posteriors_of(workspace)),
                listening,
                out,
                lang,
                shown_first,
                options=() if seeds_dir is None else ("--seeds", str(seeds_dir)),
                show=not no_browser,
                tell=click.echo,
                warn=aside,
            )
