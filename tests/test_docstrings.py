"""Docstrings of charts and of the numerical core: complete, and with the shape of every array.

numpydoc's checks held here: PR01 and PR02 (every parameter is documented, and nothing else), PR03
(in their order), PR04 (each with its type), RT01 (what is returned is said): a reader cannot guess
these. Its checks of form (full stops, capital letters, sections that must be there) are left to the
style of the house. Fields of records are checked here, since numpydoc takes them for parameters.
"""

import dataclasses
import importlib
import inspect
import re

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc
from numpydoc.validate import validate

from simmodel.charts import figures
from tests.test_architecture import ARRAYS_ONLY

HELD = {"PR01", "PR02", "PR03", "PR04", "RT01"}
ARRAY = re.compile(r"\b(?:Array|NDArray|ArrayLike)\b")
SAID = re.compile(r"\b(?:nd)?array(?:_like)?\b")


def public(module):
    """Functions and classes that a module defines for others."""
    for name, found in vars(module).items():
        own = getattr(found, "__module__", None) == module.__name__
        if own and not name.startswith("_") and callable(found):
            yield f"{module.__name__}.{name}", found


CORE_NAMES = dict(
    pair for name in ARRAYS_ONLY for pair in public(importlib.import_module(f"simmodel.{name}"))
)
CHARTS = {f"simmodel.charts.figures.{name}": getattr(figures, name) for name in figures.__all__}
FUNCTIONS = {n: f for n, f in (CORE_NAMES | CHARTS).items() if inspect.isfunction(f)}
RECORDS = {n: c for n, c in CORE_NAMES.items() if dataclasses.is_dataclass(c)}


def without_shape(entries, annotations):
    """Names of the entries that are arrays and do not say of which shape."""
    return [
        entry.name or entry.type
        for entry in entries
        if (SAID.search(entry.type) or ARRAY.search(str(annotations.get(entry.name, ""))))
        and "shape" not in f"{entry.type} {' '.join(entry.desc)}"
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_and_returns_of_a_function_are_documented(name):
    errors = [f"{code}: {said}" for code, said in validate(name)["errors"] if code in HELD]
    assert not errors


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_array_of_a_function_states_its_shape(name):
    function = FUNCTIONS[name]
    doc, annotations = FunctionDoc(function), dict(inspect.get_annotations(function))
    returned = annotations.pop("return", "")
    entries = [p._replace(name=one) for p in doc["Parameters"] for one in p.name.split(", ")]
    assert not without_shape(entries, annotations)
    if ARRAY.search(str(returned)):
        assert "shape" in " ".join(f"{r.type} {' '.join(r.desc)}" for r in doc["Returns"])


@pytest.mark.parametrize("name", RECORDS)
def test_fields_of_a_record_are_documented_with_their_shapes(name):
    record = RECORDS[name]
    doc = ClassDoc(record, config={"show_class_members": False})
    entries = [
        p._replace(name=one)
        for p in (*doc["Attributes"], *doc["Parameters"])
        for one in p.name.split(", ")
    ]
    fields = [field.name for field in dataclasses.fields(record)]
    assert [entry.name for entry in entries] == fields
    assert not without_shape(entries, inspect.get_annotations(record))
