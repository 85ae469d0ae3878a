"""How a report puts places, targets, chances and amounts, in the language of its reader."""

from __future__ import annotations

import re
from typing import Final

from ..inputs.scenario import Scenario
from ..inputs.seeds import Seeds
from ..judging.likelihood import of_hundred
from ..judging.verdicts import NOT_MODELLED, Verdict
from ..judging.wording import printed
from ..levers import LEVERS
from ..texts import Language, text
from ..variables import WAN
from .contents import Case, ReportContents

Key = tuple[str, str, int, str, int]
# The short dash of a range, and a hyphen that stands for a minus.
_RANGE: Final = re.compile(r"(?<=[\d%])–(?=\d)")
_MINUS: Final = re.compile(r"(?<![A-Za-z0-9_.)\uff09])-(?=\d)")


class Phrases:
    """Words and numbers as one reader has them.

    Parameters
    ----------
    language : {"zh", "en"}
    seeds : Seeds
    """

    def __init__(self, language: Language, seeds: Seeds):
        self.language: Language = language
        self._seeds = seeds
        self._districts = seeds.districts()

    def say(self, key: str, **values: object) -> str:
        """A text in the reader's language, its places filled."""
        return text(key, self.language, **values)

    def pick(self, english: str, chinese: str) -> str:
        """One of two texts, its signs as the language writes them.

        Chinese has no space before a percent, and a long dash between the ends of a range.
        """
        if self.language == "en":
            return _MINUS.sub("−", english)
        return _MINUS.sub("−", _RANGE.sub("—", chinese.replace(" %", "%")))

    def join(self, parts: list[str], key: str = "report.and") -> str:
        """Several texts as a list."""
        return self.say(key).join(parts)

    def place(self, place: str) -> str:
        """Name of a region or urban district."""
        if place in self._districts:
            names = self._districts[place][1].names
        else:
            names = self._seeds.regions[place].names
        return self.pick(names.en, names.zh)

    def title(self, scenario: Scenario) -> str:
        """Title of a scenario."""
        return self.pick(scenario.title.en, scenario.title.zh)

    def source(self, name: str) -> str:
        """Title of a source, and its number where it has one."""
        if name not in self._seeds.sources:
            return name
        source = self._seeds.sources[name]
        title = self.pick(source.title.en, source.title.zh)
        return title if source.number is None else f"{title} {source.number}"

    def cited(self, name: str, place: str) -> str:
        """A source and the place in it, unless that is only said in another language."""
        said = "" if place == "page" or (self.language == "zh" and place.isascii()) else place
        if not said:
            return self.source(name)
        return self.say("report.cited", source=self.source(name), place=said)

    def amount(self, value: float | None, unit: str, *, exact: bool = False) -> str:
        """A rate (percent) or a number of persons, with its unit; "–" where there is none.

        Parameters
        ----------
        value : float or None
        unit : {"percent", "persons"}
        exact : bool
            With the digits it was printed with, at most two, instead of one.
        """
        if value is None:
            return "–"
        key, shown = ("report.rate", value) if unit == "percent" else ("report.wan", value / WAN)
        return self.say(key, value=printed(shown) if exact else _signed(shown))

    def bare(self, value: float | None, unit: str) -> str:
        """The same without its unit."""
        return "–" if value is None else _signed(value if unit == "percent" else value / WAN)

    def shortfall(self, verdict: Verdict) -> str:
        """How much is missing in the median: points of a rate, or persons."""
        if verdict.shortfall is None:
            return "–"
        if verdict.unit == "percent":
            return self.say("report.points", value=_signed(verdict.shortfall))
        return self.amount(verdict.shortfall, verdict.unit)

    def aim(self, verdict: Verdict) -> str:
        """What a target asks for."""
        if verdict.relative_to is not None:
            place = self.place(verdict.relative_to)
            if verdict.target is None:
                return self.say("report.near_plain", place=place)
            value = self.amount(verdict.target, verdict.unit)
            return self.say("report.near", place=place, value=value)
        value = self.amount(verdict.target, verdict.unit, exact=True)
        return self.say(
            {">=": "report.at_least", "~": "report.about"}[verdict.comparison], value=value
        )

    def target(self, verdict: Verdict) -> str:
        """What is to be reached, and when."""
        what = self.say(f"indicators.{verdict.indicator}")
        return self.say("report.aim", year=verdict.year, indicator=what, aim=self.aim(verdict))

    def range(self, low: float | None, high: float | None, unit: str) -> str:
        """From one rate or number of persons to another."""
        if low is None or high is None:
            return "–"
        key = "report.rate_range" if unit == "percent" else "report.wan_range"
        return self.say(key, low=self.bare(low, unit), high=self.bare(high, unit))

    def interval(self, verdict: Verdict) -> str:
        """Where 90 of 100 futures lie."""
        return self.range(verdict.p05, verdict.p95, verdict.unit)

    def count(self, verdict: Verdict) -> str:
        """Of 100 futures, those that meet a target; a word where it cannot be judged."""
        if verdict.probability is None:
            return self._word(verdict.likelihood or NOT_MODELLED)
        return of_hundred(verdict.probability)

    def chance(self, probability: float) -> str:
        """A probability as futures of 100."""
        count = of_hundred(probability)
        keys = {"<1": "probability.fewer_than_1", ">99": "probability.more_than_99"}
        return self.say(keys.get(count, "probability.of_hundred"), count=count)

    def likelihood(self, verdict: Verdict) -> str:
        """The word for a probability, where it is unconditional."""
        if verdict.probability is None or " of 100" in verdict.likelihood:
            return ""
        return self._word(verdict.likelihood)

    def _word(self, english: str) -> str:
        return self.say(f"probability.{english.replace(' ', '_')}")

    def levers(self, scenario: Scenario) -> list[tuple[str, str]]:
        """Levers that a scenario sets: name, and value or path."""
        found = []
        for region_id, levers in [(None, scenario.levers), *scenario.levers.by_region.items()]:
            for lever, rule in LEVERS.items():
                value = getattr(levers, lever)
                if value is None or value == rule.neutral:
                    continue
                knots = value if isinstance(value, tuple) else [(None, value)]
                steps = [
                    set_to
                    if year is None
                    else self.say("report.lever_path", value=set_to, year=year)
                    for year, number in knots
                    for set_to in [_setting(lever, number)]
                ]
                name = self.say(f"levers.{lever}")
                if region_id is not None:
                    own = self.say("report.lever_own", place=self.place(region_id))
                    name += self.say("report.bracketed", text=own)
                found.append((name, self.join(steps)))
        return found


def _setting(lever: str, value: float) -> str:
    """A lever's value: a factor, or years added."""
    if not LEVERS[lever].multiplies:
        return f"{value:+g}".replace("-", "−")
    return f"×{value:g}"


def _signed(value: float) -> str:
    return f"{value:,.1f}".replace("-", "−")


def keyed(verdicts: tuple[Verdict, ...]) -> dict[Key, Verdict]:
    """Verdicts by what makes the same target in every scenario: its place, and its turn there."""
    found: dict[Key, Verdict] = {}
    for v in verdicts:
        turn = 0
        while (key := (v.region, v.indicator, v.year, v.comparison, turn)) in found:
            turn += 1
        found[key] = v
    return found


def all_targets(contents: ReportContents) -> dict[Key, dict[str, Verdict]]:
    """Every target with its verdict in each scenario, by name of the scenario."""
    found: dict[Key, dict[str, Verdict]] = {}
    for case in contents.cases:
        for key, verdict in keyed(case.verdicts).items():
            found.setdefault(key, {})[case.name] = verdict
    return found


def met_by_half(case: Case) -> int:
    """Targets that at least half of the futures meet."""
    return sum(1 for v in case.verdicts if v.probability is not None and v.probability >= 0.5)
