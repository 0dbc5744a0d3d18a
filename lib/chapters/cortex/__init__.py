"""The cortex chapter: its material, scores, trained models, numbers in prose, figures, and counts on noise.

Comes in: recordings of short sounds, and models. Goes out: what notebooks/cortex.py shows, says and decides.
"""
