"""The embedded world: generated sounds, a spoken story, and simulated listeners whose truth is known.

Everything here is made from a seed, needs no network, and says of itself that it is simulated. ``sounds`` and ``story``
are what is heard; ``brains`` holds the listeners and everything that is planted in them. Nothing is imported here, so
that what is kept on disk depends on the modules that made it and on no others.
"""
