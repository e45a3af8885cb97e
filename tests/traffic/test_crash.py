"""Whoever moves traffic or changes sizes may die or freeze at any instruction; somebody else finishes it, once (faults F43, F44, F45)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.cluster import Cluster as Lab
from tests.patience import LONGEST
from tests.postgres_servers import PostgresServer
from tests.traffic.executor import Place
from tests.traffic.judging import NEXT_EXECUTOR_SECONDS
from tests.traffic.sweep import Result, Sweep, around_effects, sample
from tests.traffic.sweep_groups import GroupSweep
from tests.traffic.sweep_sizes import SizeSweep

pytestmark = pytest.mark.lab


def expect_as_promised(result: Result) -> None:
    assert not result.problems, "\n".join(result.problems)
    assert not result.missed, "\n".join(result.missed)
    assert result.slowest <= LONGEST * NEXT_EXECUTOR_SECONDS  # beside other tests; `soak crash` holds it to the promise itself
    assert not result.given_up


def test_an_executor_may_die_or_freeze_anywhere_and_the_switch_happens_once(lab_shop: Lab, tmp_path: Path) -> None:
    sweep = Sweep(place=Place(folder=tmp_path, kubeconfig=lab_shop.kubeconfig), lab=lab_shop)
    expect_as_promised(sweep.run(choose=sample(seed=5, most=24)))


def test_it_may_die_or_freeze_while_it_changes_sizes_and_each_number_is_written_once(lab_shop: Lab, tmp_path: Path) -> None:
    sweep = SizeSweep(place=Place(folder=tmp_path, kubeconfig=lab_shop.kubeconfig), lab=lab_shop)
    expect_as_promised(sweep.run(choose=sample(seed=5, most=10)))


def test_it_may_die_or_freeze_between_two_services_and_both_are_switched_once_in_their_order(lab_shop: Lab, tmp_path: Path) -> None:
    sweep = GroupSweep(place=Place(folder=tmp_path, kubeconfig=lab_shop.kubeconfig), lab=lab_shop)
    expect_as_promised(sweep.run(choose=sample(seed=5, most=2)))


def test_the_same_on_postgres(lab_shop: Lab, tmp_path: Path, postgres: PostgresServer) -> None:
    """Only around effects and their INTENTs: what differs is who waits for whom."""
    place = Place(folder=tmp_path, kubeconfig=lab_shop.kubeconfig, database_url=postgres.make_database("crash").owner)
    expect_as_promised(Sweep(place=place, lab=lab_shop).run(choose=around_effects))
