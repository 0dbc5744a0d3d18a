"""The pocket story: its text with what is known of the words, its narrators, and the telling that all listeners hear.

Comes in: data/pocket/story.yml. Goes out: sound files with the times of sentences, words and phonemes.
"""
