"""What besides its inputs may change a bit of a result."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from .. import __version__

PROCESSOR = "processor"


@lru_cache(maxsize=1)
def environment() -> Mapping[str, str]:
    """Versions, code and type of processor, by name.

    The version of this package carries a hash of its code: while one works on it, the number stays.
    """
    from llvmlite.binding import get_host_cpu_name

    code = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        code.update(path.name.encode() + path.read_bytes())
    return {
        "simmodel": f"{__version__} ({code.hexdigest()[:12]})",
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{name: metadata.version(name) for name in ("numpy", "numba", "scipy")},
        PROCESSOR: get_host_cpu_name(),
    }
