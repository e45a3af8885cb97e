from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.db import connections
from hypothesis import settings
from pytest_django.plugin import DjangoDbBlocker

from clusterview.access import granting
from tests import databases, distributing, loops

settings.register_profile("without deadlines", deadline=None)  # a machine that is busy with something else is no defect
settings.load_profile("without deadlines")
CLOCKS = (time.time, time.monotonic)
pytest_plugins = ["tests.lab.fixtures", "tests.postgres_servers", "tests.redis_servers"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--spare", action="store_true", help="of several processes, the last one is for what the others leave of the processors")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("spare") and distributing.is_spare(getattr(config, "workerinput", {})):
        os.nice(distributing.SPARE_NICENESS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> distributing.Together:
    return distributing.Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser comes last, and just before that what the spare process can take over."""
    items.sort(key=lambda item: (item.get_closest_marker("browser") is not None, *distributing.order(item.nodeid)))
    databases.reach_both(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """An open browser does not keep the tests after it from a loop of their own."""
    with contextlib.nullcontext() if item.get_closest_marker("browser") else loops.without_the_browsers():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """A test may give a module a clock of its own, and not everybody: an event loop in another thread would sleep until a moment of that clock."""
    is_changed = (time.time, time.monotonic) != CLOCKS
    yield
    assert not is_changed, f"{item.nodeid} changed the clock of all threads"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    if granting.has_owner():
        connections["default"].settings_dict["TEST"]["MIRROR"] = granting.OWNER


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        connections["default"].close()  # it was open to the database that the tests' own one is named after
        databases.let_the_audit_go()
        databases.sweep_by_rows()
    yield
    connections.close_all()
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()  # the thread in which asynchronous tests do their work
