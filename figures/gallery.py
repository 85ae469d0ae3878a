"""Make the pictures of the README from the results of `simmodel run scenarios/*.yaml`.

``python figures/gallery.py [RESULTS]`` reads RESULTS/<scenario>/projection.nc and verdicts.csv
(RESULTS is this folder unless given) and writes figures/gallery/*.png, the same bytes every time.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

import xarray as xr
from PIL import Image

from simmodel.charts import figures
from simmodel.forecast.pooling_file import atlas_of
from simmodel.inputs.scenario_file import read_scenario
from simmodel.inputs.seeds import Seeds, find_seeds, read_seeds
from simmodel.results.run import observation_marks, place_names, printed_sources

HERE = Path(__file__).parent
FANS = ("wuwei", "linxia", "liupanshui")
COLOURS = 96  # enough for a chart; a quarter of the bytes


def main(results: Path) -> None:
    """Read the results of all shipped scenarios and write the chosen pictures."""
    datasets: dict[str, xr.Dataset] = {}
    rows: list[dict[str, Any]] = []
    for name in sorted(
        (path.stem for path in (HERE.parent / "scenarios").glob("*.yaml")), key=order
    ):
        with xr.open_dataset(results / name / "projection.nc", engine="scipy") as ds:
            datasets[name] = ds.load()
        rows += read_rows(results / name / "verdicts.csv")
    trend = datasets["trend"]
    seeds = read_seeds(find_seeds())
    marks = marks_of("trend", seeds)
    cited = printed_sources(seeds)
    pictures = {f"fan_{region}": figures.fan(trend, region, marks, rows, cited) for region in FANS}
    pictures["urban_population_linxia"] = figures.urban_population_fan(
        trend, "linxia", marks, rows, cited
    )
    pictures["ledger_liupanshui"] = figures.ledger(trend, "liupanshui")
    pictures["waterfall_wuwei"] = figures.waterfall(trend, "wuwei")
    pictures["compare_wuwei"] = figures.compare(datasets, "wuwei", rows, marks)
    titles = {
        name: f"{ds.attrs['title_zh']}\n{ds.attrs['title_en']}" for name, ds in datasets.items()
    }
    pictures["matrix"] = figures.matrix(rows, place_names(seeds), titles)
    (HERE / "gallery").mkdir(exist_ok=True)
    for name, figure in pictures.items():
        write_small(figure, HERE / "gallery" / f"{name}.png")


def order(scenario: str) -> tuple[bool, str]:
    """Put the trend first."""
    return scenario != "trend", scenario


def marks_of(scenario: str, seeds: Seeds) -> list[dict[str, object]]:
    """Observations of the regions of a shipped scenario."""
    path = HERE.parent / "scenarios" / f"{scenario}.yaml"
    read = read_scenario(path, region_ids=seeds.parents(), programme_ids=list(seeds.programmes()))
    return observation_marks(read, atlas_of(seeds))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read verdicts: numbers as numbers, empty cells as None."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {key: value_of(key, text) for key, text in row.items()} for row in csv.DictReader(file)
        ]


def value_of(column: str, text: str) -> object:
    """Return a cell of ``verdicts.csv`` as what it stands for."""
    if text == "":
        return None
    if column in ("year", "first_year_met"):
        return int(text)
    numbers = ("target", "median", "p05", "p95", "probability", "shortfall", "shortfall_persons")
    return float(text) if column in numbers else text


def write_small(figure: Any, path: Path) -> None:
    """Write a PNG with few colours."""
    figures.save(figure, path.with_suffix(""))
    path.with_suffix(".svg").unlink()
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    small.save(buffer, format="png", optimize=True, dpi=(150, 150))
    path.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
