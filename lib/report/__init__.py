"""REPORT: what a chapter leaves behind, and how chapters become runs and runs become a book.

A chapter needs ``say``, ``answer``, ``show``, ``save_results``, ``save_table`` and ``verdicts`` from here, the house
style of figures from ``lib.report.style`` and the ledger's rules from ``lib.report.claims``; ``runs``, ``editions`` and
``cli`` are the machinery around it. Nothing is read before it is used: the command line does not wait for pyplot.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "records": ["Captioned", "answer", "save_results", "save_table", "say", "show", "verdicts"],
        "cache": ["kept"],
    },
)
