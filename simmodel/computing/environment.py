"""What besides its inputs may change a bit of a result."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from .. import __version__

PROCESSOR = "processor"


@cache
def code_sha256() -> str:
    """Hash of this package's version and code: while one works on it, the version stays."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def environment() -> Mapping[str, str]:
    """Versions, code and type of processor, by name."""
    from llvmlite.binding import get_host_cpu_name

    return {
        "simmodel": f"{__version__} ({code_sha256()[:12]})",
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{name: metadata.version(name) for name in ("numpy", "numba", "scipy")},
        PROCESSOR: get_host_cpu_name(),
    }
