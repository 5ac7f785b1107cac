"""The families of models by the `kind` of their instances; a family is imported when it is asked for.

Everything above the families, the command line first of all, meets them here and nowhere else. A family is a package
with functions at known places; a new one is an entry in `FAMILIES` (`register.py`).
"""

from __future__ import annotations

from batteryopt.families.entrances import model, plan_of, read, solve
from batteryopt.families.entry import Family
from batteryopt.families.promised import FamilyAnswer, FamilyResult, FamilyUnderstood
from batteryopt.families.register import FAMILIES, family_at, family_of, view_place

__all__ = [
    "FAMILIES",
    "Family",
    "FamilyAnswer",
    "FamilyResult",
    "FamilyUnderstood",
    "family_at",
    "family_of",
    "model",
    "plan_of",
    "read",
    "solve",
    "view_place",
]
