"""Objects as JSON, of which the parts that many of them share are written once.

The pods of an application in a large cluster are alike but for a few words, and share the lists that make most of them (`stories/large.py`). To walk
through those for each event is what costs most at 8,000 events a second; the text of such a list is taken as it is.
"""

from __future__ import annotations

from typing import Any

import msgspec

from clusterview.practice.objects import Object

SHARED = {"metadata": ("managedFields", "ownerReferences", "labels"), "spec": ("containers", "volumes", "tolerations"), "status": ("conditions",)}
Parts = tuple[str, tuple[tuple[str, Any], ...], dict[str, msgspec.Raw]]  # a section, what is shared of it, and the same as texts


def event_line(*, type: str, object: Object) -> bytes:
    """This will write an event as a line of a watch."""
    return msgspec.json.encode({"type": type, "object": object}) + b"\n"


class Texts:
    """The texts of shared parts, found by the longest of them. A part is known by being the very same, and so it is held."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Parts, ...]] = {}

    def share(self, item: Object) -> None:
        """This will write those parts of the object that others of its kind may have as well."""
        self._known[id(item["metadata"]["managedFields"])] = tuple(
            (section, tuple((name, item[section][name]) for name in names),
             {name: msgspec.Raw(msgspec.json.encode(item[section][name])) for name in names})
            for section, names in SHARED.items()
        )  # fmt: skip

    def event_line(self, *, type: str, object: Object) -> bytes:
        """The same line as without shared parts."""
        known = self._known.get(id(object["metadata"].get("managedFields")))
        if known is None:
            return event_line(type=type, object=object)
        made = dict(object)
        for section, parts, texts in known:
            own = made[section]
            same = all(own.get(name) is part for name, part in parts)
            made[section] = own | (texts if same else {name: texts[name] for name, part in parts if own.get(name) is part})
        return event_line(type=type, object=made)
