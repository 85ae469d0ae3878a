"""All that a report says, gathered: scenarios run, targets checked, levers solved, estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from ..errors import ScenarioError, among
from ..forecast.calibration import Normal
from ..forecast.fit import PRIOR_DECIDES, Atlas
from ..forecast.parameters import PARAMETERS, natural
from ..forecast.posterior_file import Posteriors
from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..judging.consistency.coherence import check
from ..judging.consistency.findings import Finding
from ..judging.historical_rates import HistoricalRates
from ..judging.projection_summary import summarize_projection
from ..judging.verdicts import Verdict, is_conditional
from ..levers import LEVERS
from ..results.run import run_scenario
from ..simulation.datasets import ages_dataset
from ..simulation.projector import regions_of
from ..solving.problem import SolveProblem
from ..solving.question import MOST_DRAWS, Question
from ..solving.question import check as check_question
from ..solving.solution import Answer, solve
from ..texts import say

# What a plan can hope to move, each tried alone.
TRIED: Final = tuple(name for name, lever in LEVERS.items() if lever.in_report)
# Of these the one that makes places urban where they stand: nobody moves.
RELABELLING: Final = "reclassification"
ASKED: Final = 0.5
SOLVED: Final = "urbanization_rate"
# Standard normal deviates of the ends of 90 %, and of the middle.
ENDS: Final = (0.0, -1.645, 1.645)


@dataclass(frozen=True)
class Case:
    """A scenario and what came of it.

    Attributes
    ----------
    scenario : Scenario
    dataset : Dataset
        As in ``projection.nc``.
    ages : Dataset
        As in ``ages.nc``.
    verdicts : tuple of Verdict
    """

    scenario: Scenario
    dataset: xr.Dataset
    ages: xr.Dataset
    verdicts: tuple[Verdict, ...]

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.scenario

    def has(self, region_id: str) -> bool:
        """Whether a region is projected in it."""
        return region_id in self.dataset["region"].values


@dataclass(frozen=True)
class Estimate:
    """A parameter of a region before and after the figures were seen.

    Attributes
    ----------
    parameter : str
    prior, posterior : tuple of float
        Median, 5 % and 95 %, in the parameter's own unit.
    by_prior : bool
        Whether the figures hardly narrowed it.
    """

    parameter: str
    prior: tuple[float, ...]
    posterior: tuple[float, ...]
    by_prior: bool


@dataclass(frozen=True)
class ReportContents:
    """Everything a report is written from.

    Attributes
    ----------
    cases : tuple of Case
        The trend first, else in the order given.
    regions : tuple of str
        Named by any of the scenarios.
    findings : tuple of Finding
        Of these regions and all inside of them, the gravest first, held against the first case.
    answers : mapping of str to tuple of Answer
        By region: what it would take to make its rates likely that are not.
    seeds : Seeds
    atlas : Atlas
    posteriors : Posteriors
    sweeps : tuple of Dataset
        What `simmodel sweep` found, as it was given.
    """

    cases: tuple[Case, ...]
    regions: tuple[str, ...]
    findings: tuple[Finding, ...]
    answers: Mapping[str, tuple[Answer, ...]]
    seeds: Seeds
    atlas: Atlas
    posteriors: Posteriors
    sweeps: tuple[xr.Dataset, ...] = ()

    @property
    def base(self) -> Case:
        """The case that others are compared with."""
        return self.cases[0]

    def cases_of(self, region_id: str) -> list[Case]:
        """Cases in which a region is projected."""
        return [case for case in self.cases if case.has(region_id)]

    def parts_of(self, region_id: str) -> list[str]:
        """Regions directly inside a region that are projected."""
        return [i for i in self.atlas.tree.children(region_id) if any(c.has(i) for c in self.cases)]

    def districts_of(self, region_id: str) -> list[str]:
        """Urban districts of a region."""
        return [district.id for district in self.seeds.regions[region_id].urban_districts]

    def section_of(self, place: str) -> str | None:
        """Region of the report under which a place is reported: itself, or the nearest around it.

        A place around which none lies stands under no region.
        """
        return _section(place, self.regions, self.seeds)

    def sweeps_of(self, region_id: str) -> list[xr.Dataset]:
        """Those outcomes of each sweep that are reported under a region."""
        found = []
        for ds in self.sweeps:
            names = map(str, ds["outcome_region"].values)
            places = [k for k, name in enumerate(names) if self.section_of(name) == region_id]
            if places:
                found.append(ds.isel(outcome=places))
        return found

    def findings_of(self, region_id: str) -> list[Finding]:
        """Findings on a region and what is reported under it."""
        return [f for f in self.findings if self.section_of(f.region) == region_id]

    def estimates(self, region_id: str) -> list[Estimate]:
        """Every parameter of a region, before and after."""
        posteriors = self.posteriors.by_region
        parent = self.atlas.regions[region_id].parent
        prior = self.atlas.prior(region_id, None if parent is None else posteriors[parent])
        posterior, bound = posteriors[region_id], self.atlas.inputs(region_id).bound
        before, after = _ends(prior, bound), _ends(posterior, bound)
        return [
            Estimate(
                parameter.name,
                before[parameter.name],
                after[parameter.name],
                bool(posterior.spread[i] > PRIOR_DECIDES * prior.spread[i]),
            )
            for i, parameter in enumerate(PARAMETERS)
        ]


def _section(place: str, regions: Sequence[str], seeds: Seeds) -> str | None:
    """The nearest of some regions that a place is, or lies in."""
    districts = seeds.districts()
    region_id = districts[place][0] if place in districts else place
    if region_id not in seeds.regions:
        return None
    chain = (region_id, *seeds.tree.ancestors(region_id))
    return next((name for name in chain if name in regions), None)


def _check_sweeps(sweeps: Sequence[xr.Dataset], regions: Sequence[str], seeds: Seeds) -> None:
    """Refuse, before any work, a sweep that says nothing on any region of the report."""
    for ds in sweeps:
        places = list(dict.fromkeys(map(str, ds["outcome_region"].values)))
        if all(_section(place, regions, seeds) is None for place in places):
            raise ScenarioError(
                say(
                    "report.sweep_elsewhere",
                    sweep=ds.attrs["sweep"],
                    found=among(places),
                    allowed=among(regions),
                )
            )


def _ends(normal: Normal, bound: float) -> dict[str, tuple[float, ...]]:
    """Median, 5 % and 95 % of every parameter, in its own unit."""
    deviates = np.array(ENDS)
    values = natural(normal.mean[:, None] + normal.spread[:, None] * deviates, bound)
    return {name: tuple(float(v) for v in row) for name, row in values.items()}


def gather(
    scenarios: Sequence[Scenario],
    seeds: Seeds,
    atlas: Atlas,
    posteriors: Posteriors,
    experience: HistoricalRates,
    *,
    sweeps: Sequence[xr.Dataset] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> ReportContents:
    """Run the scenarios, check the targets and solve for what is not reached.

    Parameters
    ----------
    scenarios : sequence of Scenario
        At least one.
    seeds : Seeds
    atlas : Atlas
    posteriors : Posteriors
    experience : HistoricalRates
        What regions have done.
    sweeps : sequence of Dataset, optional
        What `simmodel sweep` wrote, to be shown.
    progress : callable, optional
        Called with what is being done.

    Raises
    ------
    ScenarioError
        If no outcome of a sweep is of a region of the report, or a scenario cannot be projected.
    """
    regions = tuple(dict.fromkeys(i for scenario in scenarios for i in scenario.regions))
    _check_sweeps(sweeps, regions, seeds)
    ordered = sorted(scenarios, key=is_conditional)
    cases = []
    for scenario in ordered:
        progress(scenario.scenario)
        _, dataset, verdicts, _ = run_scenario(scenario, seeds, atlas, posteriors)
        ages = ages_dataset(dataset, scenario, atlas, posteriors.by_region, scenario.regions)
        cases.append(Case(scenario, dataset, ages, tuple(verdicts)))
    base = cases[0]
    regions = tuple(dict.fromkeys(i for scenario in ordered for i in scenario.regions))
    progress(say("report.progress_targets"))
    checked = regions_of(base.scenario, atlas)
    outlook = summarize_projection(base.scenario, atlas, posteriors.by_region, checked)
    kinds = {name: source.kind for name, source in seeds.sources.items()}
    findings = check(checked, seeds.regions, kinds, outlook, experience)
    answers = {}
    for region_id in base.scenario.regions:
        progress(say("report.progress_levers", region=region_id))
        answers[region_id] = _answers(region_id, base, seeds, atlas, posteriors, experience)
    return ReportContents(
        cases=tuple(cases),
        regions=regions,
        findings=tuple(findings),
        answers=answers,
        seeds=seeds,
        atlas=atlas,
        posteriors=posteriors,
        sweeps=tuple(sweeps),
    )


def _answers(
    region_id: str,
    case: Case,
    seeds: Seeds,
    atlas: Atlas,
    posteriors: Posteriors,
    experience: HistoricalRates,
) -> tuple[Answer, ...]:
    """What it would take to meet a region's rates that fewer than half the draws meet."""
    scenario = case.scenario
    if scenario.ensemble.draws > MOST_DRAWS:
        fewer = {"draws": MOST_DRAWS, "seed": scenario.ensemble.seed}
        scenario = Scenario.model_validate(scenario.complete() | {"ensemble": fewer})
    years = sorted(
        {
            v.year
            for v in case.verdicts
            if (v.region, v.indicator) == (region_id, SOLVED)
            and v.probability is not None
            and v.probability < ASKED
        }
    )
    found = []
    for year in years:
        question = Question(region_id, SOLVED, year, TRIED, ASKED)
        aims = check_question(question, scenario, seeds)
        problem = SolveProblem(question, scenario, atlas, posteriors.by_region)
        found.append(solve(problem, aims, experience))
    return tuple(found)
