"""A group of Services asked for over and over, and by somebody who saw them otherwise: what is accepted is accepted once."""

from __future__ import annotations

import pytest

from clusterview.access.people import Person
from clusterview.models import Switch
from clusterview.traffic import requesting
from clusterview.traffic.errors import Refused
from tests.postgres.shops import Shops
from tests.traffic.test_engine import BLUE, GREEN, no_doorbell, who_may_switch

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["no_doorbell"]

SERVICES = ["shop", "shop-inside"]


def ask(olga: Person, *, key: str | None = "once", services: list[str] = SERVICES, expected: dict[str, dict[str, str]] | None = None) -> list[Switch]:
    return requesting.request_group(
        person=olga, cluster="lab", namespace="store", services=services, to="green", expected=expected, idempotency_key=key, opened=Shops()
    )


def test_the_same_request_sent_again_is_the_same_group() -> None:
    olga = who_may_switch()
    first = ask(olga)
    assert [one.service for one in first] == SERVICES
    assert [one.pk for one in ask(olga)] == [one.pk for one in first]
    assert Switch.objects.count() == 2


def test_the_same_key_for_another_group_is_refused() -> None:
    olga = who_may_switch()
    ask(olga)
    with pytest.raises(Refused) as refused:
        ask(olga, services=["shop", "shop-outside"])
    assert (refused.value.status, refused.value.code) == (409, "idempotency-key")


def test_a_group_of_which_one_service_is_not_as_it_was_seen_is_refused_with_what_it_is_now() -> None:
    olga = who_may_switch()
    with pytest.raises(Refused) as refused:
        ask(olga, expected={"shop": BLUE, "shop-inside": GREEN})
    assert (refused.value.status, refused.value.code, refused.value.body["service"]) == (409, "changed", "shop-inside")
    assert refused.value.body["fresh"]["selector"] == BLUE
    assert not Switch.objects.exists()
    assert len(ask(olga, expected={"shop": BLUE, "shop-inside": BLUE})) == 2
