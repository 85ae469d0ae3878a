"""What a Sobol' design of 12 parameters costs beside the kernel for as many region-years.

``python benchmarks/sweep.py --json``: 106,496 runs (N = 4,096 with second order) of one prefecture
to 2035, from parameters to outcomes in memory, and in turn with it the kernel alone on the problem
of ``benchmarks/kernel.py``: as many region-years, the same threads. Sampling, indices, files and
charts are left aside.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np

from simmodel.forecast.pooling_file import atlas_of
from simmodel.forecast.posterior_file import load
from simmodel.inputs.scenario_file import read_scenario
from simmodel.inputs.seeds import read_seeds
from simmodel.sweeps.batch import Batch, batch_of, evaluate
from simmodel.sweeps.designs import Dimension, sample
from simmodel.sweeps.layout import dimension_of
from simmodel.sweeps.sweep_file import Outcome, SweptParameter, setting_of

sys.path.insert(0, str(Path(__file__).parent))
from kernel import YEARS, problem, run

ROOT = Path(__file__).resolve().parent.parent
REGION = "wuwei"
SIZE = 4096
LEVERS = (
    "rural_exit",
    "local_retention",
    "arrivals",
    "urban_out_migration",
    "reclassification",
    "fertility",
    "life_expectancy",
)
UNCERTAIN = ("wuwei.local_retention", "wuwei.period_exit", "wuwei.pace", "gansu.pace", "china.pace")


def design(size: int = SIZE) -> tuple[Batch, np.ndarray]:
    """What one region's runs need, and a Sobol' design of 12 parameters, (run, parameter)."""
    seeds = read_seeds(ROOT / "seeds")
    atlas = atlas_of(seeds)
    posteriors = load(atlas, seeds.directory)
    scenario = read_scenario(
        ROOT / "scenarios/trend.yaml",
        region_ids=seeds.tree.parents,
        programme_ids=list(seeds.programmes()),
    )
    swept = [
        SweptParameter(
            f"levers.{name}",
            setting_of(f"levers.{name}", seeds),
            Dimension(name, -2.0, 2.0)
            if name == "life_expectancy"
            else Dimension(name, 0.5, 2.0, "log_uniform"),
        )
        for name in LEVERS
    ]
    swept += [
        SweptParameter(f"parameters.{n}", setting_of(f"parameters.{n}", seeds), None)
        for n in UNCERTAIN
    ]
    dimensions = [dimension_of(one, scenario, YEARS, atlas, posteriors) for one in swept]
    outcomes = [Outcome(REGION, "urbanization_rate", 2020 + YEARS)]
    places = [one.setting for one in swept]
    work = batch_of(scenario, atlas, posteriors.by_region, places, outcomes, (REGION,), None)
    return work, sample("sobol", size, dimensions, seed=1).values


def timed(function: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--threads", type=int, default=numba.config.NUMBA_NUM_THREADS)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    numba.set_num_threads(options.threads)
    work, values = design()
    runs = values.shape[0]
    # Some draws at a time, as many in all: the kernel at its best, in memory that it keeps using.
    part, times = problem(runs // 8, seed=1), 8
    evaluate(work, values[:64])  # compiles
    run(part, options.threads)
    pairs = [
        (
            timed(lambda: evaluate(work, values)),
            timed(lambda: [run(part, options.threads) for _ in range(times)]),
        )
        for _ in range(options.rounds)
    ]
    whole, kernel = (min(column) for column in zip(*pairs, strict=True))
    result = {
        "runs": runs,
        "parameters": values.shape[1],
        "region_years": runs * YEARS,
        "threads": options.threads,
        "seconds": round(whole, 3),
        "kernel_seconds": round(kernel, 3),
        # In turn, so that both see the same machine.
        "ratio": round(float(np.median([a / b for a, b in pairs])), 3),
        "ratio_of_best": round(whole / kernel, 3),
    }
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:24} {value}")


if __name__ == "__main__":
    main()
