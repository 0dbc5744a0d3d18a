"""Generators of the pocket world's sounds: what animals, machines, matter, music, nature, speech and voices do.

Comes in: a random generator. Goes out: samples. ``catalogue`` names all objects, ``specimens`` makes sounds of them.
"""
