"""Make the tables of the reference that say what records of the code say, in place.

    python docs/tables.py

A table stands between ``<!-- table: name -->`` and ``<!-- end of table -->``; a test holds that
every one is current.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from simmodel.indicators import INDICATORS
from simmodel.levers import LEVERS
from simmodel.texts import text

PAGES = sorted((Path(__file__).resolve().parent / "reference").glob("*.md"))
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end of table -->)", re.DOTALL)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("|  |", "| |")


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def levers() -> str:
    """Levers of a scenario: what each changes, its bounds and its neutral value."""
    return _table(
        ("lever", "what it changes", "bounds", "neutral"),
        (
            (
                f"`{name}`",
                text(f"levers.{name}.about", "en"),
                f"{lever.low:g} to {lever.high:g}".replace("-", "−")
                + (", multiplier" if lever.multiplies else " years"),
                f"{lever.neutral:g}",
            )
            for name, lever in LEVERS.items()
        ),
    )


def target_indicators() -> str:
    """Indicators that a target may have, and the units it may be given in."""
    return _table(
        ("indicator", "what", "units", "units of a band"),
        (
            (
                f"`{name}`",
                text(f"indicators.{name}", "en") + ("" if one.modelled else "; not modelled"),
                _codes(one.units),
                _codes(one.change_units),
            )
            for name, one in INDICATORS.items()
        ),
    )


TABLES: dict[str, Callable[[], str]] = {"levers": levers, "target_indicators": target_indicators}


def current(page: str) -> str:
    """Return a page with its tables as the records have them now."""
    return _BLOCK.sub(lambda block: f"{block[1]}\n{TABLES[block[2]]()}\n{block[4]}", page)


if __name__ == "__main__":
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        path.write_text(current(page), encoding="utf-8")
