"""Who does the parts of long work: processes of this machine, the workers of a Dask scheduler, or those of MPI.

All three have the interface of `concurrent.futures`; what differs is where they come from, how many parts they hold at
a time, and how it shows that a worker died.
"""

from __future__ import annotations

import contextlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from batteryopt.ground.errors import BatteryOptError, Fault, InvalidInput
from batteryopt.work.own_processes import worker_pool

MPI = "mpi"
"""The scheduler that is the command's own ``mpiexec``."""
SECONDS_TO_REACH = 10
SECONDS_WITHOUT_WORKERS = 600.0
"""How long a scheduler without a single worker is waited for: a queue may still be starting them, or all have died."""
GOES_ON = "what is done is kept, and the same command goes on"
AHEAD = 2
"""Parts that a distant worker holds, so that it does not wait for the next one."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Workers under way.

    Attributes
    ----------
    executor
        What takes parts.
    width
        How many parts to give it at a time.
    died
        Kinds of errors by which a part says that its worker died, all others being well.
    """

    executor: Executor
    width: Callable[[], int]
    died: tuple[type[BaseException], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Who works.

    Attributes
    ----------
    jobs
        Processes of this machine; 1: this one.
    scheduler
        Address of a Dask scheduler, or "mpi"; empty: this machine.
    """

    jobs: int = 1
    scheduler: str = ""

    @property
    def is_this_process(self) -> bool:
        """Whether nobody else is needed."""
        return not self.scheduler and self.jobs <= 1

    @contextlib.contextmanager
    def pool(self, most: int) -> Iterator[Pool]:
        """Give the workers, no more than so many where they are begun for this work; none goes on after the block."""
        if not self.scheduler:
            jobs = max(1, min(self.jobs, most))
            with worker_pool(jobs) as executor:
                yield Pool(executor=executor, width=lambda: jobs)
        elif self.scheduler == MPI:
            with _mpi() as pool:
                yield pool
        else:
            with _dask(self.scheduler) as pool:
                yield pool


def crew_faults(scheduler: str | None) -> Iterator[Fault]:
    """Yield why a scheduler cannot be used, as far as that is seen before it is asked."""
    if not scheduler:
        return
    library, extra = ("mpi4py", "mpi") if scheduler == MPI else ("distributed", "dask")
    if importlib.util.find_spec(library) is None:
        problem, remedy = f"{library} is not installed", f"pip install 'batteryopt[{extra}]'"
        yield Fault(place="--scheduler", problem=problem, remedy=remedy)
    elif scheduler != MPI and ":" not in scheduler:
        remedy = "expected an address such as tcp://host:8786, or mpi"
        yield Fault(place="--scheduler", problem=f"is '{scheduler}'", remedy=remedy)


@contextlib.contextmanager
def _dask(address: str) -> Iterator[Pool]:
    distributed: Any = __import__("distributed")
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_REACH, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        remedy = "start it with: dask scheduler; then as many: dask worker ADDRESS --nthreads 1"
        fault = Fault(place="--scheduler", problem=f"'{address}' cannot be reached ({error})", remedy=remedy)
        raise InvalidInput("command line", [fault]) from error

    # pure: a part is work, and two alike are done twice; a worker that dies is the scheduler's affair, which gives its
    # parts to others, up to its own limit of deaths
    executor = client.get_executor(pure=False)
    try:
        yield Pool(executor=executor, width=_Room(client), died=(distributed.KilledWorker,))
    finally:
        with contextlib.suppress(Exception):  # of a scheduler that is gone nothing can be called back
            executor.shutdown(wait=False)  # which cancels what waits, here; there is no argument for it
        client.close(timeout=SECONDS_TO_REACH)


class _Room:
    """How many parts to give the workers of a scheduler, for as long as there are any."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._seen = time.monotonic()

    def __call__(self) -> int:
        try:
            threads = int(sum(self._client.nthreads().values()))
        except (OSError, TimeoutError) as error:
            raise BatteryOptError(f"the scheduler answers no more ({error}); {GOES_ON}") from error
        if threads:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > SECONDS_WITHOUT_WORKERS:
            raise BatteryOptError(f"the scheduler had no workers for {SECONDS_WITHOUT_WORKERS:g} s; {GOES_ON}")
        return max(1, AHEAD * threads)


@contextlib.contextmanager
def _mpi() -> Iterator[Pool]:
    futures: Any = __import__("mpi4py.futures", fromlist=["MPIPoolExecutor"])
    executor = futures.MPIPoolExecutor()
    workers = executor.num_workers
    if workers < 1:
        raise BatteryOptError("mpi has no workers: mpiexec -n 4 python -m mpi4py.futures -m batteryopt ...")
    try:
        yield Pool(executor=executor, width=lambda: AHEAD * workers, died=())
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


POOL_IS_GONE = (BrokenProcessPool,)
"""Errors after which a pool of processes is of no more use."""
