"""Places in cortex that answered to sounds: what each answered, and where on the fsaverage5 surface it lies.

Comes in: the name of a recording of sounds. Goes out: one record, the same for simulated voxels, for maps of real
components and for electrodes, that says what a place is, whose it is, how far it lies from primary auditory cortex
along the sheet, and in which region.

The public voxels of natsound165 have no places. What has places are maps of the significance of each component's weight
in ten people. Over its standard error, a weight is the weight itself times a factor of the vertex and one of the
component: the factor of the vertex changes no r², and that of the component is set so that the group's map has the
weights' mean square. Components times these weights are the response of a vertex, as far as six components tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd

from lib.compare import nearest, sheet_distance
from lib.ground import WrongUse
from lib.recordings import SensorSoundRecording, SoundRecording, load, load_sounds
from lib.recordings.record import GROUP, Recording

SURFACE = "fsaverage5"
SIDES = ("left", "right")
CENTRES = {"lateral": (61, -20, -1), "posterior": (57, -37, 12), "anterior": (53, -4, -7)}
"""Points on the white surface of fsaverage5 [mm; the left hemisphere has -x] around which the other regions lie: on the
side of the superior temporal gyrus, behind and before Heschl's gyrus. In round numbers, and not from an atlas."""
PRIMARY = "primary"
ALONE = 8
"""A listener counts who has as many predicted places."""


@dataclass(frozen=True, eq=False)
class Places:
    """What answered, where.

    Attributes
    ----------
    recording : Recording
    folds : array (sound,)
    what : str
        What a place is, in the plural: voxels, vertices, electrodes.
    responses : array (sound, place)
    owner, hemisphere : array of str (place,)
    vertex : array of int (place,)
        On fsaverage5.
    primary : tuple of float
        Where primary auditory cortex is, on the right [mm].
    components : array (sound, component)
        None have been found in electrodes: (sound, 0).
    names : list of str
        Of the components.
    voxels : array (sound, voxel)
        Those of which the parts are told: of a recording whose voxels have no places, all of them; else the places.
    """

    recording: Recording
    folds: np.ndarray
    what: str
    responses: np.ndarray
    owner: np.ndarray
    hemisphere: np.ndarray
    vertex: np.ndarray
    primary: tuple[float, float, float]
    components: np.ndarray
    names: list
    voxels: np.ndarray

    @property
    def simulated(self) -> bool:
        """Whether no brain was measured."""
        return self.recording.simulated

    @property
    def n(self) -> int:
        """Number of sounds."""
        return len(self.responses)

    @property
    def listeners(self) -> list[str]:
        """Whose places there are."""
        return list(dict.fromkeys(self.owner))

    @property
    def who(self) -> str:
        """Whose places, in words."""
        kind = "simulated listeners" if self.simulated else "patients" if self.what == "electrodes" else "people"
        return f"{len(self.listeners)} {kind}"

    @property
    def of_voxels(self) -> str:
        """Of what the parts are told, in words: n and what it is."""
        what = self.what if self.voxels is self.responses else "voxels"
        return f"{self.voxels.shape[1]} {what}"

    @cached_property
    def distance(self) -> np.ndarray:
        """From primary auditory cortex along the sheet [mm], (place,)."""
        return _of_places(distances(self.primary), self.hemisphere, self.vertex)

    @cached_property
    def region(self) -> np.ndarray:
        """Region of each place, (place,): that of the nearest centre along the sheet."""
        every = {PRIMARY: self.primary} | CENTRES
        far = np.stack([_of_places(distances(point), self.hemisphere, self.vertex) for point in every.values()])
        return np.array(list(every))[far.argmin(axis=0)]

    @property
    def sounds(self) -> list[tuple[np.ndarray, int]]:
        """Samples and rate of every sound."""
        return [self.recording.audio(name) for name in self.recording.stimuli.index]

    def outline(self) -> pd.DataFrame:
        """What there is, in a table."""
        far = np.percentile(self.distance, [0, 50, 100])
        about = {
            "recording": self.recording.title, "sounds": self.n, "whose": self.who,
            f"{self.what} with places": len(self.vertex),
            "of which on the left": int((self.hemisphere == "left").sum()),
            "distance from primary cortex [mm]": f"{far[0]:.0f} to {far[2]:.0f}, median {far[1]:.0f}",
        }  # fmt: skip
        return pd.DataFrame({"": about}).rename_axis(None)

    def map_of(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Mean over listeners at each vertex by hemisphere, (10242,); NaN where nobody has a value."""
        out = {}
        for side, far in distances(self.primary).items():
            mine = (self.hemisphere == side) & np.isfinite(values)
            total = np.bincount(self.vertex[mine], values[mine], minlength=len(far))
            count = np.bincount(self.vertex[mine], minlength=len(far))
            out[side] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return out


def z_of(significance: np.ndarray) -> np.ndarray:
    """How many standard errors a weight is from 0, out of its signed -log10 p (two-sided)."""
    from scipy.stats import norm

    signed = np.asarray(significance, dtype=float)
    return np.sign(signed) * norm.isf(10.0 ** -np.abs(signed).clip(max=300) / 2)


@cache
def distances(point: tuple[float, float, float]) -> dict[str, np.ndarray]:
    """Distance along the white surface of fsaverage5 from a point and its mirror image, by hemisphere (10242,)."""
    from nilearn.datasets import load_fsaverage

    white = load_fsaverage(SURFACE)["white_matter"].parts
    signs = dict(zip(SIDES, (-1, 1), strict=True))
    return {
        side: sheet_distance(white[side].coordinates, white[side].faces, np.multiply(point, (signs[side], 1, 1)))
        for side in SIDES
    }


def _of_places(everywhere: dict, hemisphere: np.ndarray, vertex: np.ndarray) -> np.ndarray:
    return np.array([everywhere[side][number] for side, number in zip(hemisphere, vertex, strict=True)])


def load_places(name: str, primary: Sequence[float]) -> Places:
    """Places of a recording.

    Parameters
    ----------
    name : str
        natsound165, pocket-sounds or song-ecog.
    primary : sequence of float
        Where primary auditory cortex is: x, y, z on the right [mm]; on the left x is negative.

    Raises
    ------
    WrongUse
        A recording without sounds and places.
    """
    heard, point = load(name), tuple(map(float, primary))
    if isinstance(heard, SensorSoundRecording) and "vertex" in heard.time_courses.coords:
        return _electrodes(heard, point)
    if not isinstance(heard, SoundRecording):
        raise WrongUse(
            f"{name} has no places in cortex with responses to sounds: take pocket-sounds, natsound165 or song-ecog"
        )
    one = heard.responses(heard.subjects[0])
    return _voxels(heard, point) if "vertex" in one.coords else _vertices(heard, point)


def _voxels(heard: SoundRecording, point: tuple) -> Places:
    every = [heard.responses(subject) for subject in heard.subjects]
    means = np.concatenate([one.mean("scan").values for one in every], axis=1)
    where = {key: np.concatenate([one[key].values for one in every]) for key in ("subject", "hemisphere", "vertex")}
    return Places(
        heard, heard.folds, "voxels", means, where["subject"], where["hemisphere"], where["vertex"].astype(int), point,
        *_components(heard), means,
    )  # fmt: skip


def _vertices(heard: SoundRecording, point: tuple) -> Places:
    """Responses of vertices out of components, and of the maps of their weights."""
    people = [name for name in heard.surface_subjects if name != GROUP]
    components, names = _components(heard)
    group, *_ = _weights(heard, GROUP, names)
    size = np.sqrt((heard.weights.values**2).mean(1) / (group**2).mean(1))
    parts = [_weights(heard, person, names) for person in people]
    return Places(
        heard, heard.folds, "vertices", components @ np.hstack([size[:, None] * z for z, *_ in parts]),
        np.repeat(people, [len(vertex) for *_, vertex in parts]), np.concatenate([side for _, side, _ in parts]),
        np.concatenate([vertex for *_, vertex in parts]), point, components, names,
        heard.responses(heard.subjects[0]).mean("scan").values,
    )  # fmt: skip


def _weights(heard: SoundRecording, person: str, names: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights over their standard errors (component, vertex), and where: hemisphere and number of each vertex."""
    maps = [heard.surface(name, person, mesh=SURFACE) for name in names]
    z = {side: np.stack([z_of(one[side].values) for one in maps]) for side in SIDES}
    inside = {side: np.flatnonzero(np.isfinite(z[side]).all(0) & z[side].any(0)) for side in SIDES}
    return (
        np.hstack([z[side][:, inside[side]] for side in SIDES]),
        np.repeat(SIDES, [len(inside[side]) for side in SIDES]),
        np.concatenate([inside[side] for side in SIDES]),
    )


def _components(heard: SoundRecording) -> tuple[np.ndarray, list]:
    return heard.components.values, [str(name) for name in heard.components.component.values]


def _electrodes(heard: SensorSoundRecording, point: tuple) -> Places:
    """Electrodes at their nearest vertices, their responses averaged over time."""
    from nilearn.datasets import load_fsaverage

    courses = heard.time_courses
    side = courses.hemisphere.values
    where = np.stack([courses[axis].values for axis in "xyz"], axis=1)
    mesh, vertex = load_fsaverage(SURFACE)["inflated"].parts, np.zeros(len(side), int)
    for one in SIDES:
        vertex[side == one] = nearest(where[side == one], mesh[one].coordinates)
    means = courses.mean("time").transpose("sound", "channel").values
    folds = load_sounds(heard.card["sounds"]).folds
    none = np.zeros((len(means), 0))
    return Places(heard, folds, "electrodes", means, courses.subject.values, side, vertex, point, none, [], means)
