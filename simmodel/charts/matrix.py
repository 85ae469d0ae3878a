"""Every target against every scenario: the table of the verdicts as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..judging.likelihood import likelihood_class, of_hundred
from ..texts import bilingual, both
from .labels import (
    DISPLAYS,
    Row,
    aim_text,
    apart,
    condition,
    conditions,
    known,
    same_aim,
    unjudged,
)
from .style import BLUE, GREY, INK, canvas, heading, house, shortened, use_chinese

# Of each class of probability, the least first: its colour, that of a number on it, its bounds.
CLASSES: Final = {
    "very_unlikely": ("#a6531b", "white", "<10"),
    "unlikely": ("#e8b284", INK, "10–33"),
    "about_as_likely_as_not": ("#efefec", INK, "33–66"),
    "likely": ("#93bddd", INK, "66–90"),
    "very_likely": (BLUE, "white", ">90"),
}
# Beside the names of scenarios whose probabilities hold on a condition.
SIGNS: Final = ("*", "**")

LEFT, ACROSS, DOWN, EDGE = 4.85, 1.04, 0.36, 0.20


def matrix(
    verdict_rows: Sequence[Row],
    names: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Figure:
    """Every target against every scenario, coloured by the probability that it is met.

    Parameters
    ----------
    verdict_rows : sequence of mapping
        Rows of ``verdicts.csv`` of all scenarios.
    names, titles : mapping of str to str, optional
        Written for the id of a region, and for the name of a scenario; lines may be broken.

    Returns
    -------
    Figure
        For `save`.
    """
    names, titles = names or {}, titles or {}
    scenarios = list(dict.fromkeys(row["scenario"] for row in verdict_rows))
    cells = {(same_aim(row), row["scenario"]): row for row in verdict_rows}
    regions = list(dict.fromkeys(row["region"] for row in verdict_rows))
    aims = {
        same_aim(row): row for row in sorted(verdict_rows, key=lambda r: regions.index(r["region"]))
    }
    signs = dict(zip(conditions(verdict_rows), SIGNS, strict=False))
    held = {row["scenario"]: signs[on] for row in verdict_rows if (on := condition(row)) in signs}
    heads = [_head(titles.get(name, name.replace("_", " ")), held.get(name)) for name in scenarios]
    width = LEFT + ACROSS * max(len(scenarios), 1) + EDGE
    key = _key_lines(width, set(scenarios) - set(held), bool(held))
    bottom = 0.50 + 0.185 * len(key)
    top = 1.05 + 0.18 * (len(signs) + max((head.count("\n") + 1 for head in heads), default=1))
    with house():
        figure, ax = canvas(
            width, top + DOWN * len(aims) + bottom, (LEFT, EDGE, bottom, top if aims else top - 0.1)
        )
        ax.set(xlim=(0, max(len(scenarios), 1)), ylim=(max(len(aims), 1), 0))
        ax.set_axis_off()
        for x, head in enumerate(heads):
            ax.annotate(
                head, (x + 0.5, 0), (0, 6), textcoords="offset points", ha="center", fontsize=9
            )
        edge, before = (0.15 - LEFT) / ACROSS, None
        for y, (aim, row) in enumerate(aims.items()):
            if aim[0] != before:
                before = aim[0]
                name = names.get(before, before.split(".")[-1].replace("_", " ").title())
                ax.text(edge, y + 0.5, shortened(name, 22), va="center", linespacing=1.0)
                ax.plot([edge, len(scenarios)], [y, y], color=GREY, lw=0.7, clip_on=False)
            display = DISPLAYS[row["indicator"]]
            ax.text(edge + 1.62, y + 0.5, display.short, va="center", fontsize=9, color="#555555")
            ax.text(-0.1, y + 0.5, aim_text(row, display), ha="right", va="center")
            for x, name in enumerate(scenarios):
                _cell(ax, x, y, cells.get((aim, name)))
        heading(
            figure,
            both("charts.matrix.title"),
            "\n".join(
                [
                    apart("charts.matrix.meaning"),
                    *(f"{sign} {text}" for text, sign in signs.items()),
                ]
            ),
        )
        _key(figure, key)
        use_chinese(figure)
    return figure


def _head(title: str, sign: str | None) -> str:
    lines = "\n".join(shortened(line, 16) for line in title.split("\n"))
    return f"{lines} {sign}" if sign else lines


def _cell(ax: Axes, x: float, y: float, row: Row | None) -> None:
    box: dict[str, Any] = {"ec": "white", "lw": 2}
    if row is None:
        text, ink, face = "–", GREY, "white"
    elif not known(row["probability"]):
        why, chinese = unjudged(row)
        text, ink, face = f"{why.replace(' the ', ' ')}\n{chinese}".strip(), INK, "#f2f2f2"
        box |= {"ec": "#c4c4c4", "lw": 0, "hatch": "////"}
    else:
        face, ink, _ = CLASSES[likelihood_class(row["probability"])]
        text = of_hundred(row["probability"])
    ax.add_patch(Rectangle((x + 0.01, y + 0.03), 0.98, 0.94, fc=face, **box))
    hatched = "hatch" in box
    ax.text(
        x + 0.5,
        y + 0.5,
        text,
        ha="center",
        va="center",
        color=ink,
        bbox={"fc": "white", "ec": "none", "pad": 0.2} if hatched else None,
        fontsize=9 if hatched else 9.5,
        linespacing=1.0,
    )


def words_hold() -> str:
    """Return of which scenarios the words for classes hold."""
    return f"{both('charts.matrix.words')}; {both('charts.matrix.colours')}"


def _key_lines(width: float, free: set[str], held: bool) -> list[list[str]]:
    """Return the lines below the colours, each with a text a class or one for all.

    The words for classes stand for the trend, so they are left out where it is not shown.
    """
    if held and not free:
        return []
    columns = int((width - 0.3) / len(CLASSES) / 0.06)
    words = [bilingual(f"probability.{name}") for name in CLASSES]
    texts = [" ".join(word) for word in words]
    if any("\n" in shortened(text, columns) for text in texts):
        texts = [f"{shortened(english, 15)}\n{chinese}" for english, chinese in words]
    deep = max(text.count("\n") + 1 for text in texts)
    split = [text.split("\n") + [""] * (deep - text.count("\n") - 1) for text in texts]
    lines = [list(line) for line in zip(*split, strict=True)]
    return [*lines, [words_hold()]] if held else lines


def _key(figure: Figure, lines: Sequence[Sequence[str]]) -> None:
    width, height = figure.get_size_inches()
    step, base = (width - 0.3) / len(CLASSES), 0.12 + 0.185 * len(lines)
    for i, (face, ink, bounds) in enumerate(CLASSES.values()):
        at = (0.15 + i * step) / width
        size = (step - 0.06) / width, 0.26 / height
        figure.add_artist(Rectangle((at, base / height), *size, fc=face, ec="none"))
        middle = (base + 0.13) / height
        figure.text(at + size[0] / 2, middle, bounds, ha="center", va="center", color=ink)
    for down, line in enumerate(lines):
        y = (base - 0.12 - 0.185 * down) / height
        for i, text in enumerate(line):
            whole = len(line) == 1
            x = 0.15 if whole else 0.15 + i * step + (step - 0.06) / 2
            side = "left" if whole else "center"
            color = "#555555" if whole else INK
            figure.text(x / width, y, text, ha=side, va="center", fontsize=9, color=color)
