"""`manage.py up` on PostgreSQL: the same two commands, with the tables in another role's hands."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.dashboard.waiting import wait_for
from tests.journeys.dashboard import Dashboard
from tests.ports import free_port
from tests.postgres_servers import PostgresServer, Urls, running

pytestmark = pytest.mark.slow


class OnPostgres(Dashboard):
    urls: Urls

    def environment(self) -> dict[str, str]:
        return super().environment() | {"DATABASE_URL": self.urls.role, "DATABASE_OWNER_URL": self.urls.owner}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that the tests here may end and freeze."""
    yield from running()


@pytest.fixture(scope="module")
def up(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnPostgres]:
    folder = tmp_path_factory.mktemp("up")
    nothing = folder / "empty.kubeconfig"
    nothing.touch()
    dashboard = OnPostgres(state=folder / "state", port=free_port(), kubeconfig=nothing)
    dashboard.urls = server.make_database("up")
    dashboard.start(seconds=180)
    wait_for(lambda: set(dashboard.children()) == {"redis", "web", "observe", "traffic"}, what="every child has started")
    yield dashboard
    dashboard.stop()


def test_the_link_signs_in_and_the_page_does_not_learn_who_owns_the_tables(up: OnPostgres) -> None:
    with httpx.Client(headers={"Accept-Language": "en"}) as browser:
        page = browser.get(up.login_link)
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        entered = browser.post(up.login_link, data={"csrfmiddlewaretoken": token}, headers={"Origin": up.url})
        assert (entered.status_code, entered.headers["location"]) == (302, "/")
    known = psutil.Process(up.children()["web"]).environ()
    assert "DATABASE_URL" in known
    assert "DATABASE_OWNER_URL" not in known
    up.manage("user", "add", "vera")
    assert up.manage("audit", "verify").startswith("ok: 5 entries")
    assert not (up.state / "clusterview.sqlite3").exists()
    assert "chain alone" not in up.log()


def test_while_the_server_is_gone_or_frozen_it_says_so_and_goes_on_by_itself_afterwards(up: OnPostgres, server: PostgresServer) -> None:
    children, rest = up.children(), up.rest(token=up.token(name="ci", role="viewer"))

    def seen() -> tuple[int, int, int]:
        return rest.get("/me").status_code, httpx.get(f"{up.url}/readyz").status_code, httpx.get(f"{up.url}/livez").status_code

    with rest:
        assert seen() == (200, 200, 200)
        server.kill()
        assert seen() == (503, 503, 200)
        server.start()
        wait_for(lambda: seen() == (200, 200, 200), what="the database is used again")
        server.freeze()
        assert seen() == (503, 503, 200)
        server.thaw()
        wait_for(lambda: seen() == (200, 200, 200), what="the database is used again")
    assert up.children() == children, "no process had to be started again"


def test_many_requests_leave_few_connections_behind(up: OnPostgres, server: PostgresServer) -> None:
    def held() -> int:
        with server.superuser() as connection:
            found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'up'").fetchone()
        return int(found[0]) if found else 0

    with up.rest(token=up.token(name="busy", role="viewer")) as rest, ThreadPoolExecutor(max_workers=16) as pool:
        assert {answer.status_code for answer in pool.map(lambda _: rest.get("/me"), range(300))} == {200}
    wait_for(lambda: held() <= 12, what="connections are closed")
    assert "ResourceWarning" not in up.log()
