"""What a page carries inside itself: charts as SVG, and a font cut to the characters it uses."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterable
from typing import Final

import matplotlib as mpl
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from noto_cjk_sans_otc import FONT_PATH

from ..charts.style import SIMPLIFIED_CHINESE, house

_ID: Final = re.compile(r'(\bid="|xlink:href="#|url\(#)')
_FAMILY: Final = re.compile(r"font-family: [^;\"]*;? ?")
# Controls of text that no font draws.
_UNDRAWN: Final = frozenset("\n\r\t")


def svg(figure: Figure, name: str, label: str) -> str:
    """Return a figure as SVG to stand inside a page, its text as text in the page's font.

    Parameters
    ----------
    figure : Figure
    name : str
        Put before every id, so that several figures of a page keep theirs apart.
    label : str
        What it shows, for those who do not see it.
    """
    buffer = io.StringIO()
    with house(), mpl.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        # `font` tells what cannot be drawn.
        warnings.filterwarnings("ignore", r"Glyph \d+")
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = _FAMILY.sub("", _ID.sub(rf"\g<1>{name}-", text))
    opening = text[: text.index(">")]
    width, height = figure.get_size_inches() * 72.0
    told = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{told}"'
    )
    return start + text[len(opening) :].rstrip()


def font(characters: Iterable[str]) -> tuple[str, str]:
    """Return the charts' font cut to some characters, and those of them that it lacks.

    Returns
    -------
    tuple of (str, str)
        The font as a base64 WOFF file, and the characters that are left to the reader's own fonts.
    """
    wanted = {ord(c) for c in characters if c not in _UNDRAWN}
    options = subset.Options()
    options.layout_features = ["kern"]
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = []
    cutter = subset.Subsetter(options)
    buffer = io.BytesIO()
    with TTFont(FONT_PATH, fontNumber=SIMPLIFIED_CHINESE, lazy=True, recalcTimestamp=False) as face:
        lacking = sorted(wanted - face.getBestCmap().keys())
        cutter.populate(unicodes=wanted)
        cutter.subset(face)
        face.flavor = "woff"
        face.save(buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii"), "".join(map(chr, lacking))
