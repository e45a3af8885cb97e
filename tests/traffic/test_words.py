"""The page's Korean catalogs know every code that the server may say."""

from __future__ import annotations

import re
from pathlib import Path

from clusterview.access import auditing
from clusterview.api import refusing
from clusterview.traffic import engine, states, words

CATALOGS = Path(__file__).parents[2] / "static" / "src" / "i18n"
TRAFFIC = Path(words.__file__).parent
CODES = re.compile(r'(?:_no\(|return |why_not=)"([\w-]+)"')


def test_every_check_is_said_in_korean_with_the_same_values() -> None:
    korean = catalog("CHECKS")
    for (code, level), (sentence, remedy) in words.CHECKS.items():
        said = korean.get(f"{code}:{level}")
        if said is None and level == "info":
            said = korean.get(f"{code}:block") or korean.get(f"{code}:warn")
        assert said, f"{code}:{level}"
        assert placeholders(said[0]) <= placeholders(sentence), f"{code}:{level} names a value that the server does not give"
        if level != "info":
            assert bool(said[1]) == bool(remedy), f"{code}:{level}"


def test_every_reason_not_to_be_switchable_is_said_in_korean_with_the_same_values() -> None:
    korean = catalog("WHY_NOT")
    assert set(korean) == set(words.WHY_NOT)
    for code, said in korean.items():
        for english, text in zip(words.WHY_NOT[code], said, strict=True):
            assert text and placeholders(text) == placeholders(english), code


def test_every_recipe_is_said_in_korean() -> None:
    korean = catalog("RECIPES")
    assert set(korean) == set(words.RECIPES)
    assert all(title and note for title, note in (*korean.values(), *words.RECIPES.values()))


def test_every_reason_that_discovery_may_give_has_its_words() -> None:
    given = {code for name in ("applications", "lookalikes") for code in CODES.findall((TRAFFIC / f"{name}.py").read_text())}
    assert given == set(words.WHY_NOT)


def test_every_state_reason_and_refusal_is_said_in_korean() -> None:
    text = "".join((CATALOGS / name).read_text() for name in ("switching.ts", "korean.ts"))
    known = set(re.findall(r'^  "?([\w-]+)"?: ', text, re.MULTILINE))
    assert {str(state) for state in states.State} <= known
    assert set(words.REASONS) | set(words.REFUSALS) | set(words.LEFT) | set(refusing.SENTENCES) <= known


def test_what_each_state_means_is_said_in_a_sentence_in_both_languages() -> None:
    table = (CATALOGS / "switching.ts").read_text().split("const MEANINGS: ")[1].split("\n};")[0]
    said = dict(re.findall(r'^  (\w+): \[\s*("[A-Z].+\.",\s+"[^"]*[가-힣][^"]*\.")', table, re.MULTILINE))
    assert set(said) == {str(state) for state in states.State}


def test_what_would_be_if_everything_stopped_is_said_of_every_state_that_goes_on() -> None:
    text = (CATALOGS / "switching.ts").read_text()
    said = set(re.findall(r"^  (\w+): (?:UNCHANGED|EITHER|CHANGED|RAISED),$", text, re.MULTILINE))
    assert said == {str(state) for state in states.State if state not in states.TERMINAL}


def test_every_entry_of_the_audit_is_said_in_both_languages() -> None:
    written = {action for path in TRAFFIC.glob("*.py") for action in re.findall(r'(?:action=|\(|= \()"([A-Z][A-Z_]{2,})"[,)]', path.read_text())}
    written |= set(engine.ACTIONS.values()) | {auditing.GAP}
    others = [path for folder in ("access", "views", "management") for path in (TRAFFIC.parent / folder).rglob("*.py")]
    recorded = [line for path in others for line in path.read_text().splitlines() if "auditing.record(" in line]
    written |= {action for line in recorded for action in re.findall(r'"([A-Z_]{3,})"', line)}
    text = (CATALOGS / "switching.ts").read_text()
    assert len(written) > 20 and "PERSON_DISABLED" in written
    assert written == set(re.findall(r'^  ([A-Z_]+): \[".+", ".+"\],$', text, re.MULTILINE))


def catalog(name: str) -> dict[str, tuple[str, str]]:
    """The pairs of one of the page's Korean tables."""
    table = (CATALOGS / "korean.ts").read_text().split(f"const {name}: ")[1].split("};")[0]
    return {line[1]: (line[2], line[3]) for line in re.finditer(r'^  "([\w:-]+)": \["(.*?)", "(.*?)"\],$', table, re.MULTILINE)}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))
