"""Networks of transformers' kind: read from a folder whole or not at all, or drawn at random from a seed.

Comes in: a class and the folder of a checkpoint, or a function that builds a network. Goes out: the network in float32,
ready to listen or read: in evaluation mode, on the graphics card if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lib.ground import DamagedData


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
        For ``from_pretrained``.

    Raises
    ------
    lib.ground.DamagedData
        If any other weight is missing. Left to itself, transformers would draw it at random.
    """
    import torch

    with quiet():  # weights that are there but not used (heads, other senses) are no news
        network, report = kind.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, output_loading_info=True, **options
        )
    missing = sorted(key for key in report["missing_keys"] if key.split(".")[0] not in spare)
    if missing:
        raise DamagedData(
            f"{folder} lacks {len(missing)} weights of {kind.__name__}, the first is {missing[0]!r}: fetch it again"
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


def versions() -> str:
    """Libraries that random weights depend on."""
    return " ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))


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
