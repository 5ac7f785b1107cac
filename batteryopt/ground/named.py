"""Things named in a text as ``module:name``, imported when they are asked for."""

from __future__ import annotations

import importlib
from typing import Any


def named(place: str) -> Any:
    """Return what stands at ``package.module:name``, importing its module."""
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)
