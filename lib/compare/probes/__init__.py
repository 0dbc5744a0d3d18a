"""PROBES: how well what sounds are can be read out of a model's layers.

Comes in: layers of sounds, averaged over time, labels, and folds that were decided elsewhere. Goes out: predicted
labels, their accuracy with its interval, what chance gives. ``linear_probe`` is a ridge in closed form, quick enough
for a null; ``mlp_probe`` is the evaluation of the HEAR benchmark as arXiv 2511.16849 runs it.
"""
