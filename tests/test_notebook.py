"""The notebook of docs/ runs anywhere, and says what is written in it."""

import nbformat
import pytest

from simmodel.results.run import will_compile
from tests.conftest import ROOT
from tests.notebooks import NOTEBOOK, execute, texts


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    if will_compile():
        import simmodel as sm

        sm.run("trend", draws=1, set={"regions": ["jinchang"]}, seeds=ROOT / "seeds")
    folder = tmp_path_factory.mktemp("anywhere")
    return execute(folder), folder


def test_what_the_notebook_says_is_what_it_puts_out(committed, executed):
    done, _ = executed
    found, written = texts(done), texts(committed)
    for cell, now, then in zip(committed.cells, found, written, strict=True):
        assert now == then, f"{cell.source}\n`python -m tests.notebooks` writes it anew"


def test_nothing_is_warned_of_and_the_pictures_are_there(executed):
    done, folder = executed
    streams = [name for cell in texts(done) for name, _ in cell if name in ("stdout", "stderr")]
    assert "stdout" in streams
    assert "stderr" not in streams
    pictures = [
        output.data["image/png"]
        for cell in done.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= 2
    assert [path.name for path in folder.glob("*.nc")] == ["wuwei_trend.nc"]


def test_the_committed_notebook_bears_no_trace_of_a_machine(committed):
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 600_000
    for trace in (str(ROOT), "/home/", "/tmp/", "/usr/", "iopub", "codemirror"):
        assert trace not in text
    nbformat.validate(committed)
    code = [cell for cell in committed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
