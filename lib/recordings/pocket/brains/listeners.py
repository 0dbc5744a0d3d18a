"""Simulated listeners: fMRI responses to the pocket sounds from six planted components, and nobody's brain.

Comes in: how many listeners, how strong a signal, what to leave out. Goes out: a ``SoundRecording`` in the form of a
measured one, with nothing in it that says what was planted: that is in ``truth``.
"""

from __future__ import annotations

import wave
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from lib import ground, provenance
from lib.recordings.cards import card, described
from lib.recordings.pocket.brains.planted import sounds_folder
from lib.recordings.pocket.brains.truth import BASELINE, VOXEL_COORDS, Options, Truth, read_truth, subject_names
from lib.recordings.pocket.sounds.elements import RATE
from lib.recordings.record import COMPONENTS, FSAVERAGE_VERTICES, SoundRecording, component_array, response_array

NAME = "pocket-sounds"
COMPONENT_NOISE = 1 / 3
"""Standard deviation of the noise on the components as measured; with profiles of variance 1, a reliability of .9."""


def load(
    root: str | Path | None = None,
    *,
    snr: float = 1.0,
    subjects: int = 4,
    scans: int = 3,
    seed: int = 0,
    without: tuple[str, ...] = (),
    sound_seed: int = 0,
) -> SoundRecording:
    """Simulate listeners who hear the 165 pocket sounds.

    Parameters
    ----------
    root : path, optional
        Folder in which the sounds are kept; default: the cache.
    snr : float
        Strength of every planted effect; 0 leaves noise only. At 1 the mean of three scans has a reliability of
        about .6 in the median voxel.
    subjects, scans : int
        How many listeners, and how often each hears every sound. The noise of the scans is independent.
    seed : int
        Of the listeners and their noise.
    without : sequence of str
        Components whose effect is switched off, in the voxels and in `components`.
    sound_seed : int
        Of the sounds.

    Returns
    -------
    SoundRecording
        ``components`` are the planted profiles with measurement noise, ``weights`` the least-squares weights of
        these in the mean over scans, ``surface`` the significance of those weights. Each response stands for one
        estimate of a general linear model: there is no time course and so no hemodynamic response.
    """
    options = Options(snr=snr, subjects=subjects, scans=scans, seed=seed, without=without, sound_seed=sound_seed)
    folder = sounds_folder(sound_seed, root)
    planted = read_truth(folder, options)
    stimuli = pd.read_csv(folder / "stimuli.csv", index_col="name")
    profiles = _measured_components(planted, stimuli)
    responses = {subject: _simulate(planted, stimuli, subject) for subject in subject_names(options)}
    weights, z = _regress(profiles, responses)
    return SoundRecording(
        **described(NAME),
        stimuli=stimuli,
        subjects=subject_names(options),
        fingerprint=ground.fingerprint(folder.name, provenance.code(__name__), repr(options)),
        read_audio=partial(_audio, folder, stimuli),
        read_responses=partial(_responses, responses),
        components=profiles,
        weights=weights,
        folds=np.arange(len(stimuli)) % 5,  # stimuli are sorted by category: every fifth is a stratified fold
        surface_subjects=("group", *subject_names(options)),
        meshes=("fsaverage5",),
        read_surface=partial(_surface, z),
    )


def _measured_components(planted: Truth, stimuli: pd.DataFrame) -> xr.DataArray:
    options = planted.options
    rng = np.random.default_rng([options.seed, 2])
    present = [component not in options.without for component in COMPONENTS]
    signal = options.snr * planted.profiles.values * present
    values = signal + COMPONENT_NOISE * rng.standard_normal(signal.shape)
    reliability = options.snr**2 / (options.snr**2 + COMPONENT_NOISE**2)
    notes = {"units": "standard deviations", "description": "simulated component responses with measurement noise"}
    return component_array(values, stimuli, simulated=True, reliability=reliability, **notes)


def _simulate(planted: Truth, stimuli: pd.DataFrame, subject: str) -> xr.DataArray:
    """Responses (sound, voxel, scan) of one listener: baseline, planted signal, independent noise in each scan."""
    mine = planted.gains.subject.values == subject
    gains, noise = planted.gains[mine], planted.noise[mine]
    options = planted.options
    rng = np.random.default_rng([options.seed, 3, subject_names(options).index(subject)])
    signal = BASELINE + np.einsum("sc,vc->sv", planted.profiles.values, gains.values)
    draws = rng.standard_normal((options.scans, *signal.shape)) * noise.values  # scan, sound, voxel
    values = (signal + draws).transpose(1, 2, 0).astype(np.float32)
    notes = {
        "units": "percent signal change",
        "description": "simulated fMRI responses, one estimate per sound and scan",
    }
    out = response_array(values, stimuli, recording=NAME, subject=subject, simulated=True, **notes)
    return out.assign_coords({key: ("voxel", gains[key].values) for key in VOXEL_COORDS})


def _regress(profiles: xr.DataArray, responses: dict[str, xr.DataArray]) -> tuple[xr.DataArray, xr.DataArray]:
    """Least-squares weights (component, voxel) of all listeners' voxels, and their z values."""
    from scipy.stats import norm, t

    mean = xr.concat([one.mean("scan").drop_vars("category") for one in responses.values()], "voxel")
    mean = mean.assign_coords(voxel=np.arange(mean.sizes["voxel"]))
    design = np.column_stack([profiles.values, np.ones(len(profiles))])
    solution, *_ = np.linalg.lstsq(design, mean.values.astype(float), rcond=None)  # component + 1, voxel
    free = len(design) - design.shape[1]
    scale = ((mean.values - design @ solution) ** 2).sum(axis=0) / free
    error = np.sqrt(np.outer(np.diag(np.linalg.inv(design.T @ design)), scale))
    statistic = (solution / error)[: len(COMPONENTS)]
    # Each t as the normal deviate with the same tail; 1e-300 keeps the deviate finite where the tail underflows.
    z = np.sign(statistic) * norm.isf(np.maximum(t.sf(np.abs(statistic), free), 1e-300))
    coords = {key: ("voxel", mean[key].values) for key in ("voxel", *VOXEL_COORDS)} | {"component": list(COMPONENTS)}
    notes = {"units": "percent signal change per standard deviation", "simulated": True}
    weights = xr.DataArray(solution[:-1], dims=("component", "voxel"), coords=coords, name="weights", attrs=notes)
    return weights, weights.copy(data=z)


def _responses(responses: dict[str, xr.DataArray], subject: str) -> xr.DataArray:
    return responses[subject].copy()


def _audio(folder: Path, stimuli: pd.DataFrame, stimulus: str) -> tuple[np.ndarray, int]:
    with wave.open(str(folder / stimuli.loc[stimulus, "file"])) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32) / 32768, RATE


def _surface(z: xr.DataArray, component: str, subject: str, mesh: str) -> dict[str, xr.DataArray]:
    """Signed -log10 p at every vertex, of one listener or of the group (sum of z over the root of how many)."""
    mine = z.sel(component=component)
    mine = mine if subject == "group" else mine[mine.subject.values == subject]
    maps = {}
    for hemisphere in ("left", "right"):
        part = mine[mine.hemisphere.values == hemisphere]
        count = np.bincount(part.vertex.values, minlength=FSAVERAGE_VERTICES[mesh])
        total = np.bincount(part.vertex.values, part.values, minlength=FSAVERAGE_VERTICES[mesh])
        with np.errstate(invalid="ignore"):
            pooled = total / np.sqrt(count)  # 0 / 0 where nobody was measured
        attrs = {"description": card(NAME)["surface"], "units": "signed -log10 p", "recording": NAME, "mesh": mesh}
        attrs |= {"component": component, "subject": subject, "hemisphere": hemisphere, "simulated": True}
        maps[hemisphere] = xr.DataArray(_signed_log_p(pooled), dims="vertex", name=component, attrs=attrs)
    return maps


def _signed_log_p(z: np.ndarray) -> np.ndarray:
    from scipy.stats import norm

    return -np.sign(z) * (norm.logsf(np.abs(z)) + np.log(2)) / np.log(10)
