"""The notebooks run, in a quick form by default, and their committed outputs say what is computed now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.code_blocks import assert_same_text

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed (extra docs)")

FOLDER = Path(__file__).resolve().parents[2] / "docs/notebooks"
LARGEST_BYTES = 1_000_000
QUICK = {
    "researcher": 'POINTS = 8\nMAP_POINTS = 3\nDYNAMIC_ROUTE = "closed-form"\nACCURACY_PROBLEMS = 2',
    "planner": 'NETWORK = "data/networks/hand"\nGAP = 0.0\nTIME_LIMIT_S = 60',
}
"""What the cell of parameters is in the quick form: small instances, coarse grids."""


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def tagged(notebook: Any, tag: str) -> Iterator[Any]:
    return (cell for cell in notebook.cells if tag in cell.metadata.get("tags", ()))


def printed(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")


def executed(name: str, parameters: str | None = None) -> Any:
    """Return a notebook executed now; any cell that raises fails the test, with the cell's own traceback."""
    notebook = read(name)
    (cell,) = tagged(notebook, "parameters")
    if parameters is not None:
        names = re.compile(r"^(\w+) =", re.MULTILINE)
        assert names.findall(parameters) == names.findall(cell.source)
        cell.source = parameters
    for one in notebook.cells:
        if one.cell_type == "code":
            one.outputs = []
    place = {"metadata": {"path": str(FOLDER)}}
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=place).execute()
    return notebook


@pytest.mark.parametrize("name", sorted(QUICK))
def test_it_runs_and_figures_of_the_same_instance_are_those_committed(name):
    now, before = executed(name, QUICK[name]), read(name)
    pairs = list(zip(tagged(now, "figures"), tagged(before, "figures"), strict=True))
    assert pairs
    for new, old in pairs:
        assert printed(old).strip()
        assert_same_text(printed(old), printed(new), f"{name}.ipynb")


@pytest.mark.slow
def test_the_province_s_plan_and_bound_contradict_none_found_before():
    """Whoever finds a plan, no bound may lie above it; figures themselves depend on the machine's speed."""
    (now,), (before,) = tagged(executed("planner"), "plan"), tagged(read("planner"), "plan")
    (cost, bound), (old_cost, old_bound) = _cost_and_bound(printed(now)), _cost_and_bound(printed(before))
    assert bound <= old_cost + 1
    assert old_bound <= cost + 1


def _cost_and_bound(text: str) -> tuple[float, float]:
    cost, bound = (re.search(rf"{word} (-?[\d,]+)", text) for word in ("net present cost", "bound"))
    assert cost is not None
    assert bound is not None
    return float(cost.group(1).replace(",", "")), float(bound.group(1).replace(",", ""))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_is_committed_was_executed_in_order_and_is_small(path):
    assert path.stem in QUICK
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert path.stat().st_size < LARGEST_BYTES


def test_a_cell_that_fails_fails_the_test(monkeypatch, tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("n = 1"), nbformat.v4.new_code_cell("1 / 0")])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, tmp_path / "broken.ipynb")
    monkeypatch.setitem(globals(), "FOLDER", tmp_path)
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="ZeroDivisionError"):
        executed("broken")
