"""Contact, health, identity and rights, as an API server tells them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusterview.kube import errors, reading
from tests.kube.making import failure
from tests.kube.scripted import playing, say, silent

READYZ = b"[+]ping ok\n[-]etcd failed: reason withheld\n[+]poststarthook/start-x ok\nreadyz check failed\n"


@pytest.mark.parametrize("status", [200, 403, 404, 429, 500])
def test_any_answer_of_an_api_server_is_contact(status: int) -> None:
    with playing(say(status, b"ok", content_type="text/plain")) as script:
        assert reading.contact(script.connection()) >= 0
    assert script.asked[0].path == "/livez"


@pytest.mark.parametrize(
    "answer", [say(200, b"<html>", content_type="text/html; charset=utf-8"), say(302, b"", Location="/login"), say(502, b"bad gateway")]
)
def test_what_stands_before_an_api_server_is_no_contact(answer: Any) -> None:
    with playing(answer) as script, pytest.raises(errors.KubeError):
        reading.contact(script.connection())


def test_a_frozen_api_server_is_no_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CONTACT_SECONDS", 0.2)
    with playing(silent) as script, pytest.raises(errors.TimedOut):
        reading.contact(script.connection())


@pytest.mark.parametrize("status", [200, 500])
def test_checks_are_read_whether_they_pass_or_fail(status: int) -> None:
    with playing(say(status, READYZ, content_type="text/plain")) as script:
        checks = reading.readiness(script.connection())
    assert checks is not None and [(one.name, one.ok) for one in checks] == [("ping", True), ("etcd", False), ("poststarthook/start-x", True)]
    assert checks[1].detail == "failed: reason withheld"


@pytest.mark.parametrize("body", [b"", b"internal error", b"[+]ping ok\n"])
def test_who_says_that_it_is_not_ready_and_not_why_has_failed_a_check(body: bytes) -> None:
    with playing(say(500, body, content_type="text/plain"), say(200, b"ok", content_type="text/plain")) as script:
        checks = reading.readiness(script.connection())
        assert checks is not None and [one.name for one in checks if not one.ok] == ["readyz"]
        assert reading.readiness(script.connection()) == []


@pytest.mark.parametrize("said", ["half a pair \ud800", "x" * 1_000_000], ids=["half a pair", "endless"])
def test_whatever_a_server_says_of_itself_can_be_passed_on_f20(said: str) -> None:
    body, causes = json.dumps({"gitVersion": said}).encode(), [{"field": "f", "message": said}]
    with playing(say(200, body), say(500, failure(500, said)), say(422, failure(422, said, causes=causes))) as script:
        told = [reading.version(script.connection())]
        for _ in range(2):
            with pytest.raises(errors.KubeError) as raised:
                reading.version(script.connection())
            told += [raised.value.sentence, *getattr(raised.value, "details", ())]
    told += [one.name for one in reading.parse_checks(f"[-]{'x' * 1_000_000} failed")]
    assert len(told) == 5 and all(len(one.encode()) < 2 * errors.DETAIL_CHARACTERS for one in told)


def test_checks_that_may_not_be_read_are_unknown() -> None:
    with playing(say(403, failure(403, "Forbidden"))) as script:
        assert reading.readiness(script.connection()) is None


def test_identity_is_the_uid_of_kube_system_or_else_weaker() -> None:
    namespace = {"metadata": {"uid": "u-1", "name": "kube-system", "resourceVersion": "1"}}
    with playing(say(200, namespace), last=say(403, failure(403, "Forbidden"))) as script:
        assert reading.identity(script.connection()) == reading.Identity("u-1", is_weak=False)
        weak = reading.identity(script.connection())
        assert weak.is_weak and weak == reading.identity(script.connection())


def test_rights_are_asked_of_the_api_server() -> None:
    with playing(say(201, {"status": {"allowed": True}}), say(201, {"status": {"allowed": False}}), say(201, {})) as script:
        connection = script.connection()
        assert reading.may(connection, "patch", "apps", "deployments", "store")
        assert not reading.may(connection, "get", "", "secrets")
        assert not reading.may(connection, "get", "", "secrets")
    sent = json.loads(script.asked[0].body)["spec"]["resourceAttributes"]
    assert sent == {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": "store"}


def test_a_service_is_read_as_it_is_now() -> None:
    found = {"metadata": {"uid": "u", "name": "shop", "namespace": "store", "resourceVersion": "5"}, "spec": {"selector": {"a": "b"}}}
    with playing(say(200, found), say(200, b"{}")) as script:
        service = reading.service(script.connection(), namespace="store", name="shop")
        assert service.spec.selector == {"a": "b"} and service.metadata.annotations is None
        assert script.asked[0].path == "/api/v1/namespaces/store/services/shop" and script.asked[0].query == {}
        with pytest.raises(errors.BrokenAnswer):
            reading.service(script.connection(), namespace="store", name="shop")


def test_a_refusal_names_verb_and_resource() -> None:
    said = 'pods is forbidden: User "viewer" cannot list resource "pods" in API group "" at the cluster scope'
    with playing(say(403, failure(403, "Forbidden", said))) as script, pytest.raises(errors.Forbidden, match=r"manage\.py rbac") as caught:
        reading.get(script.connection(), "/api/v1/pods")
    assert (caught.value.verb, caught.value.resource) == ("list", "pods")
