"""The 165 natural sounds of Norman-Haignere, Kanwisher and McDermott (2015), read in their publisher's layout.

Comes in: a folder that holds ``natsound165-neuron2015`` (the repository at the commit named on its card). Goes out:
a ``SoundRecording``. Every file is compared with the SHA-256 registered for it when its content is read; the headers
of all sounds are looked at when the recording is loaded.
"""

from __future__ import annotations

import csv
import io
import os
import wave
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lib import ground
from lib.recordings.cards import card, registry, registry_fingerprint
from lib.recordings.files import damaged, found, missing, read_verified
from lib.recordings.record import COMPONENTS, FSAVERAGE_VERTICES, SoundRecording, component_array, response_array

NAME = "natsound165"
MATRIX = "data/components.mat"
LABELS = "stimuli/category_labels.csv"


def load(root: str | Path | None = None) -> SoundRecording:
    """Load the 165 natural sounds with their six cortical components.

    Parameters
    ----------
    root : path, optional
        Folder that holds ``natsound165-neuron2015``. Default: ``ALIKE_DATA`` where it has that folder, else the
        cache, into which the files are downloaded if they are not there.

    Raises
    ------
    ground.MissingData
        A file is not there (and could not be downloaded).
    ground.DamagedData
        A file is not what its publisher published.
    """
    return open_folder(found(NAME, root), card(NAME), registry(NAME))


def open_folder(folder: Path, facts: Mapping[str, Any], files: Mapping[str, str]) -> SoundRecording:
    """Read a folder in the publisher's layout against the `facts` of a card and the hashes of a registry."""
    from scipy.io import loadmat

    matrix = loadmat(io.BytesIO(read_verified(NAME, folder, MATRIX, files)), squeeze_me=True)
    stimuli = _stimuli(folder, facts, files, matrix)
    profiles, weights = _components(folder, facts, matrix, stimuli)
    return SoundRecording(
        name=NAME,
        title=facts["title"],
        simulated=False,
        citation=facts["citation"],
        source=f"{facts['source']} at commit {facts['commit']}",
        licence=facts["licence"],
        card=facts,
        stimuli=stimuli,
        subjects=("group",),
        # Nothing is read without being compared with its registered hash: the registry stands for the content.
        fingerprint=registry_fingerprint(NAME, files),
        read_audio=partial(_audio, folder, facts, files),
        read_responses=partial(_responses, profiles, weights, stimuli, facts),
        components=profiles,
        weights=weights,
        folds=numeric_order_folds(stimuli.index, facts["folds"]),
        surface_subjects=tuple(facts["surface_subjects"]),
        meshes=tuple(FSAVERAGE_VERTICES),
        read_surface=partial(_surface, folder, facts, files),
    )


def numeric_order_folds(names: Iterable[str], digits: str) -> np.ndarray:
    """Fold of each sound of `names`, given one digit per sound in ascending stimulus number (``stim5_...`` first)."""
    names = list(names)
    if len(digits) != len(names):
        raise ground.DamagedData(f"{len(digits)} fold digits for {len(names)} sounds: one digit per sound is needed")
    numbers = [int(name.partition("_")[0].removeprefix("stim")) for name in names]
    folds = np.empty(len(names), int)
    folds[np.argsort(numbers)] = [int(digit) for digit in digits]
    return folds


def _stimuli(
    folder: Path, facts: Mapping[str, Any], files: Mapping[str, str], matrix: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Join the row order of R, the labels (which the publisher wrote down twice) and the wav files by name."""
    rows = dict(zip(matrix["stim_names"], matrix["category_labels"], strict=True))
    text = read_verified(NAME, folder, LABELS, files).decode()
    labels = dict(csv.reader(io.StringIO(text)))
    if rows != labels:
        odd = sorted(name for name in rows.keys() | labels.keys() if rows.get(name) != labels.get(name))
        raise damaged(NAME, folder / LABELS, f"the names and categories of {MATRIX}; they differ for {odd[:3]}")
    counts = Counter(rows.values())
    if counts != Counter(facts["categories"]):
        raise damaged(NAME, folder / MATRIX, f"categories {facts['categories']}, got {dict(counts)}")
    table = [_row(folder, name, category, facts, files) for name, category in rows.items()]
    return pd.DataFrame(table).set_index("name")


def _row(folder: Path, name: str, category: str, facts: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    file = f"stimuli/wav/{name}.wav"
    path = folder / file
    if not path.is_file():
        raise missing(NAME, path, f"sha256 {files.get(file, 'not registered')}")
    duration = _header_samples(path, facts) / facts["rate"]
    row = {"name": name, "category": category, "duration": duration, "rate": facts["rate"], "file": file}
    return row | {"start": 0.0, "stop": duration}


def _header_samples(path: Path, facts: Mapping[str, Any]) -> int:
    """Length that a wav header promises, once header and file size agree with what is published."""
    expected = f"16-bit mono wav, {facts['rate']} Hz, {facts['samples']} samples"
    try:
        with wave.open(str(path)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes())
    except (wave.Error, EOFError) as error:
        raise damaged(NAME, path, f"{expected}; its header cannot be read ({error})") from error
    if form != (1, 2, facts["rate"], facts["samples"]) or os.path.getsize(path) < 44 + 2 * form[3]:
        raise damaged(NAME, path, f"{expected}; got {form} in {os.path.getsize(path)} bytes")
    return form[3]


def _components(
    folder: Path, facts: Mapping[str, Any], matrix: Mapping[str, np.ndarray], stimuli: pd.DataFrame
) -> tuple[xr.DataArray, xr.DataArray]:
    """R (sound, component) and W (component, voxel), checked for names, shape, finiteness and rank."""
    names = tuple(matrix["component_names"])
    if names != COMPONENTS:
        raise damaged(NAME, folder / MATRIX, f"components {COMPONENTS}, got {names}")
    for key, shape in (("R", (len(stimuli), len(COMPONENTS))), ("W", (len(COMPONENTS), facts["voxels"]))):
        values = matrix[key]
        if values.shape != shape or not np.isfinite(values).all() or np.linalg.matrix_rank(values) < len(COMPONENTS):
            raise damaged(NAME, folder / MATRIX, f"{key} finite, of shape {shape} and rank {len(COMPONENTS)}")
    profiles = component_array(matrix["R"], stimuli, units="arbitrary", description="response of each component")
    coords = {"component": list(COMPONENTS), "voxel": np.arange(facts["voxels"])}
    attrs = {"units": "arbitrary", "description": "weight of each component in each voxel"}
    return profiles, xr.DataArray(matrix["W"], dims=("component", "voxel"), coords=coords, name="weights", attrs=attrs)


def _responses(
    profiles: xr.DataArray, weights: xr.DataArray, stimuli: pd.DataFrame, facts: Mapping[str, Any], subject: str
) -> xr.DataArray:
    """Denoised voxel responses R @ W as (sound, voxel, scan) with one scan."""
    values = (profiles.values @ weights.values)[..., None]  # sound, voxel, 1
    notes = {
        "denoised": True,
        "rank": len(COMPONENTS),
        "repetitions": 0,
        "noise_ceiling": "none",
        "subject_index": "none",
    }
    return response_array(
        values, stimuli, recording=NAME, subject=subject, units="arbitrary", description=facts["responses"], **notes
    )


def _audio(folder: Path, facts: Mapping[str, Any], files: Mapping[str, str], stimulus: str) -> tuple[np.ndarray, int]:
    raw = read_verified(NAME, folder, f"stimuli/wav/{stimulus}.wav", files)
    with wave.open(io.BytesIO(raw)) as file:
        samples = np.frombuffer(file.readframes(facts["samples"]), "<i2")
    return samples.astype(np.float32) / 32768, facts["rate"]


def _surface(
    folder: Path, facts: Mapping[str, Any], files: Mapping[str, str], component: str, subject: str, mesh: str
) -> dict[str, xr.DataArray]:
    number = COMPONENTS.index(component) + 1
    maps = {}
    for hemisphere, prefix in (("left", "lh"), ("right", "rh")):
        file = f"data/component-weight-significances/{subject}/{prefix}.comp{number}.mgz"
        values = _overlay(folder, file, facts, files)[: FSAVERAGE_VERTICES[mesh]]
        attrs = {"description": facts["surface"], "units": "signed -log10 p", "recording": NAME, "mesh": mesh}
        attrs |= {"component": component, "subject": subject, "hemisphere": hemisphere}
        maps[hemisphere] = xr.DataArray(values, dims="vertex", name=component, attrs=attrs)
    return maps


def _overlay(folder: Path, file: str, facts: Mapping[str, Any], files: Mapping[str, str]) -> np.ndarray:
    """Values of a FreeSurfer overlay, one per vertex, NaN outside what was scanned."""
    import gzip

    from nibabel.freesurfer.mghformat import MGHImage

    image = MGHImage.from_bytes(gzip.decompress(read_verified(NAME, folder, file, files)))
    if image.shape != (facts["vertices"], 1, 1):
        raise damaged(NAME, folder / file, f"one value for each of {facts['vertices']} vertices, got {image.shape}")
    return np.asarray(image.dataobj, np.float32).ravel()
