"""How well the paths of urban shares forecast, the nation's path given, from public statistics.

    python benchmarks/urban_share.py [DATA] [--json]

DATA holds provinces.csv, figures_2021_2025.csv and prefectures_all_2010_2020.csv. Scored are every
share published since 2020 from those before it; provinces from 2010 to 2020, each with parameters
estimated on the others; prefectures over the same decade, each with parameters estimated on the
other provinces. "Given the nation" is a gift, and the simpler method gets it too: the parent's gain
of log odds times the ratio of the decade before, or times one where there was none.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from simmodel.forecast.pooling import logit, share_of
from simmodel.forecast.urban_share import PathParameters, ShareObservation, Start, draw_paths
from simmodel.forecast.urban_share_fit import (
    PRIORS,
    ChildParameters,
    Group,
    UrbanShareEstimates,
    estimate,
    estimate_children,
)

DRAWS = 4000
SEED = 20201101
# A census counts in whole persons: the standard error of the printing is next to nothing.
COUNTED = 3e-5
PRINTED = 1e-4 / 12**0.5
MUNICIPALITIES = ("北京市", "天津市", "上海市", "重庆市")
CHINESE = {"Wuwei": "武威市", "Jinchang": "金昌市", "Liupanshui": "六盘水市"}
PARENTS = {"Wuwei": "Gansu", "Jinchang": "Gansu", "Liupanshui": "Guizhou"}


@dataclass(frozen=True)
class Scores:
    """Errors in percentage points, and of 100 how many lay in their 80 % interval."""

    forecasts: int
    mean_error: float
    simpler: float
    held: float
    width: float


class Statistics:
    """The public statistics that are scored, by unit."""

    def __init__(self, folder: Path):
        rows = pd.read_csv(folder / "provinces.csv")
        published = pd.read_csv(folder / "figures_2021_2025.csv")
        published = published[published.indicator == "urbanization_rate"]
        self.share, people = {}, {}
        for year in (2000, 2010, 2020):
            census = rows[(rows.year == year) & rows.vintage.str.contains(f"{year} census")]
            census = census.set_index("province")
            self.share[year] = census.urban_rate_pct / 100.0
            people[year] = census.pop_10k
        self.provinces = list(self.share[2010].index)
        self.nation = {
            year: float(np.average(share, weights=people[year][share.index]))
            for year, share in self.share.items()
        }
        self.decade = {
            start: float(logit(self.nation[start + 10]) - logit(self.nation[start]))
            for start in (2000, 2010)
        }
        self.figures: dict[str, dict[int, float]] = {}
        later = rows[rows.year > 2020]
        for unit, year, percent in [
            *zip(later.province, later.year, later.urban_rate_pct, strict=True),
            *zip(published.region, published.year, published.value, strict=True),
        ]:
            self.figures.setdefault(unit, {})[int(year)] = float(percent) / 100.0
        # The published share of 2020 includes servicemen, as later ones do.
        china = [0.6389, *(self.figures["China"][year] for year in range(2021, 2026))]
        self.gains = np.diff(logit(china))
        self.prefectures = pd.read_csv(folder / "prefectures_all_2010_2020.csv").query(
            "0 < popu_urban_2010 < popu_2010 and 0 < popu_urban_2020 < popu_2020"
        )
        self.prefectures = self.prefectures[~self.prefectures.province.isin(MUNICIPALITIES)]

    def ratio(self, province: str, start: int) -> float:
        """Gain of a province over the nation's in the decade from ``start``."""
        gain = logit(self.share[start + 10][province]) - logit(self.share[start][province])
        return float(gain) / self.decade[start]

    def offset(self, province: str, year: int) -> float:
        """Log odds of a province above the nation's."""
        return float(logit(self.share[year][province]) - logit(self.nation[year]))

    def group(
        self, provinces: list[str], start: int, figures: tuple[ShareObservation, ...]
    ) -> Group:
        """Provinces from a census on, with what the decade before it showed."""
        gains = np.full(10, self.decade[2010] / 10.0) if start == 2010 else self.gains
        return Group(
            Start(self.share[start][provinces].to_numpy(float), self.nation[start]),
            np.array([self.ratio(p, start - 10) for p in provinces]),
            np.array([self.offset(p, start - 10) for p in provinces]),
            np.tile(gains[:, None], len(provinces)),
            np.full(len(gains), gains.mean()),
            figures,
        )

    def decade_of(self, provinces: list[str]) -> Group:
        """Return the decade from 2010, with the count at its end."""
        counted = self.share[2020][provinces].to_numpy(float)
        return self.group(provinces, 2010, (ShareObservation(10, counted, COUNTED, census=True),))


def start_of(data: Statistics, province: str, year: int, parameters: PathParameters) -> Start:
    """Where a province starts, its past departure beside what its level let expect."""
    answer = 1.0 + np.asarray(parameters.slope) * data.offset(province, year - 10)
    past = data.ratio(province, year - 10) - answer
    return Start(float(data.share[year][province]), data.nation[year], past)


def scores(rows: list[tuple[float, float, np.ndarray]]) -> Scores:
    """Score forecasts: what came, the simpler forecast, and draws; shares."""
    came, simpler = (100.0 * np.array([row[i] for row in rows]) for i in (0, 1))
    low, middle, high = np.array([100.0 * np.quantile(row[2], (0.1, 0.5, 0.9)) for row in rows]).T
    return Scores(
        len(rows),
        float(np.abs(middle - came).mean()),
        float(np.abs(simpler - came).mean()),
        100.0 * float(((low <= came) & (came <= high)).mean()),
        float((high - low).mean()),
    )


def published(path: np.ndarray, error: np.ndarray, par: PathParameters, rng) -> np.ndarray:
    """Draws of the share that a communiqué would print at the end of a path."""
    white = np.asarray(par.white_error) * rng.standard_normal(path.shape[1])
    return share_of(path[-1]) + error[-1] + white


def before(
    figures: dict[int, float], year: int, *, included: bool = False
) -> list[ShareObservation]:
    """Figures of earlier years, of the year itself too where it is included."""
    last = year if included else year - 1
    return [
        ShareObservation(y - 2020, share, PRINTED)
        for y, share in sorted(figures.items())
        if y <= last
    ]


def later_figures(
    data: Statistics, drawn: PathParameters, children: ChildParameters, rng
) -> dict[str, Scores]:
    """Every share published since 2020 from those before it, the nation's years given."""
    nation, mean = np.tile(data.gains[:, None], DRAWS), np.full(5, data.gains.mean())
    found: dict[str, list] = {"provinces": [], "prefectures": []}
    for unit, figures in sorted(data.figures.items()):
        if unit in data.provinces:
            start = start_of(data, unit, 2020, drawn)
            for year, came in figures.items():
                years = year - 2020
                path, error = draw_paths(
                    start, nation[:years], mean[:years], before(figures, year), drawn, rng
                )
                naive = data.gains[:years].sum() * data.ratio(unit, 2010)
                simpler = float(share_of(logit(start.share) + naive))
                found["provinces"].append((came, simpler, published(path, error, drawn, rng)))
        elif unit in PARENTS:
            parent = PARENTS[unit]
            row = data.prefectures[data.prefectures.city == CHINESE[unit]].iloc[0]
            start = Start(row.popu_urban_2020 / row.popu_2020, float(data.share[2020][parent]))
            own = as_path(children, drawn, row.popu_2020, rng)
            for year, came in figures.items():
                years = year - 2020
                above, _ = draw_paths(
                    start_of(data, parent, 2020, drawn),
                    nation,
                    mean,
                    before(data.figures[parent], year, included=True),
                    drawn,
                    rng,
                )
                gains = np.diff(above, axis=0)[:years]
                path, error = draw_paths(
                    start, gains, mean[:years], before(figures, year), own, rng
                )
                simpler = float(share_of(logit(start.share) + np.median(gains.sum(axis=0))))
                found["prefectures"].append((came, simpler, published(path, error, own, rng)))
    return {name: scores(rows) for name, rows in found.items()}


def as_path(children: ChildParameters, drawn: PathParameters, people: float, rng) -> PathParameters:
    """Parameters of a child's path: the scale of a decade's mean as that of a single year.

    The variance of a mean over T years of a process with memory m is 2 x (1 - x (1 - exp(-1/x)))
    of its own, x = m / T. Heavy tails are one gamma weight a draw.
    """
    x = np.asarray(drawn.memory) / 10.0
    of_mean = 2.0 * x * (1.0 - x * (1.0 - np.exp(-1.0 / x)))
    weight = rng.gamma(children.degrees_of_freedom / 2.0, 2.0 / children.degrees_of_freedom, DRAWS)
    spread = children.scale(np.array(people)) / np.sqrt(of_mean * weight)
    return replace(drawn, slope=children.slope, departure=spread)


def provinces_decade(data: Statistics, rng) -> Scores:
    """Score provinces from 2010 to 2020, each from parameters that the others give."""
    rows = []
    for province in data.provinces:
        others = [p for p in data.provinces if p != province]
        drawn = estimate([data.decade_of(others)]).draw(rng, DRAWS)
        start = start_of(data, province, 2010, drawn)
        gains = np.full(10, data.decade[2010] / 10.0)
        path, _ = draw_paths(start, np.tile(gains[:, None], DRAWS), gains, [], drawn, rng)
        naive = logit(start.share) + data.decade[2010] * data.ratio(province, 2000)
        rows.append((float(data.share[2020][province]), float(share_of(naive)), share_of(path[-1])))
    return scores(rows)


def of_prefectures(table: pd.DataFrame) -> tuple[np.ndarray, ...]:
    """Departures, log odds above the province, people, start and the province's gain."""
    log_odds = {
        year: logit(table[f"popu_urban_{year}"] / table[f"popu_{year}"]) for year in (2010, 2020)
    }
    sums = table.groupby("province")[[f"popu_{p}{y}" for p in ("", "urban_") for y in (2010, 2020)]]
    sums = sums.transform("sum")
    above = {y: logit(sums[f"popu_urban_{y}"] / sums[f"popu_{y}"]) for y in (2010, 2020)}
    gain = above[2020] - above[2010]
    departures = (log_odds[2020] - log_odds[2010]) / gain - 1.0
    people = table.popu_2010.to_numpy(float)
    return departures, log_odds[2010] - above[2010], people, log_odds[2010], gain


def prefectures_decade(data: Statistics, rng) -> Scores:
    """Score prefectures from 2010 to 2020 given their province, a province left out at a time."""
    table = data.prefectures
    departures, offsets, people, start, gain = of_prefectures(table)
    rows = []
    for province in sorted(set(table.province)):
        out = (table.province == province).to_numpy()
        found = estimate_children(departures[~out], offsets[~out], people[~out])
        for i in np.flatnonzero(out):
            deviation = found.scale(people[i]) * rng.standard_t(found.degrees_of_freedom, DRAWS)
            drawn = share_of(start[i] + gain[i] * (1.0 + found.slope * offsets[i] + deviation))
            came = float(share_of(start[i] + gain[i] * (1.0 + departures[i])))
            rows.append((came, float(share_of(start[i] + gain[i])), drawn))
    return scores(rows)


def shown(found: UrbanShareEstimates) -> dict[str, dict[str, float]]:
    """Estimates beside their priors."""
    errors = np.sqrt(np.diag(found.covariance))
    return {
        name: {
            "estimate": float(getattr(found.parameters, name)),
            "prior": prior.median,
            "of_prior_spread_left": float(error / prior.spread),
        }
        for (name, prior), error in zip(PRIORS.items(), errors, strict=True)
    }


def main() -> None:
    """Estimate, score and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    data, rng = Statistics(arguments.data), np.random.default_rng(SEED)
    found = estimate([data.decade_of(data.provinces)])
    departures, offsets, people, _, _ = of_prefectures(data.prefectures)
    children = estimate_children(departures, offsets, people)
    result = {
        f"later figures, {k}": v
        for k, v in later_figures(data, found.draw(rng, DRAWS), children, rng).items()
    }
    result["provinces 2010 to 2020"] = provinces_decade(data, rng)
    result["prefectures 2010 to 2020"] = prefectures_decade(data, rng)
    if arguments.json:
        scored = {name: asdict(one) for name, one in result.items()}
        print(json.dumps({"provinces": shown(found), "children": asdict(children), **scored}))
        return
    for name, one in shown(found).items():
        print(
            f"{name:14} {one['estimate']:8.4f}  prior {one['prior']:g}, "
            f"{one['of_prior_spread_left']:.2f} of its spread left"
        )
    print("prefectures", asdict(children))
    for name, score in result.items():
        print(
            f"{name:28} {score.forecasts:4d} forecasts: mean error {score.mean_error:.2f} points "
            f"(simpler {score.simpler:.2f}), 80 % held {score.held:.0f}, width {score.width:.2f}"
        )


if __name__ == "__main__":
    main()
