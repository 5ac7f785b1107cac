"""AMPL's form of a solution: a message, duals and values in the order of the NL file, suffixes after them.

D. M. Gay, "Writing .nl files", 2005, and the AMPL solver library, whose programs write it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

BY_HUNDREDS = ("optimal", "optimal", "infeasible", "unbounded", "limit", "failed")
"""AMPL's ``solve_result_num``: 0 to 99 solved, 100 to 199 solved with a warning, 200 infeasible, and so on."""
OF_WHAT = 3
"""The bits of a suffix's kind that say what it belongs to; 0 stands for variables."""
REDUCED_COSTS = ("rc", "ipopt_zL_out", "ipopt_zU_out")
"""Suffixes of variables that hold reduced costs, or the part of each bound in them: Ipopt's add up."""


@dataclass(frozen=True, kw_only=True)
class AmplSolution:
    """What a file has.

    Attributes
    ----------
    claim
        What ``solve_result_num`` says, as a word.
    values, duals
        In the order of the NL file; duals are empty where the file has none.
    reduced_costs
        By the place of the variable; empty where the file has none.
    """

    claim: str
    message: str
    values: Sequence[float]
    duals: Sequence[float] = ()
    reduced_costs: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def of_lines(cls, lines: Sequence[str], options: int) -> AmplSolution:
        """Read the lines of a file whose line ``Options`` is number `options`.

        Raises
        ------
        ValueError, IndexError
            If they are not as AMPL writes them.
        """
        count = int(lines[options + 1])
        sizes = options + 2 + count
        if count and int(lines[options + 3]) == 3:  # a third option 3 says that a line on tolerances follows
            sizes += 2
        rows, columns = int(lines[sizes + 1]), int(lines[sizes + 3])
        first = sizes + 4 + rows
        last = first + columns
        numbers = [float(line) for line in lines[sizes + 4 : last]]
        if len(numbers) != rows + columns:
            raise ValueError(f"{rows} duals and {columns} values announced, {len(numbers)} numbers given")
        ended = next((line for line in lines[last:] if line.startswith("objno")), "objno 0 0")
        reduced: dict[int, float] = {}
        for name, found in _of_variables(lines[last:]):
            if name in REDUCED_COSTS:
                reduced |= {place: reduced.get(place, 0.0) + value for place, value in found.items()}
        return cls(
            claim=BY_HUNDREDS[int(ended.split()[-1]) // 100],
            message=" ".join(line.strip() for line in lines[:options] if line.strip()),
            values=numbers[rows:],
            duals=numbers[:rows],
            reduced_costs=reduced,
        )


def _of_variables(lines: Sequence[str]) -> Iterator[tuple[str, dict[int, float]]]:
    """Yield the suffixes of variables: ``suffix KIND COUNT ...``, the name, and lines of place and value."""
    for start, line in enumerate(lines):
        words = line.split()
        if len(words) >= 3 and words[0] == "suffix" and int(words[1]) & OF_WHAT == 0:
            pairs = (entry.split() for entry in lines[start + 2 : start + 2 + int(words[2])])
            yield lines[start + 1].strip(), {int(place): float(value) for place, value in pairs}
