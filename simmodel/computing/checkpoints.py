"""Finished blocks of a long piece of work, kept so that an interrupted one goes on."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError, Stopped
from ..texts import say
from .environment import environment

_KEY = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
_END, _LOCK, _DIGEST = ".block", "lock", 32


class Store:
    """A folder of finished blocks, used by one command at a time.

    As a context manager it removes the folder when the whole has been written without an error,
    keeps finished blocks where something failed, and turns an interrupt into words.

    Attributes
    ----------
    kept : int
        Blocks found when it was opened, made by the same.
    dropped : int
        Blocks found and removed, made by something else or damaged.
    """

    def __init__(
        self,
        folder: Path,
        blocks: Path,
        lock: int,
        kept: set[str],
        dropped: int,
        made: Sequence[Path] = (),
    ):
        self.folder, self._blocks, self._lock = folder, blocks, lock
        self._keys, self._made = kept, made
        self.kept, self.dropped = len(kept), dropped

    @classmethod
    def open(cls, folder: Path, fingerprint: str) -> Store:
        """Open the store of what ``fingerprint`` identifies, and drop blocks of anything else.

        Parameters
        ----------
        folder : pathlib.Path
            Usually ``.<name>.parts`` beside the output; made where it is absent.
        fingerprint : str
            Whatever was asked for: scenario, seeds, posterior, sweep. Versions and processor, as in
            `environment`, are added here.

        Raises
        ------
        OutputError
            If another command is using the folder, or it cannot be written.
        """
        made = json.dumps([fingerprint, environment()], sort_keys=True)
        blocks = folder / hashlib.sha256(made.encode()).hexdigest()[:32]
        above = [place for place in folder.parents if not place.exists()]
        try:
            lock = _locked(folder)
            try:
                dropped = _drop_others(folder, blocks)
                blocks.mkdir(exist_ok=True)
                kept = set()
                for path in sorted(blocks.iterdir()):
                    if _read(path) is None:
                        dropped += path.name.endswith(_END)
                        path.unlink()
                    else:
                        kept.add(path.name[: -len(_END)].replace("~", "/"))
            except BaseException:
                os.close(lock)
                raise
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(say("computing.cannot_keep", folder=folder, reason=reason)) from None
        return cls(folder, blocks, lock, kept, dropped, above)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def note(self) -> str | None:
        """What was found when the store was opened, in words; None where it was empty."""
        if self.kept:
            return say("computing.goes_on", blocks=_blocks(self.kept))
        if self.dropped:
            return say("computing.starts_again", blocks=_blocks(self.dropped))
        return None

    def get(self, key: str) -> NDArray[np.generic]:
        """Return a finished block.

        Raises
        ------
        OutputError
            If it has been damaged or removed since the store was opened.
        """
        found = _read(self._path(key))
        if found is None:
            self._keys.discard(key)
            raise OutputError(say("computing.block_damaged", folder=self.folder, key=key))
        return found

    def put(self, key: str, block: NDArray[np.generic]) -> None:
        """Keep a finished block; after this returns, no crash loses it.

        Raises
        ------
        OutputError
            If it cannot be written, as on a full disk; blocks finished before are kept.
        """
        path = self._path(key)
        part = path.with_suffix(".part")
        body = io.BytesIO()
        np.save(body, block, allow_pickle=False)
        try:
            _write(part, body.getvalue() + hashlib.sha256(body.getvalue()).digest())
            os.replace(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OutputError(
                say(
                    "computing.block_not_written",
                    folder=self.folder,
                    key=key,
                    reason=error.strerror or error,
                    goes_on=self.goes_on(),
                )
            ) from None
        self._keys.add(key)

    def close(self) -> None:
        """Remove the folder: the whole has been written, or nothing is worth keeping."""
        if self._lock >= 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            for place in self._made:  # an output in it keeps a folder
                with contextlib.suppress(OSError):
                    place.rmdir()
            self._release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None or not self._keys:
            self.close()
        self._release()
        if isinstance(error, KeyboardInterrupt):
            raise Stopped(say("computing.stopped", goes_on=self.goes_on())) from None

    def goes_on(self) -> str:
        """How to go on, in words to end a message with."""
        if not self._keys:
            return say("computing.none_finished")
        return say("computing.kept", blocks=_blocks(len(self._keys)))

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"key: letters, digits, _ . - and / only; found {key!r}")
        return self._blocks / f"{key.replace('/', '~')}{_END}"

    def _release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _blocks(count: int) -> str:
    return say("computing.one_block" if count == 1 else "computing.blocks", count=count)


def _locked(folder: Path) -> int:
    """Make the folder and lock it; the system unlocks it whichever way the process ends."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            continue  # another command finished and removed the folder in between
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(folder / _LOCK)):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise OutputError(say("computing.in_use", folder=folder)) from None
        except FileNotFoundError:
            pass  # another command finished and removed the folder in between
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _drop_others(folder: Path, blocks: Path) -> int:
    """Remove blocks of another fingerprint; how many there were."""
    dropped = 0
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path != blocks:
            dropped += sum(1 for p in path.iterdir() if p.name.endswith(_END))
            shutil.rmtree(path)
    return dropped


def _read(path: Path) -> NDArray[np.generic] | None:
    """Return a block, or None where the file is not a whole one."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    body, digest = data[:-_DIGEST], data[-_DIGEST:]
    if not path.name.endswith(_END) or hashlib.sha256(body).digest() != digest:
        return None
    found: NDArray[np.generic] = np.load(io.BytesIO(body), allow_pickle=False)
    return found


def _write(path: Path, data: bytes) -> None:
    """Write a file and see it onto the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
