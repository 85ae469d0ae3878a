"""Every figure a seed file takes from a plan stands in the text of that plan.

The texts lie beside the repository (``../shared/seeds``) and are not shipped; without them the
comparison skips. A figure is looked for as a whole number, behind the words that say what it is,
before its unit, in its year, and with the words 左右 or 以上 that its comparison says.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "seeds"
DOCUMENTS = ROOT.parent / "shared" / "seeds"
needs_documents = pytest.mark.skipif(
    not DOCUMENTS.is_dir(), reason=f"the plans' texts are not at hand: no folder {DOCUMENTS}"
)

# A gap stays within one clause group, so that a number is not read with another sentence's words.
GAP = r"[^。;]{0,24}?"
LONG_GAP = r"[^。;]{0,45}?"
YEARS_APART = r"(?:2015年|第六次人口普查)"

UNITS = {
    "10k_persons": r"万余?(?:人|个)?",
    "10k_persons_per_year": r"万人",
    "percent": r"%",
    "percentage_points": r"(?:和[\d.]+)?个百分点",
    "percentage_points_per_year": r"个百分点",
    "km2": r"(?:km2|平方公里)",
}

# What a text says before the number, by indicator.
WORDS = {
    "area": r"总面积",
    "built_up_area": rf"建成区面积{GAP}",
    "built_up_area_change": rf"建成区面积{GAP}增加",
    "hukou_granted": r"落户城镇",
    "mean_town_built_up_area": r"建制镇平均建成区面积",
    "new_urban_jobs": r"新增(?:城镇)?就业(?:人数)?",
    "planned_construction_land": rf"规划建设用地面积{GAP}",
    "programme": r"移民计划搬迁",
    "registered_population": r"户籍人口",
    "registered_unemployment_rate": r"登记失业率",
    "registered_urban_population": rf"城镇户籍人口{GAP}",
    "registered_urban_population_change_per_year": rf"城镇户籍人口{LONG_GAP}年均增加",
    "residence_permits": r"发放居住证",
    "total_population": r"(?:总人口|常住人口)(?:达到|达)?",
    "urban_population": rf"城镇(?:常住)?人口{GAP}",
    "urban_population_change_per_year": rf"城镇人口{LONG_GAP}年均增加",
    "urbanization_rate": rf"城镇化率{GAP}",
    "urbanization_rate_change": rf"城镇化率{GAP}比{YEARS_APART}提高",
    "urbanization_rate_change_per_year": rf"城镇化率{LONG_GAP}年均提高",
}
PLACES = {"designated_towns": r"个建制镇", "townships": r"个乡(?!镇)"}
PEERS = {"china": "全国", "gansu": "全省", "guizhou": "全省"}
DISTRICTS = {
    "liupanshui.central_city": r"市中心城区",
    "liupanshui.panzhou_urban_district": r"盘州",
    "liupanshui.liuzhi_urban_district": r"六枝",
}
# Stocks that a text dates; a target is always dated.
DATED = {"registered_urban_population", "urban_population", "urbanization_rate"}


@dataclass(frozen=True)
class Figure:
    """One number taken from a plan, with everything that says where it must stand."""

    file: str
    kind: str
    indicator: str
    number: str
    document: str
    pattern: str
    year: int | None
    comparison: str | None

    def __str__(self) -> str:
        return f"{self.file}-{self.kind}-{self.indicator}-{self.year}-{self.number}"


def load(name: str) -> dict:
    """Read one seed file, as YAML 1.2."""
    return YAML(typ="safe", pure=True).load(SEEDS / name)


def token(number: str) -> str:
    """Match the number alone, never the inside of a longer one."""
    return rf"(?<!\d)(?<!\d\.){re.escape(number)}(?!\d)(?!\.\d)"


@cache
def text_of(document: str) -> str:
    """Return a plan's text with full-width forms folded and tables and lines joined by spaces."""
    raw = (DOCUMENTS / f"{document}.txt").read_text(encoding="utf-8")
    return re.sub(r"[\s|]+", " ", unicodedata.normalize("NFKC", raw))


def pattern_of(region: dict, indicator: str, entry: dict, number: str) -> str:
    """Return the expression a text must satisfy; the number is its group ``n``."""
    n = rf"(?P<n>{token(number)})"
    if indicator in PLACES:
        return rf"{n}\s?{PLACES[indicator]}"
    unit = UNITS[entry["unit"]]
    if indicator == "urbanization_rate_gap":
        peer = PEERS[entry["relative_to"]]
        if entry["direction"] == "above":
            first = r"[\d.]+和" if peer == "全省" else ""
            last = r"和[\d.]+个百分点" if peer == "全国" else r"个百分点"
            return rf"高于全国、全省{first}{n}{last}"
        return rf"(?:滞后|落后){LONG_GAP}{peer}近?{n}\s?{unit}"
    if "change_low" in entry:
        other = entry["change_high" if number == str(entry["change_low"]) else "change_low"]
        dash = r"\s?[—–-]+\s?"
        low_first = number == str(entry["change_low"])
        span = rf"{n}{dash}{token(str(other))}" if low_first else rf"{token(str(other))}{dash}{n}"
        return rf"城镇化率{GAP}平均增长{span}\s?{unit}"
    if indicator == "urban_district_population":
        return rf"{DISTRICTS[entry['region']]}{LONG_GAP}人口(?:达到|达){n}\s?{unit}"
    if indicator == "urban_district_built_up_area":
        return rf"{DISTRICTS[entry['region']]}{LONG_GAP}建成区面积达{n}\s?{unit}"
    if indicator == "urban_district_base":
        return rf"{DISTRICTS[entry['region']]}[^。;]{{0,12}}?\(万人\)\s?{n}"
    words = WORDS[indicator]
    if entry["unit"] == "10k_persons_per_year" and indicator == "new_urban_jobs":
        words = rf"每年{words}"
    if region["level"] == "county":
        # Two counties share a sentence: the county's own name must stand close before the words.
        return rf"{region['names']['zh']}{GAP}{words}{n}\s?{unit}"
    return rf"{words}{n}\s?{unit}"


def figures_of(region: dict, sources: dict) -> Iterator[Figure]:
    """Yield every figure of one region file whose source is a plan."""

    def figure(kind: str, indicator: str, entry: dict, value: float, *, year: int | None) -> Figure:
        document = sources[entry["source"]]["document"]
        number = str(value)
        pattern = pattern_of(region, indicator, entry, number)
        comparison = entry.get("comparison")
        return Figure(
            f"{region['id']}.yaml", kind, indicator, number, document, pattern, year, comparison
        )

    def of_plan(entry: dict) -> bool:
        return sources[entry["source"]]["kind"] == "plan"

    for entry in filter(of_plan, region.get("observations", [])):
        dated = entry["indicator"] in DATED and entry.get("vintage") != "undated"
        year = entry["year"] if dated else None
        yield figure("observation", entry["indicator"], entry, entry["value"], year=year)
    for entry in filter(of_plan, region.get("targets", [])):
        for key in ("value", "change_low", "change_high"):
            if key in entry:
                yield figure("target", entry["indicator"], entry, entry[key], year=entry["year"])
        if "built_up_area" in entry:
            area = entry["built_up_area"]
            part = {"region": entry["region"], "source": entry["source"], **area}
            indicator = "urban_district_built_up_area"
            yield figure("target", indicator, part, area["value"], year=entry["year"])
    for entry in filter(of_plan, region.get("programmes", [])):
        yield figure("programme", "programme", entry, entry["value"], year=entry["to"])
    for district in region.get("urban_districts", []):
        entry = {**district["population"], "region": district["id"]}
        if of_plan(entry):
            yield figure("district", "urban_district_base", entry, entry["value"], year=None)


def region_files() -> list[str]:
    """Name the region files, in order."""
    return sorted(path.name for path in SEEDS.glob("*.yaml") if path.name != "sources.yaml")


def all_figures() -> list[Figure]:
    """Collect the figures of every region file."""
    sources = load("sources.yaml")
    return [figure for name in region_files() for figure in figures_of(load(name), sources)]


def years_said(text: str, position: int) -> set[int]:
    """Return the years in force at a place of a text: the last one named, the last heading's."""
    before = text[:position]
    years = [int(year) for year in re.findall(r"(20\d\d)年", before)[-1:]]
    said = set(years) | {int(year) for year in re.findall(r"到(20\d\d)年:", before)[-1:]}
    if re.search(r"经过5年努力[^。]*$", before):
        said |= {year + 5 for year in years}
    return said


def stands(figure: Figure) -> bool:
    """Say whether the figure stands in its document as the seed file has it."""
    text = text_of(figure.document)
    for match in re.finditer(figure.pattern, text):
        end = match.end("n")
        tail = re.match(r"\s?(?:万人?|%|km2|平方公里)?(左右|以上)?", text[end:])
        word = tail.group(1) if tail else None
        # Most observations have no comparison to hold against the text.
        agrees = figure.comparison is None or (figure.comparison == "~") == (word == "左右")
        if agrees and (figure.year is None or figure.year in years_said(text, match.start("n"))):
            return True
    return False


def neighbours(number: str) -> list[str]:
    """Return the number with its last digit one up and one down."""
    digits = len(number.partition(".")[2])
    step = 10**-digits
    return [f"{float(number) + change:.{digits}f}" for change in (step, -step)]


FIGURES = all_figures()


@needs_documents
@pytest.mark.parametrize("figure", FIGURES, ids=str)
def test_the_figure_stands_in_its_plan(figure: Figure) -> None:
    assert stands(figure), f"{figure} is not in {figure.document}.txt: no {figure.pattern}"


@needs_documents
@pytest.mark.parametrize("figure", FIGURES, ids=str)
def test_a_slip_of_the_last_digit_is_found(figure: Figure) -> None:
    for wrong in neighbours(figure.number):
        pattern = figure.pattern.replace(token(figure.number), token(wrong))
        slipped = Figure(**{**figure.__dict__, "number": wrong, "pattern": pattern})
        assert pattern != figure.pattern
        assert not stands(slipped), f"{wrong} would pass for {figure}"


@needs_documents
def test_every_plan_has_a_text() -> None:
    plans = [s for s in load("sources.yaml").values() if s["kind"] == "plan"]
    assert len(plans) == 5
    assert all((DOCUMENTS / f"{plan['document']}.txt").is_file() for plan in plans)


def test_the_plans_make_twenty_seven_verdict_rows() -> None:
    rows: dict[str, int] = {}
    for name in region_files():
        for target in load(name).get("targets", []):
            if target["indicator"] == "new_urban_jobs":
                continue
            key = "districts" if "region" in target else name.removesuffix(".yaml")
            rows[key] = rows.get(key, 0) + (2 if "change_low" in target else 1)
    assert rows == {
        "wuwei": 2,
        "linxia": 4,
        "liupanshui": 4,
        "districts": 6,
        "liupanshui.zhongshan": 2,
        "liupanshui.shuicheng": 2,
        "liupanshui.panzhou": 1,
        "liupanshui.liuzhi": 1,
        "gansu": 1,
        "jinchang": 4,
    }
    assert sum(rows.values()) == 27


def test_no_jobs_target_is_lost() -> None:
    jobs = [
        (name.removesuffix(".yaml"), target["value"], target["unit"])
        for name in region_files()
        for target in load(name).get("targets", [])
        if target["indicator"] == "new_urban_jobs"
    ]
    assert jobs == [
        ("linxia", 1.5, "10k_persons_per_year"),
        ("liupanshui", 33, "10k_persons"),
        ("wuwei", 7.5, "10k_persons"),
    ]
