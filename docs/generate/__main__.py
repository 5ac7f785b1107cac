"""``python -m docs.generate`` refreshes the generated parts of the pages, which are committed."""

from docs.generate.pages import DOCS, refresh

for page in refresh():
    print(f"refreshed docs/{page.relative_to(DOCS).as_posix()}")
