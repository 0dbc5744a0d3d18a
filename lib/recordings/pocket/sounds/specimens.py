"""The pocket world's sounds, made from a seed.

Comes in: an object's name and a seed. Goes out: its samples, the table of all 165 objects, and ``labelled_sounds``,
every object in many specimens. The same seed gives the same bytes; each sound has a random generator of its own, so
that neither order nor choice of sounds matters.
"""

from __future__ import annotations

import io
import wave
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lib import ground, provenance
from lib.recordings.cards import card
from lib.recordings.pocket.sounds.catalogue import CATALOGUE
from lib.recordings.pocket.sounds.elements import RATE, SECONDS, N, finish, noise
from lib.recordings.record import Recording


def specimen(thing: str, *, seed: int = 0, variant: int = 0) -> np.ndarray:
    """One specimen of an object's sound.

    Parameters
    ----------
    thing : str
        An object of the catalogue, such as "church bells".
    seed, variant : int
        Which specimen. Variant 0 is heard dry; the others through a room and a microphone of their own.

    Returns
    -------
    ndarray of int16, shape (44100,)
        Two seconds at 22,050 Hz.
    """
    generators = {name: make for group in CATALOGUE.values() for name, make in group.items()}
    if thing not in generators:
        raise ground.unknown("object", thing, generators)
    rng = np.random.default_rng([seed, zlib.crc32(thing.encode()), variant])
    samples = finish(generators[thing](rng))
    if variant:
        samples = finish(_recorded(rng, samples))
    return np.round(samples * 32767).astype("<i2")


def _recorded(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """The same event elsewhere: a short reverberation, a tilt of up to 3 dB/octave, a faint noise floor."""
    length = int(rng.uniform(0.03, 0.25) * RATE)
    room = rng.uniform(0.0, 0.5) * noise(rng, length) * np.exp(-6.9 * np.arange(length) / length) / np.sqrt(length / 7)
    room[0] = 1.0
    spectrum = np.fft.rfft(samples, 2 * N) * np.fft.rfft(room, 2 * N)
    frequency = np.maximum(np.fft.rfftfreq(2 * N, 1 / RATE), 50)
    wet = np.fft.irfft(spectrum * (frequency / 1000) ** (rng.uniform(-3, 3) / 6.02), 2 * N)[:N]
    return wet / wet.std() + 10 ** rng.uniform(-2.5, -1.5) * noise(rng, slope=-2)


def catalogue_table(variants: int = 1) -> pd.DataFrame:
    """Table of stimuli in the catalogue's order: name, object, category, variant, duration, rate, file, start, stop."""
    rows = []
    for category, things in CATALOGUE.items():
        for thing in things:
            for variant in range(variants):
                name = thing.replace(" ", "_") + (f"_{variant}" if variants > 1 else "")
                rows.append((name, thing, category, variant, f"wav/{name}.wav"))
    table = pd.DataFrame(rows, columns=["name", "object", "category", "variant", "file"]).set_index("name")
    return table.assign(duration=SECONDS, rate=RATE, start=0.0, stop=SECONDS)


def wav_bytes(samples: np.ndarray) -> bytes:
    """A 16-bit mono wav file at ``RATE``."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, RATE, len(samples), "NONE", "not compressed"))
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


def labelled_sounds(root: str | Path | None = None, *, variants: int = 6, seed: int = 0) -> Recording:
    """All objects of the catalogue in several specimens each: sounds with words, and no brains.

    Parameters
    ----------
    root : path, optional
        Not used: nothing is stored.
    variants : int
        Specimens per object. They differ in pitch, timing, melody or words, and in the room they are heard in.
    seed : int
        Seed of all of them.

    Returns
    -------
    Recording
        ``stimuli`` with columns object, category and variant; ``audio`` makes a sound when it is asked for
        (about 20 ms). There are no subjects.
    """
    for option, value, least in (("variants", variants, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ground.WrongUse(f"{option} must be a whole number of at least {least}, not {value!r}")
    facts = card("pocket-words")
    table = catalogue_table(variants).assign(file="")
    made_from = provenance.code(__name__)
    return Recording(
        name="pocket-words",
        title=facts["title"],
        simulated=True,
        citation=facts["citation"],
        source=facts["source"],
        licence=facts["licence"],
        card=facts,
        stimuli=table,
        subjects=(),
        fingerprint=ground.fingerprint(made_from, str(seed), str(variants)),
        read_audio=partial(_labelled_audio, table, seed),
        read_responses=_no_responses,
    )


def _labelled_audio(table: pd.DataFrame, seed: int, stimulus: str) -> tuple[np.ndarray, int]:
    row = table.loc[stimulus]
    return specimen(row.object, seed=seed, variant=int(row.variant)).astype(np.float32) / 32768, RATE


def _no_responses(subject: str) -> None:
    raise ground.WrongUse("pocket-words has sounds and words only: nobody listened to them")
