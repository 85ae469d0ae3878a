"""How the documentation is built: `make docs`, into docs/_build/html."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from click import Context
from sphinx.application import Sphinx

import simmodel
from simmodel.report.inline import font

TOP = Path(__file__).parents[1]
# Pages that stand at the top of the project, for who reads it without this site.
ELSEWHERE = {
    "readme": "README.md",
    "readme_zh": "README.zh.md",
    "contributing": "CONTRIBUTING.md",
    "changelog": "CHANGELOG.md",
}

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

# Names in single backticks lead to what they name, where it is on a page.
default_role = "py:obj"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"simmodel {version}"
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_css_files = ["han.css", "site.css"]

# A font for the Chinese that the pages have, so that nothing is missing where none is installed.
pages = [*TOP.glob("*.md"), *TOP.glob("docs/**/*.md"), *TOP.glob("docs/*.ipynb")]
pages += TOP.glob("simmodel/**/*.py")
characters = {c for page in pages for c in page.read_text(encoding="utf-8") if ord(c) > 0x2E7F}
drawn, _ = font(sorted(characters))
made = TemporaryDirectory()  # gone when the site is built
source = f"src:url(data:font/woff;base64,{drawn});unicode-range:U+2E80-FFFF"
face = f"@font-face{{font-family:Han;{source}}}\n"
Path(made.name, "han.css").write_text(face, encoding="utf-8")
stacks = {
    "font-stack": "Han, system-ui, Segoe UI, Helvetica, Arial, sans-serif",
    "font-stack--monospace": "Han, SFMono-Regular, Menlo, Consolas, Liberation Mono, monospace",
}
html_static_path = ["_static", made.name]
html_theme_options = {"light_css_variables": stacks, "dark_css_variables": stacks}


def _from_the_top(app: Sphinx, docname: str, source: list[str]) -> None:
    """Take pages from the top of the project, and turn links so that they hold here."""
    if docname in ELSEWHERE:
        path = TOP / ELSEWHERE[docname]
        app.env.note_dependency(str(path), docname=docname)
        text = path.read_text(encoding="utf-8").replace("](figures/", "](../figures/")
        source[0] = text.replace("](docs/", "](")
    for page, file in ELSEWHERE.items():
        source[0] = re.sub(rf"\]\((?:\.\./)*{re.escape(file)}([)#])", rf"](/{page}.md\1", source[0])


def _with_notebooks(app: Sphinx, docname: str, source: list[str]) -> None:
    """List the notebooks that lie beside the pages, however many there are."""
    if docname == "index":
        found = "".join(f"\n{path.stem}" for path in sorted(TOP.glob("docs/*.ipynb")))
        source[0] = source[0].replace("\nreference/python", f"\nreference/python{found}")


def _example_as_code(app: Sphinx, context: Context, lines: list[str]) -> None:
    """Show a command's example as it is typed: in the help it is text of its own lines."""
    lines[:] = [line.removeprefix("| ") for line in lines]
    if "Example:" in lines:
        at = lines.index("Example:")
        lines[at : at + 1] = ["Example::", ""]


def setup(app: Sphinx) -> None:
    """Register what is done to a page before it is read."""
    app.connect("sphinx-click-process-description", _example_as_code)
    app.connect("source-read", _from_the_top)
    app.connect("source-read", _with_notebooks)
