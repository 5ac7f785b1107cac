"""What all tests share: reproducible random tests, a browser, and a closing line that says which solvers took part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from batteryopt import solvers
from tests.browser import started

FREE = ("cbc", "glpk")
"""Solvers that Pyomo finds where a package manager has put them."""

# The same examples in every run, and no deadline: a shared machine may be slow, and that is not a failure.
settings.register_profile(
    "reproducible", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[Any]:
    """A browser without a network; tests that ask for it are skipped by name where none is installed."""
    with started(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


def pytest_terminal_summary(terminalreporter) -> None:
    """Say it at the end, where a quiet run shows it too."""
    adapters = {adapter.name: adapter for adapter in solvers.available()}
    present = ", ".join(f"{name} {adapter.version()}" for name, adapter in adapters.items())
    missing = ", ".join(name for name in (*solvers.known(), *FREE) if name not in adapters)
    terminalreporter.write_line(
        f"solvers tested: {present}" + (f"; not installed, skipped: {missing}" if missing else "")
    )
