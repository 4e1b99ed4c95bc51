"""Every address as a call with ids of one project, to see who gets through with it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.web import tiles
from app.web.crud import CrudView
from app.web.crud_api import CrudApi
from tests.conformance.office import Office
from tests.conformance.pages import Route, routes
from tests.conformance.price_bodies import PRICE_BODIES
from tests.conformance.room_bodies import ROOM_BODIES

#: rows of the whole group: the permission alone keeps strangers out
GROUP_WIDE = {"ab_user", "ab_role", "admin_organization", "admin_organization_member",
              "admin_post_template", "admin_sign_in_session", "core_audit_entry",
              "estate_product_type", "upkeep_daily_check", "upkeep_incident"}  # fmt: skip

#: argument of an address → the row whose id it takes
ARGUMENTS = {
    "account_id": "finance_account",
    "bill_id": "finance_bill",
    "book_id": "finance_bill_book",
    "building_id": "estate_building",
    "customer_id": "customer",
    "drawing_id": "estate_drawing",
    "entry_id": "core_audit_entry",
    "generation_id": "estate_room_generation",
    "import_id": "estate_room_import",
    "job_id": "devices_job",
    "notice_id": "notices_notice",
    "plan_id": "pricing_price_plan",
    "project_id": "estate_project",
    "receipt_id": "receipt",
    "request_id": "request",
    "room_id": "room",
    "subscription_id": "subscription",
    "user_id": "ab_user",
}

#: what ``pk`` is on pages that are not generated
ROW_OF_PAGE = {
    "ApprovalView": "request",
    "BaseDataChangeApi": "pricing_base_data_change",
    "PricePublicationApi": "pricing_publication",
    "PaymentMethodApi": "pricing_payment_method",
    "PriceListView": "estate_room_import",
    "RoomApi": "room",
}

#: addresses in front of or beside the product, each with the reason
NOT_WALKED = {
    "AgentApi.heartbeat": "stations' agents are walked apart",
    "AgentApi.lease": "stations' agents are walked apart",
    "AgentApi.renew": "stations' agents are walked apart",
    "AgentApi.result": "stations' agents are walked apart",
    "AgentApi.started": "stations' agents are walked apart",
    "LocaleView.index": "hidden behind work.language",
    "SecurityApi.login": "signs in",
    "PublicPricesView.of_project": "for everybody where it is switched on; tests/pricing",
    "UtilView.back": "only leads back",
    "account.end_other_sign_ins": "one's own sign-ins only: tests/admin/test_sessions.py",
    "account.end_sign_in": "one's own sign-ins only: tests/admin/test_sessions.py",
    "door.code": "signs in",
    "door.enter": "signs in",
    "door.sign_in": "signs in",
    "door.sign_out": "signs out",
    "door.switch": "signs out",
    "healthz": "tells nothing of the business",
    "exports.cancel": "one's own rows only; strangers are tried in tests/web",
    "exports.fetch": "one's own rows only; strangers are tried in tests/web",
    "exports.repeat": "one's own rows only; strangers are tried in tests/web",
    "lists.delete": "one's own rows only; strangers are tried in tests/web",
    "lists.layout": "one's own rows only; strangers are tried in tests/web",
    "lists.opens": "one's own rows only; strangers are tried in tests/web",
    "lists.save": "one's own rows only; strangers are tried in tests/web",
    "outside.arrive_from": "signs in",
    "outside.leave": "signs in",
    "metrics": "figures for Prometheus, behind a token of its own",
    "work.language": "would go on in English",
}

#: arguments that name no row
WORDS = {"version": "v1", "locale": "zh", "side": "sales"}


@dataclass(frozen=True)
class Call:
    """One call; ``row`` is the table of the row that its address names, "" for none."""

    route: Route
    method: str
    path: str
    row: str = ""
    #: of a call that changes something: JSON for REST, else a form
    body: Mapping[str, Any] = field(default_factory=dict)
    #: whether body or address name rows of the project, so that it must be refused elsewhere
    names_rows: bool = True

    @property
    def label(self) -> str:
        return f"{self.method} {self.path} ({self.route.name})"

    def send(self, client: Any) -> Any:
        if self.method == "GET":
            return client.get(self.path)
        if self.route.is_rest:
            headers = {"Idempotency-Key": f"walk-{abs(hash(self.label))}"}
            return client.open(self.path, method=self.method, json=dict(self.body), headers=headers)
        form = {
            name: (io.BytesIO(value), "list.xlsx") if isinstance(value, bytes) else value
            for name, value in self.body.items()
        }
        return client.open(self.path, method=self.method, data=form)


class UnknownAddressError(Exception):
    """The walk does not know how to fill an address; teach it in tests/conformance/walk.py."""


def calls(office: Office) -> tuple[list[Call], list[str]]:
    """Return every call, and the addresses that nobody taught us to fill."""
    found: list[Call] = []
    unknown: list[str] = []
    for route in routes(office.app):
        if route.name in NOT_WALKED:
            continue
        for method in sorted(route.methods):
            try:
                found += _calls(route, method, office)
            except UnknownAddressError as error:
                unknown.append(str(error))
    return found, unknown


def _calls(route: Route, method: str, office: Office) -> Iterator[Call]:
    body = {} if method == "GET" else body_of(route, method, office)
    for values, row, query in _fillings(route, office):
        path = route.rule.build(values, append_unknown=False)
        assert path is not None, route.rule
        names = bool(row) or _names_rows(route, body, office)
        yield Call(route, method, path[1] + query, row, body, names)
        if method == "GET" and not row and isinstance(route.view, CrudView | CrudApi):
            for narrowed in _filters(route, office):
                yield Call(route, method, f"{path[1]}?{narrowed}", "", {}, names_rows=False)


def _fillings(route: Route, office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield values for the arguments of an address, the table of the row they name, a query."""
    if route.name in SPECIAL:
        yield from SPECIAL[route.name](route, office)
        return
    names = set(route.rule.arguments)
    if names == {"name"} and isinstance(route.view, CrudView):
        row = table_of(route)
        for action in route.view.row_actions:
            yield {"name": action.name}, row, f"?id={id_of(row, office, route)}"
        return
    values: dict[str, Any] = {}
    found = ""
    for name in names:
        if name in WORDS:
            values[name] = WORDS[name]
            continue
        found = row_of(name, route)
        values[name] = id_of(found, office, route)
    yield values, found, ""


def row_of(argument: str, route: Route) -> str:
    if argument == "pk" and isinstance(route.view, CrudView | CrudApi):
        return table_of(route)
    if argument == "pk":
        found = ROW_OF_PAGE.get(type(route.view).__name__)
    else:
        found = ARGUMENTS.get(argument)
    if found is None:
        raise UnknownAddressError(f"<{argument}> of {route.rule.rule} ({route.name})")
    return found


def table_of(route: Route) -> str:
    view = route.view if isinstance(route.view, CrudView) else route.view.view
    return str(view.model.__tablename__)


def id_of(row: str, office: Office, route: Route) -> int:
    if row in GROUP_WIDE:
        return 1
    if row not in office.ids:
        raise UnknownAddressError(f"the demo has no {row} for {route.rule.rule} ({route.name})")
    return office.ids[row]


def is_of_the_group(call: Call) -> bool:
    """Tell whether a call is about rows of the whole group, which only the right keeps."""
    if call.row in GROUP_WIDE:
        return True
    model = getattr(getattr(call.route.view, "datamodel", None), "obj", None)
    if model is None and hasattr(call.route.view, "view_class"):
        return table_of(call.route) in GROUP_WIDE
    return model is not None and model.__tablename__ in GROUP_WIDE


def _filters(route: Route, office: Office) -> Iterator[str]:
    """Yield what narrows a list to the project, by every relation that can be filtered by."""
    view = route.view if isinstance(route.view, CrudView) else route.view.view
    yield f"everywhere=1&project_id={office.project}&q=栋"
    for column in view.filter_columns:
        target = column.relations[-1].mapper.class_.__tablename__ if column.relations else ""
        if target in office.ids:
            yield f"everywhere=1&{column.path}={office.ids[target]}"


# ---- addresses with arguments of their own ----


def _steps(_route: Route, office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    for verb in ("approve", "reject", "return", "delegate", "consult", "opinion", "withdraw",
                 "send"):  # fmt: skip
        yield {"pk": office.ids["request"], "verb": verb}, "request", ""


def _asks(_route: Route, office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    yield {"kind": "special_discount", "subject_id": office.ids["room"]}, "room", ""
    plan = "pricing_price_plan"
    yield {"kind": "price_change", "subject_id": office.ids[plan]}, plan, ""


def _settings(_route: Route, _office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    yield {"name": "sales.hold_days"}, "ab_role", ""


def _choices(_route: Route, office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    for view in office.app.appbuilder.baseviews:  # type: ignore[attr-defined]
        if not isinstance(view, CrudView):
            continue
        names = {*view.search_columns, *view.field_names("add"), *view.field_names("edit")}
        names |= {name for action in view.row_actions for name in action.fields}
        for name in sorted(names):
            if view.choice_target(name) is not None:
                query = f"?q=&project={office.project}"
                yield {"endpoint": view.endpoint, "field": name}, "", query


def _failed_job(_route: Route, _office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    for word in ("retry", "discard"):
        yield {"pk": 1, "word": word}, "ab_role", ""


def _search(_route: Route, _office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    for words in ("欧阳", "138776", "栋", "SJ", "RG2", "松风", "76543"):
        yield {}, "", f"?q={words}"


def _customers(_route: Route, office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    for words in ("欧阳", "13877665544", "5544"):
        yield {}, "", f"?q={words}&project_id={office.project}"


def _lists(**more: str) -> Any:
    def fill(_route: Route, office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
        yield {}, "", ""
        yield {}, "", f"?project_id={office.project}"
        for name, row in more.items():
            yield {}, "", f"?{name}={office.ids[row]}"

    return fill


def _tiles(_route: Route, office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    for key in office.app.extensions[tiles.EXTENSION]:
        yield {"key": key}, "", ""


def _audit_choices(_route: Route, _office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    for kind in ("person", "project"):
        yield {"kind": kind}, "", "?q="


def _purpose(_office: Office) -> dict[str, Any]:
    return {"purpose": "测试"}


def _tile_defaults(_route: Route, _office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    yield {"role": "cashier"}, "ab_role", ""


def _jobs(_route: Route, office: Office) -> Iterator[tuple[dict[str, Any], str, str]]:
    yield {}, "", ""
    yield {}, "", f"?subject_type=receipt&subject_id={office.ids['receipt']}"


SPECIAL = {
    "ApprovalView.act": _steps,
    "SystemView.job": _failed_job,
    "AuditView.choices": _audit_choices,
    "ApprovalView.ask": _asks,
    "SettingsView.save": _settings,
    "WorkbenchView.default": _tile_defaults,
    "WorkbenchView.tile": _tiles,
    "choices.choices": _choices,
    "search.search": _search,
    "CustomerApi.search": _customers,
    "CustomerView.choices": _customers,
    "AccountApi.search": _lists(),
    "BillApi.list_bills": _lists(book_id="finance_bill_book"),
    "BillBookApi.list_books": _lists(),
    "DeviceJobApi.list_jobs": _jobs,
    "DiscountApi.list": _lists(),
    "PaymentMethodApi.list": _lists(),
    "PricePlanApi.list": _lists(),
    "ReceiptApi.list_receipts": _lists(account_id="finance_account"),
    "SubscriptionApi.list": _lists(),
}


# ---- bodies ----


def _names_rows(route: Route, body: Mapping[str, Any], office: Office) -> bool:
    """Tell whether a body names rows of the project."""
    if route.name in BODIES:
        return bool(body) and route.name not in NAMES_NO_ROW
    if not body or not isinstance(route.view, CrudView | CrudApi):
        return False
    view = route.view if isinstance(route.view, CrudView) else route.view.view
    targets = [view.choice_target(name.removesuffix("_id")) for name in body]
    return any(one is not None and one.__tablename__ in office.ids for one in targets)


def body_of(route: Route, method: str, office: Office) -> dict[str, Any]:
    """Return a plausible body that names the project's rows wherever it can."""
    if method == "DELETE":
        return {}
    if isinstance(route.view, CrudApi):
        return _values(route.view.view, "add" if method == "POST" else "edit", office, rest=True)
    if isinstance(route.view, CrudView) and route.name.endswith((".add", ".edit")):
        return _values(route.view, route.name.rpartition(".")[2], office, rest=False)
    if isinstance(route.view, CrudView) and route.name.endswith((".delete", ".act")):
        return {"_form": "1", "reason": "测试", "password": "a-long-password-1"}
    if route.name not in BODIES:
        raise UnknownAddressError(f"the body of {method} {route.rule.rule} ({route.name})")
    return dict(BODIES[route.name](office))


def _values(view: CrudView, purpose: str, office: Office, *, rest: bool) -> dict[str, Any]:
    """Return values for the fields of a generated form: rows of the project, plain text else."""
    if getattr(view, f"{purpose}_operation") is None:
        return {}
    found: dict[str, Any] = {}
    for name in view.field_names(purpose):
        target = view.choice_target(name)
        if target is None:
            found[name] = PLAIN.get(name, "7")
        else:
            row = office.ids.get(target.__tablename__, 1)
            found[f"{name}_id" if rest else name] = row
    return found


#: plausible texts of fields by name; anything else gets a figure
PLAIN = {
    "name": "越界",
    "code": "OUT",
    "username": "out.of.scope",
    "email": "out@example.com",
    "full_name": "越界",
    "password": "a-long-password-1",
    "mobile": "13900001111",
    "kind": "percent",
    "granted_on": "2026-01-02",
    "number": "9901",
    "gross_area": "88.00",
    "value": "1.00",
}


def _nothing(_office: Office) -> dict[str, Any]:
    return {}


def _reason(_office: Office) -> dict[str, Any]:
    return {"reason": "测试", "comment": "测试"}


def _colleague(office: Office) -> dict[str, Any]:
    return {"comment": "测试", "user_id": office.users["manager"]}


def _wish(office: Office) -> dict[str, Any]:
    return {
        "kind": "special_discount",
        "subject": {"type": "room", "id": office.ids["room"]},
        "values": {
            "customer_id": office.ids["customer"],
            "percent": "1.00",
            "valid_until": "2099-12-31",
        },
        "reason": "测试",
    }


def _asked(office: Office) -> dict[str, Any]:
    return {"do": "send", "reason": "测试", **_wish(office)["values"]}


def _hold(office: Office) -> dict[str, Any]:
    return {"reason": "测试", "customer_id": office.ids["customer"],
            "customer": office.ids["customer"]}  # fmt: skip


def _order(office: Office) -> dict[str, Any]:
    return {
        "room_id": office.ids["room"],
        "payment_method_id": office.ids["pricing_payment_method"],
        "discount_ids": [office.ids["pricing_discount"]],
        "buyers": [{"customer_id": office.ids["customer"], "share": "100.00"}],
    }


def _order_form(office: Office) -> dict[str, Any]:
    return {
        "payment_method_id": office.ids["pricing_payment_method"],
        "discount_ids": office.ids["pricing_discount"],
        "customer_id": office.ids["customer"],
        "share": "100.00",
    }


def _customer(office: Office) -> dict[str, Any]:
    return {
        "project_id": office.project,
        "kind": "person",
        "name": "越界",
        "mobile": "13900001112",
        "consent": True,
    }


def _renamed(_office: Office) -> dict[str, Any]:
    return {"name": "越界"}


def _money(office: Office) -> dict[str, Any]:
    subject = {"type": "subscription", "id": office.ids["subscription"]}
    return {"subject": subject, "amount": "1.00", "method": "cash", "payer": "越界"}


def _payment(_office: Office) -> dict[str, Any]:
    return {"amount": "1.00", "method": "cash", "payer": "越界", "purpose": ""}


def _book(office: Office) -> dict[str, Any]:
    return {"project_id": office.project, "prefix": "ZZ", "first_number": 1, "last_number": 9,
            "digits": 5, "cashier_id": None}  # fmt: skip


def _cashier(office: Office) -> dict[str, Any]:
    return {"cashier_id": office.users["cashier"]}


def _plan(office: Office) -> dict[str, Any]:
    row = {"room_id": office.ids["room"], "list_total": "1000000.00"}
    return {"project_id": office.project, "name": "越界", "rows": [row]}


def _cells(office: Office) -> dict[str, Any]:
    row = {"room_id": office.ids["room"], "list_total": "1000000.00", "seen": {}}
    return {"rows": [row]}


def _rooms(office: Office) -> dict[str, Any]:
    return {"room_ids": [office.ids["room"]]}


def _sale(office: Office) -> dict[str, Any]:
    return {"building_id": office.ids["estate_building"], "reason": "测试"}


def _sale_of_rooms(office: Office) -> dict[str, Any]:
    return {"room_ids": [office.ids["room"]], "reason": "测试"}


def _file(office: Office) -> dict[str, Any]:
    return {"project": office.project, "project_id": office.project, "file": b"no workbook"}


BODIES = {
    **PRICE_BODIES,
    **ROOM_BODIES,
    "HandoverView.hand_over": _nothing,
    "ViewAsView.begin": _nothing,
    "ViewAsView.end": _nothing,
    "SystemView.sign": lambda _office: {"remarks": "测试"},
    "SystemView.job": _nothing,
    "ApprovalApi.approve": _reason,
    "ApprovalApi.ask": _wish,
    "ApprovalApi.consult": _colleague,
    "ApprovalApi.delegate": _colleague,
    "ApprovalApi.edit": _wish,
    "ApprovalApi.opinion": _reason,
    "ApprovalApi.preview": _wish,
    "ApprovalApi.reject": _reason,
    "ApprovalApi.return_to": _reason,
    "ApprovalApi.send": _reason,
    "ApprovalApi.withdraw": _reason,
    "ApprovalView.act": _colleague,
    "ApprovalView.ask": _asked,
    "ApprovalView.edit": _asked,
    "BillApi.void": _reason,
    "BillBookApi.create": _book,
    "BillBookApi.issue": _cashier,
    "CashierView.account": _payment,
    "CashierView.slip": _payment,
    "CustomerApi.edit": _renamed,
    "CustomerApi.register": _customer,
    "CustomerApi.reveal": _nothing,
    "CustomerView.copy": _purpose,
    "CustomerView.reveal": _nothing,
    "DeskView.hold": _hold,
    "DeskView.name_customer": _hold,
    "DeskView.release": _reason,
    "DeskView.subscribe": _order_form,
    "DeviceJobApi.cancel": _reason,
    "DeviceJobApi.mark": _reason,
    "DeviceJobApi.retry": _reason,
    "DeviceView.settings": _nothing,
    "HoldApi.hold": _hold,
    "HoldApi.name_customer": _hold,
    "HoldApi.release": _reason,
    "NoticeApi.read": _nothing,
    "NoticeApi.read_all": _nothing,
    "NoticeView.kinds": _nothing,
    "NoticeView.read_all": _nothing,
    "PlanTableApi.add_rooms": _rooms,
    "PlanTableApi.cancel": _reason,
    "PlanTableApi.cells": _cells,
    "PlanTableApi.remove_rooms": _rooms,
    "PriceListView.again": _nothing,
    "PriceListView.carry_out": _nothing,
    "PriceListView.check": _file,
    "PriceListView.columns": _nothing,
    "PricePlanApi.add": _plan,
    "PricePlanApi.edit": _plan,
    "PricePlanView.cancel": _reason,
    "ProjectImportApi.take_in": _nothing,
    "QuoteApi.calculate": _order,
    "ReceiptApi.confirm": _nothing,
    "ReceiptApi.create": _money,
    "ReceiptApi.reverse": _reason,
    "ReceiptApi.withdraw": _nothing,
    "RoomImportApi.carry_out": _nothing,
    "RoomImportApi.check": _nothing,
    "PaymentMethodView.preview": lambda _office: {"sample_total": "1"},
    "RoomImportApi.columns": lambda _office: {"columns": {"房号": "number"}},
    "RoomSaleApi.confirm_price": _nothing,
    "RoomSaleApi.release_for_sale": _sale,
    "RoomSaleApi.withdraw": _sale_of_rooms,
    "RoleView.show": _nothing,
    "SaleView.release": _reason,
    "SaleView.withdraw": _reason,
    "SettingsView.save": _nothing,
    "SignInSecurityView.save": _nothing,
    "StationView.token": _nothing,
    "SubscriptionApi.create": _order,
    "WorkbenchView.arrange": _nothing,
    "WorkbenchView.default": _nothing,
    "account.second_factor": _nothing,
    "account.second_factor_codes": _nothing,
    "account.second_factor_off": _nothing,
    "door.change_password": _nothing,
    "work.keys_switch": _nothing,
    "work.switch": _nothing,
}


#: what these send names no row of a project
NAMES_NO_ROW = {
    "BaseDataView.review", "BaseDataView.take_back", "DrawingView.add", "DrawingApi.add",
    "PaymentMethodView.preview", "LoanScheduleApi.calculate", "SignInSecurityView.save",
    "door.change_password", "PriceListView.check", "RoleView.show", "SettingsView.save",
    "SystemView.sign", "SystemView.job",
    "WorkbenchView.arrange", "WorkbenchView.default", "work.keys_switch",
}  # fmt: skip


def words_of(answer: Any) -> str:
    """Return everything that an answer lets one read; a workbook is unpacked."""
    data = answer.get_data()
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"\n".join(book.read(name) for name in book.namelist())
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    return headers + "\n" + data.decode("utf-8", "replace")
