"""The Stackelberg engine: followers as Pyomo blocks, their KKT conditions, and what can be proven of the answer.

    m.retailer = bilevel.Follower()                       # a follower's problem, written as a Pyomo block
    m.price = bilevel.dual_of(m.retailer.stock)           # its multiplier, for the leader's use
    answer = bilevel.solve(m, method="auto")              # values come back into m; print(answer)

    m.firm = bilevel.Leader([1, 2])                       # several leaders: each a block, with an objective of its own
    answer = bilevel.equilibrium(m)

It knows nothing about batteries.
"""

from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.diagonalisation import equilibrium
from batteryopt.bilevel.methods import METHODS
from batteryopt.bilevel.problem.follower import Follower, dual_of
from batteryopt.bilevel.problem.leaders import Leader
from batteryopt.bilevel.problem.refusals import UnsupportedFollower
from batteryopt.bilevel.solve import accepting_methods, solve
from batteryopt.bilevel.standings import LeadersAnswer, LeaderStanding

Answer = BilevelAnswer
"""The name under which `bilevel` has always shown it."""

__all__ = [
    "METHODS",
    "Answer",
    "BilevelAnswer",
    "Follower",
    "Leader",
    "LeaderStanding",
    "LeadersAnswer",
    "UnsupportedFollower",
    "accepting_methods",
    "dual_of",
    "equilibrium",
    "solve",
]
