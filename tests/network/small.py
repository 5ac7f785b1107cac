"""A folder of one plant, to be spoilt: packs return at A, B may make mass of them, and M buys it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.tables import read

TABLES = {
    "network.toml": 'kind = "network"\nname = "t"\ncurrency = "EUR"\nperiods = ["1"]\n[distances]\nkm = "km.csv"\n',
    "km.csv": "km,A,B,M\nA,0,10,30\nB,10,0,20\nM,30,20,0\n",
    "sites.csv": "site\nA\nB\nM\n",
    "products.csv": "product,uncollected_cost_per_t\npack,100\nmass,\n",
    "returns.csv": "site,product,tonnes\nA,pack,100\n",
    "types.csv": "type\nplant\n",
    "recipes.csv": "type,recipe\nplant,r\n",
    "recipe_products.csv": "type,recipe,product,input_t,output_t\nplant,r,pack,1,\nplant,r,mass,,0.5\n",
    "levels.csv": "type,level,capacity_t,opening_cost,fixed_cost,variable_cost_per_t\nplant,s,100,1000,10,1\n",
    "candidates.csv": "site,type\nB,plant\n",
    "markets.csv": "site,product,price_per_t\nM,mass,20\n",
    "modes.csv": "mode,distance,cost_per_t_km\nlorry,km,0.1\n",
}
TWO_PERIODS = {"network.toml": TABLES["network.toml"].replace('["1"]', '["a", "b"]')}
TWO_SIZES = {"levels.csv": "type,level,capacity_t,opening_cost\nplant,s,100,500\nplant,L,200,900\n"}
SECOND_LIFE = {
    "products.csv": "product,uncollected_cost_per_t\npack,0\nsecond,\n",
    "recipe_products.csv": "type,recipe,product,input_t,output_t\nplant,r,pack,1,\nplant,r,second,,1\n",
    "markets.csv": "site,product,price_per_t\nM,second,50\n",
}


def small_network(folder: Path, changes: Mapping[str, str] | None = None) -> Path:
    """Write the folder, some of its files instead of its own or beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (TABLES | dict(changes or {})).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def faults_at(folder: Path, changes: Mapping[str, str] | None = None) -> list[str]:
    """Return what is said of a folder that must be refused."""
    with pytest.raises(InvalidInput) as caught:
        read(small_network(folder, changes))
    return [str(fault) for fault in caught.value.faults]
