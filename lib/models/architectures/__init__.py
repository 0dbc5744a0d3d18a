"""Networks of published papers that no package at hand implements, one family a file.

Comes in: sizes. Goes out: ``build(config)``, a torch module with the names of the public checkpoint, which
``lib.models.loaders.architectures`` fills with published or random weights.
"""
