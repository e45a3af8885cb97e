"""The body of a request, read from its JSON so that nothing of it is passed over in silence."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja import parser


class Parser(parser.Parser):
    """As the library's, and each key of an object is there once: of two values Python's reader would take the later one without a word."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(request.body, object_pairs_hook=once)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of these pairs. Raises ValueError where a key is repeated."""
    made = dict[str, Any]()
    for key, value in pairs:
        if key in made:
            raise ValueError(f"the key {key!r} is there more than once")
        made[key] = value
    return made
