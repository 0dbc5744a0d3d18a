"""Simulated listeners, and the truth about them: every module here holds, plants or states effects.

Comes in: sounds, the told story, seeds and switches. Goes out: recordings, to those who load them by name; and what was
planted, to the chapter on recovery and to tests. No other chapter and no room of analysis leads here.
"""
