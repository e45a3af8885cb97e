"""The form in which an object is answered: whole, its metadata alone (PartialObjectMetadata), or a row of a table; the client's Accept says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from clusterview.practice import tables
from clusterview.practice.objects import Object
from clusterview.practice.problems import Problem
from clusterview.practice.resources import Resource

Form = Literal["whole", "partial", "table"]


def form_of(accept: str) -> Form:
    """The first form of the Accept header that is served. Raises Problem 406 where none is."""
    for one in accept.split(","):
        kind, *options = [part.strip() for part in one.split(";")]
        asked = dict(option.partition("=")[::2] for option in options)
        if kind not in ("application/json", "*/*", "application/*", ""):
            continue
        wanted = asked.get("as", "")
        if not wanted:
            return "whole"
        if asked.get("g") == "meta.k8s.io" and asked.get("v") == "v1":
            if wanted == "Table":
                return "table"
            if wanted.startswith("PartialObjectMetadata"):
                return "partial"
    raise Problem(406, "NotAcceptable", "only the following media types are accepted: application/json", details={})


def one(resource: Resource, item: Object, *, accept: str, query: dict[str, str], now: float, with_columns: bool = True) -> Object:
    """This will shape one object."""
    match form_of(accept):
        case "whole":
            return item
        case "partial":
            return tables.partial(item)
        case "table":
            metadata = {"resourceVersion": item["metadata"].get("resourceVersion", "")}
            whole = query.get("includeObject") == "Object"
            return tables.table(resource, [item], now=now, metadata=metadata, whole_objects=whole, with_columns=with_columns)


def many(resource: Resource, items: Sequence[Object], *, accept: str, query: dict[str, str], metadata: Object, now: float) -> Object:
    """This will shape a list. Items of a list do not say their kind, as in a real cluster."""
    match form_of(accept):
        case "whole":
            bare = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in items]
            return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata, "items": bare}
        case "partial":
            told = [tables.partial(item) for item in items]
            return {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": told}
        case "table":
            return tables.table(resource, items, now=now, metadata=metadata, whole_objects=query.get("includeObject") == "Object")
