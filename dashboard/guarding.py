"""Runs one program so that it never outlives `up`, not even after `kill -9`.

Started as `python -I -S guarding.py DESCRIPTORS PROGRAM ARGUMENT...`. It forks a watcher and then becomes the program, so the program keeps
the pid that `up` started. The watcher holds the reading end of a pipe whose writing end only `up` has: when that closes, it ends the
program's process group. It also keeps the lock of the state folder, so that nobody starts a second Redis on the same files meanwhile.
Linux alone has PR_SET_PDEATHSIG for this; a pipe works on macOS too.
"""

import os
import select
import signal
import sys

GRACE_SECONDS = 3.0


def main(*, arguments: list[str]) -> None:
    """This will become the program; `arguments` are the descriptors ("3,4": the pipe, then what to keep open) and its command line."""
    kept = [int(number) for number in arguments[0].split(",")]
    program = os.getpid()
    ended, alive = os.pipe()  # `alive` stays open in the program; that `ended` reads its end tells the watcher that the program is gone
    if os.fork() == 0:
        os.close(alive)
        watch(supervisor=kept[0], ended=ended, program=program)
    for descriptor in kept:
        os.close(descriptor)
    os.set_inheritable(alive, True)
    try:
        os.execvp(arguments[1], arguments[1:])  # noqa: S606 (the command line is the supervisor's own)
    except OSError as problem:
        sys.exit(f"{arguments[1]} cannot be started: {problem.strerror}")


def watch(*, supervisor: int, ended: int, program: int) -> None:
    """This will wait for the end of the supervisor or of the program, then end whatever is left of the program's group, itself included."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ready, _, _ = select.select([supervisor, ended], [], [])
    if ended not in ready:
        os.kill(program, signal.SIGTERM)
        select.select([ended], [], [], GRACE_SECONDS)
    if os.getpgrp() == program:
        os.killpg(program, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main(arguments=sys.argv[1:])
