"""Execute the notebook of docs/; ``python -m tests.notebooks`` writes its outputs anew."""

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs/analysis.ipynb"
SECONDS = 120  # for a cell; the first one may wait for the projection to be compiled


def execute(folder):
    """Return the notebook as it comes out of a kernel that has only the package, in a folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=environment)
    return without_traces(notebook)


def without_traces(notebook):
    """Take away what says when, and on which Python, a notebook was executed."""
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def texts(notebook):
    """Return what each cell put out in words: its streams, tables and values, without pictures."""
    said = []
    for cell in notebook.cells:
        words = []
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                words.append((output.name, output.text))
            else:
                kinds = sorted(kind for kind in output.data if not kind.startswith("image/"))
                words += [(kind, output.data[kind]) for kind in kinds]
        said.append(words)
    return said


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        done = execute(Path(place))
    nbformat.write(done, NOTEBOOK)
