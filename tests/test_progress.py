"""What is said of a long piece of work: where, how often, and how long the rest takes."""

import io

import pytest

from simmodel.computing.progress import Reporter


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def reported(stream, ticks, **options):
    clock = Clock()
    report = Reporter("s:", stream=stream, clock=clock, **options)
    for seconds, done in ticks:
        clock.now = 1000.0 + seconds
        report(done, 100)
    return report


def test_elsewhere_there_is_one_line_a_minute():
    stream = io.StringIO()
    reported(stream, [(s, s // 3) for s in range(0, 190)])
    assert stream.getvalue().splitlines() == [
        "s: 20 of 100 blocks, 4 min 0 s left",
        "s: 40 of 100 blocks, 3 min 0 s left",
        "s: 60 of 100 blocks, 2 min 0 s left",
    ]


def test_a_terminal_has_one_line_that_changes_at_once_and_is_cleared():
    stream = Terminal()
    report = reported(stream, [(0, 0), (0.1, 1), (0.2, 2), (1.0, 10)])
    report.clear()
    assert stream.getvalue().split("\r\033[K") == [
        "",
        "s: 0 of 100 blocks",
        "s: 2 of 100 blocks, 10 s left",
        "s: 10 of 100 blocks, 9 s left",
        "",
    ]


def test_blocks_kept_from_before_do_not_count_as_speed():
    stream = Terminal()
    reported(stream, [(0, 50), (10, 60)])
    assert stream.getvalue().endswith("60 of 100 blocks, 40 s left")


def test_quiet_says_nothing():
    stream = Terminal()
    report = reported(stream, [(0, 0), (100, 50)], quiet=True)
    report.say("no worker yet")
    report.clear()
    assert stream.getvalue() == ""


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_what_is_said_besides_has_a_line_of_its_own(stream):
    report = reported(stream, [(0, 0)])
    report.say("no worker yet; waiting for one")
    assert stream.getvalue().endswith("s: no worker yet; waiting for one\n")
