"""What several test files share: the shipped seeds, their posteriors, and one run."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# Where a change is judged, the same cases every time; elsewhere new ones are looked for.
settings.register_profile("judged", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile("judged" if os.environ.get("CI") else "searching")

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")


# What is kept between runs of the tests is not that of whoever runs them.
os.environ["XDG_CACHE_HOME"] = str(ROOT / ".pytest_cache" / "kept")


def pytest_addoption(parser):
    parser.addoption(
        "--at-least", type=int, default=0, metavar="N", help="fail if fewer than N tests pass"
    )


def pytest_sessionfinish(session):
    """Fail where tests went missing: a part of the tests that is run often must not shrink."""
    wanted = session.config.getoption("--at-least")
    if not wanted or "PYTEST_XDIST_WORKER" in os.environ or session.exitstatus != 0:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    passed = len(reporter.stats.get("passed", ()))
    if passed < wanted:
        reporter.write_line(f"\nonly {passed} tests passed, at least {wanted} are asked for")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def one_thread_beside_others():
    """Keep processes that test side by side from waiting for each other's threads."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        import numba

        numba.set_num_threads(1)


@pytest.fixture(scope="session")
def seeds():
    from simmodel.inputs.seeds import read_seeds

    return read_seeds(ROOT / "seeds")


@pytest.fixture(scope="session")
def atlas(seeds):
    from simmodel.forecast.pooling_file import atlas_of

    return atlas_of(seeds)


@pytest.fixture(scope="session")
def posteriors(atlas, seeds):
    from simmodel.forecast.posterior_file import load

    return load(atlas, seeds.directory)


@pytest.fixture(scope="session")
def shipped(seeds):
    """Read every shipped scenario, by name."""
    from simmodel.inputs.scenario_file import read_scenario

    return {
        path.stem: read_scenario(
            path,
            region_ids=seeds.parents(),
            programme_ids=list(seeds.programmes()),
            source_ids=list(seeds.sources),
        )
        for path in sorted((ROOT / "scenarios").glob("*.yaml"))
    }


@pytest.fixture(scope="session")
def trend(tmp_path_factory):
    """Run `simmodel run scenarios/trend.yaml --keep-draws` on a small ensemble."""
    from click.testing import CliRunner

    from simmodel.cli import main

    out = tmp_path_factory.mktemp("figures")
    arguments = ["run", str(ROOT / "scenarios/trend.yaml"), "--draws", "200", "--keep-draws"]
    result = CliRunner().invoke(
        main, [*arguments, "--out", str(out), "--seeds", str(ROOT / "seeds")]
    )
    assert result.exit_code == 0, result.output
    return out / "trend", result


@pytest.fixture(scope="module")
def browser():
    """Start Chromium, or skip: the driver comes with the development requirements.

    For one module: while it runs, no other event loop can in this process.
    """
    driver = pytest.importorskip(
        "playwright.sync_api", reason="no playwright: pip install playwright"
    )
    with driver.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()
