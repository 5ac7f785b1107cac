"""Where a study keeps its tables, its page and, beside its folder, the journal of what is done."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import csv_text
from batteryopt.ground.owned import OwnedFolder
from batteryopt.network.data.instance import Network
from batteryopt.network.tables.writer import files_of
from batteryopt.work.journal import digest_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class StudyFolder:
    """A folder of results that is ours, and the journal beside it."""

    owned: OwnedFolder
    overwrite: bool

    @classmethod
    def made(cls, folder: Path, source: Path, names: Iterable[str], overwrite: bool) -> StudyFolder:
        """Make the folder, before any work is done for it, or raise `InvalidInput` where it cannot be ours."""
        if os.path.isdir(source) and folder.resolve().is_relative_to(source.resolve()):
            fault = Fault(place="--out", problem="lies inside the network's own folder", remedy="give another folder")
            raise InvalidInput(str(folder), [fault])
        owned = OwnedFolder(folder)
        owned.refuse_clashes(names, overwrite=overwrite)
        owned.make()
        return cls(owned=owned, overwrite=overwrite)

    @property
    def journal(self) -> Path:
        """Where is noted what is done."""
        return self.owned.path.with_name(f"{self.owned.path.name}.journal")

    def write(self, tables: Mapping[str, pd.DataFrame], page: str) -> None:
        """Write tables and page, and forget the journal."""
        contents = {f"{name}.csv": csv_text(table).encode() for name, table in tables.items() if len(table.columns)}
        self.owned.put({**contents, "page.html": page.encode()}, overwrite=self.overwrite)
        self.journal.unlink(missing_ok=True)


def identity_of(network: Network, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes a piece of work the same as another: the network and what is asked of it."""
    return {
        "batteryopt": importlib.metadata.version("batteryopt"),
        "network": digest_of(files_of(network)),
        **{name: value for name, value in asked.items() if value is not None},
    }
