"""Formats of pictures that can be asked for, and charts drawn beside each other."""

import multiprocessing
import os
from functools import partial

import pytest
from click.testing import CliRunner

from simmodel.charts import parallel_drawing
from simmodel.charts.style import canvas, house, use_chinese
from simmodel.cli import main
from simmodel.errors import OutputError

NAMES = ("one", "two", "three", "four")


def chart(name):
    with house():
        figure, ax = canvas(3.0, 2.0, (0.4, 0.2, 0.4, 0.3))
        ax.plot([0, 1], [0, len(name)])
        ax.set_title(f"{name} 城镇化率")
        use_chinese(figure)
    return figure


def dies_in_a_child(parent):
    if os.getpid() != parent:
        os._exit(1)
    return chart("one")


def drawn(folder, charts, formats=("png", "svg"), workers=None):
    folder.mkdir()
    with parallel_drawing.drawing(folder, charts, formats, workers):
        (folder / "beside.txt").write_text("written meanwhile", encoding="utf-8")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("png", ("png",)),
        ("pdf,svg , PNG,svg", ("png", "svg", "pdf")),
        ("none", ()),
    ],
)
def test_formats_are_read(text, formats):
    assert parallel_drawing.formats_of(text) == formats


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gif", "charts: is not a format of pictures; found 'gif'; allowed png, svg, pdf"),
        ("pgn", "Did you mean png"),
        ("", "found ''"),
        ("png,", "found ''"),
        ("png,none", "charts: goes alone; found 'none'"),
        (("png",), "charts: is not text"),
    ],
)
def test_what_is_no_format_is_refused(text, says):
    with pytest.raises(OutputError, match=says):
        parallel_drawing.formats_of(text)


@pytest.mark.parametrize("command", ["run", "sweep", "solve"])
def test_what_is_no_format_is_an_error_of_usage(command):
    asked = f"{command} x.yaml --charts gif"
    if command == "solve":
        asked += " --region wuwei --indicator urbanization_rate --year 2035 --lever arrivals"
    result = CliRunner().invoke(main, asked.split())
    assert result.exit_code == 2
    assert result.output.splitlines()[-1] == (
        "Error: --charts: is not a format of pictures; found 'gif'; allowed png, svg, pdf with "
        "commas between them, or none"
    )


def test_charts_of_solve_are_those_of_its_map():
    asked = "solve x.yaml --region wuwei --indicator urbanization_rate --year 2035 --lever arrivals"
    result = CliRunner().invoke(main, [*asked.split(), "--charts", "svg"])
    assert result.exit_code == 2
    assert "--charts: is of the map; give --map DIR too" in result.output


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pictures_are_the_same_whatever_the_number_of_processes(tmp_path, monkeypatch, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    monkeypatch.setattr(parallel_drawing, "_context", lambda: multiprocessing.get_context(method))
    charts = {name: partial(chart, name) for name in NAMES}
    alone = drawn(tmp_path / "alone", charts, workers=1)
    assert set(alone) == {f"{n}.{k}" for n in NAMES for k in ("png", "svg")} | {"beside.txt"}
    assert drawn(tmp_path / "beside", charts, workers=2) == alone


def test_nothing_is_drawn_where_no_format_is_asked_for(tmp_path):
    assert set(drawn(tmp_path / "none", {"one": None}, ())) == {"beside.txt"}


def test_what_a_killed_process_left_is_drawn_here(tmp_path):
    charts = {name: partial(dies_in_a_child, os.getpid()) for name in NAMES}
    assert len(drawn(tmp_path / "killed", charts, workers=2)) == 9


def test_an_error_of_the_writing_beside_ends_the_drawing(tmp_path):
    charts = {name: partial(chart, name) for name in NAMES}
    with (
        pytest.raises(OSError, match="full"),
        parallel_drawing.drawing(tmp_path, charts, ("png",), 2),
    ):
        raise OSError("disk full")


def test_an_error_of_a_chart_is_an_error_of_the_run(tmp_path):
    charts = {name: partial(chart, 3) for name in NAMES}
    with pytest.raises(TypeError), parallel_drawing.drawing(tmp_path, charts, ("png",), 2):
        pass
