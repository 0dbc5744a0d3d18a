"""ALIGN and COMPARE: arrays in, arrays out.

Comes in: features of a model's layers and responses of brains, rows being the same stimuli or time points. Goes out:
similarities, predictions and scores, each with the null and the interval that belong to it. The table below is the
room's table of contents, each module read when one of its names is first used: measures and their nulls, clocks and
windows of time, prosody and affect, similarity over sounds, encoding models, noise ceilings, probes of what sounds are,
rankings, clusters, statistics, correlations over models.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "affect": ["affect_groups", "compare_groups"],
        "clusters": ["LEAST_SUBJECTS", "channel_adjacency", "cluster_test"],
        "encoding.banded": ["band_weights", "banded_ridge"],
        "encoding.ceilings": ["noise_corrected_r2", "split_reliability"],
        "encoding.contrasts": ["contrasts", "mean_score"],
        "encoding.depth": ["layer_scores", "preferred_depth", "relative_slope"],
        "encoding.intervals": ["refitted"],
        "encoding.nested": ["encoding_null", "nested_ridge"],
        "encoding.partition": ["variance_partition"],
        "noise": ["calibrated", "noise_like"],
        "over_models": ["Together", "class_difference", "overall", "together"],
        "probes.linear": ["linear_probe"],
        "probes.mlp": ["PUBLISHED_GRID", "QUICK_GRID", "mlp_probe"],
        "prosody": ["affect_scores", "descriptors", "energy_and_duration", "functionals"],
        "rankings": ["concordance", "disagreement", "family_agreement", "kendall_w", "split_peaks"],
        "similarity.components": ["principal_components", "sign_scores"],
        "similarity.conditional": ["beyond_sound"],
        "similarity.measures": ["MEASURES", "VARIANTS", "measure", "similarity"],
        "similarity.nulls": ["averaged", "permutation_null", "sentence_null"],
        "similarity.pieces": ["matched", "pieces_null"],
        "similarity.rsa": ["cross_validated_rsa", "listener_ceilings", "rsa_layers", "sound_rdm"],
        "similarity.trimodal": ["tri_modal"],
        "spatial": ["nearest", "sheet_distance", "spin_test"],
        "statistics": [
            "Estimate",
            "aggregate_subjects",
            "between_groups",
            "bootstrap",
            "correct_p",
            "correlation",
            "proportion",
        ],
        "subsets": ["crossed", "over_subsets"],
        "timewindows": ["window_scores"],
        "timing": ["onto_frames", "sliding_windows", "zscored"],
    },
)
