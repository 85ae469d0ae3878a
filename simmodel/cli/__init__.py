"""Command line: parse, call one function, print. Heavy imports wait inside the commands."""

from __future__ import annotations

from typing import Any

import click

from ..errors import SimmodelError
from ..texts import terminal_language
from .files import calibrate, cite, new_region, regions, show, validate
from .options import language_of_locale
from .questions import hindcast, solve, targets
from .scenarios import explore, report, run, sweep


class Commands(click.Group):
    """A group whose commands report our own errors without a traceback, exiting with their code."""

    def invoke(self, context: click.Context) -> Any:
        """Run a command; what the user did wrong is one line a fault on stderr."""
        before = terminal_language.set(language_of_locale())
        try:
            return super().invoke(context)
        except SimmodelError as error:
            click.echo(str(error), err=True)
            context.exit(error.exit_code)
        finally:
            terminal_language.reset(before)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; the mark that keeps the lines of its example is spelt in its docstring."""
        if cmd.help is not None:
            cmd.help = cmd.help.replace("\\b", "\b")
        super().add_command(cmd, name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simmodel", message="%(prog)s %(version)s")
def main() -> None:
    """Simulate urbanization scenarios and judge the targets of development plans."""


for _command in (
    run,
    sweep,
    report,
    explore,
    solve,
    targets,
    hindcast,
    validate,
    show,
    new_region,
    regions,
    cite,
    calibrate,
):
    main.add_command(_command)
