"""The recovery chapter: many simulated studies, what an analysis finds in each, and how often.

The one room that opens the truth of the pocket world. Comes in: seeds and settings. Goes out: counts and figures of
notebooks/recovery.py and notebooks/studies.py.
"""
