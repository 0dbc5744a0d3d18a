"""Networks of transformers' kind: read from a folder whole or not at all, or drawn at random from a seed.

Comes in: a class and the folder of a checkpoint, or a function that builds a network. Goes out: the network in float32,
ready to listen or read: in evaluation mode, on the graphics card if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lib.ground import DamagedData
from lib.models.loaders import checkpoints


def trained(kind: Any, folder: Path, *, spare: Collection[str] = (), **options: Any) -> Any:
    """Read a network with ``from_pretrained``, from this machine only.

    Parameters
    ----------
    kind : class
        Of transformers, or made like its own.
    folder : path
        With config.json and weights.
    spare : collection of str
        Parts of the network, by the first word of their weights' names, that may be missing: they are not used, or
        come from elsewhere.
    **options
        For ``from_pretrained``; `config` is needed.

    Raises
    ------
    lib.ground.MissingData
        If there are no weights.
    lib.ground.DamagedData
        If a file is not what it should be, a weight has another shape, or any other weight is missing. Left to itself,
        transformers would draw it at random.
    """
    import torch

    files = [checkpoints.verified(file) for file in checkpoints.weight_files(folder)]
    pickled = files[0].suffix != ".safetensors"
    if pickled:
        options["state_dict"] = checkpoints.state_dict(folder)
    options |= {"dtype": torch.float32, "local_files_only": True, "output_loading_info": True}
    try:
        with quiet():  # weights that are there but not used (heads, other senses) are no news
            network, report = kind.from_pretrained(None if pickled else folder, **options)
    except (RuntimeError, OSError, ValueError, KeyError, TypeError) as error:
        line = " ".join(str(error).split())
        raise DamagedData(f"weights in {folder} do not fit {kind.__name__} and its config.json: {line:.200}") from error
    missing = sorted(key for key in report["missing_keys"] if key.split(".")[0] not in spare)
    if missing:
        held = checkpoints.keys(folder)
        raise DamagedData(
            f"{folder} lacks {len(missing)} weights of {kind.__name__}, the first is {missing[0]!r} (of the "
            f"{len(held)} it holds, the first is {min(held, default='none')!r}): fetch it again"
        )
    return network


def untrained(build: Callable[[], Any], seed: int) -> Any:
    """Build a network with random weights, the same ones for the same seed; other random numbers stay as they were."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def ready(network: Any) -> Any:
    """Network without dropout, on the graphics card if there is one."""
    import torch

    return network.eval().to("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from reporting on weights and from drawing bars while this lasts."""
    from transformers import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
