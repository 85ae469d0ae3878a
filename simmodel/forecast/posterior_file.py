"""The posterior as a small file beside the seeds, and when it no longer fits them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeedError, shown
from ..texts import say
from .calibration import Normal, Posterior
from .fit import Atlas, Calibrated, calibrate_one
from .parameters import NAMES
from .pooling import Pooling
from .pooling_file import by_key

NAME = "posterior.json"
# Raised whenever the same figures would give another posterior.
VERSION = 2
# Significant digits kept: far below any posterior spread, and the file stays small.
DIGITS = 7
# Farthest from zero that a mean on the transformed scale, and the widest that its spread can
# sensibly be: closed flows are at -30, and e to the 50 is nothing any rate or odds can be.
LARGEST_MEAN = 50.0
LARGEST_SPREAD = 10.0


@dataclass(frozen=True)
class Posteriors:
    """Posteriors of all regions and what they were made from.

    Attributes
    ----------
    by_region : mapping of str to Normal
    sha256 : str
        Hash of the numbers, and of the estimates by which paces deviate.
    remade : tuple of str
        Regions whose figures had changed since the file was made and that were calibrated again.
    """

    by_region: Mapping[str, Normal]
    sha256: str
    remade: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """Return plain data, from which `from_data` makes the same to the bit."""
        triangle = np.tril_indices(len(NAMES))
        return {
            "by_region": {
                name: {
                    "mean": normal.mean.tolist(),
                    "covariance": normal.covariance[triangle].tolist(),
                }
                for name, normal in self.by_region.items()
            },
            "sha256": self.sha256,
            "remade": list(self.remade),
        }

    @classmethod
    def from_data(cls, data: Any) -> Posteriors | None:
        """Return what `as_data` took apart; None where it is something else."""
        try:
            by_region = {name: _normal(item) for name, item in data["by_region"].items()}
            return cls(by_region, str(data["sha256"]), tuple(data["remade"]))
        except (TypeError, KeyError, AttributeError, ValueError):
            return None

    def notice(self) -> str | None:
        """Say which regions were calibrated again, where any were."""
        if not self.remade:
            return None
        return say("forecast.calibrated_again", regions=", ".join(self.remade))


def _written(pooling: Pooling) -> str:
    """Estimates of one level as the hashes know them: by their keys in the file."""
    return f"Pooling({', '.join(f'{key}={value!r}' for key, value in by_key(pooling).items())})"


def fingerprint(atlas: Atlas, region_id: str) -> str:
    """Hash of every figure behind a region's calibration: its own, its parts', those above."""
    ids = {*atlas.tree.lineage(region_id), *atlas.made_of(region_id)}
    levels = {region.level for region in (atlas.regions[name] for name in ids)}
    pooling = {level: _written(atlas.pooling[level]) for level in sorted(levels)}
    sources = {o.source for name in ids for o in atlas.regions[name].observations}
    kinds = {source: atlas.kinds[source] for source in sorted(sources) if source in atlas.kinds}
    parts: list[object] = [VERSION, pooling, kinds]
    for name in sorted(ids):
        region = atlas.regions[name]
        kept = {"baseline", "history", "observations", "boundary_events", "standards", "level"}
        parts.append([name, region.model_dump(mode="json", include=kept)])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def as_data(atlas: Atlas, calibrated: Mapping[str, Calibrated]) -> dict[str, Any]:
    """Posteriors as plain data for the file."""
    regions = {}
    for region_id, item in calibrated.items():
        posterior = item.posterior
        lower = posterior.posterior.covariance[np.tril_indices(len(NAMES))]
        regions[region_id] = {
            "figures": fingerprint(atlas, region_id),
            "effective_draws": _rounded(posterior.effective_draws),
            "prior_mean": _list(posterior.prior.mean),
            "prior_spread": _list(posterior.prior.spread),
            "mean": _list(posterior.posterior.mean),
            "covariance": _list(lower),
        }
    return {"version": VERSION, "parameters": list(NAMES), "regions": regions}


def write(path: Path, data: Mapping[str, Any]) -> None:
    """Write posteriors, one region a line block, whole or not at all."""
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    # Lists of numbers on one line each.
    partial = path.with_suffix(".json.partial")
    partial.write_text(_compact(text), encoding="utf-8")
    partial.replace(path)


def _compact(text: str) -> str:
    out: list[str] = []
    inside = False
    for line in text.split("\n"):
        stripped = line.strip()
        if inside:
            out[-1] += stripped if stripped.startswith("]") else stripped + " "
        else:
            out.append(line)
        if line.endswith("["):
            inside = True
        elif stripped.startswith("]"):
            inside = False
    return "\n".join(line.replace(" ]", "]") for line in out)


def load(
    atlas: Atlas,
    directory: Path,
    *,
    needed: Collection[str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Posteriors:
    """Read the posteriors beside the seeds; calibrate again what no longer fits the figures.

    Parameters
    ----------
    atlas : Atlas
    directory : pathlib.Path
        The seed folder; a file that is missing means that every region is calibrated.
    needed : collection of str, optional
        Regions wanted and all they belong to, instead of all regions.
    progress : callable, optional
        Called with the id of each region that is calibrated.

    Raises
    ------
    SeedError
        If the file is not one of posteriors.
    CalibrationError
        If a region cannot be calibrated.
    """
    stored = _stored(directory / NAME)
    by_region: dict[str, Normal] = {}
    remade: list[str] = []
    for region_id in atlas.tree.from_the_top():
        if needed is not None and region_id not in needed:
            continue
        item = stored.get(region_id)
        parent = atlas.regions[region_id].parent
        if item is None or item["figures"] != fingerprint(atlas, region_id) or parent in remade:
            progress(region_id)
            remade.append(region_id)
            done = {i: _as_calibrated(atlas, i, n) for i, n in by_region.items() if i == parent}
            fresh = {region_id: calibrate_one(atlas, region_id, done)}
            item = as_data(atlas, fresh)["regions"][region_id]
        by_region[region_id] = _normal(item)
    behind = {level: _written(found) for level, found in sorted(atlas.pooling.items())}
    numbers = json.dumps(
        [behind, {i: [_list(n.mean), _list(n.spread)] for i, n in by_region.items()}]
    )
    return Posteriors(by_region, hashlib.sha256(numbers.encode()).hexdigest(), tuple(remade))


def _as_calibrated(atlas: Atlas, region_id: str, normal: Normal) -> Calibrated:
    """What `calibrate_one` needs of a parent: its posterior."""
    return Calibrated(atlas.inputs(region_id), Posterior(normal, normal, 1.0, np.zeros(0)), ())


def check(path: Path) -> None:
    """Check the posteriors of a seed folder, or one file of them; none at all is fine.

    Raises
    ------
    SeedError
        With one line for each region whose posterior is unusable, or one for the file.
    """
    _stored(path / NAME if path.is_dir() else path)


def _stored(path: Path) -> Mapping[str, Any]:
    """Return what a file says of each region, checked; nothing where it is missing or outdated."""
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        problem = say("forecast.not_json", reason=error.msg)
        raise SeedError(_refused(f"{path}:{error.lineno}", problem)) from None
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        problem = say("forecast.is_unreadable", reason=reason)
        raise SeedError(_refused(f"{path}:1", problem)) from None
    keys = {"version": int, "parameters": list, "regions": dict}
    for key, kind in keys.items():
        if not isinstance(data, dict) or not isinstance(data.get(key), kind):
            problem = say("forecast.no_posteriors", key=key)
            raise SeedError(_refused(f"{path}:1", problem))
    if data["version"] != VERSION or data["parameters"] != list(NAMES):
        return {}
    regions: dict[str, Any] = data["regions"]
    faults = {name: fault for name, item in regions.items() if (fault := _fault(item))}
    if faults:
        lines = (_refused(f"{path}: {shown(name)[1:-1]}", faults[name]) for name in faults)
        raise SeedError("\n".join(lines))
    return regions


def _refused(place: str, problem: str) -> str:
    remedy = say("forecast.posterior_remedy")
    return say("forecast.refused", place=place, problem=problem, remedy=remedy)


def _fault(item: object) -> str | None:
    """Say what is wrong with the posterior of one region, if anything."""
    if not isinstance(item, dict):
        return say("faults.is_not_mapping") + _found(item)
    if not isinstance(item.get("figures"), str):
        return f"figures: {say('forecast.is_not_hash')}{_found(item.get('figures'))}"
    size = len(NAMES)
    largest = LARGEST_SPREAD**2
    rows = {
        "effective_draws": ([item.get("effective_draws")], ["effective_draws"], 1.0),
        "prior_mean": (item.get("prior_mean"), NAMES, LARGEST_MEAN),
        "prior_spread": (item.get("prior_spread"), NAMES, LARGEST_SPREAD),
        "mean": (item.get("mean"), NAMES, LARGEST_MEAN),
        "covariance": (item.get("covariance"), _PAIRS, largest),
    }
    for key, (values, names, bound) in rows.items():
        if not isinstance(values, list):
            return f"{key}: {say('faults.is_not_list')}{_found(values)}"
        if len(values) != len(names):
            length = say("forecast.has_wrong_length", found=len(values), allowed=len(names))
            return f"{key}: {length}"
        for name, value in zip(names, values, strict=True):
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                return f"{key}: {name}: {say('faults.is_not_number')}{_found(value)}"
            if isinstance(value, float) and not math.isfinite(value):
                return f"{key}: {name}: {say('faults.is_not_finite')}{_found(value)}"
            if abs(value) > bound:
                absurd = say("forecast.is_absurd", found=shown(value), bound=bound)
                return f"{key}: {name}: {absurd}"
    if min(item["prior_spread"]) <= 0.0:
        return f"prior_spread: {say('forecast.is_not_above_0')}"
    try:
        np.linalg.cholesky(_normal(item).covariance)
    except np.linalg.LinAlgError:
        return f"covariance: {say('forecast.is_not_positive_definite', size=size)}"
    return None


def _found(value: object) -> str:
    return say("faults.found", found=shown(value))


# Names of the entries of a lower triangle, by rows.
_PAIRS = [f"{row} with {NAMES[j]}" for i, row in enumerate(NAMES) for j in range(i + 1)]


def _normal(item: Mapping[str, Any]) -> Normal:
    size = len(NAMES)
    covariance = np.zeros((size, size))
    covariance[np.tril_indices(size)] = item["covariance"]
    covariance += np.tril(covariance, -1).T
    return Normal(np.array(item["mean"], dtype=float), covariance)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _list(values: Any) -> list[float]:
    return [_rounded(float(v)) for v in values]
