"""`manage.py soak NAME`: what takes too long for a test run. Exits with 1 when a promise is broken."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from tests.bench import feeding, patience, table, traffic
from tests.bench.table import Line
from tests.soak import contract, crash, large, late, live, machine, model, postgresql, races, rolling, stream

SWITCHES = 1000
PATIENCE_MINUTES = 10.0


def main(arguments: list[str]) -> int:
    """This will run one soak, tell how it goes, and return the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py soak", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True)
    states = names.add_parser("model", help="the model of a switch: millions of states")
    states.add_argument("--states", type=int, default=1 << 40, help="stop each exploration after so many states (default: see all of them)")
    ways = names.add_parser("machine", help="engine and stream in memory: whatever may happen to them, in any order")
    ways.add_argument("--examples", type=int, default=machine.EXAMPLES, help="ways of forty steps each")
    ways.add_argument("--postgresql", action="store_true", help="the engine alone, on a PostgreSQL of its own instead of SQLite")
    names.add_parser("postgresql", help="every test that has to do with the database, on PostgreSQL")
    crashes = names.add_parser("crash", help="an executor dies or freezes at every point of its course")
    instead = crashes.add_mutually_exclusive_group()
    instead.add_argument("--sizes", dest="what", action="store_const", const="sizes", help="while it changes sizes, instead of while it switches")
    instead.add_argument("--groups", dest="what", action="store_const", const="groups", help="while it switches two Services by one click, instead")
    crashes.set_defaults(what="switches")
    crashes.add_argument("--share", type=float, default=1.0, help="of all cases, by chance")
    crashes.add_argument("--database-url", default="", help="an empty PostgreSQL instead of SQLite")
    raced = names.add_parser("races", help="two opposite clicks at once, a click against a way back, and a click against an edit")
    raced.add_argument("--races", type=int, default=races.RACES)
    moved = names.add_parser("traffic", help="switches under two hundred requests a second (root)")
    moved.add_argument("--switches", type=int, default=SWITCHES)
    rolled = names.add_parser("rolling", help="the product's processes are replaced one after the other while it switches under requests (root)")
    rolled.add_argument("--switches", type=int, default=rolling.SWITCHES)
    rolled.add_argument("--period", type=float, default=rolling.PERIOD_SECONDS, help="seconds from one to the next (default: %(default)s)")
    delayed = names.add_parser("late", help="patches that arrive a minute after they were sent, when their switch was decided otherwise")
    delayed.add_argument("--seconds", type=float, default=late.LATE_SECONDS, help="how late they are (default: %(default)s)")
    streamed = names.add_parser("stream", help="events from a watch to a browser while wire and Redis fail: the truth at every quiet moment")
    streamed.add_argument("--events", type=int, default=stream.EVENTS)
    streamed.add_argument("--checks", type=int, default=stream.CHECKS)
    streamed.add_argument("--seed", type=int, default=1, help="the same seed meets the same troubles")
    names.add_parser("contract", help="each behaviour of the practice cluster broken on purpose: does its test notice?")
    held = names.add_parser("large", help="the large practice cluster with 8,000 events a second, minute by minute")
    held.add_argument("--minutes", type=int, default=large.MINUTES)
    held.add_argument("--nodes", type=int, default=feeding.NODES)
    held.add_argument("--pods", type=int, default=feeding.PODS)
    waited = names.add_parser("patience", help="8,000 events a second against a server that soon drops a slow watcher")
    waited.add_argument("--minutes", type=float, default=PATIENCE_MINUTES)
    lived = names.add_parser("live", help="the product with 200 browsers, 500 events a second and a fault every 20 seconds: the truth, and no growth")
    lived.add_argument("--minutes", type=float, default=live.MINUTES)
    chosen = parser.parse_args(arguments)
    runs: dict[str, Callable[[], bool]] = {
        "model": lambda: model.soak(most=chosen.states),
        "machine": lambda: machine.soak(examples=chosen.examples, on_postgresql=chosen.postgresql),
        "postgresql": postgresql.soak,
        "crash": lambda: kept(crash.run(what=chosen.what, share=chosen.share, database_url=chosen.database_url)),
        "races": lambda: kept(races.run(races=chosen.races)),
        "stream": lambda: kept(stream.run(events=chosen.events, checks=chosen.checks, seed=chosen.seed)),
        "contract": contract.soak,
        "large": lambda: kept(large.run(nodes=chosen.nodes, pods=chosen.pods, minutes=chosen.minutes)),
        "live": lambda: kept(live.run(minutes=chosen.minutes)),
        "rolling": lambda: kept(rolling.run(switches=chosen.switches, period_seconds=chosen.period)),
        "late": lambda: kept(late.run(late_seconds=chosen.seconds)),
        "patience": lambda: kept(patience.measure(seconds=60 * chosen.minutes)),
        "traffic": lambda: kept(traffic.measure(switches=chosen.switches)),
    }
    return 0 if runs[chosen.name]() else 1


def kept(lines: Sequence[Line]) -> bool:
    """This will print the table, and tell whether every goal is met."""
    print(table.show(lines))
    return all(one.met is not False for one in lines)
