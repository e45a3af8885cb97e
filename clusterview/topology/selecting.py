"""Which selectors match which pods, both ways.

A selector is filed under one of its label pairs, so a pod meets only the selectors that share a pair with it: a thousand Services in a
namespace cost a pod a handful of comparisons. A selector that changes is compared with each pod of its namespace; that is rare.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from clusterview.topology.links import LinkKind
from clusterview.topology.objects import Uid

Labels = dict[str, str]
_Place = tuple[str, str, str]  # namespace, label, value; the last two empty for a selector that matches all


class Selector(NamedTuple):
    """A selector and whose it is."""

    uid: Uid
    link: LinkKind
    namespace: str
    labels: Labels

    def matches(self, labels: Labels) -> bool:
        return all(labels.get(key) == value for key, value in self.labels.items())


class Selecting:
    """The pods' labels and the selectors of one cluster."""

    def __init__(self) -> None:
        self._pods: defaultdict[str, dict[Uid, Labels]] = defaultdict(dict)
        self._selectors: dict[Uid, Selector] = {}
        self._filed: defaultdict[_Place, dict[Uid, Selector]] = defaultdict(dict)

    def put_pod(self, *, uid: Uid, namespace: str, labels: Labels) -> list[Selector]:
        """This will remember the pod's labels and tell the selectors that match them."""
        self._pods[namespace][uid] = labels
        places = [(namespace, "", ""), *((namespace, key, value) for key, value in labels.items())]
        filed = (selector for place in places if place in self._filed for selector in self._filed[place].values())
        return [selector for selector in filed if selector.matches(labels)]

    def drop_pod(self, *, uid: Uid, namespace: str) -> None:
        """This will forget a pod."""
        self._pods[namespace].pop(uid, None)
        if not self._pods[namespace]:
            del self._pods[namespace]

    def put_selector(self, *, selector: Selector) -> list[Uid]:
        """This will remember the selector in place of its owner's last one, and tell the pods that it matches."""
        self.drop_selector(uid=selector.uid)
        self._selectors[selector.uid] = selector
        self._filed[_place(selector)][selector.uid] = selector
        pods = self._pods.get(selector.namespace, {})
        return [uid for uid, labels in pods.items() if selector.matches(labels)]

    def drop_selector(self, *, uid: Uid) -> None:
        """This will forget the selector of that object, if it has one."""
        selector = self._selectors.pop(uid, None)
        if selector is None:
            return
        filed = self._filed[_place(selector)]
        del filed[uid]
        if not filed:
            del self._filed[_place(selector)]


def _place(selector: Selector) -> _Place:
    key, value = min(selector.labels.items(), default=("", ""))
    return (selector.namespace, key, value)
