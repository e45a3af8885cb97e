"""Sends requests at a fixed rate and writes down what became of each: a switch is proven by requests that arrived, not by a status field.

`python -m tests.lab.probing URL --rate 200 [--host NAME] [--keep-alive]` sends until its standard input ends, at most `--seconds` long,
and prints one line of JSON for each request: its number, when it was sent and answered (unix seconds), who answered, and what went wrong.
The last line says how many were sent, so that no request can be lost without being missed; a summary goes to standard error. A request is
sent when its time has come, whether or not those before it were answered, so a stall is seen as a stall and not as fewer requests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

LONGEST_SECONDS = 120.0
ANSWER_SECONDS = 3.0
MOST_OPEN = 500
LATE_SECONDS, CAUGHT_UP_SECONDS = 0.5, 0.02
TOO_MANY = "too many unanswered requests"


class LostRequest(Exception):
    """The report does not hold every request that was sent."""


@dataclass(frozen=True)
class Request:
    """One request. `number` counts from 0 in the order of sending; `answer` is the body's text, `error` why there was none."""

    number: int
    sent_at: float
    ended_at: float
    answer: str = ""
    error: str = ""


@dataclass(frozen=True)
class Report:
    """What became of all requests, in the order in which they were sent. `side` says for an answer which version gave it."""

    requests: tuple[Request, ...]
    side: Callable[[str], str]

    @property
    def failed(self) -> list[Request]:
        return [one for one in self.requests if one.error]

    def per_side(self) -> Counter[str]:
        return Counter(self.side(one.answer) for one in self.requests if not one.error)

    def first(self, side: str) -> float | None:
        """When the first answer of this side came."""
        return min((one.ended_at for one in self.requests if not one.error and self.side(one.answer) == side), default=None)

    def last(self, side: str) -> float | None:
        """When the last answer of this side came."""
        return max((one.ended_at for one in self.requests if not one.error and self.side(one.answer) == side), default=None)

    def wrong_after(self, *, moment: float, side: str) -> list[Request]:
        """Requests that were sent after the moment and answered by another side."""
        return [one for one in self.requests if not one.error and one.sent_at > moment and self.side(one.answer) != side]

    def and_more(self, other: Report) -> Report:
        """This and what another report holds."""
        return Report(tuple(sorted(self.requests + other.requests, key=lambda one: one.number)), self.side)

    def between(self, start: float, end: float) -> Report:
        """The same of the requests sent in this time."""
        return Report(tuple(one for one in self.requests if start <= one.sent_at < end), self.side)


def read(lines: Iterable[str], *, side: Callable[[str], str]) -> Report:
    """This will make a report of what the program printed. Raises LostRequest where a request that was sent is not in it."""
    said = [json.loads(line) for line in lines if line.strip()]
    if not said or "sent" not in said[-1]:
        raise LostRequest("the report breaks off: its last line does not say how many were sent")
    found = Counter(one["number"] for one in said[:-1])
    if lost := sorted((Counter(range(said[-1]["sent"])) - found).elements()):
        raise LostRequest(f"{len(lost)} of {said[-1]['sent']} requests are in no line: {lost[:10]}")
    if more := sorted((found - Counter(range(said[-1]["sent"]))).elements()):
        raise LostRequest(f"requests that nobody sent, or twice: {more[:10]}")
    return _report(said[:-1], side=side)


def read_some(lines: Iterable[str], *, side: Callable[[str], str]) -> Report:
    """This will make a report of what the program has printed so far, in which requests that wait for an answer are missing."""
    return _report([said for line in lines if "sent" not in (said := json.loads(line))], side=side)


def _report(said: list[dict[str, Any]], *, side: Callable[[str], str]) -> Report:
    return Report(tuple(sorted((Request(**one) for one in said), key=lambda one: one.number)), side)


def summary(report: Report) -> str:
    """What a person wants to know of it, in a few lines."""
    text = [f"{len(report.requests)} requests, {len(report.failed)} failed"]
    begun = report.requests[0].sent_at if report.requests else 0.0
    for side, count in sorted(report.per_side().items()):
        first, last = (moment - begun for moment in (report.first(side), report.last(side)) if moment is not None)
        text.append(f"{side}: {count} answers, the first after {first:.3f} s, the last after {last:.3f} s")
    text += [f"{count} x {error}" for error, count in Counter(one.error for one in report.failed).most_common(5)]
    return "\n".join(text)


class Sender:
    """Where to send, and the connection to use again, if any."""

    def __init__(self, *, url: str, host: str, keep_alive: bool) -> None:
        parts = urlsplit(url)
        self._address, self._port = str(parts.hostname), parts.port or 80
        last = "keep-alive" if keep_alive else "close"
        self._text = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {host or parts.netloc}\r\nConnection: {last}\r\n\r\n".encode()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._keep_alive = keep_alive

    async def send(self, *, number: int) -> Request:
        """This will send one request and say what became of it; whatever goes wrong is its error."""
        sent_at = time.time()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._exchange()
        except Exception as problem:
            return Request(number, sent_at, time.time(), error=repr(problem))
        return Request(number, sent_at, time.time(), answer=answer)

    async def _exchange(self) -> str:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(self._address, self._port)
        try:
            writer.write(self._text)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = head.split(" ", 2)[1]
            lengths = [int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:")]
            if not lengths:
                raise ValueError("an answer without its length")
            body = (await reader.readexactly(lengths[0])).decode()
        except BaseException:
            writer.transport.abort()
            raise
        if self._keep_alive:
            self._idle.append((reader, writer))
        else:
            writer.close()
        if status != "200":
            raise ValueError(f"{status}: {body[:80]}")
        return body


async def probe(*, sender: Sender, rate: float, seconds: float) -> Report:
    """This will send and print until standard input ends or the time is over; gives what it printed."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    with contextlib.suppress(PermissionError):  # /dev/null and files cannot be waited for
        loop.add_reader(sys.stdin.fileno(), ended.set)
    begun, number, tasks, done = loop.time(), 0, set[asyncio.Task[None]](), list[Request]()
    catching_up = False

    def tell(request: Request) -> None:
        done.append(request)
        print(json.dumps(asdict(request)), flush=True)

    async def one(number: int) -> None:
        tell(await sender.send(number=number))

    while not ended.is_set() and loop.time() - begun < seconds:
        # Also where we are late ourselves: whoever never waits never hears the answers to what he sends.
        await asyncio.sleep(max(0.0, begun + number / rate - loop.time()))
        late = loop.time() - begun - number / rate
        # Until what was sent at once is answered for the most part: on a busy machine that is later than the last of it was sent.
        catching_up = late > CAUGHT_UP_SECONDS or len(tasks) > MOST_OPEN // 2 if catching_up else late > LATE_SECONDS
        if catching_up and len(tasks) == MOST_OPEN:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # they are many because we catch up, and not for want of answers
        if len(tasks) < MOST_OPEN:
            task = asyncio.create_task(one(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        else:
            now = time.time()
            tell(Request(number, now, now, error=TOO_MANY))
        number += 1
    await asyncio.gather(*tasks)
    print(json.dumps({"sent": number}), flush=True)
    return Report(tuple(sorted(done, key=lambda one: one.number)), deployment_of)


def deployment_of(answer: str) -> str:
    """The Deployment of a pod by its name, which is what the lab's pods answer."""
    return answer.rsplit("-", 2)[0]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=LONGEST_SECONDS)
    parser.add_argument("--host", default="")
    parser.add_argument("--keep-alive", action="store_true")
    chosen = parser.parse_args()
    sender = Sender(url=chosen.url, host=chosen.host, keep_alive=chosen.keep_alive)
    told = asyncio.run(probe(sender=sender, rate=chosen.rate, seconds=min(chosen.seconds, LONGEST_SECONDS)))
    print(summary(told), file=sys.stderr)
