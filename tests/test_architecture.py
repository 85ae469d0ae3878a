"""The rooms of the house: each imports only from those below it."""

import ast
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import simmodel

HOUSE = Path(simmodel.__file__).parent

# From the ground up: a room imports from those before it and from itself. A name is a folder or a
# module at the top.
ROOMS = (
    "texts",
    "errors",
    "variables",
    "levers",
    "indicators",
    "computing",
    "kernel",
    "inputs",
    "forecast",
    "simulation",
    "validation",
    "judging",
    "charts",
    "results",
    "solving",
    "sweeps",
    "report",
    "explorer",
    "plot",
    "workspace",
    "api",
    "cli",
    "__main__",
)
MODULES = sorted(p for p in HOUSE.rglob("*.py") if p != HOUSE / "__init__.py")
# Numbers alone, and what would let a file or a label in.
ARRAYS_ONLY = (
    *(f"kernel.{path.stem}" for path in sorted((HOUSE / "kernel").glob("[a-z]*.py"))),
    "forecast.calibration",
    "forecast.parameters",
    "forecast.pooling",
    "forecast.state_space",
    "forecast.uncertainty",
    "forecast.urban_share",
    "forecast.urban_share_fit",
    "simulation.quantiles",
    "solving.lever_search",
    "sweeps.designs",
    "sweeps.prim",
    "sweeps.sensitivity",
    "validation.benchmark_methods",
    "validation.forecasts",
    "validation.scores",
)
NOT_ARRAYS = {"pathlib", "xarray", "pydantic", "json", "csv", "os"}


def place(path):
    return path.relative_to(HOUSE).with_suffix("").as_posix()


def imported(path):
    """Yield the dotted names that a module imports; ours without the package's name."""
    package = path.relative_to(HOUSE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((False, a.name) for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield False, node.module
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level]
            names = [node.module] if node.module else [a.name for a in node.names]
            yield from ((True, ".".join([*above, name])) for name in names)


def room_of(name):
    return name.split(".")[0]


def test_every_module_has_a_room():
    assert {room_of(place(path).replace("/", ".")) for path in MODULES} == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_rooms_import_only_from_those_below_them(path):
    own = ROOMS.index(room_of(place(path).replace("/", ".")))
    rooms = {room_of(name) for ours, name in imported(path) if ours} - {"__version__"}
    above = {room for room in rooms if ROOMS.index(room) > own}
    assert not above, f"{place(path)} imports {sorted(above)}, which are not below it"


def test_no_public_class_has_the_name_of_another():
    homes = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(place(path))
    assert not {name: places for name, places in homes.items() if len(places) > 1}


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_module_is_no_longer_than_can_be_read_at_a_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 750


def test_rooms_have_no_circles_inside():
    names = {place(path).replace("/", ".").removesuffix(".__init__"): path for path in MODULES}
    needs = {
        name: {other for ours, other in imported(path) if ours and other in names} - {name}
        for name, path in names.items()
    }
    tuple(TopologicalSorter(needs).static_order())  # raises CycleError


@pytest.mark.parametrize("name", ARRAYS_ONLY)
def test_what_holds_numbers_alone_opens_no_file_and_knows_no_label(name):
    path = HOUSE.joinpath(*name.split(".")).with_suffix(".py")
    assert not NOT_ARRAYS & {name.split(".")[0] for _, name in imported(path)}
    tree = ast.parse(path.read_text(encoding="utf-8"))
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
    from simmodel.kernel.projection import FLOWS
    from simmodel.variables import FLOWS as NAMED

    assert tuple(v.name for v in NAMED) == FLOWS


def test_ten_thousand_persons_are_a_number_in_one_place():
    """Only `variables.WAN` has it; what else is ten thousand, or a part of it, is not of people."""
    others = {
        "forecast/calibration",
        "forecast/pooling",
        "inputs/workbook/cells",
        "inputs/yaml",
        "kernel/age_groups",
        "solving/lever_search",
        "solving/sentences",
        "sweeps/schema",
        "variables",
    }
    found = {
        place(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and node.value in (1e4, 1e-4)
    }
    assert found <= others
