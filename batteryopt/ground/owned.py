"""Folders that we write into beside whatever else lies there: which files are ours, and none other is ever touched.

A manifest in the folder (`MANIFEST`) has the name and the digest of each file that we wrote. A file that is not in it,
or that has changed since, is the user's: a new result with a file of that name is refused, unless the user says that it
may be replaced. Files change their places only after all of them have been written in full beside them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import cannot_be_written, locked, reason_of

MANIFEST = "batteryopt-files.json"
"""In each folder that we write into: what lies there of ours."""
OVERWRITE = "--overwrite replaces it"
SHOWN = 8
"""Files that are named one by one before the rest are counted."""

Digests = Mapping[str, frozenset[str]]
"""Of each file the contents that are ours: two while a new one takes the place of an old one."""
Contents = Mapping[str, bytes]
"""What is written, by name: relative to the folder, with / between its parts."""


class OwnedFolder:
    """A folder, and what in it is ours.

    Parameters
    ----------
    path
        The folder, which need not exist yet.
    place
        What faults call it: the option or the argument by which it was given.

    Raises
    ------
    InvalidInput
        If there is a manifest that cannot be read.
    """

    def __init__(self, path: Path, *, place: str = "--out") -> None:
        self.path, self.place = path, place
        self._digests = self._read()

    @property
    def names(self) -> frozenset[str]:
        """The files that are ours, as far as they are still as we wrote them."""
        return frozenset(name for name in self._digests if self._is_ours(name))

    def is_as_written(self, contents: Contents) -> bool:
        """Return whether files are there, ours, and have just these contents."""
        return all(
            digest(data) in self._digests.get(name, ()) and self._is_ours(name) for name, data in contents.items()
        )

    def clashes(self, names: Iterable[str]) -> list[str]:
        """Return what lies in the way of files and is not ours, each by its name."""
        found = dict.fromkeys(clash for name in names if (clash := self._clash(name)) is not None)
        return list(found)

    def refuse_clashes(self, names: Iterable[str], *, overwrite: bool = False) -> None:
        """Raise `InvalidInput` where something that is not ours lies in the way; with `overwrite`, only for folders."""
        found = self.clashes(names)
        in_the_way = [name for name in found if not overwrite or not _is_file(self.path / name)]
        if not in_the_way:
            return
        faults = [self._fault(name, overwrite=overwrite) for name in in_the_way[:SHOWN]]
        if len(in_the_way) > SHOWN:
            faults.append(
                Fault(place=self.place, problem=f"{len(in_the_way) - SHOWN} more such files", remedy="as above")
            )
        raise InvalidInput(str(self.path), faults)

    def make(self) -> None:
        """Create the folder, and try whether anything can be written into it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with _staging(self.path):
                pass
        except OSError as error:
            raise self._cannot_be_written(error) from error

    def put(
        self,
        contents: Contents,
        *,
        overwrite: bool = False,
        keeps_others: bool = False,
        unless: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Write files in place of all that we wrote here before, the last one last; return whether it was done.

        Parameters
        ----------
        overwrite
            Whether files that are not ours may be replaced too.
        keeps_others
            Whether our other files stay; else they go, for they would pass for parts of what is new.
        unless
            Asked when nobody else can write here any more: whether to leave everything as it is.

        Raises
        ------
        InvalidInput
            If something that is not ours lies in the way, or there is no room; then all is as it was.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with locked(self.path):
                self._digests = self._read()  # another run may have written here since
                if unless():
                    return False
                self.refuse_clashes(contents, overwrite=overwrite)
                with _staging(self.path) as stage:
                    self._write(stage, contents)
                    self._move(stage, contents, keeps_others=keeps_others)
        except OSError as error:
            raise self._cannot_be_written(error) from error
        return True

    def _write(self, stage: Path, contents: Contents) -> None:
        for name, data in contents.items():
            place = stage / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _write_through(place, data)

    def _move(self, stage: Path, contents: Contents, *, keeps_others: bool) -> None:
        """Let the files take their places. A process that dies in the middle leaves a manifest with all of them."""
        from batteryopt.ground.interrupt import postponed_interrupt

        ours = {name: self._digests[name] for name in self.names}
        new = {name: frozenset({digest(data)}) for name, data in contents.items()}
        both = {name: ours.get(name, frozenset()) | new.get(name, frozenset()) for name in [*ours, *new]}
        with postponed_interrupt():
            self._note(stage, both)
            for name in contents:
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / name).replace(self.path / name)
            if keeps_others:
                new = both | new
            else:
                self._remove(sorted(set(ours) - set(new)))
            self._note(stage, new)
        self._digests = new

    def _remove(self, names: Iterable[str]) -> None:
        """Remove files, and folders that are empty without them."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)
            for parent in list(PurePosixPath(name).parents)[:-1]:
                with contextlib.suppress(OSError):
                    (self.path / parent).rmdir()

    def _note(self, stage: Path, digests: Digests) -> None:
        document = {"written_by": "batteryopt", "files": {name: sorted(found) for name, found in digests.items()}}
        _write_through(stage / MANIFEST, (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode())
        (stage / MANIFEST).replace(self.path / MANIFEST)

    def _read(self) -> dict[str, frozenset[str]]:
        try:
            content = (self.path / MANIFEST).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise self._cannot_be_written(error) from error
        try:
            files = json.loads(content)["files"]
            return {name: frozenset(map(str, found)) for name, found in files.items() if _is_inside(name)}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            remedy = "delete it, and --overwrite replaces what it named; or give another folder"
            fault = Fault(place=self.place, problem=f"its {MANIFEST} is no list of our files", remedy=remedy)
            raise InvalidInput(str(self.path), [fault]) from error

    def _is_ours(self, name: str) -> bool:
        if self._way_is_barred(name) is not None:
            return False
        place = self.path / name
        try:
            return _is_file(place) and digest(place.read_bytes()) in self._digests.get(name, ())
        except OSError:
            return False

    def _clash(self, name: str) -> str | None:
        """Return what lies in a file's way: itself, or what stands where one of its folders should be."""
        barred = self._way_is_barred(name)
        if barred is not None:
            return barred
        return name if os.path.lexists(self.path / name) and not self._is_ours(name) else None

    def _way_is_barred(self, name: str) -> str | None:
        """Return a part of a file's way that is no folder, or that leads elsewhere."""
        for parent in reversed(list(PurePosixPath(name).parents)[:-1]):
            place = self.path / parent
            if place.is_symlink() or (place.exists() and not place.is_dir()):
                return str(parent)
        return None

    def _fault(self, name: str, *, overwrite: bool) -> Fault:
        place = self.path / name
        if not _is_file(place):
            what = "a link" if place.is_symlink() else "a folder" if place.is_dir() else "no plain file"
            return Fault(place=self.place, problem=f"'{place}' is {what} of yours", remedy="give another folder")
        if name in self._digests:
            problem = f"'{place}' has been changed since we wrote it"
        else:
            problem = f"'{place}' is there, and batteryopt did not write it"
        remedy = "give another folder" if overwrite else f"give another folder; {OVERWRITE}"
        return Fault(place=self.place, problem=problem, remedy=remedy)

    def _cannot_be_written(self, error: OSError) -> InvalidInput:
        problem = f"cannot be written to ({reason_of(error)})"
        return InvalidInput(str(self.path), [Fault(place=self.place, problem=problem, remedy="give another folder")])


def put_folder(folder: Path, contents: Contents, *, gone: Iterable[str] = ()) -> None:
    """Write the files of a folder that is the user's from now on: all of them, or none; what else lies there stays.

    Parameters
    ----------
    gone
        Files that would pass for parts of what is written, and go.

    Raises
    ------
    InvalidInput
        If it cannot be written to; then all is as it was.
    """
    from batteryopt.ground.interrupt import postponed_interrupt

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _staging(folder if folder.is_dir() else folder.parent) as stage:
            for name, data in contents.items():
                _write_through(stage / name, data)
            with postponed_interrupt():
                folder.mkdir(exist_ok=True)
                for name in contents:
                    (stage / name).replace(folder / name)
                for name in gone:
                    (folder / name).unlink(missing_ok=True)
    except OSError as error:
        remedy = "give a folder that you may write to"
        raise InvalidInput(str(folder), [cannot_be_written(error, place="folder", remedy=remedy)]) from error


def refuse_to_replace(folder: Path, names: Iterable[str], *, place: str = "--out") -> None:
    """Raise `InvalidInput` where files of a folder would be replaced, each by its name."""
    there = [name for name in names if os.path.lexists(folder / name)]
    faults = [
        Fault(place=place, problem=f"'{folder / name}' is there already", remedy=f"give another folder; {OVERWRITE}")
        for name in there[:SHOWN]
    ]
    if len(there) > SHOWN:
        faults.append(Fault(place=place, problem=f"{len(there) - SHOWN} more such files", remedy="as above"))
    if faults:
        raise InvalidInput(str(folder), faults)


def digest(data: bytes) -> str:
    """Return what tells one content from all others."""
    return hashlib.sha256(data).hexdigest()


def _is_inside(name: str) -> bool:
    """Whether a name is one that we could have written: a manifest may come from anywhere."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not PurePosixPath(name).is_absolute() and ".." not in parts and "\\" not in name


def _is_file(place: Path) -> bool:
    return place.is_file() and not place.is_symlink()


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Give a folder beside the places of the files, gone afterwards whatever happens."""
    stage = folder / f".part-{secrets.token_hex(6)}"
    stage.mkdir()
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _write_through(place: Path, data: bytes) -> None:
    with place.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
