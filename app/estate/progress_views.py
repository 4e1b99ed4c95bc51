"""Pages of zones, product types, milestones of buildings and launch batches."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from app.core import clock
from app.estate import entries, operations, policies
from app.estate.milestones import MilestoneKind
from app.estate.models import LaunchBatch, LaunchBatchBuilding, Milestone, ProductType, Zone
from app.estate.opening_views import BEGIN
from app.web.actions import Related
from app.web.crud import CrudView
from app.web.story_words import StoryOf, describe_story


class ProductTypeView(CrudView):
    """产品类型."""

    datamodel = SQLAInterface(ProductType)
    route_base = "/product-types"
    permission = policies.PRODUCT_TYPE
    list_title = _l("Product types")
    add_title = _l("New product type")
    empty_sentence = _l("No product type yet, such as high-rise, villa, shop or parking.")
    list_columns = ("name", "position", "is_active")
    search_columns = ("name", "is_active")
    label_columns = {
        "name": _l("Product type"),
        "position": _l("Place in lists"),
        "is_active": _l("In use"),
    }
    help_columns = {"is_active": _l("Switched off, no building is given it any more.")}
    order = ("position", "id")
    show_fieldsets = (("", ("name", "position", "is_active")),)
    add_fieldsets = (("", ("name", "position")),)
    edit_fieldsets = show_fieldsets
    form_optional = frozenset({"position"})
    add_operation = operations.add_product_type
    edit_operation = operations.edit_product_type
    delete_operation = operations.delete_product_type
    related = (Related(_l("Buildings"), "BuildingView", "product_type"),)
    exportable = False


class ZoneView(CrudView):
    """分区."""

    datamodel = SQLAInterface(Zone)
    route_base = "/zones"
    permission = policies.ZONE
    list_title = _l("Zones")
    add_title = _l("New zone")
    empty_sentence = _l("No zone yet. A project need not have any.")
    list_columns = ("name", "parent", "position", "is_active", "project")
    search_columns = ("name", "parent", "is_active", "project")
    label_columns = {
        "name": _l("Zone"),
        "parent": _l("Inside zone"),
        "position": _l("Place in lists"),
        "is_active": _l("In use"),
    }
    help_columns = {"is_active": _l("Switched off, no building is put into it any more.")}
    load = ("parent", "project")
    order = ("position", "id")
    show_fieldsets = (("", ("name", "parent", "position", "is_active", "project")),)
    add_fieldsets = (("", ("project", "name", "parent", "position")),)
    edit_fieldsets = (("", ("name", "parent", "position", "is_active")),)
    form_optional = frozenset({"position"})
    add_operation = operations.add_zone
    also_check = entries.check_zone_entry
    edit_operation = operations.edit_zone
    delete_operation = operations.delete_zone
    related = (
        Related(_l("Buildings"), "BuildingView", "zone"),
        Related(_l("Zones"), "ZoneView", "parent", quiet=True),
    )
    exportable = False


def kind_field() -> Any:
    """Return the choice of a stage."""
    choices = [SelectChoice(kind.value, kind.title) for kind in MilestoneKind]
    return SelectField(_l("Stage"), choices=choices, validate_choice=False)


def stand_of(milestone: Milestone) -> Any:
    """Return how a milestone stands today: reached, late, or how many days are left."""
    if milestone.actual_on is not None:
        return _l("Reached")
    if milestone.planned_on is None:
        return ""
    days = (milestone.planned_on - clock.today()).days
    if days < 0:
        return _l("%(days)d days late", days=-days)
    return _l("in %(days)d days", days=days)


class MilestoneView(CrudView):
    """楼栋节点."""

    datamodel = SQLAInterface(Milestone)
    route_base = "/milestones"
    permission = policies.MILESTONE
    list_title = _l("Milestones")
    add_title = _l("Enter a milestone")
    empty_sentence = _l("No milestone yet. Enter the planned day of each stage of a building.")
    list_columns = ("building", "kind", "planned_on", "actual_on", "stand", "remarks")
    search_columns = ("building", "kind", "planned_on", "actual_on", "project")
    states = {"kind": MilestoneKind}
    computed = {"stand": stand_of}
    label_columns = {
        "kind": _l("Stage"),
        "planned_on": _l("Planned day"),
        "actual_on": _l("Actual day"),
        "stand": _l("How it stands"),
        "remarks": _l("Remarks"),
    }
    help_columns = {
        "actual_on": _l("Of the completion record: also the day that the building shows."),
    }
    load = ("building", "project")
    order = ("building.position", "planned_on", "id")
    show_fieldsets = (
        ("", ("building", "kind", "planned_on", "actual_on", "stand", "remarks", "project")),
    )
    add_fieldsets = (("", ("building", "kind", "planned_on", "actual_on", "remarks")),)
    edit_fieldsets = (("", ("planned_on", "actual_on", "remarks")),)
    form_extra = {"kind": kind_field()}
    form_optional = frozenset({"planned_on", "actual_on", "remarks"})
    add_operation = operations.add_milestone
    also_check = entries.check_milestone
    edit_operation = operations.edit_milestone
    delete_operation = operations.delete_milestone
    row_title = staticmethod(str)
    exportable = False


def place_words(batch: LaunchBatch) -> Any:
    """Return which buildings a batch puts on the market, in words."""
    return "、".join(one.name for one in batch.buildings) or _l("the whole project")


class LaunchBatchView(CrudView):
    """推盘批次."""

    datamodel = SQLAInterface(LaunchBatch)
    route_base = "/launch-batches"
    permission = policies.LAUNCH_BATCH
    list_title = _l("Launch batches")
    add_title = _l("New launch batch")
    empty_sentence = _l("No batch yet. A batch is what is put on the market together.")
    list_columns = ("name", "place_words", "planned_on", "launched_on", "area", "project")
    search_columns = ("name", "planned_on", "launched_on", "project")
    computed = {"place_words": place_words}
    label_columns = {
        "name": _l("Launch batch"),
        "buildings": _l("Buildings"),
        "place_words": _l("Buildings"),
        "planned_on": _l("Planned day"),
        "launched_on": _l("Launched on"),
        "area": _l("Area launched"),
        "remarks": _l("Remarks"),
    }
    help_columns = {
        "buildings": _l("What it puts on the market. Empty: the whole project."),
        "launched_on": _l("From this day its opening checklist holds nothing up any more."),
    }
    units = {"area": "㎡"}
    load = ("project", "buildings")
    order = ("planned_on", "id")
    show_fieldsets = (
        ("", ("name", "place_words", "planned_on", "launched_on", "area", "remarks", "project")),
    )
    add_fieldsets = (
        ("", ("project", "name", "buildings", "planned_on", "launched_on", "area", "remarks")),
    )
    edit_fieldsets = (("", ("name", "buildings", "planned_on", "launched_on", "area", "remarks")),)
    form_optional = frozenset({"buildings", "planned_on", "launched_on", "area", "remarks"})
    add_operation = operations.add_launch_batch
    also_check = entries.check_launch_batch
    edit_operation = operations.edit_launch_batch
    delete_operation = operations.delete_launch_batch
    related = (
        Related(
            _l("Opening checklist"),
            "OpeningItemView",
            "batch",
            columns=("kind", "stand", "finding", "responsible", "due_on"),
        ),
    )
    row_actions = (BEGIN,)
    exportable = False


describe_story(
    LaunchBatchBuilding.__tablename__,
    StoryOf(labels={"batch_id": _l("Launch batch"), "building_id": _l("Building")}),
)
