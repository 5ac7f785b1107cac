"""``python -m batteryopt.accuracy DIR PAGE.md``: what a benchmark saved in DIR goes into the page, between marks."""

from __future__ import annotations

import sys
from pathlib import Path

from batteryopt.accuracy.document import write_document
from batteryopt.ground.errors import BatteryOptError


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder, page = map(Path, arguments)
    try:
        write_document(folder, page)
    except BatteryOptError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"wrote {page}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
