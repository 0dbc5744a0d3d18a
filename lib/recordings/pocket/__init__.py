"""The embedded world: generated sounds and simulated listeners whose truth is known.

Everything here is made from a seed, needs no network, and says of itself that it is simulated.
"""

from lib.recordings.pocket.sounds import labelled_sounds, specimen
from lib.recordings.pocket.voice import speak

__all__ = ["labelled_sounds", "speak", "specimen"]
