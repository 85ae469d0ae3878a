"""What several functions do: read a scenario on its seeds, run it, warn."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakSet

from ..forecast.posterior_file import Posteriors
from ..inputs.arguments import PathLike, file_of, overrides_of, path_of
from ..inputs.scenario import Scenario
from ..inputs.scenario_file import read_scenario, with_values
from ..results.run import Result, notices, run_scenario, will_compile
from ..texts import say
from ..workspace import Workspace, open_workspace

PACKAGE = __name__.partition(".")[0]
_waited: WeakSet[Workspace] = WeakSet()
_warned: WeakSet[Workspace] = WeakSet()


def workspace_of(seeds: PathLike | None) -> Workspace:
    """Return the workspace of a seed folder, read again only where something in it has changed."""
    return open_workspace(None if seeds is None else path_of("seeds", seeds))


def posteriors_of(workspace: Workspace) -> Posteriors:
    """Return the posteriors, and warn once of those that had to be calibrated again."""
    tell_of_waiting(workspace)
    posteriors = workspace.posteriors()
    if workspace not in _warned:
        _warned.add(workspace)
        if said := posteriors.notice():
            warn(said)
    return posteriors


def tell_of_waiting(workspace: Workspace) -> None:
    """Tell of the longest wait there may be, once and before it."""
    if workspace not in _waited:
        _waited.add(workspace)
        if will_compile():
            print(say("terminal.compiling"), file=sys.stderr)


class AskedScenario:
    """A scenario to be run, on its seeds."""

    def __init__(
        self,
        scenario: PathLike | Scenario,
        seeds: PathLike | None,
        set: Mapping[str, object] | None,
        draws: int | None,
        seed: int | None,
    ):
        self.workspace = workspace_of(seeds)
        self.scenario = scenario_of(scenario, self.workspace, set, draws, seed)
        tell_of_waiting(self.workspace)
        for said in notices(self.scenario, self.workspace.seeds, self.workspace.atlas):
            warn(said)

    def posteriors(self) -> Posteriors:
        """Posteriors of all regions."""
        return posteriors_of(self.workspace)

    def result(self) -> Result:
        """Simulate and judge."""
        space = self.workspace
        return run_scenario(self.scenario, space.seeds, space.atlas, self.posteriors())


def scenario_of(
    scenario: object,
    workspace: Workspace,
    set: Mapping[str, object] | None,
    draws: int | None = None,
    seed: int | None = None,
) -> Scenario:
    """Return a scenario with some values replaced; size and seed of the ensemble last."""
    overrides = overrides_of({} if set is None else set)
    overrides += overrides_of({"ensemble.draws": draws} if draws is not None else {})
    overrides += overrides_of({"ensemble.seed": seed} if seed is not None else {})
    known = workspace.known()
    if isinstance(scenario, Scenario):
        return with_values(scenario, overrides, **known)
    path: Path = file_of("scenario", scenario, "scenarios")
    return read_scenario(path, overrides=overrides, **known)


def warn(text: str) -> None:
    """Warn of something at the line outside of this package that asked for it."""
    depth, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_ours(frame.f_globals):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=depth)


def _is_ours(names: Mapping[str, object]) -> bool:
    return str(names.get("__package__") or "").partition(".")[0] == PACKAGE
