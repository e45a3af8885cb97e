"""Everything is said in English and in Korean, and a choice of language leads nowhere else."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog, extract, pofile
from django.conf import settings
from django.test import Client

from clusterview.observer import reporting, sight, words
from clusterview.recording import stretches
from clusterview.stream import freshness, messages

ROOT = Path(settings.LOCALE_PATHS[0]).parents[1]
KOREAN = Path(settings.LOCALE_PATHS[0]) / "ko" / "LC_MESSAGES" / "django.po"
IN_TEMPLATES = re.compile(r'{%\s*translate\s+"([^"]+)"')
BLOCKS = re.compile(r"{%\s*blocktranslate[^%]*%}(.*?){%\s*endblocktranslate\s*%}", re.DOTALL)


def used() -> set[str]:
    """Every string that a page marks for translation."""
    found: set[str] = set()
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text()
        found |= set(IN_TEMPLATES.findall(text))
        found |= {re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", block) for block in BLOCKS.findall(text)}
    keywords = {"gettext": None, "gettext_lazy": None}
    for folder in ("views", "access"):
        for _, _, message, _, _ in extract.extract_from_dir(str(ROOT / "clusterview" / folder), [("**.py", "python")], keywords=keywords):
            found.add(str(message))
    return found


def korean() -> Catalog:
    with KOREAN.open("rb") as file:
        return pofile.read_po(file, locale="ko")


def test_every_string_is_translated_and_none_is_left_over() -> None:
    catalog = korean()
    messages = [message for message in catalog if message.id]
    assert not [message.id for message in messages if message.fuzzy or not message.string]
    assert {message.id for message in messages} == used()
    assert "Sign in" in used()


def test_each_translation_keeps_its_values() -> None:
    catalog = korean()
    value = re.compile(r"%\(\w+\)s")
    for message in catalog:
        if message.id:
            assert sorted(value.findall(str(message.id))) == sorted(value.findall(str(message.string))), message.id


def codes(*modules: Any) -> set[str]:
    """Every literal of the modules that reads like a code. The places where one is chosen are few and short, so none is overlooked."""
    literals = {node.value for module in modules for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Constant)}
    return {text for text in literals if isinstance(text, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", text)}


def test_every_reason_why_something_is_not_seen_has_words_in_both_languages() -> None:
    contact_states, row_states = {"live", "stale", "lost"}, {"waiting", "open", "ended", "behind", "absent"}
    reasons = {reason for _, reason in words._REASONS} | codes(freshness, sight, reporting, stretches) - contact_states - row_states
    why_missing = set(re.findall(r"`(\w+)`", messages.MissingKind.__doc__ or ""))
    assert {"redis", "no_observer", "watches_behind", "unreachable", "plugin", "not_permitted", "failing"} <= reasons
    assert why_missing <= reasons
    page = (ROOT / "static" / "src" / "i18n" / "words.ts").read_text()
    said = {word: (english, korean) for word, english, korean in re.findall(r'^  (\w+): \[\s*"([^"]+)",\s*"([^"]+)",?\s*\],$', page, re.MULTILINE)}
    assert not reasons - said.keys()
    assert not [reason for reason in reasons if not re.search("[가-힣]", said[reason][1])]


@pytest.mark.django_db
@pytest.mark.parametrize(("asked", "language"), [("ko-KR,ko;q=0.9,en;q=0.5", "ko"), ("de", "en"), ("en-GB,ko;q=0.2", "en")])
def test_the_browsers_language_comes_first(client: Client, asked: str, language: str) -> None:
    answer = client.get("/signed-out", headers={"Accept-Language": asked})
    assert f'<html lang="{language}">'.encode() in answer.content


@pytest.mark.django_db
def test_a_chosen_language_stays(client: Client) -> None:
    answer = client.post("/language", {"language": "ko", "next": "/signed-out"})
    assert answer["Location"] == "/signed-out"
    assert b'<html lang="ko">' in client.get("/signed-out", headers={"Accept-Language": "en"}).content


@pytest.mark.django_db
@pytest.mark.parametrize("following", ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "http:evil.example"])
def test_the_choice_leads_to_no_other_site(client: Client, following: str, settings: Any) -> None:
    answer = client.post("/language", {"language": "ko", "next": following}, headers={"Referer": following})
    assert answer["Location"] == "/"
