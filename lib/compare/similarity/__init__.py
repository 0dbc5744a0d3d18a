"""How alike two sets of responses are: measures, the geometry behind them, their nulls.

Comes in: arrays with one row a time point or stimulus. Goes out: similarities with null distributions and p-values.
"""
