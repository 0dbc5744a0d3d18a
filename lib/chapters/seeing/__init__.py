"""The chapter on what a model sees: layers against time beside the cochleagram, and how fast they change.

Comes in: sounds and names of models. Goes out: pictures that a reader can choose among, and paces with intervals.
"""
