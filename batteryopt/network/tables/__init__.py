"""A folder of CSV tables and a ``network.toml``: the way people write a network, and get one back.

Every table is one entity, every column one attribute with its unit in its name, and only what differs from its default
need be there. ``tonnes`` is the same in all periods; ``tonnes:2027`` beside it or instead of it is of one period.

    network = read("data/networks/hand")     # or raises InvalidInput with every fault of the folder
    write(network, "copy")                   # read("copy") is the same network, to the last bit
"""

from batteryopt.network.tables.reader import read
from batteryopt.network.tables.writer import write

__all__ = ["read", "write"]
