"""The product on an older Kubernetes: the journeys that see, switch and ask over REST run once more there, with a browser of their own."""

from __future__ import annotations

import pytest

from tests.apart import run_apart
from tests.lab.fixtures import need

pytestmark = [pytest.mark.lab, pytest.mark.browser]

JOURNEYS = ["tests/journeys/test_see.py", "tests/journeys/test_switch.py", "tests/journeys/test_rest.py"]
OF_NO_VERSION = ["-k", "not ctrl_c and not armed_again and not describes and not probes_answer and not practice"]
THAT_IT_IS_OLDER = "tests/lab/test_cluster.py::test_the_api_server_is_of_the_version_that_the_lab_says_it_runs"


def test_the_journeys_hold_on_kubernetes_1_34() -> None:
    need("controlplane", "definitions", "older")
    run_apart([THAT_IT_IS_OLDER, *JOURNEYS, *OF_NO_VERSION], CLUSTERVIEW_LAB_OLDER="true")
