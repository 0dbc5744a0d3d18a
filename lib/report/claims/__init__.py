"""CLAIMS: what the papers claim, and what a recording says of it, by rules that are written down.

``ledger`` holds the claims of data/claims.yml; ``decide`` turns what was measured into verdicts; ``sizes`` are counts
of how often noise passes, ``power`` and ``detection`` say how often an effect would be found, and ``table`` shows
verdicts in words beside what was planted.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "rules": ["LEDGER", "Claim", "Measured", "Part", "changed_rules", "ledger"],
        "deciding": [
            "ABSENT",
            "NOT_SUPPORTED",
            "NOT_TESTABLE",
            "SUPPORTED",
            "UNDECIDED",
            "UNKNOWN",
            "Verdict",
            "decide",
        ],
    },
)
