"""The Celery application: two kinds of workers, and the bootsteps that do the lasting work in them.

There are no tasks: the observers and the reconciler are bootsteps. They start before the broker is reached and go on while it is away.
"""

from __future__ import annotations

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

from django.conf import settings  # after the module that it reads is named

# It warns of root because a pickled message could run anything; ours are JSON.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("dashboard")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # by default it gives up after 100 tries, and its bootsteps with it
    broker_pool_acquire_timeout=2,  # by default for ever
    broker_transport_options={
        "socket_timeout": 3,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "max_retries": 1,
    },
    task_ignore_result=True,
    task_default_queue="default",
    task_serializer="json",
    accept_content=["json"],
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_pool="threads",
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
)
# By name, so that they are imported after Django is ready. Two decide by the worker's queues whether they have work there.
app.steps["worker"].update(["clusterview.workers.ObserverStep", "clusterview.workers.ReconcilerStep", "clusterview.workers.DeafStep"])
app.steps["consumer"].add("clusterview.workers.QuietStep")
