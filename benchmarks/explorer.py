"""How long the explorer's page takes from a slider's move to the numbers that follow it.

    python benchmarks/explorer.py [--moves 30] [--draws 2000]

Starts `simmodel explore`, drives it in Chromium by the keys of a slider, and measures in the page
itself: from the key to the new texts, and to the frame in which both charts are new too. Beside it
the time that the numbers alone take, and the projection in them, in this process.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import time

from playwright.sync_api import sync_playwright

from simmodel.explorer.explorer import Explorer
from simmodel.explorer.server import leave_room
from simmodel.explorer.state import State, trend_base
from simmodel.forecast.pooling_file import atlas_of
from simmodel.forecast.posterior_file import load
from simmodel.inputs.seed_folder import find_seeds
from simmodel.inputs.seeds import read_seeds

REGIONS = {"prefecture": "wuwei", "county": "wuwei.minqin", "province": "gansu"}
LEVER = "local_retention"
WATCH = """() => {
  window.took = null;
  const charts = [".chart.fan", ".chart.growth"].map((name) => document.querySelector(name));
  const drawn = [0, 0];
  let start = null;
  new MutationObserver(() => {
    if (start !== null && window.texts === null) window.texts = performance.now() - start;
  }).observe(document.querySelector(".desk"), { childList: true, subtree: true });
  charts.forEach((chart, i) => chart.on("plotly_afterplot", () => {
    drawn[i] += 1;
    if (start !== null && drawn[0] > 0 && drawn[1] > 0) {
      const from = start;
      start = null;
      requestAnimationFrame(() => { window.took = performance.now() - from; });
    }
  }));
  document.addEventListener("keydown", () => { start = performance.now(); drawn.fill(0); }, true);
}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=30)
    parser.add_argument("--draws", type=int, default=2000)
    options = parser.parse_args()
    leave_room()  # as the server does
    seeds = read_seeds(find_seeds(None))
    atlas = atlas_of(seeds)
    base = trend_base(seeds.regions, options.draws, None)
    explorer = Explorer(base, seeds, atlas, load(atlas, seeds.directory))
    command = [sys.executable, "-m", "simmodel", "explore", "--port", "0", "--no-browser"]
    command += ["--draws", str(options.draws)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().partition("?")[0]
        try:
            for level, region in REGIONS.items():
                texts, page = in_the_page(address, region, options.moves)
                numbers, projection = alone(explorer, region, options.moves)
                print(
                    f"{level} {region}: slider to rate, targets and table {said(texts)}, to charts "
                    f"as well {said(page)}; numbers alone "
                    f"{said(numbers)}, of them projection {said(projection)}: "
                    f"{100 * statistics.median(projection) / statistics.median(page):.0f} % "
                    "of the whole"
                )
        finally:
            server.terminate()


def said(seconds):
    return f"{1e3 * statistics.median(seconds):.0f} ms (worst {1e3 * max(seconds):.0f})"


def in_the_page(address, region, moves):
    """Seconds from key to new texts, and to the frame with new charts; a move each."""
    browser_path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{address}?region={region}&lang=zh")
        page.wait_for_selector(".chart.growth .main-svg")
        page.wait_for_timeout(1500)
        slider = page.locator(f'[data-lever="{LEVER}"] .q-slider [tabindex]')
        slider.focus()
        page.evaluate(WATCH)
        seconds = []
        for move in range(moves + 1):
            page.evaluate("() => { window.took = null; window.texts = null; }")
            page.keyboard.press("ArrowRight" if move % 20 < 10 else "ArrowLeft")
            page.wait_for_function("window.took !== null")
            took = page.evaluate("[window.texts ?? window.took, window.took]")
            seconds.append([at / 1e3 for at in took])
            page.wait_for_timeout(400)  # what takes longer is out of the way
        chromium.close()
    return zip(*seconds[1:], strict=True)


def alone(explorer, region, moves):
    """Seconds for the numbers of a state, and for the projection in them."""
    state = State(region, "zh")
    explorer.results(state.moved(LEVER, 1.05))
    projector = explorer.projections(region).projector
    numbers, projection = [], []
    for move in range(moves):
        state = state.moved(LEVER, 1.0 + 0.05 * (1 + move % 10))
        start = time.perf_counter()
        explorer.results(state)
        numbers.append(time.perf_counter() - start)
        scenario = explorer.scenario(state)
        start = time.perf_counter()
        for block in range(projector.blocks):
            projector.project(scenario, region, block)
        projection.append(time.perf_counter() - start)
    return numbers, projection


if __name__ == "__main__":
    main()
