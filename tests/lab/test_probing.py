"""The probe loses no request, whatever the server does to it, and says of each what became of it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import patience
from tests.lab import probing
from tests.lab.fixtures import wait_until
from tests.lab.networked import Probe
from tests.lab.probing import LostRequest, Request, Sender

RATE, STALLED_SECONDS = 1000.0, 2.0  # four times as many as may be open at once
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"


@pytest.fixture
def serve() -> Iterator[Callable[[bytes | None], str]]:
    """A server on 127.0.0.1 that says the same to everybody and hangs up, or says nothing and hangs; gives its URL."""
    listeners: list[socket.socket] = []

    def begin(said: bytes | None) -> str:
        listeners.append(listener := socket.create_server(("127.0.0.1", 0), backlog=1000))
        threading.Thread(target=answer_all, args=(listener, said), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield begin
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def answer_all(listener: socket.socket, said: bytes | None) -> None:
    hanging = []
    while True:
        try:
            one, _ = listener.accept()
        except OSError:
            break
        if said is None:
            hanging.append(one)
            continue
        with one:
            one.recv(65536)
            one.sendall(said)
    for one in hanging:
        one.close()


def began(url: str, tmp_path: Path, *options: str) -> Probe:
    line = [sys.executable, "-m", "tests.lab.probing", url, *options]
    return Probe(line=line, side=probing.deployment_of, file=tmp_path / "probe.jsonl")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"\x00\xff\r\n\r\n", "IndexError"),
        (b"HTTP/1.1 200 OK\r\n\r\nwho knows how long", "without its length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "ValueError"),
        (ANSWER % (10, b"half"), "IncompleteReadError"),
        (ANSWER % (1, b"\xff"), "UnicodeDecodeError"),
        (b"HTTP/1.1 200 OK\r\nX: " + bytes(100_000), "LimitOverrunError"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nlate", "503: late"),
        (b"", "IncompleteReadError"),
    ],
    ids=["garbage", "no length", "a length that is none", "half", "no text", "a head without end", "503", "nothing"],
)
def test_whatever_is_answered_wrongly_is_a_failed_request(serve: Callable[[bytes | None], str], said: bytes, error: str) -> None:
    sender = Sender(url=serve(said), host="", keep_alive=False)

    async def send() -> Request:
        try:
            return await sender.send(number=7)
        finally:
            await asyncio.sleep(0)  # the turn of the loop in which the connection is closed

    told = asyncio.run(send())
    assert (told.number, told.answer) == (7, "")
    assert error in told.error


def test_a_good_answer_is_one_and_a_closed_port_a_failure(serve: Callable[[bytes | None], str], tmp_path: Path) -> None:
    with began(serve(ANSWER % (11, b"shop-blue-1")), tmp_path) as probe:
        wait_until(lambda: len(probe.so_far().requests) >= 20, seconds=10, what="twenty answers")
    assert not probe.report.failed
    assert {one.answer for one in probe.report.requests} == {"shop-blue-1"}
    assert [one.number for one in probe.report.requests] == list(range(len(probe.report.requests)))
    (tmp_path / "closed").mkdir()
    with began("http://127.0.0.1:1/", tmp_path / "closed") as probe:
        wait_until(lambda: len(probe.so_far().requests) >= 20, seconds=10, what="twenty failures")
    assert len(probe.report.failed) == len(probe.report.requests)


def test_a_server_that_never_answers_is_waited_for_and_a_failure(serve: Callable[[bytes | None], str], tmp_path: Path) -> None:
    with began(serve(None), tmp_path, "--rate", "50") as probe:
        wait_until(lambda: len(probe.so_far().requests) >= 20, seconds=20, what="twenty have waited for long enough")
    assert all("TimeoutError" in one.error for one in probe.report.requests)


def probed(sender: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, rate: float, seconds: float) -> probing.Report:
    """What a probe in this process tells after so many seconds."""
    (tmp_path / "no-end").touch()
    with (tmp_path / "no-end").open() as never_ends:  # a file cannot be waited for
        monkeypatch.setattr("sys.stdin", never_ends)
        return asyncio.run(probing.probe(sender=sender, rate=rate, seconds=seconds))


class Stalled:
    """Answers when nobody asks any more."""

    async def send(self, *, number: int) -> Request:
        await asyncio.sleep(2 * STALLED_SECONDS)
        return Request(number, 0.0, 0.0, error="late")


def test_a_server_that_stalls_changes_neither_the_rate_nor_the_count_and_the_501st_open_request_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(probing, "LATE_SECONDS", float("inf"))  # where this machine is late itself, that says nothing about the server
    waited = patience.seconds_of_waiting()
    report = probed(Stalled(), monkeypatch, tmp_path, rate=RATE, seconds=STALLED_SECONDS)
    assert [one.number for one in report.requests] == list(range(len(report.requests)))
    assert [one.error for one in report.requests[: probing.MOST_OPEN]] == ["late"] * probing.MOST_OPEN
    assert {one.error for one in report.requests[probing.MOST_OPEN :]} == {probing.TOO_MANY}
    ran = STALLED_SECONDS - (patience.seconds_of_waiting() - waited)  # at least: it may be held up at the very end
    assert 0.95 * RATE * ran <= len(report.requests) <= RATE * STALLED_SECONDS + 1


class HeldUp:
    """Answers a third of a second after the question; the first question holds up the whole probe."""

    async def send(self, *, number: int) -> probing.Request:
        if number == 0:
            time.sleep(1.5)  # noqa: ASYNC251 (that is the point)
        await asyncio.sleep(0.3)
        return probing.Request(number, 0.0, 0.3, answer="shop-blue-1")


def test_a_probe_that_was_held_up_itself_blames_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = probed(HeldUp(), monkeypatch, tmp_path, rate=400.0, seconds=3.0)
    assert len(report.requests) > probing.MOST_OPEN
    assert not report.failed


def test_a_probe_that_breaks_off_is_an_error(serve: Callable[[bytes | None], str], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the probe ended with -9"), began(serve(ANSWER % (1, b"a")), tmp_path) as probe:
        probe._process.send_signal(signal.SIGKILL)
        probe._process.wait(10)
    with pytest.raises(RuntimeError, match="invalid float value"), began("http://127.0.0.1:1/", tmp_path, "--rate", "many"):
        pass


def test_a_request_that_is_in_no_line_is_missed() -> None:
    lines = [line(number) for number in (2, 0, 1)]
    whole = [*lines, '{"sent": 3}']
    assert [one.number for one in probing.read(whole, side=str).requests] == [0, 1, 2]
    with pytest.raises(LostRequest, match=r"1 of 3 requests are in no line: \[1\]"):
        probing.read([whole[0], whole[1], whole[3]], side=str)
    with pytest.raises(LostRequest, match="breaks off"):
        probing.read(lines, side=str)
    with pytest.raises(LostRequest, match=r"twice: \[1\]"):
        probing.read([line(1), *whole], side=str)
    assert len(probing.read_some([whole[0], whole[3]], side=str).requests) == 1, "what is under way may be missing"


def line(number: int, **said: Any) -> str:
    return json.dumps({"number": number, "sent_at": number, "ended_at": number + 0.5, "answer": "", "error": ""} | said)


def test_a_report_tells_first_last_and_who_was_wrong_after_a_moment() -> None:
    answers = ["blue", "blue", "green", "blue", "", "green"]
    requests = tuple(
        Request(number, sent_at=10 + number, ended_at=10.25 + number, answer=answer, error="" if answer else "gone")
        for number, answer in enumerate(answers)
    )
    report = probing.Report(requests, str)
    assert (report.first("green"), report.last("blue"), report.first("red"), report.last("red")) == (12.25, 13.25, None, None)
    assert [one.number for one in report.wrong_after(moment=12, side="green")] == [3], "the failed one is no wrong answer"
    assert [one.number for one in report.wrong_after(moment=11.5, side="blue")] == [2, 5]
    assert [one.number for one in report.failed] == [4]
    assert report.per_side() == {"blue": 3, "green": 2}
    assert [one.number for one in report.between(11, 13).requests] == [1, 2]
    assert probing.summary(report).splitlines() == [
        "6 requests, 1 failed",
        "blue: 3 answers, the first after 0.250 s, the last after 3.250 s",
        "green: 2 answers, the first after 2.250 s, the last after 5.250 s",
        "1 x gone",
    ]
