"""A network as people write it, and get it back: a folder of CSV tables with a ``network.toml``, or one workbook.

Every table is one entity, every column one attribute with its unit in its name, and only what differs from its default
need be there. ``tonnes`` is the same in all periods; ``tonnes:2027`` beside it or instead of it is of one period.

    network = read("data/networks/hand")     # or raises InvalidInput with every fault of the folder
    write(network, "copy")                   # read("copy") is the same network, to the last bit
    write_workbook(network, "copy.xlsx")     # and so is read("copy.xlsx")
    export("data/networks/hand", "hand.xlsx")    # the same from place to place, with what lies beside the tables
"""

from batteryopt.network.tables.export import export
from batteryopt.network.tables.reader import read
from batteryopt.network.tables.workbook_writer import write_workbook
from batteryopt.network.tables.writer import write

__all__ = ["export", "read", "write", "write_workbook"]
