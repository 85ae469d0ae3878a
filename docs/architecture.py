"""Draw the rooms of the package and the imports between them: docs/architecture.svg.

    python docs/architecture.py

The rooms, from the ground up, are those of tests/test_architecture.py; the imports are read from
the code. A line that follows from others is left out: where the report imports the results and the
results the kernel, none is drawn from the report to the kernel.
"""

from __future__ import annotations

import ast
import sys
from html import escape
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
DRAWING = TOP / "docs" / "architecture.svg"
sys.path.insert(0, str(TOP))

from tests.test_architecture import HOUSE, MODULES, ROOMS, imported, place, room_of  # noqa: E402

ROW, LEFT, WIDTH = 30, 120, 860
INK, LINE, BOX = "#1f2933", "#4a6fa5", "#eef2f7"


def imports() -> dict[str, set[str]]:
    """Which rooms each room imports from."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in MODULES:
        room = room_of(place(path).replace("/", "."))
        found[room] |= {room_of(name) for ours, name in imported(path) if ours} & set(ROOMS)
    return {room: others - {room} for room, others in found.items()}


def without_what_follows(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out every import that is also there by way of another room."""
    below: dict[str, set[str]] = {}
    for room in ROOMS:  # from the ground up, so that what is imported comes first
        below[room] = set().union(*({other} | below[other] for other in edges[room]))
    return {
        room: {other for other in others if not any(other in below[way] for way in others)}
        for room, others in edges.items()
    }


def purpose(room: str) -> str:
    """Take the first sentence of a room's docstring."""
    folder = HOUSE / room / "__init__.py"
    path = folder if folder.exists() else HOUSE / f"{room}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0].replace("`", "")


def drawing() -> str:
    """Return the drawing as SVG: a row for each room, an arc for each import."""
    rooms = [room for room in reversed(ROOMS) if room != "__main__"]
    height = {room: 20 + ROW * row for row, room in enumerate(rooms)}
    parts = []
    for room, others in without_what_follows(imports()).items():
        for other in sorted(others & height.keys(), key=ROOMS.index):
            if room not in height:
                continue
            start, end = height[room], height[other]
            out = LEFT - 6 - 20 * ((end - start) / ROW) ** 0.8
            parts.append(
                f'<path d="M{LEFT - 6} {start}C{out:.0f} {start} {out:.0f} {end} {LEFT - 6} {end}" '
                f'marker-end="url(#to)"><title>{room} imports {other}</title></path>'
            )
    for room, y in height.items():
        corner, ending = (3, "/") if (HOUSE / room).is_dir() else (12, ".py")
        parts += [
            f'<rect x="{LEFT}" y="{y - 12}" width="112" height="24" rx="{corner}"/>',
            f'<text class="room" x="{LEFT + 56}" y="{y + 4}">{room}{ending}</text>',
            f'<text x="{LEFT + 124}" y="{y + 4}">{escape(purpose(room))}</text>',
        ]
    bottom = 20 + ROW * len(rooms)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" role="img">',
            "<title>The rooms of simmodel and the imports between them</title>",
            "<style>",
            f"text{{font:12px system-ui,sans-serif;fill:{INK}}}",
            ".room{font-weight:600;text-anchor:middle}",
            f"path{{fill:none;stroke:{LINE};stroke-width:1.2;stroke-opacity:.75}}",
            f"rect{{fill:{BOX};stroke:{LINE}}}",
            f"#to path{{fill:{LINE};stroke:none;stroke-opacity:1}}",
            "</style>",
            f'<rect width="{WIDTH}" height="{bottom}" style="fill:#fff;stroke:none"/>',
            '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>',
            *parts,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    DRAWING.write_text(drawing(), encoding="utf-8")
