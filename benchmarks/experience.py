"""Measure how fast regions have urbanized, and write seeds/experience.json.

    python benchmarks/experience.py ../shared/data

Percentiles of points a year and of the yearly growth of the urban population, by the share a
region started from. Only these estimates are written, no row of a table.

Chinese units from census to census. Countries from each of their counts: the share five, ten or
fifteen years later lies on the straight line between the counts on either side. Windows with a
count at both ends would be fewer and of another kind: those of five years come from the few
countries that count so often, which grew faster.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from pooling import SEEDS, countries, rows

from simmodel.judging.historical_rates import NAME, PERCENTS

# Bands of the starting share begin every 5 points and are 15 wide, so that a region stands in the
# middle third of one. Those at the ends are as wide as it takes.
STEP, WIDTH = 0.05, 0.15
LEAST = 15  # windows in a band
# Parts of a unit that do not add up to its total stand on another boundary than the total does.
PARTS = 0.01  # share of the total
COUNTIES = "90"  # middle digits of the codes of counties under a province itself
PREFECTURES = "prefectures_census_2010_2020.csv"
CENSUSES = (2000, 2010, 2020)


@dataclass(frozen=True)
class Window:
    """A unit between two dates: shares, years between, and urban persons where known."""

    unit: str
    start: float
    end: float
    years: float
    urban: tuple[float, float] | None = None

    @property
    def points(self) -> float:
        return 100.0 * (self.end - self.start) / self.years

    @property
    def growth(self) -> float | None:
        if self.urban is None:
            return None
        return float((self.urban[1] / self.urban[0]) ** (1.0 / self.years) - 1.0)


def prefectures(data: Path) -> tuple[list[Window], list[str]]:
    """Prefectures between the censuses of 2010 and 2020, and those left out, each with why."""
    found, left_out = [], []
    for row in rows(data / PREFECTURES):
        totals = [row[f"popu_{y}"] for y in (2010, 2020)]
        parts = [(row[f"popu_urban_{y}"], row[f"popu_rural_{y}"]) for y in (2010, 2020)]
        if row["city"] == row["province"] or row["city_code"][2:4] == COUNTIES:
            left_out.append(f"{row['city']}: not a prefecture")
        elif not all(totals) or not all(all(pair) for pair in parts):
            left_out.append(f"{row['city']}: a census is missing")
        else:
            whole = [float(total) for total in totals]
            sums = [float(urban) + float(rural) for urban, rural in parts]
            urban = [float(pair[0]) for pair in parts]
            off = max(abs(s / w - 1.0) for s, w in zip(sums, whole, strict=True))
            if off > PARTS:
                left_out.append(f"{row['city']}: urban and rural are {off:.0%} off its total")
            else:
                shares = [u / w for u, w in zip(urban, whole, strict=True)]
                found.append(Window(row["city"], *shares, 10.0, (urban[0], urban[1])))
    return found, left_out


def provinces(data: Path) -> list[Window]:
    """Provinces between censuses, by the counts of the censuses themselves."""
    counts: dict[str, dict[int, tuple[float, float]]] = {}
    for row in rows(data / "provinces.csv"):
        if row["preferred"] == "1" and "census, 1 Nov" in row["vintage"]:
            share = float(row["urban_rate_pct"]) / 100.0
            own = counts.setdefault(row["province"], {})
            own[int(row["year"])] = (share, share * float(row["pop_10k"]))
    return [
        Window(name, own[first][0], own[last][0], last - first, (own[first][1], own[last][1]))
        for name, own in sorted(counts.items())
        for first, last in pairwise(CENSUSES)
    ]


def of_countries(data: Path, years: int) -> list[Window]:
    """Countries from each count to so many years later, where a later count encloses that."""
    return [
        Window(code, share, float(np.interp(start + years, dates, shares)), years)
        for code, (dates, shares) in countries(data).items()
        for start, share in zip(dates, shares, strict=True)
        if start + years <= dates[-1]
    ]


def counted_at_both_ends(data: Path, shortest: float, longest: float) -> list[Window]:
    """Countries from count to count, for comparison."""
    return [
        Window(code, shares[i], shares[j], dates[j] - dates[i])
        for code, (dates, shares) in countries(data).items()
        for i in range(dates.size)
        for j in range(i + 1, dates.size)
        if shortest <= dates[j] - dates[i] <= longest
    ]


def columns(windows: Iterable[Window]) -> tuple[np.ndarray, ...]:
    """Starts, points a year, growth a year (NaN unknown) and units, each an array."""
    windows = list(windows)
    growth = [np.nan if w.growth is None else w.growth for w in windows]
    return (
        np.array([w.start for w in windows]),
        np.array([w.points for w in windows]),
        np.array(growth),
        np.array([w.unit for w in windows]),
    )


def bands_of(windows: list[Window]) -> list[dict[str, object]]:
    """Percentiles by the share that windows start from."""
    starts, points, growth, units = columns(windows)
    steps = round(1.0 / STEP)
    wide = round(WIDTH / STEP)

    def inside(low: int, high: int) -> np.ndarray:
        upper = starts <= 1.0 if high == steps else starts < high * STEP
        return (starts >= low * STEP) & upper

    def enough(low: int, high: int) -> bool:
        return int(inside(low, high).sum()) >= LEAST

    lowest = next(high for high in range(wide, steps + 1) if enough(0, high))
    highest = next(low for low in range(steps - wide, -1, -1) if enough(low, steps))
    between = [
        (low, low + wide)
        for low in range(1, steps - wide)
        if low + wide > lowest and low < highest and enough(low, low + wide)
    ]
    edges = [(0, lowest), *between, (highest, steps)]
    bands = []
    for low, high in edges:
        chosen = inside(low, high)
        known = not np.isnan(growth[chosen]).any()
        bands.append(
            {
                "from": round(low * STEP, 2),
                "to": round(high * STEP, 2),
                "count": int(chosen.sum()),
                "units": int(np.unique(units[chosen]).size),
                "points": np.percentile(points[chosen], PERCENTS).round(4).tolist(),
                "growth": np.percentile(growth[chosen], PERCENTS).round(6).tolist()
                if known
                else None,
            }
        )
    return bands


def estimate(data: Path) -> dict[str, dict[str, object]]:
    """All references, as plain data for the file."""
    of_prefectures, left_out = prefectures(data)
    references: Mapping[str, tuple[float, list[Window], str, str, str]] = {
        "prefecture": (
            10,
            of_prefectures,
            "{count} Chinese prefectures that started {band} in 2010 (to 2020)",
            "2010年城镇化率{band}的{count}个中国地级单位（2010—2020年）",
            f"{PREFECTURES}, census to census; left out: "
            + "; ".join(sorted(text for text in left_out if text.endswith("its total"))),
        ),
        "province": (
            10,
            provinces(data),
            "{count} decades of {units} Chinese provinces that started {band} (2000–10, 2010–20)",
            "期初城镇化率{band}的{units}个中国省份的{count}个十年（2000—2010年、2010—2020年）",
            "provinces.csv, counts of the censuses of 2000, 2010 and 2020",
        ),
        **{
            f"country_{years}": (
                years,
                of_countries(data, years),
                f"{{count}} windows of {years} years of {{units}} countries that started {{band}}",
                f"期初城镇化率{{band}}的{{units}}个国家的{{count}}个{years}年时段",
                "wup2018_knots_reconstructed.csv (United Nations, World Urbanization Prospects "
                f"2018, CC BY 3.0 IGO): from each count to {years} years later, between counts "
                "on a straight line",
            )
            for years in (5, 10, 15)
        },
    }
    return {
        name: {
            "years": years,
            "en": english,
            "zh": chinese,
            "made": made,
            "bands": bands_of(windows),
        }
        for name, (years, windows, english, chinese, made) in references.items()
    }


def as_text(references: Mapping[str, object]) -> str:
    """The file's text, a list of numbers on one line."""
    text = json.dumps({"references": references}, indent=1, ensure_ascii=False)
    return re.sub(r"\[[-\d.e,\s]+\]", lambda found: " ".join(found[0].split()), text) + "\n"


def main() -> None:
    """Write the file and show it."""
    data = Path(sys.argv[1])
    references = estimate(data)
    (SEEDS / NAME).write_text(as_text(references), encoding="utf-8")
    for name, reference in references.items():
        print(f"{name}: {reference['made']}")
        for band in reference["bands"]:
            years, points = reference["years"], band["points"]
            gains = " ".join(f"{years * points[q]:6.1f}" for q in (0, 10, 50, 90, 100))
            print(f"  {band['from']:.2f}-{band['to']:.2f} {band['count']:4d}  points: {gains}")
    for years, shortest, longest in ((5, 4, 6), (10, 8, 12), (15, 13, 17)):
        starts, points, _, units = columns(counted_at_both_ends(data, shortest, longest))
        inside = (starts >= 0.35) & (starts <= 0.5)
        middle, high = years * np.percentile(points[inside], [50, 90])
        print(
            f"counted at both ends, {shortest}-{longest} years, from 35-50 %: {inside.sum()} "
            f"windows of {np.unique(units[inside]).size} countries, in {years} years "
            f"{middle:.1f} and {high:.1f}"
        )


if __name__ == "__main__":
    main()
