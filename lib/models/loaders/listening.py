"""What the parts of a network say while it runs.

Comes in: a torch network and the names of some of its parts. Goes out: their activations, by hooks that are gone when
the work is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any


@contextmanager
def listening(network: Any, places: list[str]) -> Iterator[list]:
    """Collect the outputs of parts of a network while it runs: a list in the order of their names in `places`."""
    outputs: list = [None] * len(places)

    def keep(module, args, output, place):
        outputs[place] = output[0] if isinstance(output, tuple) else output

    hooks = [
        network.get_submodule(name).register_forward_hook(partial(keep, place=place))
        for place, name in enumerate(places)
    ]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
