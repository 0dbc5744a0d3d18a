"""Hearing Alike: how audio, speech and language models hear, compared with human brains.

Four rooms, one for each step of a chapter. ``recordings`` loads what was heard and how brains answered,
``models`` represents the same sounds in machines, ``compare`` aligns and compares the two (arrays in, arrays out),
``report`` turns a chapter into a run and runs into a book. The first three never import each other.
"""
