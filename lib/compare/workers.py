"""Workers that compute side by side without waiting for each other.

Comes in: nothing. Goes out: a pool of as many workers as torch has threads, each with one thread of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

_ONE_CALL_AT_A_TIME = Lock()  # the number of torch's threads belongs to the whole process


@contextmanager
def workers() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """Give a pool and its number of workers.

    Operations in this room are small: threads that share each of them wait for the slowest again and again, and for
    long where other programs compute. Workers with blocks of their own do not.
    """
    import torch

    with _ONE_CALL_AT_A_TIME:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(before) as pool:
                yield pool, before
        finally:
            torch.set_num_threads(before)
