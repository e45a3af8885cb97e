"""Every version that one object went through, as the API server remembers it: what was there in between can be told, not only what is there now.

A watch that starts at a resourceVersion brings each later change in order, with nothing left out, or says 410 where it has forgotten
(https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
"""

from __future__ import annotations

from typing import Any

from clusterview.kube import errors
from clusterview.kube.connections import Connection
from clusterview.kube.events import LINE_BYTES, RAW_EVENTS, error_event
from clusterview.kube.kinds import KindSpec
from clusterview.kube.listing import UNREADABLE

REPLAY_SECONDS = 3


def versions(connection: Connection, spec: KindSpec, *, namespace: str, name: str, after: str, until: str = "") -> list[Any]:
    """This will read every version of the object that came after the resourceVersion `after`, in order, up to and with `until`.

    They end earlier where the object was deleted; its last version then comes last. Without `until` they end there only. Raises Gone where
    the API server does not remember that far back, TimedOut where the end does not come in REPLAY_SECONDS, errors.KubeError otherwise.
    """
    query = [("watch", "1"), ("fieldSelector", f"metadata.name={name}"), ("resourceVersion", after), ("timeoutSeconds", str(REPLAY_SECONDS))]
    path = spec.within(namespace).path
    stream = connection.stream(path, query=query, accept=spec.watch_accept, silence_seconds=REPLAY_SECONDS)
    decoder, found = spec.decoder(), []
    try:
        for line in stream.lines(limit_bytes=LINE_BYTES):
            event = RAW_EVENTS.decode(line)
            if event.type == "ERROR":
                raise error_event(event.object, path=path)
            found.append(decoder.decode(event.object))
            if event.type == "DELETED" or (until and found[-1].metadata.resource_version == until):
                return found
    except UNREADABLE as error:
        raise errors.BrokenAnswer(f"The history of {name} cannot be read: {str(error)[:200]}.") from error
    finally:
        stream.close()
    raise errors.TimedOut(f"The history of {name} did not come to its end in {REPLAY_SECONDS} seconds.")
