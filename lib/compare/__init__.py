"""ALIGN and COMPARE: arrays in, arrays out.

Comes in: features of a model's layers and responses of brains, rows being the same stimuli or time points. Goes out:
similarities, predictions and scores, each with the null and the interval that belong to it. This page is the room's
table of contents: measures and their nulls, similarity over sounds, encoding models, noise ceilings, statistics.
"""

from lib.compare.ceilings import noise_corrected_r2, spearman_brown, split_reliability
from lib.compare.encoding import encoding_null, nested_ridge, stratified_folds
from lib.compare.measures import MEASURES, VARIANTS, measure, similarity
from lib.compare.nulls import averaged, permutation_null, sentence_null
from lib.compare.rsa import cross_validated_rsa, rsa_layers, sound_bootstrap, sound_rdm, subject_topline
from lib.compare.statistics import (
    aggregate_subjects,
    bootstrap,
    correct_p,
    correlation,
    pearson_r,
    proportion,
    spearman_r,
)

__all__ = [
    "MEASURES",
    "VARIANTS",
    "aggregate_subjects",
    "averaged",
    "bootstrap",
    "correct_p",
    "correlation",
    "cross_validated_rsa",
    "encoding_null",
    "measure",
    "nested_ridge",
    "noise_corrected_r2",
    "pearson_r",
    "permutation_null",
    "proportion",
    "rsa_layers",
    "sentence_null",
    "similarity",
    "sound_bootstrap",
    "sound_rdm",
    "spearman_brown",
    "spearman_r",
    "split_reliability",
    "stratified_folds",
    "subject_topline",
]
