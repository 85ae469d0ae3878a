"""What it would take, in a planner's words and for a machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from ..errors import among
from ..inputs.scenario import BASE_YEAR
from ..inputs.seeds import Seeds
from ..judging.historical_rates import PercentileRank
from ..judging.likelihood import of_hundred
from ..judging.target import NEAR_POINTS
from ..levers import LEVERS
from ..results.terminal import COMPARISONS, INDICATORS, table
from ..texts import bilingual
from ..variables import WAN
from .problem import scale_of
from .solution import Answer, Change, DepletedAgeGroup, LeverSetting

# The flow it changes.
FLOW_NAMES: Final = {
    "rural_exit": ("people leaving the villages", "农村迁出人口"),
    "local_retention": ("villagers moving to the own towns", "就地进城人口"),
    "arrivals": ("arrivals", "迁入人口"),
    "urban_out_migration": ("townspeople leaving", "城镇迁出人口"),
    "reclassification": ("villagers whose place becomes urban", "划为城镇的人口"),
    "fertility": ("births", "出生人口"),
    "life_expectancy": ("deaths", "死亡人口"),
}
UNMOVED: Final = (
    " Urban registration changes who is registered in towns, not who lives there.",
    "城镇落户改变户籍，不改变常住地。",
)
# What a lever's quantity is counted in; shares are shown in percent.
SHARES: Final = ("local_retention", "rural_exit", "reclassification", "urban_out_migration")
COUNTED_IN: Final = {
    "local_retention": ("", ""),
    "rural_exit": (" of villagers a year", "（每年，占农村人口）"),
    "reclassification": (" of villagers a year", "（每年，占农村人口）"),
    "urban_out_migration": (" of townspeople a year", "（每年，占城镇人口）"),
    "arrivals": (" a year", "人（每年）"),
    "fertility": (" children per woman", "个孩子（每名妇女）"),
}
INDICATORS_ZH: Final = {
    "urbanization_rate": "常住人口城镇化率",
    "urban_population": "城镇常住人口",
    "total_population": "常住人口",
    "urban_district_population": "城区人口",
}
RESIDENCES_ZH: Final = {"urban": "城镇", "rural": "农村"}
# Below this share left the sentence warns. O'Neill and Scherbov (2006, IIASA IR-06-012) ran a
# multistate model of China backwards from a projected urban share and found rural age structures
# that cannot be. The share itself is ours.
EMPTY: Final = 0.1

LEVER_WORDS: Final = {lever: bilingual(f"levers.{lever}") for lever in LEVERS}


def as_data(answer: Answer, seeds: Seeds) -> dict[str, Any]:
    """The whole answer as plain data."""
    english, chinese = sentences(answer, seeds)
    target, question = answer.aim.target, answer.question
    several = len(question.levers) > 1
    data: dict[str, Any] = {
        "levers": answer.way.values,
        "probability": answer.way.probability,
        "feasible": answer.way.enough,
        "observed_percentile": _rounded(answer.observed_percentile),
        "persons_a_year": _rounded(_persons(answer.way)),
        "best_attainable": None if answer.way.enough else answer.way.probability,
        "sentence": english,
        "sentence_zh": chinese,
        "asked": question.probability,
        "base_probability": answer.base_probability,
        "target": {
            "region": question.region,
            "indicator": question.indicator,
            "year": question.year,
            "comparison": target.comparison,
            "value": answer.wanted,
            "unit": "percent" if _is_rate(answer) else "persons",
            "relative_to": target.relative_to,
            "source": target.source,
            "place": target.place,
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
            "residence": answer.emptied.residence,
            "ages": answer.emptied.ages,
            "left": _rounded_more(answer.emptied.left),
            "beside": answer.emptied.beside,
            "left_unchanged": _rounded_more(answer.emptied.unchanged),
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
                    "unit": _unit(change.lever),
                },
            }
            for change in way.changes
        ],
    }


def _unit(lever: str) -> str:
    units = {"local_retention": "share", "arrivals": "persons/year", "fertility": "children/woman"}
    return units.get(lever, "1/year")


def _pace(pace: Any) -> dict[str, Any]:
    standing: PercentileRank | None = pace.standing
    return {
        "points_a_year": None if pace.points is None else _rounded_more(pace.points),
        "urban_growth_a_year": None if pace.growth is None else _rounded_more(pace.growth),
        "points_percentile": None if standing is None else _rounded(standing.points_percentile),
        "growth_percentile": None if standing is None else _rounded(standing.growth_percentile),
        "reference_en": None if standing is None else standing.reference.en,
        "reference_zh": None if standing is None else standing.reference.zh,
    }


def as_text(answer: Answer, seeds: Seeds) -> str:
    """The answer for a person: what it takes in both languages, then the figures behind it."""
    english, chinese = sentences(answer, seeds)
    parts = [english, chinese]
    several = len(answer.question.levers) > 1
    if several and not answer.already:
        ways = [(f"{lever} alone", way) for lever, way in _by_lever(answer)]
        if answer.together is not None:
            share, way = answer.together
            ways.append(
                (f"{'both' if len(answer.alone) == 2 else 'all'} at {100 * share:.0f} %", way)
            )
        ways.append(("least effort" if answer.way.enough else "the most", answer.way))
        rows = [
            [name, *(_cell(way, lever) for lever in answer.question.levers), _chance(way)]
            for name, way in ways
        ]
        header = ["", *answer.question.levers, "of 100"]
        parts.append(table(header, rows, "l" + "r" * (len(header) - 1)))
    if not answer.already:
        parts.append("put it back: " + " ".join(f"--set {s}" for s in answer.settings))
    return "\n\n".join(parts)


def _by_lever(answer: Answer) -> list[tuple[str, LeverSetting]]:
    return [(way.changes[0].lever, way) for way in answer.alone]


def _cell(way: LeverSetting, lever: str) -> str:
    value = way.values.get(lever)
    return "–" if value is None else _setting(lever, value)


def _chance(way: LeverSetting) -> str:
    return of_hundred(way.probability)


def _is_rate(answer: Answer) -> bool:
    return answer.question.indicator == "urbanization_rate"


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


def sentences(answer: Answer, seeds: Seeds) -> tuple[str, str]:
    """Say what it would take, in English and Chinese."""
    english = [_takes(answer, seeds), _experience(answer), *_warning(answer.emptied)]
    chinese = [_takes_zh(answer, seeds), _experience_zh(answer), *_warning_zh(answer.emptied)]
    return " ".join(filter(None, english)), "".join(filter(None, chinese))


def _takes(answer: Answer, seeds: Seeds) -> str:
    levers = answer.question.levers
    aim = _aim(answer, seeds)
    now = f"{of_hundred(answer.base_probability)} of 100 futures"
    name = answer.scenario.scenario
    them = among(LEVER_WORDS[i][0] for i in levers)
    if answer.already:
        stay = f"{them} may stay as {'they are' if len(levers) > 1 else 'it is'}"
        but = "" if answer.way.enough else ", though no constant value does as well"
        return f"{aim} is met in {now} of {name} already: {stay}{but}."
    then = f"{of_hundred(answer.way.probability)} of 100"
    if not answer.way.enough:
        ranges = " and ".join(_range(i) for i in levers)
        at = " and ".join(
            f"{LEVER_WORDS[c.lever][0]} at {_setting(c.lever, c.value)}" for c in answer.way.changes
        )
        return (
            f"{aim} cannot be made as likely as {_asked(answer)} of 100 by {ranges}: the most is "
            f"{then}, with {at}; as {name} stands it is {of_hundred(answer.base_probability)}."
            + (UNMOVED[0] if "urban_registration" in levers else "")
        )
    change = " and ".join(_change(c) for c in answer.way.changes if c.value != c.before)
    text = f"{aim} is met in {then} futures, instead of {now.split()[0]}, if {change}."
    if len(levers) == 1:
        return text
    able = [f"that {_change(way.changes[0])}" for way in answer.alone if way.enough]
    if answer.together is not None:
        number = "both" if len(levers) == 2 else "all"
        able.append(f"{number} at {_part(answer.together[0])} of these changes")
    unable = [
        f"{LEVER_WORDS[lever][0]} alone cannot do it (at most {of_hundred(way.probability)} of 100)"
        for lever, way in _by_lever(answer)
        if not way.enough
    ]
    if able:
        text += f" Alone it would take {'; or '.join(able)}."
    return f"{text} {'; '.join(unable).capitalize()}." if unable else text


def _part(share: float) -> str:
    return "half" if share == 0.5 else f"{100 * share:.0f} %"


def _asked(answer: Answer) -> str:
    return f"{100 * answer.question.probability:g}"


def _range(lever: str) -> str:
    rule = LEVERS[lever]
    return f"{LEVER_WORDS[lever][0]} {_setting(lever, rule.low)} to {_setting(lever, rule.high)}"


def grid_aim(answer: Answer, seeds: Seeds) -> str:
    """Say the target below the title of a map, in both languages."""
    target, question = answer.aim.target, answer.question
    what = f"{INDICATORS[question.indicator]} {INDICATORS_ZH[question.indicator]}"
    sign = COMPARISONS[target.comparison]
    if target.relative_to is not None:
        english, chinese = names_of(seeds, target.relative_to)
        return f"{what} {sign} {english} {chinese}, {question.year}"
    return f"{what} {sign} {_figure(answer)}, {question.year}"


def _aim(answer: Answer, seeds: Seeds) -> str:
    target, question = answer.aim.target, answer.question
    place = names_of(seeds, question.region)[0]
    what = f"{place}'s {INDICATORS[question.indicator]}"
    if target.relative_to is not None:
        other = names_of(seeds, target.relative_to)[0]
        return f"{what} at most {NEAR_POINTS:g} point below {other}'s in {question.year}"
    sign = COMPARISONS[target.comparison]
    return f"{what} {sign} {_figure(answer)} in {question.year}"


def _figure(answer: Answer) -> str:
    return f"{answer.wanted:.6g} %" if _is_rate(answer) else f"{answer.wanted / WAN:.6g} 万"


def names_of(seeds: Seeds, place: str) -> tuple[str, str]:
    """English and Chinese name of a region or urban district."""
    names = (seeds.regions[place] if place in seeds.regions else seeds.districts()[place][1]).names
    return names.en, names.zh


def _change(change: Change) -> str:
    """Say one lever's change, in its own quantity and in persons."""
    name, (flow, _) = LEVER_WORDS[change.lever][0], FLOW_NAMES.get(change.lever, ("", ""))
    more = "more" if change.persons >= 0 else "fewer"
    persons = f"{_persons_text(change.persons)} {more} {flow} a year"
    factor = _setting(change.lever, change.value)
    if scale_of(change.lever).added:
        base = "" if change.before == 0.0 else f", instead of {change.before:+.4g}"
        idle = "; no measure anyone would take" if change.value < min(change.before, 0.0) else ""
        return f"{name} is {factor} years{base} ({persons}{idle})"
    if change.before != 1.0:
        factor = f"{factor} instead of {_setting(change.lever, change.before)}"
    if change.quantity is None:
        return f"{name} is {factor}"
    verb = "rise" if change.quantity[1] >= change.quantity[0] else "fall"
    verb += "" if name.endswith("s") else "s"
    quantity = _quantity(change, " to ", 0)
    if change.lever == "arrivals":
        return f"{name} {verb} from {quantity} ({factor})"
    return f"{name} {verb} from {quantity} ({factor}; {persons})"


def _quantity(change: Change, between: str, language: int) -> str:
    assert change.quantity is not None
    before, after = change.quantity
    if change.lever in SHARES:
        digits = _digits(change.quantity)
        words = f"{100 * before:.{digits}f} %{between}{100 * after:.{digits}f} %"
    elif change.lever == "fertility":
        words = f"{before:.2f}{between}{after:.2f}"
    else:
        words = f"{_persons_text(before)}{between}{_persons_text(after)}"
    return words + COUNTED_IN[change.lever][language]


def _digits(quantity: Sequence[float]) -> int:
    """Digits of percent that tell the two apart."""
    low, high = 100 * quantity[0], 100 * quantity[1]
    if min(low, high) >= 10 and abs(high - low) >= 1:
        return 0
    return 1 if abs(high - low) >= 0.1 else 2


def change_words(change: Change) -> tuple[str, str]:
    """Say one lever's change, in English and Chinese."""
    return _change(change), _change_zh(change)


def experience_words(answer: Answer) -> tuple[str, str]:
    """Say where the target's pace stands among what regions have done; empty where unknown."""
    return _experience(answer), _experience_zh(answer)


def _experience(answer: Answer) -> str:
    """Say where the target's pace stands among what regions have done."""
    pace, percentile = answer.target_pace, answer.observed_percentile
    if percentile is None or pace.standing is None:
        return ""
    text = (
        f"Its pace, {_pace_words(answer)[0]} a year from {BASE_YEAR}, is {_rank(percentile)} of "
        f"{pace.standing.reference.en}."
    )
    if "local_retention" in answer.question.levers:
        text += " How much regions retain is not observed: nothing says how far that can rise."
    return text


def _rank(percentile: float) -> str:
    if percentile >= 100.0:
        return "faster than any"
    if percentile <= 0.0:
        return "slower than any"
    return f"faster than that of {percentile:.0f} %"


def _pace_words(answer: Answer) -> tuple[str, str]:
    pace = answer.target_pace
    if _is_rate(answer):
        assert pace.points is not None
        return f"{pace.points:.1f} points", f"每年{pace.points:.1f}个百分点"
    assert pace.growth is not None
    return (
        f"{100 * pace.growth:.1f} % of urban growth",
        f"城镇人口每年增长{100 * pace.growth:.1f} %",
    )


def _warning(emptied: DepletedAgeGroup) -> list[str]:
    if emptied.left >= EMPTY:
        return []
    beside = {
        "unchanged": "of those there would be without the change",
        "cohort": f"of the same people counted in {BASE_YEAR}",
    }[emptied.beside]
    return [
        f"Warning: of {emptied.residence} residents aged {emptied.ages} only "
        f"{100 * emptied.left:.0f} % would be left {beside}: an age structure that may not be "
        "possible (O'Neill and Scherbov 2006)."
    ]


def _takes_zh(answer: Answer, seeds: Seeds) -> str:
    levers = answer.question.levers
    aim = _aim_zh(answer, seeds)
    them = "、".join(LEVER_WORDS[i][1] for i in levers)
    base, then = of_hundred(answer.base_probability), of_hundred(answer.way.probability)
    title = answer.scenario.title.zh
    if answer.already:
        return f"在“{title}”情景的100种未来中，已有{base}种实现{aim}，{them}无须调整。"
    if not answer.way.enough:
        at = "、".join(
            f"{LEVER_WORDS[c.lever][1]}{_setting(c.lever, c.value)}" for c in answer.way.changes
        )
        return (
            f"仅靠{them}，{aim}达不到100种未来中{_asked(answer)}种：最多{then}种（{at}），"
            f"“{title}”情景下为{base}种。" + (UNMOVED[1] if "urban_registration" in levers else "")
        )
    change = "，".join(_change_zh(c) for c in answer.way.changes if c.value != c.before)
    text = f"若{change}，{aim}在100种未来中有{then}种实现（“{title}”情景下为{base}种）。"
    if len(levers) == 1:
        return text
    able = [_change_zh(way.changes[0]) for way in answer.alone if way.enough]
    if answer.together is not None:
        share = answer.together[0]
        able.append(f"各完成上述变化的{'一半' if share == 0.5 else f'{100 * share:.0f} %'}")
    unable = [
        f"仅靠{LEVER_WORDS[lever][1]}最多{of_hundred(way.probability)}种"
        for lever, way in _by_lever(answer)
        if not way.enough
    ]
    if able:
        text += f"单独调整则需：{'；或'.join(able)}。"
    return f"{text}{'；'.join(unable)}。" if unable else text


def _aim_zh(answer: Answer, seeds: Seeds) -> str:
    target, question = answer.aim.target, answer.question
    place = names_of(seeds, question.region)[1]
    what = f"{place}{question.year}年{INDICATORS_ZH[question.indicator]}"
    if target.relative_to is not None:
        other = names_of(seeds, target.relative_to)[1]
        return f"{what}达到{other}水平（至多低{NEAR_POINTS:g}个百分点）"
    sign = COMPARISONS[target.comparison]
    return f"{what}{sign}{_figure(answer)}{'' if _is_rate(answer) else '人'}"


def _change_zh(change: Change) -> str:
    name, (_, flow) = LEVER_WORDS[change.lever][1], FLOW_NAMES.get(change.lever, ("", ""))
    more = "增加" if change.persons >= 0 else "减少"
    persons = f"{flow}每年{more}{_persons_text(change.persons)}人"
    factor = _setting(change.lever, change.value)
    if scale_of(change.lever).added:
        base = "" if change.before == 0.0 else f"（原为{change.before:+.4g}岁）"
        idle = "；无人会采取此措施" if change.value < min(change.before, 0.0) else ""
        return f"{name}{factor}岁{base}（{persons}{idle}）"
    if change.before != 1.0:
        factor = f"{factor}，原为{_setting(change.lever, change.before)}"
    if change.quantity is None:
        return f"{name}为{factor}"
    verb = "提高到" if change.quantity[1] >= change.quantity[0] else "降低到"
    quantity = _quantity(change, verb, 1)
    if change.lever == "arrivals":
        return f"{name}由{quantity}（{factor}）"
    return f"{name}由{quantity}（{factor}；{persons}）"


def _experience_zh(answer: Answer) -> str:
    pace, percentile = answer.target_pace, answer.observed_percentile
    if percentile is None or pace.standing is None:
        return ""
    rank = f"快于其中{percentile:.0f} %"
    if percentile >= 100.0:
        rank = "快于其中任何一个"
    elif percentile <= 0.0:
        rank = "慢于其中任何一个"
    text = f"自{BASE_YEAR}年起{_pace_words(answer)[1]}，对照{pace.standing.reference.zh}，{rank}。"
    if "local_retention" in answer.question.levers:
        text += "各地就近进城比重没有直接观测，能提高多少无先例可循。"
    return text


def _warning_zh(emptied: DepletedAgeGroup) -> list[str]:
    if emptied.left >= EMPTY:
        return []
    beside = {"unchanged": "不作调整时", "cohort": f"{BASE_YEAR}年同一批人"}[emptied.beside]
    return [
        f"注意：{RESIDENCES_ZH[emptied.residence]}{emptied.ages}岁人口将只剩{beside}的"
        f"{100 * emptied.left:.0f} %，这样的年龄结构未必可能（O'Neill和Scherbov，2006）。"
    ]
