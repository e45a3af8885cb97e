"""Everything is said in English and in Korean, and a choice of language leads nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog, extract, pofile
from django.conf import settings
from django.test import Client

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
