"""The live page: one shell for the map, the traffic and the history; the script fills it."""

from __future__ import annotations

import json

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie

from clusterview.access import clusters, people
from clusterview.models import Cluster
from clusterview.views import bundles, pages, signing


@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """The first cluster's map, or what to do: sign in, or connect a cluster."""
    person = people.person_of_request(request)
    if person is None:
        return pages.page(request, "signed_out.html", status=401)
    first = Cluster.objects.filter(active=True).first()
    if first is None:
        problem = clusters.problem()
        return pages.page(request, "no_cluster.html", person=person, paths=settings.KUBECONFIG_PATHS, problem=problem)
    return HttpResponseRedirect(reverse("map", kwargs={"cluster": first.pk}))


@never_cache
@ensure_csrf_cookie
def page(request: HttpRequest, cluster: str) -> HttpResponse:
    """The live page of one cluster."""
    person = people.person_of_request(request)
    if person is None:
        return signing.to_sign_in(request)
    opened = list(Cluster.objects.filter(active=True))
    chosen = next((one for one in opened if one.pk == cluster), None)
    if chosen is None:
        raise Http404
    context = {
        "cluster": chosen,
        "clusters": json.dumps([{"id": one.pk, "name": one.name} for one in opened]),
        "person": person,
        "language": (get_language() or "en")[:2],
        "read_only": json.dumps(settings.READ_ONLY),
        "practice": json.dumps(settings.PRACTICE),
        "styles": bundles.styles(entry="src/live.tsx"),
        "script": bundles.script(entry="src/live.tsx"),
    }
    return render(request, "live.html", context)

