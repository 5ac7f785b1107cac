"""A pool of processes that leaves nothing running behind, whatever ends it."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.process
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

PATIENCE = 3.0
"""Seconds that processes get for what they are at when the work is interrupted."""


@contextlib.contextmanager
def worker_pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of processes; whatever ends the block, none of them goes on working."""
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_work)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        _end(set(multiprocessing.active_children()) - before)


def _end(workers: set[multiprocessing.process.BaseProcess]) -> None:
    """Let workers finish what they are at, for a moment; who takes longer, or is waited for no more, is ended."""
    patience = time.monotonic() + PATIENCE
    try:
        for worker in workers:
            worker.join(max(0.0, patience - time.monotonic()))
    finally:
        for worker in workers:
            worker.terminate()


def _begin_work() -> None:
    """Have a worker leave Ctrl-C, which all processes of a terminal get, to the process that started it; end with it.

    A process that is killed ends no worker, and they would wait for work for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
