"""The front end's message types say what the Structs say."""

from __future__ import annotations

from clusterview.management.commands import messages_ts
from clusterview.stream import typescript


def test_the_committed_file_is_up_to_date() -> None:
    committed = messages_ts.WRITTEN_FILE.read_text(encoding="utf-8")
    assert committed == typescript.generate(), "run: python3 manage.py messages_ts"


def test_each_record_is_told_apart_by_its_kind() -> None:
    written = typescript.generate()
    assert 'export interface Pod extends BaseRecord {\n  readonly kind: "Pod";' in written
    assert 'export interface Deployment extends Workload {\n  readonly kind: "Deployment";' in written
    assert "export interface Workload extends BaseRecord {\n  readonly selector:" in written


def test_only_a_message_from_the_browser_may_leave_fields_out() -> None:
    interfaces = typescript.generate().split("export interface ")
    assert [text.split(" ")[0] for text in interfaces if "?: " in text] == ["Hello"]
