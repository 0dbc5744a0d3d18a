"""ALIGN and COMPARE: arrays in, arrays out.

Comes in: features of a model's layers and responses of brains, rows being the same stimuli or time points. Goes out:
similarities, predictions and scores, each with the null and the interval that belong to it. This page is the room's
table of contents: measures and their nulls, clocks and windows of time, prosody and affect, similarity over sounds,
encoding models, noise ceilings, rankings, clusters, statistics.
"""

from lib.compare.affect import affect_groups, against_rest, compare_groups
from lib.compare.ceilings import noise_corrected_r2, spearman_brown, split_reliability
from lib.compare.clusters import LEAST_SUBJECTS, channel_adjacency, cluster_test
from lib.compare.components import principal_components, sign_scores
from lib.compare.conditional import beyond_sound
from lib.compare.encoding import encoding_null, nested_ridge, stratified_folds
from lib.compare.measures import MEASURES, VARIANTS, measure, similarity
from lib.compare.nulls import averaged, other_null, permutation_null, sentence_null
from lib.compare.prosody import affect_scores, descriptors, energy_and_duration, functionals, partial_rsa, residuals
from lib.compare.rankings import concordance, disagreement, family_agreement, kendall_w, split_peaks
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
from lib.compare.timewindows import window_scores
from lib.compare.timing import NAMED_WINDOWS, best_lag, lagged, onto_frames, segments, sliding_windows, zscored
from lib.compare.trimodal import tri_modal

__all__ = [
    "LEAST_SUBJECTS",
    "MEASURES",
    "NAMED_WINDOWS",
    "VARIANTS",
    "affect_groups",
    "affect_scores",
    "against_rest",
    "aggregate_subjects",
    "averaged",
    "best_lag",
    "beyond_sound",
    "bootstrap",
    "channel_adjacency",
    "cluster_test",
    "compare_groups",
    "concordance",
    "correct_p",
    "correlation",
    "cross_validated_rsa",
    "descriptors",
    "disagreement",
    "encoding_null",
    "energy_and_duration",
    "family_agreement",
    "functionals",
    "kendall_w",
    "lagged",
    "measure",
    "nested_ridge",
    "noise_corrected_r2",
    "onto_frames",
    "other_null",
    "partial_rsa",
    "pearson_r",
    "permutation_null",
    "principal_components",
    "proportion",
    "residuals",
    "rsa_layers",
    "segments",
    "sentence_null",
    "sign_scores",
    "similarity",
    "sliding_windows",
    "sound_bootstrap",
    "sound_rdm",
    "spearman_brown",
    "spearman_r",
    "split_peaks",
    "split_reliability",
    "stratified_folds",
    "subject_topline",
    "tri_modal",
    "window_scores",
    "zscored",
]
