"""What several architectures share: clocks of frames, spectra, blocks of vision transformers.

Comes in: sizes, waveforms. Goes out: times of frames, spectra as tensors, torch modules.
"""
