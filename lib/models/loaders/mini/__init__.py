"""What the small models of this book hear: a spectrogram of their own, and the convolutional networks that see it.

Comes in: waveforms, and folders of data/zoo. Goes out: spectra, and a ``Model``, for ``zoo`` and for training.
"""
