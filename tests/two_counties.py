"""A prefecture of two counties in which every answer can be worked out by hand.

Nobody is born, dies, arrives or leaves; villagers move to the towns of their own county at the same
intensity at every age. A year takes a village population R to R (1 - m/2) / (1 + m/2), with m the
intensity times the pull of the towns (docs/model.md, sections 1 and 5).
"""

from types import SimpleNamespace

import numpy as np

from simmodel.forecast.calibration import Normal
from simmodel.forecast.observations import Inputs
from simmodel.forecast.parameters import NAMES
from simmodel.forecast.uncertainty import PaceNoise
from simmodel.inputs.region import Region
from simmodel.inputs.region_tree import RegionTree
from simmodel.kernel.projection import Schedules

AGES = 101
EXIT = 0.03  # per year
COUNTED = {
    "shire": (100_000, 200_000),
    "shire.east": (60_000, 140_000),
    "shire.west": (40_000, 60_000),
}
NEVER, ALWAYS = -30.0, 30.0


def parameters(spread=0.0):
    """Posterior of every region: one intensity, the same everywhere, with a spread of its log."""
    mean = dict.fromkeys(NAMES, 0.0) | {
        "rural_exit": np.log(EXIT),
        "local_retention": ALWAYS,
        "arrivals": NEVER,
        "urban_out_migration": NEVER,
        "return_to_villages": NEVER,
        "reclassification": NEVER,
    }
    covariance = 1e-20 * np.eye(len(NAMES))
    covariance[NAMES.index("rural_exit"), NAMES.index("rural_exit")] += spread**2
    return Normal(np.array([mean[name] for name in NAMES]), covariance)


def schedules():
    """Flat schedules of moving; no deaths, no births."""
    flat = np.ones((2, AGES))
    return Schedules(
        death=np.zeros((2, 2, AGES)),
        infant_death=np.zeros((2, 2)),
        rural_to_urban=flat,
        departure=flat,
        arrivals=np.full((2, 2, AGES), 0.5 / AGES),
        fertility=np.zeros((2, AGES)),
        male_share=0.5,
    )


def inputs(name):
    """Arrays of a region: its people spread evenly over sexes and ages, the same ten years ago."""
    people = np.array(COUNTED[name], float)[:, None, None] * np.full((2, 2, AGES), 0.5 / AGES)
    flat = schedules()
    return Inputs(name, people, people, people, 10, flat, flat, 0.01, 0.0, 1.0)


def region(name, targets=()):
    """A region's file, with its census and targets."""
    urban, rural = COUNTED[name]
    source = {"source": "census", "place": "page 1"}
    census = {
        "year": 2020,
        "unit": "persons",
        "total": urban + rural,
        "urban": urban,
        "rural": rural,
    }
    return Region.model_validate(
        {
            "id": name,
            "names": {"en": name.title(), "zh": name.title()},
            "level": "county" if "." in name else "prefecture",
            "parent": "shire" if "." in name else None,
            "baseline": {"census": census | source},
            "targets": [{"source": "plan", "place": "page 2", **target} for target in targets],
        }
    )


def atlas(**targets):
    """The atlas of this world; targets by name of the region, the last word of its id."""
    regions = {name: region(name, targets.get(name.split(".")[-1], ())) for name in COUNTED}
    return SimpleNamespace(
        regions=regions,
        tree=RegionTree.of(regions),
        is_whole=lambda name: name == "shire",
        inputs=inputs,
        base=lambda name: inputs(name).base,
        transfers=lambda name: [],
        standard=SimpleNamespace(mortality_of_gain=np.ones_like),
    )


def no_deviation(world, name, years):
    """Instead of `posterior.pace_noise`: every pace is what is expected of it."""
    return PaceNoise(name, np.zeros((years, years)), 5.0, np.ones(years))


def norm(share):
    """United Nations (2018): the growth difference expected at an urban share, up to a factor."""
    from simmodel.forecast import pooling

    return pooling.norm(share)


def urban_by_hand(name, years, intensity=EXIT, multiplier=1.0):
    """Urban population at the end of each year, from the base."""
    urban, rural = map(float, COUNTED[name])
    total = urban + rural
    start = urban / total
    log_odds = np.log(start / (1.0 - start))
    path = [urban]
    for year in range(years):
        ahead = 1.0 / (1.0 + np.exp(-(log_odds + (year + 0.5) * intensity / start)))
        m = intensity * ahead * norm(ahead) / (start * norm(start)) * multiplier
        rural *= (1.0 - m / 2.0) / (1.0 + m / 2.0)
        path.append(total - rural)
    return np.array(path)
