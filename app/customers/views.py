"""Pages of customers: list, form, one customer, and the choice of one for other forms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import quote

from flask import Response, jsonify, request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, validators
from wtforms.fields.choices import SelectChoice

from app.core.actor import Actor, current_actor
from app.core.errors import NotFound
from app.core.settings import get_setting
from app.core.uow import unit_of_work
from app.customers import copy_file, operations, policies, privacy
from app.customers.answers import phone_for
from app.customers.models import Customer, CustomerKind, IdentityKind
from app.customers.queries import get_customer, matching, search_customers
from app.customers.settings import PURPOSE
from app.web import show_page
from app.web.access import needs
from app.web.actions import Related, RowAction
from app.web.columns import Column
from app.web.crud import CrudView, guarded
from app.web.crud_forms import CrudForm, LineField
from app.web.export import XLSX
from app.web.formats import state_chip
from app.web.history import AUDIT_PERMISSION, tell_looks
from app.web.listing import Query
from app.web.menu import MenuItem
from app.web.projects import current_project_id
from app.web.rest import current
from app.web.story_words import StoryOf, describe_story, rows_of

MOST_CHOICES = 20
SEXES = {"": "–", "male": _l("Male"), "female": _l("Female")}


def phone_of(customer: Customer) -> str:
    """Return the phone as the signed-in person may see it."""
    actor = current_actor()
    return phone_for(customer, actor) if actor else customer.masked_mobile


def _if_own(name: str) -> Any:
    def value(customer: Customer) -> Any:
        actor = current_actor()
        own = actor is not None and policies.can_see_phone(customer, actor)
        found = getattr(customer, name)
        return found if own or not found else "•••"

    return value


def _document(customer: Customer) -> str:
    if not customer.has_document:
        return ""
    return f"{IdentityKind(str(customer.id_kind)).title} {customer.masked_id_number}"


def _entered(has_document: bool) -> Markup:
    return (
        state_chip("entered", _l("Entered"), "ok")
        if has_document
        else state_chip("missing", _l("Missing"), "warn")
    )


def register(actor: Actor, **values: Any) -> Customer:
    """Register the customer in the project that the signed-in person works in."""
    project_id = current_project_id()
    if project_id is None:
        raise NotFound(_l("There is no such project within your scope."))
    named = {"name": values.pop("name") or "", "mobile": values.pop("mobile") or ""}
    return operations.register_customer(project_id=project_id, actor=actor, **named, **values)


def edit(customer: Customer, actor: Actor, **values: Any) -> Customer:
    """Change the customer by the form; what was veiled and left as it was stays."""
    veiled = Veiled(customer)
    if not policies.can_see_phone(customer, actor):
        values = {
            name: value
            for name, value in values.items()
            if name not in Veiled.NAMES or value != getattr(veiled, name)
        }
    if "mobile" in values:
        values["mobile"] = values["mobile"] or ""
    return operations.edit_customer(
        customer, actor=actor, **{**values, "name": values["name"] or ""}
    )


class Veiled:
    """A customer as a form shows it to somebody who may not see the person's data in full."""

    NAMES = ("mobile", "birthday", "address")

    def __init__(self, customer: Customer) -> None:
        self._customer = customer
        self.mobile = customer.masked_mobile
        self.birthday = None
        self.address = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._customer, name)


class CustomerView(CrudView):
    """客户: one's own customers, or those of the whole project."""

    datamodel = SQLAInterface(Customer)
    route_base = "/customers"
    permission = policies.CUSTOMER
    list_title = _l("Customers")
    search_rank = 20
    add_title = _l("Register customer")
    empty_sentence = _l(
        "No customer yet. Register whoever calls or visits; the first who does owns."
    )
    list_columns = ("name", "phone", "kind", "has_document", "owner", "source", "created_at")
    search_columns = ("name", "kind", "owner", "source", "created_at")
    computed = {
        "phone": phone_of,
        "document": _document,
        "own_birthday": _if_own("birthday"),
        "own_address": _if_own("address"),
        "sex_word": lambda row: SEXES[row.sex] if row.sex else "",
    }
    formatters = {
        "has_document": _entered,
        "phone": lambda phone: Markup('<span class="num">{}</span>').format(phone),
    }
    label_columns = {
        "name": _l("Customer name"),
        "kind": _l("Kind"),
        "phone": _l("Phone"),
        "mobile": _l("Mobile number"),
        "document": _l("Identity document"),
        "has_document": _l("Identity document"),
        "id_kind": _l("Kind of document"),
        "id_number": _l("Number of document"),
        "sex": _l("Sex"),
        "sex_word": _l("Sex"),
        "birthday": _l("Birthday"),
        "own_birthday": _l("Birthday"),
        "address": _l("Address"),
        "own_address": _l("Address"),
        "source": _l("Source"),
        "remark": _l("Remark"),
        "owner": _l("Consultant"),
        "consent": _l("The person agrees that these data are kept for the purchase"),
        "consented_at": _l("Agreed at"),
        "consent_purpose": _l("What the data are kept for"),
        "anonymized_at": _l("Anonymized at"),
        "created_at": _l("Registered at"),
    }
    help_columns = {
        "birthday": _l("Filled in from a resident identity card."),
        "sex": _l("Filled in from a resident identity card."),
    }
    edit_help = {
        "id_number": _l("Kept encrypted; needed for a subscription. Leave empty to keep it.")
    }
    states = {"kind": CustomerKind, "id_kind": IdentityKind}
    show_fieldsets = (
        (_l("Basics"), ("name", "kind", "phone", "sex_word", "own_birthday", "document")),
        (_l("More"), ("own_address", "source", "owner", "created_at", "remark")),
        (_l("Consent"), ("consented_at", "consent_purpose")),
    )
    add_fieldsets = (
        (_l("Basics"), ("kind", "name", "mobile")),
        (_l("Identity document"), ("id_kind", "id_number", "sex", "birthday")),
        (_l("More"), ("source", "address", "remark", "consent")),
    )
    edit_fieldsets = (
        (_l("Basics"), ("name", "mobile")),
        (_l("Identity document"), ("id_kind", "id_number", "sex", "birthday")),
        (_l("More"), ("source", "address", "remark", "consent")),
    )
    form_extra = {
        "mobile": LineField(
            _l("Mobile number"),
            description=_l("11 digits; looked up among the project's customers before saving."),
            validators=[validators.InputRequired(message=_l("This is needed."))],
        ),
        "id_number": LineField(
            _l("Number of document"),
            description=_l("Kept encrypted; needed for a subscription."),
        ),
        "sex": SelectField(
            _l("Sex"),
            choices=[SelectChoice(value, title) for value, title in SEXES.items()],
            coerce=lambda value: value or None,
        ),
        "consent": BooleanField(_l("The person agrees that these data are kept for the purchase")),
    }
    load = ("owner",)
    add_operation = register
    edit_operation = edit
    exportable = False
    row_actions = (
        RowAction(
            "anonymize",
            _l("Anonymize"),
            "anonymize",
            privacy.anonymize_customer,
            fields={
                "reason": LineField(
                    _l("Reason"),
                    description=_l(
                        "Everything that says who this is will be blanked. This cannot be undone."
                    ),
                    validators=[validators.InputRequired(message=_l("This is needed."))],
                )
            },
            done=_l("The customer has been anonymized."),
            when=lambda row: row.anonymized_at is None,
            many=False,
            kind="d",
        ),
    )
    can_edit = staticmethod(lambda row: row.anonymized_at is None)
    related = (
        Related(_l("Subscriptions"), "SubscriptionView", by="customers"),
        Related(_l("Holds"), "HoldView", by="customer"),
    )

    def find(self, typed: str, *, actor: Actor, project_id: int | None) -> list[Customer]:
        """Find as the choice does: by a part of the name, phone, its tail, or a document."""
        del actor  # the scope knows him
        return search_customers(typed, project_id=project_id, limit=MOST_CHOICES)

    def query(
        self,
        given: MultiDict[str, str],
        actor: Actor,
        *,
        project_id: int | None = None,
        columns: Sequence[Column] | None = None,
    ) -> tuple[Query, list[Any]]:
        """Search as customers are searched: by name, phone tail, phone or document."""
        rest = MultiDict((key, value) for key, value in given.items(multi=True) if key != "q")
        found, filters = super().query(rest, actor, project_id=project_id, columns=columns)
        fits = matching(given.get("q", ""))
        if fits is not None:
            found.predicates.append(fits)
        return found, filters

    def quick(self) -> list[Column]:
        """Return what the search box says that it looks into."""
        return [self.column("name"), self.column("phone"), self.column("document")]

    def prefill(self, purpose: str, row: Any) -> dict[str, Any]:
        """Begin with a person, and with what was agreed before."""
        if purpose == "edit":
            return {"consent": row.consented_at is not None}
        return {"kind": CustomerKind.PERSON.value}

    def form_class(self, purpose: str) -> type[CrudForm]:
        """Say in the form what the data are kept for, as the office has set it."""
        made = super().form_class(purpose)
        made.consent.kwargs["description"] = _l(  # type: ignore[attr-defined]
            "Tell the person what for: %(purpose)s", purpose=get_setting(PURPOSE)
        )
        return made

    def make(
        self, purpose: str, row: Any = None, posted: MultiDict[str, str] | None = None
    ) -> CrudForm:
        """Show nobody a phone that he may not see, not even in the form."""
        if row is not None and not policies.can_see_phone(row, current()):
            row = Veiled(row)
        return super().make(purpose, row, posted)

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show one customer."""
        return self._page(pk, actor)

    @expose("/reveal/<int:pk>", methods=["POST"])
    @guarded("see")
    def reveal(self, pk: int, *, actor: Actor) -> Any:
        """Show phone and identity number in full, this once; it is written down who saw them."""
        with unit_of_work(actor):
            customer = get_customer(pk)
            whole = {"mobile": operations.reveal_mobile(customer, actor=actor)}
            if customer.has_document:
                whole["id_number"] = operations.reveal_identity_number(customer, actor=actor)
        return self._page(pk, actor, whole)

    def _page(self, pk: int, actor: Actor, whole: dict[str, str] | None = None) -> Any:
        row = self.get(pk, actor)
        return self.render_template(
            "customers/show.html",
            page=show_page.build(self, row, actor),
            customer=row,
            whole=whole,
            may_reveal=policies.can_reveal(row, actor),
            may_copy=actor.may(policies.COPY) and row.anonymized_at is None,
            looks=self._looks(row, actor),
        )

    def _looks(self, row: Customer, actor: Actor) -> Any:
        """Return who saw the data in full, for those who are charged with them."""
        if not actor.may_any(policies.SEE_WHOLE, policies.COPY, AUDIT_PERMISSION):
            return None
        return tell_looks(privacy.list_looks(row.id), actor)

    @expose("/copy/<int:pk>", methods=["POST"])
    @guarded("copy")
    def copy(self, pk: int, *, actor: Actor) -> Any:
        """Send all that is held about the customer as an Excel file; it is written down."""
        with unit_of_work(actor):
            customer = get_customer(pk)
            purpose = request.form.get("purpose", "")
            sheets = privacy.copy_of_data(customer, purpose=purpose, actor=actor)
            content = copy_file.write(sheets)
        name = quote(f"{_l('Personal data')}-{pk}.xlsx")
        return Response(
            content,
            mimetype=XLSX,
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
        )

    @expose("/choices")
    @needs(policies.CHOOSE)
    def choices(self) -> Any:
        """Answer at most 20 customers that fit what was typed, for forms that need one."""
        project_id = request.args.get("project", type=int) or current_project_id()
        found = search_customers(
            request.args.get("q", ""), project_id=project_id, limit=MOST_CHOICES
        )
        return jsonify(result=[customer_option(one, current()) for one in found])


def customer_option(customer: Customer, actor: Actor) -> dict[str, Any]:
    """Return a customer as a choice shows it."""
    details = [phone_for(customer, actor)]
    if not customer.has_document:
        details.append(str(_l("no identity document")))
    return {"id": customer.id, "text": customer.name, "detail": " · ".join(details)}


def told_names(ids: Collection[int], actor: Actor) -> dict[int, str]:
    """Return names for the audit: masked for who may not see these customers."""
    return {
        row.id: row.name
        if policies.sees(row.owner_id, row.project_id, actor) and actor.may(policies.SEE)
        else row.masked_name
        for row in rows_of(Customer, ids)
    }


describe_story(Customer.__tablename__, StoryOf(names=told_names, silent=frozenset({"search_keys"})))

VIEWS = [CustomerView]
MENU = [
    MenuItem(_l("Customers"), "customers", 10, policies.SEE, view=CustomerView, icon="users"),
]
