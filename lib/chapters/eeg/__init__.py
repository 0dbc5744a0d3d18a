"""The EEG chapter: its material, scores, words, scale of work, evidence for the ledger, and figures.

Comes in: recordings and models. Goes out: what notebooks/eeg.py shows and decides.
"""
