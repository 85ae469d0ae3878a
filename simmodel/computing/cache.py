"""What takes long and depends on files alone, kept on this machine and keyed by their content.

Plain data as JSON and arrays as ``.npz``, read without pickle. A folder that cannot be read or
written is as good as none: everything is then made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from .environment import code_sha256

# Files of one kind; the oldest go.
KEPT: Final = 16
KEPT_ARRAYS: Final = 256


def cache_folder() -> Path:
    """Return the folder of this package's cache, whether or not there is one."""
    home = os.environ.get("XDG_CACHE_HOME")
    if home and Path(home).is_absolute():
        return Path(home) / "simmodel"
    with contextlib.suppress(RuntimeError):  # nobody's home
        return Path.home() / ".cache" / "simmodel"
    return Path(os.devnull)


def content_key(paths: Iterable[Path], *others: str, packages: Iterable[str] = ()) -> str:
    """Hash of files, of this package's code, and of what else a result depends on.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Files read, by name and content; one that cannot be read counts as absent.
    *others : str
        What else it depends on.
    packages : iterable of str
        Other packages, by version.
    """
    digest = hashlib.sha256(code_sha256().encode())
    for path in paths:
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            digest.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
    versions = [f"{name} {metadata.version(name)}" for name in packages]
    digest.update("\0".join(["", *others, *versions]).encode())
    return digest.hexdigest()


class Cache:
    """Files by kind and key.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Else that of `cache_folder`.
    """

    def __init__(self, folder: Path | None = None):
        self._folder = cache_folder() if folder is None else folder

    def read(self, kind: str, key: str) -> Any | None:
        """Return plain data; None where there is none."""
        try:
            return json.loads(self._path(kind, key, "json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None

    def write(self, kind: str, key: str, data: object) -> None:
        """Keep plain data."""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        self._write(self._path(kind, key, "json"), text.encode(), KEPT)

    def read_arrays(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return arrays by name; None where there are none."""
        import numpy as np

        try:
            with np.load(self._path(kind, key, "npz"), allow_pickle=False) as found:
                return dict(found)
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return None

    def write_arrays(self, kind: str, key: str, arrays: Mapping[str, Any]) -> None:
        """Keep arrays by name."""
        from io import BytesIO

        import numpy as np

        stream = BytesIO()
        np.savez(stream, **arrays)
        self._write(self._path(kind, key, "npz"), stream.getvalue(), KEPT_ARRAYS)

    def _path(self, kind: str, key: str, suffix: str) -> Path:
        return self._folder / kind / f"{key}.{suffix}"

    def _write(self, path: Path, content: bytes, most: int) -> None:
        """Write whole or not at all; others may do the same at the same time."""
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content)
            partial.replace(path)
            kept = sorted(path.parent.glob("[!.]*"), key=lambda p: p.stat().st_mtime, reverse=True)
            for old in kept[most:]:
                old.unlink()
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
