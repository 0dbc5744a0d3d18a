"""Loaders of models that are not in the roster: networks that a user's own file gives, and checkpoints in a folder.

Comes in: a card of ``lib.models.own``. Goes out: a ``Model``, and its untrained twin where there can be one.
"""
