"""A folder of seeds and all that is made of it: what the command line and Python have in common.

Each thing is read or made when it is first wanted, once. What takes long is kept on this machine
(`computing.cache`), keyed by the content of every file it is made from, the code and the packages;
it is the same to the bit as when it is made again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .computing.cache import Cache, content_key
from .errors import FaultError, SimmodelError
from .inputs.seed_folder import find_seeds, read_index, shipped_seeds

if TYPE_CHECKING:
    from .forecast.fit import Atlas
    from .forecast.posterior_file import Posteriors
    from .forecast.standards import Record
    from .inputs.scenario import Scenario
    from .inputs.seed_folder import Index
    from .inputs.seeds import Seeds
    from .judging.historical_rates import HistoricalRates

Say = Callable[[str], None]
OPEN: Final = 4  # seed folders that a process keeps ready


def nothing(_: str) -> None:
    """Say nothing."""


class Workspace:
    """A folder of seeds, and what is made of it when it is first wanted.

    Parameters
    ----------
    directory : pathlib.Path, optional
        The seed folder; else ``./seeds``, else the one shipped.
    cache : Cache, optional
        Where to keep what takes long; else that of this user.

    Raises
    ------
    SeedError
        If there is no such folder.
    """

    def __init__(self, directory: Path | None = None, *, cache: Cache | None = None):
        self.directory = find_seeds(directory)
        self._cache = Cache() if cache is None else cache
        self._posteriors: dict[frozenset[str] | None, Posteriors] = {}

    @cached_property
    def seeds(self) -> Seeds:
        """All regions and sources, checked.

        Raises
        ------
        FaultError
            Naming everything that is wrong with the files.
        """
        from .inputs.seeds import read_seeds

        paths = [path for path in files_behind(self.directory) if path.suffix == ".yaml"]
        key = content_key(paths, packages=("pydantic", "pyyaml", "ruamel.yaml"))
        if (kept := _seeds_from(self._cache.read("seeds", key), self.directory)) is not None:
            return kept
        seeds = read_seeds(self.directory)
        self._cache.write("seeds", key, _seeds_as_data(seeds))
        return seeds

    @cached_property
    def index(self) -> Index:
        """What a scenario may refer to, read without checking every figure."""
        return read_index(self.directory)

    @cached_property
    def atlas(self) -> Atlas:
        """Arrays of all regions."""
        from .forecast.pooling_file import atlas_of

        return atlas_of(self.seeds, self._remember)

    def _remember(self, name: str, kind: type[Record], make: Callable[[], Record]) -> Record:
        """A standard or pattern: kept from before, else made and kept."""
        from .forecast.standards import as_arrays, from_arrays

        key = content_key([], self._key, name)
        if (kept := self._cache.read_arrays("patterns", key)) is not None:
            with contextlib.suppress(TypeError, KeyError):
                return from_arrays(kind, kept)
        made = make()
        self._cache.write_arrays("patterns", key, as_arrays(made))
        return made

    @cached_property
    def historical_rates(self) -> HistoricalRates:
        """How fast regions have urbanized."""
        from .judging.historical_rates import read

        return read(self.directory)

    def posteriors(
        self, needed: Collection[str] | None = None, progress: Say = nothing
    ) -> Posteriors:
        """Posteriors as shipped, calibrated again where figures differ from those behind them.

        Parameters
        ----------
        needed : collection of str, optional
            Regions wanted and all they belong to, instead of all.
        progress : callable, optional
            Called with the id of each region that is calibrated.
        """
        wanted = None if needed is None else frozenset(needed)
        if wanted not in self._posteriors:
            self._posteriors[wanted] = self._load(wanted, progress)
        return self._posteriors[wanted]

    def _load(self, needed: frozenset[str] | None, progress: Say) -> Posteriors:
        from .forecast.posterior_file import Posteriors, load

        asked = "all" if needed is None else " ".join(sorted(needed))
        key = content_key([], self._key, asked)
        kept = Posteriors.from_data(self._cache.read("posteriors", key))
        if kept is not None:
            return kept
        found = load(self.atlas, self.directory, needed=needed, progress=progress)
        if found.remade:  # else they are read as fast from where they are
            self._cache.write("posteriors", key, found.as_data())
        return found

    @cached_property
    def _key(self) -> str:
        """Hash of all that arrays are made from."""
        from .computing.environment import environment

        return content_key(files_behind(self.directory), json.dumps(dict(environment())))

    def known(self, *, checked: bool = True) -> dict[str, Any]:
        """What a scenario may refer to, as keyword arguments of `scenario_file.read_scenario`.

        Unless ``checked``, no figure of the seeds is looked at.
        """
        index = self.seeds.index() if checked else self.index
        return {
            "region_ids": index.parents,
            "programme_ids": index.programmes,
            "source_ids": index.sources,
        }

    def scenarios(
        self, paths: Sequence[Path], overrides: Sequence[str] = (), *, checked: bool = True
    ) -> list[Scenario]:
        """Read scenario files; ``checked`` as in `known`.

        Raises
        ------
        FaultError
            Naming the faults of all of them.
        """
        from .inputs.scenario_file import read_scenario

        scenarios, faults, known = [], [], self.known(checked=checked)
        for path in paths:
            try:
                scenarios.append(read_scenario(path, overrides=overrides, **known))
            except FaultError as error:
                faults.extend(error.faults)
        if faults:
            raise FaultError(faults)
        return scenarios


def files_behind(directory: Path) -> list[Path]:
    """Return all files that are read from a seed folder, and of the shipped one beside it."""
    folders = [directory]
    with contextlib.suppress(SimmodelError):  # whoever lacks a file that it would have says so
        folders.append(shipped_seeds())
    return sorted(path for folder in folders for path in folder.glob("*.[yj]*"))


def open_workspace(directory: Path | None = None) -> Workspace:
    """Return the workspace of a seed folder; a new one only where a file in it has changed."""
    found = find_seeds(directory)
    return _opened(found, found.absolute(), content_key(files_behind(found)))


@lru_cache(maxsize=OPEN)
def _opened(directory: Path, place: Path, key: str) -> Workspace:
    """Open a workspace; its place tells it from another that is called the same elsewhere."""
    return Workspace(directory)


def _seeds_as_data(seeds: Seeds) -> dict[str, Any]:
    def plain(items: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: item.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for name, item in items.items()
        }

    return {
        "regions": plain(seeds.regions),
        "sources": plain(seeds.sources),
        "sha256": seeds.sha256,
    }


def _seeds_from(data: Any, directory: Path) -> Seeds | None:
    """Seeds from what the cache holds, checked again; None where that is no good."""
    from .inputs.region import Region, Source
    from .inputs.seeds import Seeds

    try:
        regions, sources = data["regions"].items(), data["sources"].items()
        return Seeds(
            {name: Region.model_validate_json(json.dumps(item)) for name, item in regions},
            {name: Source.model_validate_json(json.dumps(item)) for name, item in sources},
            directory,
            str(data["sha256"]),
        )
    except (TypeError, KeyError, AttributeError, ValueError):
        return None
