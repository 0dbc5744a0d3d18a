"""What all simulations check of their settings: a wrong one is refused with what is allowed.

Comes in: options as a user gave them. Goes out: the same in one form, or a ``ground.WrongUse``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lib import ground


def switched_off(without: object, switches: Sequence[str], groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names of effects to leave out, groups spelt out, in the order of `switches`."""
    names = (without,) if isinstance(without, str) else tuple(without)
    for name in names:
        if name not in switches and name not in groups:
            raise ground.unknown("effect to leave out", name, (*switches, *groups))
    off = set().union(*(groups.get(name, (name,)) for name in names))
    return tuple(switch for switch in switches if switch in off)


def check_settings(snr: object, **counts: tuple[object, int]) -> None:
    """Raise a ``ground.WrongUse`` for an snr that is no number of at least 0, or a count below its least value."""
    if isinstance(snr, bool) or not isinstance(snr, (int, float)) or not 0 <= snr < np.inf:
        raise ground.WrongUse(f"snr must be a number of at least 0, not {snr!r}")
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ground.WrongUse(f"{name} must be a whole number of at least {least}, not {value!r}")
