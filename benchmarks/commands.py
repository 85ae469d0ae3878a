"""How long the commands take, beside what Python needs to import its scientific libraries.

``python benchmarks/commands.py --json [--rounds 3] [--small]``: `run` with and without pictures,
`solve` and `validate`, each a process of its own that writes into an empty folder, with warm
caches, and in turn with them ``REFERENCE``. Of each the seconds by the clock and of the processor
(children included), the least of all rounds, and their ratios to those of the reference: on a
machine that others use as well the least is disturbed least. The phases are those of one more `run`
in one process, processor seconds by what they are spent on.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

Charts = dict[str, Callable[[], Any]]

ROOT = Path(__file__).resolve().parent.parent
TREND = str(ROOT / "scenarios" / "trend.yaml")
REFERENCE = "import numpy, scipy.stats, xarray, matplotlib.pyplot, numba"
# Commands, and the ratio each may take by the clock.
BARS = {"run": 6.0, "run --charts none": 3.0, "solve": 2.5, "validate": 0.3}
SOLVE = "--region wuwei --indicator urbanization_rate --year 2035 --lever local_retention"

# What a phase is spent in: the module, and a function or an attribute of a class that is made once.
PHASES = {
    "seeds": ("simmodel.workspace", "Workspace.seeds"),
    "base populations": ("simmodel.workspace", "Workspace.atlas"),
    "posterior": ("simmodel.workspace", "Workspace.posteriors"),
    "projection": ("simmodel.results.run", "run_scenario"),
    "writing": ("simmodel.results.run", "write_run"),
}
KINDS = ("fan", "urban_population", "pyramid", "ledger", "waterfall", "registered", "verdicts")
# What `run` imports on its way.
IMPORTED = ("simmodel.results.run", "simmodel.results.terminal", "simmodel.charts.figures")


def commands(small: bool) -> dict[str, list[str]]:
    """Arguments of each command that is measured; ``--out`` comes with each round."""
    size = ["--draws", "20", "--set", "regions=[wuwei]"] if small else []
    return {
        "run": ["run", TREND, *size],
        "run --charts none": ["run", TREND, *size, "--charts", "none"],
        "solve": ["solve", TREND, *SOLVE.split(), *size],
        "validate": ["validate", TREND],
    }


def timed(arguments: Sequence[str]) -> dict[str, float]:
    """Seconds of a process of Python that must end well, by the clock and of the processor."""
    before, started = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT)
    wall, after = time.perf_counter() - started, os.times()
    used = after.children_user + after.children_system
    return {"wall": wall, "processor": used - before.children_user - before.children_system}


def measure(rounds: int, small: bool, names: Sequence[str] = tuple(BARS)) -> dict[str, Any]:
    """Time some commands and the reference in turn, after a round that warms the caches."""
    asked: dict[str, list[str] | None] = {"reference": None}
    asked |= {name: arguments for name, arguments in commands(small).items() if name in names}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in asked}
    for round_ in range(-1, rounds):
        for name, arguments in asked.items():
            with tempfile.TemporaryDirectory() as folder:
                if arguments is None:
                    seconds = timed(["-c", REFERENCE])
                else:
                    out = ["--out", folder] if arguments[0] == "run" else []
                    seconds = timed(["-m", "simmodel", *arguments, *out])
            if round_ >= 0:
                found[name].append(seconds)
    least = {
        name: {kind: min(one[kind] for one in seconds) for kind in ("wall", "processor")}
        for name, seconds in found.items()
    }
    reference = least.pop("reference")
    return {
        "reference": reference,
        "commands": {
            name: {
                **seconds,
                **{f"{kind}_ratio": seconds[kind] / reference[kind] for kind in reference},
                "bar": BARS[name],
            }
            for name, seconds in least.items()
        },
    }


class Stopwatch:
    """Processor seconds by phase; what a phase inside another takes is not the outer one's."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner = [0.0]

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add what the body takes to a phase."""
        started = time.process_time()
        self._inner.append(0.0)
        try:
            yield
        finally:
            taken = time.process_time() - started
            own = taken - self._inner.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + own
            self._inner[-1] += taken

    def watch(self, name: str, owner: Any, attribute: str) -> None:
        """Count a function, or a property that is made once, as a phase."""
        made = owner.__dict__[attribute]
        inner = made.func if isinstance(made, functools.cached_property) else made

        @functools.wraps(inner)
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self.phase(name):
                return inner(*args, **kwargs)

        if isinstance(made, functools.cached_property):
            made.func = counted
        else:
            setattr(owner, attribute, counted)


def phases(small: bool) -> dict[str, float]:
    """Processor seconds of one `run` in this process, drawing one picture after the other."""
    from click.testing import CliRunner

    watch = Stopwatch()
    started = time.process_time()
    with watch.phase("imports"):
        from simmodel.cli import main

        for module in IMPORTED:
            importlib.import_module(module)
    from simmodel.charts import parallel_drawing

    for name, (module, path) in PHASES.items():
        *owners, attribute = path.split(".")
        owner = functools.reduce(getattr, owners, importlib.import_module(module))
        watch.watch(name, owner, attribute)

    def draw_all(
        folder: Path, charts: dict[str, Callable[[], Any]], formats: Sequence[str]
    ) -> None:
        for name, chart in charts.items():
            kind = next(kind for kind in KINDS if name.startswith(kind))
            with watch.phase(f"pictures: {kind}"):
                parallel_drawing.save(chart(), folder / name, formats)

    parallel_drawing.cores = lambda: 1
    parallel_drawing._draw_all = draw_all
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        asked = [*commands(small)["run"], "--out", folder, "--seeds", str(ROOT / "seeds")]
        CliRunner().invoke(main, asked, catch_exceptions=False)
    whole = time.process_time() - started
    watch.seconds["rest"] = whole - sum(watch.seconds.values())
    return {name: round(seconds, 3) for name, seconds in watch.seconds.items()}


def phases_apart(small: bool) -> dict[str, float]:
    """Return `phases` of a process of its own, in which nothing is imported yet."""
    size = ["--small"] if small else []
    made = subprocess.run(
        [sys.executable, __file__, "--phases", *size], check=True, capture_output=True, cwd=ROOT
    )
    return dict(json.loads(made.stdout))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="for a machine")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="one region in 20 draws, as a trial")
    parser.add_argument("--phases", action="store_true", help="only the phases of a run, as JSON")
    asked = parser.parse_args()
    if asked.phases:
        print(json.dumps(phases(asked.small)))
        return
    found = measure(asked.rounds, asked.small)
    found |= {"statistic": "minimum", "rounds": asked.rounds, "phases": phases_apart(asked.small)}
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{'least of':18} {asked.rounds} rounds    clock  ratio (bar)    processor  ratio")
    print(f"{'reference':28} {found['reference']['wall']:8.2f}", end="")
    print(f"{'':15} {found['reference']['processor']:11.2f}")
    for name, one in found["commands"].items():
        print(f"{name:28} {one['wall']:8.2f} {one['wall_ratio']:6.2f} ({one['bar']})", end="")
        print(f"  {one['processor']:14.2f} {one['processor_ratio']:6.2f}")
    for name, seconds in found["phases"].items():
        print(f"  {name:26} {seconds:8.2f}")


if __name__ == "__main__":
    main()
