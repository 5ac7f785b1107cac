"""Solves `china-province` at both ends of five figures, and draws them: ``python -m china_build.sensitivity``.

What is solved stands in a table, case by case, so that the run may be interrupted and goes on where it was.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from batteryopt.network.data.instance import Network
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from batteryopt.network.tables.changed import changed
from batteryopt.tables.changes import Change
from china_build.market_figures import CONTRACT_PRICE

NETWORK = Path(__file__).parents[1] / "china-province"
ASSETS = Path(__file__).parents[3] / "docs" / "assets"
TABLE, PICTURE = ASSETS / "sichuan-sensitivity.csv", ASSETS / "sichuan-sensitivity.svg"
HEADS = ("figure", "end", "value", "cost", "may_be_better_by", "collected")
GAP_MONEY, SECONDS = 6e6, 60.0
"""A thousandth of the money that moves: the net cost is near zero, so a share of it says nothing."""
BASE = "as it is"
PRICE, PAID = "markets[product={}].price_per_t", "returns[product={}].acquisition_cost_per_t"
CONTRACT = "_pack_by_contract"
FIGURES = (
    ("paid for NCM packs, CNY/t", PAID.format("ncm_pack"), 10_000, 30_000),
    ("paid for LFP packs, CNY/t", PAID.format("lfp_pack"), 2_000, 9_000),
    ("price of NCM black mass, CNY/t", PRICE.format("ncm_black_mass"), 43_450, 65_180),
    ("price of LFP black mass, CNY/t", PRICE.format("lfp_black_mass"), 4_620, 14_320),
    ("price of copper foil, CNY/t", PRICE.format("copper_foil"), 30_000, 60_000),
)
"""With what is seen or assumed of each: NCM black mass a fifth less and more, LFP's 1,500 to 4,650 for each percent."""


def main() -> None:
    """Solve what is not in the table yet, and draw the picture."""
    known = _known()
    network = read(NETWORK)
    for figure, end, key, value in _cases():
        if (figure, end) in known:
            continue
        row = _solved(network, figure, end, key, value)
        known[figure, end] = row
        with TABLE.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, HEADS, lineterminator="\n")
            if stream.tell() == 0:
                writer.writeheader()
            writer.writerow(row)
        print(row, flush=True)
    _draw(known)


def _cases() -> Iterator[tuple[str, str, str, float]]:
    yield BASE, "", "", 0.0
    for figure, key, low, high in FIGURES:
        yield figure, "low", key, low
        yield figure, "high", key, high


def _known() -> dict[tuple[str, str], dict[str, str]]:
    if not TABLE.exists():
        return {}
    with TABLE.open(newline="", encoding="utf-8") as stream:
        return {(row["figure"], row["end"]): row for row in csv.DictReader(stream)}


def _solved(network: Network, figure: str, end: str, key: str, value: float) -> dict[str, str]:
    case = changed(network, [Change.parse(f"{at}={to:g}", at) for at, to in _moved(key, value)]) if key else network
    answer = solve(case, gap_money=GAP_MONEY, time_limit=SECONDS)
    assert answer.solution is not None
    assert answer.gap_money is not None
    cost, gap = answer.solution.net_present_cost, answer.gap_money
    numbers = (f"{value:g}" if key else "", f"{cost / 1e6:.1f}", f"{gap / 1e6:.1f}")
    return dict(zip(HEADS, (figure, end, *numbers, f"{answer.solution.kpis['collection_rate']:.3f}"), strict=True))


def _moved(key: str, value: float) -> Iterator[tuple[str, float]]:
    """Yield what changes: contracts pay their share of what the market does."""
    yield key, value
    if CONTRACT not in key and "_pack]" in key:
        yield key.replace("_pack]", f"{CONTRACT}]"), CONTRACT_PRICE * value


def _draw(known: dict[tuple[str, str], dict[str, str]]) -> None:
    """Draw a bar a figure from its low to its high end around the base, the widest on top."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "sichuan", "svg.fonttype": "none", "font.size": 9})
    import matplotlib.pyplot as plt

    base = float(known[BASE, ""]["cost"])
    names = sorted((f[0] for f in FIGURES), key=lambda n: abs(_cost(known, n, "high") - _cost(known, n, "low")))
    figure, axes = plt.subplots(figsize=(8.2, 3.4), layout="constrained")
    for place, name in enumerate(names):
        for end, colour in (("low", "#0b7285"), ("high", "#d9480f")):
            row = known[name, end]
            cost = float(row["cost"])
            axes.barh(place, cost - base, left=base, color=colour, height=0.55)
            told = f" {float(row['value']):,.0f}: {float(row['collected']):.0%} "
            axes.text(cost, place, told, ha="left" if cost > base else "right", va="center", fontsize=8)
    axes.axvline(base, color="#343a40", linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("net present cost, million CNY")
    axes.margins(x=0.22)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, metadata={"Date": None})


def _cost(known: dict[tuple[str, str], dict[str, str]], name: str, end: str) -> float:
    return float(known[name, end]["cost"])


if __name__ == "__main__":
    main()
