"""The folder that a tour makes, and never at the cost of somebody else's."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from batteryopt.cli.exits import refuse
from batteryopt.ground.files import reason_of
from batteryopt.ground.owned import OwnedFolder

MARK = "ABOUT.txt"
"""A folder with this file, beginning with `MARK_LINE`, was written by a tour and may be written anew."""
MARK_LINE = "Written by batteryopt tour."
GAP = 0.02
"""Near enough for a first look: of the province's net cost, which is 0.03 % of the money that moves."""


@dataclass(frozen=True, kw_only=True)
class TourFolder:
    """What the tour makes, and where."""

    root: Path
    game: Path
    network: Path

    @property
    def plan(self) -> Path:
        """The saved result of the network."""
        return self.root / "plan"

    @property
    def page(self) -> Path:
        """The page."""
        return self.root / "plan.html"

    @property
    def commands(self) -> tuple[str, str, str]:
        """The commands that repeat the steps."""
        return (
            "batteryopt reproduce coordination",
            f"batteryopt solve {_word(self.network)} --gap {GAP:g} --out {_word(self.plan)}",
            f"batteryopt report {_word(self.plan)} --out {_word(self.page)}",
        )

    @classmethod
    def make(cls, root: Path, game: Path, network: Path, *, overwrite: bool = False) -> TourFolder:
        """Make the folder with copies of the instances, a network's folder or workbook, or refuse somebody else's."""
        if not overwrite:
            _refuse_foreign(root)
        if network.resolve().is_relative_to(root.resolve()):
            raise refuse("--network", f"'{network}' lies in '{root}', which is written anew", "copy it elsewhere first")
        suffix = "" if network.is_dir() else network.suffix
        made = cls(root=root, game=root / game.name, network=root / f"network{suffix}")
        try:
            contents = {
                MARK: _about(made).encode(),
                game.name: game.read_bytes(),
                **_copies(network, made.network.name),
            }
        except OSError as error:
            raise refuse("--network", f"'{network}' cannot be read ({reason_of(error)})", "check it") from error
        OwnedFolder(root).put(contents, overwrite=overwrite)
        return made


def _copies(network: Path, name: str) -> dict[str, bytes]:
    """Return the files of a network's copy, a folder's or a workbook."""
    if not network.is_dir():
        return {name: network.read_bytes()}
    files = sorted(path for path in network.rglob("*") if path.is_file())
    return {f"{name}/{path.relative_to(network).as_posix()}": path.read_bytes() for path in files}


def _refuse_foreign(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise refuse("--out", f"'{root}' is a file", "give a folder, which may not exist yet")
    if root.is_dir() and any(root.iterdir()) and not _is_of_a_tour(root):
        raise refuse(
            "--out",
            f"'{root}' is not empty, and no tour wrote it",
            "give another folder: what lies there is left alone",
        )


def _is_of_a_tour(root: Path) -> bool:
    with contextlib.suppress(OSError, UnicodeError):
        return (root / MARK).read_text(encoding="utf-8").startswith(MARK_LINE)
    return False


def _about(made: TourFolder) -> str:
    return f"{MARK_LINE} The next tour into this folder replaces what lies here.\n\n" + "\n".join(made.commands) + "\n"


def _word(path: Path) -> str:
    """Return a path as one word of a command line."""
    text = path.as_posix()
    return f'"{text}"' if " " in text else text
