"""What a grid itself says of what it leaves out, for the certificate."""

from __future__ import annotations

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.model.mesh import MeshError
from batteryopt.games.differential.model.price_switches import WantedPrices
from batteryopt.games.differential.model.refinement import (
    COARSE_MESH_TOLERANCE,
    TAIL_TOLERANCE,
    deepest_asked,
    mesh_tolerance_of,
)
from batteryopt.games.differential.path.trajectory import Trajectory
from batteryopt.games.differential.solution import Model
from batteryopt.ground.certificate import Certificate, Check


def grid_checks(error: MeshError, instance: Instance, *, is_stopped: bool = False) -> Certificate:
    """Return what the grid itself says of its errors; `is_stopped` says that a limit stopped its refinement."""
    mesh = Check(
        is_of_convergence=True,
        name="mesh-error",
        residual=error.worst(deepest_asked(instance)),
        tolerance=mesh_tolerance_of(instance, is_stopped=is_stopped),
        detail="estimated error of the worst path between its nodes, relative to its size",
    )
    tail = Check(
        is_of_convergence=True,
        name="truncation",
        residual=error.tail,
        tolerance=TAIL_TOLERANCE,
        detail="bound of what the element that reaches to infinity can change, relative to the present value",
    )
    return Certificate((mesh,) if instance.is_finite else (mesh, tail))


def switch_checks(instance: Instance, model: Model, path: Trajectory) -> Certificate:
    """Return whether elements meet where capped prices bend or jump, which errors within elements do not tell."""
    wanted = WantedPrices.by(instance, model, path, deepest_asked(instance))
    if wanted is None:
        return Certificate()
    check = Check(
        is_of_convergence=True,
        name="price-switches",
        residual=wanted.unmet(),
        tolerance=COARSE_MESH_TOLERANCE,
        detail="distance of a price's kink or jump from where elements meet, as a part of its element",
    )
    return Certificate((check,))
