"""`manage.py audit verify|export`."""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from clusterview.access import auditing, exporting
from clusterview.models import AuditEntry


class Command(BaseCommand):
    help = "Checks the audit, or writes it down for another place."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser("verify", help="name everything that is wrong; the exit code is then 1")
        verify.add_argument("--against", metavar="FILE", help="an earlier export in JSON (- is standard input): none of its entries may be gone")
        export = actions.add_parser("export", help="write lines of JSON, or a table")
        export.add_argument("--since", type=moment, metavar="TIME", help="from this time on: 2026-11-25, or 2026-11-25T13:00+09:00 (default: UTC)")
        export.add_argument("--until", type=moment, metavar="TIME", help="up to this time")
        export.add_argument("--switch", type=uuid.UUID, metavar="ID", help="of this switch alone")
        export.add_argument("--format", choices=["json", "csv"], default="json")
        export.add_argument("--output", metavar="FILE", help="a new file, readable by you alone; default: standard output")

    def handle(self, *_: Any, **options: Any) -> None:
        getattr(self, f"do_{options['action']}")(options)

    def do_verify(self, options: dict[str, Any]) -> None:
        found, compared = auditing.verify(), ""
        if options["against"]:
            with reading(options["against"]) as lines:
                found += exporting.differences(lines)
            compared = ", and every one of the export is there"
        if found:
            raise CommandError("\n".join(found))
        self.stdout.write(f"ok: {AuditEntry.objects.count()} entries, none changed, none missing{compared}")

    def do_export(self, options: dict[str, Any]) -> None:
        found = exporting.entries(since=options["since"], until=options["until"], switch=options["switch"])
        lines = exporting.as_csv(found) if options["format"] == "csv" else exporting.as_json(found)
        if not options["output"]:
            for line in lines:
                self.stdout.write(line)
            return
        with writing(options["output"]) as file:
            count = sum(1 for line in lines if file.write(f"{line}\n"))
        self.stdout.write(f"{count} lines are in {options['output']}")


def moment(word: str) -> datetime:
    """A point in time; without an offset it is UTC."""
    try:
        said = datetime.fromisoformat(word)
    except ValueError as problem:
        raise ArgumentTypeError(f"{word!r} is no time; write 2026-11-25 or 2026-11-25T13:00") from problem
    return said if said.tzinfo else said.replace(tzinfo=UTC)


@contextlib.contextmanager
def reading(name: str) -> Iterator[TextIO]:
    if name == "-":
        yield sys.stdin
        return
    try:
        with Path(name).open(encoding="utf-8", errors="replace") as file:
            yield file
    except OSError as problem:
        raise CommandError(f"{name} cannot be read: {problem.strerror}") from problem


@contextlib.contextmanager
def writing(name: str) -> Iterator[TextIO]:
    """A new file that is on the disk, and has its name, when this ends; whatever fails before leaves none. One that is there already may be the only
    anchor, so it is not replaced.
    """
    taken, draft = CommandError(f"{name} is there already and was left as it is. Choose another name."), f"{name}.{os.getpid()}.draft"
    if os.path.lexists(name):
        raise taken
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # no link to the draft: where exports lie there may be none
        Path(draft).replace(name)
    except FileExistsError as problem:
        raise taken from problem
    except OSError as problem:
        raise CommandError(f"{name} cannot be written: {problem.strerror}") from problem
    finally:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
