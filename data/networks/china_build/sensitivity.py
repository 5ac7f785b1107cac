"""Draws what moves the cost of `china-province`, of its study: ``python -m china_build.sensitivity STUDY_DIR``.

STUDY_DIR is what ``batteryopt study data/networks/china-province --out STUDY_DIR`` leaves: every what-if, solved anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

ASSETS = Path(__file__).parents[3] / "docs" / "assets"
TABLE, PICTURE = ASSETS / "sichuan-sensitivity.csv", ASSETS / "sichuan-sensitivity.svg"
COLUMNS = ("variant", "cost", "bound", "collected")
BASE = "base"
SHOWN = {
    "cheap packs": "packs 30 % cheaper",
    "dear packs": "packs 30 % dearer",
    "no market for black mass": "nobody buys black mass",
    "copper sold as casings": "copper foil at 6,000 CNY/t",
    "second life at half the price": "second life at half the price",
    "lithium halved": "lithium halved, and bids with it",
    "no target": "no target",
}
"""What is drawn, and how it is called."""
MILLION = 1e6


def main() -> None:
    """Write the table and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    study = pd.read_csv(parser.parse_args().study / "study.csv")
    table = pd.DataFrame(
        {
            "variant": study["variant"],
            "cost": (study["cost"] / MILLION).round(1),
            "bound": (study["bound"] / MILLION).round(1),
            "collected": study["kpis.collection_rate"].round(3),
        }
    )
    table.to_csv(TABLE, index=False, lineterminator="\n")
    _draw(table.set_index("variant"))


def _draw(table: pd.DataFrame) -> None:
    """Draw a bar a variant from the network as it is, with the share collected at its end, the widest on top."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "sichuan", "svg.fonttype": "none", "font.size": 9})
    import matplotlib.pyplot as plt

    base = float(table.loc[BASE, "cost"])
    names = sorted(SHOWN, key=lambda name: abs(float(table.loc[name, "cost"]) - base))
    figure, axes = plt.subplots(figsize=(8.2, 3.4), layout="constrained")
    for place, name in enumerate(names):
        cost, collected = float(table.loc[name, "cost"]), float(table.loc[name, "collected"])
        axes.barh(place, cost - base, left=base, color="#0b7285" if cost < base else "#d9480f", height=0.55)
        side = "left" if cost > base else "right"
        axes.text(cost, place, f" {cost:,.0f}: {collected:.0%} ", ha=side, va="center", fontsize=8)
    axes.axvline(base, color="#343a40", linewidth=1)
    axes.set_yticks(range(len(names)), [SHOWN[name] for name in names])
    axes.set_xlabel("net present cost, million CNY")
    axes.margins(x=0.22)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
