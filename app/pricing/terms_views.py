"""Pages of payment methods with their lines, and of discounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import FieldList, FormField, SelectField, validators
from wtforms.fields.choices import SelectChoice

from app.core.actor import Actor
from app.core.bad_value import BadValue
from app.core.errors import Invalid
from app.core.money import ZERO, format_yuan, parse_yuan
from app.core.permissions import ROLE_TITLES
from app.estate.milestones import MilestoneKind
from app.pricing import entries, operations, policies
from app.pricing.grantors import GRANTORS
from app.pricing.method_lines import with_stages
from app.pricing.method_preview import preview_method
from app.pricing.models import Discount, PaymentMethod, PaymentMethodLine
from app.pricing.operations import LineDraft
from app.pricing.titles import DISCOUNT_KINDS, DUE_RULES, LINE_BASES, LINE_KINDS
from app.web import show_page
from app.web.crud import CrudView, guarded
from app.web.crud_forms import AmountField, CrudForm, DayField, LineField, WholeField

#: lines that the form offers at once; empty ones are left out
OFFERED_LINES = 6
DATES = ("valid_from", "valid_to")


def _choice(label: Any, titles: Mapping[str, Any], *, blank: bool = False) -> Any:
    options = [SelectChoice(value, title) for value, title in titles.items()]
    if blank:
        options.insert(0, SelectChoice("", "–"))
    return SelectField(label, choices=options, validators=[validators.Optional()])


class LineForm(CrudForm):
    """One line of a payment method; without a kind it is left out."""

    kind = _choice(_l("Kind"), LINE_KINDS, blank=True)
    name = LineField(_l("Name"), [validators.Length(max=60)])
    basis = _choice(_l("Basis"), LINE_BASES)
    value = AmountField(_l("Amount or percent"), [validators.Optional()])
    due_rule = _choice(_l("Due"), DUE_RULES)
    due_days = WholeField(_l("Days"), [validators.Optional(), validators.NumberRange(0, 3650)])
    due_on = DayField(_l("On"), [validators.Optional()])
    due_stage = _choice(
        _l("Building stage"), {kind.value: kind.title for kind in MilestoneKind}, blank=True
    )
    round_down_to = AmountField(_l("Rounded down to, yuan"), [validators.Optional()])


def _drafts(lines: list[dict[str, Any]]) -> list[LineDraft]:
    """Return the lines that were filled in; a line without a name is called by its kind."""
    return [
        LineDraft(**{**line, "name": line["name"] or str(LINE_KINDS[line["kind"]])})
        for line in lines
        if line.get("kind")
    ]


def add_method(*, lines: list[dict[str, Any]], actor: Actor, **values: Any) -> PaymentMethod:
    """Add the payment method of the form."""
    return operations.add_payment_method(lines=_drafts(lines), actor=actor, **values)


def edit_method(
    method: PaymentMethod, *, lines: list[dict[str, Any]], actor: Actor, **values: Any
) -> PaymentMethod:
    """Change the payment method by the form."""
    return operations.edit_payment_method(method, lines=_drafts(lines), actor=actor, **values)


def _check_form(values: dict[str, Any], *, row: PaymentMethod | None = None) -> None:
    """Check what could be read of the form as the operation would."""
    if "lines" in values:
        values = {**values, "lines": with_stages(_drafts(values["lines"]))}
    entries.check_payment_method(values, row=row)


def amount_words(line: PaymentMethodLine) -> str:
    """Return how much a line is, in words: 100,000.00, 30.00%, the rest."""
    if line.basis == "percent":
        return f"{format_yuan(line.value or 0)}%"
    return format_yuan(line.value or 0) if line.basis == "fixed" else str(LINE_BASES["rest"])


def line_words(line: PaymentMethodLine) -> str:
    """Return a line in words: 首期 30.00%."""
    return f"{line.name} {amount_words(line)}"


def due_words(line: PaymentMethodLine) -> str:
    """Return when a line is due, in words."""
    if line.due_on is not None:
        return line.due_on.isoformat()
    if line.due_stage is not None:
        return str(MilestoneKind(line.due_stage).title)
    sentences = {
        "subscription": _l("%(days)d days after subscription", days=line.due_days or 0),
        "contract": _l("%(days)d days after contract", days=line.due_days or 0),
    }
    return str(sentences.get(line.due_rule, DUE_RULES[line.due_rule]))


def place_words(terms: PaymentMethod | Discount) -> Any:
    """Return where a method or discount holds, in words."""
    return "、".join(one.name for one in terms.buildings) or _l("the whole project")


class PaymentMethodView(CrudView):
    """付款方式."""

    datamodel = SQLAInterface(PaymentMethod)
    route_base = "/payment-methods"
    permission = policies.PAYMENT_METHOD
    list_title = _l("Payment methods")
    add_title = _l("New payment method")
    empty_sentence = _l("No payment method yet. Without one nobody can subscribe.")
    list_columns = ("name", "discount_percent", "line_words", "place_words", "is_active", *DATES)
    search_columns = ("name", "is_active")
    computed = {
        "line_words": lambda row: "；".join(line_words(line) for line in row.lines),
        "place_words": place_words,
    }
    label_columns = {
        "name": _l("Payment method"),
        "discount_percent": _l("Discount"),
        "line_words": _l("Payments"),
        "lines": _l("Payments"),
        "buildings": _l("For the buildings"),
        "place_words": _l("For the buildings"),
        "valid_from": _l("Valid from"),
        "valid_to": _l("Valid to"),
        "position": _l("Place in the choice"),
    }
    help_columns = {
        "discount_percent": _l("Percent off the list total, such as 2.00."),
        "buildings": _l("Empty: the whole project."),
    }
    units = {"discount_percent": "%"}
    load = ("lines", "buildings")
    order = ("position", "id")
    show_fieldsets = (
        (
            "",
            ("name", "discount_percent", "place_words", "is_active", *DATES, "position", "project"),
        ),
    )
    add_fieldsets = (
        ("", ("project", "name", "discount_percent", "position", *DATES, "buildings", "is_active")),
        (_l("Payments"), ("lines",)),
    )
    edit_fieldsets = (
        ("", ("name", "discount_percent", "position", *DATES, "buildings", "is_active")),
        (_l("Payments"), ("lines",)),
    )
    form_optional = frozenset({"position", "discount_percent", "buildings"})
    form_extra = {
        "lines": FieldList(FormField(LineForm), label=_l("Payments"), min_entries=OFFERED_LINES)
    }
    add_operation = add_method
    also_check = _check_form
    edit_operation = edit_method
    delete_operation = operations.delete_payment_method
    show_template = "pricing/payment_method.html"
    form_template = "pricing/payment_method_form.html"
    exportable = False

    @expose("/preview", methods=["POST"])
    @guarded("edit")
    def preview(self, *, actor: Actor) -> Any:  # noqa: ARG002 - the permission has been checked
        """Answer what the typed lines come to at a price; nothing is kept."""
        form = self.make("add", posted=request.form)
        form.validate()
        if form.lines.errors or form.discount_percent.errors:
            return {"problem": _("An amount, percent, day or number of days cannot be read.")}
        try:
            total = parse_yuan(request.form.get("sample_total", ""))
            found = preview_method(
                _drafts(form.lines.data),
                discount_percent=form.discount_percent.data or ZERO,
                list_total=total,
            )
        except (BadValue, Invalid) as error:
            return {"problem": str(error.message)}
        return found

    @expose("/show/<int:pk>")
    @guarded("see")
    def show(self, pk: int, *, actor: Actor) -> Any:
        """Show a payment method with its lines."""
        method = self.get(pk, actor)
        lines = [
            {
                "name": line.name,
                "kind": LINE_KINDS.get(line.kind, line.kind),
                "amount": amount_words(line),
                "due": due_words(line),
                "round_down_to": line.round_down_to,
            }
            for line in method.lines
        ]
        page = show_page.build(self, method, actor)
        return self.render_template(self.show_template, page=page, lines=lines)


class DiscountView(CrudView):
    """折扣."""

    datamodel = SQLAInterface(Discount)
    route_base = "/discounts"
    permission = policies.DISCOUNT
    list_title = _l("Discounts")
    add_title = _l("New discount")
    empty_sentence = _l("No discount yet.")
    list_columns = (
        "name", "kind", "value", "position", "place_words", "grantor_role", "is_stackable",
        "is_active", *DATES,
    )  # fmt: skip
    search_columns = ("name", "is_active")
    formatters = {
        "kind": lambda kind: DISCOUNT_KINDS.get(kind, kind),
        "grantor_role": lambda role: ROLE_TITLES.get(role, "") if role else "",
    }
    computed = {"place_words": place_words}
    label_columns = {
        "name": _l("Discount"),
        "kind": _l("Kind"),
        "value": _l("Value"),
        "position": _l("Place in the order"),
        "is_stackable": _l("Together with others"),
        "buildings": _l("For the buildings"),
        "place_words": _l("For the buildings"),
        "grantor_role": _l("Granted by"),
        "valid_from": _l("Valid from"),
        "valid_to": _l("Valid to"),
    }
    help_columns = {
        "value": _l("Percent, yuan per m² or yuan, by the kind."),
        "position": _l("Chosen discounts are taken off in this order."),
        "buildings": _l("Empty: the whole project."),
        "grantor_role": _l("This role and those above it; empty: whoever quotes."),
    }
    load = ("buildings",)
    order = ("position", "id")
    show_fieldsets = (
        (
            "",
            (
                "name",
                "kind",
                "value",
                "position",
                "place_words",
                "grantor_role",
                "is_stackable",
                "is_active",
                *DATES,
                "project",
            ),
        ),
    )
    add_fieldsets = (
        (
            "",
            (
                "project",
                "name",
                "kind",
                "value",
                "position",
                *DATES,
                "buildings",
                "grantor_role",
                "is_stackable",
                "is_active",
            ),
        ),
    )
    edit_fieldsets = (
        (
            "",
            (
                "name",
                "kind",
                "value",
                "position",
                *DATES,
                "buildings",
                "grantor_role",
                "is_stackable",
                "is_active",
            ),
        ),
    )
    form_optional = frozenset({"position", "buildings", "grantor_role"})
    form_extra = {
        "kind": _choice(_l("Kind"), DISCOUNT_KINDS),
        "grantor_role": _choice(
            _l("Granted by"), {role: ROLE_TITLES[role] for role in GRANTORS}, blank=True
        ),
    }
    add_operation = operations.add_discount
    also_check = entries.check_discount
    edit_operation = operations.edit_discount
    delete_operation = operations.delete_discount
    exportable = False
