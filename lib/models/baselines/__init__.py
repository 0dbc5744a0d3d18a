"""What can be heard in a sound before anything is learnt: cochleagram, modulation filters, mel spectra.

Comes in: waveforms (sounds, samples) with their rate. Goes out: ``Frames``, and what each unit stands for.
"""
