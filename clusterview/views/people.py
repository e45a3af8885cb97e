"""Who may sign in, for administrators: add somebody, give another role, make a link, disable.

A link is shown once, in the answer to the press of its button, and is kept nowhere.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.forms import CharField, ChoiceField, Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clusterview.access import links, names, people, roles
from clusterview.models import Grant
from clusterview.models.people import Role
from clusterview.stream import notices, publishing
from clusterview.views import pages

ACTIONS = ("link", "role", "disable", "enable")
ROLES = [
    (Role.VIEWER, gettext_lazy("viewer: sees everything, changes nothing")),
    (Role.OPERATOR, gettext_lazy("operator: may switch traffic")),
    (Role.ADMIN, gettext_lazy("admin: may also arm clusters and add people")),
]


class Name(CharField):
    """A name as it is kept, so that it is checked as that."""

    def to_python(self, value: str | None) -> str:
        return names.as_kept(super().to_python(value) or "")


class NewPerson(Form):
    name = Name(max_length=60, validators=[RegexValidator(r"^[\w.@+-]+\Z", gettext_lazy("Letters, digits and . @ + - _ only."))])
    role = ChoiceField(choices=ROLES)


@never_cache
@require_http_methods(["GET", "POST"])
def everyone(request: HttpRequest) -> HttpResponse:
    """GET lists everybody; POST adds a person and shows their link."""
    person = administrator(request)
    if person is None:
        return pages.page(request, "signed_out.html", status=401)
    form = NewPerson(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return listing(request, person=person, form=form)
    name, role = form.cleaned_data["name"], form.cleaned_data["role"]
    try:
        user = people.add(name=name, role=role, actor=person)
    except ValueError:
        form.add_error("name", gettext("This name is taken, by a person, a token or Clusterview itself."))
        return listing(request, person=person, form=form)
    return listing(request, person=person, form=NewPerson(), link_for=user)


@never_cache
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, user: int, action: str) -> HttpResponse:
    """POST does one of ACTIONS, after some of which this is the address that stands above the list: GET leads there.

    A disabled person's open pages are rung for; another role counts at the next request, which reads it anew.
    """
    person = administrator(request)
    if person is None:
        return pages.page(request, "signed_out.html", status=401)
    everybody = reverse("people") + pages.within(request.GET.get("cluster", ""))
    if request.method != "POST":
        return HttpResponseRedirect(everybody)
    found = User.objects.filter(pk=user, grant__isnull=False).first()
    if found is None or action not in ACTIONS:
        raise Http404
    if action == "link":
        return listing(request, person=person, form=NewPerson(), link_for=found)
    try:
        if action == "role":
            people.set_role(user_id=user, role=request.POST.get("role", ""), actor=person)
        else:
            people.set_active(user_id=user, active=action == "enable", actor=person)
    except ValueError:
        problem = gettext("That would leave nobody who may administer.")
        return listing(request, person=person, form=NewPerson(), problem=problem, status=409)
    if action == "disable":
        notices.revoked(redis=publishing.connect(url=settings.REDIS_URL), user_id=user)
    return HttpResponseRedirect(everybody)


def administrator(request: HttpRequest) -> people.Person | None:
    """The administrator who asks; None for a stranger. Raises PermissionDenied for everybody else."""
    person = people.asking(request, people.person_of_session(request.session.session_key))
    if person and not roles.allows(person.role, Role.ADMIN):
        raise PermissionDenied
    return person


def listing(
    request: HttpRequest, *, person: people.Person, form: NewPerson, link_for: User | None = None, problem: str = "", status: int = 200
) -> HttpResponse:
    """The page with everybody; with `link_for`, a fresh link that signs that person in once."""
    link = f"{address(request)}{reverse('login', kwargs={'token': links.create(user=link_for, actor=person)})}" if link_for else ""
    grants = Grant.objects.select_related("user").order_by("user__username")
    return pages.page(
        request, "people.html", person=person, status=status,
        grants=grants, roles=ROLES, form=form, link=link, link_for=link_for, problem=problem,
    )  # fmt: skip


def address(request: HttpRequest) -> str:
    """Where people reach this installation: never another host than the ones that are allowed."""
    return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
