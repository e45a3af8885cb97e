"""Keeps looking at a cluster: claims it, reads it, and hands what it sees to projection and stream.

`keeping.Keeper` is the door: one for each cluster in each worker. The picture itself is decided in `projection`, the reading is done by
`kube`.
"""
