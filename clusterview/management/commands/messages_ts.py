"""`manage.py messages_ts`: writes the front end's message types anew after a change of `stream/messages.py` or `topology/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from clusterview.stream import typescript

WRITTEN_FILE = Path(__file__).parents[3] / "static" / "src" / "wire" / "messages.ts"


class Command(BaseCommand):
    help = "Write static/src/wire/messages.ts from the message Structs."
    requires_system_checks = []

    def handle(self, **_options: Any) -> None:
        """This will replace the file and print its path."""
        WRITTEN_FILE.parent.mkdir(parents=True, exist_ok=True)
        WRITTEN_FILE.write_text(typescript.generate(), encoding="utf-8")
        self.stdout.write(str(WRITTEN_FILE))
