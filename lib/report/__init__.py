"""REPORT: what a chapter leaves behind, and how chapters become runs and runs become a book.

A chapter needs ``say``, ``answer``, ``show`` and ``save_results`` from here and its figures from
``lib.report.figures``; ``runs``, ``editions`` and ``cli`` are the machinery around it.
"""

from lib.report.records import answer, save_results, say, show

__all__ = ["answer", "save_results", "say", "show"]
