"""A LabelSelector selects what the API server would say it selects."""

from __future__ import annotations

from typing import Any

import pytest

from clusterview.traffic.selectors import Selection, matches

BLUE = {"app": "shop", "slot": "blue"}


def expression(operator: str, *values: str, key: str = "slot") -> dict[str, Any]:
    return {"key": key, "operator": operator} | ({"values": list(values)} if values else {})


@pytest.mark.parametrize(
    ("selection", "selects"),
    [
        (Selection(), True),
        (Selection({"slot": "blue"}), True),
        (Selection({"slot": "green"}), False),
        (Selection({}, (expression("In", "blue", "red"),)), True),
        (Selection({}, (expression("In", "red"),)), False),
        (Selection({}, (expression("In", "", key="none"),)), False),
        (Selection({}, (expression("NotIn", "blue"),)), False),
        (Selection({}, (expression("NotIn", "blue", key="none"),)), True),
        (Selection({}, (expression("Exists"),)), True),
        (Selection({}, (expression("Exists", key="none"),)), False),
        (Selection({}, (expression("DoesNotExist"),)), False),
        (Selection({}, (expression("DoesNotExist", key="none"),)), True),
        (Selection({}, (expression("Resembles", "blue"),)), False),
        (Selection({"app": "shop"}, (expression("In", "blue"), expression("Exists", key="none"))), False),
    ],
)
def test_a_label_selector_selects(selection: Selection, selects: bool) -> None:
    assert selection.selects(BLUE) is selects


def test_an_empty_selector_of_a_service_selects_nothing() -> None:
    assert not matches(selector={}, labels=BLUE)
