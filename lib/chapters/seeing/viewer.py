"""The page's viewer: choose a sound, a model and a layer, and see the layer against time beside the cochleagram.

Comes in: what models did (``Seen``), and the sounds. Goes out: HTML with everything in it that is shown, pictures as
PNG of 16 colours and, where they may be handed on, the sounds; ``book/_static/seeing.js`` makes it a viewer. Nothing is
fetched.
"""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
from IPython.display import HTML

from lib.chapters.seeing import paces
from lib.chapters.seeing.material import Heard
from lib.chapters.seeing.seen import LEVELS, Layer, Seen, pictures_of_sound
from lib.report import words

SOUND_COLOURS, LAYER_COLOURS = "viridis", "PuOr_r"
TICKS = (100, 300, 1000, 3000, 10000)
"""Hz, on the cochleagram's axis."""
WAITING = (
    "With scripts switched on, this is a viewer of every sound and layer; the figure below shows one sound without."
)


def viewer(seen: Sequence[Seen], heard: Heard) -> HTML:
    """HTML of the viewer, for all models and all sounds that are looked at."""
    facts = json.dumps(contents(seen, heard), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    data = f'<script type="application/json" class="seeing-data">{facts}</script>'
    return HTML(f'<div class="seeing"><p>{WAITING}</p>{data}</div>')


def contents(seen: Sequence[Seen], heard: Heard) -> dict[str, Any]:
    """Everything that the viewer shows, as it stands in the page.

    Returns
    -------
    dict
        ``duration`` in seconds; ``ticks`` (label, height from 0 to 1); ``note`` about playing; ``sounds`` (title, audio
        as a data URI or "", picture); ``models`` (name, layers: name, units in words, start and end in seconds, one
        picture and one sentence for each sound).
    """
    pictures, _, frequencies = pictures_of_sound(heard)
    sounds = [
        {"title": heard.title(name), "audio": playable(*heard.audio(name)) if heard.playable else "",
         "picture": png(picture, SOUND_COLOURS)}
        for name, picture in zip(heard.shown, pictures, strict=True)
    ]  # fmt: skip
    return {
        "duration": heard.duration,
        "ticks": ticks(frequencies),
        "note": heard.about_playing(),
        "sounds": sounds,
        "models": [{"name": one.name, "layers": _layers(one, heard)} for one in seen],
    }


def _layers(seen: Seen, heard: Heard) -> list[dict[str, Any]]:
    places = [heard.names.index(name) for name in heard.shown]
    out = []
    for column, layer in enumerate(seen.layers):
        start, end = span(layer, heard.duration)
        out.append({
            "name": layer.name, "units": counted(layer), "start": start, "end": end,
            "pictures": [png(picture, LAYER_COLOURS) for picture in layer.pictures],
            "told": [pace_told(seen.pace[k, column], seen.of_sound[k, column]) for k in places],
        })  # fmt: skip
    return out


def counted(layer: Layer) -> str:
    """How many units are shown, of how many, and how many frames, in words."""
    shown = layer.pictures.shape[2]
    units = f"{shown} of {layer.units} units" if shown < layer.units else f"{layer.units} units"
    frames = len(layer.times)
    each = f", one every {1000 * paces.step_of(layer.times):.3g} ms" if frames > 1 else ""
    return f"{units.removesuffix('s') if layer.units == 1 else units}, {frames} frames{each}"


def pace_told(pace: float, of_sound: float) -> str:
    """How long a layer, and the sound on its clock, stay like themselves during one sound."""
    if not (np.isfinite(pace) and np.isfinite(of_sound)):
        return "Too few frames, or nothing changes: there is no pace to tell."
    return f"It stays like itself for {_ms(pace)}, the cochleagram for {_ms(of_sound)}."


def _ms(seconds: float) -> str:
    return f"{words.number(1000 * seconds, 0)} ms"


def span(layer: Layer, duration: float) -> tuple[float, float]:
    """Seconds at which a layer's picture begins and ends: half a frame before its first and after its last."""
    if len(layer.times) < 2:
        return 0.0, duration
    half = paces.step_of(layer.times) / 2
    return round(float(layer.times[0]) - half, 4), round(float(layer.times[-1]) + half, 4)


def ticks(frequencies: np.ndarray) -> list[tuple[str, float]]:
    """Labels of the cochleagram's axis and their heights from 0 (lowest channel) to 1."""
    heights = (np.interp(TICKS, frequencies, np.arange(len(frequencies)), left=-1, right=-1) + 0.5) / len(frequencies)
    names = [f"{hz / 1000:g} kHz" if hz >= 1000 else f"{hz} Hz" for hz in TICKS]
    return [(name, round(float(height), 3)) for name, height in zip(names, heights, strict=True) if height > 0]


def png(picture: np.ndarray, colours: str) -> str:
    """Picture (frame, unit) of steps from 0 to 15 as PNG in base64: time runs right, the first unit is lowest."""
    from PIL import Image

    drawn = Image.frombytes("P", picture.shape, picture.T[::-1].tobytes())
    drawn.putpalette(palette(colours))
    with io.BytesIO() as file:
        drawn.save(file, "PNG", bits=4, optimize=True)
        return b64encode(file.getvalue()).decode()


@cache
def palette(colours: str) -> list[int]:
    """The 16 colours of a colour map, red, green and blue from 0 to 255."""
    rgb = mpl.colormaps[colours](np.linspace(0, 1, LEVELS))[:, :3]
    return (255 * rgb).round().astype(int).ravel().tolist()


def playable(samples: np.ndarray, rate: int) -> str:
    """A sound as a data URI (MP3) that every browser plays."""
    import soundfile

    with io.BytesIO() as file:
        soundfile.write(file, samples, rate, format="MP3", bitrate_mode="VARIABLE", compression_level=0.7)
        return "data:audio/mpeg;base64," + b64encode(file.getvalue()).decode()
