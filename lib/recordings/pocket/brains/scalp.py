"""From sources in the head to electrodes: the planted generators, a sphere model, and how listeners differ.

Comes in: a random generator. Goes out: topographies in µV. Distances in metres in mne's head coordinates (x right, y
front, z up). A sphere of three shells is not a head: maps are smooth and roughly right, no source can be localised.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import mne

MONTAGE = "biosemi64"
CENTRE = np.array([0.0, 0.0, 0.0401])
"""Centre of mne's sphere for this montage; its radius is 95 mm."""
REFERENCE = ("M1", CENTRE + 0.095 * np.array([-0.86, -0.28, -0.42]))
"""The electrode against which everything is recorded: the left mastoid."""


@dataclass(frozen=True)
class Source:
    """A pair of current dipoles, mirrored in the two hemispheres.

    Attributes
    ----------
    position : tuple of float
        Of the right one, in head coordinates [m].
    moment : tuple of float
        Direction of the right one.
    left : float
        Strength of the left dipole relative to the right one.
    """

    position: tuple[float, float, float]
    moment: tuple[float, float, float]
    left: float = 1.0


SOURCES = {
    "auditory": Source((0.038, 0.013, 0.063), (0.05, 0.35, 0.93)),
    "phonetic": Source((0.050, -0.004, 0.050), (0.25, 0.42, 0.87), left=2.5),
    "semantic": Source((0.030, -0.022, 0.062), (0.05, -0.45, 0.89)),
}
"""Auditory: pointing up and a little forward, fronto-central maximum (placed higher than the supratemporal plane is in
a head, for that map in a sphere). Phonetic: further to the side, stronger on the left. Semantic: deep and pointing up
and back, centro-parietal maximum."""

POSITION_JITTER, MOMENT_JITTER = 0.004, 0.12
"""Standard deviations between listeners, of a dipole's place [m, each axis] and of its unit direction [each axis]."""


@cache
def electrodes() -> mne.Info:
    """Names and positions of the 64 channels, in head coordinates."""
    import mne

    montage = mne.channels.make_standard_montage(MONTAGE)
    info = mne.create_info(montage.ch_names, 128.0, "eeg", verbose="ERROR")
    return info.set_montage(montage)


def leadfield(positions: np.ndarray) -> np.ndarray:
    """Potential at every electrode, relative to the reference, of unit dipoles along x, y and z.

    Parameters
    ----------
    positions : ndarray, shape (n, 3)
        In head coordinates [m], inside the brain.

    Returns
    -------
    ndarray, shape (64, n, 3)
        Microvolts per nAm.
    """
    import mne

    info = electrodes()
    places = {name: channel["loc"][:3] for name, channel in zip(info.ch_names, info["chs"], strict=True)}
    places[REFERENCE[0]] = REFERENCE[1]
    wired = mne.create_info(list(places), info["sfreq"], "eeg", verbose="ERROR")
    wired.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"), verbose="ERROR")
    sphere = mne.make_sphere_model(CENTRE, 0.095, verbose="ERROR")
    grid = {"rr": np.asarray(positions), "nn": np.tile([0.0, 0.0, 1.0], (len(positions), 1))}
    space = mne.setup_volume_source_space(pos=grid, verbose="ERROR")
    options = {"trans": None, "src": space, "bem": sphere, "meg": False, "eeg": True, "verbose": "ERROR"}
    field = mne.make_forward_solution(wired, **options)["sol"]["data"]  # 65, 3 n; V per Am
    field = field.reshape(len(places), len(positions), 3)
    return (field[:-1] - field[-1]) * 1e-3


def topographies(rng: np.random.Generator | None = None) -> np.ndarray:
    """Map of each of ``SOURCES`` in one listener, in the order of the dictionary.

    The unit is that of the mean head: there each map's largest value against the average reference is 1. The same
    currents in a listener whose dipoles lie or point a little differently give another map and another maximum.

    Parameters
    ----------
    rng : numpy.random.Generator, optional
        Draws the listener. Default: the mean head.

    Returns
    -------
    ndarray, shape (source, 64)
        Against the reference electrode.
    """
    mean_positions, mean_moments = _dipoles()
    maps = _maps(mean_positions, mean_moments)
    strength = np.abs(maps - maps.mean(axis=1, keepdims=True)).max(axis=1, keepdims=True)
    if rng is None:
        return maps / strength
    positions = mean_positions + POSITION_JITTER * rng.standard_normal(mean_positions.shape)
    moments = mean_moments / np.linalg.norm(mean_moments, axis=-1, keepdims=True)
    moments = moments + MOMENT_JITTER * rng.standard_normal(moments.shape)
    moments *= np.linalg.norm(mean_moments, axis=-1, keepdims=True) / np.linalg.norm(moments, axis=-1, keepdims=True)
    return _maps(positions, moments) / strength


def _dipoles() -> tuple[np.ndarray, np.ndarray]:
    """Positions and moments (source, side, axis) of the mean head; side 0 is the right."""
    mirror = np.array([[1, 1, 1], [-1, 1, 1]])
    positions = np.array([source.position for source in SOURCES.values()])[:, None] * mirror
    moments = np.array([source.moment for source in SOURCES.values()])[:, None] * mirror
    weights = np.array([[1.0, source.left] for source in SOURCES.values()])
    return positions, moments * weights[..., None]


def _maps(positions: np.ndarray, moments: np.ndarray) -> np.ndarray:
    field = leadfield(positions.reshape(-1, 3)).reshape(64, *positions.shape)
    return np.einsum("csdx,sdx->sc", field, moments)
