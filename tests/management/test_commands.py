"""What an administrator does on the command line, and what `up` reads from `prepare`."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from clusterview.access import auditing, clusters, links, people
from clusterview.api import monitoring
from clusterview.kube import errors, reading
from clusterview.management import telling
from clusterview.management.commands import prepare
from clusterview.models import AuditEntry, Cluster, Grant
from clusterview.stream import publishing
from clusterview.traffic import looking
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.django_db
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: here, context: {cluster: c, user: u}}, {name: there, context: {cluster: c, user: u}}]
"""


def run(*line: str) -> str:
    out = io.StringIO()
    call_command(*line, stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    found: list[int | None] = []
    monkeypatch.setattr(telling, "revoked", lambda *, user_id=None: found.append(user_id) or True)
    return found


@pytest.fixture
def kubeconfig(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    settings.KUBECONFIG_PATHS, settings.KUBE_CONTEXTS = [str(path)], []
    return path


def test_the_first_start_makes_an_administrator_and_a_link(kubeconfig: Path) -> None:
    told = json.loads(run("prepare"))
    assert told["problem"] is None
    user = links.use(token=told["login_path"].removeprefix("/login/"))
    assert user is not None
    assert (user.get_username(), Grant.objects.get(user=user).role) == ("admin", "admin")
    json.loads(run("prepare"))
    assert User.objects.count() == 1
    first = AuditEntry.objects.order_by("sequence")[0]
    assert (first.actor, first.action, first.body) == ("command line", "PERSON_ADDED", {"name": "admin", "role": "admin"})


def test_a_start_that_a_log_may_keep_makes_no_link_once_somebody_has_signed_in(kubeconfig: Path, client: Client) -> None:
    first, second = (json.loads(run("prepare"))["login_path"] for _ in range(2))
    assert first != second, "nobody has used the first"
    client.post(second)
    made = AuditEntry.objects.filter(action="LINK_MADE").count()
    assert json.loads(run("prepare"))["login_path"] is None
    assert AuditEntry.objects.filter(action="LINK_MADE").count() == made
    assert json.loads(run("prepare", "--link"))["login_path"].startswith("/login/"), "for who looks on in a terminal"


@pytest.mark.parametrize(
    ("ours", "said", "address"),
    [
        (None, {"url": "http://127.0.0.1:8000", "public_url": "https://view.example"}, "https://view.example"),
        (None, {"url": "http://127.0.0.1:9000", "public_url": ""}, "http://127.0.0.1:9000"),
        ("https://mine.example", {"url": "http://127.0.0.1:8000", "public_url": "https://view.example"}, "https://mine.example"),
    ],
)
def test_a_printed_link_leads_where_the_running_up_is_reached(settings: Any, tmp_path: Path, ours: str | None, said: Any, address: str) -> None:
    settings.STATE_DIR, settings.PUBLIC_URL = tmp_path, ours
    (tmp_path / "up.json").write_text(json.dumps(said))
    people.add(name="admin", role="admin", actor="ada")
    assert run("user", "add", "vera").startswith(f"vera may sign in once with {address}/login/")
    assert run("login-link").startswith(f"{address}/login/")


def test_a_start_says_of_redis_and_of_the_key_that_others_may_read_them_t47_t63(
    kubeconfig: Path, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "unsuitable_redis", lambda: None)
    monkeypatch.setattr(prepare, "weakness", lambda: None)
    assert json.loads(run("prepare"))["doubts"] == []
    settings.REDIS_URL, settings.SECRET_KEY_FILE = "redis://192.0.2.1", tmp_path / "key"
    settings.SECRET_KEY_FILE.touch()
    settings.SECRET_KEY_FILE.chmod(0o644)
    tmp_path.chmod(0o755)
    redis, key = json.loads(run("prepare"))["doubts"]
    assert "without a password and without encryption" in redis
    assert "chmod 600" in key and "defaultMode" in key


def test_an_administrator_whom_a_start_began_to_make_is_made_by_the_next(kubeconfig: Path, client: Client) -> None:
    begun = User.objects.create_user("admin")
    client.force_login(begun)
    path = json.loads(run("prepare"))["login_path"]
    assert people.person_of_session(client.session.session_key) is None, "nobody was let in as what they were not yet"
    assert links.use(token=path.removeprefix("/login/")) == begun
    assert Grant.objects.get().role == "admin"
    told = list(AuditEntry.objects.order_by("sequence").values_list("actor", "action"))
    assert told == [("command line", "PERSON_ADDED"), ("command line", "LINK_MADE"), ("admin", "SIGNED_IN")]


def test_a_user_who_was_disabled_becomes_no_administrator_by_a_start(kubeconfig: Path) -> None:
    User.objects.create_user("admin", is_active=False)
    with pytest.raises(ValueError, match="already a person called admin"):
        run("prepare")
    assert not Grant.objects.exists()


def test_a_redis_that_drops_what_it_holds_is_refused_with_the_remedy_f35(kubeconfig: Path, redis_server: RedisServer, settings: Any) -> None:
    settings.REDIS_URL = redis_server.url
    client = publishing.connect(url=redis_server.url)
    assert json.loads(run("prepare"))["refusal"] is None
    client.config_set("maxmemory-policy", "allkeys-lru")
    assert json.loads(run("prepare"))["refusal"] is None, "without a limit nothing is dropped"
    client.config_set("maxmemory", "100mb")
    assert "maxmemory-policy noeviction" in json.loads(run("prepare"))["refusal"]
    assert "allkeys-lru" in monitoring.redis_problem(), "and the health turns red when it is changed later"


def test_only_the_chosen_contexts_are_open_and_keep_whether_they_are_armed(kubeconfig: Path, settings: Any) -> None:
    run("prepare")
    assert [one.name for one in Cluster.objects.filter(active=True)] == ["here"]
    run("arm", "here")
    settings.KUBE_CONTEXTS = ["there"]
    run("prepare")
    assert [(one.name, one.active, one.armed) for one in Cluster.objects.all()] == [("here", False, True), ("there", True, False)]


def test_whoever_arms_a_cluster_that_is_known_by_its_address_alone_is_told_so(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def armed_as(identity: reading.Identity) -> str:
        monkeypatch.setattr(looking.Cluster, "identity", lambda _: identity)
        return run("arm", "here")

    run("prepare")
    assert "namespaces/kube-system" in armed_as(reading.Identity("sha", is_weak=True))
    assert "kube-system" not in armed_as(reading.Identity("u-1", is_weak=False))


def test_whoever_arms_a_cluster_that_does_not_answer_is_told_so(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: looking.Cluster) -> reading.Identity:
        raise errors.Unreachable("nobody answers")

    monkeypatch.setattr(looking.Cluster, "identity", silent)
    run("prepare")
    assert "did not answer" in run("arm", "here")
    assert "did not answer" not in run("arm", "here", "--off")


def test_a_frozen_cluster_is_armed_only_by_who_says_that_they_looked_at_what_it_carries(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("prepare")
    monkeypatch.setattr(looking, "cluster", lambda _: (_ for _ in ()).throw(LookupError))
    run("arm", "here")
    clusters.freeze(cluster="here", marks={"018f:1": "Service store/shop", "018f:2": "Service store/cart"})
    with pytest.raises(CommandError, match=r"018f:1 on Service store/shop\n  018f:2 on Service store/cart\n.*--looked"):
        run("arm", "here")
    assert "off in here" in run("arm", "here", "--off")
    assert Cluster.objects.get().frozen_at and not Cluster.objects.get().armed
    run("arm", "here", "--looked")
    assert Cluster.objects.get().armed and not Cluster.objects.get().frozen_at
    assert "armed in here" in run("arm", "here"), "as a script says it that arms again and again"


def test_a_freeze_while_the_cluster_says_which_it_is_is_not_lifted_by_who_asked_before(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def frozen_meanwhile(_: looking.Cluster) -> reading.Identity:
        clusters.freeze(cluster="here", marks={"018f:3": "Service store/late"})
        return reading.Identity("u-1", is_weak=False)

    run("prepare")
    for line in (["arm", "here"], ["arm", "here", "--looked"]):
        Cluster.objects.update(frozen_at=None, lost_marks={})
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(looking.Cluster, "identity", frozen_meanwhile)
            with pytest.raises(CommandError, match="018f:3 on Service store/late"):
                run(*line)
        assert Cluster.objects.get().frozen_at and not Cluster.objects.get().armed


def test_a_cluster_that_is_armed_under_another_name_is_refused_with_that_name(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking.Cluster, "identity", lambda _: reading.Identity("u-1", is_weak=False))
    run("prepare")
    Cluster.objects.create(pk="inside", name="here, from inside", identity="u-1", armed_at=timezone.now())
    with pytest.raises(CommandError, match="Disarm here, from inside first"):
        run("arm", "here")
    run("arm", "here, from inside", "--off")
    assert "armed in here" in run("arm", "here")


def test_the_practice_cluster_is_armed_from_the_start_and_a_real_one_of_its_name_is_not(kubeconfig: Path, settings: Any, tmp_path: Path) -> None:
    settings.STATE_DIR, settings.PRACTICE = tmp_path, True
    run("prepare")
    assert Cluster.objects.get(name="here").armed
    settings.PRACTICE = False
    run("prepare")
    assert not Cluster.objects.get(name="here").armed
    assert list(AuditEntry.objects.exclude(action="LINK_MADE").values_list("actor", "action")) == [
        ("command line", "PERSON_ADDED"), ("practice cluster", "ARMED"), ("practice cluster", "DISARMED"),
    ]  # fmt: skip
    settings.PRACTICE = settings.READ_ONLY = True
    run("prepare")
    assert not Cluster.objects.get(name="here").armed


def test_a_broken_kubeconfig_is_a_sentence_and_closes_every_cluster(kubeconfig: Path) -> None:
    run("prepare")
    kubeconfig.write_text("{")
    told = json.loads(run("prepare"))
    assert str(kubeconfig) in told["problem"]
    assert clusters.ids() == []
    assert clusters.problem() == told["problem"]


def test_without_a_kubeconfig_the_page_still_opens(settings: Any) -> None:
    settings.KUBECONFIG_PATHS = []
    told = json.loads(run("prepare"))
    assert told["login_path"].startswith("/login/")
    assert told["problem"]


def test_the_link_goes_to_an_administrator_who_may_use_it(kubeconfig: Path) -> None:
    run("prepare")
    ada = people.add(name="ada", role="admin", actor="ada")
    run("user", "disable", "admin")
    assert links.find(token=json.loads(run("prepare"))["login_path"].removeprefix("/login/")) == ada


def test_a_person_is_added_with_a_link_and_disabled_with_a_ring(rung: list[int | None]) -> None:
    people.add(name="ada", role="admin", actor="clusterview")
    found = re.search(r"/login/(\S+)", run("user", "add", "vera", "--role", "viewer"))
    assert found
    vera = links.use(token=found[1])
    assert vera is not None
    assert run("user", "disable", "vera") == "vera is signed out.\n"
    assert rung == [vera.pk]
    assert list(AuditEntry.objects.exclude(actor="clusterview").values_list("actor", "action")) == [
        ("command line", "PERSON_ADDED"), ("command line", "LINK_MADE"), ("vera", "SIGNED_IN"), ("command line", "PERSON_DISABLED"),
    ]  # fmt: skip
    assert "disabled" in run("user", "list")
    with pytest.raises(CommandError, match="no active person"):
        run("login-link", "vera")


def test_the_last_administrator_cannot_be_disabled() -> None:
    people.add(name="ada", role="admin", actor="ada")
    with pytest.raises(CommandError, match="may administer"):
        run("user", "disable", "ada")
    assert User.objects.get().is_active


@pytest.mark.parametrize("line", [("user", "disable", "nobody"), ("token", "revoke", "nothing"), ("arm", "nowhere"), ("login-link", "nobody")])
def test_what_is_not_there_is_said(line: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=line[-1]):
        run(*line)


def test_the_token_is_the_last_word_printed_and_its_end_is_rung_for(rung: list[int | None]) -> None:
    token = run("token", "create", "ci", "--role", "operator").split()[-1]
    person = people.person_of_token(token)
    assert person is not None
    assert (person.name, person.role) == ("ci", "operator")
    run("token", "revoke", "ci")
    assert rung == [None]
    assert people.person_of_token(token) is None
    assert token not in str(AuditEntry.objects.values())
    assert run("audit", "verify").startswith("ok: 2 entries")


def test_what_is_written_down_of_a_name_is_what_is_kept_of_it() -> None:
    assert run("user", "add", "ｖera").startswith("vera may sign in")
    run("token", "create", "ｃi", "--role", "operator")
    run("token", "revoke", "ci")
    told = [entry.body["name"] for entry in AuditEntry.objects.exclude(action="LINK_MADE")]
    assert told == ["vera", "ci", "ci"]


def test_whoever_is_named_may_be_written_in_any_letters_that_are_kept_as_the_same(rung: list[int | None]) -> None:
    for name in ("ada", "ｖera"):
        people.add(name=name, role="admin", actor="ada")
    run("token", "create", "ｃi", "--role", "operator")
    assert "/login/" in run("login-link", "ｖera")
    assert run("user", "disable", "ｖera") == "vera is signed out.\n"
    assert run("token", "revoke", "ｃi") == "ci is revoked.\n"


def test_the_tokens_are_listed_with_their_roles_also_those_that_were_revoked() -> None:
    assert run("token", "list") == ""
    said = [run("token", "create", name, "--role", role) for name, role in (("deploy", "operator"), ("ci", "viewer"))]
    run("token", "revoke", "ci")
    listed = run("token", "list")
    assert [line.split()[:2] for line in listed.splitlines()] == [["ci", "viewer"], ["deploy", "operator"]]
    assert ["revoked" in line for line in listed.splitlines()] == [True, False]
    assert not any(one.split()[-1] in listed for one in said)


def test_arming_is_written_down_and_taken_back(kubeconfig: Path) -> None:
    run("prepare")
    run("arm", "here")
    assert Cluster.objects.get().armed
    run("arm", "here", "--off")
    assert not Cluster.objects.get().armed
    assert [entry.action for entry in AuditEntry.objects.all()] == ["PERSON_ADDED", "LINK_MADE", "ARMED", "DISARMED"]
    assert auditing.verify() == []
