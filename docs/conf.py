"""How the documentation is built: `make docs`, into docs/_build/html."""

import re
from pathlib import Path

from click import Context
from sphinx.application import Sphinx

import simmodel

TOP = Path(__file__).parents[1]
# Pages that stand at the top of the project, for who reads it without this site.
ELSEWHERE = {"readme": "README.md", "readme_zh": "README.zh.md", "changelog": "CHANGELOG.md"}

project = "simmodel"
author = "The simmodel founders"
version = release = simmodel.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "sphinx_click"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
# Notebooks are shown as they are committed; a test executes them.
nb_execution_mode = "off"
# No script from a network: widgets are not used.
nb_ipywidgets_js = {}

autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"simmodel {version}"
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]


def _from_the_top(app: Sphinx, docname: str, source: list[str]) -> None:
    """Take pages from the top of the project, and turn links so that they hold here."""
    if docname in ELSEWHERE:
        text = (TOP / ELSEWHERE[docname]).read_text(encoding="utf-8")
        text = re.sub(r"\]\((?:\./)?(figures/)", r"](../\1", text)
        source[0] = text.replace("](docs/", "](")
    for page, file in ELSEWHERE.items():
        source[0] = re.sub(rf"\]\((?:\.\./)*{re.escape(file)}([)#])", rf"](/{page}.md\1", source[0])


def _example_as_code(app: Sphinx, context: Context, lines: list[str]) -> None:
    """Show a command's example as it is typed: in the help it is text of its own lines."""
    lines[:] = [line.replace("\b", "").removeprefix("| ") for line in lines]
    at = lines.index("Example:") if "Example:" in lines else len(lines)
    lines[at : at + 1] = ["Example::", ""] if at < len(lines) else []


def setup(app: Sphinx) -> None:
    """Register what is done to a page before it is read."""
    app.connect("sphinx-click-process-description", _example_as_code)
    app.connect("source-read", _from_the_top)
