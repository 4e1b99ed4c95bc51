"""The consultant's pages about one room: quotation, hold, special discount, subscription."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.core import clock
from app.core.actor import Actor
from app.core.bad_value import BadValue
from app.core.errors import DomainError, NotFound
from app.core.money import capital
from app.core.pdf import PaperUnavailable
from app.core.uow import unit_of_work
from app.customers.models import Customer
from app.customers.queries import list_customers
from app.estate.models import Room, RoomStatus
from app.estate.queries import get_room
from app.pricing import operations as pricing
from app.pricing.grantors import may_grant
from app.pricing.models import Discount, PaymentMethod
from app.pricing.queries import get_current_price, list_discounts, list_payment_methods
from app.pricing.quoting import quote_data
from app.sales import operations
from app.sales.answers import shown_steps
from app.sales.forms import AskDiscountForm, HoldForm, SubscribeForm, Terms, whole
from app.sales.models import SpecialDiscount
from app.sales.operations.special_discounts import find_usable_special
from app.sales.policies import (
    ADD_HOLD,
    ADD_SUBSCRIPTION,
    ASK_SPECIAL,
    CONTROL,
    SEE_QUOTE,
    room_actions,
)
from app.sales.queries import LiveHold, live_holds, usable_special_discounts
from app.sales.shown_loans import Lines, lent_of, read_loan
from app.web.access import needs
from app.web.closing import still_offered
from app.web.crud_forms import CrudForm
from app.web.paper import draw_pdf, send_pdf
from app.web.rest import current

USUAL_VALIDITY = timedelta(days=7)


@dataclass(frozen=True)
class RoomPage:
    """What every page about a room shows of it, and what may be chosen for it."""

    room: Room
    list_unit_price: Decimal | None
    list_total: Decimal | None
    hold: LiveHold | None
    actions: list[str]
    methods: list[PaymentMethod]
    discounts: list[Discount]
    specials: list[SpecialDiscount]

    @property
    def status(self) -> RoomStatus:
        """Return the room's status."""
        return RoomStatus(self.room.status)


def read_room(room_id: int, actor: Actor) -> RoomPage:
    """Read the room with its price and terms. Raises NotFound outside scope."""
    room = get_room(room_id)
    price = get_current_price(room_id)
    hold = live_holds([room_id]).get(room_id)
    today = clock.today()
    actions = still_offered(room_actions(room, actor, hold=hold), room.project_id, actor)
    return RoomPage(
        room=room,
        list_unit_price=price.list_unit_price if price else None,
        list_total=price.list_total if price else None,
        hold=hold,
        actions=actions,
        methods=[
            one for one in list_payment_methods(room.project_id, on=today) if _is_for(one, room)
        ],
        discounts=[
            one
            for one in list_discounts(room.project_id, on=today)
            if _is_for(one, room) and may_grant(one, actor)
        ],
        specials=usable_special_discounts(room_id),
    )


def _is_for(terms: PaymentMethod | Discount, room: Room) -> bool:
    return not terms.buildings or room.building_id in {one.id for one in terms.buildings}


@dataclass(frozen=True)
class ShownQuote:
    """A quotation ready for drawing, or the sentence that says why there is none."""

    data: Mapping[str, Any] | None
    refused: Any = None

    @property
    def receivables(self) -> Lines:
        """Return the lines of what is to be paid and when; none without a quotation."""
        return self.data["receivables"] if self.data else []


def calculate(room_id: int, terms: Terms, actor: Actor) -> ShownQuote:
    """Return what the room costs under the chosen terms, or why that cannot be said."""
    if terms.payment_method_id is None:
        return ShownQuote(None)
    try:
        special = None
        if terms.special_discount_id is not None:
            special = find_usable_special(terms.special_discount_id, room_id=room_id)
        found = pricing.quote(
            room_id=room_id,
            payment_method_id=terms.payment_method_id,
            discount_ids=terms.discount_ids,
            special_percent=special.percent if special else None,
            actor=actor,
        )
    except NotFound:
        raise
    except DomainError as error:
        return ShownQuote(None, error.message)
    data = quote_data(found)
    data["steps"] = shown_steps(data["steps"])
    return ShownQuote(data)


def _read_quotation(room_id: int, actor: Actor) -> dict[str, Any]:
    """Return what the quotation sheet says, on screen and on paper, under the terms asked for."""
    page = read_room(room_id, actor)
    terms = _begun(Terms.read(request.args), page)
    shown = calculate(room_id, terms, actor)
    loan, loan_problem = None, None
    try:
        loan = read_loan(shown.receivables, request.args)
    except BadValue as error:
        loan_problem = error.message
    return {
        "page": page,
        "terms": terms,
        "quote": shown,
        "customer": _asked_customer() or _held_for(page.hold),
        "loan": loan,
        "loan_problem": loan_problem,
    }


class DeskView(BaseView):
    """Pages about one room."""

    route_base = "/sales"
    default_view = "quotation"

    @expose("/quotation/<int:room_id>")
    @needs(SEE_QUOTE)
    def quotation(self, room_id: int) -> Any:
        """Show the quotation sheet: price step by step, what is to be paid when, the loan."""
        shown = _read_quotation(room_id, current())
        return self.render_template(
            "sales/quotation.html",
            **shown,
            has_fund=bool(lent_of(shown["quote"].receivables, "fund")),
            given=request.args,
            pdf_url=_again(".quotation_pdf", room_id),
            today=clock.today(),
        )

    @expose("/quotation/<int:room_id>/sheet.pdf")
    @needs(SEE_QUOTE)
    def quotation_pdf(self, room_id: int) -> Any:
        """Send the quotation sheet as PDF, or go back to the page that says what is missing."""
        actor = current()
        shown = _read_quotation(room_id, actor)
        page, quote = shown["page"], shown["quote"]
        back = _again(".quotation", room_id)
        if quote.data is None or shown["loan_problem"]:
            return redirect(back)
        method = shown["terms"].payment_method_id
        try:
            drawn = draw_pdf(
                "sales/quotation_pdf.html",
                **shown,
                method=next((one.name for one in page.methods if one.id == method), ""),
                consultant=actor.name,
                capital=capital(Decimal(quote.data["deal_total"])),
                now=clock.local(clock.now()).strftime("%Y-%m-%d %H:%M"),
            )
        except PaperUnavailable as error:
            flash(error.message, "danger")
            return redirect(back)
        return send_pdf(drawn, f"{_('Quotation')} {page.room.title}")

    @expose("/subscribe/<int:room_id>", methods=["GET", "POST"])
    @needs(ADD_SUBSCRIPTION)
    def subscribe(self, room_id: int) -> Any:
        """Show the subscription form, or subscribe the room."""
        actor = current()
        if request.method == "POST":
            form = SubscribeForm.read(request.form)
            made = self._subscribe(room_id, form, actor)
            if made is not None:
                return redirect(url_for("SubscriptionView.show", pk=made))
            page = read_room(room_id, actor)
        else:
            page = read_room(room_id, actor)
            terms = _begun(Terms.read(request.args), page)
            customer = _asked_customer() or _held_for(page.hold)
            form = SubscribeForm.fresh(_with_granted(terms, page, customer), customer)
        answer = self.render_template(
            "sales/subscribe.html",
            page=page,
            form=form,
            quote=calculate(room_id, form.terms, actor),
        )
        return answer, 422 if form.problem else 200

    def _subscribe(self, room_id: int, form: SubscribeForm, actor: Actor) -> int | None:
        """Subscribe in one unit of work; None if it was refused, with the reason in the form."""
        try:
            with unit_of_work(actor):
                made = operations.subscribe(form.order(room_id), actor=actor)
                made_id, number = int(made.id), made.number
        except NotFound:
            raise
        except DomainError as error:
            form.problem = error.message
            form.errors = {**form.errors, **error.fields}
            return None
        flash(_("%(number)s has been made. The deposit is to be taken now.", number=number))
        return made_id

    @expose("/hold/<int:room_id>", methods=["GET", "POST"])
    @needs(ADD_HOLD)
    def hold(self, room_id: int) -> Any:
        """Show the hold form, or hold the room."""
        actor = current()
        page = read_room(room_id, actor)
        limit = operations.longest_hold(actor, page.room.project_id)
        form = HoldForm(
            formdata=request.form if request.method == "POST" else None,
            data={"customer_id": whole(request.args.get("customer_id"))},
        )
        problem = None
        placed: list[operations.PlacedHold] = []
        if request.method == "POST" and form.validate():
            problem = self._run(
                lambda: placed.append(
                    operations.hold_room(
                        room_id,
                        reason=form.reason.data or "",
                        customer_id=form.customer_id.data,
                        until=form.until.data,
                        actor=actor,
                    )
                ),
                form,
                actor,
            )
            if problem is None:
                flash(
                    _("%(room)s is kept off the market.", room=page.room.title)
                    if placed[0].kind == RoomStatus.HELD.value
                    else _("%(room)s is held.", room=page.room.title)
                )
                return redirect(f"/grid/?room={room_id}")
            page = read_room(room_id, actor)
        answer = self.render_template(
            "sales/hold.html",
            page=page,
            form=form,
            problem=problem,
            latest=clock.now() + limit,
            days=limit.days,
            may_control=actor.may(CONTROL),
        )
        return answer, 422 if problem or form.errors else 200

    @expose("/hold/<int:room_id>/customer", methods=["GET", "POST"])
    @needs(ADD_HOLD)
    def name_customer(self, room_id: int) -> Any:
        """Give a hold in one's own name its customer."""
        actor = current()
        page = read_room(room_id, actor)
        form = HoldForm(formdata=request.form if request.method == "POST" else None)
        problem = None
        if request.method == "POST" and form.customer_id.data:
            problem = self._run(
                lambda: operations.name_hold_customer(
                    room_id, customer_id=form.customer_id.data, actor=actor
                ),
                form,
                actor,
            )
            if problem is None:
                flash(_("The hold of %(room)s has its customer now.", room=page.room.title))
                return redirect(f"/grid/?room={room_id}")
        elif request.method == "POST":
            problem = _("Choose the customer.")
        answer = self.render_template(
            "sales/name_customer.html", page=page, form=form, problem=problem
        )
        return answer, 422 if problem else 200

    @expose("/release/<int:room_id>", methods=["POST"])
    @needs(ADD_HOLD)
    def release(self, room_id: int) -> Any:
        """End the hold of a room."""
        actor = current()
        try:
            with unit_of_work(actor):
                ended = operations.release_hold(
                    room_id, reason=request.form.get("reason", ""), actor=actor
                )
                title = ended.room.title
            flash(_("%(room)s is for sale again.", room=title))
        except NotFound:
            raise
        except DomainError as error:
            flash(str(error.message), "danger")
        return redirect(f"/grid/?room={room_id}")

    @expose("/special-discount/<int:room_id>")
    @needs(ASK_SPECIAL)
    def special_discount(self, room_id: int) -> Any:
        """Begin a request for a special discount: for whom, how deep, until when.

        What would change and who decides is shown by the request's own page before it is sent.
        """
        page = read_room(room_id, current())
        held_for = _held_for(page.hold)
        form = AskDiscountForm(
            data={
                "customer_id": whole(request.args.get("customer_id"))
                or (held_for.id if held_for else None),
                "valid_until": clock.today() + USUAL_VALIDITY,
            }
        )
        return self.render_template("sales/special_discount.html", page=page, form=form)

    def _run(self, step: Any, form: CrudForm, actor: Actor) -> Any:
        """Take the step in one unit of work; return the sentence if it was refused."""
        try:
            with unit_of_work(actor):
                step()
        except NotFound as error:
            return error.message
        except DomainError as error:
            for name, sentence in error.fields.items():
                if name in form:
                    form[name].errors = [str(sentence)]
            return error.message
        return None


def _again(page: str, room_id: int) -> str:
    # The conditions go along as they came: as arguments of url_for some would mean something.
    return f"{url_for(page, room_id=room_id)}?{request.query_string.decode()}"


def _begun(terms: Terms, page: RoomPage) -> Terms:
    """Return the terms with the first payment method where none was chosen."""
    if terms.payment_method_id is not None or not page.methods:
        return terms
    return Terms(page.methods[0].id, terms.discount_ids, terms.special_discount_id)


def _with_granted(terms: Terms, page: RoomPage, customer: Customer | None) -> Terms:
    """Return the terms with the discount that was granted to this customer, if it is one."""
    granted = [one.id for one in page.specials if customer and one.customer_id == customer.id]
    if terms.special_discount_id is not None or len(granted) != 1:
        return terms
    return replace(terms, special_discount_id=granted[0])


def _asked_customer() -> Customer | None:
    wanted = whole(request.args.get("customer_id"))
    found = list_customers([wanted]) if wanted else []
    return found[0] if found else None


def _held_for(hold: LiveHold | None) -> Customer | None:
    """Return the customer that the room is held for, if the actor may see that customer."""
    found = list_customers([hold.customer_id]) if hold and hold.customer_id else []
    return found[0] if found else None
