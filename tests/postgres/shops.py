"""A cluster that is not there: what a request for a switch reads is made up, so that nothing but the database decides."""

from __future__ import annotations

from typing import Any

import msgspec

from clusterview.kube.reading import Identity
from clusterview.traffic.looking import Residents
from clusterview.traffic.situations import ServiceNow, Situation
from tests.traffic import making


class Shops:
    """Services of any name, each with a side that is live, blue, and another one that is ready. Passed as `opened`."""

    live, other = making.BLUE, making.GREEN

    def __init__(self, *, live: dict[str, str] = making.BLUE) -> None:
        if live != self.live:
            self.live, self.other = self.other, self.live

    def __call__(self, _: str) -> Shops:
        return self

    def identity(self) -> Identity:
        return Identity("the-cluster", is_weak=False)

    def service_among(self, *, name: str, **_: Any) -> tuple[ServiceNow, Residents]:
        return making.service_now(name=name, uid=f"uid-{name}", selector=self.live), Residents(list(making.situation().workloads), [])

    def situation(self, *, service: ServiceNow, **_: Any) -> Situation:
        return msgspec.structs.replace(making.situation(), service=service, from_selector=self.live, to_selector=self.other)

    def surrounded(self, seen: Situation, **_: Any) -> Situation:
        return seen

    def tried(self, seen: Situation) -> Situation:
        return seen
