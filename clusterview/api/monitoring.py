"""Signs of life for those who run the product: may this process be sent requests, and how is it doing.

Ready means that this process can answer, so a cluster that cannot be reached is told but does not count: its page says so itself, and
taking the page away would help nobody. Nor does a `traffic` worker count that does not look after the switches. A database that takes no writes
does: nothing that is asked for can be accepted.
"""

from __future__ import annotations

from collections.abc import Iterator

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from clusterview import models
from clusterview.access import clusters, crowding, people, transacting
from clusterview.api import seeing
from clusterview.stream import publishing
from clusterview.traffic import reconciling

# What an observer counts, since it began.
COUNTED = {
    "lists": "Lists of a kind that were read, the first ones included.",
    "watch_failures": "Watches and lists that failed and were tried again.",
    "broken_answers": "Those that failed because what came could not be read.",
    "set_aside": "Objects that could not be read, and were set aside.",
}


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 or 503. With `?verbose`, and only to those who are signed in, a line for each part."""
    database, room, broker = database_problem(), transacting.why_not_written(), redis_problem()
    ready = not (database or room or broker)
    status = 200 if ready else 503
    if "verbose" not in request.GET or database or people.person_of_request(request) is None:
        return HttpResponse("ok\n" if ready else "not ready\n", status=status, content_type="text/plain")
    age = reconciling.age_seconds()
    traffic = f"{reconciling.WORKER}: {'late, ' if reconciling.is_late(age) else 'ok, '}{reconciling.in_words(age)}"
    lines = [f"database: {room or 'ok'}", f"redis: {broker or 'ok'}", traffic]
    for cluster in clusters.ids():
        contact = seeing.contact(cluster)
        lines.append(f"cluster {cluster}: {contact.state}{' ' + contact.reason if contact.reason else ''}")
    return HttpResponse("\n".join([*lines, "ok" if ready else "not ready", ""]), status=status, content_type="text/plain; charset=utf-8")


def database_problem() -> str:
    """What is wrong with the database, or nothing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as problem:
        return type(problem).__name__
    return ""


def redis_problem() -> str:
    """What is wrong with Redis, or nothing."""
    client = publishing.connect(url=settings.REDIS_URL)
    try:
        return publishing.problem(client=client)
    except redis.RedisError as problem:
        return type(problem).__name__
    finally:
        client.close()


class Product(Collector):
    """The product's own numbers, taken when somebody asks."""

    def collect(self) -> Iterator[Metric]:
        live = GaugeMetricFamily("clusterview_cluster_live", "1 when the cluster is seen live.", labels=["cluster"])
        age = GaugeMetricFamily("clusterview_contact_age_seconds", "Age of the last confirmed contact with the cluster.", labels=["cluster"])
        verified = GaugeMetricFamily("clusterview_verified_age_seconds", "Age of the last comparison of the picture with lists.", labels=["cluster"])
        wrong = CounterMetricFamily("clusterview_divergences", "Objects that were found wrong by that, and repaired.", labels=["cluster"])
        counted = {name: CounterMetricFamily(f"clusterview_{name}", said, labels=["cluster"]) for name, said in COUNTED.items()}
        seen = GaugeMetricFamily("clusterview_objects", "Objects in the picture.", labels=["cluster"])
        forged = CounterMetricFamily("clusterview_forged", "What was in Redis without this installation's seal, and dropped.", labels=["cluster"])
        for cluster in clusters.ids():
            forged.add_metric([cluster], seeing.forged(cluster))
            contact, picture = seeing.contact(cluster), seeing.picture(cluster)
            live.add_metric([cluster], contact.state == "live")
            if contact.contact_age_seconds is not None:
                age.add_metric([cluster], contact.contact_age_seconds)
            if contact.verified_age_seconds is not None:
                verified.add_metric([cluster], contact.verified_age_seconds)
            wrong.add_metric([cluster], contact.divergences)
            for name, family in counted.items():
                family.add_metric([cluster], contact.counted.get(name, 0))
            seen.add_metric([cluster], len(picture.objects) if picture else 0)
        switches = GaugeMetricFamily("clusterview_switches", "Switches by state.", labels=["state"])
        for state, count in models.Switch.objects.values_list("state").annotate(count=Count("pk")).order_by("state"):
            switches.add_metric([state], count)
        rounds = GaugeMetricFamily("clusterview_traffic_round_age_seconds", "Age of the last round of a traffic worker over the switches.")
        if (round_age := reconciling.age_seconds()) is not None:
            rounds.add_metric([], round_age)
        refused = "Pages and streams of changes that this process refused, for as many were open as one person or token may have."
        crowd = CounterMetricFamily("clusterview_refused_connections", refused, value=crowding.connections.refused)
        yield from (live, age, verified, wrong, forged, *counted.values(), seen, switches, rounds, crowd)


def registry() -> CollectorRegistry:
    made = CollectorRegistry()
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    made.register(Product())
    return made


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers in Prometheus' text format; a scraper sends a viewer's token."""
    if people.person_of_request(request) is None:
        return HttpResponse("a token is needed\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)
