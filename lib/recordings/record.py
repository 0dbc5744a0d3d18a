"""What a loaded recording is: one labelled record per data set, the same for real and for simulated brains.

Comes in: tables and the functions that read sound, responses and maps from disk (each data set brings its own).
Goes out: ``Recording`` and, for sets of short sounds, ``SoundRecording`` (fMRI) and ``SensorSoundRecording`` (time
courses).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lib import ground

COMPONENTS = ("lowfreq", "highfreq", "envsounds", "pitch", "speech", "music")
"""The six response components of Norman-Haignere et al. (2015), in the order of their file."""

GROUP = "group"
"""Subject name for all listeners together."""

FSAVERAGE_VERTICES = {"fsaverage": 163_842, "fsaverage5": 10_242}
"""Vertices per hemisphere. FreeSurfer's icosahedra are nested: fsaverage5 is the first 10,242 vertices of fsaverage."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """What was heard and how brains answered.

    Attributes
    ----------
    name, title : str
        Short name (as given to ``load``) and a line for figures. The title of simulated data says "simulated".
    simulated : bool
        True where no brain was measured.
    citation, source, licence : str
        Whom to cite, where the files come from, and the licence their publisher states ("none stated" if none).
    card : mapping
        The whole entry of this recording in data/recordings.yml: doi, url, commit, sizes, notes.
    stimuli : pandas.DataFrame
        One row per stimulus, indexed by its name. Columns: category, duration [s], rate [Hz], file (relative to
        the recording's folder), start and stop [s] within that file; the pocket world adds object.
    subjects : tuple of str
        Whose responses there are.
    fingerprint : str
        Hash of the content that everything in this recording is read from; it changes when the data change.
    """

    name: str
    title: str
    simulated: bool
    citation: str
    source: str
    licence: str
    card: Mapping[str, Any] = field(repr=False)
    stimuli: pd.DataFrame = field(repr=False)
    subjects: tuple[str, ...]
    fingerprint: str
    read_audio: Callable[[str], tuple[np.ndarray, int]] = field(repr=False)
    read_responses: Callable[..., xr.DataArray] = field(repr=False)

    def audio(self, stimulus: str) -> tuple[np.ndarray, int]:
        """Sound of one stimulus.

        Parameters
        ----------
        stimulus : str
            A name of ``stimuli.index``.

        Returns
        -------
        samples : ndarray of float32, shape (n,)
            Mono, in the range -1 to 1.
        rate : int
            Samples per second.
        """
        return self.read_audio(self._one_of(stimulus, "stimulus", self.stimuli.index))

    def responses(self, subject: str, **options: Any) -> xr.DataArray:
        """Labelled responses of one of `subjects`; dimensions, units and caveats are in the array's attributes.

        Returns
        -------
        xarray.DataArray
            (sound, voxel, scan) for sets of sounds, with the sounds in the order of `stimuli`.
        """
        return self.read_responses(self._one_of(subject, "subject", self.subjects), **options)

    def _one_of(self, name: str, kind: str, known: Iterable[str]) -> str:
        known = [str(other) for other in known]
        if name in known:
            return name
        near = get_close_matches(str(name), known, n=3) or known[:3]
        raise ground.WrongUse(f"unknown {kind} {name!r} of {self.name}: not among its {len(known)}, as {near}.")


@dataclass(frozen=True, kw_only=True, eq=False)
class SoundRecording(Recording):
    """A set of short sounds with fMRI responses and the components that underlie them.

    Attributes
    ----------
    components : xarray.DataArray, shape (sound, component)
        Response profile of each component to each sound, in the order of `stimuli`.
    weights : xarray.DataArray, shape (component, voxel)
        Weight of each component in each voxel.
    folds : ndarray of int, shape (sound,)
        Cross-validation fold of each sound, in the order of `stimuli`, stratified by category.
    surface_subjects : tuple of str
        For whom ``surface`` has maps.
    meshes : tuple of str
        On which surfaces, the native one first.
    """

    components: xr.DataArray = field(repr=False)
    weights: xr.DataArray = field(repr=False)
    folds: np.ndarray = field(repr=False)
    surface_subjects: tuple[str, ...]
    meshes: tuple[str, ...]
    read_surface: Callable[[str, str, str], dict[str, xr.DataArray]] = field(repr=False)

    @property
    def who(self) -> str:
        """Whose responses these are, in words."""
        return "simulated listeners" if self.simulated else "human auditory cortex"

    def surface(self, component: str, subject: str = "group", *, mesh: str | None = None) -> dict[str, xr.DataArray]:
        """Map of one component's weights on the cortical surface.

        Parameters
        ----------
        component : str
            A name of ``components.component``.
        subject : str
            One of `surface_subjects`.
        mesh : {"fsaverage", "fsaverage5"}, optional
            163,842 or 10,242 vertices per hemisphere; one of `meshes`, by default the first.

        Returns
        -------
        dict
            ``{"left": map, "right": map}``, each (vertex,), NaN where nothing was measured; ``attrs`` say what the
            numbers are.
        """
        self._one_of(component, "component", self.components.component.values)
        self._one_of(subject, "subject with surface maps", self.surface_subjects)
        mesh = self._one_of(mesh or self.meshes[0], "mesh", self.meshes)
        return self.read_surface(component, subject, mesh)


@dataclass(frozen=True, kw_only=True, eq=False)
class SensorSoundRecording(Recording):
    """A set of short sounds with a time course of every channel's response to each of them.

    Attributes
    ----------
    level : str
        What the channels are, as chosen when loading.
    rate : float
        Samples per second.
    time_courses : xarray.DataArray, shape (sound, channel, time)
        Responses of all channels, the sounds in the order of `stimuli`, `time` in seconds from the sound's onset.
        Where it is known whose a channel is, the coordinate `subject` says so.
    """

    level: str
    rate: float
    time_courses: xr.DataArray = field(repr=False)

    def responses(self, subject: str, stimulus: str, **options: Any) -> xr.DataArray:
        """Time courses of one of `subjects`, or of all channels (``"group"``), to one stimulus: (channel, time)."""
        stimulus = self._one_of(stimulus, "stimulus", self.stimuli.index)
        return self.responses_of_all(subject, **options).sel(sound=stimulus)

    def responses_of_all(self, subject: str = GROUP, **options: Any) -> xr.DataArray:
        """Time courses of one of `subjects`, or of all channels, to all stimuli: (sound, channel, time)."""
        return self.read_responses(self._one_of(subject, "subject", [GROUP, *self.subjects]), **options)


def component_array(profiles: np.ndarray, stimuli: pd.DataFrame, **attrs: Any) -> xr.DataArray:
    """Label component profiles (sound, component) with sound names, categories and component names."""
    coords = {"sound": stimuli.index.to_numpy(str), "component": list(COMPONENTS[: profiles.shape[1]])}
    coords["category"] = ("sound", stimuli["category"].to_numpy(str))
    return xr.DataArray(profiles, dims=("sound", "component"), coords=coords, name="components", attrs=attrs)


def response_array(values: np.ndarray, stimuli: pd.DataFrame, **attrs: Any) -> xr.DataArray:
    """Label responses (sound, voxel, scan) with sound names, categories, and voxel and scan numbers from 0."""
    _, voxels, scans = values.shape
    coords = {"sound": stimuli.index.to_numpy(str), "voxel": np.arange(voxels), "scan": np.arange(scans)}
    coords["category"] = ("sound", stimuli["category"].to_numpy(str))
    return xr.DataArray(values, dims=("sound", "voxel", "scan"), coords=coords, name="responses", attrs=attrs)
