"""Where browsers report what the content security policy stopped. Anybody can send one, so little is read and less is logged."""

from __future__ import annotations

import json
import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

log = logging.getLogger(__name__)
MOST_BYTES = 8 * 1024
FIELDS = ("effective-directive", "violated-directive", "blocked-uri", "source-file", "line-number")


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Writes one line into the log; never the page's address, which may be a sign-in link."""
    try:
        sent = json.loads(request.read(MOST_BYTES + 1)[:MOST_BYTES])
        told = {name: str(sent["csp-report"][name])[:200] for name in FIELDS if name in sent["csp-report"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return HttpResponse(status=400)
    log.warning("the content security policy stopped %s", json.dumps(told))
    return HttpResponse(status=204)
