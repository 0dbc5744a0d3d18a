"""The measures chapter: parity with independent libraries, calibration of the nulls, and its figures.

Comes in: the measures and their nulls. Goes out: what notebooks/measures.py shows.
"""
