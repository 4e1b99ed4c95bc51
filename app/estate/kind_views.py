"""Pages of what rooms are of: entrances, house types and fit-outs."""

from __future__ import annotations

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.estate import entries, operations, policies
from app.estate.models import Entrance, FitOut, HouseType
from app.web.actions import Related
from app.web.crud import CrudView

SQUARE_METRES = "㎡"


class EntranceView(CrudView):
    """单元."""

    datamodel = SQLAInterface(Entrance)
    route_base = "/entrances"
    permission = policies.ENTRANCE
    list_title = _l("Entrances")
    add_title = _l("New entrance")
    empty_sentence = _l("No entrance yet. A building may also have none.")
    list_columns = ("name", "building", "position", "project")
    search_columns = ("name", "building")
    label_columns = {"name": _l("Entrance"), "position": _l("Place from the left")}
    order = ("building.position", "position", "id")
    show_fieldsets = (("", ("name", "building", "position", "project")),)
    add_fieldsets = (("", ("building", "name", "position")),)
    edit_fieldsets = (("", ("name", "position")),)
    form_optional = frozenset({"position"})
    add_operation = operations.add_entrance
    edit_operation = operations.edit_entrance
    delete_operation = operations.delete_entrance
    related = (Related(_l("Rooms"), "RoomView", "entrance"),)
    exportable = False


class HouseTypeView(CrudView):
    """户型."""

    datamodel = SQLAInterface(HouseType)
    route_base = "/house-types"
    permission = policies.HOUSE_TYPE
    list_title = _l("House types")
    add_title = _l("New house type")
    empty_sentence = _l("No house type yet.")
    list_columns = ("name", "structure", "gross_area", "inside_area", "is_active", "project")
    search_columns = ("name", "structure", "is_active")
    label_columns = {
        "name": _l("House type"),
        "structure": _l("Structure"),
        "gross_area": _l("Gross area"),
        "inside_area": _l("Inside area"),
        "is_active": _l("In use"),
    }
    help_columns = {
        "is_active": _l("Switched off, no room is given it any more."),
        "gross_area": _l("Proposed when a room becomes of this type."),
        "structure": _l("Such as 3 rooms, 2 halls. Proposed when a room becomes of this type."),
    }
    units = {"gross_area": SQUARE_METRES, "inside_area": SQUARE_METRES}
    order = ("name",)
    show_fieldsets = (
        ("", ("name", "structure", "gross_area", "inside_area", "is_active", "project")),
    )
    add_fieldsets = (("", ("project", "name", "structure", "gross_area", "inside_area")),)
    edit_fieldsets = (("", ("name", "structure", "gross_area", "inside_area", "is_active")),)
    add_operation = operations.add_house_type
    also_check = entries.check_house_type_entry
    edit_operation = operations.edit_house_type
    delete_operation = operations.delete_house_type
    related = (Related(_l("Rooms"), "RoomView", "house_type"),)
    exportable = False


class FitOutView(CrudView):
    """装修标准."""

    datamodel = SQLAInterface(FitOut)
    route_base = "/fit-outs"
    permission = policies.FIT_OUT
    list_title = _l("Fit-outs")
    add_title = _l("New fit-out")
    empty_sentence = _l("No fit-out yet. Rooms are then sold as they are built.")
    list_columns = ("name", "unit_price", "is_active", "project")
    search_columns = ("name", "is_active")
    label_columns = {
        "name": _l("Fit-out standard"),
        "unit_price": _l("Price per m²"),
        "is_active": _l("In use"),
    }
    help_columns = {"is_active": _l("Switched off, no room is given it any more.")}
    units = {"unit_price": _l("yuan/m²")}
    order = ("name",)
    show_fieldsets = (("", ("name", "unit_price", "is_active", "project")),)
    add_fieldsets = (("", ("project", "name", "unit_price")),)
    edit_fieldsets = (("", ("name", "unit_price", "is_active")),)
    add_operation = operations.add_fit_out
    also_check = entries.check_fit_out
    edit_operation = operations.edit_fit_out
    delete_operation = operations.delete_fit_out
    related = (Related(_l("Rooms"), "RoomView", "fit_out"),)
    exportable = False
