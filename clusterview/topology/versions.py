"""The order of an object's writes.

A resourceVersion is opaque by contract, but all API servers that store in etcd write growing numbers, and since Kubernetes 1.35 the
comparison is promised (KEP-5504). Where both are numbers an older one can be told; where they are not, none is older. One of thousands of
digits, which Python would not read, is no number.
"""

from __future__ import annotations

DIGITS = 40


def is_older(*, version: str, known: str) -> bool:
    """This will tell whether `version` was certainly written before `known`."""
    return _is_number(version) and _is_number(known) and int(version) < int(known)


def as_number(*, version: str) -> int | None:
    """This will read a version that is a number of 64 bits; None for any other, and for one that would be written otherwise."""
    if not version.isascii() or not version.isdecimal() or len(version) > 19 or (version[0] == "0" and version != "0"):
        return None
    return int(version)


def _is_number(version: str) -> bool:
    return version.isdecimal() and len(version) <= DIGITS
