"""Sends requests at a fixed rate and writes down what became of each: a switch is proven by requests that arrived, not by a status field.

`python -m tests.lab.probing URL --rate 200 [--host NAME] [--keep-alive]` sends until its standard input ends, at most `--seconds` long,
and prints one line of JSON for each request: when it was sent and answered (unix seconds), who answered, and what went wrong. A request
is sent when its time has come, whether or not those before it were answered, so a stall is seen as a stall and not as fewer requests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

LONGEST_SECONDS = 120.0
ANSWER_SECONDS = 3.0
MOST_OPEN = 500


@dataclass(frozen=True)
class Request:
    """One request. `answer` is the body's text, `error` why there was none."""

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

    def between(self, start: float, end: float) -> Report:
        """The same of the requests sent in this time."""
        return Report(tuple(one for one in self.requests if start <= one.sent_at < end), self.side)


def read(lines: Iterable[str], *, side: Callable[[str], str]) -> Report:
    """This will make a report of what the program printed."""
    return Report(tuple(sorted((Request(**json.loads(line)) for line in lines if line.strip()), key=lambda one: one.sent_at)), side)


class Sender:
    """Where to send, and the connection to use again, if any."""

    def __init__(self, *, url: str, host: str, keep_alive: bool) -> None:
        parts = urlsplit(url)
        self._address, self._port = str(parts.hostname), parts.port or 80
        last = "keep-alive" if keep_alive else "close"
        self._text = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {host or parts.netloc}\r\nConnection: {last}\r\n\r\n".encode()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._keep_alive = keep_alive

    async def send(self) -> Request:
        """This will send one request and say what became of it; it raises nothing."""
        sent_at = time.time()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._exchange()
        except (OSError, ValueError, asyncio.IncompleteReadError) as problem:
            return Request(sent_at, time.time(), error=repr(problem))
        return Request(sent_at, time.time(), answer=answer)

    async def _exchange(self) -> str:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(self._address, self._port)
        try:
            writer.write(self._text)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = head.split(" ", 2)[1]
            length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:"))
            body = (await reader.readexactly(length)).decode()
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


async def probe(*, sender: Sender, rate: float, seconds: float) -> None:
    """This will send and print until standard input ends or the time is over."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    begun, number, tasks = loop.time(), 0, set[asyncio.Task[None]]()

    async def one() -> None:
        print(json.dumps(asdict(await sender.send())), flush=True)

    while not ended.is_set() and loop.time() - begun < seconds:
        wait = begun + number / rate - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        number += 1
        if len(tasks) < MOST_OPEN:
            task = asyncio.create_task(one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        else:
            now = time.time()
            print(json.dumps(asdict(Request(now, now, error="too many unanswered requests"))), flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=LONGEST_SECONDS)
    parser.add_argument("--host", default="")
    parser.add_argument("--keep-alive", action="store_true")
    chosen = parser.parse_args()
    sender = Sender(url=chosen.url, host=chosen.host, keep_alive=chosen.keep_alive)
    asyncio.run(probe(sender=sender, rate=chosen.rate, seconds=min(chosen.seconds, LONGEST_SECONDS)))
