"""What is certain after an error, and where a credential may go."""

from __future__ import annotations

import gc
import re
import socket
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clusterview.kube import connections, errors, sockets
from clusterview.kube.connections import Connection
from clusterview.kube.kubeconfigs import ClusterAccess
from tests.kube.making import failure
from tests.kube.scripted import Script, dripping, playing, reset, say, silent, stream


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def write(script: Script, **options: Any) -> None:
    script.connection().request("PATCH", "/x", body=b"[]", is_write=True, **options)


def test_a_request_says_who_asks_and_carries_the_credential() -> None:
    with playing(say(200, {})) as script:
        script.connection().request("GET", "/x", query=[("a", "b c")])
    asked = script.asked[0]
    assert (asked.headers["User-Agent"], asked.headers["Authorization"], asked.query) == ("clusterview/1.2.3", "Bearer t-1", {"a": "b c"})
    assert "gzip" not in asked.headers.get("Accept-Encoding", "")


def test_a_redirect_is_not_followed_and_the_credential_stays() -> None:
    with playing(last=say(200, {})) as other, playing(say(302, b"", Location=f"{other.url}/x")) as script:
        with pytest.raises(errors.NotKubernetes, match="redirect"):
            script.connection().request("GET", "/x")
        assert other.asked == []


def test_a_web_page_is_not_a_cluster() -> None:
    with playing(say(200, b"<html>", content_type="text/html")) as script, pytest.raises(errors.NotKubernetes, match="text/html"):
        script.connection().request("GET", "/x")


def test_a_compressed_answer_is_refused_unopened() -> None:
    with playing(say(200, b"\x1f\x8b", Content_Encoding="gzip")) as script, pytest.raises(errors.NotKubernetes, match="compressed"):
        script.connection().request("GET", "/x")


def test_an_answer_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ANSWER_BYTES", 1000)
    with playing(say(200, b"x" * 5000)) as script, pytest.raises(errors.NotKubernetes, match="larger"):
        script.connection().request("GET", "/x")


def test_nothing_listens_means_nothing_was_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        access = ClusterAccess(id="t", name="t", server=f"http://127.0.0.1:{taken.getsockname()[1]}", namespace="", source="t")
        for is_write in (False, True):
            with pytest.raises(errors.Unreachable, match="cannot be reached: Connection refused"):
                Connection(access).request("PATCH", "/x", is_write=is_write)


def test_an_unknown_name_and_a_server_that_does_not_answer_are_told_in_plain_words() -> None:
    access = ClusterAccess(id="t", name="t", server="https://cluster.invalid:6443", namespace="", source="t")
    with pytest.raises(errors.Unreachable, match="cannot be reached: the name is not known"):
        Connection(access).request("GET", "/x")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        access = ClusterAccess(id="t", name="t", server=f"https://127.0.0.1:{mute.getsockname()[1]}", namespace="", source="t")
        with pytest.raises(errors.Unreachable, match="cannot be reached: it took too long"):
            Connection(access, connect_seconds=0.2).request("PATCH", "/x", body=b"[]", is_write=True)


def test_a_server_that_speaks_no_tls_means_nothing_was_sent() -> None:
    with playing(last=say(200, {})) as script:
        access = ClusterAccess(id="t", name="t", server=script.url.replace("http", "https"), namespace="", source="t")
        with pytest.raises(errors.Unreachable):
            Connection(access).request("PATCH", "/x", body=b"[]", is_write=True)
        assert script.asked == []


@pytest.mark.parametrize(
    "answer",
    [reset, silent, say(500, failure(500, "InternalError")), say(504, b"gateway"), say(200, b"<html>", content_type="text/html")],
    ids=["reset", "silent", "500", "504", "a web page"],
)
def test_a_write_without_a_definite_answer_is_lost_and_not_repeated(answer: Any) -> None:
    with playing(answer, last=say(200, {})) as script:
        with pytest.raises(errors.LostAnswer):
            write(script, read_seconds=0.2)
        assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (422, errors.Invalid),
        (429, errors.TooManyRequests),
        (302, errors.NotKubernetes),
    ],
)
def test_a_write_that_is_refused_says_so_and_is_sent_once(status: int, kind: type[errors.KubeError]) -> None:
    with playing(say(status, failure(status, "No")), last=say(200, {})) as script:
        with pytest.raises(kind) as caught:
            write(script)
        assert not isinstance(caught.value, errors.LostAnswer) and len(script.asked) == 1


def test_a_read_that_breaks_off_is_a_broken_answer() -> None:
    with playing(reset, silent) as script:
        with pytest.raises(errors.BrokenAnswer, match="broke off: the connection was closed"):
            script.connection().request("GET", "/x")
        with pytest.raises(errors.TimedOut):
            script.connection().request("GET", "/x", read_seconds=0.2)


def failed(connection: Connection, **options: Any) -> list[weakref.ref[BaseException]]:
    """This will ask for something that fails, and give the error and what led to it, if they are still there."""
    try:
        connection.request("GET", "/x", **options)
    except errors.KubeError as error:
        return [weakref.ref(one) for one in (error, error.__cause__) if one is not None]
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    "answer",
    [reset, silent, stream({}, then="cut"), say(404), say(200, b"<html>", content_type="text/html")],
    ids=["reset", "silent", "cut", "404", "a web page"],
)
@pytest.mark.parametrize("is_write", [False, True], ids=["read", "write"])
def test_a_request_that_failed_holds_nothing_that_the_collector_has_to_find(answer: Any, is_write: bool, uncollected: None) -> None:
    with playing(answer) as script:
        assert [one() for one in failed(script.connection(), is_write=is_write, read_seconds=0.2)] in ([None], [None, None])


def test_nor_does_one_that_reached_nobody(uncollected: None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        access = ClusterAccess(id="t", name="t", server=f"http://127.0.0.1:{taken.getsockname()[1]}", namespace="", source="t")
        assert [one() for one in failed(Connection(access))] == [None, None]


def test_an_answer_that_drips_has_a_time_limit() -> None:
    with playing(dripping) as script, pytest.raises(errors.TimedOut):
        script.connection().request("GET", "/x", read_seconds=0.3)


def test_a_write_is_not_sent_again_with_a_new_credential_but_the_next_request_has_it(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    with playing(say(200, {}), say(401), last=say(200, {})) as script:
        connection = script.connection(tokenFile=str(token))
        connection.request("GET", "/x")
        token.write_text("new")
        with pytest.raises(errors.Unauthorized):
            connection.request("PATCH", "/x", body=b"[]", is_write=True)
        connection.request("GET", "/x")
        assert [one.headers["Authorization"] for one in script.asked] == ["Bearer old", "Bearer old", "Bearer new"]


def test_the_answer_to_a_write_is_known_although_there_is_no_new_credential(tmp_path: Path) -> None:
    """What was never sent and what was refused are not the same."""
    token = tmp_path / "token"
    token.write_text("old")
    with playing(say(200, {}), last=say(401)) as script:
        connection = script.connection(tokenFile=str(token))
        connection.request("GET", "/x")
        token.unlink()
        with pytest.raises(errors.Unauthorized):
            connection.request("PATCH", "/x", body=b"[]", is_write=True)
        assert len(script.asked) == 2


def test_a_refused_credential_is_read_anew_once(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    with playing(say(200, {}), say(401), say(200, {}), say(401), last=say(200, {})) as script:
        connection = script.connection(tokenFile=str(token))
        connection.request("GET", "/x")
        token.write_text("new\n")
        connection.request("GET", "/x")
        with pytest.raises(errors.Unauthorized, match="Log in"):
            connection.request("GET", "/x")
        assert [one.headers["Authorization"] for one in script.asked] == ["Bearer old", "Bearer old", "Bearer new", "Bearer new"]


def test_a_closed_connection_ends_what_waits_and_stays_closed() -> None:
    caught: list[BaseException] = []
    with playing(silent, last=say(200, {})) as script:
        connection = script.connection()

        def ask() -> None:
            try:
                connection.request("GET", "/x")
            except errors.KubeError as error:
                caught.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        while not script.asked:
            thread.join(0.01)
        connection.close()
        thread.join(5)
        assert not thread.is_alive() and len(caught) == 1
        with pytest.raises(errors.Unreachable):
            connection.request("GET", "/x")
        connection.sibling().request("GET", "/x")


@pytest.mark.parametrize("segment", ["", ".", "..", "a/b", "a b", "a%2fb", "-a", "a\n", "ü", "x" * 254])
def test_what_is_no_name_never_gets_into_a_path(segment: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        connections.path("api", "v1", segment)


def test_a_path_is_joined_from_names() -> None:
    assert connections.path("apis", "apps", "v1", "x.y-z") == "/apis/apps/v1/x.y-z"
    assert connections.path("system:basic-user") == "/system%3Abasic-user"


def test_a_proxy_is_asked_for_a_tunnel_and_never_sees_the_credential() -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def refuse() -> None:
            client, _ = proxy.accept()
            with client:
                heard.append(client.recv(65536))
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        access = ClusterAccess(
            id="t", name="t", server="https://cluster.invalid:6443", namespace="", source="t", cluster={"proxy-url": url}, user={"token": "secret-t"}
        )
        with pytest.raises(errors.Unreachable):
            Connection(access).request("PATCH", "/x", body=b"[]", is_write=True)
        thread.join(5)
    assert heard[0].startswith(b"CONNECT cluster.invalid:6443") and b"secret-t" not in heard[0]


@pytest.mark.parametrize(
    ("server", "environment", "expected"),
    [
        ("https://k.example:6443", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://k.example:6443", {"https_proxy": "p:3128"}, "http://p:3128"),
        ("https://k.example:6443", {"HTTP_PROXY": "http://p:3128"}, None),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": "http://p:3128"}, None),
        ("https://localhost:6443", {"HTTPS_PROXY": "http://p:3128"}, None),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://11.1.2.3:6443", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "10.0.0.0/8"}, "http://p:3128"),
        ("https://k.example:6443", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "a, example"}, None),
        ("https://k.example:6443", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": ".example"}, None),
        ("https://kexample:6443", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "example"}, "http://p:3128"),
        ("https://k.example:6443", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "k.example:443"}, "http://p:3128"),
        ("https://k.example:6443", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "*"}, None),
    ],
)
def test_proxies_are_chosen_as_kubectl_does(server: str, environment: dict[str, str], expected: str | None) -> None:
    access = ClusterAccess(id="t", name="t", server=server, namespace="", source="t")
    assert sockets.proxy_for(access, environment=environment) == expected


def test_a_proxy_that_cannot_be_spoken_to_is_named() -> None:
    access = ClusterAccess(id="t", name="t", server="https://k", namespace="", source="t", cluster={"proxy-url": "socks5://p:1080"})
    with pytest.raises(errors.BadKubeconfig, match="socks5"):
        sockets.proxy_for(access, environment={})


def test_certificates_that_cannot_be_used_are_named_and_no_key_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets.tempfile, "tempdir", str(tmp_path))
    access = ClusterAccess(
        id="t",
        name="t",
        server="https://127.0.0.1:1",
        namespace="",
        source="t",
        user={"client-certificate-data": "Y2VydA==", "client-key-data": "bWFya2VkLWtleQ=="},
    )
    with pytest.raises(errors.BadKubeconfig, match="certificates of context 't'") as caught:
        Connection(access).request("GET", "/x")
    assert not any(tmp_path.iterdir()) and not re.search("marked", str(caught.value))
