"""The Celery application: two kinds of workers, and the bootsteps that do the lasting work in them.

There are no tasks: the observers and the reconciler are bootsteps, and the broker that Celery asks for is nowhere. So a worker begins whatever
Redis is and however it is reached, and nobody who can write there can have anything run or ended here.
"""

from __future__ import annotations

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning
from kombu.transport import memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

# It warns of root because a pickled message could run anything; ours are JSON.
warnings.filterwarnings("ignore", category=SecurityWarning)


class Nowhere(memory.Transport):
    """A broker in the memory of this process, which nobody sends to. The worker waits for it in its event loop and not in a thread that looks."""

    implements = memory.Transport.implements.extend(asynchronous=True)


app = Celery("dashboard")
app.conf.update(
    broker_url="memory://nowhere",
    broker_transport="dashboard.celery:Nowhere",
    task_ignore_result=True,
    task_default_queue="default",
    task_serializer="json",
    accept_content=["json"],
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_pool="threads",
    worker_prefetch_multiplier=1,
)
# By name, so that they are imported after Django is ready. Two decide by the worker's queues whether they have work there.
app.steps["worker"].update(["clusterview.workers.ObserverStep", "clusterview.workers.ReconcilerStep"])
app.steps["consumer"].add("clusterview.workers.QuietStep")
