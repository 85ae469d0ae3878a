"""Ask what it would take to meet a target, and whether targets fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import among
from ..inputs.arguments import (
    PathLike,
    number_of,
    refused,
    text_of,
    whole_of,
)
from ..inputs.scenario import Scenario
from ..judging.consistency.coherence import check
from ..judging.projection_summary import beyond_horizon, summarize_projection, trend_of
from ..levers import LEVERS
from ..simulation.projector import regions_of
from ..solving import sentences
from ..solving.problem import SolveProblem
from ..solving.question import Question
from ..solving.question import check as check_question
from ..solving.solution import Answer
from ..solving.solution import solve as solve_for
from ..texts import say
from .common import posteriors_of, scenario_of, warn, workspace_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Solution:
    """What it would take; as text, the sentences of ``simmodel solve``.

    Parameters
    ----------
    answer : solution.Answer
        All that was found.
    sentence, sentence_zh : str
        What it would take, in English and Chinese.
    data : mapping
        What ``simmodel solve --json`` prints.
    """

    answer: Answer
    sentence: str
    sentence_zh: str
    data: Mapping[str, Any]

    @property
    def levers(self) -> dict[str, float]:
        """Value of each lever: factors, or years added; the best there is where none suffices."""
        return self.answer.way.values

    @property
    def probability(self) -> float:
        """Share of draws that then meet the target, 0 to 1."""
        return self.answer.way.probability

    @property
    def feasible(self) -> bool:
        """Whether that is as likely as asked."""
        return self.answer.way.enough

    @property
    def settings(self) -> dict[str, float]:
        """What puts it back, as ``set`` of `run`; nothing where nothing has to change."""
        if self.answer.already:
            return {}
        pairs = (setting.partition("=") for setting in self.answer.settings)
        return {key: float(value) for key, _, value in pairs}

    def __str__(self) -> str:
        return f"{self.sentence}\n\n{self.sentence_zh}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Break the sentences into lines, where a notebook shows them."""
        return f'<p>{escape(self.sentence)}</p>\n<p lang="zh">{escape(self.sentence_zh)}</p>'


def solve(
    scenario: PathLike | Scenario,
    *,
    region: str,
    indicator: str,
    year: int,
    levers: str | Sequence[str],
    probability: float = 0.5,
    target: float | None = None,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> Solution:
    """Find the smallest change of levers that makes a target as likely as asked.

    Parameters
    ----------
    scenario : str, path or Scenario
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
    region : str
        Region or urban district.
    indicator : str
        What the target is of: ``urbanization_rate``, ``urban_population``, ``total_population`` or
        ``urban_district_population``.
    year : int
        Year of the target.
    levers : str or sequence of str
        What may be moved; of several, the least effort of all together.
    probability : float
        How likely the target is to become, a share of the draws.
    target : float, optional
        A value of one's own instead of the plan's: percent for rates, persons for counts.
    draws, seed : int, optional
        Size of the ensemble and random seed, instead of the scenario's.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    Solution
        A lever that cannot do it is an answer too: the best it can do. To put it back, give its
        ``settings`` to `run` beside whatever ``set`` was asked with.

    Raises
    ------
    FaultError
        Naming everything that is wrong with the question, the scenario, ``set``, or the seeds.
    SimmodelError
        As `run`, and if more draws are asked for than can be kept.

    Examples
    --------
    >>> from simmodel import run, verdict_table
    >>> here = {"regions": ["jinchang"]}
    >>> found = solve(
    ...     "trend",
    ...     region="jinchang",
    ...     indicator="urbanization_rate",
    ...     year=2030,
    ...     levers="rural_exit",
    ...     draws=50,
    ...     set=here,
    ... )
    >>> again = run("trend", draws=50, set={**here, **found.settings})
    >>> aim = "indicator == 'urbanization_rate' and year == 2030"
    >>> verdict_table(again).query(aim)["probability"].item() == found.probability
    True
    """
    asked = _question(region, indicator, year, levers, probability, target)
    workspace = workspace_of(seeds)
    read = scenario_of(scenario, workspace, set, draws, seed)
    aims = check_question(asked, read, workspace.seeds)
    stage = SolveProblem(asked, read, workspace.atlas, posteriors_of(workspace).by_region)
    answer = solve_for(stage, aims, workspace.historical_rates)
    english, chinese = sentences.sentence(answer, workspace.seeds)
    return Solution(answer, english, chinese, sentences.as_data(answer, workspace.seeds))


def targets(
    scenario: PathLike | Scenario | None = None,
    *,
    draws: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    seeds: PathLike | None = None,
) -> pd.DataFrame:
    """Check whether targets fit each other, the projection, and what regions have done.

    Parameters
    ----------
    scenario : str, path or Scenario, optional
        A scenario file or the ``run.json`` of an earlier run; the name of a shipped scenario, as
        ``"trend"``, where there is no such file; or what `load_scenario` returned.
        Without, all regions with targets are checked, in a trend without any measure; with one its
        regions, under its levers and programmes.
    draws, seed : int, optional
        Size of the ensemble and random seed, instead of the scenario's.
    set : mapping of str to value, optional
        Values to replace by dotted path, as ``--set`` does: ``{"levers.local_retention": 1.2}``.
    seeds : str or path, optional
        Folder of region files; else ``./seeds``, else the copy inside the package.

    Returns
    -------
    pandas.DataFrame
        A finding in each row, the gravest first; the columns are the keys of
        ``simmodel targets --json``.

    Raises
    ------
    SimmodelError
        As `run`; also if no region has targets.

    Warns
    -----
    UserWarning
        As `run`, and of targets beyond the horizon, which are not held against the projection.

    Examples
    --------
    >>> found = targets("trend", draws=50, set={"regions": ["jinchang"]})
    >>> found[["code", "year", "grade"]].values.tolist()[0]
    ['rate_count_total', 2025, 'contradiction']
    """
    import pandas as pd

    workspace = workspace_of(seeds)
    trend = trend_of(workspace.seeds.regions) if scenario is None else scenario
    read = scenario_of(trend, workspace, set, draws, seed)
    checked = regions_of(read, workspace.atlas)
    if late := beyond_horizon(checked, workspace.seeds.regions, read.horizon):
        warn(late)
    outlook = summarize_projection(
        read, workspace.atlas, posteriors_of(workspace).by_region, checked
    )
    kinds = {name: source.kind for name, source in workspace.seeds.sources.items()}
    found = check(checked, workspace.seeds.regions, kinds, outlook, workspace.historical_rates)
    return pd.DataFrame([finding.row() for finding in found])


def _question(
    region: object,
    indicator: object,
    year: object,
    levers: object,
    probability: object,
    target: object,
) -> Question:
    """Return a question whose parts are of the right kinds; `question.check` does the rest."""
    named = (levers,) if isinstance(levers, str) else levers
    if not isinstance(named, (list, tuple)) or not all(isinstance(one, str) for one in named):
        raise refused("levers", say("api.are_not_names"), levers, among(LEVERS))
    if not named:
        raise refused("levers", say("api.name_none"), levers, among(LEVERS))
    return Question(
        text_of("region", region),
        text_of("indicator", indicator),
        whole_of("year", year),
        tuple(named),
        number_of("probability", probability),
        None if target is None else number_of("target", target),
    )
