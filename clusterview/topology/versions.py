"""The order of an object's writes.

A resourceVersion is opaque by contract, but all API servers that store in etcd write growing numbers, and since Kubernetes 1.35 the
comparison is promised (KEP-5504). Where both are numbers an older one can be told; where they are not, none is older.
"""

from __future__ import annotations


def is_older(*, version: str, known: str) -> bool:
    """This will tell whether `version` was certainly written before `known`."""
    return version.isdecimal() and known.isdecimal() and int(version) < int(known)
