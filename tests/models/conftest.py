import numpy as np
import pandas as pd
import pytest

from lib.models.activations import Frames
from lib.models.extraction import Model


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Every test of this room writes to a cache of its own."""
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def counting():
    """A model with two layers on two clocks that notes the shape of every batch it is asked for."""
    batches = []

    def represent(waves):
        batches.append(waves.shape)
        blocks = waves[:, : waves.shape[1] // 10 * 10].reshape(len(waves), -1, 10)
        power = (blocks**2).mean(axis=2, keepdims=True)
        return {
            "waves": Frames(blocks, np.arange(blocks.shape[1]) / 100),
            "power": Frames(power[:, ::2], np.arange(power[:, ::2].shape[1]) / 50),
        }

    model = Model(
        name="counting",
        rate=1000,
        layers={"waves": 10, "power": 1},
        revision="1",
        shortest=0.05,
        represent=represent,
        describe=lambda layer: pd.DataFrame({"place": range(10 if layer == "waves" else 1)}),
    )
    return model, batches


@pytest.fixture
def noises():
    """Make noises of the given lengths (samples at 1 kHz)."""

    def make(*lengths):
        rng = np.random.default_rng(7)
        return [(rng.normal(size=length).astype(np.float32), 1000) for length in lengths]

    return make
