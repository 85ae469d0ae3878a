"""What every chart is held to: legible writing, inside the figure and apart, in one font."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font
from matplotlib.text import Text

from simmodel.charts.style import chinese


def all_texts(figure):
    return [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]


def words(figure):
    return "\n".join(t.get_text() for t in all_texts(figure))


def assert_writing_is_legible_inside_the_figure_and_apart(drawn):
    """Hold every figure of a mapping by name to it."""
    for name, figure in drawn.items():
        assert isinstance(figure, Figure)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in all_texts(figure)]
        assert min(t.get_fontsize() for t in all_texts(figure)) >= 9, name
        for i, (text, box) in enumerate(boxes):
            assert box.x0 >= 0, (name, text)
            assert box.y0 >= 0, (name, text)
            assert box.x1 <= figure.bbox.x1, (name, text)
            assert box.y1 <= figure.bbox.y1, (name, text)
            for other, second in boxes[i + 1 :]:
                assert not box.padded(-1).overlaps(second.padded(-1)), (name, text, other)


def assert_every_character_has_a_glyph_with_mainland_letterforms(drawn):
    """Hold every figure of a mapping by name to it."""
    font = get_font(chinese(10).get_file())
    assert font.family_name == "Noto Sans CJK SC"
    known = font.get_charmap()
    for name, figure in drawn.items():
        files = {t.get_fontproperties().get_file() for t in all_texts(figure)}
        assert files == {chinese(10).get_file()}, name
        assert all(ord(c) in known for c in words(figure) if c != "\n"), name
