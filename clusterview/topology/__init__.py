"""The vocabulary of the picture: objects, changes, the picture that changes add up to, and the links that follow from its objects.

Pure and frozen: no Django, no network, no clock. Everything that crosses from the watcher to a browser is said in these words.
"""
