"""The cortex chapter: its figures.

Comes in: tables of scores per component, layer and model. Goes out: what notebooks/cortex.py shows.
"""
