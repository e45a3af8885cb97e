"""One worker observes a cluster, and its number is greater than any before."""

from __future__ import annotations

import pytest
import redis
from django.test import override_settings

from clusterview.observer import claiming
from clusterview.observer.claiming import Claim
from clusterview.stream import encoding, keys, seals
from clusterview.stream.messages import Changes, Contact, Position
from clusterview.stream.publishing import Publisher, connect
from tests.lab.fixtures import wait_until
from tests.redis_servers import RedisServer
from tests.stream.making import NODE, came


@pytest.fixture
def client(redis_server: RedisServer) -> redis.Redis:
    return connect(url=redis_server.url)


def test_only_one_holds_the_lease(client: redis.Redis) -> None:
    first, second = Claim(redis=client, cluster="one"), Claim(redis=client, cluster="one")
    assert first.take() is not None
    assert second.take() is None
    assert first.extend()
    assert not second.extend()


def test_clusters_are_claimed_apart(client: redis.Redis) -> None:
    assert Claim(redis=client, cluster="one").take() is not None
    assert Claim(redis=client, cluster="two").take() is not None


def test_two_installations_on_one_redis_both_observe_the_cluster_and_none_throws_the_others_picture_away(client: redis.Redis) -> None:
    first = Claim(redis=client, cluster="in-cluster")
    epoch = first.take()
    assert epoch is not None
    Publisher(redis=client, cluster="in-cluster", epoch=epoch).begin(records=[NODE])
    with override_settings(SECRET_KEY="that of another installation"):
        sealed_by = seals.Seals(secret="that of another installation")
        number = Claim(redis=client, cluster="in-cluster", sealed_by=sealed_by).take()
        assert number is not None
        Publisher(redis=client, cluster="in-cluster", epoch=number, sealed_by=sealed_by).begin(records=[NODE])
    assert first.extend()
    assert len(client.xrange(keys.topology("in-cluster"))) == 1


def test_each_grant_has_a_greater_number_also_for_the_same_holder(client: redis.Redis) -> None:
    claim = Claim(redis=client, cluster="one", clock=lambda: 1000.0)
    numbers = [claim.take() for _ in range(3)]
    assert numbers == [1_000_000, 1_000_001, 1_000_002]


def test_the_number_grows_when_the_clock_goes_back(client: redis.Redis) -> None:
    first = Claim(redis=client, cluster="one", clock=lambda: 2000.0).take()
    second = Claim(redis=client, cluster="two", clock=lambda: 1000.0).take()
    assert first is not None
    assert second is not None
    assert second > first


def test_the_number_grows_after_redis_was_emptied(client: redis.Redis) -> None:
    first = Claim(redis=client, cluster="one", clock=lambda: 1000.0).take()
    client.flushall()
    second = Claim(redis=client, cluster="one", clock=lambda: 1000.5).take()
    assert first is not None
    assert second is not None
    assert second > first


def test_the_number_grows_when_redis_was_emptied_after_the_clock_went_back_f37_f103(client: redis.Redis) -> None:
    """Whoever observes publishes nothing under a number that is not greater than its last one."""
    times = [2000.0, 1000.0]
    claim = Claim(redis=client, cluster="one", clock=lambda: times.pop(0))
    first = claim.take()
    client.flushall()
    second = claim.take()
    assert first is not None
    assert second is not None
    assert second > first


def test_a_released_lease_is_free_at_once(client: redis.Redis) -> None:
    first, second = Claim(redis=client, cluster="one"), Claim(redis=client, cluster="one")
    first.take()
    first.release()
    assert second.take() is not None


def test_nobody_releases_another_ones_lease(client: redis.Redis) -> None:
    first, second = Claim(redis=client, cluster="one"), Claim(redis=client, cluster="one")
    first.take()
    second.release()
    assert first.extend()


def test_a_lease_that_is_not_held_on_ends(client: redis.Redis) -> None:
    first, second = Claim(redis=client, cluster="one", lease_seconds=0.05), Claim(redis=client, cluster="one")
    first.take()
    wait_until(lambda: second.take() is not None, seconds=5, what="the lease is free")
    assert not first.extend()
    assert first.take() is None


def test_the_lease_cannot_be_held_for_ever_by_a_worker_that_died(client: redis.Redis) -> None:
    Claim(redis=client, cluster="one").take()
    left = client.pttl(keys.claim("one"))
    assert isinstance(left, int)
    assert 0 < left <= claiming.LEASE_SECONDS * 1000


@pytest.mark.parametrize("forged", [b"9223372036854775807", b"18446744073709551615", b"many", b"-5"])
def test_a_number_that_nobody_of_ours_gave_keeps_nobody_from_getting_one_f42(client: redis.Redis, forged: bytes) -> None:
    client.set(keys.fence(), forged)
    claim = Claim(redis=client, cluster="one", clock=lambda: 1000.0)
    assert [claim.take(), claim.take()] == [1_000_000, 1_000_001]


def test_a_lease_that_never_ends_is_none_of_ours_f42(client: redis.Redis) -> None:
    client.set(keys.claim("one"), "somebody")
    assert Claim(redis=client, cluster="one").take() is not None
    assert Claim(redis=client, cluster="one").take() is None


@pytest.mark.parametrize("entry_id", ["99999999999999-1", "18446744073709551615-18446744073709551615"])
def test_an_entry_that_nobody_of_ours_wrote_supersedes_no_observer_for_good_f42(client: redis.Redis, entry_id: str) -> None:
    client.xadd(keys.topology("one"), {keys.FRAME: encoding.encode(Changes(position=Position(epoch=99_999_999_999_999, sequence=1)))}, id=entry_id)
    client.xadd(keys.contact("one"), {keys.CONTACT: b"", keys.EPOCH: b"1"}, id=entry_id)
    epoch = Claim(redis=client, cluster="one").take()
    assert epoch is not None
    writer = Publisher(redis=client, cluster="one", epoch=epoch)
    writer.begin(records=[NODE])
    writer.contact(contact=Contact(state="live", contact_age_seconds=0.1))
    assert writer.publish(changes=came(1)).epoch == epoch


@pytest.mark.parametrize("published", [1_000_000, 2_000_000])
def test_a_number_is_above_what_one_of_ours_published_by_a_clock_that_was_not_behind(client: redis.Redis, published: int) -> None:
    Publisher(redis=client, cluster="one", epoch=published).begin(records=[NODE])
    assert Claim(redis=client, cluster="one", clock=lambda: 1000.0).take() == published + 1
