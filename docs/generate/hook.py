"""What MkDocs calls while it builds: makes the generated parts of pages anew (see `docs.generate.pages`).

The changelog, the rules for contributors and the notebooks become pages of their own. Formulas between dollars become
MathML, which browsers show without a script.
"""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from docs.generate.notebooks import page_of  # noqa: E402
from docs.generate.pages import refreshed  # noqa: E402

MARKER = re.compile(r"^<!-- (?:generated: |end of )\S+ -->\n", re.MULTILINE)
MATH = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
OWN_PAGES = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not in docs/ as Markdown."""
    for name, source in OWN_PAGES.items():
        content = (ROOT / source).read_text(encoding="utf-8").replace("](docs/", "](")  # their links are the root's
        files.append(File.generated(config, name, content=content))
    for file in list(files):
        if file.src_uri.endswith(".ipynb"):
            assert file.abs_src_path is not None
            content, pictures = page_of(Path(file.abs_src_path))
            folder, _, _ = file.src_uri.rpartition("/")
            files.remove(file)
            files.append(File.generated(config, file.src_uri.replace(".ipynb", ".md"), content=content))
            for name, picture in pictures.items():
                files.append(File.generated(config, f"{folder}/{name}", content=picture))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Refresh what is generated, so that a site is never stale, and leave the marks out."""
    return MARKER.sub("", refreshed(markdown) + "\n")


def on_page_content(content: str, **_: Any) -> str:
    """Turn formulas into MathML."""
    return MATH.sub(_mathml, content)


def _mathml(found: re.Match[str]) -> str:
    display = "block" if found.group(2) == "[" else "inline"
    return convert(html.unescape(found.group(3)).strip(), display=display)
