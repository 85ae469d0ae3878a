"""What several test files share: the shipped seeds, their posteriors, and one run."""

import fcntl
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from simmodel.texts import terminal_language

# Where a change is judged, the same cases every time; elsewhere new ones are looked for.
settings.register_profile("judged", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile("judged" if os.environ.get("CI") else "searching")

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")


# The terminal speaks English to the tests, wherever they run, unless one asks for Chinese.
os.environ["LC_ALL"] = "C.UTF-8"
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


# The longest files, longest first: begun last, one of them would keep one process busy alone.
LONGEST = (
    "test_report.py",
    "test_explorer.py",
    "test_front.py",
    "test_hindcast.py",
    "test_posterior.py",
    "test_coherence.py",
    "test_cli.py",
    "test_scale_out.py",
    "test_experience.py",
    "test_conformance.py",
    "test_charts.py",
    "test_new_region.py",
    "test_borrowed.py",
    "test_howto.py",
    "test_tutorial.py",
    "test_notebook.py",
    "test_solution.py",
)


def pytest_collection_modifyitems(items):
    """Begin with the longest files; the rest in their order."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Make a folder once for all processes that test side by side; the others wait for it."""

    def made(name, make):
        base = tmp_path_factory.getbasetemp()
        if "PYTEST_XDIST_WORKER" in os.environ:
            base = base.parent  # of one run of the tests
        folder = base / name
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                making = base / f"{name}.making"
                making.mkdir()
                make(making)
                making.rename(folder)
        return folder

    return made


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
            region_ids=seeds.tree.parents,
            programme_ids=list(seeds.programmes()),
            source_ids=list(seeds.sources),
        )
        for path in sorted((ROOT / "scenarios").glob("*.yaml"))
    }


@pytest.fixture(scope="session")
def trend(once):
    """Run `simmodel run scenarios/trend.yaml --keep-draws` small: its folder and its stdout."""
    from click.testing import CliRunner

    from simmodel.cli import main

    def run(out):
        arguments = ["run", str(ROOT / "scenarios/trend.yaml"), "--draws", "200", "--keep-draws"]
        result = CliRunner().invoke(
            main, [*arguments, "--out", str(out), "--seeds", str(ROOT / "seeds")]
        )
        assert result.exit_code == 0, result.output
        (out / "stdout.txt").write_text(result.stdout, encoding="utf-8")

    folder = once("figures", run)
    return folder / "trend", (folder / "stdout.txt").read_text(encoding="utf-8")


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


@contextmanager
def speaking(language):
    """Let the terminal speak a language for a while."""
    token = terminal_language.set(language)
    try:
        yield
    finally:
        terminal_language.reset(token)
