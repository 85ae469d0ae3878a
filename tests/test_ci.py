"""What runs before a change lands: it looks for a browser and an office, and goes on without."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

RUN = ROOT / ".ci/run"


def dry_run(folder, **programs):
    """Run the script where nothing is installed but some programs; return what it did and said."""
    said = folder / "said"
    for name in ("bash", "dirname"):
        (folder / name).symlink_to(shutil.which(name))
    for name, status in {
        "make": 0,
        **{k.replace("_", "-"): v for k, v in programs.items()},
    }.items():
        program = folder / name
        program.write_text(
            f'#!{shutil.which("bash")}\necho "{name} $*" >>"{said}"\nexit {status}\n'
        )
        program.chmod(0o755)
    command = [shutil.which("bash"), str(RUN)]
    done = subprocess.run(
        command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    calls = [
        [word for word in line.split() if word != "-o" and not word.startswith("Acquire::")]
        for line in said.read_text().splitlines()
    ]
    assert calls[-1] == ["make", "test"]
    return calls[:-1], done.stderr


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="not root: nothing can be installed")


@as_root
def test_what_is_absent_is_installed(tmp_path):
    calls, said = dry_run(tmp_path, apt_get=0)
    install = ["apt-get", "install", "-y", "--no-install-recommends"]
    assert calls == [["apt-get", "update"], [*install, "chromium", "libreoffice-calc"]]
    assert said == ""


@as_root
def test_what_is_there_is_not_installed_again(tmp_path):
    calls, said = dry_run(tmp_path, apt_get=0, soffice=0)
    assert calls[-1][-2:] == ["--no-install-recommends", "chromium"]
    assert said == ""


@as_root
def test_it_goes_on_where_nothing_can_be_installed(tmp_path):
    calls, said = dry_run(tmp_path, apt_get=100)
    assert calls == [["apt-get", "update"]]
    assert "chromium libreoffice-calc could not be installed; tests of them are skipped" in said


def test_it_goes_on_without_an_installer(tmp_path):
    calls, said = dry_run(tmp_path)
    assert calls == []
    assert "no chromium libreoffice-calc, and no apt-get as root" in said


def test_nothing_is_done_where_nothing_is_absent(tmp_path):
    assert dry_run(tmp_path, chromium=0, libreoffice=0, apt_get=0) == ([], "")


def test_the_fast_part_of_the_tests_shrinks_only_when_it_is_made_to():
    """Files of the list that are gone, or fewer tests than before, fail `make check`."""
    assert "--at-least $(FAST_AT_LEAST) $(FAST)" in (ROOT / "Makefile").read_text(encoding="utf-8")
    found = [run_pytest(more) for more in (["--at-least", "5"], ["--at-least", "6"], ["gone.py"])]
    assert [done.returncode for done in found] == [0, 1, 4]
    assert "only 5 tests passed, at least 6 are asked for" in found[1].stdout


def test_every_file_of_the_fast_part_exists():
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    (names,) = re.findall(r"^FAST := .*,\$\(addsuffix \.py,(.*)\)\)$", text, re.MULTILINE)
    absent = [name for name in names.split() if not (ROOT / f"tests/test_{name}.py").is_file()]
    assert not absent


def run_pytest(more):
    """Run the five tests of this file that come before the last, in a process of its own."""
    chosen = ["-q", "-k", "absent or install or there", *more, __file__]
    command = [sys.executable, "-m", "pytest", *chosen]
    alone = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=alone)
