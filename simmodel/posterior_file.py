"""The posterior as a small file beside the seeds, and when it no longer fits them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .calibration import Normal, Posterior
from .errors import SeedError
from .parameters import NAMES
from .posterior import Atlas, Calibrated, calibrate_one, in_order, lineage

NAME = "posterior.json"
# Raised whenever the same figures would give another posterior.
VERSION = 1
# Significant digits kept: far below any posterior spread, and the file stays small.
DIGITS = 7


@dataclass(frozen=True)
class Posteriors:
    """Posteriors of all regions and what they were made from.

    Attributes
    ----------
    by_region : mapping of str to Normal
    sha256 : str
        Hash of the numbers.
    remade : tuple of str
        Regions whose figures had changed since the file was made and that were calibrated anew.
    """

    by_region: Mapping[str, Normal]
    sha256: str
    remade: tuple[str, ...]


def fingerprint(atlas: Atlas, region_id: str) -> str:
    """Hash of every figure behind a region's calibration: its own, its parts', those above."""
    ids = {*lineage(atlas.regions, region_id), *atlas.made_of(region_id)}
    parts: list[object] = [VERSION]
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
    atlas: Atlas, directory: Path, *, progress: Callable[[str], None] = lambda _: None
) -> Posteriors:
    """Read the posteriors beside the seeds; calibrate anew what no longer fits the figures.

    Parameters
    ----------
    atlas : Atlas
    directory : pathlib.Path
        The seed folder; a file that is missing means that every region is calibrated.
    progress : callable, optional
        Called with the id of each region that is calibrated.

    Raises
    ------
    SeedError
        If the file is not one of posteriors.
    CalibrationError
        If a region cannot be calibrated.
    """
    path = directory / NAME
    stored: Mapping[str, Any] = {}
    if path.exists():
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["version"] == VERSION and data["parameters"] == list(NAMES):
                stored = data["regions"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SeedError(
                f"{path}:1: not a file of posteriors ({error}); make it with `simmodel calibrate`"
            ) from None
    by_region: dict[str, Normal] = {}
    remade: list[str] = []
    for region_id in in_order(atlas.regions):
        item = stored.get(region_id)
        parent = atlas.regions[region_id].parent
        if item is None or item["figures"] != fingerprint(atlas, region_id) or parent in remade:
            progress(region_id)
            remade.append(region_id)
            done = {i: _as_calibrated(atlas, i, n) for i, n in by_region.items() if i == parent}
            fresh = {region_id: calibrate_one(atlas, region_id, done)}
            item = as_data(atlas, fresh)["regions"][region_id]
        by_region[region_id] = _normal(item, path, region_id)
    numbers = json.dumps({i: [_list(n.mean), _list(n.spread)] for i, n in by_region.items()})
    return Posteriors(by_region, hashlib.sha256(numbers.encode()).hexdigest(), tuple(remade))


def _as_calibrated(atlas: Atlas, region_id: str, normal: Normal) -> Calibrated:
    """What `calibrate_one` needs of a parent: its posterior."""
    return Calibrated(atlas.inputs(region_id), Posterior(normal, normal, 1.0, np.zeros(0)), ())


def _normal(item: Mapping[str, Any], path: Path, region_id: str) -> Normal:
    size = len(NAMES)
    try:
        mean = np.array(item["mean"], dtype=float)
        covariance = np.zeros((size, size))
        covariance[np.tril_indices(size)] = item["covariance"]
        covariance += np.tril(covariance, -1).T
        np.linalg.cholesky(covariance)
        if mean.shape != (size,) or not np.all(np.isfinite(mean)):
            raise ValueError("mean")
    except (KeyError, TypeError, ValueError, np.linalg.LinAlgError) as error:
        raise SeedError(
            f"{path}: {region_id}: not a posterior ({error}); make it with `simmodel calibrate`"
        ) from None
    return Normal(mean, covariance)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _list(values: Any) -> list[float]:
    return [_rounded(float(v)) for v in values]
