"""Options that several commands have."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..errors import SimmodelError
from ..texts import Language, terminal_language

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


def _formats(context: click.Context, option: click.Parameter, text: str) -> tuple[str, ...]:
    """Return the formats of pictures that are asked for."""
    from ..charts.parallel_drawing import formats_of

    try:
        return formats_of(text)
    except SimmodelError as error:
        raise click.UsageError(f"--{error}", context) from None


charts_option = click.option(
    "--charts",
    "formats",
    default="png",
    show_default=True,
    metavar="FORMATS",
    callback=_formats,
    help="Formats of the pictures, of png, svg and pdf with commas between them; or none.",
)


def out_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Where a command writes its folders."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=Path("figures"),
        show_default=True,
        metavar="DIR",
        help=help_text,
    )


def language_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Language of what a command makes."""
    return click.option(
        "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help=help_text
    )


def _speak(context: click.Context, option: click.Parameter, language: Language | None) -> None:
    del context, option
    if language is not None:
        terminal_language.set(language)


# What a command prints; what it writes is the same in every language.
terminal_language_option = click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    is_eager=True,
    expose_value=False,
    callback=_speak,
    help="Language of what is printed; else that of the locale.",
)


def language_of_locale() -> Language:
    """Return the language of the locale: Chinese where it begins with zh, else English."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, named), "").lower().startswith("zh") else "en"


def with_ensemble(
    overrides: tuple[str, ...], draws: int | None, seed: int | None
) -> tuple[str, ...]:
    """Size and seed of the ensemble as the last of the values to replace."""
    if draws is not None:
        overrides = (*overrides, f"ensemble.draws={draws}")
    if seed is not None:
        overrides = (*overrides, f"ensemble.seed={seed}")
    return overrides
