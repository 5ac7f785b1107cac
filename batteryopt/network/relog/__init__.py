"""Cases of RELOG, the open reverse-logistics tool of Argonne National Laboratory, as networks.

Both of its dialects are read: `products` and `plants` (releases 0.2 to 0.7), and `parameters`, `products`, `centers`
and `plants` (0.8, in development). An imported case costs exactly what it costs in RELOG; where RELOG counts in another
way than this package would by itself, or has something that a network cannot say, the import tells.
"""

from batteryopt.network.relog.importer import Imported, import_relog

__all__ = ["Imported", "import_relog"]
