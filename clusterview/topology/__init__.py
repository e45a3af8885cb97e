"""The vocabulary of the picture: objects, links between them, changes, and the picture that changes add up to.

Pure and frozen: no Django, no network, no clock. Everything that crosses from the watcher to a browser is said in these words.
"""
