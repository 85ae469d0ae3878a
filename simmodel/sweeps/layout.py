"""From a sweep file to an experiment: which values the parameters take, and who computes what."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import ndtri

from ..errors import ScenarioError
from ..forecast.fit import Atlas, pace_noise
from ..forecast.parameters import NAMES, natural
from ..forecast.posterior_file import Posteriors
from ..forecast.uncertainty import factor_quantiles
from ..inputs.region import BASE_YEAR
from ..inputs.scenario import Scenario
from ..simulation.projector import on_its_scale
from ..texts import say
from .batch import batch_of, evaluate, families
from .designs import Dimension
from .experiment import Experiment, OutcomeGroup
from .sweep_file import SweepFile, SweptParameter, VariedSetting

# Points that describe the distribution of an uncertain quantity.
POSTERIOR_POINTS: Final = 1000
# Columns of the kernel in a block: a second's work or less, so that an interrupt costs little.
BLOCK_COLUMNS: Final = 16_384


def experiment_of(file: SweepFile, atlas: Atlas, posteriors: Posteriors) -> Experiment:
    """Gather what a sweep needs to be computed.

    Raises
    ------
    ScenarioError
        If a range leaves what a region can have.
    """
    settings = [one.setting for one in file.parameters]
    last = max(outcome.year for outcome in file.outcomes)
    normals = posteriors.by_region
    groups = []
    for regions, own in families(file.outcomes, atlas):
        batch = batch_of(
            file.scenario,
            atlas,
            normals,
            settings,
            [file.outcomes[i] for i in own],
            regions,
            file.draws,
        )
        runs = max(1, BLOCK_COLUMNS // (batch.draws * batch.runs_together)) * batch.runs_together
        groups.append(OutcomeGroup(regions[0], tuple(own), batch, runs))
    return Experiment(
        dimensions=tuple(
            dimension_of(one, file.scenario, last - BASE_YEAR, atlas, posteriors)
            for one in file.parameters
        ),
        method=file.method,
        size=file.size,
        seed=file.seed,
        resamples=file.resamples,
        second_order=file.second_order,
        function=evaluate,
        groups=tuple(groups),
        met=tuple(outcome.met for outcome in file.outcomes),
        base=tuple(base_of(one, file.scenario, atlas, posteriors) for one in settings),
    )


def dimension_of(
    swept: SweptParameter, scenario: Scenario, years: int, atlas: Atlas, posteriors: Posteriors
) -> Dimension:
    """Values that a parameter takes; without a dimension of its own, as its posterior has them.

    Parameters
    ----------
    swept : SweptParameter
    scenario : Scenario
    years : int
        After the base, to the last outcome: a pace has the distribution of its mean over them.
    atlas : Atlas
    posteriors : Posteriors

    Raises
    ------
    ScenarioError
        If a range leaves what the region can have, or nothing is uncertain in these years.
    """
    region, name = str(swept.setting.region), swept.setting.name
    estimated = swept.setting.kind == "parameter" and name in NAMES
    if swept.dimension is not None:
        if estimated:
            on_its_scale(atlas.inputs(region), name, np.array(swept.dimension.ends))
        return swept.dimension
    shares = (np.arange(POSTERIOR_POINTS) + 0.5) / POSTERIOR_POINTS
    if estimated:
        normal, at = posteriors.by_region[region], NAMES.index(name)
        theta = np.zeros((len(NAMES), shares.size))
        theta[at] = normal.mean[at] + normal.spread[at] * ndtri(shares)
        values = natural(theta, atlas.inputs(region).bound)[name]
    else:
        noise = pace_noise(atlas, region, scenario.horizon - BASE_YEAR).first(years)
        if not noise.unknown.any():
            raise ScenarioError(
                say(
                    "sweeps.nothing_uncertain",
                    path=swept.path,
                    region=region,
                    year=BASE_YEAR + years,
                )
            )
        values = factor_quantiles(name, noise, shares)
    return Dimension(swept.path, distribution="table", quantiles=tuple(values.tolist()))


def base_of(
    setting: VariedSetting, scenario: Scenario, atlas: Atlas, posteriors: Posteriors
) -> float:
    """Value that a parameter has in the scenario; of an uncertain quantity, its median."""
    if setting.kind == "programme":
        return float(setting.name in scenario.programmes)
    if setting.kind == "lever":
        ancestry = () if setting.region is None else atlas.tree.lineage(setting.region)
        year = scenario.horizon if setting.year is None else setting.year
        return scenario.lever_at(setting.name, ancestry, year)
    region = str(setting.region)
    fixed = scenario.parameters.get(region, {}).get(setting.name)
    if fixed is not None:
        return fixed
    if setting.name not in NAMES:
        return 1.0
    mean = posteriors.by_region[region].mean[:, None]
    return float(natural(mean, atlas.inputs(region).bound)[setting.name][0])
