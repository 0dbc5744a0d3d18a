"""How well features predict responses: ridge, its nested search over layers and penalties, noise ceilings.

Comes in: features and responses, rows being the same stimuli. Goes out: predictions, scores and choices.
"""
