"""What each rank of ``mpiexec`` runs: progressive hedging with a spoke for bounds and one for plans, by mpi-sppy.

``mpiexec -n 3 python -m mpi4py -m batteryopt.network.cluster.hedging JOB``: the job is a folder with the network and a
``job.json``; the first rank leaves ``bounds.json`` there, and the rank that has the best plan ``first_stage.json``.

Knueven, B., Mildebrath, D., Muir, C., Siirola, J., Watson, J.-P., Woodruff, D. (2023), A parallel hub-and-spoke system
for large-scale scenario-based optimization under uncertainty, Mathematical Programming Computation 15, 591-619.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from batteryopt.network import tables
from batteryopt.network.cluster.first_prices import FirstPrices, first_names
from batteryopt.network.cluster.future_arrays import FutureArrays
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.public import make_model
from batteryopt.network.futures.future import Future, futures_of

NETWORK, JOB, BOUNDS, FIRST_STAGE = "network", "job.json", "bounds.json", "first_stage.json"
PRICES = "prices.npz"
BEST_SO_FAR = "best_so_far.json"
"""Where the best first stage is left as it is found, for whoever ends the ranks."""
"""Names in the folder of a job."""
CYLINDERS = 3
"""Hub, bounds and plans: the ranks are shared out among these three."""
EVERY = 0.02
"""Seconds from one look at what other ranks want to the next."""


def scenario_creator(name: str, *, futures: dict[str, Future]) -> Any:
    """Return the Pyomo model of a future as mpi-sppy wants it: with its probability and what is decided once.

    Its cuts are in the arrays that are solved; the model has the values, and its objective is looked at.
    """
    from mpisppy.utils import sputils

    future = futures[name]
    model = make_model(future.network, is_tight=False)
    model._arrays, model._number = FutureArrays(future.network), list(futures).index(name)
    model._mpisppy_probability = future.probability
    # one by one: of a whole family mpi-sppy sorts the variables by their keys
    first = [v for name in first_names(model._arrays.m) for v in model.component(name).values()]
    sputils.attach_root_node(model, 0.0, first)
    return model


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


def _plans_as_they_come(folder: Path) -> type[Any]:
    """Return a spoke that leaves every plan that is the best so far.

    From the cache of the best solution: the variables themselves have the values of whatever was solved last.
    """
    from batteryopt.network.cluster.cylinders import Plans

    class PlansAsTheyCome(Plans):
        def _maybe_write_incumbent_on_improvement(self) -> None:
            if self.cylinder_rank == 0:
                model = next(iter(self.opt.local_scenarios.values()))
                data = model._mpisppy_data
                cache = data.best_solution_cache._dict
                first = [float(cache[at][1]) for at in data.varid_to_nonant_index]
                _leave(folder / BEST_SO_FAR, first[: model._arrays.sizes])

    return PlansAsTheyCome


def _writer(folder: Path) -> Any:
    def write(_name: str, scenario: Any, _bundling: bool) -> None:
        values = [float(v.value or 0.0) for v in scenario.is_open.values()]
        (folder / FIRST_STAGE).write_text(json.dumps(values), encoding="utf-8")

    return write


def _begin(folder: Path, job: dict[str, Any]) -> None:
    """Tell hub and spokes of this rank what they begin with, and until when they have time."""
    from batteryopt.network.cluster.cylinders import AsArrays

    with np.load(folder / PRICES) as kept:
        AsArrays.first = FirstPrices(**{name: kept[name] for name in kept.files})
    AsArrays.gap = job["relative_gap"]
    if job["time_limit"] is not None:
        AsArrays.deadline = time.monotonic() + job["time_limit"]


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Answer other ranks while this one solves.

    Ranks read each other's memory, and MPI serves such a read when the rank that is read from calls it: without this,
    the hub and the spokes wait for each other's solves, and do in turn what they should do side by side.
    """
    from mpi4py import MPI

    is_over = threading.Event()

    def answer() -> None:
        while not is_over.wait(EVERY):
            MPI.COMM_WORLD.Iprobe()

    if MPI.Query_thread() < MPI.THREAD_MULTIPLE:
        yield
        return
    beside = threading.Thread(target=answer, daemon=True)
    beside.start()
    try:
        yield
    finally:
        is_over.set()
        beside.join()


def run(folder: Path) -> None:
    """Run hub and spokes on the ranks there are."""
    from mpisppy.spin_the_wheel import WheelSpinner
    from mpisppy.utils import cfg_vanilla

    from batteryopt.network.cluster.cylinders import Bounding, Bounds, Hedging, Trying

    job = json.loads((folder / JOB).read_text(encoding="utf-8"))
    _begin(folder, job)
    network: Network = tables.read(folder / NETWORK)
    futures = {future.name: future for future in futures_of(network) if future.probability > 0}
    settings, names = _settings(job), list(futures)
    beans = (settings, scenario_creator, lambda *_: None, names)
    more: dict[str, Any] = {"scenario_creator_kwargs": {"futures": futures}}
    hub = cfg_vanilla.ph_hub(*beans, **more, ph_extensions=_bounds_as_they_come(folder))
    hub["opt_class"] = Hedging
    bounds, plans = cfg_vanilla.lagrangian_spoke(*beans, **more), cfg_vanilla.xhatshuffle_spoke(*beans, **more)
    bounds |= {"spoke_class": Bounds, "opt_class": Bounding}
    plans |= {"spoke_class": _plans_as_they_come(folder), "opt_class": Trying}
    wheel = WheelSpinner(hub, [bounds, plans])
    with answering():
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
