"""Arguments of functions as they come from Python: paths, values to set, numbers of any make.

What cannot be used is a `FaultError` of one line, with what was found and what is allowed.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import Fault, FaultError, SimmodelError, among, did_you_mean, shown
from ..texts import say
from .scenario_file import shipped

PathLike = str | os.PathLike[str]


def overrides_of(values: object) -> tuple[str, ...]:
    """Return values by dotted path as ``--set`` takes them."""
    if not isinstance(values, Mapping):
        raise refused("set", say("faults.is_not_mapping"), values, say("inputs.set_mapping"))
    for key in values:
        if not isinstance(key, str) or "=" in key:
            problem = say("inputs.is_not_path_of_keys")
            raise refused("set", problem, key, say("inputs.path_of_keys"))
    return tuple(f"{key}={as_yaml(key, value)}" for key, value in values.items())


def as_yaml(key: str, value: object) -> str:
    """Return a value as YAML on one line; numbers of numpy are numbers.

    Examples
    --------
    >>> as_yaml("levers.arrivals", {2020: 1.0, 2030: 1e-07})
    '{"2020": 1.0, "2030": 1e-07}'
    """
    if isinstance(value, Mapping):
        inner = (f"{json.dumps(str(k))}: {as_yaml(key, v)}" for k, v in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(as_yaml(key, item) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if value is None or isinstance(value, (bool, int, float, str)):
        return json.dumps(value, ensure_ascii=False)
    plain = getattr(value, "tolist", None)
    if plain is None:
        raise refused(f"set: {key}", say("inputs.is_no_value"), value, say("inputs.some_value"))
    return as_yaml(key, plain())


def file_of(what: str, name: object, folder: str) -> Path:
    """Return the file that is meant: one that is there, else the shipped one of a bare name."""
    path = path_of(what, name)
    is_bare = path.name == str(path) and not path.suffix
    if os.path.isfile(path) or not is_bare:  # which is false of what cannot be a path
        return path
    by_name = shipped(folder)
    if str(path) not in by_name:
        known = among(sorted(by_name)) + did_you_mean(str(path), by_name)
        problem = say("inputs.is_no_file", what=what)
        raise refused(what, problem, str(path), say("inputs.path_or", known=known))
    return by_name[str(path)]


def path_of(what: str, value: object) -> Path:
    """Return a path that is given as text or as any object that stands for one."""
    if not isinstance(value, (str, os.PathLike)) or isinstance(os.fspath(value), bytes):
        raise refused(what, say("inputs.is_not_path"), value, say("inputs.text_or_path"))
    return Path(value)


def text_of(what: str, value: object) -> str:
    """Return a text, and refuse what is none."""
    if not isinstance(value, str):
        raise refused(what, say("faults.is_not_text"), value, say("faults.text"))
    return value


def whole_of(what: str, value: object) -> int:
    """Return a whole number, also of numpy; true and false are none."""
    number = number_of(what, value)
    if not number.is_integer():
        raise refused(what, say("faults.is_not_whole"), value, say("faults.whole_number"))
    return int(number)


def number_of(what: str, value: object) -> float:
    """Return a number, also of numpy or xarray; true and false are none."""
    plain = value.item() if hasattr(value, "item") and getattr(value, "size", 0) == 1 else value
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        raise refused(what, say("faults.is_not_number"), value, say("faults.number"))
    try:
        return float(plain)
    except OverflowError:
        raise refused(what, say("faults.is_out_of_range"), value, say("faults.number")) from None


def refused(what: str, problem: str, found: object, allowed: str) -> SimmodelError:
    """Return the error of an argument that cannot be used, on one line."""
    return FaultError([Fault(what, None, "", problem, shown(found), allowed)])
