"""The query of a request, of which nothing is passed over in silence: a filter that was misspelt would return what nobody asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.http import HttpRequest
from ninja.errors import ValidationError
from ninja.operation import Operation
from ninja.params import models


def as_described(view: Callable[..., Any]) -> Callable[..., Any]:
    """This will refuse each parameter that the operation does not know, and one that is there twice where it takes one value."""
    operation: Operation = view._ninja_operation  # type: ignore[attr-defined]
    known = {one.alias: one.is_collection for one in operation.signature.params if isinstance(one.source, models.Query)}

    def look(request: HttpRequest) -> None:
        if wrong := [{"loc": ("query", name), "msg": problem} for name, problem in problems(request, known=known)]:
            raise ValidationError(wrong)

    @wraps(view)
    def looked_at(request: HttpRequest, **values: Any) -> Any:
        look(request)
        return view(request, **values)

    @wraps(view)
    async def looked_at_in_time(request: HttpRequest, **values: Any) -> Any:
        look(request)
        return await view(request, **values)

    return looked_at_in_time if inspect.iscoroutinefunction(view) else looked_at


def problems(request: HttpRequest, *, known: dict[str, bool]) -> Iterator[tuple[str, str]]:
    """What is wrong with the query, by name; `known` says of each parameter whether it may be repeated."""
    for name, values in request.GET.lists():
        if name not in known:
            yield name, "is not known here"
        elif len(values) > 1 and not known[name]:
            yield name, "is there more than once"
