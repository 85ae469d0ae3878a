"""What several commands do: read what is asked for, report progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import FaultError, SimmodelError

if TYPE_CHECKING:
    from ..forecast.fit import Atlas
    from ..forecast.posterior_file import Posteriors
    from ..inputs.scenario import Scenario
    from ..inputs.seeds import Index, Seeds


def seeds_of(directory: Path | None) -> Seeds:
    """Read and check the seeds."""
    from ..inputs.seeds import find_seeds, read_seeds

    return read_seeds(find_seeds(directory))


def index_of(directory: Path | None) -> Index:
    """Read what a scenario may name, without checking the figures of the seeds."""
    from ..inputs.seeds import find_seeds, read_index

    return read_index(find_seeds(directory))


def read_scenarios(
    paths: tuple[Path, ...], index: Index, overrides: tuple[str, ...]
) -> list[Scenario]:
    """Read all scenario files; the faults of all of them in one pass."""
    from ..inputs.scenario_file import read_scenario

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


def refuse_twice(scenarios: list[Scenario]) -> list[str]:
    """Names of the scenarios, each of which may be there once."""
    names = [s.scenario for s in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SimmodelError(f"scenario {twice[0]}: stands in two of the files; allowed once")
    return names


def progress(prefix: str) -> Callable[[str], None]:
    """Report a step on stderr: on a terminal over the last line, else not at all."""

    def report(step: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{prefix} {step}", err=True, nl=False)

    return report


def clear() -> None:
    """Clear the line of progress."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)


def aside(text: str) -> None:
    """Print on stderr."""
    click.echo(text, err=True)


def say_if_compiling(say: Callable[[str], None] = aside) -> None:
    """Say that the projection is about to be compiled, where it is."""
    from ..results.run import COMPILING, will_compile

    if will_compile():
        say(COMPILING)


def calibrated(
    atlas: Atlas,
    seeds: Seeds,
    needed: Collection[str] | None = None,
    say: Callable[[str], None] = aside,
) -> Posteriors:
    """Read the posteriors; say which regions were calibrated anew."""
    from ..forecast.posterior_file import load

    posteriors = load(atlas, seeds.directory, needed=needed, progress=progress("calibrating"))
    clear()
    if said := posteriors.notice():
        say(said)
    return posteriors
