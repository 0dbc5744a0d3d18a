"""The 165 pocket sounds: which objects, in which of the eleven natural-sound categories, from which generator.

The categories and their counts are those of Norman-Haignere et al. (2015); the objects are a choice of our own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial as kind

import numpy as np

from lib.recordings.pocket.sounds import animals as animal
from lib.recordings.pocket.sounds import machines as machine
from lib.recordings.pocket.sounds import matter, music, nature, speech
from lib.recordings.pocket.sounds import voices as voice

Generator = Callable[[np.random.Generator], np.ndarray]

MECHANICAL: dict[str, Generator] = {
    "alarm clock": kind(machine.beeps, pitches=(2050,), on=0.09, off=0.09, partials=(1, 0, 0.5, 0, 0.3)),
    "clock ticking": kind(machine.ticking, rate=4.0, centre=3200),
    "typewriter": kind(machine.ticking, rate=8.0, centre=2200, jitter=0.5, decay=0.05, pair=0.8),
    "keyboard typing": kind(machine.ticking, rate=9.0, centre=4200, jitter=0.6, decay=0.015, pair=0.9),
    "camera shutter": kind(machine.mechanism, pieces=5, centre=3500, roll=0.1, decay=0.03),
    "cash register": kind(machine.printing, lines=2.2, dots=70, pitch=1900),
    "printer": kind(machine.printing),
    "vacuum cleaner": kind(machine.motor, spin=((0, 310), (2, 310)), whine=0.4, air=1.0),
    "hair dryer": kind(machine.motor, spin=((0, 420), (2, 420)), whine=0.2, air=1.0, air_low=800),
    "electric drill": kind(
        machine.motor, spin=((0, 180), (0.5, 480), (1.4, 480), (2, 260)), whine=1.2, air=0.4, load=0.4
    ),
    "blender": kind(machine.motor, spin=((0, 150), (0.4, 260), (2, 270)), whine=0.8, air=0.9, load=0.6),
    "electric shaver": kind(machine.vibrating, rate=118, on=3.0, off=0.1, rattle=0.9),
    "washing machine": kind(machine.rotor, chop=3.2, depth=0.6, dull=1.5),
    "refrigerator": kind(machine.hum, mains=100, buzz=0.15, air=0.15),
    "microwave oven": kind(machine.hum, mains=120, buzz=0.5, air=0.5),
    "cell phone vibrating": kind(machine.vibrating, rate=165),
    "telephone ringing": kind(machine.rattling_bell, pitch=1250, rate=20, bursts=((0.05, 1.3),)),
    "ringtone": kind(machine.beeps, pitches=(880, 1109, 1319, 1109), on=0.14, off=0.02, partials=(1, 0.4, 0.2, 0.1)),
    "dial tone": kind(machine.beeps, pitches=(350, 440), on=3.0, off=0, together=True, partials=(1,)),
    "busy signal": kind(machine.beeps, pitches=(480, 620), on=0.4, off=0.4, together=True, partials=(1,)),
    "telephone dialing": kind(
        machine.beeps, pitches=(941, 1336, 697, 1477, 852, 1209), on=0.12, off=0.08, partials=(1, 0.1)
    ),
    "school bell": kind(machine.rattling_bell, pitch=2100, rate=26, bursts=((0.05, 1.95),)),
    "doorbell": kind(machine.struck_bell, pitch=640, decay=1.6, strikes=(0.1, 0.9), hard=0.1),
    "bicycle bell": kind(machine.rattling_bell, pitch=2700, rate=14, bursts=((0.1, 0.5), (0.9, 1.3))),
    "train crossing bell": kind(machine.struck_bell, pitch=820, decay=0.6, strikes=(0.05, 0.5, 0.95, 1.4, 1.85)),
    "ambulance siren": kind(machine.siren, low=560, high=1300, period=1.1),
    "police siren": kind(machine.siren, low=700, high=1500, period=0.35),
    "fire engine": kind(machine.siren, low=440, high=590, period=1.3, square=True),
    "car horn": kind(machine.horn, pitches=(410, 512), spans=((0.1, 0.5), (0.7, 1.8))),
    "train whistle": kind(machine.horn, pitches=(311, 370, 440), spans=((0.1, 0.8), (0.95, 1.95)), breath=0.3),
    "ship horn": kind(machine.horn, pitches=(87, 131), spans=((0.1, 1.9),), breath=0.1),
    "truck backing up": kind(machine.beeps, pitches=(1250,), on=0.45, off=0.45, partials=(1, 0.1, 0.1)),
    "car alarm": kind(machine.siren, low=800, high=2400, period=0.25),
    "motorcycle": kind(machine.engine, firing=((0, 45), (0.8, 120), (1.2, 60), (2, 130)), bright=700),
    "car engine starting": kind(machine.engine, firing=((0, 11), (0.9, 12), (1.1, 55), (2, 38)), rough=0.4),
    "lawn mower": kind(machine.engine, firing=((0, 52), (2, 54)), rough=0.3, bright=900),
    "chainsaw": kind(machine.engine, firing=((0, 95), (0.7, 150), (2, 140)), rough=0.25, bright=1800),
    "helicopter": kind(machine.rotor),
    "airplane": kind(machine.passing, centre=900, tonal=190),
}

ENVIRONMENT: dict[str, Generator] = {
    "pouring water": kind(nature.pouring),
    "boiling water": kind(nature.bubbles, rate=70, low=150, high=900, hiss=0.5, length=0.05),
    "running water": kind(nature.bubbles, rate=240, low=700, high=5000, hiss=0.9, length=0.012),
    "water dripping": kind(nature.drips),
    "toilet flushing": kind(nature.pouring, start=500, stop=220, rate=260),
    "frying food": kind(nature.crackling, rate=220, hiss=0.6, low=1500),
    "campfire": kind(nature.crackling, rate=25, hiss=0.25, low=700),
    "dishes clanking": kind(matter.impacts, rate=4.0, centre=2600, decay=0.35, jitter=0.7, modes=9),
    "glass breaking": kind(matter.shattering),
    "coin dropping": kind(matter.bouncing, pitch=5200, decay=0.3, first=0.3, loss=0.85),
    "basketball bouncing": kind(matter.bouncing, pitch=150, decay=0.12, first=0.6, loss=0.93),
    "keys jingling": kind(matter.jingling),
    "wind chimes": kind(matter.jingling, rate=5, centre=1900, decay=1.2, gusts=1.0),
    "crumpling paper": kind(matter.crumpling),
    "newspaper rustling": kind(matter.crumpling, rate=70, low=1800, gusts=2.0),
    "tearing paper": kind(matter.ripping, rate=(150, 500), low=1500, span=1.1),
    "zipper": kind(matter.ripping, rate=(90, 420), low=2200, span=0.9),
    "velcro": kind(matter.ripping, rate=(300, 500), low=900, span=1.5),
    "spray can": kind(matter.spraying, spans=((0.1, 0.7), (0.95, 1.8))),
    "kettle whistling": kind(matter.kettle),
    "hammering": kind(matter.impacts, rate=3.2, centre=900, decay=0.12, jitter=0.05, thud=140.0),
    "chopping vegetables": kind(matter.impacts, rate=5.0, centre=500, decay=0.05, jitter=0.1, thud=200.0),
    "sawing wood": kind(matter.rubbing, strokes=2.4, low=500, high=4000, grain=0.7),
    "sweeping floor": kind(matter.rubbing, strokes=1.3, low=900, high=7000, grain=0.1, lift=0.8),
    "door creaking": kind(matter.squeak, pitches=(280, 420), rate=1.2, rough=0.5),
    "car skidding": kind(matter.squeak, pitches=(750, 620), rate=0.8, rough=0.35),
    "road traffic": kind(machine.passing, centre=450, tonal=80),
}

MUSIC: dict[str, Generator] = {
    "piano": kind(music.solo, instrument=music.PIANO, tonic=330, chord=True),
    "acoustic guitar": kind(music.solo, instrument=music.GUITAR, tonic=247, chord=True),
    "electric guitar": kind(music.solo, instrument=music.OVERDRIVE, tonic=220, scale="pentatonic", beat=0.2),
    "bass guitar": kind(music.solo, instrument=music.BASS, tonic=62, scale="minor"),
    "banjo": kind(music.solo, instrument=music.BANJO, tonic=392, beat=0.13),
    "harp": kind(music.solo, instrument=music.GUITAR, tonic=440, beat=0.12),
    "violin": kind(music.solo, instrument=music.STRINGS, tonic=523, beat=0.35),
    "cello": kind(music.solo, instrument=music.STRINGS, tonic=131, beat=0.45, scale="minor"),
    "flute": kind(music.solo, instrument=music.FLUTE, tonic=698, beat=0.28),
    "clarinet": kind(music.solo, instrument=music.CLARINET, tonic=294, beat=0.3),
    "saxophone": kind(music.solo, instrument=music.REED, tonic=233, scale="pentatonic", beat=0.22),
    "trumpet": kind(music.solo, instrument=music.BRASS, tonic=466, beat=0.3),
    "church organ": kind(music.solo, instrument=music.ORGAN, tonic=262, beat=0.5, chord=True),
    "accordion": kind(music.solo, instrument=music.REED, tonic=349, beat=0.25, chord=True),
    "xylophone": kind(music.solo, instrument=music.BAR, tonic=523, beat=0.18),
    "music box": kind(music.solo, instrument=music.BOX, tonic=880, beat=0.22),
    "church bells": kind(machine.struck_bell, pitch=440, decay=4.0, strikes=(0.05, 0.75, 1.4)),
    "drum solo": kind(music.drums, pattern="solo", step=0.14),
    "drum roll": kind(music.drums, pattern="roll", step=0.055),
    "cymbal": music.crash,
    "orchestra": kind(music.band, lead=music.STRINGS, backing=music.BRASS, tonic=392, pattern=None, beat=0.4),
    "jazz band": kind(music.band, lead=music.REED, backing=music.PIANO, tonic=311, scale="minor", beat=0.2),
    "rock band": kind(
        music.band, lead=music.OVERDRIVE, backing=music.OVERDRIVE, tonic=330, scale="pentatonic", beat=0.2
    ),
    "techno music": kind(
        music.band, lead=music.CLARINET, backing=music.ORGAN, tonic=220, scale="minor", pattern="techno", beat=0.125
    ),
}

SONG: dict[str, Generator] = {
    "pop song": kind(music.song, tonic=330, tract=1.2),
    "rock song": kind(music.song, tonic=247, tract=1.0, backing=music.OVERDRIVE, beat=0.22),
    "country song": kind(music.song, tonic=196, tract=1.0, backing=music.BANJO, beat=0.25),
    "soul song": kind(music.song, tonic=294, tract=1.17, backing=music.ORGAN, vibrato=0.03, beat=0.4),
    "reggae song": kind(music.song, tonic=175, tract=1.0, pattern="reggae", beat=0.26),
    "heavy metal song": kind(
        music.song, tonic=370, tract=1.05, scale="minor", backing=music.OVERDRIVE, beat=0.16, breath=0.3
    ),
    "rap song": speech.rapping,
    "opera singing": kind(
        music.song, tonic=523, tract=1.15, vibrato=0.05, backing=music.STRINGS, pattern=None, beat=0.5
    ),
    "choir singing": kind(music.song, tonic=262, tract=1.1, voices=6, backing=None, beat=0.5),
    "lullaby": kind(music.song, tonic=294, tract=1.17, backing=music.BOX, pattern=None, beat=0.45, vibrato=0.008),
    "child singing": kind(music.song, tonic=392, tract=1.35, backing=None, beat=0.3, vibrato=0.004),
}

ENGLISH: dict[str, Generator] = {
    "man speaking": kind(speech.talking, speaker="man"),
    "deep voice": kind(speech.talking, speaker="deep man", speed=140),
    "woman speaking": kind(speech.talking, speaker="woman"),
    "old woman speaking": kind(speech.talking, speaker="old woman", speed=140),
    "girl speaking": kind(speech.talking, speaker="girl", expression=70),
    "boy speaking": kind(speech.talking, speaker="boy", speed=180, expression=65),
    "whispering": speech.whispering,
    "angry shouting": speech.shouting,
    "sports commentator": speech.commentary,
    "people talking": speech.babble,
}

FOREIGN: dict[str, Generator] = {
    "French speech": kind(speech.talking, speaker="woman", language="fr"),
    "Italian speech": kind(speech.talking, speaker="young man", language="it"),
    "German speech": kind(speech.talking, speaker="man", language="de"),
    "Chinese speech": kind(speech.talking, speaker="low woman", language="cmn"),
    "Hindi speech": kind(speech.talking, speaker="deep man", language="hi"),
    "Russian speech": kind(speech.talking, speaker="woman", language="ru", pitch=-15),
    "Spanish speech": kind(speech.talking, speaker="young man", language="es", pitch=-10),
}

HUMAN_VOCAL: dict[str, Generator] = {
    "baby crying": kind(
        voice.calling, rate=1.0, length=0.85, pitch=(380, 520, 480, 360), vowels=("ae", "a"), scale=1.45, rough=0.2
    ),
    "baby babbling": kind(
        voice.calling, rate=3.0, length=0.28, pitch=(300, 360, 310), vowels=("m", "a", "u", "e"), scale=1.4
    ),
    "sobbing": kind(
        voice.calling, rate=2.2, length=0.3, pitch=(310, 270, 220), vowels=("uh", "m"), scale=1.15, breath=0.5
    ),
    "screaming": kind(
        voice.calling, rate=0.6, length=1.5, pitch=(700, 1150, 1100, 900), vowels=("ae",), scale=1.15, rough=0.35
    ),
    "groaning": kind(
        voice.calling,
        rate=0.8,
        length=1.0,
        pitch=(130, 110, 85),
        vowels=("uh", "o"),
        scale=0.95,
        breath=0.25,
        rough=0.15,
    ),
    "laughing": voice.laughing,
    "crowd cheering": kind(voice.crowd),
    "coughing": voice.coughing,
    "sneezing": kind(voice.coughing, rate=0.7, length=0.6, low=1200, scale=1.2),
    "snoring": kind(voice.breathing, rate=0.75, snore=1.0),
    "breathing": kind(voice.breathing, rate=0.9),
    "whistling a tune": voice.whistling,
    "humming": voice.humming,
}

HUMAN_NONVOCAL: dict[str, Generator] = {
    "footsteps on pavement": kind(matter.footsteps, surface="hard"),
    "footsteps on gravel": kind(matter.footsteps, surface="gravel"),
    "footsteps on leaves": kind(matter.footsteps, surface="leaves", rate=1.7),
    "walking in snow": kind(matter.footsteps, surface="snow", rate=1.6),
    "running upstairs": kind(matter.footsteps, surface="wood", rate=4.2, heel=0.2),
    "hand clapping": kind(matter.clapping),
    "applause": kind(matter.clapping, people=60),
    "finger tapping": kind(matter.impacts, rate=6.5, centre=380, decay=0.04, jitter=0.15, click=0.6),
    "door knocking": kind(matter.impacts, rate=3.8, centre=330, decay=0.09, jitter=0.03, thud=120.0),
    "heartbeat": matter.heartbeat,
    "chewing": matter.chewing,
    "brushing teeth": kind(matter.rubbing, strokes=5.5, low=1800, high=9000, grain=0.3),
    "rubbing hands": kind(matter.rubbing, strokes=3.0, low=600, high=5000),
    "writing on paper": kind(matter.rubbing, strokes=7.0, low=2500, high=9000, grain=0.5, lift=1.0),
    "swimming": kind(nature.splashing, rate=1.7, size=0.35),
}

ANIMAL_VOCAL: dict[str, Generator] = {
    "dog barking": kind(
        animal.cry, pitch=(420, 560, 300), length=0.22, rate=2.6, formants=(700, 1500, 2800), rough=0.5, attack=0.08
    ),
    "cat meowing": kind(
        animal.cry, pitch=(520, 760, 700, 480), length=0.75, rate=1.1, formants=(900, 2000, 3500), rough=0.05
    ),
    "songbird": animal.birdsong,
    "rooster crowing": kind(
        animal.cry, pitch=(600, 900, 1100, 1050, 650), length=1.4, rate=0.55, formants=(1300, 2600), rough=0.25
    ),
    "cow mooing": kind(
        animal.cry, pitch=(110, 160, 165, 120), length=1.5, rate=0.6, formants=(350, 900), rough=0.1, breath=0.05
    ),
    "sheep bleating": kind(animal.cry, pitch=(300, 340, 290), length=0.8, rate=1.0, formants=(750, 1700), tremor=11.0),
    "frog croaking": animal.croaking,
    "crow cawing": kind(
        animal.cry, pitch=(430, 480, 400), length=0.38, rate=1.7, formants=(1300, 2200, 3400), rough=0.9, breath=0.5
    ),
    "duck quacking": kind(
        animal.cry, pitch=(250, 270, 210), length=0.2, rate=3.4, formants=(1200, 2500), rough=0.5, attack=0.08
    ),
    "wolf howling": kind(
        animal.cry, pitch=(280, 520, 540, 530, 400), length=1.8, rate=0.5, formants=(550, 1100), rough=0.02, breath=0.03
    ),
}

ANIMAL_NONVOCAL: dict[str, Generator] = {
    "bees buzzing": animal.buzzing,
    "crickets": animal.chirping,
    "cicadas": animal.cicadas,
    "wings flapping": kind(matter.flapping),
    "horse galloping": animal.galloping,
}

NATURE: dict[str, Generator] = {
    "wind": nature.wind,
    "rain": nature.rain,
    "thunder": nature.thunder,
    "ocean waves": nature.waves,
}

CATALOGUE: dict[str, dict[str, Generator]] = {
    "EngSpeech": ENGLISH,
    "ForSpeech": FOREIGN,
    "HumVoc": HUMAN_VOCAL,
    "HumNonVoc": HUMAN_NONVOCAL,
    "AniVoc": ANIMAL_VOCAL,
    "AniNonVoc": ANIMAL_NONVOCAL,
    "Nature": NATURE,
    "Mechanical": MECHANICAL,
    "Song": SONG,
    "Music": MUSIC,
    "EnvSound": ENVIRONMENT,
}
"""Generators by category and object; the 165 sounds of the pocket world are these, one specimen each."""
