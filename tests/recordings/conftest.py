"""A very small data set in the publisher's layout, the pocket world made once, and the real data where they are."""

import hashlib
import os
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lib.recordings import COMPONENTS, load

TINY_CATEGORIES = {"Music": 4, "EngSpeech": 3, "Nature": 2}


def write_wav(path: Path, samples: np.ndarray, rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, len(samples), "NONE", "not compressed"))
        file.writeframes(samples.astype("<i2").tobytes())


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write_natsound(folder: Path) -> dict:
    """Nine sounds, seven voxels and twenty vertices in the layout of natsound165; returns the facts of its card."""
    from nibabel.freesurfer.mghformat import MGHImage
    from scipy.io import savemat

    rng = np.random.default_rng(0)
    categories = [category for category, count in TINY_CATEGORIES.items() for _ in range(count)]
    names = [f"stim{number}_thing_{number}" for number in (28, 3, 136, 7, 101, 5, 12, 99, 20)]
    for name in names:
        write_wav(folder / "stimuli" / "wav" / f"{name}.wav", rng.integers(-9000, 9000, 400), 8000)
    rows = sorted(zip(names, categories, strict=True))
    (folder / "stimuli" / "category_labels.csv").write_text("".join(f"{name},{label}\n" for name, label in rows))
    (folder / "data").mkdir()
    cells = {
        "stim_names": np.array(names, object)[:, None],
        "category_labels": np.array(categories, object)[:, None],
        "component_names": np.array(COMPONENTS, object)[None],
    }
    values = {"R": rng.standard_normal((9, 6)), "W": rng.standard_normal((6, 7))}
    savemat(folder / "data" / "components.mat", cells | values)
    for subject in ("group", "s1"):
        place = folder / "data" / "component-weight-significances" / subject
        place.mkdir(parents=True)
        for hemisphere in ("lh", "rh"):
            for number in range(1, 7):
                overlay = np.arange(20, dtype=np.float32) + number
                overlay[:3] = np.nan
                MGHImage(overlay[:, None, None], np.eye(4)).to_filename(place / f"{hemisphere}.comp{number}.mgz")
    facts = {"title": "nine sounds", "citation": "nobody", "source": "nowhere", "commit": "0", "licence": "none"}
    facts |= {"rate": 8000, "samples": 400, "voxels": 7, "vertices": 20, "categories": TINY_CATEGORIES}
    facts |= {"folds": "012340123", "surface_subjects": ["group", "s1"], "responses": "made up", "surface": "made up"}
    return facts


@pytest.fixture
def tiny(tmp_path):
    """Folder, card facts and registry of a nine-sound natsound165."""
    folder = tmp_path / "natsound165-neuron2015"
    folder.mkdir()
    facts = write_natsound(folder)
    return SimpleNamespace(folder=folder, facts=facts, files=hashes(folder))


@pytest.fixture(scope="session")
def natural():
    if not os.environ.get("ALIKE_DATA"):
        pytest.skip("needs the real recordings in ALIKE_DATA")
    return load("natsound165")


@pytest.fixture(scope="session")
def pocket_root(tmp_path_factory):
    return tmp_path_factory.mktemp("pocket")


@pytest.fixture(scope="session")
def pocket(pocket_root):
    return load("pocket-sounds", root=pocket_root)
