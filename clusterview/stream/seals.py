"""What this installation writes into Redis carries a seal, so that nothing is shown that somebody else has put there.

A seal is a MAC under a key of `SECRET_KEY`, which all processes of an installation have. It holds for one place only: what was written of one
cluster, view or moment cannot be put at another's. What has no seal, such as that of an older version, is as if it were not there.
"""

from __future__ import annotations

import functools
import hashlib
import hmac

from django.utils.crypto import salted_hmac

SEAL_BYTES = 16


class Forged(ValueError):
    """Nobody who knows the key has written this, or not for this place. Trying again does not help."""


class Seals:
    """Makes and checks seals under a key that is made of a secret."""

    def __init__(self, *, secret: str) -> None:
        key = salted_hmac("clusterview.stream.seals", "", secret=secret, algorithm="sha256").digest()
        self._keyed = hashlib.blake2b(key=key, digest_size=SEAL_BYTES)

    def seal(self, *, place: tuple[str, str], said: bytes) -> bytes:
        """This will make the seal of what is said at a place: the name of a key in Redis, and which entry or view it is there."""
        made = self._keyed.copy()
        made.update(f"{len(place[0])} {place[0]} {len(place[1])} {place[1]} ".encode())
        made.update(said)
        return made.digest()

    def check(self, *, place: tuple[str, str], said: bytes, seal: bytes | None) -> None:
        """Raises Forged where the seal is none, or of something else."""
        if not hmac.compare_digest(self.seal(place=place, said=said), seal or b""):
            raise Forged(f"no seal of this installation's secret key on what is at {' '.join(place)}")


@functools.cache
def ours() -> Seals:
    """Those of this installation."""
    from django.conf import settings

    return Seals(secret=settings.SECRET_KEY)
