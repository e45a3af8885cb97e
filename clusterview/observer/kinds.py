"""Which kinds are observed: every row that `kube` can read and the picture has a record for.

The table of rows itself stands in `kube.kinds`, because how a kind is asked for is the API's matter. Here is checked that nothing is read
in vain.
"""

from __future__ import annotations

from clusterview.kube.kinds import KINDS, KindSpec
from clusterview.observer.translating import TRANSLATIONS

OBSERVED: tuple[KindSpec, ...] = tuple(spec for spec in KINDS if spec.kind in TRANSLATIONS)
