"""A practice cluster without a port: its store and controllers, a clock that a test moves, and requests that are answered at once."""

from __future__ import annotations

import json
from typing import Any

import yaml

from clusterview.practice import answering, listing, routing
from clusterview.practice.accounts import ADMIN, AUTHENTICATED, MASTERS, Account
from clusterview.practice.answering import Asked
from clusterview.practice.managing import Manager
from clusterview.practice.objects import Object
from clusterview.practice.problems import Problem
from clusterview.practice.resources import PODS
from clusterview.practice.store import Store
from clusterview.practice.stories import telling
from clusterview.practice.timing import USUAL, Timing

BEGUN = 1_800_000_000.0
ADMINISTRATOR = Account(ADMIN, (MASTERS, AUTHENTICATED))


class World:
    """`story` may be empty: then there are only the namespaces and nodes that every cluster has."""

    def __init__(self, *, timing: Timing = USUAL, nodes: int = 3, manifest: str = "") -> None:
        self.now = BEGUN
        self.store, self.pages = Store(), listing.Pages()
        self.manager = Manager(self.store, timing=timing)
        telling.tell(self.store, story="empty", now=self.now, nodes=nodes)
        self.apply(manifest)

    def apply(self, manifest: str) -> None:
        """This will create the objects of a YAML text."""
        for item in yaml.safe_load_all(manifest):
            if item:
                telling.make(self.store, item, now=self.now)

    def pass_time(self, seconds: float) -> World:
        """This will let the controllers do all that is due meanwhile, each thing at its time."""
        until = self.now + seconds
        while True:
            due_at = self.manager.step(self.now)
            if due_at > until:
                break
            self.now = max(due_at, self.now)
        self.now = until
        self.manager.step(self.now)
        return self

    def ask(self, method: str, path: str, body: Any = None, *, account: Account = ADMINISTRATOR, kind: str = "", **query: str) -> Object:
        """This will answer a request as the server does. Raises Problem."""
        target = routing.resolve(path)
        assert target is not None
        sent = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        media = {
            "json": "application/json-patch+json",
            "merge": "application/merge-patch+json",
            "strategic": "application/strategic-merge-patch+json",
        }
        asked = Asked(method, target, account, query, sent, media.get(kind, kind or "application/json"), agent="kubectl/1")
        return answering.answer(self.store, self.pages, asked, now=self.now)[1]

    def refusal(self, method: str, path: str, body: Any = None, **rest: Any) -> Problem:
        """This will ask for something that must be refused, and give the refusal."""
        try:
            self.ask(method, path, body, **rest)
        except Problem as problem:
            return problem
        raise AssertionError(f"{method} {path} was not refused")

    def get(self, path: str) -> Object:
        return self.ask("GET", path)

    def pods(self, **labels: str) -> list[Object]:
        found = self.store.all(PODS, "store")
        return [pod for pod in found if all((pod["metadata"].get("labels") or {}).get(key) == value for key, value in labels.items())]


def deployment(name: str = "web", *, replicas: int = 3, image: str = "shop:1", extra: str = "", pod: str = "") -> str:
    """The manifest of a Deployment in the namespace store, whose pods have a readiness probe."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: store}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - {{name: web, image: "{image}", ports: [{{name: http, containerPort: 8080}}], readinessProbe: {{httpGet: {{path: /, port: 8080}}}}}}
      {pod}
  {extra}
---
"""


def service(name: str = "web", *, selects: str = "{app: web}", spec: str = "") -> str:
    """The manifest of a Service in the namespace store."""
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: store}}
spec: {{selector: {selects}, ports: [{{name: http, port: 80, targetPort: http}}] {spec}}}
---
"""
