"""The folder of the 165 pocket sounds and of what they drive in simulated listeners, kept in the cache and checked.

Comes in: a seed. Goes out: a folder with the sounds, their table, the response profiles planted in all listeners, and
the cortex on which their voxels lie.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from lib import ground, provenance
from lib.recordings.pocket.brains.cortex import temporal_cortex
from lib.recordings.pocket.brains.profiles import planted_profiles
from lib.recordings.pocket.folders import kept_folder
from lib.recordings.pocket.sounds.specimens import catalogue_table, specimen, wav_bytes


def sounds_folder(seed: int = 0, root: str | Path | None = None) -> Path:
    """Folder of the 165 sounds for a seed, made if it is not in the cache or if anything in it is damaged."""
    key = ground.fingerprint(provenance.code(__name__), str(seed))
    return kept_folder(f"pocket-sounds-{key}", partial(_write, seed), root)


def _write(seed: int, folder: Path) -> None:
    table = catalogue_table()
    (folder / "wav").mkdir()
    sounds = {name: specimen(row.object, seed=seed) for name, row in table.iterrows()}
    for name, samples in sounds.items():
        (folder / "wav" / f"{name}.wav").write_bytes(wav_bytes(samples))
    table.to_csv(folder / "stimuli.csv")
    planted_profiles(sounds, table, seed).to_csv(folder / "planted.csv")
    np.savez(folder / "cortex.npz", **temporal_cortex())
