"""The promises of a switch hold on PostgreSQL too: their tests run there once more, on the lab that runs already."""

from __future__ import annotations

import pytest

from tests.lab.cluster import Cluster
from tests.postgres_servers import PostgresServer
from tests.test_on_postgres import run_on

pytestmark = [pytest.mark.slow, pytest.mark.lab]

OF_SWITCHES = ["tests/traffic/test_engine.py", "tests/postgres/test_lost_commits.py"]
OF_OTHER_CLOCKS = ["-k", "not frozen_api_server"]  # 45 s of the API server's own time-outs, whatever the database


def test_the_promises_of_a_switch_hold_on_postgresql(postgres: PostgresServer, lab_shop: Cluster) -> None:
    run_on(postgres, name="switches", selected=[*OF_SWITCHES, *OF_OTHER_CLOCKS], CLUSTERVIEW_LAB_RUNNING=str(lab_shop.state))
