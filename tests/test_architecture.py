"""The layers of the house: each module imports only from layers below its own."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import simmodel

HOUSE = Path(simmodel.__file__).parent

# From the ground up. The words; then arrays only (no file, no label), declarations beside them;
# then what joins the two; reading and writing at the edge; the command line on top.
LAYERS = [
    {"errors", "units", "variables", "findings", "cells"},
    {
        "life_table",
        "migration",
        "graduation",
        "projection",
        "calibration",
        "pooling",
        "forecast",
        "quantiles",
        "yaml_text",
        "decomposition",
    },
    {
        "registration",
        "parameters",
        "ensemble",
        "hierarchy",
        "extrapolation",
        "scores",
        "reach",
        "sampling",
        "sensitivity",
        "discovery",
        "region",
        "scenario",
        "fonts",
        "chart_words",
        "conformance",
        "made_by",
    },
    {
        "baseline",
        "workbook",
        "derived",
        "scenario_file",
        "seeds",
        "store",
        "block_store",
        "progress",
        "chart_matrix",
        "chart_ledger",
        "chart_waterfall",
        "chart_pyramid",
        "chart_hindcast",
        "inline",
        "words",
        "chart_frame",
    },
    {
        "standards",
        "panel",
        "charts",
        "chart_reach",
        "scale_out",
        "sweep_file",
        "chart_boxes",
        "workbook_reader",
    },
    {"evidence", "chart_sweep", "region_file", "arguments"},
    {"posterior"},
    {"borrowed", "model", "posterior_file", "pooling_file", "experience"},
    {"hindcast", "verdicts", "ledger"},
    {"simulation", "backtest", "outlook", "documents", "solution", "trial", "attached"},
    {"report_text", "aims", "study", "plot"},
    {"parts", "paces", "provisions", "solve_text"},
    {"coherence", "solve_map", "explorer"},
    {"dossier", "front"},
    {"dossier_text"},
    {"report_data", "explorer_charts"},
    {"report_page", "report_book", "explorer_page"},
    {"report_files"},
    {"cli"},
    {"__main__"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
# The numerical core: no file, no label, no random state of its own making a difference.
CORE = (
    "life_table",
    "migration",
    "graduation",
    "projection",
    "registration",
    "conformance",
    "calibration",
    "parameters",
    "pooling",
    "ensemble",
    "hierarchy",
    "forecast",
    "extrapolation",
    "scores",
    "reach",
    "quantiles",
    "decomposition",
    "sampling",
    "sensitivity",
    "discovery",
)


def imports(name):
    tree = ast.parse((HOUSE / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            yield from [node.module] if node.module else [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[0] for a in node.names)


def test_every_module_has_a_layer():
    found = {p.stem for p in HOUSE.glob("*.py")} - {"__init__"}
    assert found == set(RANK)


@pytest.mark.parametrize("name", sorted(RANK))
def test_modules_import_only_from_lower_layers(name):
    upward = {m for m in imports(name) if m in RANK and RANK[m] >= RANK[name]}
    assert not upward, f"{name} imports {sorted(upward)}, which is not below it"


@pytest.mark.parametrize("name", CORE)
def test_the_numerical_core_opens_no_file_and_knows_no_label(name):
    assert not {"pathlib", "xarray", "pydantic", "json", "csv", "os"} & set(imports(name))
    tree = ast.parse((HOUSE / f"{name}.py").read_text(encoding="utf-8"))
    calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and hasattr(n.func, "id")}
    assert "open" not in calls


def test_help_does_not_import_the_numerical_stack():
    heavy = [
        "numpy",
        "scipy",
        "xarray",
        "matplotlib",
        "numba",
        "pydantic",
        "ruamel",
        "plotly",
        "xlsxwriter",
        "distributed",
        "nicegui",
    ]
    code = (
        "import sys, json\n"
        "from click.testing import CliRunner\n"
        "from simmodel.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        f"print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(out.stdout) == []


def test_flows_are_named_once():
    from simmodel.projection import FLOWS
    from simmodel.variables import FLOWS as NAMED

    assert tuple(v.name for v in NAMED) == FLOWS
