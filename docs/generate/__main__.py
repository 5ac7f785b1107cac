"""``python -m docs.generate`` refreshes the generated parts of the committed pages; ``--check`` only looks."""

import sys

from docs.generate.pages import DOCS, REFRESH, refresh, stale

is_check = "--check" in sys.argv[1:]
found = stale() if is_check else refresh()
for page in found:
    print(f"{'stale' if is_check else 'refreshed'}: docs/{page.relative_to(DOCS).as_posix()}")
if is_check and found:
    sys.exit(f"run `{REFRESH}` and commit what it changes")
