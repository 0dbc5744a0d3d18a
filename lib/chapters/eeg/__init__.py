"""The EEG chapter: who heard what, scores and their evidence, what is said of them, figures, verdicts, the headline.

Comes in: recordings and models. Goes out: what notebooks/eeg.py shows and decides.
"""
