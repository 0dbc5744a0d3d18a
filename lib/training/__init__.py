"""TRAIN: small models from sounds, and how they get into data/zoo.

Comes in: a recipe and the diets it names. Goes out: weights, card and curve in data/zoo, resumable while they are made.
"""
