"""What two levers together would reach: the grid behind the reachability map, and its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..charts.parallel_drawing import DEFAULT, save
from ..computing.output_files import Folder, write_csv
from ..errors import ScenarioError, SimmodelError
from ..forecast.posterior_file import Posteriors
from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..judging.historical_rates import HistoricalRates, rank
from ..judging.target import DISTRICT, RATE, URBAN, margins, values_of
from ..levers import LEVERS
from ..results.run import provenance_of
from ..simulation.ensemble import Ensemble
from ..texts import NOTHING, bilingual, say
from .problem import SolveProblem, medians
from .sentences import as_json, grid_aim, names_of
from .solution import Answer

if TYPE_CHECKING:
    from ..charts.reachability import ReachGrid

Array = NDArray[np.float64]

POINTS: Final = 17
# The map goes so far beyond what must be seen, in shares of its width, and is at least so wide, in
# shares of a multiplier or in years.
MARGIN, LEAST_WIDTH, LEAST_YEARS = 0.15, 0.5, 4.0
CSV: Final = "reach.csv"


@dataclass(frozen=True)
class MarkedScenario:
    """Another scenario on the map: its words, and its values of the two levers."""

    words: str
    x: float
    y: float


def check_map(levers: Sequence[str]) -> None:
    """Refuse a map of anything but two levers."""
    if len(levers) != 2:
        raise SimmodelError(say("solving.map_two", count=len(levers)))


def marked_scenario(scenario: Scenario, problem: SolveProblem) -> MarkedScenario:
    """Return where another scenario stands in the target's year."""
    ancestry = problem.atlas.tree.lineage(problem.places[0])
    x, y = (
        scenario.lever_at(lever, ancestry, problem.question.year)
        for lever in problem.question.levers
    )
    title = scenario.title
    words = title.en if title.en == title.zh else f"{title.en}\n{title.zh}"
    return MarkedScenario(words, x, y)


def lay_out(
    problem: SolveProblem,
    answer: Answer,
    experience: HistoricalRates,
    seeds: Seeds,
    marks: Sequence[MarkedScenario],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[ReachGrid, Array]:
    """Project the target over values of two levers.

    Returns
    -------
    ReachGrid
    ndarray, shape (y, x)
        Medians of what the target is of: percent, or persons.
    """
    from ..charts.reachability import ReachGrid

    levers, start = problem.question.levers, [change.before for change in answer.way.changes]
    shown = [tuple(start), tuple(change.value for change in answer.way.changes)]
    shown += [(mark.x, mark.y) for mark in marks]
    for way in answer.alone:
        values = dict(zip(levers, start, strict=True)) | way.values
        if way.enough:
            shown.append(tuple(values.values()))
    across, up = (_axis(lever, [point[i] for point in shown]) for i, lever in enumerate(levers))
    probability, median, percentile = (np.full((up.size, across.size), np.nan) for _ in range(3))
    for row, y in enumerate(up):
        progress(f"{100 * row // up.size} %")
        for column, x in enumerate(across):
            try:
                parts = problem.ensembles(dict(zip(levers, (float(x), float(y)), strict=True)))
            except ScenarioError:  # a programme that finds nobody left to move
                continue
            at = problem.years
            met = np.concatenate([margins(p, answer.aim)[at] for p in parts]) >= 0.0
            values_there = np.concatenate([values_of(p, answer.aim)[at] for p in parts])
            probability[row, column] = met.mean()
            median[row, column] = np.median(values_there)
            percentile[row, column] = _rank(problem, parts, experience)
    rank_of_pace = answer.target_pace.rank
    english, chinese = names_of(seeds, problem.question.region)
    grid = ReachGrid(
        place=f"{chinese} {english}",
        aim=grid_aim(answer, seeds),
        levers=(levers[0], levers[1]),
        values=(across, up),
        probability=probability,
        percentile=percentile,
        reference=NOTHING if rank_of_pace is None else rank_of_pace.reference,
        base=(start[0], start[1]),
        solution=(shown[1][0], shown[1][1]) if answer.way.enough and not answer.already else None,
        asked=problem.question.probability,
        marked=[(mark.words, mark.x, mark.y) for mark in marks],
        frontier=None,
        draws=answer.scenario.ensemble.draws,
        scenario_title=f"{answer.scenario.title.en} {answer.scenario.title.zh}",
        notes=bilingual("solving.map_notes") if marks else (),
    )
    return grid, median


def _axis(lever: str, shown: Sequence[float]) -> Array:
    """Values of one lever, evenly over what must be seen and a margin around it."""
    rule = LEVERS[lever]
    low, high = min(shown), max(shown)
    least = LEAST_YEARS if not rule.multiplies else LEAST_WIDTH * max(low, 0.5)
    margin = max(MARGIN * (high - low), (least - (high - low)) / 2.0)
    return np.linspace(max(low - margin, rule.low), min(high + margin, rule.high), POINTS)


def _rank(problem: SolveProblem, parts: Sequence[Ensemble], experience: HistoricalRates) -> float:
    """Where the pace of the median path stands, in the target's own measure; NaN of a total."""
    indicator, of = problem.question.indicator, medians(problem, parts)
    rate, urban = of["rate"], of["urban"]
    level = str(problem.atlas.regions[problem.places[0]].level)
    reference = experience.reference(level, rate[0])
    if indicator == RATE:
        points = 100.0 * (rate[1] - rate[0]) / problem.years
        return float(rank(reference.points, np.array(points)))
    if indicator not in (URBAN, DISTRICT) or reference.growth is None:
        return float("nan")
    growth = (urban[1] / urban[0]) ** (1.0 / problem.years) - 1.0
    return float(rank(reference.growth, np.array(growth)))


def rows(grid: ReachGrid, median: Array) -> Iterator[dict[str, object]]:
    """Rows of ``reach.csv``: a probability for each pair of values."""
    for row, y in enumerate(grid.values[1]):
        for column, x in enumerate(grid.values[0]):
            yield {
                grid.levers[0]: float(x),
                grid.levers[1]: float(y),
                **{
                    name: None if np.isnan(array[row, column]) else float(array[row, column])
                    for name, array in (
                        ("probability", grid.probability),
                        ("median", median),
                        ("percentile", np.minimum(grid.percentile, 100.0)),
                    )
                },
            }


def write_map(
    folder_path: Path,
    answer: Answer,
    seeds: Seeds,
    posteriors: Posteriors,
    solved: Scenario,
    grid: ReachGrid,
    median: Array,
    formats: Sequence[str] = (DEFAULT,),
) -> None:
    """Write map, grid, answer and the scenario with the solution put in, whole or not at all.

    Parameters
    ----------
    folder_path : pathlib.Path
        As `output_files.check_writable` returned it.
    answer : Answer
    seeds : Seeds
    posteriors : Posteriors
    solved : Scenario
        With the solution put in: `SolveProblem.under` its values.
    grid : ReachGrid
    median : ndarray, shape (y, x)
        As `lay_out` returned them.
    formats : sequence of {"png", "svg", "pdf"}
        Of the picture; none is drawn where it is empty.
    """
    columns = (*grid.levers, "probability", "median", "percentile")
    with Folder(folder_path) as folder:
        write_csv(folder.path / CSV, columns, rows(grid, median))
        if formats:
            from ..charts.reachability import reach_map

            save(reach_map(grid), folder.path / "reach", formats)
        text = as_json(answer, seeds) + "\n"
        (folder.path / "answer.json").write_text(text, encoding="utf-8")
        folder.write_run(solved.resolved(), provenance_of(solved, seeds, posteriors))
