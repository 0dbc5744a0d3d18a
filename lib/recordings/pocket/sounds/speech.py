"""Speech as one of the pocket world's sounds: speakers, languages, and ways of speaking.

Comes in: a random generator, who speaks and how. Goes out: two seconds of samples, not yet levelled. Right throughout:
real phoneme sequences of a real language, harmonic and noisy stretches in alternation, syllables at four to five
per second. Wrong throughout: a formant synthesiser, so the voice is flatter and cleaner than any person's.
"""

from __future__ import annotations

import numpy as np

from lib.recordings.pocket.sounds.elements import RATE, N, noise, resonate, soften
from lib.recordings.pocket.sounds.music import drums, level
from lib.recordings.pocket.voice import speak

SENTENCES = {
    "en-us": (
        "The baker opened her shop before the sun came up this morning",
        "We could hear the river long before we saw the bridge",
        "My brother keeps his old bicycle behind the kitchen door",
        "Nobody told them that the last train had already left",
        "She found a letter from her uncle under the blue carpet",
        "In winter the children carry their lanterns across the field",
        "He put two apples and a knife on the wooden table",
        "They have been waiting for the doctor since half past nine",
    ),
    "fr": (
        "Le petit chat dort sur la chaise près de la fenêtre",
        "Demain nous irons chercher du pain avec ta grand-mère",
    ),
    "it": ("Domani mattina prendiamo il treno per andare al mare", "Mia sorella ha lasciato le chiavi sopra il tavolo"),
    "de": ("Am Abend gehen wir gerne durch den alten Garten", "Der Nachbar hat gestern seine neue Leiter verliehen"),
    "cmn": ("今天早上我们一起去公园散步看花", "他把那本书放在窗户旁边的桌子上"),
    "hi": ("आज सुबह हम सब बाज़ार जा रहे हैं और फल लाएंगे", "मेरी बहन खिड़की के पास बैठकर चाय पी रही है"),
    "ru": ("Сегодня утром мы вместе пошли на реку ловить рыбу", "Моя бабушка каждый вечер читает нам старые сказки"),
    "es": (
        "Mañana por la tarde vamos a cenar con mis primos",
        "La maestra abrió las ventanas porque hacía mucho calor",
    ),
}
"""What is said, written for this project."""


def spoken(
    rng: np.random.Generator,
    *,
    speaker: str,
    language: str = "en-us",
    speed: int = 165,
    pitch: int = 0,
    expression: int = 50,
) -> np.ndarray:
    """One of the ``SENTENCES`` of a language, unfiltered, at unit RMS, at least `N` samples long."""
    text = str(rng.choice(SENTENCES[language]))
    scatter = int(rng.integers(-3, 4))
    said = speak(
        text,
        speaker=speaker,
        language=language,
        speed=speed + 3 * scatter,
        pitch=pitch + scatter,
        expression=expression,
    )
    samples = said.samples.astype(float)
    samples = np.tile(samples, -(-N // len(samples)))[:N]  # a short sentence begins again
    return samples / samples.std()


def talking(
    rng: np.random.Generator,
    *,
    speaker: str,
    language: str = "en-us",
    speed: int = 165,
    pitch: int = 0,
    expression: int = 50,
) -> np.ndarray:
    """Somebody speaks a sentence in a quiet room."""
    said = spoken(rng, speaker=speaker, language=language, speed=speed, pitch=pitch, expression=expression)
    return said + 0.01 * noise(rng, slope=-3)


def whispering(rng: np.random.Generator, *, speaker: str = "woman") -> np.ndarray:
    """A whisper: the bands of a spoken sentence, each carried by noise in the place of its voice.

    Right: formants and rhythm without pitch. Wrong: a real whisperer speaks more slowly and lifts the first formant.
    """
    said = spoken(rng, speaker=speaker, speed=150)
    centres = 250 * 2 ** np.arange(0, 5.01, 0.3)
    out = np.zeros(N)
    for centre in centres:
        width = 0.2 * centre
        envelope = soften(np.abs(resonate(said, [centre], [width])), 30)
        out += envelope * resonate(noise(rng), [centre], [width]) * (centre / 250) ** 0.35
    return out


def shouting(rng: np.random.Generator, *, speaker: str = "man") -> np.ndarray:
    """Angry shouting: fast speech, high and wide in pitch, pressed (its upper harmonics raised).

    Right: raised pitch and a flatter spectrum. Wrong: no hoarseness, no room that answers.
    """
    said = spoken(rng, speaker=speaker, speed=190, pitch=40, expression=95)
    bright = np.diff(said, prepend=0.0)
    return np.tanh(1.5 * (said + 2.5 * bright / bright.std()))


def commentary(rng: np.random.Generator, *, speaker: str = "young man") -> np.ndarray:
    """A commentator over a crowd: fast, excited speech through a narrow band, noise of a stadium behind it.

    Right: speech on broadband noise. Wrong: the crowd does not react.
    """
    said = spoken(rng, speaker=speaker, speed=250, pitch=25, expression=90)
    narrow = resonate(said, [500, 1100, 2200], [400, 700, 1200])
    return narrow / narrow.std() + 0.35 * noise(rng, low=300, high=5000, slope=-2)


def babble(rng: np.random.Generator, *, people: int = 6) -> np.ndarray:
    """People who talk at the same time in the background.

    Right: overlapping voices whose rhythm blurs. Wrong: no cups, no chairs.
    """
    speakers = ("man", "woman", "young man", "low woman", "deep man", "old woman")
    total = sum(
        rng.uniform(0.5, 1) * np.roll(spoken(rng, speaker=speakers[k % len(speakers)]), int(rng.integers(N)))
        for k in range(people)
    )
    return level(soften(total, 2500), 1.0) + 0.05 * noise(rng, slope=-3)


def rapping(rng: np.random.Generator, *, speaker: str = "deep man", beat: float = 0.22) -> np.ndarray:
    """Rap: fast rhythmic speech over drums and a low bass.

    Right: speech and beat together. Wrong: the words do not fall on the beat.
    """
    t = np.arange(N) / RATE
    bass = np.sin(2 * np.pi * 55 * t) * (np.mod(t, 4 * beat) < 2 * beat)
    return (
        level(spoken(rng, speaker=speaker, speed=230), 1.0)
        + level(drums(rng, step=beat), 0.8)
        + 0.4 * soften(bass, 200)
    )
