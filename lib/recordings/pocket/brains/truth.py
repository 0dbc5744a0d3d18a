"""What is true of the simulated listeners: which component drives which voxel, how strongly, over how much noise.

Comes in: the options of a simulation. Goes out: a ``Truth``. The listeners are made from it; no analysis imports it
or anything that does, and only the recovery chapter and tests compare with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from lib.recordings.pocket.brains.cortex import smooth_field
from lib.recordings.pocket.brains.planted import sounds_folder
from lib.recordings.pocket.brains.settings import check_settings, switched_off
from lib.recordings.record import COMPONENTS

AMPLITUDE = 0.5
"""Percent signal change per unit of a component where its weight is 1 (median voxel)."""
NOISE = 0.4
"""Standard deviation of one scan's noise in the median voxel, percent signal change."""
BASELINE = 1.0
"""Mean response to sound of the median voxel, percent signal change."""
COVERAGE = 0.35
"""Share of temporal vertices that one listener's scan covers well enough to keep."""
LEAST = {"subjects": 1, "scans": 1, "seed": 0, "sound_seed": 0}
VOXEL_COORDS = ("subject", "hemisphere", "region", "vertex", "x", "y", "z")
"""What is known of each voxel; x, y, z in mm on the white surface of fsaverage5."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Options:
    """A simulation's settings; see ``listeners.load`` for what they mean."""

    snr: float = 1.0
    subjects: int = 4
    scans: int = 3
    seed: int = 0
    without: tuple[str, ...] = ()
    sound_seed: int = 0

    def __post_init__(self):
        """Check types and ranges: a wrong one is a ``ground.WrongUse`` that says which and what is allowed."""
        object.__setattr__(self, "without", switched_off(self.without, COMPONENTS, {}))
        counts = {name: (getattr(self, name), least) for name, least in LEAST.items()}
        check_settings(self.snr, **counts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """What was planted.

    Attributes
    ----------
    options : Options
        Of the simulation.
    profiles : xarray.DataArray, shape (sound, component)
        Noiseless response profiles, mean 0 and variance 1 over the sounds.
    gains : xarray.DataArray, shape (voxel, component)
        Percent signal change per unit of each profile, signal-to-noise switch and left-out components included;
        coordinates subject, hemisphere, vertex and region.
    noise : xarray.DataArray, shape (voxel,)
        Standard deviation of one scan's noise [percent signal change].
    """

    options: Options
    profiles: xr.DataArray
    gains: xr.DataArray
    noise: xr.DataArray

    def reliability(self) -> xr.DataArray:
        """Expected reliability of each voxel's mean over the scans: signal variance over total variance."""
        signal = ((self.profiles @ self.gains.T) ** 2).mean("sound")
        return signal / (signal + self.noise**2 / self.options.scans)


def truth(**options: object) -> Truth:
    """What was planted in ``load("pocket-sounds", **options)``."""
    settings = Options(**options)
    return read_truth(sounds_folder(settings.sound_seed), settings)


def read_truth(folder: Path, options: Options) -> Truth:
    """The truth of a simulation over the sounds in `folder`."""
    planted = pd.read_csv(folder / "planted.csv", index_col=0)
    profiles = xr.DataArray(planted.to_numpy(), coords={"sound": list(planted.index), "component": list(COMPONENTS)})
    with np.load(folder / "cortex.npz", allow_pickle=False) as file:
        cortex = dict(file)
    listeners = [_listener(cortex, options, subject) for subject in range(options.subjects)]
    gains, noise = (xr.concat(parts, "voxel") for parts in zip(*listeners, strict=True))
    number = {"voxel": np.arange(gains.sizes["voxel"])}
    return Truth(
        options=options, profiles=profiles, gains=gains.assign_coords(number), noise=noise.assign_coords(number)
    )


def subject_names(options: Options) -> tuple[str, ...]:
    """Names of the simulated listeners: sim1, sim2, ..."""
    return tuple(f"sim{k + 1}" for k in range(options.subjects))


def _listener(cortex: Mapping[str, np.ndarray], options: Options, subject: int) -> tuple[xr.DataArray, xr.DataArray]:
    """Gains and noise of one listener's voxels.

    A weight is the map all listeners share (a hill around the component's peaks) times a smooth random factor, half
    of it shared and half the listener's own. The random numbers do not depend on `snr`, `scans` or `without`, so
    that simulations which differ in these have the same listeners.
    """
    rng = np.random.default_rng([options.seed, 1, subject])
    shared = smooth_field(np.random.default_rng([options.seed, 0]), cortex, len(COMPONENTS))
    own = smooth_field(rng, cortex, len(COMPONENTS))
    weights = cortex["preference"] * np.exp(0.35 * (shared + own))  # vertex, component
    n = len(weights)
    covered = np.sort(rng.choice(n, int(COVERAGE * n), replace=False))
    gain = AMPLITUDE * rng.lognormal(0, 0.3, n) * rng.lognormal(0, 0.15)
    noise = NOISE * rng.lognormal(0, 0.25, n)
    present = np.array([component not in options.without for component in COMPONENTS])
    values = (options.snr * gain[:, None] * weights * present)[covered]
    coords = voxel_coords(cortex, covered, subject_names(options)[subject])
    gains = xr.DataArray(values, dims=("voxel", "component"), coords=coords | {"component": list(COMPONENTS)})
    return gains, xr.DataArray(noise[covered], dims="voxel", coords=coords)


def voxel_coords(cortex: Mapping[str, np.ndarray], covered: Sequence[int], subject: str) -> dict[str, tuple]:
    """Coordinates of the voxel dimension: subject, hemisphere, vertex, region and position x, y, z [mm]."""
    side = np.where(cortex["right"][covered], "right", "left")
    columns = (np.full(len(covered), subject), side, cortex["region"][covered], cortex["vertex"][covered])
    return {
        key: ("voxel", column)
        for key, column in zip(VOXEL_COORDS, (*columns, *cortex["position"][covered].T), strict=True)
    }
