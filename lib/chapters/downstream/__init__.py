"""The chapter on downstream tasks: do models that solve tasks better also predict auditory cortex better.

Comes in: sounds with names, recordings with brains, models. Goes out: scores of both kinds, how they go together over
models, and what the paper's own tables say of it.
"""
