"""One module for each kind of card: what turns a row of the roster into a model.

Comes in: a card of data/models.yml, whose `loader` names a module of this room. Goes out: its ``load(card, seed)``.
"""
