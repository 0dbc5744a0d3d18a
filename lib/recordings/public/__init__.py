"""Published recordings, one module a set: the publisher's files to the records of this room.

Comes in: the folder of a set as its publisher ships it. Goes out: a ``Recording``.
"""
