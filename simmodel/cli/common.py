"""What several commands do: read what is asked for, report progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import SimmodelError
from ..texts import say

if TYPE_CHECKING:
    from ..forecast.posterior_file import Posteriors
    from ..inputs.scenario import Scenario
    from ..workspace import Workspace


def workspace_of(directory: Path | None) -> Workspace:
    """Open a seed folder."""
    from ..workspace import Workspace

    return Workspace(directory)


def refuse_twice(scenarios: list[Scenario]) -> list[str]:
    """Names of the scenarios, each of which may be there once."""
    names = [s.scenario for s in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SimmodelError(say("terminal.scenario_twice", scenario=twice[0]))
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


def wrote(path: Path) -> None:
    """Say on stderr what was written."""
    aside(say("terminal.wrote", path=path))


def aside(text: str) -> None:
    """Print on stderr."""
    click.echo(text, err=True)


def say_if_compiling(tell: Callable[[str], None] = aside) -> None:
    """Say that the projection is about to be compiled, where it is."""
    from ..results.run import will_compile

    if will_compile():
        tell(say("terminal.compiling"))


def posteriors_of(
    workspace: Workspace,
    needed: Collection[str] | None = None,
    tell: Callable[[str], None] = aside,
) -> Posteriors:
    """Read the posteriors; say which regions were calibrated again."""
    posteriors = workspace.posteriors(needed, progress(say("terminal.calibrating")))
    clear()
    if said := posteriors.notice():
        tell(said)
    return posteriors
