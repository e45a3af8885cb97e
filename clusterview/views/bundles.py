"""Which built files a page needs, from the manifest that Vite writes beside them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from django.conf import settings


@lru_cache(maxsize=1)
def manifest() -> dict[str, Any]:
    path = settings.DIST / ".vite" / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def styles(*, entry: str) -> list[str]:
    """The addresses of the entry's style sheets."""
    made = manifest().get(entry, {})
    files = [*made.get("css", []), *([made["file"]] if made.get("file", "").endswith(".css") else [])]
    return [settings.STATIC_URL + file for file in files]


def script(*, entry: str) -> str:
    """The address of the entry's script; empty when the front end is not built."""
    file = manifest().get(entry, {}).get("file", "")
    return settings.STATIC_URL + file if file.endswith(".js") else ""
