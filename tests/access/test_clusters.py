"""What can be no id of a cluster is of none, and the database is not asked: it may not take the text, and others ask in the same breath."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from clusterview.access import clusters

pytestmark = pytest.mark.django_db
NONE = ["\0", "lab\0", "\ud800", "", "lab\n", "the lab", "x" * 101]


@pytest.fixture(autouse=True)
def lab() -> None:
    clusters.register(opened=[("lab", "the lab")])


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_id_is_no_cluster_and_not_asked_for(text: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert clusters.names_of([text]) == {}
        assert not clusters.known(text)


def test_it_takes_the_name_from_nobody_who_asks_beside() -> None:
    assert clusters.names_of([*NONE, "lab", "nowhere"]) == {"lab": "the lab"}
