"""A promise's time is that of a machine which has a processor to spare."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import patience
from tests.patience import Patience


class Machine:
    """Its clock, and for how long somebody waited for a processor."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        self._file, self._now, self._waited = file, 0.0, 0.0
        monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: self._now))
        monkeypatch.setattr(patience, "PRESSURE", file)
        self.passes(0.0)

    def passes(self, seconds: float, *, busy: float = 0.0) -> None:
        self._now += seconds
        self._waited += seconds * busy
        self._file.write_text(f"some avg10=0.00 avg60=0.00 avg300=0.00 total={self._waited * 1e6:.0f}\nfull avg10=0.00 total=0\n")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path / "cpu")


def test_on_a_machine_with_a_processor_to_spare_it_is_over_in_time(machine: Machine) -> None:
    five = Patience(seconds=5)
    machine.passes(4.9)
    assert not five.is_over
    machine.passes(0.2)
    assert five.is_over


def test_what_others_waited_for_a_processor_does_not_count(machine: Machine) -> None:
    five = Patience(seconds=5)
    machine.passes(9, busy=0.5)
    assert not five.is_over
    machine.passes(2, busy=0.5)
    assert five.is_over


def test_it_is_over_at_last_however_busy_the_machine_is(machine: Machine) -> None:
    five = Patience(seconds=5)
    machine.passes(19, busy=1.0)
    assert not five.is_over
    machine.passes(2, busy=1.0)
    assert five.is_over


def test_where_the_kernel_does_not_count_it_the_clock_alone_decides(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> None:
    monkeypatch.setattr(patience, "PRESSURE", Path("/nowhere"))
    five = Patience(seconds=5)
    machine.passes(5.1, busy=1.0)
    assert five.is_over
