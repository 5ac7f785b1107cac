"""Where tonnes go in a plan, over all periods: from returns through facilities to markets and disposal."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from batteryopt.report.charts import BLUE, GREEN, ORANGE, YELLOW, chart
from batteryopt.report.results import Saved
from batteryopt.report.tables import amount
from batteryopt.report.words import words

Link = tuple[str, str, float]
RETURNED, SOLD, DISPOSED, LEFT, LOST = "Returned", "Sold", "Disposed of", "Not collected", "Lost in processing"
COLORS = {RETURNED: BLUE, SOLD: GREEN, DISPOSED: ORANGE, LEFT: "#9aa2ad", LOST: "#9aa2ad"}
LINE = 16
"""Letters of a line of a name."""
SMALL = 1e-4
"""Links below this share of all returns are left out."""


def sankey(saved: Saved) -> dict[str, Any]:
    """Return the diagram; empty without the instance, whose recipes say what becomes of what."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for source, target, tonnes in _links(saved):
        sums[source, target] += tonnes
    most = max(sums.values(), default=0.0)
    shown = {ends: tonnes for ends, tonnes in sums.items() if tonnes > SMALL * most}
    nodes = list(dict.fromkeys(node for ends in shown for node in ends))
    trace = {
        "type": "sankey",
        "valueformat": ",.0f",
        "valuesuffix": " t",
        "node": {
            "label": [_lines(node.partition(":")[2] or node) for node in nodes],
            "color": [COLORS.get(node, YELLOW if node.startswith("type:") else "#6fa8cf") for node in nodes],
            "pad": 16,
            "thickness": 14,
            "line": {"width": 0},
        },
        "link": {
            "source": [nodes.index(source) for source, _ in shown],
            "target": [nodes.index(target) for _, target in shown],
            "value": [float(f"{tonnes:.6g}") for tonnes in shown.values()],
            "color": "rgba(130,150,175,0.32)",
        },
    }
    total = sum(tonnes for (source, _), tonnes in shown.items() if source == RETURNED)
    note = (
        f"Over all periods; {amount(total)} t return. Products in blue, facilities in yellow; shipments are not shown."
    )
    return chart(
        "materials", "What becomes of the batteries", [trace] if shown else [], height=460, note=note, least_width=640
    )


def _lines(name: str) -> str:
    """Return a long name in lines, so that it does not reach into the next column."""
    return "<br>".join(textwrap.wrap(name, LINE, break_long_words=False))


def _links(saved: Saved) -> Iterator[Link]:
    """Yield every flow between returns, products, facility types and the ways out."""
    for row in saved.table("collection").to_dict(orient="records"):
        yield RETURNED, _product(row["product"]), row["collected"]
        yield RETURNED, LEFT, row["returned"] - row["collected"]
    for name, end in (("sold", SOLD), ("disposed", DISPOSED)):
        for row in saved.table(name).to_dict(orient="records"):
            yield _product(row["product"]), end, row["tonnes"]
    yield from _processing(saved)


def _processing(saved: Saved) -> Iterator[Link]:
    types = {} if saved.instance is None else saved.instance.types_by_name
    recipes = {(name, recipe.name): recipe for name, type_ in types.items() for recipe in type_.recipes}
    for row in saved.table("processed").to_dict(orient="records"):
        recipe = recipes.get((row["type"], row["recipe"]))
        if recipe is None:
            continue
        node = f"type:{words(row['type'])}"
        for product, share in recipe.inputs:
            yield _product(product), node, share * row["tonnes"]
        for product, share in recipe.outputs:
            yield node, _product(product), share * row["tonnes"]
        lost = sum(share for _, share in recipe.inputs) + recipe.reagents_t - sum(share for _, share in recipe.outputs)
        yield node, LOST, max(lost, 0.0) * row["tonnes"]


def _product(name: str) -> str:
    return f"product:{words(name)}"
