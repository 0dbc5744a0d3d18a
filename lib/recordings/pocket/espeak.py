"""One utterance of espeak-ng in a process of its own: run as a script, with nothing but the standard library.

espeak-ng keeps the state of its wave generator from call to call, so the same text sounds a little different the
second time. A fresh process always says it the same way. Comes in: one JSON object on standard input (library, data,
voice, text, parameters). Goes out: on standard output one JSON line with the sample rate and the events, then the
samples as 16-bit little-endian.
"""

import ctypes
import json
import sys

SYNCHRONOUS = 2
PHONEME_EVENTS_IN_IPA_WITHOUT_EXIT = 1 | 2 | 1 << 15
UTF8_WITH_PHONEMES = 1 | 0x100
END = 0


class Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h, its union read as a string."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("string", ctypes.c_char * 8),
    )


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


def main() -> int:
    """Speak what standard input asks for; 1 if the library does not start, 2 if it has no such voice."""
    order = json.load(sys.stdin)
    library = ctypes.CDLL(order["library"])
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, order["data"].encode(), PHONEME_EVENTS_IN_IPA_WITHOUT_EXIT)
    if rate <= 0:
        return 1
    if library.espeak_SetVoiceByName(order["voice"].encode()) != 0:
        return 2
    for parameter, value in order["parameters"]:
        library.espeak_SetParameter(parameter, value, 0)
    wave, events = _speak(library, order["text"].encode())
    sys.stdout.buffer.write(json.dumps({"rate": rate, "events": events}).encode() + b"\n" + wave)
    return 0


def _speak(library: ctypes.CDLL, text: bytes) -> tuple[bytes, list]:
    pieces, events = [], []

    def receive(wave, count, event):
        if wave and count > 0:
            pieces.append(ctypes.string_at(wave, 2 * count))
        k = 0
        while event[k].type != END:
            one = event[k]
            events.append((one.type, one.sample, one.text_position, one.length, one.string.decode("utf-8", "ignore")))
            k += 1
        return 0

    callback = CALLBACK(receive)
    library.espeak_SetSynthCallback(callback)
    library.espeak_Synth.argtypes = (
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint),
        *(ctypes.c_void_p, ctypes.c_void_p),
    )
    library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8_WITH_PHONEMES, None, None)
    library.espeak_Synchronize()
    return b"".join(pieces), events


if __name__ == "__main__":
    sys.exit(main())
