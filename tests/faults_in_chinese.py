"""Faults said once in English and once in Chinese, and what of English is left in the Chinese."""

import re
from contextlib import contextmanager

import pytest

from simmodel.errors import FaultError
from simmodel.texts import terminal_language

HAN = re.compile(r"[\u4e00-\u9fff]")
# What the user wrote, words of YAML, an outcome by its ids, and commands to type.
QUOTED = re.compile(
    r"'[^']*'|\"[^\"]*\"|`[^`]*`|“[^”]*”|simmodel [a-z-]+.*|true, false|false, true"
    r"|[a-z_.]+ [a-z]+_[a-z_]+ \d{4}"
)
SENTENCE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}|[A-Za-z]{2,}, [A-Za-z]{2,}")


@contextmanager
def spoken(language):
    token = terminal_language.set(language)
    try:
        yield
    finally:
        terminal_language.reset(token)


def faults_of(read):
    with pytest.raises(FaultError) as caught:
        read()
    return caught.value.faults


def check_the_faults_are_said_in_chinese(read):
    """Check that reading gives the same faults in Chinese: file, line and key, and no English."""
    english = faults_of(read)
    with spoken("zh"):
        chinese = faults_of(read)
        lines = [str(fault) for fault in chinese]
    places = [(fault.file, fault.line, fault.key) for fault in english]
    assert [(fault.file, fault.line, fault.key) for fault in chinese] == places
    for fault, line in zip(chinese, lines, strict=True):
        said = " / ".join(filter(None, (fault.problem, fault.found, fault.allowed)))
        assert HAN.search(fault.problem), line
        assert not SENTENCE.search(QUOTED.sub("", said)), line
        assert (fault.found is None) or "；发现" in line
        assert (fault.allowed is None) or "；允许" in line
