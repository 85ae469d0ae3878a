"""Read YAML 1.2 strictly: plain data with the line of every key, and every fault in our words.

The tree is built from the parser's events, not by its loader: that keeps lines, lets one pass
collect many faults, expands no alias in memory and needs no recursion. Plain scalars follow the
core schema of YAML 1.2 and nothing else (``yes`` and ``1_000`` are text).

A text without a fault is read by libyaml, in a twentieth of the time; any other is read again by
ruamel.yaml, whose words and lines are those of the faults.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..errors import Fault, FaultError, KeyPath, among, did_you_mean, shown
from ..texts import say

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 64
MAX_REPEATED: Final = 10_000  # values that aliases may repeat, in all

NOT_TEXT: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_ZIP: Final = b"PK\x03\x04"  # how workbooks begin
_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(
    r"[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))\Z"
    r"|\.(?:nan|NaN|NAN)\Z"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9].*)?\Z")


class _Broken:
    """What stands in the data where the reader has already reported a fault."""

    def __repr__(self) -> str:
        return say("inputs.faulty_value")


BROKEN: Final = _Broken()


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file."""

    file: str
    line: int | None


@dataclass(slots=True)
class Node:
    """A value with its place; a mapping also knows the places of its keys."""

    location: Location
    value: Any
    locations: dict[str, Location] = field(default_factory=dict)
    size: int = 1  # values in it, itself included
    depth: int = 0  # levels below it

    def plain(self) -> Any:
        """Return the value as dicts, lists and scalars; all keys are text."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        """Return the value under a key or at a position, or None."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int):
            return self.value[step] if 0 <= step < len(self.value) else None
        return None


@dataclass(slots=True)
class Document:
    """A YAML text that could be read, with the faults that did not stop the reading."""

    file: str
    root: Node
    faults: list[Fault] = field(default_factory=list)

    def plain(self) -> Any:
        """Return the whole text as plain data."""
        return self.root.plain()

    def location(self, path: KeyPath) -> Location:
        """Return the place of the deepest key of a path that exists."""
        node, place = self.root, self.root.location
        for step in path:
            found = node.child(step)
            if found is None:
                break
            place = node.locations.get(str(step), found.location)
            node = found
        return place

    def value(self, path: KeyPath) -> Any:
        """Return the plain value at a path, or None where there is none."""
        node: Node | None = self.root
        for step in path:
            node = None if node is None else node.child(step)
        return None if node is None else node.plain()

    def is_broken(self, path: KeyPath) -> bool:
        """Say whether the reader has already reported the value at a path or above it."""
        node: Node | None = self.root
        for step in path:
            if node is None or node.value is BROKEN:
                break
            node = node.child(step)
        return node is not None and node.value is BROKEN

    def fault(
        self, path: KeyPath, problem: str, *, found: str | None = None, allowed: str | None = None
    ) -> Fault:
        """Return a fault at a path of this text."""
        place = self.location(path)
        return Fault(place.file, place.line, dotted(path), problem, found, allowed)


def dotted(path: KeyPath) -> str:
    """Return a path as the user writes it.

    Examples
    --------
    >>> dotted(("targets", 2, "value"))
    'targets[2].value'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def unknown(
    document: Document,
    path: KeyPath,
    word: str,
    known: Collection[str],
    what: str,
    *,
    allowed: str | None = None,
) -> Fault:
    """Return the fault that a word at a path names nothing that there is.

    Parameters
    ----------
    document : Document
    path : tuple
    word : str
        What stands there.
    known : collection of str
        What there is, in the order in which it is to be listed.
    what : {"region", "programme", "source", "urban_district"}
        What it would name.
    allowed : str, optional
        Where what there is can be found, to be said instead of a list.
    """
    allowed = (among(known) if allowed is None else allowed) + did_you_mean(word, known)
    problem = say(f"inputs.no_such.{what}")
    return document.fault(path, problem, found=shown(word), allowed=allowed)


def read_mapping(path: Path) -> Document:
    """Read a YAML file whose top level is a mapping; see `mapping_from`."""
    return mapping_from(read_text(path), str(path))


def mapping_from(text: str, file: str) -> Document:
    """Read YAML text whose top level is a mapping.

    Raises
    ------
    FaultError
        If the text is not one YAML mapping. Faults that concern single values (nulls, duplicate
        keys, dates) are left in ``Document.faults``, so that others can be reported with them.
    """
    document = parse(text, file)
    if document.root.value is BROKEN and document.faults:
        raise FaultError(document.faults)
    if not isinstance(document.root.value, dict):
        found, allowed = shown(document.plain()), say("inputs.key_a_line")
        fault = document.fault((), say("faults.is_not_mapping"), found=found, allowed=allowed)
        raise FaultError([*document.faults, fault])
    return document


def parse(text: str, file: str, *, under: KeyPath = (), has_lines: bool = True) -> Document:
    """Read one YAML document from text.

    Parameters
    ----------
    text : str
        The YAML.
    file : str
        Name for faults.
    under : tuple
        Path of keys the text stands under; a value given by itself (``--set``) has one.
    has_lines : bool
        Whether lines mean anything to the user.

    Raises
    ------
    FaultError
        If there is no one document that can be read.
    """
    bad = [
        Fault(file, number if has_lines else None, dotted(under), *unprintable(found[0]))
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1)
        if (found := NOT_TEXT.search(line))
    ]
    if bad:
        raise FaultError(bad)
    document = _parse_sound(text, file, under, has_lines)
    return _parse_any(text, file, under, has_lines) if document is None else document


# Tabs and anchors: the two parsers differ in what they take for them, and in nothing else that
# was found.
_READ_DIFFERENTLY: Final = re.compile(r"\t|(?<![^\s\[\]{},:?-])&\S")


def _parse_sound(text: str, file: str, under: KeyPath, has_lines: bool) -> Document | None:
    """Read a text in which nothing is wrong; None where something is, or libyaml is not there."""
    import yaml

    if _READ_DIFFERENTLY.search(text) or not hasattr(yaml, "CSafeLoader"):
        return None
    builder = _Builder(file, under, has_lines, yaml)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except (yaml.YAMLError, FaultError, ValueError, OverflowError):
        return None
    document = builder.finish()
    return None if document.faults else document


def _parse_any(text: str, file: str, under: KeyPath, has_lines: bool) -> Document:
    from ruamel.yaml import YAML, events
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    builder = _Builder(file, under, has_lines, events)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = _syntax(error.problem or error.context or "")
        builder.stop(reason, None if mark is None else mark.line + 1)
    except YAMLError as error:
        builder.stop(_syntax(str(error)), None)
    except (ValueError, OverflowError, NotImplementedError):
        # the scanner lets Python's own complaints through, e.g. about an escape beyond Unicode
        builder.stop(say("inputs.is_not_yaml"), None)
    return builder.finish()


# What the parser says, and the text that says it in both languages; anything else is left as it is.
_SYNTAX: Final = {
    "inputs.syntax.mapping_value": re.compile("mapping values are not allowed here"),
    "inputs.syntax.mapping_key": re.compile("mapping keys are not allowed here"),
    "inputs.syntax.sequence_entry": re.compile("sequence entries are not allowed here"),
    "inputs.syntax.colon": re.compile("could not find expected ':'"),
    "inputs.syntax.block_end": re.compile("expected <block end>, but found (?P<found>.+)"),
    "inputs.syntax.list_end": re.compile(r"expected ',' or '\]', but got (?P<found>.+)"),
    "inputs.syntax.mapping_end": re.compile(r"expected ',' or '\}', but got (?P<found>.+)"),
    "inputs.syntax.end": re.compile("found unexpected end of stream"),
    "inputs.syntax.separator": re.compile("found unexpected document separator"),
    "inputs.syntax.character": re.compile(
        "found character (?P<found>.+) that cannot start any token"
    ),
    "inputs.syntax.escape": re.compile("found unknown escape character (?P<found>.+)"),
    "inputs.syntax.node": re.compile("expected the node content, but found (?P<found>.+)"),
    "inputs.syntax.version": re.compile(
        r"found incompatible YAML document \(version 1\.\* is required\)"
    ),
    "inputs.syntax.name": re.compile(
        "expected alphabetic or numeric character, but found (?P<found>.+)"
    ),
}


def _syntax(reason: str) -> str:
    """Put the first line of what the parser says into the language of the terminal."""
    first = (reason.splitlines() or [""])[0]
    for key, pattern in _SYNTAX.items():
        if match := pattern.fullmatch(first):
            first = say(key, **match.groupdict())
            break
    return say("inputs.is_not_yaml_because", reason=first)


def unprintable(character: str) -> tuple[str, str, str]:
    """Say of a character that is not text: the problem, what was found, what is allowed."""
    code = f"U+{ord(character):04X}"
    return say("inputs.is_not_printable"), code, say("inputs.printable")


def read_text(path: Path) -> str:
    """Read a UTF-8 file of a reasonable size, with every end of line as one newline.

    Raises
    ------
    FaultError
        If there is no such file, or it cannot be read as text.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FaultError([Fault(file, None, "", say("faults.does_not_exist"))]) from None
    except IsADirectoryError:
        raise FaultError([Fault(file, None, "", say("faults.is_folder"))]) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        problem = say("faults.is_unreadable", reason=reason)
        raise FaultError([Fault(file, None, "", problem)]) from None
    if len(raw) > MAX_BYTES:
        allowed = say("inputs.bytes", count=MAX_BYTES)
        raise FaultError([Fault(file, None, "", say("inputs.is_too_large"), None, allowed)])
    try:
        return raw.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = say("inputs.byte", byte=raw[error.start])
        is_workbook = raw.startswith(_ZIP)
        allowed = (
            say("inputs.goes_to_new_region", file=file)
            if is_workbook
            else say("inputs.save_as_utf8")
        )
        problem = say("faults.is_not_utf8")
        raise FaultError([Fault(file, line, "", problem, found, allowed)]) from None


class _Builder:
    """Builds the tree from parser events; the open collections are a list, not recursion."""

    def __init__(self, file: str, under: KeyPath, has_lines: bool, kinds: Any) -> None:
        self.file, self.under, self.has_lines = file, under, has_lines
        self.kinds = kinds  # where the parser has its classes of events
        self.faults: list[Fault] = []
        self.root: Node | None = None
        self.documents = 0
        self.repeated = 0
        self.line = 1
        self.open: list[_Open] = []
        self.anchors: dict[str, Node | None] = {}  # None while the anchored value is still open

    def take(self, event: Any) -> None:
        """Add one event to the tree."""
        kinds = self.kinds
        self.line = event.start_mark.line + 1
        if isinstance(event, kinds.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                problem = say("inputs.is_several_documents")
                self.stop(problem, self.line, allowed=say("inputs.one"))
        elif isinstance(event, kinds.AliasEvent):
            self._place(self._alias(event.anchor))
        elif isinstance(event, kinds.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, (kinds.MappingStartEvent, kinds.SequenceStartEvent)):
            self._begin(event, {} if isinstance(event, kinds.MappingStartEvent) else [])
        elif isinstance(event, (kinds.MappingEndEvent, kinds.SequenceEndEvent)):
            closed = self.open.pop()
            if closed.is_tagged:
                closed.node.value = BROKEN
            if closed.anchor is not None:
                self.anchors[closed.anchor] = closed.node
            self._place(closed.node)

    def stop(self, problem: str, line: int | None, *, allowed: str | None = None) -> None:
        """Give up on the text."""
        line = (line or self.line) if self.has_lines else None
        here = dotted(self._path()[:8])  # what is nested too deeply has a long path
        fault = Fault(self.file, line, here, problem, None, allowed)
        raise FaultError([*self.faults, fault]) from None

    def finish(self) -> Document:
        """Return what was built."""
        if self.root is None:
            self.line = 1
            self._complain(say("faults.is_empty"))
            self.root = Node(self._location(), BROKEN)
        return Document(self.file, self.root, self.faults)

    def _path(self) -> KeyPath:
        return self.under + tuple(self._steps())

    def _steps(self) -> Iterator[str | int]:
        for parent in self.open:
            if isinstance(parent.node.value, list):
                yield len(parent.node.value)
            elif parent.key is not None:
                yield parent.key

    def _location(self) -> Location:
        return Location(self.file, self.line if self.has_lines else None)

    def _complain(self, problem: str, found: str | None = None, allowed: str | None = None) -> None:
        place = self._location()
        self.faults.append(
            Fault(place.file, place.line, dotted(self._path()), problem, found, allowed)
        )

    def _begin(self, event: Any, empty: Any) -> None:
        if len(self.open) >= MAX_DEPTH:
            self._too_deep()
        if event.tag is not None:
            self._complain(say("inputs.has_tag"), str(event.tag), say("inputs.no_tags"))
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        opened = _Open(Node(self._location(), empty), event.anchor, event.tag is not None)
        self.open.append(opened)

    def _too_deep(self) -> None:
        allowed = say("inputs.levels", count=MAX_DEPTH)
        self.stop(say("inputs.is_too_deep"), self.line, allowed=allowed)

    def _alias(self, name: str) -> Node:
        if name not in self.anchors:
            self._complain(say("inputs.alias_unknown"), f"*{name}")
            return Node(self._location(), BROKEN)
        node = self.anchors[name]
        if node is None:
            self._complain(say("inputs.alias_of_itself"), f"*{name}")
            return Node(self._location(), BROKEN)
        if len(self.open) + node.depth > MAX_DEPTH:
            self._too_deep()
        self.repeated += node.size
        if self.repeated > MAX_REPEATED:
            allowed = say("inputs.aliases", count=MAX_REPEATED)
            self.stop(say("inputs.alias_too_many"), self.line, allowed=allowed)
        return node

    def _scalar(self, event: Any) -> None:
        parent = self.open[-1] if self.open else None
        is_key = parent is not None and parent.awaits_key()
        plain = event.implicit[0] and not event.style
        if event.tag is not None:
            self._complain(say("inputs.has_tag"), str(event.tag), say("inputs.no_tags"))
            value: Any = BROKEN
        elif found := NOT_TEXT.search(event.value):  # written as an escape
            self._complain(*unprintable(found[0]))
            value = BROKEN
        elif plain and not (is_key and not _NULL.match(event.value)):
            value = self._resolved(event.value)
        elif plain and _INT.match(event.value) and len(event.value) < 100:
            value = str(resolve(event.value))  # a year; 2025 and "2025" are the same key
        else:
            value = event.value
        node = Node(self._location(), value)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self._place(node)

    def _resolved(self, text: str) -> Any:
        if _DATE.match(text):
            self._complain(say("inputs.is_date"), text, say("inputs.quoted_or_number"))
            return BROKEN
        if _NULL.match(text):
            parent = self.open[-1] if self.open else None
            in_key = parent is not None and parent.awaits_key()
            if parent is not None and parent.key is not None and not in_key and self.has_lines:
                # the parser marks what is not there on the line after
                self.line = parent.node.locations[parent.key].line or self.line
            self._complain(say("inputs.has_empty_key" if in_key else "inputs.has_no_value"))
            return BROKEN
        if _INT.match(text) and len(text) > 1000:
            self._complain(say("inputs.has_too_many_digits"))
            return BROKEN
        return resolve(text)

    def _place(self, node: Node) -> None:
        if not self.open:
            self.root = node if self.root is None else self.root
            return
        parent = self.open[-1]
        parent.node.size += node.size
        parent.node.depth = max(parent.node.depth, node.depth + 1)
        if isinstance(parent.node.value, list):
            parent.node.value.append(node)
        elif parent.awaits_key():
            self._key(parent, node)
        else:
            if parent.key is not None:
                parent.node.value[parent.key] = node
            parent.key, parent.has_key = None, False

    def _key(self, parent: _Open, node: Node) -> None:
        name = node.value
        parent.has_key = True
        if not isinstance(name, str):
            if name is not BROKEN:
                self._complain(say("inputs.has_key_that_is_no_word"), shown(node.plain()))
        elif name in parent.node.value:
            first = parent.node.locations[name].line
            parent.key = name
            self._complain(
                say("faults.is_twice")
                if first is None
                else say("inputs.is_twice_from_line", line=first)
            )
            parent.key = None  # what follows is read for its faults, and dropped
        else:
            parent.key = name
            parent.node.locations[name] = self._location()


class _Open:
    """A collection that is still being read."""

    __slots__ = ("anchor", "has_key", "is_tagged", "key", "node")

    def __init__(self, node: Node, anchor: str | None, is_tagged: bool) -> None:
        self.node, self.anchor, self.is_tagged = node, anchor, is_tagged
        self.key: str | None = None
        self.has_key = False

    def awaits_key(self) -> bool:
        return isinstance(self.node.value, dict) and not self.has_key


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value of a plain scalar by the core schema of YAML 1.2.

    Examples
    --------
    >>> resolve("1e3"), resolve("0o17"), resolve("yes"), resolve("TRUE"), resolve("~")
    (1000.0, 15, 'yes', True, None)
    """
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text[0] in "tT"
    if _INT.match(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.match(text):
        special = text.lstrip("+-").lower() in (".inf", ".nan")
        return float(text.replace(".", "") if special else text)
    return text


def model_faults(
    document: Document,
    model: Any,
    error: Any,
    *,
    under: KeyPath = (),
    skip: Collection[KeyPath] = (),
) -> list[Fault]:
    """Put what pydantic found wrong with a document into our own words.

    Parameters
    ----------
    document : Document
        What was validated.
    model : type of pydantic.BaseModel
        What it was validated against; it knows the keys that are allowed.
    error : pydantic.ValidationError
        What pydantic found.
    under : tuple
        Path of the part of the document that was validated.
    skip : collection of tuple
        Pairs of keys below which nothing is to be reported.
    """
    faults: list[Fault] = []
    for item in error.errors(include_url=False):
        path = under + tuple(step for step in item["loc"] if step != "[key]")
        if path[:2] not in skip and not document.is_broken(path):
            faults.extend(_in_our_words(document, path, item, _allowed(model, item["loc"])))
    return faults


# Keys of what is wrong and of what is allowed, by the names that pydantic gives to its complaints.
_MAPPING: Final = ("faults.is_not_mapping", "faults.keys_with_values")
_LIST: Final = ("faults.is_not_list", "faults.list")
_TYPES: Final = {
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "string_type": ("faults.is_not_text", "inputs.quoted_text"),
}


def _in_our_words(document: Document, path: KeyPath, item: Any, keys: list[str]) -> Iterator[Fault]:
    kind, value = item["type"], item["input"]
    reasons = getattr(item.get("ctx", {}).get("error"), "reasons", None)
    if reasons is not None:
        for reason in reasons:
            scalar = not reason.below and not isinstance(value, (dict, list, tuple))
            found = reason.found or (shown(value) if scalar else None)
            where = path + reason.below
            if not document.is_broken(where):
                yield document.fault(where, reason.problem, found=found, allowed=reason.allowed)
    elif kind == "missing":
        yield document.fault(path, say("faults.is_missing"))
    elif kind == "extra_forbidden":
        allowed = among(keys) + did_you_mean(str(path[-1]), keys)
        yield document.fault(path, say("faults.is_unknown_key"), allowed=allowed)
    elif kind == "literal_error":
        known = re.findall(r"'([^']*)'", item["ctx"]["expected"]) or [item["ctx"]["expected"]]
        allowed = among(known) + did_you_mean(str(value), known)
        problem = say("faults.is_not_known_word")
        yield document.fault(path, problem, found=shown(value), allowed=allowed)
    elif kind == "bool_type":
        problem, allowed = say("inputs.is_not_boolean"), among(("true", "false"))
        yield document.fault(path, problem, found=shown(value), allowed=allowed)
    elif kind in _TYPES:
        problem, allowed = map(say, _TYPES[kind])
        yield document.fault(path, problem, found=shown(value), allowed=allowed)
    else:  # nothing of ours raises another kind; pydantic's words are better than none
        yield document.fault(path, item["msg"], found=shown(value))


def _allowed(model: Any, loc: KeyPath) -> list[str]:
    """Walk the models down a path and return the keys allowed where it ends."""
    for step in loc[:-1]:
        for name, info in model.model_fields.items():
            if step == (info.alias or name):
                model = _model_in(info.annotation) or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)


def writable(data: Any) -> Any:
    """Data that ruamel.yaml writes so that it reads back: some texts are put in quotes, in place.

    Its writer leaves a text that starts with ``?`` or ``:`` plain inside of brackets, where its
    reader takes it for a key without value.

    Parameters
    ----------
    data : dict, list or scalar
        Its dicts and lists are changed.

    Returns
    -------
    dict, list or scalar
        The same.
    """
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(data, str) and data.startswith(("?", ":")):
        return DoubleQuotedScalarString(data)
    if isinstance(data, (dict, list)):
        inside = data.items() if isinstance(data, dict) else enumerate(data)
        for place, value in list(inside):
            data[place] = writable(value)
    return data
