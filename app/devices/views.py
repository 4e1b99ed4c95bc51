"""Pages: stations, who works there, devices with their lights, and hooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import BooleanField, SelectField, validators
from wtforms.fields.choices import SelectChoice

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DomainError, NotFound
from app.core.uow import unit_of_work
from app.devices import catalogue, operations, queries
from app.devices.capabilities import DriverSpec, Setting
from app.devices.job_views import DeviceJobView
from app.devices.models import (
    Device,
    DeviceHook,
    DeviceStatus,
    Station,
    StationOperator,
)
from app.devices.policies import DEVICE, HOOK, JOB, OPERATOR, STATION
from app.web.actions import Related, RowAction
from app.web.choices import ChoiceOf, describe_choice
from app.web.crud import CrudView, guarded
from app.web.crud_api import crud_api
from app.web.crud_forms import CrudForm, LineField, WholeField
from app.web.formats import state_chip, yes_no
from app.web.menu import MenuItem
from app.web.projects import current_project_id
from app.web.saving import problem_of

LIGHTS = {
    "ok": "ok",
    "paper_near_end": "warn",
    "paper_out": "bad",
    "cover_open": "bad",
    "offline": "bad",
    "unreachable": "bad",
    queries.SILENT: "mute",
}
OFF, NONE = "off", "none"
#: the worst first: a station's light is that of its worst device
WORST = ("unreachable", "offline", "cover_open", "paper_out", queries.SILENT, "paper_near_end")

describe_choice(Station, ChoiceOf(("name",), order=("name",)))
describe_choice(
    Device,
    ChoiceOf(
        ("name", "station.name"),
        order=("name",),
        load=("station",),
        detail=lambda device: device.station.name,
    ),
)


def here() -> int:
    """Return the project that the person works in. Raises NotFound if he reaches none."""
    found = current_project_id()
    if found is None:
        raise NotFound(_("There is no such project within your scope."))
    return found


def light_chip(state: str) -> Markup:
    """Return a status light: a word with its tint."""
    words = {OFF: _("Switched off"), NONE: _("No device")}
    return state_chip(
        state, words.get(state) or queries.light_title(state), LIGHTS.get(state, "mute")
    )


def light_of(device: Device) -> str:
    """Return the state that the light of a device shows."""
    if not device.is_active:
        return OFF
    return queries.light(_statuses([device.id]).get(device.id))


def light_of_station(station: Station) -> str:
    """Return the state that the light of a station shows: that of its worst device."""
    devices = _devices(station.id)
    statuses = _statuses([device.id for device in devices])
    states = {queries.light(statuses.get(device.id)) for device in devices}
    return next((state for state in WORST if state in states), "ok" if states else NONE)


def _devices(station_id: int) -> list[Device]:
    """Return a station's devices, read for all stations of the page at once."""
    known: dict[int, list[Device]] = request.environ.setdefault("xiaokong.devices", {})
    if station_id not in known:
        known.update(queries.devices_by_station({station_id, *_loaded(Station)} - set(known)))
    return known[station_id]


def _statuses(device_ids: list[int]) -> dict[int, DeviceStatus | None]:
    """Return what the agents last said, read for all devices of the page at once."""
    known: dict[int, DeviceStatus | None] = request.environ.setdefault(
        "xiaokong.device_statuses", {}
    )
    if not set(device_ids) <= set(known):
        missing = {*device_ids, *_loaded(Device)} - set(known)
        known.update(dict.fromkeys(missing))
        known.update(queries.known_statuses(missing))
    return known


def _loaded(model: type) -> set[int]:
    """Return the ids of the rows that the page has read; the keys ask the database nothing."""
    return {key[1][0] for key in db.session.identity_map.keys() if key[0] is model}  # noqa: SIM118


# --- stations ---------------------------------------------------------------------------------


def add_station(*, name: str, actor: Actor) -> Station:
    """Add a station to the project of the top bar; its token is given on its page."""
    return operations.create_station(project_id=here(), name=name, actor=actor)[0]


class StationView(CrudView):
    """工位."""

    datamodel = SQLAInterface(Station)
    route_base = "/stations"
    permission = STATION
    list_title = _l("Stations")
    add_title = _l("New station")
    empty_sentence = _l("A station is a counter's PC with its devices. Add the first one.")
    list_columns = ["name", "light", "is_active"]
    search_columns = ["name", "is_active"]
    label_columns = {"light": _l("Status light")}
    computed = {"light": light_of_station}
    formatters = {"light": light_chip}
    heading_state = "light"
    order = ("name",)
    add_fieldsets = [("", ["name"])]
    edit_fieldsets = [("", ["name", "is_active"])]
    show_fieldsets = [("", ["name", "light", "is_active"])]
    show_template = "devices/station.html"
    exportable = False
    add_operation = add_station
    edit_operation = operations.edit_station
    related = [
        Related(_l("Devices"), "DeviceView", "station"),
        Related(_l("People"), "StationOperatorView", "station"),
    ]

    @expose("/token/<int:pk>", methods=["POST"])
    @guarded("renew_token")
    def token(self, pk: int, *, actor: Actor) -> Any:
        """Give the station a new token and show it, this once."""
        with unit_of_work(actor):
            station = self.get(pk, actor)
            token = operations.renew_station_token(station, actor=actor)
            name = station.name
        page = self.render_template("devices/token.html", view=self, pk=pk, name=name, token=token)
        return page, 200, {"Cache-Control": "no-store"}


def operator_title(operator: StationOperator) -> str:
    """Return who works where."""
    return f"{operator.user} – {operator.station}"


class StationOperatorView(CrudView):
    """工位人员."""

    datamodel = SQLAInterface(StationOperator)
    route_base = "/station-operators"
    permission = OPERATOR
    list_title = _l("People at stations")
    add_title = _l("Put somebody to a station")
    list_columns = ["user", "station"]
    search_columns = ["station", "user"]
    label_columns = {"station": _l("Station")}
    row_title = staticmethod(operator_title)
    form_fieldsets = [("", ["station", "user"])]
    help_columns = {"user": _l("The papers of what he does come out at this station.")}
    exportable = False
    add_operation = operations.add_operator
    delete_operation = operations.remove_operator


# --- devices ----------------------------------------------------------------------------------


def edit_device(
    device: Device, *, name: str, driver: str, url: str, is_active: bool, actor: Actor
) -> Device:
    """Change a device; its settings stay with their driver."""
    settings = device.settings if device.driver == driver else {}
    return operations.edit_device(
        device,
        name=name,
        driver=driver,
        url=url,
        settings=settings,
        is_active=is_active,
        actor=actor,
    )


def print_test(device: Device, *, actor: Actor) -> None:
    """Queue a test page."""
    operations.print_test_page(device.id, actor=actor)


def choices_of(titles: Mapping[str, Any]) -> list[SelectChoice]:
    """Return codes with their titles as a field offers them."""
    return [SelectChoice(code, title) for code, title in titles.items()]


def driver_choices() -> list[SelectChoice]:
    """Return the drivers by name with their titles."""
    specs = catalogue.driver_specs()
    return choices_of({name: catalogue.text(spec.title) for name, spec in specs.items()})


def driver_title(name: str) -> str:
    """Return what a driver is called; its code where this release does not have it."""
    specs = catalogue.driver_specs()
    return str(catalogue.text(specs[name].title)) if name in specs else name


def settings_text(device: Device) -> str:
    """Return the settings in words."""
    if device.driver not in catalogue.driver_specs():
        return ""
    spec = catalogue.driver(device.driver)
    values = _known(spec, device.settings)
    return "\n".join(
        f"{catalogue.text(one.title)}: {_value_text(one, values[one.name])}"
        for one in spec.settings
    )


def _value_text(setting: Setting, value: Any) -> str:
    if isinstance(value, bool):
        return str(yes_no(value))
    return str(catalogue.text(setting.title_of(value))) if setting.choices else str(value)


class DeviceView(CrudView):
    """设备."""

    datamodel = SQLAInterface(Device)
    route_base = "/devices"
    permission = DEVICE
    list_title = _l("Devices")
    add_title = _l("New device")
    list_columns = ["name", "station", "kind", "light", "url"]
    search_columns = ["name", "station", "is_active"]
    label_columns = {
        "station": _l("Station"),
        "driver": _l("Driver"),
        "url": _l("Connection"),
        "light": _l("Status light"),
        "settings_text": _l("Settings"),
    }
    help_columns = {
        "url": _l("A port such as /dev/ttyUSB0 or COM3, or socket://address:port."),
    }
    computed = {"light": light_of, "settings_text": settings_text}
    wide = ("settings_text",)
    formatters = {"kind": queries.kind_title, "light": light_chip, "driver": driver_title}
    heading_state = "light"
    order = ("station.name", "name")
    load = ("station",)
    show_fieldsets = [
        ("", ["name", "light", "station", "kind", "driver", "url", "is_active"]),
        ("", ["settings_text"]),
    ]
    form_extra = {
        "driver": SelectField(_l("Driver"), choices=driver_choices),
    }
    add_fieldsets = [("", ["station", "name", "driver", "url"])]
    edit_fieldsets = [("", ["name", "driver", "url", "is_active"])]
    show_template = "devices/device.html"
    exportable = False
    add_operation = operations.create_device
    edit_operation = edit_device
    row_actions = [
        RowAction("test", _l("Test print"), "test", print_test, many=False, kind="p", icon="print")
    ]

    @expose("/settings/<int:pk>", methods=["GET", "POST"])
    @guarded("edit")
    def settings(self, pk: int, *, actor: Actor) -> Any:
        """Show the driver's settings as a form, or change them."""
        row = self.get(pk, actor)
        spec = catalogue.driver(row.driver)
        posted = request.form if request.method == "POST" else None
        form = settings_form(spec)(formdata=posted, data=_known(spec, row.settings))
        problem = None
        if request.method == "POST" and form.validate():
            try:
                with unit_of_work(actor):
                    self._set(self.get(pk, actor), form, actor)
            except DomainError as error:
                problem = problem_of(error, form, self.model)
                row = self.get(pk, actor)
            else:
                flash(_("%(record)s has been changed.", record=self.title_of(self.get(pk, actor))))
                return redirect(self.url("show", pk=pk))
        page = self.render_template(
            "web/form.html",
            view=self,
            form=form,
            sections=[("", list(form))],
            row=row,
            problem=problem,
            title=_("Settings of %(record)s", record=self.title_of(row)),
            seen="",
        )
        return page, 422 if problem or form.errors else 200

    def _set(self, device: Device, form: CrudForm, actor: Actor) -> None:
        operations.edit_device(
            device,
            name=device.name,
            driver=device.driver,
            url=device.url,
            settings={str(field.short_name): field.data for field in form},
            is_active=device.is_active,
            actor=actor,
        )


def settings_form(spec: DriverSpec) -> type[CrudForm]:
    """Return the form for a driver's settings, made of how the driver describes them."""
    fields = {setting.name: _setting_field(setting) for setting in spec.settings}
    return type("SettingsForm", (CrudForm,), fields)


def _setting_field(setting: Setting) -> Any:
    given = {"description": catalogue.text(setting.help)}
    title = catalogue.text(setting.title)
    if setting.choices:
        choices = choices_of(
            {str(choice): catalogue.text(setting.title_of(choice)) for choice in setting.choices}
        )
        return SelectField(title, choices=choices, **given)
    if isinstance(setting.default, bool):
        return BooleanField(title, **given)
    if isinstance(setting.default, int):
        bounds = validators.NumberRange(setting.minimum, setting.maximum)
        return WholeField(title, [validators.InputRequired(), bounds], **given)
    return LineField(title, **given)


def _known(spec: DriverSpec, values: dict[str, Any]) -> dict[str, Any]:
    return {one.name: values.get(one.name, one.default) for one in spec.settings}


# --- hooks ------------------------------------------------------------------------------------


def add_hook(*, actor: Actor, **values: Any) -> DeviceHook:
    """Add a hook to the project of the top bar."""
    return operations.create_hook(project_id=here(), actor=actor, **values)


def hook_title(hook: DeviceHook) -> str:
    """Return on what the hook hangs."""
    return str(operations.EVENTS.get(hook.event, hook.event))


class DeviceHookView(CrudView):
    """设备联动."""

    datamodel = SQLAInterface(DeviceHook)
    route_base = "/device-hooks"
    permission = HOOK
    list_title = _l("Device hooks")
    add_title = _l("New hook")
    empty_sentence = _l("A hook says what comes out of which device when something happens.")
    list_columns = ["event", "command", "device_kind", "device", "is_active"]
    search_columns = ["event", "device_kind", "is_active"]
    label_columns = {
        "event": _l("Event"),
        "command": _l("Order"),
        "device_kind": _l("Kind of device"),
        "device": _l("Device"),
    }
    help_columns = {
        "device": _l("Left empty: the device of this kind at the station of whoever acts."),
    }
    formatters = {
        "event": lambda code: operations.EVENTS.get(code, code),
        "command": lambda code: operations.COMMANDS.get(code, code),
        "device_kind": queries.kind_title,
    }
    row_title = staticmethod(hook_title)
    order = ("event", "id")
    form_extra = {
        "event": SelectField(_l("Event"), choices=lambda: choices_of(operations.EVENTS)),
        "command": SelectField(_l("Order"), choices=lambda: choices_of(operations.COMMANDS)),
        "device_kind": SelectField(
            _l("Kind of device"), choices=lambda: choices_of(catalogue.kinds())
        ),
    }
    add_fieldsets = [("", ["event", "command", "device_kind", "device"])]
    edit_fieldsets = [("", ["event", "command", "device_kind", "device", "is_active"])]
    exportable = False
    add_operation = add_hook
    edit_operation = operations.edit_hook
    delete_operation = operations.delete_hook


VIEWS = [StationView, StationOperatorView, DeviceView, DeviceHookView, DeviceJobView]
MENU = [
    MenuItem(
        _l("Device jobs"),
        "finance",
        80,
        f"{JOB}:see",
        view=DeviceJobView,
        icon="print",
        badge=lambda _actor: queries.count_troubled(),
    ),
    MenuItem(_l("Devices"), "system", 42, f"{DEVICE}:see", view=DeviceView, icon="device"),
    MenuItem(_l("Stations"), "system", 40, f"{STATION}:see", view=StationView, icon="desk"),
    MenuItem(
        _l("People at stations"),
        "system",
        44,
        f"{OPERATOR}:see",
        view=StationOperatorView,
        icon="user",
    ),
    MenuItem(_l("Device hooks"), "system", 46, f"{HOOK}:see", view=DeviceHookView, icon="flow"),
]
RESOURCES = [
    crud_api(StationView),
    crud_api(StationOperatorView),
    crud_api(DeviceView),
    crud_api(DeviceHookView),
]
