"""Commands on files of inputs: validate, show, new-region, regions, cite, calibrate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import FaultError, SimmodelError
from ..texts import say
from .common import (
    clear,
    progress,
    workspace_of,
    wrote,
)
from .options import (
    seeds_option,
    set_option,
    terminal_language_option,
)

if TYPE_CHECKING:
    from ..inputs.seeds import Seeds


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@terminal_language_option
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
                from ..sweeps.sweep_file import read_sweep

                read_sweep(path, workspace_of(seeds_dir).seeds)
            else:
                workspace_of(seeds_dir).scenarios((path,), checked=False)
            fine += [say("terminal.ok", path=path), *(f"  {line}" for line in said)]
        except FaultError as error:
            faults.extend(error.faults)
    for line in fine:
        click.echo(line)
    if faults:
        raise FaultError(faults)


def _check_folder(folder: Path) -> Seeds:
    """Check a folder of seeds and the posterior beside them."""
    seeds = workspace_of(folder).seeds
    if (folder / "posterior.json").exists():
        from ..forecast.posterior_file import NAME, check

        check(folder / NAME)
    return seeds


def _said_of(seeds: Seeds, region_id: str) -> list[str]:
    """What a region borrows, lacks or leaves in doubt; nothing of what is no region."""
    from ..results.terminal import notices_of

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


@click.command("new-region")
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
@terminal_language_option
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
    from ..inputs.region_file import check_is_new, seeds_for, write_region
    from ..inputs.seed_folder import check_region_id, find_seeds, shipped_seeds
    from ..inputs.seeds import read_seeds

    check_region_id(name)
    if book is None:
        from ..inputs.workbook.template import write_template

        directory = find_seeds(seeds_dir)
        check_is_new(directory, name)
        seeds = read_seeds(directory)
        level = "prefecture" if "." in name else "province"
        parents = [i for i, r in seeds.regions.items() if r.level == level]
        path = (out or Path()) / f"{name}.xlsx"
        known = [i for i, s in seeds.sources.items() if s.kind == "census"]
        write_template(path, name, parents, known)
        click.echo(say("terminal.wrote_template", path=path, name=name))
        return
    from ..inputs.workbook.reader import read_workbook

    directory, new = seeds_for(seeds_dir, shipped_seeds())
    check_is_new(directory, name)
    path = write_region(directory, new, name, read_workbook(book, name), book.name)
    wrote(path)
    click.echo(say("terminal.ok", path=path))
    for line in _said_of(read_seeds(path.parent), name):
        click.echo(f"  {line}")


@click.command()
@click.argument("file", metavar="SCENARIO", type=click.Path(path_type=Path))
@set_option
@terminal_language_option
@seeds_option
def show(file: Path, overrides: tuple[str, ...], seeds_dir: Path | None) -> None:
    r"""Print a scenario with every default written out.

    \b
    Example:
        simmodel show scenarios/trend.yaml
    """
    from ..inputs.scenario_file import write_scenario

    (scenario,) = workspace_of(seeds_dir).scenarios((file,), overrides, checked=False)
    click.echo(write_scenario(scenario), nl=False)


@click.command()
@click.argument("region", required=False)
@terminal_language_option
@seeds_option
def regions(region: str | None, seeds_dir: Path | None) -> None:
    r"""List the regions, or what is known of one REGION and how it differs from its plan.

    \b
    Example:
        simmodel regions wuwei
    """
    from ..results.terminal import one_region, region_list

    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    click.echo(region_list(seeds) if region is None else one_region(seeds, region))


@click.command()
@click.argument("file", required=False, metavar="[SCENARIO]", type=click.Path(path_type=Path))
@terminal_language_option
@seeds_option
def cite(file: Path | None, seeds_dir: Path | None) -> None:
    r"""Print how to cite simmodel and the sources behind it, or behind one SCENARIO.

    \b
    Example:
        simmodel cite scenarios/trend.yaml
    """
    from ..results.terminal import citations

    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    scenario = workspace.scenarios((file,), ())[0] if file is not None else None
    click.echo(citations(seeds, scenario))


@click.command()
@click.option(
    "--table",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CSV",
    help="Also write every parameter's prior and posterior.",
)
@terminal_language_option
@seeds_option
def calibrate(table: Path | None, seeds_dir: Path | None) -> None:
    r"""Calibrate every region to its censuses and later figures; re-make the posterior file.

    \b
    Example:
        simmodel calibrate --table calibration.csv
    """
    from ..computing.output_files import write_csv
    from ..forecast import posterior_file
    from ..forecast.fit import calibrate_all
    from ..results.terminal import calibration_rows, calibration_summary

    workspace = workspace_of(seeds_dir)
    seeds = workspace.seeds
    atlas = workspace.atlas
    done = calibrate_all(atlas, progress=progress(say("terminal.calibrating")))
    columns, rows = calibration_rows(atlas, done)
    if table is not None:
        try:
            write_csv(table, columns, rows)
        except OSError as error:
            raise SimmodelError(
                say("terminal.cannot_write", path=table, reason=error.strerror)
            ) from None
    posterior_file.write(seeds.directory / posterior_file.NAME, posterior_file.as_data(atlas, done))
    clear()
    click.echo(calibration_summary(atlas, done))
