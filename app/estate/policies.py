"""Who may see and change projects, buildings and rooms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.actor import Actor
from app.core.errors import NotFound
from app.core.permissions import STAFF, Permission, declare_permissions
from app.estate import base_data

PROJECT = "estate.project"
PERMIT = "estate.permit"
BUILDING = "estate.building"
ENTRANCE = "estate.entrance"
HOUSE_TYPE = "estate.house_type"
ROOM = "estate.room"
ROOM_IMPORT = "estate.room_import"
ROOM_GENERATION = "estate.room_generation"
ROOM_LINEAGE = "estate.room_lineage"
FIT_OUT = "estate.fit_out"
PROJECT_MEMBER = "estate.project_member"
PRODUCT_TYPE = "estate.product_type"
ZONE = "estate.zone"
MILESTONE = "estate.milestone"
LAUNCH_BATCH = "estate.launch_batch"
BASE_DATA = "estate.base_data"
OPENING = "estate.opening"
DRAWING = "estate.drawing"

#: roles that make and change master data, and those that attach people to projects
STEWARD = "O"
ADMINISTRATOR = "U"

declare_permissions(
    Permission(f"{PROJECT}:see", _l("See projects"), STAFF),
    Permission(f"{PROJECT}:add", _l("Add projects"), STEWARD),
    Permission(f"{PROJECT}:edit", _l("Change projects"), STEWARD),
    Permission(f"{PROJECT}:delete", _l("Delete projects"), STEWARD),
    Permission(f"{PERMIT}:see", _l("See pre-sale permits"), STAFF),
    Permission(f"{PERMIT}:add", _l("Add pre-sale permits"), STEWARD),
    Permission(f"{PERMIT}:edit", _l("Change pre-sale permits"), STEWARD),
    Permission(f"{PERMIT}:delete", _l("Delete pre-sale permits"), STEWARD),
    Permission(f"{BUILDING}:see", _l("See buildings"), STAFF),
    Permission(f"{BUILDING}:add", _l("Add buildings"), STEWARD),
    Permission(f"{BUILDING}:edit", _l("Change buildings"), STEWARD),
    Permission(f"{BUILDING}:delete", _l("Delete buildings"), STEWARD),
    Permission(f"{ENTRANCE}:see", _l("See entrances"), STAFF),
    Permission(f"{ENTRANCE}:add", _l("Add entrances"), STEWARD),
    Permission(f"{ENTRANCE}:edit", _l("Change entrances"), STEWARD),
    Permission(f"{ENTRANCE}:delete", _l("Delete entrances"), STEWARD),
    Permission(f"{HOUSE_TYPE}:see", _l("See house types"), STAFF),
    Permission(f"{HOUSE_TYPE}:add", _l("Add house types"), STEWARD),
    Permission(f"{HOUSE_TYPE}:edit", _l("Change house types"), STEWARD),
    Permission(f"{HOUSE_TYPE}:delete", _l("Delete house types"), STEWARD),
    Permission(f"{ROOM}:see", _l("See rooms and list prices"), STAFF),
    Permission(f"{ROOM}:add", _l("Add rooms"), STEWARD),
    Permission(f"{ROOM}:edit", _l("Change rooms"), STEWARD),
    Permission(f"{ROOM}:delete", _l("Delete rooms"), STEWARD),
    Permission(f"{ROOM}:export", _l("Export rooms"), "SMDFXOL"),
    Permission(f"{ROOM}:import", _l("Import rooms from a price list"), STEWARD),
    Permission(f"{ROOM}:generate", _l("Generate rooms, and take them back"), STEWARD),
    Permission(f"{ROOM}:reshape", _l("Merge and split rooms, insert columns"), STEWARD),
    Permission(f"{ROOM_IMPORT}:see", _l("See room imports"), "MO"),
    Permission(f"{ROOM_GENERATION}:see", _l("See generations of rooms"), "MO"),
    Permission(f"{ROOM_LINEAGE}:see", _l("See from which rooms a room came"), STAFF),
    Permission(f"{FIT_OUT}:see", _l("See fit-outs"), STAFF),
    Permission(f"{FIT_OUT}:add", _l("Add fit-outs"), STEWARD),
    Permission(f"{FIT_OUT}:edit", _l("Change fit-outs"), STEWARD),
    Permission(f"{FIT_OUT}:delete", _l("Delete fit-outs"), STEWARD),
    Permission(f"{PRODUCT_TYPE}:see", _l("See product types"), STAFF),
    Permission(f"{PRODUCT_TYPE}:add", _l("Add product types"), STEWARD),
    Permission(f"{PRODUCT_TYPE}:edit", _l("Change product types"), STEWARD),
    Permission(f"{PRODUCT_TYPE}:delete", _l("Delete product types"), STEWARD),
    Permission(f"{ZONE}:see", _l("See zones"), STAFF),
    Permission(f"{ZONE}:add", _l("Add zones"), STEWARD),
    Permission(f"{ZONE}:edit", _l("Change zones"), STEWARD),
    Permission(f"{ZONE}:delete", _l("Delete zones"), STEWARD),
    Permission(f"{MILESTONE}:see", _l("See milestones of buildings"), STAFF),
    Permission(f"{MILESTONE}:add", _l("Enter milestones of buildings"), STEWARD),
    Permission(f"{MILESTONE}:edit", _l("Change milestones of buildings"), STEWARD),
    Permission(f"{MILESTONE}:delete", _l("Delete milestones of buildings"), STEWARD),
    Permission(f"{LAUNCH_BATCH}:see", _l("See launch batches"), STAFF),
    Permission(f"{LAUNCH_BATCH}:add", _l("Add launch batches"), STEWARD),
    Permission(f"{LAUNCH_BATCH}:edit", _l("Change launch batches"), STEWARD),
    Permission(f"{LAUNCH_BATCH}:delete", _l("Delete launch batches"), STEWARD),
    Permission(f"{BASE_DATA}:see", _l("See whether base data are locked, and their log"), "MDFXOL"),
    Permission(f"{BASE_DATA}:review_sales", _l("Review base data for sales"), "M"),
    Permission(f"{BASE_DATA}:review_finance", _l("Review base data for finance"), "F"),
    Permission(f"{DRAWING}:see", _l("See drawings"), STAFF),
    Permission(f"{DRAWING}:edit", _l("Hand in drawings and place buildings and rooms"), STEWARD),
    Permission(f"{OPENING}:see", _l("See opening checklists"), STAFF.replace("B", "")),
    Permission(f"{OPENING}:edit", _l("Set up opening checklists"), "MDO"),
    Permission(f"{OPENING}:finish", _l("Finish items of an opening checklist"), "SMDHAFXPOU"),
    Permission(f"{PROJECT_MEMBER}:see", _l("See who belongs to a project"), "OU"),
    Permission(f"{PROJECT_MEMBER}:add", _l("Attach people to projects"), ADMINISTRATOR),
    Permission(f"{PROJECT_MEMBER}:delete", _l("Detach people from projects"), ADMINISTRATOR),
)


def require_room_change(actor: Actor, project_id: int, right: str) -> None:
    """Let a change of a project's rooms pass, or say why not.

    Whatever makes, changes, reshapes or removes rooms by hand asks here and nowhere else, so that
    a rule that keeps base data as they are has one place. ``right`` is the action on
    ``estate.room`` that the step is. Raises NotAllowed, NotFound outside scope, and Conflict while
    the project's base data are locked.
    """
    actor.require(f"{ROOM}:{right}")
    require_reach(actor, project_id)
    base_data.require_unlocked(project_id)


def can_import(actor: Actor, project_id: int) -> bool:
    """Tell whether the actor may bring rooms into the project."""
    return actor.may(f"{ROOM}:import") and actor.reaches(project_id)


def require_reach(actor: Actor, project_id: int) -> None:
    """Raise NotFound if the project is outside the actor's scope, as if it did not exist."""
    if not actor.reaches(project_id):
        raise NotFound(_l("There is no such project within your scope."))
