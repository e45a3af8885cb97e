"""The short form of `manage.py soak stream`."""

from __future__ import annotations

import pytest

from tests.redis_servers import RedisServer
from tests.soak import stream
from tests.soak.stream import Broken, Rig
from tests.soak.world import World


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_browser_holds_the_truth_at_every_quiet_moment_whatever_went_wrong_before(seed: int, redis_server: RedisServer) -> None:
    lines = stream.soak(redis_url=redis_server.url, events=3_000, checks=5, seed=seed)
    assert {line.met for line in lines} == {True, None}


def test_a_lost_write_would_be_noticed(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(seed=4, share=0.0, redis_url=redis_server.url)
    rig.happen(events=200)
    monkeypatch.setattr(World, "since", lambda *_: [])
    monkeypatch.setattr(rig._digesting, "round", lambda: 1.0)
    rig.happen(events=200)
    with pytest.raises(Broken, match="not the truth"):
        rig.expect_truth()
