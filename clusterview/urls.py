"""Every address that a browser or a REST client can ask for."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.views.i18n import set_language

from clusterview.api import monitoring, rest
from clusterview.views import health, live, people, reports, signing

urlpatterns: list[URLPattern | URLResolver] = [
    path("", live.home, name="home"),
    path("livez", health.livez),
    path("readyz", monitoring.readyz),
    path("metrics", monitoring.metrics),
    path("csp-report", reports.csp_report),
    path("language", set_language, name="language"),
    path("login/<str:token>", signing.login_link, name="login"),
    path("signed-out", signing.signed_out, name="signed-out"),
    path("people", people.everyone, name="people"),
    path("people/<int:user>/<slug:action>", people.change, name="person"),
    path("c/<slug:cluster>/", live.page, name="map"),
    path("c/<slug:cluster>/traffic", live.page, name="traffic"),
    path("c/<slug:cluster>/history", live.page, name="history"),
    path("api/v1/", rest.api.urls),
]
handler403 = "clusterview.views.failing.forbidden"
handler404 = "clusterview.views.failing.not_found"
handler500 = "clusterview.views.failing.broken"
