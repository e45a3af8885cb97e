"""Observations of a cluster in, changes of the picture out.

Pure: no network, no clock (moments are arguments), no Django. `projecting.Projector` is the door. How objects are
joined follows from them (`topology.relations`) and is no part of what is said here.
"""
