"""What a long piece of work has done so far, on disk, so that an interrupt loses nothing.

A journal is a text file of JSON lines: first what work it belongs to, then a line a finished part. A last line that
an interrupt left half written is dropped when it is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from batteryopt.ground.errors import Fault, InvalidInput

Rows = list[dict[str, Any]]


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return what tells files from any others, in the identity of the work that is done on them."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(name.encode() + content)
    return digest.hexdigest()[:16]


class Journal:
    """The finished parts of one piece of work, by their number; a context that keeps its file open for `add`.

    Parameters
    ----------
    path
        Where it is kept.
    identity
        What the work is, as plain JSON data; the same data continues it.
    work
        What messages call it.
    restart
        Whether to forget what there is.

    Raises
    ------
    InvalidInput
        If the journal belongs to other work, or cannot be read or written.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], *, work: str = "sweep", restart: bool = False) -> None:
        self.path, self.work = path, work
        self.done: dict[int, Rows] = {}
        self._identity = json.loads(json.dumps(identity))
        try:
            there = path.read_bytes() if path.exists() else b""
            kept = self._forget(there) if restart else self._take(there)
            self._file: BinaryIO = path.open("ab")
            self._hold()
            self._file.truncate(len(kept))
            if not kept:
                self._line(self._identity)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise self._refusal(f"cannot be used ({reason})", "give another --out") from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, point: int, rows: Rows) -> None:
        """Note a finished part."""
        self.done[point] = rows
        self._line({"point": point, "rows": rows})

    def remove(self) -> None:
        """Delete the file: its work is finished, and its result is saved elsewhere."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _forget(self, content: bytes) -> bytes:
        """Return that nothing is kept, where there is a journal and not something else of the same name."""
        line = content.partition(b"\n")[0]
        try:
            is_journal = not content or isinstance(json.loads(line), dict)
        except (ValueError, RecursionError):
            is_journal = False
        if not is_journal:
            raise self._refusal(f"is no journal of a {self.work}", "move it, or give another --out")
        return b""

    def _hold(self) -> None:
        """Keep the file to this process, where the operating system can: two would do everything twice."""
        try:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            remedy = "wait for its end, or give another --out"
            raise self._refusal(f"is being written by another {self.work}", remedy) from error
        except (ImportError, OSError):  # no such locks here
            return

    def _take(self, content: bytes) -> bytes:
        """Take over what an earlier run has done, if it was the same work; return the part to keep."""
        whole = content[: content.rfind(b"\n") + 1]  # what follows the last line end was cut off
        if not whole:
            return whole
        try:
            first, *rest = (json.loads(line) for line in whole.splitlines())
            done = {int(line["point"]): line["rows"] for line in rest}
            found = {**first}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._refusal(f"is no journal of a {self.work}", "delete it, or give another --out") from error
        if found != self._identity:
            raise InvalidInput(str(self.path), list(self._differences(found)))
        self.done = done
        return whole

    def _differences(self, found: Mapping[str, Any]) -> list[Fault]:
        return [
            Fault(
                place=key,
                problem=f"was {_short(found.get(key))} and is now {_short(self._identity.get(key))}",
                remedy=f"an unfinished {self.work} is kept here: repeat its command, take another --out, or --restart",
            )
            for key in dict.fromkeys([*self._identity, *found])
            if found.get(key) != self._identity.get(key)
        ]

    def _line(self, document: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(document).encode() + b"\n")
        self._file.flush()

    def _refusal(self, problem: str, remedy: str) -> InvalidInput:
        return InvalidInput(str(self.path), [Fault(place="file", problem=problem, remedy=remedy)])


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
