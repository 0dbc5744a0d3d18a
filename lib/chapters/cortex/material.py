"""Material of the cortex chapter: sounds, what cortex answered to them, and what may stand beside it.

Comes in: a recording of short sounds with components and voxels. Goes out: one record that says in whom, how many, and
whether published values, which are of people, may be set beside its own: only where people were measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from lib.ground import PUBLISHED
from lib.recordings import SoundRecording, load_sounds
from lib.report import style

BASELINE = "SpectroTemporal (line)"
"""The paper's own modulation filters in its table of components."""


@dataclass(frozen=True, eq=False)
class Material:
    """Sounds and responses of one recording.

    Attributes
    ----------
    recording : SoundRecording
    voxels : mapping of str to DataArray (sound, voxel, scan)
        By listener, thinned.
    """

    recording: SoundRecording
    voxels: Mapping[str, xr.DataArray]

    @property
    def simulated(self) -> bool:
        """Whether no brain was measured."""
        return self.recording.simulated

    @property
    def who(self) -> str:
        """Whose responses, in words."""
        return self.recording.who

    @property
    def counted(self) -> str:
        """How many sounds, and who answered, as captions say it."""
        return f"{self.n} sounds, {self.who}"

    @property
    def listeners(self) -> str:
        """How many listeners, in words."""
        count = len([name for name in self.recording.surface_subjects if name != "group"])
        return f"{count} simulated listeners" if self.simulated else f"{count} people"

    @property
    def kind_of_sounds(self) -> str:
        """Natural or generated."""
        return "generated sounds" if self.simulated else "natural sounds"

    @property
    def n(self) -> int:
        """Number of sounds."""
        return len(self.recording.stimuli)

    @property
    def names(self) -> list[str]:
        """Components."""
        return [str(name) for name in self.recording.components.component.values]

    @property
    def components(self) -> np.ndarray:
        """Responses (sound, component)."""
        return self.recording.components.values

    @property
    def units(self) -> str:
        """Of the components' responses, as an axis says it."""
        units = self.recording.components.attrs["units"]
        return f"{units} units" if units == "arbitrary" else units

    @property
    def folds(self) -> pd.Series:
        """Fold of each sound, by its name."""
        return pd.Series(self.recording.folds, self.recording.stimuli.index, name="fold")

    @property
    def codes(self) -> pd.Series:
        """Category of each sound, as the recording calls it."""
        return self.recording.stimuli["category"]

    @property
    def categories(self) -> pd.Series:
        """Category of each sound, in words."""
        return self.codes.map(style.CATEGORY_TITLES)

    @cached_property
    def sounds(self) -> list[tuple[np.ndarray, int]]:
        """Samples and rate of every sound."""
        return [self.recording.audio(name) for name in self.recording.stimuli.index]

    @cached_property
    def measured(self) -> np.ndarray:
        """Voxels of all listeners, mean over scans (sound, voxel)."""
        return np.concatenate([r.mean("scan").values for r in self.voxels.values()], axis=1)

    @property
    def owner(self) -> np.ndarray:
        """Whose each voxel is, (voxel,)."""
        return np.concatenate([[subject] * r.sizes["voxel"] for subject, r in self.voxels.items()])

    @property
    def regions(self) -> np.ndarray | None:
        """In which part of auditory cortex each voxel lies, (voxel,); None where nobody says where voxels are."""
        if not all("region" in r.coords for r in self.voxels.values()):
            return None
        return np.concatenate([r["region"].values.astype(str) for r in self.voxels.values()])

    @property
    def repeated(self) -> np.ndarray:
        """Voxels of all listeners in every scan that all have (sound, voxel, scan)."""
        scans = min(r.sizes["scan"] for r in self.voxels.values())
        return np.concatenate([r.values[:, :, :scans] for r in self.voxels.values()], axis=1)

    @property
    def by_listener(self) -> dict[str, np.ndarray]:
        """Voxels of each listener, mean over scans (sound, voxel)."""
        return {subject: r.mean("scan").values for subject, r in self.voxels.items()}

    @property
    def published(self) -> pd.DataFrame | None:
        """The paper's r2 of six components by model, read off its figure; None beside simulated listeners."""
        if self.simulated:
            return None
        return pd.read_csv(PUBLISHED / "cortex_components.csv", index_col="model").rename({BASELINE: "baseline"})

    @property
    def published_alignment(self) -> pd.Series | None:
        """The paper's filters and ceiling over voxels (data/published/cortex_alignment.csv); None likewise."""
        if self.simulated:
            return None
        table = pd.read_csv(PUBLISHED / "cortex_alignment.csv", index_col="model")
        filters, ceiling = table.loc["SpectroTemporal baseline"], table.loc["inter-subject topline (dotted)"]
        return pd.Series({"r2": filters["r2_nh2015"], "rho": filters["rho_nh2015"], "ceiling": ceiling["rho_nh2015"]})


def load_material(name: str, voxels: int) -> Material:
    """Load a recording for this chapter.

    Parameters
    ----------
    name : str
        A set of sounds with components.
    voxels : int
        At most so many of each listener, evenly spaced.

    Raises
    ------
    WrongUse
        The recording has no components.
    """
    heard = load_sounds(name)
    return Material(heard, {subject: _thinned(heard.responses(subject), voxels) for subject in heard.subjects})


def _thinned(responses: xr.DataArray, most: int) -> xr.DataArray:
    return responses.isel(voxel=slice(None, None, max(1, -(-responses.sizes["voxel"] // most))))
