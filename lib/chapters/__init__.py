"""What single chapters need, one room each: their material, their evidence for the ledger, their figures.

A chapter's room stands on all others, is used by its own notebook, and knows no other chapter's room: what two of
them need lies a floor lower.
"""
