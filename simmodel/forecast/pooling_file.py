"""The estimates behind partial pooling as a small file beside the seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import SeedError, shown
from ..inputs.seed_folder import read_beside
from ..inputs.seeds import Seeds
from ..texts import say
from .fit import Atlas
from .pooling import POSITIVE, Pooling
from .standards import Remember, made_again

NAME, SKILL = "pooling.json", "skill.json"
LEVELS = ("panel", "nation", "province", "prefecture", "county")
# No estimate of these is ever larger; those that divide something are above zero.
LARGEST = 1e5
# Keys of the file by attribute.
KEYS = {field.name: field.name for field in fields(Pooling)} | {"degrees_of_freedom": "freedom"}
AT_LEAST_ZERO = {KEYS[name] for name in POSITIVE}
ABOVE_ZERO = ("memory", "freedom")


@dataclass(frozen=True)
class PoolingEstimates:
    """Estimates by level, each with the year of the last figure behind it.

    Attributes
    ----------
    by_level : mapping of str to tuple of (int, Pooling)
        In the order of the years.
    """

    by_level: Mapping[str, tuple[tuple[int, Pooling], ...]]

    def known(self, year: float | None = None) -> dict[str, Pooling]:
        """Latest estimates by level, or the latest that were known in ``year``.

        Where none was known yet, the earliest stands in; `later_than` names those levels.
        """
        found = {}
        for level, rows in self.by_level.items():
            usable = [p for known, p in rows if year is None or known <= year]
            found[level] = usable[-1] if usable else rows[0][1]
        return found

    def later_than(self, year: float) -> dict[str, int]:
        """Levels whose estimates all rest on figures later than ``year``, with the earliest."""
        return {level: rows[0][0] for level, rows in self.by_level.items() if rows[0][0] > year}


def by_key(pooling: Pooling) -> dict[str, float]:
    """Estimates of one level by their keys in the file."""
    return {KEYS[name]: value for name, value in asdict(pooling).items()}


def as_data(estimates: PoolingEstimates, made: Mapping[str, str]) -> dict[str, Any]:
    """Estimates as plain data for the file, with how each level's were made."""
    levels = {
        level: {
            "made": made[level],
            "estimates": [
                {"known": known, **{k: float(f"{v:.4g}") for k, v in by_key(pooling).items()}}
                for known, pooling in rows
            ],
        }
        for level, rows in estimates.by_level.items()
    }
    return {"levels": levels}


def read(directory: Path) -> PoolingEstimates:
    """Read the estimates beside the seeds, or those shipped where a seed folder has none.

    Raises
    ------
    SeedError
        If the file is not one of estimates.
    """
    path, data = read_beside(directory, NAME, say("forecast.pooling_remedy"))
    levels = data.get("levels") if isinstance(data, dict) else None
    if not isinstance(levels, dict) or set(levels) != set(LEVELS):
        allowed = say("forecast.allowed_are_exactly", allowed=", ".join(LEVELS))
        raise _refused(path, "levels", allowed)
    by_level = {}
    for level in LEVELS:
        rows = levels[level].get("estimates") if isinstance(levels[level], dict) else None
        if not isinstance(rows, list) or not rows:
            raise _refused(path, f"levels.{level}", say("forecast.has_no_estimates"))
        found = tuple(_row(path, level, row) for row in rows)
        years = [known for known, _ in found]
        if years != sorted(set(years)):
            raise _refused(path, f"levels.{level}.known", say("forecast.does_not_rise"))
        by_level[level] = found
    return PoolingEstimates(by_level)


def _row(path: Path, level: str, row: Any) -> tuple[int, Pooling]:
    if not isinstance(row, dict) or set(row) != {"known", *KEYS.values()}:
        keys = ", ".join(("known", *KEYS.values()))
        problem = say("forecast.allowed_keys_are", allowed=keys)
        raise _refused(path, f"levels.{level}", problem)
    for key, value in row.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        lowest = -LARGEST if key not in AT_LEAST_ZERO else 1e-9 if key in ABOVE_ZERO else 0.0
        if not number or not lowest <= value <= LARGEST or (key == "known" and value != int(value)):
            problem = say("forecast.found", found=shown(value))
            raise _refused(path, f"levels.{level}.{key}", problem)
    return int(row["known"]), Pooling(**{name: float(row[key]) for name, key in KEYS.items()})


def _refused(path: Path, key: str, problem: str) -> SeedError:
    remedy, place = say("forecast.pooling_remedy"), f"{path}: {key}"
    return SeedError(say("forecast.refused", place=place, problem=problem, remedy=remedy))


@dataclass(frozen=True)
class Skill:
    """How well the model has forecast units of one level.

    Attributes
    ----------
    years : int
        From origin to the year forecast.
    units : str
        How many of what, and when.
    mae, width80 : float
        Mean absolute error, and width of the 80 % interval, in percentage points.
    coverage80 : float
        Share of counts inside that interval.
    """

    years: int
    units: str
    mae: float
    coverage80: float
    width80: float


def read_skill(directory: Path) -> dict[str, Skill]:
    """Scores by level, as `benchmarks/skill.py` left them beside the seeds or the shipped ones.

    Raises
    ------
    SeedError
        If the file is not one of scores.
    """
    remedy = say("forecast.skill_remedy")
    path, data = read_beside(directory, SKILL, remedy)
    try:
        return {level: Skill(**row) for level, row in data.items() if level in LEVELS}
    except (TypeError, AttributeError):
        problem = say("forecast.no_scores")
        said = say("forecast.refused", place=path, problem=problem, remedy=remedy)
        raise SeedError(said) from None


def atlas_of(seeds: Seeds, remember: Remember = made_again) -> Atlas:
    """Arrays of all regions of the seeds, with the estimates beside them.

    ``remember`` as in `Atlas`.
    """
    kinds = {name: source.kind for name, source in seeds.sources.items()}
    return Atlas(seeds.regions, read(seeds.directory).known(), kinds=kinds, remember=remember)
