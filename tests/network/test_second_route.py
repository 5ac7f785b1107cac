"""Both routes on random networks with every feature: the same status and optimum, the same ledger to the last term.

A network that is refused when it is made is skipped; the share of those, and of those without a plan, is held down, so
that the tests cannot come to compare nothing. `python -m tests.network.second_route SEED ...` shows a difference.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.network.second_route.compare import compared

QUICK, SLOW = 30, 1000
PART = 10


def _differences(first: int) -> tuple[Counter[str], list[str]]:
    """Compare both routes on some seeds; return verdicts and what differs."""
    found = {seed: compared(seed) for seed in range(first, first + PART)}
    faults = [f"seed {seed}: {fault}" for seed, comparison in found.items() for fault in comparison.faults]
    return Counter(comparison.verdict for comparison in found.values()), faults


@pytest.mark.parametrize("first", range(1, QUICK + 1, PART))
def test_random_networks(first):
    verdicts, faults = _differences(first)
    assert not faults, "\n".join(faults)
    assert verdicts["same optimum"] >= PART / 3, verdicts


@pytest.mark.slow
@pytest.mark.parametrize("first", range(QUICK + 1, SLOW + 1, PART))
def test_more_random_networks(first):
    _, faults = _differences(first)
    assert not faults, "\n".join(faults)
