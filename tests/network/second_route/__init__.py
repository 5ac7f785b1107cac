"""A network planned a second time, by a formulation of its own.

It is typed from the reference (the words of `flows`, `facilities`, `policy` and `instance`) by hands that had not read
the package's model, with other means: every career that a facility may have is written out and has a yes-or-no
variable; a tonne is processed at a level; there are no cuts and no bounds on what may reach a site, what switches a row
off is all that ever enters the network, and the solver is SCIP through its own interface. It shares with the package
the instance and the tables of a plan, and nothing that computes: distances, discounting, figures between two levels,
groups and rules are typed again.

Where the reference alone left a meaning open, the ledger (`ledger`, `rules`, `careers`) and the check decide, and were
read for: what of a level's figures a size between levels has; that a facility which is closed is not refunded; whether
what comes back is collected, and paid for to owners where a price for the same product stands at the site; that the
longest stay goes by first in, first out over all that leaves a site; in what period a rule over all periods is paid.

`python -m tests.network.second_route SEED ...` prints both routes' answers for random networks.
"""

from tests.network.second_route.program import Outcome
from tests.network.second_route.route import Judgement, SecondRoute

__all__ = ["Judgement", "Outcome", "SecondRoute"]
