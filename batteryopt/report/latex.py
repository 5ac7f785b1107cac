"""Tables as LaTeX, for whichever engine sets them: the signs it would not print as they stand, and long headings."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

PREAMBLE = r"\usepackage{booktabs,graphicx,longtable}"
"""What a document needs for the tables of this module."""
LONGEST = 40
"""Rows of a table that fits on a page; longer ones break over pages."""
HEADING = 16
"""Characters in a line of a heading, where words allow it."""
_GREEK = ("alpha", "beta", "gamma", "delta", "eta", "theta", "lambda", "mu", "rho", "sigma", "phi", "omega")
_SIGNS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",  # the oldest fonts have other signs in these three places
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # at the beginning of a row these two would belong to the end of the row before
    "*": "{*}",
    "–": "--",
    "\N{MINUS SIGN}": "$-$",
    "₂": "$_2$",
    "ₜ": "$_t$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "→": r"$\rightarrow$",
    "…": r"\dots{}",
    **{letter: rf"$\{name}$" for letter, name in zip("αβγδηθλμρσφω", _GREEK, strict=True)},
}


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> str:
    """Return a float, made narrower where it is wider than the text; a table that breaks over pages where it is long.

    Parameters
    ----------
    sides
        A letter a column: l or r.
    """
    head = " & ".join(_heading(column, side) for column, side in zip(columns, sides, strict=True))
    top = f"    \\toprule\n    {head} \\\\\n    \\midrule\n"
    body = "".join(f"    {' & '.join(map(text, row))} \\\\\n" for row in rows)
    parts = (text(caption), sides, top, body)
    return _over_pages(*parts) if len(rows) > LONGEST else _float(*parts)


def text(words: str) -> str:
    """Return words as LaTeX prints them."""
    return "".join(_SIGNS.get(character, character) for character in words)


def _float(caption: str, sides: str, top: str, body: str) -> str:
    fitting = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    return (
        f"\\begin{{table}}[htbp] % needs {PREAMBLE}\n  \\centering\n  \\caption{{{caption}}}\n  {fitting}\n"
        f"  \\begin{{tabular}}{{{sides}}}\n{top}{body}    \\bottomrule\n  \\end{{tabular}}}}\n\\end{{table}}\n"
    )


def _over_pages(caption: str, sides: str, top: str, body: str) -> str:
    return (
        f"\\begin{{longtable}}{{{sides}}} % needs {PREAMBLE}\n  \\caption{{{caption}}}\\\\\n{top}    \\endfirsthead\n"
        f"{top}    \\endhead\n    \\bottomrule\n    \\endfoot\n{body}\\end{{longtable}}\n"
    )


def _heading(words: str, side: str) -> str:
    """Return a heading, in several lines where it is long."""
    lines = textwrap.wrap(words, HEADING, break_long_words=False, break_on_hyphens=False)
    if len(lines) < 2:
        return text(words)
    return rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}" + r"\\".join(map(text, lines)) + r"\end{tabular}"
