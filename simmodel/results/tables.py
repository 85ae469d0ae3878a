"""Tables of the terminal, drawn by rich; what is piped is never cut, wrapped or coloured."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import StringIO
from shutil import get_terminal_size
from typing import Final, Literal

# Wider than any table: where there is no terminal, columns are as wide as what they hold.
UNBOUNDED: Final = 9_999
# Cells with spaces are wrapped to no less than this.
NARROWEST: Final = 12


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: str) -> str:
    """Return columns aligned by display width.

    On a terminal that is too narrow, cells with spaces in them are wrapped; ids never are.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence of str
    right : str
        An r for each column that is aligned to the right, another letter for the others.

    Returns
    -------
    str
        Without a last line break.
    """
    from rich.box import Box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = "    \n    \n ── \n    \n    \n    \n    \n    \n"
    drawn = Table(box=Box(lines), show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    least = 0
    for name, side, cells in zip(header, right, zip(header, *rows, strict=True), strict=True):
        widest, spaced = max(map(cell_len, cells)), any(" " in cell for cell in cells)
        least += 2 + (min(widest, NARROWEST) if spaced else widest)
        justify: Literal["left", "right"] = "right" if side == "r" else "left"
        drawn.add_column(Text(name), justify=justify, no_wrap=not spaced)
    for row in rows:
        drawn.add_row(*map(Text, row))
    terminal = sys.stdout.isatty()
    out = StringIO()
    console = Console(
        file=out,
        force_terminal=terminal,
        width=max(get_terminal_size().columns, least) if terminal else UNBOUNDED,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(drawn)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))
