"""REPORT: what a chapter leaves behind, and how chapters become runs and runs become a book.

A chapter needs ``say``, ``answer``, ``show``, ``save_results`` and ``verdict`` from here, its figures from
``lib.report.figures`` and the ledger's rules from ``lib.report.claims``; ``runs``, ``editions`` and ``cli`` are the
machinery around it.
"""

from lib.report.records import answer, save_results, say, show, verdict

__all__ = ["answer", "save_results", "say", "show", "verdict"]
