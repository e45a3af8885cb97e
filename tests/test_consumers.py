"""A socket is opened to whoever is signed in on our own page, says why before it closes, and outlives no session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client
from uvicorn.protocols.utils import ClientDisconnected

from clusterview import consumers, routing
from clusterview.access import attempts, clusters, crowding, people, sharing
from clusterview.access.sharing import SharedLook
from clusterview.stream import encoding, hub, notices, publishing, rows, views
from clusterview.stream.messages import WHOLE, Contact
from clusterview.stream.publishing import Publisher
from clusterview.topology.objects import Pod
from tests.redis_servers import RedisServer
from tests.stream.making import picture

pytestmark = pytest.mark.django_db(transaction=True)

SOON = 10.0
OURS = "http://127.0.0.1:8000"
Open = Callable[..., Awaitable[WebsocketCommunicator]]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What closes a socket is the ring, however long the look after it takes."""
    monkeypatch.setattr(consumers, "LOOK_AGAIN_SECONDS", 3_600.0)
    monkeypatch.setattr(consumers, "UNANSWERED_SECONDS", 3_600.0)


@pytest.fixture
def session(transactional_db: None) -> str:
    """The cookie of somebody who is signed in where a cluster called `lab` is open."""
    clusters.register(opened=[("lab", "the lab")])
    client = Client()
    client.force_login(people.add(name="vera", role="viewer", actor="ada"))
    return str(client.session.session_key)


@pytest.fixture
async def stream(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[hub.Hub]:
    """This process's hub, on a Redis that holds a picture of the lab."""
    writer = Publisher(redis=publishing.connect(url=redis_server.url), cluster="lab", epoch=1)
    writer.begin(records=picture(pods=2).objects.values())
    writer.contact(contact=Contact(state="live", contact_age_seconds=0.1))
    made = hub.Hub(url=redis_server.url)
    monkeypatch.setattr(hub, "hub", lambda: made)
    made.start()
    yield made
    await made.stop()


@pytest.fixture
async def knock(session: str, stream: hub.Hub) -> AsyncIterator[Callable[..., WebsocketCommunicator]]:
    """A browser before its handshake; without further words, one of ours, signed in."""
    made: list[WebsocketCommunicator] = []

    def knock(*, cookie: str | None = session, origins: tuple[str, ...] = (OURS,)) -> WebsocketCommunicator:
        headers = [(b"host", b"127.0.0.1:8000"), *((b"origin", origin.encode()) for origin in origins)]
        if cookie is not None:
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
        made.append(WebsocketCommunicator(URLRouter(routing.websocket_urlpatterns), "/ws/live", headers=headers))
        return made[-1]

    yield knock
    for one in made:
        if not one.future.done():
            await one.disconnect()


@pytest.fixture
async def socket(knock: Callable[..., WebsocketCommunicator]) -> WebsocketCommunicator:
    """One that was let in and has not said hello."""
    made = knock()
    assert (await made.connect(timeout=SOON))[0]
    return made


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why somebody was refused, as the log has it."""
    found: list[str] = []
    monkeypatch.setattr(attempts, "refused", lambda why, *, asked_from: found.append(why))
    return found


def hello(**said: Any) -> bytes:
    return msgspec.msgpack.encode({"type": "hello", "cluster": "lab", "view": WHOLE, "resume": None} | said)


async def told(socket: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    async with asyncio.timeout(SOON):
        while True:
            message: dict[str, Any] = msgspec.msgpack.decode(await socket.receive_from(timeout=SOON))
            if message["type"] == kind:
                return message


async def ended(socket: WebsocketCommunicator) -> tuple[str, int]:
    """The reason that was given, and the code of the close that followed it."""
    reason = (await told(socket, "bye"))["reason"]
    close = await socket.receive_output(timeout=SOON)
    assert close["type"] == "websocket.close"
    return reason, close["code"]


async def joined(socket: WebsocketCommunicator) -> None:
    await socket.send_to(bytes_data=hello())
    await told(socket, "snapshot")


async def reads(stream: hub.Hub) -> None:
    """This will wait until the hub hears what is rung."""
    await stream.join(cluster="lab")
    async with asyncio.timeout(SOON):
        while True:
            if stream.contact("lab").state == "live":
                return
            await asyncio.sleep(0.01)


async def sign_out(session: str, *, stream: hub.Hub, redis_server: RedisServer) -> None:
    """This will end a session and ring, and wait until the hub has told of it."""
    heard = asyncio.Event()
    unlisten = stream.listen(lambda _: heard.set())
    await database_sync_to_async(Session.objects.filter(session_key=session).delete)()
    await asyncio.to_thread(notices.revoked, redis=publishing.connect(url=redis_server.url), session_hash=people.session_hash(session))
    await asyncio.wait_for(heard.wait(), SOON)
    unlisten()


async def test_who_says_hello_gets_the_picture(socket: WebsocketCommunicator) -> None:
    await joined(socket)


async def test_who_asks_for_a_namespace_is_told_of_nothing_else(socket: WebsocketCommunicator) -> None:
    await socket.send_to(bytes_data=hello(view="store"))
    whole = encoding.unpack((await told(socket, "snapshot"))["body"])
    shown = list(rows.Reader(whole=whole).picture.objects.values())
    assert [(record.name, record.node) for record in shown if isinstance(record, Pod)] == [("shop-0", ""), ("shop-1", "")]
    assert len(shown) == 2


async def test_who_asks_for_ever_other_namespaces_is_told_to_come_again_later_t57(
    socket: WebsocketCommunicator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_EACH", 2)
    for names in ("store", "mail", "mail,store"):
        await socket.send_to(bytes_data=hello(view=names))
    assert await ended(socket) == ("too_many", 1013)


async def test_a_flood_of_hellos_ends_the_socket(socket: WebsocketCommunicator) -> None:
    for _ in range(consumers.HELLOS + 1):
        await socket.send_to(bytes_data=hello())
    assert await ended(socket) == ("bad_message", 1008)


@pytest.mark.parametrize("cookie", [None, "", "x" * 32])
async def test_a_stranger_is_refused_before_the_handshake_and_leaves_a_line_in_the_log(
    knock: Callable[..., WebsocketCommunicator], refusals: list[str], cookie: str | None
) -> None:
    assert not (await knock(cookie=cookie).connect(timeout=SOON))[0]
    assert refusals == ["no_session"]


@pytest.mark.parametrize("origins", [(), ("http://evil.example",), ("null",), ("http://127.0.0.1:8001",), ("https://127.0.0.1:8000",), (OURS, OURS)])
async def test_another_page_is_refused_before_the_handshake_and_leaves_a_line_in_the_log(
    knock: Callable[..., WebsocketCommunicator], refusals: list[str], origins: tuple[str, ...]
) -> None:
    assert not (await knock(origins=origins).connect(timeout=SOON))[0]
    assert refusals == ["foreign_origin"]


@pytest.mark.parametrize(
    ("frame", "reason", "code"),
    [
        ({"text_data": "hello"}, "bad_message", 1008),
        ({"bytes_data": b"\xc1"}, "bad_message", 1008),
        ({"bytes_data": b"\x80"}, "bad_message", 1008),
        ({"bytes_data": hello(role="admin")}, "bad_message", 1008),
        ({"bytes_data": hello(resume=[1, 2])}, "bad_message", 1008),
        ({"bytes_data": hello(cluster="x" * consumers.HELLO_BYTES)}, "bad_message", 1009),
        ({"bytes_data": hello(cluster="nowhere")}, "unknown_cluster", 1008),
        ({"bytes_data": hello(cluster="\0")}, "unknown_cluster", 1008),
        ({"bytes_data": hello().replace(b"lab", b"\xed\xa0\x80")}, "bad_message", 1008),
        ({"bytes_data": hello(view="no name")}, "bad_message", 1008),
    ],
)
async def test_what_is_no_hello_is_told_why_and_ends_it(socket: WebsocketCommunicator, frame: dict[str, Any], reason: str, code: int) -> None:
    await socket.send_to(**frame)
    assert await ended(socket) == (reason, code)


async def test_a_frame_that_is_no_hello_ends_a_running_stream_too(socket: WebsocketCommunicator) -> None:
    await joined(socket)
    await socket.send_to(text_data="and now?")
    assert await ended(socket) == ("bad_message", 1008)


async def test_who_never_says_hello_is_not_kept(knock: Callable[..., WebsocketCommunicator], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0.01)
    socket = knock()
    assert (await socket.connect(timeout=SOON))[0]
    assert await ended(socket) == ("too_slow", 1008)


async def test_a_session_that_runs_out_takes_its_socket_with_it(
    knock: Callable[..., WebsocketCommunicator], session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_at = (await Session.objects.aget(session_key=session)).expire_date.timestamp()
    monkeypatch.setattr(consumers, "time", SimpleNamespace(time=lambda: ends_at - 0.2))
    socket = knock()
    assert (await socket.connect(timeout=SOON))[0]
    assert await ended(socket) == ("signed_out", 1008)


@pytest.fixture
def two_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person may have two pages open."""
    monkeypatch.setattr(settings, "SOCKETS_PER_PERSON", 2)
    for name in ("connections", "told"):
        monkeypatch.setattr(crowding, name, crowding.Places())


@pytest.fixture
def others(session: str) -> str:
    """The cookie of somebody else."""
    client = Client()
    client.force_login(people.add(name="otto", role="viewer", actor="ada"))
    return str(client.session.session_key)


async def test_a_page_beyond_those_that_a_person_may_have_is_told_why_and_has_the_place_of_one_that_goes_t57(
    knock: Callable[..., WebsocketCommunicator], two_each: None, others: str
) -> None:
    first, second, third = knock(), knock(), knock()
    for one in (first, second, third):
        assert (await one.connect(timeout=SOON))[0], "a page cannot read why a handshake was refused"
    assert await ended(third) == ("too_many", 1013)
    for one in (first, second):
        await joined(one)
    other = knock(cookie=others)
    assert (await other.connect(timeout=SOON))[0]
    await joined(other)
    await first.disconnect()
    later = knock()
    assert (await later.connect(timeout=SOON))[0]
    await joined(later)
    assert crowding.connections.refused == 1


async def test_still_more_are_refused_with_429_t57(knock: Callable[..., WebsocketCommunicator], two_each: None) -> None:
    for _ in range(4):
        assert (await knock().connect(timeout=SOON))[0]
    fifth = knock()
    fifth.scope["extensions"] = {"websocket.http.response": {}}
    await fifth.send_input({"type": "websocket.connect"})
    start, body = [await fifth.receive_output(timeout=SOON) for _ in range(2)]
    assert (start["type"], start["status"], dict(start["headers"])[b"retry-after"]) == ("websocket.http.response.start", 429, b"30")
    assert b"may have, 2." in body["body"]
    sixth = knock()
    assert not (await sixth.connect(timeout=SOON))[0], "a server that cannot answer with anything else says 403"


async def test_a_place_is_taken_until_the_socket_is_left_and_no_longer_t57(knock: Callable[..., WebsocketCommunicator], two_each: None) -> None:
    for _ in range(3):
        for one in (knock(), knock()):
            assert (await one.connect(timeout=SOON))[0]
            await joined(one)
            await one.disconnect()
    assert crowding.connections.refused == 0


async def test_a_hello_that_came_with_a_refused_handshake_is_not_looked_at(
    knock: Callable[..., WebsocketCommunicator], stream: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the web server hands it on, for whoever does not wait for an answer."""
    stranger = knock(cookie=None)
    await stranger.send_input({"type": "websocket.connect"})
    await stranger.send_to(bytes_data=hello())
    assert (await stranger.receive_output(timeout=SOON))["type"] == "websocket.close"
    await stranger.disconnect()
    assert not stream._feeds


async def test_a_disabled_person_and_an_ended_session_are_closed_at_the_ring_t07(
    knock: Callable[..., WebsocketCommunicator], session: str, redis_server: RedisServer
) -> None:
    user = User.objects.filter(username="vera")
    pk = (await user.aget()).pk
    for over, end, undo in (
        ({"user_id": pk}, lambda: user.update(is_active=False), lambda: user.update(is_active=True)),
        ({"session_hash": people.session_hash(session)}, Session.objects.filter(session_key=session).delete, lambda: None),
    ):
        socket = knock()
        assert (await socket.connect(timeout=SOON))[0]
        await joined(socket)
        await database_sync_to_async(end)()
        await asyncio.to_thread(notices.revoked, redis=publishing.connect(url=redis_server.url), **over)
        assert await ended(socket) == ("signed_out", 1008)
        await database_sync_to_async(undo)()


async def test_a_ring_for_somebody_who_is_still_let_in_closes_nothing_f42(
    socket: WebsocketCommunicator, session: str, stream: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that somebody else has put into Redis again; however often, the look that was begun comes to its end, and the last ring has one."""
    user = await User.objects.aget(username="vera")
    await joined(socket)
    look, began, rung, twice = people.person_of_scope, asyncio.Event(), asyncio.Event(), asyncio.Event()
    looks: list[people.Person | None] = []

    async def look_while_it_rings(scope: dict[str, Any]) -> people.Person | None:
        began.set()
        await asyncio.wait_for(rung.wait(), SOON)
        looks.append(await look(scope))
        if len(looks) == 2:
            twice.set()
        return looks[-1]

    monkeypatch.setattr(people, "person_of_scope", look_while_it_rings)
    stream._tell(notices.Revoked(user_id=user.pk))
    await asyncio.wait_for(began.wait(), SOON)
    for _ in range(5):
        stream._tell(notices.Revoked(session_hash=people.session_hash(session)))
    rung.set()
    await asyncio.wait_for(twice.wait(), SOON)
    stream._tell(notices.Revoked(user_id=-1))
    await joined(socket)
    assert [person and person.name for person in looks] == ["vera", "vera"]


async def test_somebody_elses_ring_closes_nothing(socket: WebsocketCommunicator, redis_server: RedisServer) -> None:
    await joined(socket)
    client = publishing.connect(url=redis_server.url)
    switch = {"id": "s1", "cluster": "lab", "namespace": "store", "service": "shop", "state": "queued"}
    await asyncio.to_thread(notices.revoked, redis=client, user_id=-1, session_hash=people.session_hash("somebody else's"))
    await asyncio.to_thread(notices.operation, redis=client, **switch)
    assert (await told(socket, "operation"))["id"] == "s1", "what was rung after it arrives"


async def test_a_ring_that_was_lost_with_redis_is_made_up_for_when_it_is_back(
    socket: WebsocketCommunicator, session: str, redis_server: RedisServer
) -> None:
    await joined(socket)
    redis_server.kill()
    await database_sync_to_async(Session.objects.filter(session_key=session).delete)()
    await asyncio.to_thread(redis_server.start)
    assert await ended(socket) == ("signed_out", 1008)


async def test_who_is_signed_out_while_the_socket_opens_is_refused_t07(
    knock: Callable[..., WebsocketCommunicator], session: str, stream: hub.Hub, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reads(stream)
    look = people.person_of_scope

    async def look_a_moment_before(scope: dict[str, Any]) -> people.Person | None:
        monkeypatch.setattr(people, "person_of_scope", look)
        person = await look(scope)
        await sign_out(session, stream=stream, redis_server=redis_server)
        return person

    monkeypatch.setattr(people, "person_of_scope", look_a_moment_before)
    assert not (await knock().connect(timeout=SOON))[0]


async def test_a_database_that_is_away_at_the_ring_is_asked_again_t07(
    socket: WebsocketCommunicator, session: str, stream: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await joined(socket)
    await reads(stream)
    look = people.person_of_scope

    async def look_while_it_is_away(_: dict[str, Any]) -> people.Person | None:
        monkeypatch.setattr(people, "person_of_scope", look)
        raise OperationalError("database is locked")

    monkeypatch.setattr(people, "person_of_scope", look_while_it_is_away)
    monkeypatch.setattr(consumers, "ASK_AGAIN_SECONDS", 0.01)
    await database_sync_to_async(Session.objects.filter(session_key=session).delete)()
    stream._tell(None)
    assert await ended(socket) == ("signed_out", 1008)


@pytest.mark.parametrize("says", ["no", "nothing"])
async def test_who_is_named_by_a_ring_while_the_database_is_away_is_let_in_anew_or_not_at_all_t07(
    socket: WebsocketCommunicator, stream: hub.Hub, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    async def look_while_it_is_away(_: dict[str, Any]) -> people.Person | None:
        if says == "nothing":
            await asyncio.Event().wait()
        raise OperationalError("the connection is closed")

    user = await User.objects.aget(username="vera")
    await joined(socket)
    await reads(stream)
    monkeypatch.setattr(people, "person_of_scope", look_while_it_is_away)
    monkeypatch.setattr(consumers, "UNANSWERED_SECONDS", 0.05)
    stream._tell(notices.Revoked(user_id=user.pk))
    assert await ended(socket) == ("too_slow", 1008)


async def test_rings_that_may_have_been_lost_while_the_database_is_away_close_nothing(
    socket: WebsocketCommunicator, stream: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Redis and the database break off together: all who look at the page would come again at once."""
    asked, often = 0, asyncio.Event()

    async def look_while_it_is_away(_: dict[str, Any]) -> people.Person | None:
        nonlocal asked
        asked += 1
        if asked == 5:
            often.set()
        raise OperationalError("the connection is closed")

    await joined(socket)
    await reads(stream)
    monkeypatch.setattr(people, "person_of_scope", look_while_it_is_away)
    monkeypatch.setattr(consumers, "ASK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(consumers, "UNANSWERED_SECONDS", 0.01)
    stream._tell(None)
    await asyncio.wait_for(often.wait(), SOON)
    await joined(socket)


async def test_an_answer_after_a_ring_is_the_end_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    vera = people.Person(name="vera", role="viewer", user_id=1)

    async def look(_: dict[str, Any]) -> people.Person | None:
        return vera

    monkeypatch.setattr(people, "person_of_scope", look)
    one = consumers.LiveConsumer()
    one.scope, one.person = {}, vera
    one._revoked(notices.Revoked(user_id=1))
    assert one._asking is not None
    assert one._unanswered is not None
    timer = one._unanswered
    await one._asking
    assert timer.cancelled()
    assert one._unanswered is None


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many sessions each look at the database was about, where an open socket looks often."""
    made: list[int] = []

    def look(keys: Collection[str]) -> dict[str, people.Person]:
        made.append(len(keys))
        return people.persons_of_sessions(keys)

    monkeypatch.setattr(people, "_sessions", SharedLook(database_sync_to_async(look)))
    monkeypatch.setattr(consumers, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(consumers, "LOOK_TOGETHER_SECONDS", 0.05)
    return made


@pytest.mark.parametrize("over", [{"is_active": False}, {"password": "!another"}])
async def test_a_ring_that_was_never_sent_is_made_up_for_soon_t07(
    looks: list[int], knock: Callable[..., WebsocketCommunicator], over: dict[str, Any]
) -> None:
    socket = knock()
    assert (await socket.connect(timeout=SOON))[0]
    await joined(socket)
    await User.objects.filter(username="vera").aupdate(**over)
    assert await ended(socket) == ("signed_out", 1008)


async def test_whoever_is_still_let_in_is_looked_at_again_and_stays_though_the_database_is_away_for_once(
    looks: list[int], knock: Callable[..., WebsocketCommunicator], session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, asked, often = people.person_of_scope, 0, asyncio.Event()

    async def look_while_it_is_away(scope: dict[str, Any]) -> people.Person | None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise OperationalError("database is locked")
        if asked == 5:
            often.set()
        return await look(scope)

    monkeypatch.setattr(people, "person_of_scope", look_while_it_is_away)
    socket = knock()
    assert (await socket.connect(timeout=SOON))[0]
    await joined(socket)
    await asyncio.wait_for(often.wait(), SOON)
    await joined(socket)
    await database_sync_to_async(Session.objects.filter(session_key=session).delete)()
    assert await ended(socket) == ("signed_out", 1008)


async def test_thousands_of_open_sockets_are_looked_at_in_a_few_looks(looks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Their turns come in three moments at most here, in each of which all of them share what they ask."""
    monkeypatch.setattr(consumers, "LOOK_AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(consumers, "LOOK_TOGETHER_SECONDS", 0.2)
    told, all_told = list[str](), asyncio.Event()

    async def bye(_: consumers.LiveConsumer, *, reason: str, code: int) -> None:
        told.append(reason)
        if len(told) == 2_000:
            all_told.set()

    monkeypatch.setattr(consumers.LiveConsumer, "_bye", bye)
    for number in range(2_000):
        one = consumers.LiveConsumer()
        one.scope = {"headers": [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={number:032}".encode())]}
        one._look_later()
    await asyncio.wait_for(all_told.wait(), SOON)
    assert set(told) == {"signed_out"}
    assert sum(looks) == 2_000
    assert len(looks) <= 2_000 / sharing.AT_ONCE + 3


async def test_a_socket_that_is_left_is_not_looked_at_again(looks: list[int]) -> None:
    one = consumers.LiveConsumer()
    one._look_later()
    timer = one._next_look
    assert timer is not None
    one._leave()
    assert timer.cancelled()


async def test_who_goes_while_the_socket_opens_leaves_nothing_behind(knock: Callable[..., WebsocketCommunicator], stream: hub.Hub) -> None:
    opening = knock()

    async def come() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def find_it_gone(_: dict[str, Any]) -> None:
        raise ClientDisconnected

    with pytest.raises(ClientDisconnected):
        await opening.application(opening.scope, come, find_it_gone)
    assert not stream._listeners


async def test_a_socket_that_ends_with_an_error_leaves_nothing_behind(
    socket: WebsocketCommunicator, stream: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await joined(socket)

    async def find_while_it_is_away(_: str) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(consumers, "_clusters", SimpleNamespace(find=find_while_it_is_away))
    await socket.send_to(bytes_data=hello())
    with pytest.raises(OperationalError):
        await socket.wait(timeout=SOON)
    assert not stream._listeners
    assert not stream._feeds["lab"].subscriptions
