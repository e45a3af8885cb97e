"""Kubernetes' quantities and moments as plain numbers (`500m`, `4Gi`, `2026-01-02T03:04:05Z`).

See https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import functools
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

_QUANTITY = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]{1,3})?)([numkMGTPE]|[KMGTPE]i)?\Z")
_DECIMAL = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal("1e3")}
_DECIMAL |= {letter: Decimal(10) ** (3 * power) for power, letter in enumerate("MGTPE", start=2)}
_BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}
_FACTORS = _DECIMAL | _BINARY
MOST = 2**53 - 1  # no number of JavaScript is exact beyond


def amount(written: str) -> Decimal:
    """This will read a quantity; one that cannot be read counts as zero, for it must not stop a watch."""
    found = _QUANTITY.match(written)
    if found is None:
        return Decimal(0)
    try:
        return Decimal(found[1]) * _FACTORS[found[2] or ""]
    except InvalidOperation:
        return Decimal(0)


def whole(written: str) -> int:
    """This will read a quantity of bytes or pods, as far as a browser can hold it."""
    return _held(amount(written))


def millis(written: str) -> int:
    """This will read a quantity of cores in thousandths, as far as a browser can hold it."""
    return _held(amount(written) * 1000)


def _held(number: Decimal) -> int:
    return int(max(Decimal(-MOST), min(Decimal(MOST), number)))


@functools.lru_cache(maxsize=10_000)
def moment(written: str | None) -> int | None:
    """This will read an RFC 3339 moment as unix seconds; None where there is none or it cannot be read."""
    if not written:
        return None
    try:
        return int(datetime.fromisoformat(written).timestamp())
    except (ValueError, OverflowError):
        return None
