"""What a region without tables of its own borrows, and what that changes.

    python benchmarks/borrowing.py [REGION...]

Prints the typical in-migration, `simmodel.forecast.fit.TYPICAL_IN_MIGRATION`, as the shipped
regions imply it.
Then takes their ages, and their stocks registered elsewhere, from the regions named (the shipped
prefectures, else), calibrates each again, and prints rates and urban people of 2025 and 2035 beside
those with all figures.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from simmodel.forecast.base_population import GROUPS, by_sex, table_of
from simmodel.forecast.calibration import Normal, Posterior
from simmodel.forecast.fit import (
    TYPICAL_IN_MIGRATION,
    Atlas,
    Calibrated,
    arrival_rate,
    calibrate_one,
    pace_noise,
)
from simmodel.forecast.pooling_file import read
from simmodel.forecast.posterior_file import load
from simmodel.inputs.region import BASE_YEAR, SPAN, BroadAges, Census, Region
from simmodel.inputs.seeds import Seeds, read_seeds
from simmodel.kernel.age_groups import group_ages
from simmodel.simulation.projector import draw

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
YEARS, BLOCKS, SEED = (2025, 2035), 8, 20201101
VARIANTS = ("all figures", "no ages", "broad ages", "broad ages, no stocks", "nothing")


def usual_arrivals(regions: Mapping[str, Region], level: str) -> tuple[float, float]:
    """Geometric mean of arrivals a year per resident, and the spread of one region more."""
    rates = np.log([arrival_rate(r) for r in regions.values() if r.level == level])
    return float(np.exp(rates.mean())), float(rates.std(ddof=1) * np.sqrt(1 + 1 / rates.size))


def without(region: Region, variant: str) -> Region:
    """A region as it would be known without some of its tables."""

    def census(old: Census) -> Census:
        counts = by_sex(table_of(region, old.year)).sum(axis=0)
        first = np.array(GROUPS)
        young, old_age = counts[first < 15].sum(), counts[first >= 60].sum()
        rest = counts.sum() - young - old_age
        broad = BroadAges(
            unit="persons",
            from_0_to_14=float(young),
            from_15_to_59=float(rest),
            from_60=float(old_age),
        )
        kept = broad if variant.startswith("broad") else None
        return old.model_copy(update={"age_sex": None, "broad_ages": kept})

    if variant == VARIANTS[0]:
        return region
    base, (earlier, *_) = region.baseline, region.history
    stocks = {"registered_elsewhere": None} if variant in VARIANTS[3:] else {}
    return region.model_copy(
        update={
            "baseline": base.model_copy(update={"census": census(base.census), **stocks}),
            "history": (earlier.model_copy(update={"census": census(earlier.census), **stocks}),),
        }
    )


def age_error(seeds: Seeds, level: str, variant: str) -> float:
    """Mean absolute error of borrowed age-sex groups, both censuses, relative to a region's own."""
    errors = []
    for region_id, region in seeds.regions.items():
        if region.level != level:
            continue
        kept = {i: r for i, r in seeds.regions.items() if not i.startswith(f"{region_id}.")}
        atlas = Atlas(kept | {region_id: without(region, variant)}, read(seeds.directory).known())
        for year in (SPAN.first, SPAN.base):
            found = group_ages(atlas.population(region_id, year), GROUPS).sum(axis=0)
            errors.append(np.abs(found / by_sex(table_of(region, year)) - 1.0).mean())
    return float(np.mean(errors))


def rates(seeds: Seeds, region_id: str, variant: str) -> tuple[np.ndarray, float]:
    """Quantiles 10, 50 and 90 of rate (percent) and urban people (万) by year; effective draws.

    The array has the shape (quantile, measure and year).
    """
    own = without(seeds.regions[region_id], variant)
    # with its counties there, a prefecture would be their sum
    kept = {i: r for i, r in seeds.regions.items() if not i.startswith(f"{region_id}.")}
    atlas = Atlas(
        {**(seeds.regions if own is seeds.regions[region_id] else kept), region_id: own},
        read(seeds.directory).known(),
    )
    full = Atlas(
        seeds.regions,
        read(seeds.directory).known(),
        kinds={name: s.kind for name, s in seeds.sources.items()},
    )
    normals = load(full, seeds.directory).by_region
    parent = own.parent
    assert parent is not None
    above = Calibrated(full.inputs(parent), _stored(normals[parent]), ())
    found = calibrate_one(atlas, region_id, {parent: above})
    horizon = YEARS[-1] - BASE_YEAR
    noise = [pace_noise(atlas, i, horizon) for i in atlas.tree.lineage(region_id)]
    paths = [
        draw(
            atlas.inputs(region_id), found.posterior.posterior, noise, horizon, (SEED, b)
        ).project()
        for b in range(BLOCKS)
    ]
    at = [year - BASE_YEAR for year in YEARS]
    urban, rural = (
        np.concatenate([getattr(p, name)[at] for p in paths], axis=-1)
        for name in ("urban", "rural")
    )
    levels = (0.1, 0.5, 0.9)
    share = 100 * np.quantile(urban / (urban + rural), levels, axis=1)
    persons = np.quantile(urban, levels, axis=1) / 1e4
    return np.concatenate([share, persons], axis=1), found.posterior.effective_draws


def _stored(normal: Normal) -> Posterior:
    return Posterior(normal, normal, 1.0, np.zeros(0))


def main() -> None:
    seeds = read_seeds(SEEDS)
    for level, usual in TYPICAL_IN_MIGRATION.items():
        rate, spread = usual_arrivals(seeds.regions, level)
        print(f"{level}: {rate:.4f} a year, spread {spread:.2f}; in use {usual}")
        for variant in ("nothing", "broad ages"):
            error = 100 * age_error(seeds, level, variant)
            print(
                f"{level}: borrowed age groups miss the region's own by {error:.0f} % ({variant})"
            )
    named = sys.argv[1:] or [i for i, r in seeds.regions.items() if r.level == "prefecture"]
    print(f"median and width of the 80 % interval in {YEARS}: percent, then urban 万; effective")
    for region_id in named:
        for variant in VARIANTS:
            (low, middle, high), effective = rates(seeds, region_id, variant)
            cells = "  ".join(
                f"{m:6.1f} {h - lo:5.1f}" for lo, m, h in zip(low, middle, high, strict=True)
            )
            print(f"{region_id:24} {variant:24} {cells}  {100 * effective:3.0f} %", flush=True)


if __name__ == "__main__":
    main()
