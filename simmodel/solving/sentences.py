"""What it would take, in a planner's words and for a machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ..inputs.region import BASE_YEAR
from ..inputs.seeds import Seeds
from ..judging.historical_rates import PercentileRank
from ..judging.likelihood import of_hundred
from ..judging.target import NEAR_POINTS
from ..levers import LEVERS
from ..results.tables import table
from ..texts import NOTHING, Bilingual, bilingual, has, say
from ..variables import WAN
from .problem import scale_of
from .solution import Answer, Change, DepletedAgeGroup, LeverSetting, UrbanGrowth

# Below this share left the sentence warns. O'Neill and Scherbov (2006, IIASA IR-06-012) ran a
# multistate model of China backwards from a projected urban share and found rural age structures
# that cannot be. The share itself is ours.
EMPTY: Final = 0.1
SIGNS: Final = {">=": "≥", "~": "≈", "near": "near"}


def as_data(answer: Answer, seeds: Seeds) -> dict[str, Any]:
    """The whole answer as plain data."""
    said = sentence(answer, seeds)
    aim, question = answer.aim, answer.question
    several = len(question.levers) > 1
    data: dict[str, Any] = {
        "levers": answer.way.values,
        "probability": answer.way.probability,
        "feasible": answer.way.enough,
        "observed_percentile": _rounded(answer.observed_percentile),
        "persons_a_year": _rounded(_persons(answer.way)),
        "best_attainable": None if answer.way.enough else answer.way.probability,
        "sentence": said.en,
        "sentence_zh": said.zh,
        "asked": question.probability,
        "base_probability": answer.base_probability,
        "target": {
            "region": question.region,
            "indicator": question.indicator,
            "year": question.year,
            "comparison": aim.target.comparison,
            "value": answer.wanted,
            "unit": aim.unit,
            "relative_to": aim.relative_to,
            "source": aim.target.source,
            "place": aim.target.place,
        },
        "set": [word for setting in answer.settings for word in ("--set", setting)],
        "mix": _way(answer.way) if several else None,
        "alone": [_way(way) for way in answer.alone] if several else [],
        "together": None,
        "frontier": [
            dict(zip(question.levers, map(_rounded_more, point), strict=True))
            for point in answer.frontier
        ],
        "pace": {
            "target": _pace(answer.target_pace),
            "solved": _pace(answer.solved_pace),
        },
        "emptied": {
            "residence": answer.depleted.residence,
            "ages": answer.depleted.ages,
            "left": _rounded_more(answer.depleted.left),
            "beside": answer.depleted.beside,
            "left_unchanged": _rounded_more(answer.depleted.unchanged),
        },
        "scenario": answer.scenario.scenario,
        "draws": answer.scenario.ensemble.draws,
        "seed": answer.scenario.ensemble.seed,
    }
    if answer.together is not None:
        share, way = answer.together
        data["together"] = {"share": share, **_way(way)}
    return data


def as_json(answer: Answer, seeds: Seeds) -> str:
    """The whole answer for a machine."""
    return json.dumps(as_data(answer, seeds), ensure_ascii=False, indent=1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _rounded_more(value: float) -> float:
    return float(f"{value:.4g}")


def _persons(way: LeverSetting) -> float:
    """Change of the flow of one lever, signed; of several the sum of magnitudes."""
    if len(way.changes) == 1:
        return way.changes[0].persons
    return sum(abs(change.persons) for change in way.changes)


def _way(way: LeverSetting) -> dict[str, Any]:
    return {
        "levers": way.values,
        "probability": way.probability,
        "feasible": way.enough,
        "changes": [
            {
                "lever": change.lever,
                "before": change.before,
                "value": change.value,
                "persons_a_year": _rounded(change.persons),
                "quantity": None
                if change.quantity is None
                else {
                    "before": _rounded_more(change.quantity[0]),
                    "after": _rounded_more(change.quantity[1]),
                    "unit": LEVERS[change.lever].unit,
                },
            }
            for change in way.changes
        ],
    }


def _pace(pace: UrbanGrowth) -> dict[str, Any]:
    rank: PercentileRank | None = pace.rank
    return {
        "points_a_year": None if pace.points is None else _rounded_more(pace.points),
        "urban_growth_a_year": None if pace.growth is None else _rounded_more(pace.growth),
        "points_percentile": None if rank is None else _rounded(rank.points_percentile),
        "growth_percentile": None if rank is None else _rounded(rank.growth_percentile),
        "reference_en": None if rank is None else rank.reference.en,
        "reference_zh": None if rank is None else rank.reference.zh,
    }


def as_text(answer: Answer, seeds: Seeds) -> str:
    """The answer for a person, in the language of the terminal, and the figures behind it."""
    parts = [sentence(answer, seeds).spoken]
    levers = answer.question.levers
    if len(levers) > 1 and not answer.already:
        ways = [(say("solving.row_alone", lever=lever), way) for lever, way in _by_lever(answer)]
        if answer.together is not None:
            share, way = answer.together
            row = "solving.row_both" if len(answer.alone) == 2 else "solving.row_all"
            ways.append((say(row, share=100 * share), way))
        best = "solving.row_least" if answer.way.enough else "solving.row_most"
        ways.append((say(best), answer.way))
        rows = [
            [name, *(_cell(way, lever) for lever in levers), of_hundred(way.probability)]
            for name, way in ways
        ]
        header = ["", *levers, say("terminal.of_100")]
        parts.append(table(header, rows, "l" + "r" * (len(header) - 1)))
    if not answer.already:
        options = " ".join(f"--set {setting}" for setting in answer.settings)
        parts.append(say("solving.put_back", options=options))
    return "\n\n".join(parts)


def _by_lever(answer: Answer) -> list[tuple[str, LeverSetting]]:
    return [(way.changes[0].lever, way) for way in answer.alone]


def _cell(way: LeverSetting, lever: str) -> str:
    value = way.values.get(lever)
    return "–" if value is None else _setting(lever, value)


def _setting(lever: str, value: float) -> str:
    """Return a lever's value as it is said: a factor, or years added."""
    return f"{value:+.4g}" if scale_of(lever).added else f"×{value:.4g}"


def _persons_text(value: float) -> str:
    """Round persons to two digits, or three from 10,000 on; nobody counts futures to the head.

    Examples
    --------
    >>> _persons_text(9312.4), _persons_text(-84.2), _persons_text(12345.0)
    ('9,300', '84', '12,300')
    """
    size = abs(value)
    digits = 3 if size >= 10_000 else 2
    return f"{float(f'{size:.{digits}g}'):,.0f}"


def sentence(answer: Answer, seeds: Seeds) -> Bilingual:
    """Say what it would take."""
    parts = (_takes(answer, seeds), experience_words(answer), _warning(answer.depleted))
    return bilingual("solving.between_sentences").join(part for part in parts if part.en)


def _name(lever: str) -> Bilingual:
    return bilingual(f"levers.{lever}")


def _join(key: str, parts: Iterable[Bilingual]) -> Bilingual:
    return bilingual(key).join(parts)


def _takes(answer: Answer, seeds: Seeds) -> Bilingual:
    levers, way = answer.question.levers, answer.way
    names = _join("judging.enumeration", map(_name, levers))
    said: dict[str, object] = {
        "aim": _aim_words(answer, seeds),
        "scenario": Bilingual(answer.scenario.scenario, answer.scenario.title.zh),
        "base": of_hundred(answer.base_probability),
        "count": of_hundred(way.probability),
        "levers": names,
    }
    if answer.already:
        but = NOTHING if way.enough else bilingual("solving.no_constant")
        key = "solving.already_several" if len(levers) > 1 else "solving.already"
        return bilingual(key, **said, but=but)
    if not way.enough:
        said |= {
            "asked": f"{100 * answer.question.probability:g}",
            "ranges": Bilingual(_join("solving.and", map(_range, levers)).en, names.zh),
            "at": _join(
                "solving.and_levers",
                (
                    bilingual(
                        "solving.lever_at", name=_name(c.lever), value=_setting(c.lever, c.value)
                    )
                    for c in way.changes
                ),
            ),
        }
        moves = all(LEVERS[lever].moves_people for lever in levers)
        return bilingual("solving.cannot", **said) + (
            NOTHING if moves else bilingual("solving.moves_nobody")
        )
    changes = [change_words(c) for c in way.changes if c.value != c.before]
    instead = bilingual("solving.in_scenario", base=said["base"], scenario=said["scenario"])
    # The English names the scenario by its file, which the reader has just given.
    said["base"] = Bilingual(of_hundred(answer.base_probability), instead.zh)
    text = bilingual("solving.takes", **said, change=_join("solving.and", changes))
    if len(levers) == 1:
        return text
    able = [
        bilingual("solving.that", change=change_words(way.changes[0]))
        for way in answer.alone
        if way.enough
    ]
    if answer.together is not None:
        key = "solving.both_at" if len(levers) == 2 else "solving.all_at"
        able.append(bilingual(key, part=_part(answer.together[0])))
    unable = [
        bilingual("solving.cannot_alone", name=_name(lever), count=of_hundred(way.probability))
        for lever, way in _by_lever(answer)
        if not way.enough
    ]
    if able:
        text += bilingual("solving.alone", ways=_join("solving.or", able))
    if unable:
        said_of = _join("solving.semicolon", unable)
        text += bilingual("solving.unable", levers=Bilingual(said_of.en.capitalize(), said_of.zh))
    return text


def _part(share: float) -> Bilingual:
    if share == 0.5:
        return bilingual("solving.half")
    return bilingual("solving.percent", value=f"{100 * share:.0f}")


def _range(lever: str) -> Bilingual:
    low, high = (_setting(lever, end) for end in (LEVERS[lever].low, LEVERS[lever].high))
    return bilingual("solving.range", name=_name(lever), low=low, high=high)


def indicator_words(indicator: str) -> Bilingual:
    """What an indicator is called inside a sentence."""
    key = f"solving.indicator.{indicator}"
    return bilingual(key if has(key) else f"indicators.{indicator}")


def grid_aim(answer: Answer, seeds: Seeds) -> str:
    """Say the target below the title of a map, in both languages."""
    aim, year = answer.aim, answer.question.year
    what = " ".join(indicator_words(answer.question.indicator))
    sign = SIGNS[aim.target.comparison]
    if aim.relative_to is not None:
        return f"{what} {sign} {' '.join(names_of(seeds, aim.relative_to))}, {year}"
    return f"{what} {sign} {_figure(answer).en}, {year}"


def _aim_words(answer: Answer, seeds: Seeds) -> Bilingual:
    aim, question = answer.aim, answer.question
    said: dict[str, object] = {
        "place": names_of(seeds, question.region),
        "indicator": indicator_words(question.indicator),
        "year": question.year,
    }
    if aim.relative_to is not None:
        other = names_of(seeds, aim.relative_to)
        return bilingual("solving.aim_near", **said, other=other, points=NEAR_POINTS)
    sign = SIGNS[aim.target.comparison]
    return bilingual("solving.aim", **said, sign=sign, figure=_figure(answer))


def _figure(answer: Answer) -> Bilingual:
    if answer.aim.unit == "percent":
        return bilingual("solving.percent", value=f"{answer.wanted:.6g}")
    return bilingual("solving.count", value=f"{answer.wanted / WAN:.6g}")


def names_of(seeds: Seeds, place: str) -> Bilingual:
    """English and Chinese name of a region or urban district."""
    names = (seeds.regions[place] if place in seeds.regions else seeds.districts()[place][1]).names
    return Bilingual(names.en, names.zh)


def change_words(change: Change) -> Bilingual:
    """Say one lever's change, in its own quantity and in persons."""
    lever, name = LEVERS[change.lever], _name(change.lever)
    factor = Bilingual(*2 * (_setting(change.lever, change.value),))
    persons = NOTHING
    if has(f"levers.{lever.name}.flow"):
        persons = bilingual(
            "solving.more" if change.persons >= 0 else "solving.fewer",
            persons=_persons_text(change.persons),
            flow=bilingual(f"levers.{lever.name}.flow"),
        )
    if scale_of(change.lever).added:
        before, idle = NOTHING, NOTHING
        if change.before != 0.0:
            before = bilingual("solving.years_before", before=change.before)
        if change.value < min(change.before, 0.0):
            idle = bilingual("solving.no_measure")
        return bilingual(
            "solving.years", name=name, years=factor, before=before, persons=persons, idle=idle
        )
    if change.before != 1.0:
        before = Bilingual(*2 * (_setting(change.lever, change.before),))
        factor = bilingual("solving.factor_before", factor=factor, before=before)
    if change.quantity is None:
        return bilingual("solving.is", name=name, factor=factor)
    rises = change.quantity[1] >= change.quantity[0]
    verb = ("rise" if rises else "fall") + ("" if name.en.endswith("s") else "s")
    if lever.unit != "persons/year" and persons.en:
        factor = _join("solving.semicolon", (factor, persons))
    return bilingual(
        "solving.moves",
        name=name,
        verb=bilingual(f"solving.{verb}"),
        quantity=_quantity(change, bilingual("solving.up_to" if rises else "solving.down_to")),
        details=factor,
    )


def _quantity(change: Change, between: Bilingual) -> Bilingual:
    assert change.quantity is not None
    before, after = change.quantity
    unit = LEVERS[change.lever].unit
    if unit in ("1/year", "share"):
        digits = _digits(change.quantity)
        ends = [
            bilingual("solving.percent", value=f"{100 * value:.{digits}f}")
            for value in (before, after)
        ]
    elif unit == "children/woman":
        ends = [Bilingual(*2 * (f"{value:.2f}",)) for value in (before, after)]
    else:
        ends = [Bilingual(*2 * (_persons_text(value),)) for value in (before, after)]
    return bilingual(f"levers.{change.lever}.quantity", value=between.join(ends))


def _digits(quantity: Sequence[float]) -> int:
    """Digits of percent that tell the two apart."""
    low, high = 100 * quantity[0], 100 * quantity[1]
    if min(low, high) >= 10 and abs(high - low) >= 1:
        return 0
    return 1 if abs(high - low) >= 0.1 else 2


def experience_words(answer: Answer) -> Bilingual:
    """Say where the target's pace stands among what regions have done; empty where unknown."""
    pace, percentile = answer.target_pace, answer.observed_percentile
    if percentile is None or pace.rank is None:
        return NOTHING
    rank = bilingual("solving.faster_than", percentile=percentile)
    if percentile >= 100.0:
        rank = bilingual("solving.faster_than_any")
    elif percentile <= 0.0:
        rank = bilingual("solving.slower_than_any")
    if answer.aim.is_rate:
        assert pace.points is not None
        speed = bilingual("solving.points_a_year", points=pace.points)
    else:
        assert pace.growth is not None
        speed = bilingual("solving.growth_a_year", growth=100 * pace.growth)
    text = bilingual(
        "solving.experience", pace=speed, year=BASE_YEAR, reference=pace.rank.reference, rank=rank
    )
    for lever in answer.question.levers:
        if has(f"solving.unobserved.{lever}"):
            text += bilingual(f"solving.unobserved.{lever}")
    return text


def _warning(depleted: DepletedAgeGroup) -> Bilingual:
    if depleted.left >= EMPTY:
        return NOTHING
    return bilingual(
        "solving.warning",
        residence=bilingual(f"solving.{depleted.residence}"),
        ages=depleted.ages,
        left=100 * depleted.left,
        beside=bilingual(f"solving.beside.{depleted.beside}", year=BASE_YEAR),
    )
