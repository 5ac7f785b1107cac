"""Every kind of table is set by LaTeX itself, with the preamble that the documentation names."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from batteryopt.report import latex
from batteryopt.report.family_view import view_of
from batteryopt.report.tables import Table
from batteryopt.report.write import write_exports

ROOT = Path(__file__).parents[2]
SIGNS = "\\&%$#_{}~^<>|[]*\"'`–\N{MINUS SIGN}₂ₜ≤≥×·→…αβγδηθλμρσφω éüñçß °"


@pytest.fixture(scope="module")
def pdflatex() -> str:
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("pdflatex is not installed")
    packages = [f"{name}.sty" for name in re.findall(r"\w+", latex.PREAMBLE.partition("{")[2])]
    found = subprocess.run(["kpsewhich", *packages], capture_output=True, text=True, check=False)
    if len(found.stdout.split()) < len(packages):
        pytest.skip(f"LaTeX lacks one of {', '.join(packages)}")
    return program


def faults(program: str, tables: list[str], folder: Path) -> list[str]:
    """Return what LaTeX has to say against a document with some tables."""
    body = "\n\\clearpage\n".join(tables)
    document = f"\\documentclass{{article}}\n{latex.PREAMBLE}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (folder / "paper.tex").write_text(document, encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "paper.log").read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = ("!", "Overfull", "Missing character", "LaTeX Warning: Float too large")
    return [line for line in log if line.startswith(wrong)] + ([] if run.returncode == 0 else ["failed"])


@pytest.mark.parametrize("name", ["coordination_game", "retailers_game", "paths_game", "plan", "compromises"])
def test_every_exported_table_is_set(pdflatex, request, tmp_path, name):
    folder = request.getfixturevalue(name).folder
    files = [file for file in write_exports([folder], tmp_path / "out", formats=()) if file.suffix == ".tex"]
    assert len(files) == len(view_of(request.getfixturevalue(name)).tables(request.getfixturevalue(name))) > 1
    assert faults(pdflatex, [file.read_text(encoding="utf-8") for file in files], tmp_path) == []


def test_every_sign_is_set_wherever_it_stands(pdflatex, tmp_path):
    rows = [[f"{sign} first", f"last {sign}"] for sign in (*SIGNS, "[2]")]
    table = Table(caption=SIGNS, columns=["a", SIGNS], rows=rows[:40])
    more = Table(caption="more", columns=["a", "b"], rows=rows[40:])
    assert faults(pdflatex, [table.to_latex(), more.to_latex()], tmp_path) == []


def test_long_and_wide_tables_stay_on_the_page(pdflatex, tmp_path):
    long = Table(caption="long", columns=["n", "v"], rows=[[str(i), float(i)] for i in range(200)])
    words = "a heading of very many words that nobody would set in one line"
    wide = Table(caption="wide", columns=["n", *[words] * 9], rows=[["a", *[123456789.0] * 9]])
    assert faults(pdflatex, [long.to_latex(), wide.to_latex()], tmp_path) == []


def test_a_fault_is_seen(pdflatex, tmp_path):
    assert faults(pdflatex, [r"\begin{tabular}{l}\nosuchcommand\end{tabular}"], tmp_path)
    assert faults(pdflatex, [r"\noindent\rule{2\textwidth}{1pt}"], tmp_path)


def test_documentation_names_the_preamble():
    assert latex.PREAMBLE in (ROOT / "docs/how-to/report.md").read_text(encoding="utf-8")


def test_long_tables_break_over_pages_and_others_float():
    rows = [[str(i), 1.0] for i in range(latex.LONGEST + 1)]
    assert Table(caption="", columns=["", "v"], rows=rows).to_latex().startswith("\\begin{longtable}")
    assert Table(caption="", columns=["", "v"], rows=rows[1:]).to_latex().startswith("\\begin{table}")
