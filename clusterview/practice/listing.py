"""Lists, whole or in pages. The pages of one list are of one moment: a page keeps what follows it, for five minutes, as etcd would."""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from typing import TYPE_CHECKING

from clusterview.practice import problems, selecting, shaping
from clusterview.practice.objects import Object
from clusterview.practice.resources import Resource
from clusterview.practice.store import Store

if TYPE_CHECKING:
    from clusterview.practice.answering import Asked

KEPT_SECONDS = 300.0
KEPT_LISTS = 200


def chosen(store: Store, resource: Resource, *, namespace: str, query: dict[str, str]) -> list[Object]:
    """The objects that the selectors of a query choose. Raises Problem 400."""
    tests = [*selecting.by_labels(query.get("labelSelector", "")), *selecting.by_fields(resource, query.get("fieldSelector", ""))]
    if not tests:
        return store.all(resource, namespace)
    return [item for item in store.all(resource, namespace) if selecting.passes(item, tests)]


def check_version(store: Store, query: dict[str, str]) -> None:
    """This will raise Problem 504 for a version that is not there yet, 400 for what is none."""
    asked = query.get("resourceVersion", "")
    if asked and not asked.isdecimal():
        raise problems.bad_request(f'resourceVersion: Invalid value: "{asked}": strconv.ParseUint: parsing "{asked}": invalid syntax')
    if asked and int(asked) > store.version:
        raise problems.too_large(int(asked), store.version)


class Pages:
    """The lists that somebody is reading page by page."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, str, list[Object], int]] = OrderedDict()
        self._number = 0

    def forget(self) -> None:
        """This will let every continue token expire."""
        self._kept.clear()

    def answer(self, store: Store, resource: Resource, asked: Asked, now: float) -> tuple[int, Object]:
        """This will answer a list, or its next page. Raises Problem 410 for a token that has expired, 400."""
        query = asked.query
        limit = int(query["limit"]) if query.get("limit", "").isdecimal() else 0
        first = 0
        if token := query.get("continue", ""):
            version, items, first = self._next(token, now)
        else:
            check_version(store, query)
            version, items = str(store.version), chosen(store, resource, namespace=asked.target.namespace, query=query)
        metadata: Object = {"resourceVersion": version}
        last = first + limit if limit else len(items)
        if last < len(items):
            metadata["continue"] = self._keep(version, items, last, now)
            if not query.get("labelSelector") and not query.get("fieldSelector"):
                metadata["remainingItemCount"] = len(items) - last
        return 200, shaping.many(resource, items[first:last], accept=asked.accept, query=query, metadata=metadata, now=now)

    def _keep(self, version: str, items: list[Object], first: int, now: float) -> str:
        self._number += 1
        key = str(self._number)
        self._kept[key] = (now + KEPT_SECONDS, version, items, first)
        while len(self._kept) > KEPT_LISTS:
            self._kept.popitem(last=False)
        return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "rv": int(version), "start": key}).encode()).decode().rstrip("=")

    def _next(self, token: str, now: float) -> tuple[str, list[Object], int]:
        try:
            key = str(json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))["start"])
        except (ValueError, KeyError, TypeError) as error:
            raise problems.bad_request("continue key is not valid") from error
        until, version, items, first = self._kept.get(key, (0.0, "", [], 0))
        if until < now:
            why = "The provided continue parameter is too old to display a consistent list result."
            raise problems.expired(f"{why} You can start a new list without the continue parameter.")
        return version, items, first
