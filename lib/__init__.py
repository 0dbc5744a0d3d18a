"""Hearing Alike: how audio, speech and language models hear, compared with human brains.

Six rooms. ``recordings`` loads what was heard and how brains answered, ``models`` represents the same sounds in
machines, ``compare`` aligns and compares the two (arrays in, arrays out); these three never import each other.
``training`` trains small models, ``report`` turns a chapter into a run and runs into a book, and ``chapters`` has what
single chapters need. All stand on ``ground`` (places, safe writes, errors) and ``provenance`` (what depends on what).
"""
