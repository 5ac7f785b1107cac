"""What stands below a map: the slider of the period, the choice of a product, and the key to colours."""

from __future__ import annotations

import html
from typing import Any

SIGNS = {"circle": "●", "square": "■", "diamond": "◆", "triangle-up": "▲", "star": "★", "cross": "✚"}


def controls(content: dict[str, Any]) -> str:
    """Return the slider of the period, the choice of a product, and the key to colours."""
    last = len(content["periods"]) - 1
    products = [*zip(content["products"], content["product_colors"], strict=True)]
    options = "".join(f'<option value="{i}">{html.escape(name)}</option>' for i, (name, _) in enumerate(products))
    slider = (
        f'<label>Period <input data-control="period" type="range" min="0" max="{last}" value="{last}"> '
        "<output></output></label>"
    )
    choice = f'<label>Product <select data-control="product"><option value="-1">all</option>{options}</select></label>'
    color = '<label>Colour by <select data-control="color"><option value="0">mode</option><option value="1">product'
    color += "</option></select></label>"
    modes = [(mode["name"], mode["color"]) for mode in content["modes"]]
    keys = "".join(
        f'<span data-key="{what}"{" hidden" if what == "product" else ""}><i style="background:{shade}"></i>'
        f"{html.escape(name)}</span>"
        for what, kinds in (("mode", modes), ("product", products))
        for name, shade in kinds
    )
    keys += "".join(
        f'<span><b style="color:{kind["color"]}">{SIGNS[kind["symbol"]]}</b>{html.escape(kind["name"])}</span>'
        for kind in content["types"]
    )
    return f'<div class="controls">{slider}{choice}{color}</div><div class="key">{keys}</div>'
