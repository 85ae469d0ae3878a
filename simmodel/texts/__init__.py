"""Every sentence and label, in English and Chinese: two files by key, and the way to them.

A key is ``section.name``; the section is the room that speaks. A text may hold ``{places}``, the
same in both languages, filled as `str.format` does. `text` puts a key into a named language and is
for all that is written to a file; `say` puts it into the language of the terminal and is for what
is printed: faults, notices, tables. `bilingual` gives both at once, for sentences that are put
together from parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple, get_args

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

# What the terminal speaks; a command sets it once, from ``--lang`` or the locale.
terminal_language: ContextVar[Language] = ContextVar("terminal_language", default="en")

_SECTION: Final = re.compile(r"^([a-z_]+):\n", re.MULTILINE)


def text(key: str, language: Language, /, **values: object) -> str:
    """Return a text in one language, its places filled.

    Parameters
    ----------
    key : str
        ``section.name``.
    language : {"en", "zh"}
        Language of the text.
    **values
        What goes into its places.

    Returns
    -------
    str
        The text.

    Raises
    ------
    KeyError
        If there is no such text, or a place is not filled.

    Examples
    --------
    >>> text("probability.likely", "en")
    'likely'
    """
    section, _, name = key.partition(".")
    return _texts(section, language)[name].format(**values)


def say(key: str, /, **values: object) -> str:
    """Return a text in the language of the terminal, its places filled; as `text` otherwise."""
    return text(key, terminal_language.get(), **values)


class Bilingual(NamedTuple):
    """A sentence or a part of one, in English and Chinese.

    Examples
    --------
    >>> Bilingual("likely", "…").join([Bilingual("a", "x"), Bilingual("b", "y")])
    Bilingual(en='alikelyb', zh='x…y')
    """

    en: str
    zh: str

    @property
    def spoken(self) -> str:
        """The one in the language of the terminal."""
        return self.zh if terminal_language.get() == "zh" else self.en

    def join(self, parts: Iterable[Bilingual]) -> Bilingual:
        """Return parts with this one between them, as `str.join` does in each language."""
        parts = list(parts)
        return Bilingual(
            self.en.join(part.en for part in parts), self.zh.join(part.zh for part in parts)
        )

    def __add__(self, other: object) -> Bilingual:
        """Return this and what follows it, in each language."""
        if not isinstance(other, Bilingual):
            return NotImplemented
        return Bilingual(self.en + other.en, self.zh + other.zh)


NOTHING: Final = Bilingual("", "")


def bilingual(key: str, /, **values: object) -> Bilingual:
    """Return a text in both languages, its places filled.

    Parameters
    ----------
    key : str
        ``section.name``.
    **values
        What goes into its places; what has an ``en`` and a ``zh`` fills each language with its own.

    Raises
    ------
    KeyError
        As `text`.

    Examples
    --------
    >>> bilingual("probability.likely").en
    'likely'
    """

    def of(language: Language) -> str:
        own = {name: getattr(value, language, value) for name, value in values.items()}
        return text(key, language, **own)

    return Bilingual(of("en"), of("zh"))


def both(key: str, /, **values: object) -> str:
    """Return a label in both languages, for charts that speak both: English, a space, Chinese.

    Examples
    --------
    >>> both("probability.likely").split()[0]
    'likely'
    """
    return " ".join(text(key, language, **values) for language in LANGUAGES)


def has(key: str) -> bool:
    """Tell whether there is a text of this key."""
    section, _, name = key.partition(".")
    return section in _sections("en") and name in _texts(section, "en")


def keys(section: str) -> tuple[str, ...]:
    """Return all keys of a section, without its name, in the order of the file."""
    return tuple(_texts(section, "en"))


def templates(section: str, language: Language) -> tuple[str, ...]:
    """Return all texts of a section in one language, their places not filled."""
    return tuple(_texts(section, language).values())


@cache
def _texts(section: str, language: Language) -> dict[str, str]:
    # Only the section asked for is parsed: a fault is put into words in milliseconds.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, str] | None = yaml.load(_sections(language)[section], loader)
    return found or {}


@cache
def _sections(language: Language) -> dict[str, str]:
    """Source of every section, by its name."""
    source = files(__name__).joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    _, *parts = _SECTION.split(source)
    return dict(zip(parts[::2], parts[1::2], strict=True))
