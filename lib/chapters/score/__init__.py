"""The score chapter: how well one model predicts auditory cortex, beside its untrained twin, filters and other brains.

Comes in: a set of sounds with responses, and the name of any model. Goes out: numbers, figures, the terminal's lines.
"""
