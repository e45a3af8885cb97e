"""An API server that is frozen for less than it is waited for answers late: the switch is later for it, and nothing else (F33)."""

from __future__ import annotations

import pytest

from clusterview.models import AuditEntry, Switch
from clusterview.traffic import engine, looking
from clusterview.traffic.states import State
from tests.traffic import world
from tests.traffic.memory import GREEN
from tests.traffic.test_revoked import CALLS, begun

pytestmark = pytest.mark.django_db(transaction=True)

FROZEN_SECONDS = 3


@pytest.mark.parametrize("calls", range(CALLS))
def test_wherever_a_switch_stands_it_is_waited_for_and_nobody_else_takes_it_up_f33(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.OLDEST_LOOK_SECONDS < FROZEN_SECONDS < min(looking.PATCH_SECONDS, looking.READ_SECONDS)
    world.enter(monkeypatch)
    with world.present() as here:
        run = begun(here, calls=calls)
        for _ in range(FROZEN_SECONDS):
            here.clock.pass_by(1)
            here.beat(run)
            here.reconcile()
        assert not Switch.objects.filter(open=True).exclude(holder=run.name, epoch=1).exists()
        if not run.ended:
            here.go(run, times=40)
        here.settle()
        told = set(AuditEntry.objects.values_list("action", flat=True))
        assert (Switch.objects.get().state, here.memory.selector) == (State.SUCCEEDED, GREEN)
        assert sum(bool(one.marker) for one in here.memory.writes) == 1
        assert not told & {"UNKNOWN", "SEALED"}
