"""The page on learning: which models stand there, what is asked of them, how training goes, layers and regions.

Comes in: names of models of the roster, the facts on their cards, and the cortex chapter's material. Goes out: what
notebooks/learning.py shows, says and decides.
"""
