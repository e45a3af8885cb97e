"""How each behaviour of the contract is broken on purpose, so that its test is seen to fail: what is put in place of what, and who must notice.

The practice cluster of the contract runs in the tests' own process, so a break is a function that another one stands in for while a test runs.
Most breaks are below what is asked, where a mistake would be made; where nothing below is to be reached, the answer itself is broken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from clusterview.practice import (
    accounts,
    addresses,
    answering,
    defaulting,
    deleting,
    discovery,
    evicting,
    health,
    listing,
    managed_fields,
    patches,
    permissions,
    problems,
    recording,
    scaling,
    selecting,
    shaping,
    store,
    strategic,
    streaming,
    tables,
    validating,
    writing,
)  # fmt: skip
from clusterview.practice.controllers import (
    acts,
    budgets,
    daemon_sets,
    deployments,
    endpoint_slices,
    garbage,
    node_lifecycle,
    pod_life,
    replica_sets,
    scheduling,
)  # fmt: skip
from clusterview.practice.problems import Problem

Function = Callable[..., Any]


@dataclass(frozen=True)
class Break:
    """`name` of `place` is replaced by what `by` makes of it; each of `tests` must fail then."""

    what: str
    place: Any
    name: str
    by: Callable[[Any], Any]
    tests: tuple[str, ...]


def instead(value: Any) -> Callable[[Any], Function]:
    """Whatever is asked, the answer is this."""
    return lambda _: lambda *_, **__: value


def after(change: Callable[[Any], Any]) -> Callable[[Any], Function]:
    """What is answered is changed."""
    return lambda original: lambda *given, **named: change(original(*given, **named))


def untouched(number: int) -> Callable[[Any], Function]:
    """The argument of this number is given back as it was."""
    return lambda _: lambda *given, **__: given[number]


def refusal(code: int, reason: str) -> Callable[[Any], Function]:
    return instead(Problem(code, reason, "no", details={}))


def without(item: Any, *keys: str) -> Any:
    return {key: value for key, value in item.items() if key not in keys}


def with_metadata(item: Any, **parts: Any) -> Any:
    return {**item, "metadata": {**item["metadata"], **parts}}


def with_status(**parts: Any) -> Callable[[Any], Function]:
    return after(lambda status: {**status, **parts})


def _careless_replace(original: Function) -> Function:
    def replace(kept: Any, resource: Any, before: Any, body: Any, **named: Any) -> Any:
        said = without(body.get("metadata") or {}, "resourceVersion", "uid", "name", "namespace")
        return original(kept, resource, before, {**body, "metadata": said}, **named)

    return replace


def _put_with_version_only(original: Function) -> Function:
    def update(kept: Any, resource: Any, body: Any, **named: Any) -> Any:
        if not (body.get("metadata") or {}).get("resourceVersion"):
            raise problems.bad_request("metadata.resourceVersion: must be specified for an update")
        return original(kept, resource, body, **named)

    return update


def _everything_written(_: Any) -> Function:
    def merged(resource: Any, before: Any, body: Any, *, subresource: str) -> Any:
        return {**before, **body, "metadata": {**before["metadata"], **(body.get("metadata") or {})}}

    return merged


def _removed_at_once(_: Any) -> Function:
    def marked(kept: Any, resource: Any, item: Any, **_: Any) -> Any:
        return kept.remove(resource, item["metadata"].get("namespace", ""), item["metadata"]["name"])

    return marked


def _never_too_old(original: Function) -> Function:
    def since(self: Any, resource: Any, version: int) -> Any:
        try:
            return original(self, resource, version)
        except Problem:
            return []

    return since


def _without_end(original: Function) -> Function:
    def lines(self: Any) -> Any:
        self._asked.query.pop("timeoutSeconds", None)
        return original(self)

    return lines


def _same_page(original: Function) -> Function:
    def answer(self: Any, kept: Any, resource: Any, asked: Any, now: float) -> Any:
        return original(self, kept, resource, dataclasses.replace(asked, query=without(asked.query, "continue")), now)

    return answer


def _missing(_: Any) -> Function:
    def get(kept: Any, resource: Any, asked: Any, now: float) -> Any:
        raise problems.not_found(resource, asked.target.name)

    return get


def _always_real(_: Any) -> Any:
    return property(lambda asked: writing.Writer(manager=asked.agent.partition("/")[0]))


def _all_of_it(_: Any) -> Function:
    return lambda kept, resource, *, namespace, query: kept.all(resource, namespace)


def _listed(change: Callable[[Any], Any]) -> Callable[[Any], Function]:
    """The items of each list are changed."""

    def by(original: Function) -> Function:
        return lambda resource, items, **named: original(resource, change(list(items)), **named)

    return by


def _only_more(original: Function) -> Function:
    def sized(*given: Any) -> Iterator[Any]:
        return (act for act in original(*given) if not isinstance(act, acts.Drop))

    return sized


def _modified(original: Function) -> Function:
    def hear(self: Any, event: Any) -> None:
        self._send("MODIFIED", event.object)

    return hear


BREAKS = (
    # Writing
    Break("a new object has no date", writing, "stamp", instead(""), ("test_a_new_object_gets_a_uid_a_date_and_a_version",)),
    Break(
        "versions do not grow", answering, "create", after(lambda told: (told[0], with_metadata(told[1], resourceVersion="7"))),
        ("test_versions_grow_across_kinds",),
    ),
    Break("a generated name has six letters", writing, "digest", instead("bcdfgh"), ("test_a_generated_name_is_the_prefix_and_five_letters",)),
    Break(
        "a name that is taken is a bad request", problems, "exists", refusal(400, "BadRequest"),
        ("test_a_name_that_is_taken_is_409_already_exists",),
    ),
    Break(
        "what is missing has no name", problems, "not_found", refusal(404, "NotFound"),
        (
            "test_what_is_not_there_is_404_with_the_kind_and_the_name", "test_an_object_in_a_namespace_that_is_not_there_is_404",
            "test_a_refusal_is_printed_as_the_server_words_it",
        ),
    ),
    Break("an unknown path is a bad request", problems, "no_such_path", refusal(400, "BadRequest"), ("test_a_resource_that_is_not_served_is_404",)),
    Break(
        "nothing is filled in", defaulting, "defaulted", untouched(0),
        (
            "test_a_new_service_is_filled_in", "test_a_new_deployment_is_filled_in", "test_a_new_cron_job_is_filled_in",
            "test_a_new_gateway_lets_in_routes_of_its_own_namespace", "test_a_new_route_is_filled_in_down_to_the_weights",
            "test_a_route_without_rules_gets_one_that_matches_everything", "test_a_pod_tolerates_a_lost_node_for_five_minutes",
        ),
    ),
    Break("node ports are given twice", addresses, "_node_ports", lambda _: lambda _: set(), ("test_node_ports_are_given_and_not_given_twice",)),
    Break(
        "every Service has an address", addresses, "assigned", after(lambda item: {**item, "spec": {**item["spec"], "clusterIP": "10.96.9.9"}}),
        ("test_headless_and_external_services_have_no_address",),
    ),
    Break(
        "nothing is checked", validating, "check", instead(None),
        (
            "test_a_service_that_makes_no_sense_is_422_with_the_field", "test_a_selector_must_match_its_own_template_and_cannot_be_changed",
            "test_a_name_must_be_a_name", "test_a_cluster_ip_does_not_change", "test_a_patched_object_is_checked_as_a_new_one",
            "test_a_gateway_without_class_or_listeners_is_422_with_the_field", "test_a_weight_out_of_bounds_is_422_with_its_place",
            "test_a_cron_job_that_makes_no_sense_is_422_with_the_field",
        ),
    ),
    Break(
        "preconditions of a write are not looked at", writing, "_replace", _careless_replace,
        (
            "test_a_put_of_an_old_version_is_409_conflict", "test_a_merge_patch_with_an_old_version_is_409", "test_a_name_or_uid_cannot_be_patched",
            "test_a_scale_is_put_and_refused_below_zero_and_with_an_old_version",
            "test_a_conflict_and_a_mistake_are_exceptions_with_the_servers_words",
        ),
    ),
    Break("a put needs a version", writing, "update", _put_with_version_only, ("test_a_put_without_a_version_writes_over_what_is_there",)),
    Break(
        "a write changes status and spec alike", writing, "_merged", _everything_written,
        (
            "test_a_put_cannot_change_the_status_and_a_put_of_the_status_nothing_else",
            "test_a_status_is_written_through_its_subresource_alone",
        ),
    ),
    Break("labels count as a new generation", writing, "_counted", untouched(0), ("test_a_generation_counts_changes_of_the_spec_alone",)),
    Break(
        "what changes nothing is written", writing, "_without", lambda _: lambda *_: object(),
        ("test_a_patch_that_changes_nothing_keeps_the_version",),
    ),
    Break("a binding gets another role", writing, "_check_binding", instead(None), ("test_a_binding_keeps_its_role",)),
    Break("a dry run is none", answering.Asked, "writer", _always_real, ("test_a_dry_run_tells_what_would_be_and_does_nothing",)),
    Break(
        "a body is taken as it comes", answering, "of_kind", lambda _: lambda resource, asked, **_: answering.content(asked),
        (
            "test_a_body_of_another_kind_is_400", "test_an_object_has_to_say_its_kind_and_its_version",
            "test_a_secret_in_plain_text_is_kept_encoded",
        ),
    ),
    Break("a broken body is an empty one", answering, "parsed", instead({}), ("test_a_body_that_is_no_json_is_400",)),
    Break(
        "what cannot be done there is a bad request", problems, "not_allowed", refusal(400, "BadRequest"),
        ("test_a_method_that_is_not_there_is_405",),
    ),
    Break(
        "labels of an object are not told", answering, "get", after(lambda told: (told[0], with_metadata(told[1], labels={}))),
        ("test_a_namespace_has_its_name_as_a_label_and_a_default_account",),
    ),
    Break("nothing is found by its name", answering, "get", _missing, ("test_get_watches", "test_wait_returns_when_the_condition_holds")),
    Break("nobody owns a field", managed_fields, "updated", instead([]), ("test_whoever_wrote_the_selector_owns_it",)),
    # Deleting
    Break(
        "a deletion answers with something", deleting, "result", instead({"metadata": {"uid": "0"}}),
        ("test_what_is_deleted_at_once_is_answered_with_a_status",),
    ),
    Break(
        "preconditions of a deletion are not looked at", deleting, "_check_preconditions", instead(None),
        ("test_a_deletion_can_insist_on_the_uid", "test_an_eviction_can_insist_on_the_uid"),
    ),
    Break(
        "nothing holds what is deleted", deleting, "_marked", _removed_at_once,
        (
            "test_a_finalizer_holds_an_object_until_it_is_taken_off", "test_a_pod_that_ends_is_a_terminating_endpoint_first",
            "test_a_namespace_goes_with_everything_in_it",
        ),
    ),
    Break(
        "what is to end does not", deleting, "_marked", untouched(2), ("test_delete_waits_for_the_end", "test_create_and_delete_a_namespace"),
    ),
    Break("a pod always gets its time", deleting, "grace_of", instead(30), ("test_a_pod_deleted_by_force_is_gone_at_once",)),
    Break("dependents keep their owner", deleting, "orphan", instead(None), ("test_a_deletion_can_leave_the_pods",)),
    Break(
        "an eviction evicts nobody", evicting, "evict",
        instead({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
        ("test_an_eviction_deletes_the_pod_and_another_comes", "test_a_pod_is_evicted", "test_cordon_drain_against_a_budget_and_uncordon"),
    ),
    # Patches
    Break(
        "a patch changes nothing", patches, "apply", lambda _: lambda *, media_type, patch, item: item,
        (
            "test_a_json_patch_replaces_a_whole_map", "test_a_slash_in_a_key_is_written_as_a_tilde_and_a_one",
            "test_a_merge_patch_removes_with_null_and_replaces_lists", "test_a_strategic_patch_can_replace_a_map", "test_a_scale_is_read_and_patched",
            "test_label_annotate_and_patch", "test_apply_creates_configures_and_leaves", "test_an_object_is_made_read_patched_and_deleted",
            "test_our_own_switch_lands_once_and_a_late_one_is_refused",
        ),
    ),
    Break(
        "a patch that does not fit is a bad request", problems, "patch_refused", refusal(400, "BadRequest"),
        (
            "test_a_json_patch_whose_test_fails_is_422_invalid_without_causes", "test_a_json_patch_can_test_uid_and_version",
            "test_a_key_cannot_be_added_to_annotations_that_are_not_there", "test_a_path_that_is_not_there_cannot_be_removed",
            "test_weights_are_moved_by_a_json_patch_that_tests_them_first",
        ),
    ),
    Break(
        "lists have no keys", strategic, "key_of", instead(None),
        ("test_a_strategic_patch_merges_containers_by_name", "test_a_strategic_patch_adds_to_and_deletes_from_a_list_by_its_key"),
    ),
    Break(
        "an unknown media type is a bad request", problems, "wrong_media", refusal(400, "BadRequest"),
        ("test_a_patch_of_an_unknown_media_type_is_415", "test_custom_kinds_know_no_strategic_merge"),
    ),
    Break(
        "a Scale sets nothing", scaling, "scaled", untouched(1), ("test_scale_and_rollout_status", "test_a_deployment_is_scaled"),
    ),
    # Lists and watches
    Break(
        "selectors choose everything", listing, "chosen", _all_of_it,
        (
            "test_many_are_deleted_by_their_labels", "test_a_label_selector_chooses", "test_a_service_without_a_selector_has_no_slice",
            "test_a_field_selector_chooses_by_name_and_by_what_the_kind_allows",
        ),
    ),
    Break(
        "what cannot be read is unprocessable", problems, "bad_request", refusal(422, "Invalid"),
        ("test_a_selector_that_cannot_be_read_is_400", "test_a_continue_token_that_is_none_is_400"),
    ),
    Break(
        "lists are backwards", shaping, "many", _listed(lambda items: items[::-1]),
        ("test_a_list_is_in_the_order_of_names_and_has_a_version", "test_pages_are_read_to_their_end"),
    ),
    Break(
        "items say their kind", shaping, "many",
        after(lambda body: {**body, "items": [{**one, "kind": "Service"} for one in body["items"]]}), ("test_items_of_a_list_do_not_say_their_kind",),
    ),
    Break(
        "lists have no version", shaping, "many", after(lambda body: {**body, "metadata": without(body["metadata"], "resourceVersion")}),
        ("test_our_own_lists_in_small_pages_read_every_kind", "test_every_kind_that_is_shown_is_read_into_its_model"),
    ),
    Break(
        "lists are empty", shaping, "many", _listed(lambda items: []),
        (
            "test_leases_tell_of_nodes_and_leaders", "test_describe_joins_what_belongs_together",
        ),
    ),
    Break("a page is always the first", listing.Pages, "answer", _same_page, ("test_pages_are_of_one_moment",)),
    Break(
        "every form is the whole object", shaping, "form_of", instead("whole"),
        (
            "test_a_list_of_metadata_alone", "test_a_list_as_a_table_has_the_columns_that_kubectl_prints", "test_every_kind_has_its_own_columns",
            "test_a_watch_of_metadata_alone", "test_a_watch_as_a_table_says_the_columns_once", "test_a_cron_job_is_printed_with_its_schedule",
            "test_they_are_printed_with_class_address_and_host_names",
        ),
    ),
    Break("ages are words", tables, "human", instead("long ago"), ("test_get_prints_rows_wide_and_yaml",)),
    Break("a version may be of the future", listing, "check_version", instead(None), ("test_a_version_from_the_future_is_504_for_a_list",)),
    Break(
        "a watch tells nothing of before", store.Store, "since", instead([]),
        (
            "test_from_a_version_every_change_comes_once_and_in_order", "test_objects_in_a_watch_say_their_kind",
            "test_a_watch_of_all_namespaces_tells_of_each", "test_a_watch_tells_of_what_happens", "test_changes_of_weights_are_watched",
            "test_our_own_replay_tells_every_version_of_one_object",
        ),
    ),
    Break(
        "a watch tells nothing new", streaming.Watch, "_hear", instead(None),
        ("test_a_change_reaches_a_watch_that_is_open", "test_our_own_reflector_lists_follows_and_hears_of_the_end"),
    ),
    Break(
        "no version is too old", store.Store, "since", _never_too_old,
        ("test_what_is_forgotten_is_410_for_a_watch_and_for_the_next_page_of_a_list",),
    ),
    Break("a watch begins with nothing", listing, "chosen", instead([]), ("test_without_a_version_what_is_there_comes_first",)),
    Break("the first bookmark says nothing", streaming, "INITIAL_END", lambda _: "other", ("test_initial_events_end_with_a_bookmark_that_says_so",)),
    Break("a watch goes on", streaming.Watch, "lines", _without_end, ("test_a_watch_ends_when_its_time_is_up",)),
    Break(
        "whatever changed was modified", streaming.Watch, "_hear_selected", _modified,
        ("test_an_object_that_begins_or_ceases_to_match_comes_and_goes",),
    ),
    Break("fields choose everything", selecting, "by_fields", instead([]), ("test_one_object_can_be_watched_by_its_name",)),
    # Rights
    Break(
        "a refusal does not say what", permissions, "refusal", refusal(403, "Forbidden"),
        (
            "test_whoever_has_no_right_is_refused_by_name_verb_and_resource", "test_what_is_of_no_namespace_is_refused_at_the_cluster_scope",
        ),
    ),
    Break(
        "everybody may do everything", permissions, "may", instead(True),
        (
            "test_a_role_holds_in_its_namespace_alone", "test_a_right_to_read_is_none_to_patch", "test_only_who_may_impersonate_acts_as_another",
            "test_a_right_can_be_for_one_name_and_for_a_subresource", "test_health_and_version_are_open_to_all_and_discovery_is_not",
            "test_one_may_ask_what_one_may", "test_auth_can_i_and_whoami",
        ),
    ),
    Break("nobody may do anything", permissions, "may", instead(False), ("test_ones_rights_are_asked_for",)),
    Break("there are no rules", permissions, "rules", instead(()), ("test_one_may_ask_for_all_ones_rules",)),
    Break("an unknown token is anonymous", accounts, "of_token", instead(accounts.ANONYMOUS), ("test_an_unknown_token_is_401",)),
    # What follows from a write
    Break(
        "a ReplicaSet has another name", deployments, "new_set",
        after(lambda item: with_metadata(item, name=item["metadata"]["name"] + "-x")), ("test_a_deployment_makes_a_replica_set_and_that_makes_pods",),
    ),
    Break(
        "revisions begin anywhere", deployments, "revision_after", instead(41),
        (
            "test_a_deployments_status_and_revision_say_that_it_is_complete",
            "test_a_new_template_is_a_new_replica_set_and_the_old_one_stays_empty", "test_set_image_rolls_and_undo_goes_back",
        ),
    ),
    Break(
        "a pod does not say when it is ready", pod_life, "status_of", with_status(conditions=[{"type": "Ready", "status": "True"}]),
        ("test_a_pod_that_runs_says_where_since_when_and_that_it_is_ready",),
    ),
    Break(
        "slices are not written", endpoint_slices, "_acts", instead(()),
        ("test_ready_pods_are_behind_their_service", "test_a_selector_that_matches_nothing_leaves_a_slice_without_endpoints"),
    ),
    Break("a Service means every pod", endpoint_slices, "matches", instead(True), ("test_another_selector_means_other_endpoints",)),
    Break("sets only grow", replica_sets, "sized", _only_more, ("test_scaled_to_none_every_pod_goes",)),
    Break("a budget always allows", budgets, "status_of", with_status(disruptionsAllowed=9), ("test_a_budget_counts_and_refuses_with_429",)),
    Break("nothing is garbage", garbage, "_has_other_owner", instead(True), ("test_with_its_owner_everything_goes",)),
    Break("the scheduler does not say why", scheduling, "explained", instead("no"), ("test_a_pod_that_no_node_takes_says_why",)),
    Break(
        "no Event is recorded", recording, "can_be_said", instead(False),
        ("test_an_event_tells_of_it_and_is_found_by_its_object",),
    ),
    Break(
        "DaemonSets take no node", daemon_sets, "takes", instead(False), ("test_a_stateful_set_gives_numbers_and_a_daemon_set_a_pod_to_each_node",),
    ),
    Break("a cordon leaves no taint", node_lifecycle, "tainted", untouched(0), ("test_a_cordoned_node_is_tainted_and_free_again_without_it",)),
    Break(
        "health has no names", health, "listing", instead("ok\n"),
        ("test_health_names_its_checks", "test_version_health_and_the_kinds_that_there_are"),
    ),
    Break(
        "no Service has a selector", answering, "create",
        lambda original: lambda kept, resource, asked, now: original(kept, resource, dataclasses.replace(asked, body=b"{}"), now),
        ("test_expose_makes_a_service_of_a_deployment",),
    ),
    Break(
        "a refusal has other words", selecting, "_unknown_field", instead("no"),
        ("test_kubectl_prints_the_same_about_the_lab_and_the_practice_cluster",),
    ),
    Break("the version is a number", discovery, "version", instead({"gitVersion": 1}), ("test_the_version_is_read",)),
)  # fmt: skip
