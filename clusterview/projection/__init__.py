"""Observations of a cluster in, changes of the picture out.

Pure: no network, no clock (moments are arguments), no Django. `projecting.Projector` is the door; `relations` is the table of what joins
what.
"""
