"""How a network computes sparingly: in half precision, and with a front end that never sees more than one sound.

Comes in: what a loader has loaded. Goes out: ``computing``, the surroundings in which ``represent`` is called; for
loaders, ``one_by_one``, where the first layers are the largest, and ``folded``, where weights are stored in two parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from lib.ground import unknown

if TYPE_CHECKING:
    from torch import nn

PRECISIONS = ("full", "half")


@contextmanager
def computing(precision: str) -> Iterator[None]:
    """Compute networks in full or half precision while this lasts.

    "full" changes nothing: float32. In "half", matrix products and convolutions take bfloat16 numbers (eight
    significant bits) and sum in float32; torch decides what else is safe. The weights stay as they are. Models that
    torch doesn't compute are the same in both.

    Convolutions of several groups are computed in full precision always: with twelve channels a group and a kernel of
    128, the processor's library gives wrong numbers for bfloat16 on processors with AMX (torch 2.13, error 118 %).

    The tolerance, which the tests hold for networks of the wav2vec 2.0 kind: time-averaged layers differ from those of
    full precision by at most 2 % of their norm, single frames by at most 5 %. Half precision saves time where the
    processor multiplies bfloat16 itself (AVX512-BF16, AMX, a GPU); elsewhere it is slower.

    Raises
    ------
    lib.ground.WrongUse
        For another word.
    """
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    with ExitStack() as stack:
        if precision == "half":
            import torch

            devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
            for device in devices:
                # every weight is used once a batch: remembering all of them in both formats would only cost memory
                stack.enter_context(torch.autocast(device, torch.bfloat16, cache_enabled=False))
            stack.enter_context(_groups_in_full())
        yield


def _groups_in_full():
    """Surroundings in which one-dimensional convolutions of several groups leave half precision."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Full(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            if function is not torch.conv1d or (args[6] if len(args) > 6 else kwargs.get("groups", 1)) == 1:
                return function(*args, **kwargs)
            x, rest = args[0], args[1:]
            with torch.autocast(x.device.type, enabled=False):
                return function(x.float(), *rest, **kwargs)

    return Full()


def one_by_one(module: nn.Module) -> nn.Module:
    """Let a module take the sounds of a batch one after the other; parameters and their names stay.

    The first convolutions of a waveform model hold many times more numbers than all later layers. For several sounds
    at once they leave the processor's cache, which is slower, and they would set the peak of memory.

    Parameters
    ----------
    module : torch.nn.Module
        Takes one tensor (sounds, ...) and gives one tensor (sounds, ...), each sound by itself.

    Returns
    -------
    torch.nn.Module
        The same module.
    """
    import torch

    forward = module.forward

    def each(batch):
        return forward(batch) if len(batch) == 1 else torch.cat([forward(sound[None]) for sound in batch])

    module.forward = each
    return module


def folded(network: nn.Module) -> nn.Module:
    """Compute weights that are stored as direction and length (weight normalisation) once, for good.

    A network that isn't trained any more makes them anew for every batch otherwise, at three times their memory. The
    numbers stay the same to the last bit.
    """
    from torch.nn.utils import parametrize

    for module in list(network.modules()):
        for name in list(getattr(module, "parametrizations", ())):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return network
