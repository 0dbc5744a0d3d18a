"""Figures of the EEG chapter, in the house style of ``lib.report.style``, each with its caption and alternative text.

Comes in: scores, windows and tables of the chapter's room. Goes out: ``Captioned`` figures for ``lib.report.show``,
whose words are built from the data that is drawn: in whom, n, what chance is, and what there is to see.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "common": ["show_or_why"],
        "layers": ["controls", "peak_depths", "rankings", "trajectories"],
        "material": ["on_the_frames", "sign_spread", "spectra"],
        "pieces": ["affect", "group_differences", "tri_modal"],
        "time": ["channels_in_time", "window_courses", "word_maps"],
    },
)
