"""What each rank of ``mpiexec`` runs: progressive hedging with a spoke for bounds and one for plans, by mpi-sppy.

``mpiexec -n 3 python -m mpi4py -m batteryopt.network.cluster.hedging JOB``: the job is a folder with the network and a
``job.json``; the first rank leaves ``bounds.json`` there, and the rank that has the best plan ``first_stage.json``.

Knueven, B., Mildebrath, D., Muir, C., Siirola, J., Watson, J.-P., Woodruff, D. (2023), A parallel hub-and-spoke system
for large-scale scenario-based optimization under uncertainty, Mathematical Programming Computation 15, 591-619.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from batteryopt.network import tables
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.public import make_model
from batteryopt.network.futures.future import Future, futures_of

NETWORK, JOB, BOUNDS, FIRST_STAGE = "network", "job.json", "bounds.json", "first_stage.json"
BEST_SO_FAR = "best_so_far.json"
"""Where the best first stage is left as it is found, for whoever ends the ranks."""
"""Names in the folder of a job."""
CYLINDERS = 3
"""Hub, bounds and plans: the ranks are shared out among these three."""
OF_THE_COST = 0.5
"""The penalty of differing from the mean first stage, as a share of what the variable costs."""


def scenario_creator(name: str, *, futures: dict[str, Future]) -> Any:
    """Return the Pyomo model of a future as mpi-sppy wants it: with its probability and what is decided once."""
    from mpisppy.utils import sputils

    future = futures[name]
    model = make_model(future.network)
    model._mpisppy_probability = future.probability
    sputils.attach_root_node(model, 0.0, [model.is_open])
    return model


def _rho_setter(model: Any) -> list[tuple[int, float]]:
    """Return the penalty of each variable of the first stage: about what a unit of it costs to open and to keep.

    Opening is paid for by another variable, of the same facility and period; costs of the same place in the lists of
    both belong together. A variable that costs nothing has the mean of the others.
    """
    from pyomo.repn import generate_standard_repn

    found = generate_standard_repn(model.objective.expr, compute_values=True)
    cost = {id(v): abs(c) for v, c in zip(found.linear_vars, found.linear_coefs, strict=True)}
    stands = list(model.is_open.values())
    raised = list(model.raised.values()) if model.component("raised") is not None else []
    own = [cost.get(id(v), 0.0) for v in stands]
    if len(raised) == len(stands):
        own = [a + cost.get(id(v), 0.0) for a, v in zip(own, raised, strict=True)]
    usual = float(np.mean([c for c in own if c > 0] or [1.0]))
    return [(id(v), OF_THE_COST * (c or usual)) for v, c in zip(stands, own, strict=True)]


def _settings(job: dict[str, Any]) -> Any:
    from mpisppy.utils import config

    settings = config.Config()
    for group in ("popular_args", "ph_args", "two_sided_args", "lagrangian_args", "xhatshuffle_args"):
        getattr(settings, group)()
    settings.solver_name = "highs"
    settings.default_rho = 1.0
    settings.rel_gap = job["relative_gap"]
    settings.max_iterations = job["iterations"]
    settings.time_limit = None if job["time_limit"] is None else math.ceil(job["time_limit"])
    settings.max_solver_threads = 1
    settings.solver_options = f"mip_rel_gap={job['relative_gap'] / 2:g}"
    # HiGHS has no mixed-integer quadratic method: the quadratic penalty is cut into lines
    settings.linearize_proximal_terms = True
    settings.linearize_binary_proximal_terms = True
    return settings


def _write_bounds(folder: Path, inner: float, outer: float) -> None:
    """Leave bounds; never half of them, for the ranks may be ended at any time."""
    _leave(folder / BOUNDS, {"inner": _finite(inner), "outer": _finite(outer)})


def _leave(path: Path, content: object) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


def _bounds_as_they_come(folder: Path) -> Any:
    """Return an extension of the hub that leaves the bounds of every iteration."""
    from mpisppy.extensions.extension import Extension

    class BoundsAsTheyCome(Extension):
        def miditer(self) -> None:
            hub = self.opt.spcomm
            if hub.global_rank == 0:
                _write_bounds(folder, hub.BestInnerBound, hub.BestOuterBound)

    return BoundsAsTheyCome


def _plans_as_they_come(folder: Path, spoke: type[Any]) -> type[Any]:
    """Return a spoke that leaves every plan that is the best so far.

    From the cache of the best solution: the variables themselves have the values of whatever was solved last.
    """

    class PlansAsTheyCome(spoke):
        def _maybe_write_incumbent_on_improvement(self) -> None:
            if self.cylinder_rank == 0:
                data = next(iter(self.opt.local_scenarios.values()))._mpisppy_data
                cache = data.best_solution_cache._dict
                _leave(folder / BEST_SO_FAR, [float(cache[at][1]) for at in data.varid_to_nonant_index])

    return PlansAsTheyCome


def _writer(folder: Path) -> Any:
    def write(_name: str, scenario: Any, _bundling: bool) -> None:
        values = [float(v.value or 0.0) for v in scenario.is_open.values()]
        (folder / FIRST_STAGE).write_text(json.dumps(values), encoding="utf-8")

    return write


def run(folder: Path) -> None:
    """Run hub and spokes on the ranks there are."""
    from mpisppy.spin_the_wheel import WheelSpinner
    from mpisppy.utils import cfg_vanilla

    job = json.loads((folder / JOB).read_text(encoding="utf-8"))
    network: Network = tables.read(folder / NETWORK)
    futures = {future.name: future for future in futures_of(network) if future.probability > 0}
    settings, names = _settings(job), list(futures)
    beans = (settings, scenario_creator, lambda *_: None, names)
    more: dict[str, Any] = {"scenario_creator_kwargs": {"futures": futures}}
    hub = cfg_vanilla.ph_hub(*beans, **more, rho_setter=_rho_setter, ph_extensions=_bounds_as_they_come(folder))
    spokes = [
        cfg_vanilla.lagrangian_spoke(*beans, **more, rho_setter=_rho_setter),
        cfg_vanilla.xhatshuffle_spoke(*beans, **more),
    ]
    spokes[-1]["spoke_class"] = _plans_as_they_come(folder, spokes[-1]["spoke_class"])
    wheel = WheelSpinner(hub, spokes)
    wheel.spin()
    if wheel.on_hub() and wheel.spcomm.cylinder_rank == 0:
        _write_bounds(folder, wheel.BestInnerBound, wheel.BestOuterBound)
    wheel.write_first_stage_solution(str(folder / FIRST_STAGE), _writer(folder))


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def main(words: Sequence[str]) -> None:
    """Run the job in the folder that is named."""
    run(Path(words[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
