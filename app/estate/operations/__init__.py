"""The verbs of projects, buildings and rooms."""

from __future__ import annotations

from app.estate.operations.attributes import (
    FieldChange,
    RoomSetting,
    SettingSummary,
    set_rooms,
)
from app.estate.operations.buildings import (
    add_building,
    add_entrance,
    add_house_type,
    add_permit,
    delete_building,
    delete_entrance,
    delete_house_type,
    delete_permit,
    edit_building,
    edit_entrance,
    edit_house_type,
    edit_permit,
)
from app.estate.operations.columns import ColumnPlace, delete_column, insert_column
from app.estate.operations.divisions import (
    add_product_type,
    add_zone,
    delete_product_type,
    delete_zone,
    edit_product_type,
    edit_zone,
)
from app.estate.operations.events import prune_events
from app.estate.operations.fit_outs import add_fit_out, delete_fit_out, edit_fit_out
from app.estate.operations.generation import (
    GenerationRequest,
    Preview,
    generate_rooms,
    preview_rooms,
)
from app.estate.operations.generation_undo import undo_generation
from app.estate.operations.import_fields import FIELD_TITLES
from app.estate.operations.import_lines import keep_lines
from app.estate.operations.import_records import (
    ReceivedFile,
    finish_import,
    has_file,
    list_faults,
    recall_columns,
    record_import,
    renew_check,
    take_checked_file,
    take_file_of_check,
    write_faults,
)
from app.estate.operations.import_runs import (
    IMPORT_TASK,
    MOST_AT_ONCE,
    ask_import_run,
    end_import_run,
    find_import_run,
    is_going_on,
    note_import_progress,
)
from app.estate.operations.imports import ImportOutcome, import_rooms
from app.estate.operations.milestones import (
    add_launch_batch,
    add_milestone,
    delete_launch_batch,
    delete_milestone,
    edit_launch_batch,
    edit_milestone,
)
from app.estate.operations.opening import (
    begin_opening,
    edit_opening_item,
    finish_opening_item,
    reopen_opening_item,
)
from app.estate.operations.places import list_building_names
from app.estate.operations.projects import (
    add_member,
    create_project,
    delete_project,
    edit_member,
    edit_project,
    find_project_by_code,
    remove_member,
)
from app.estate.operations.reshaping import (
    PartWish,
    Side,
    merge_rooms,
    propose_parts,
    split_room,
)
from app.estate.operations.rooms import add_room, delete_room, edit_room
from app.estate.operations.staging import Progress
from app.estate.operations.status import TakenRoom, put_room, set_status, take_room
from app.estate.queries import building_may_sell

__all__ = [
    "FIELD_TITLES",
    "IMPORT_TASK",
    "MOST_AT_ONCE",
    "ColumnPlace",
    "FieldChange",
    "GenerationRequest",
    "ImportOutcome",
    "PartWish",
    "Preview",
    "Progress",
    "ReceivedFile",
    "RoomSetting",
    "SettingSummary",
    "Side",
    "TakenRoom",
    "add_building",
    "add_entrance",
    "add_fit_out",
    "add_house_type",
    "add_launch_batch",
    "add_member",
    "add_milestone",
    "add_permit",
    "add_product_type",
    "add_room",
    "add_zone",
    "ask_import_run",
    "begin_opening",
    "building_may_sell",
    "create_project",
    "delete_building",
    "delete_column",
    "delete_entrance",
    "delete_fit_out",
    "delete_house_type",
    "delete_launch_batch",
    "delete_milestone",
    "delete_permit",
    "delete_product_type",
    "delete_project",
    "delete_room",
    "delete_zone",
    "edit_building",
    "edit_entrance",
    "edit_fit_out",
    "edit_house_type",
    "edit_launch_batch",
    "edit_member",
    "edit_milestone",
    "edit_opening_item",
    "edit_permit",
    "edit_product_type",
    "edit_project",
    "edit_room",
    "edit_zone",
    "end_import_run",
    "find_import_run",
    "find_project_by_code",
    "finish_import",
    "finish_opening_item",
    "generate_rooms",
    "has_file",
    "import_rooms",
    "insert_column",
    "is_going_on",
    "keep_lines",
    "list_building_names",
    "list_faults",
    "merge_rooms",
    "note_import_progress",
    "preview_rooms",
    "propose_parts",
    "prune_events",
    "put_room",
    "recall_columns",
    "record_import",
    "remove_member",
    "renew_check",
    "reopen_opening_item",
    "set_rooms",
    "set_status",
    "split_room",
    "take_checked_file",
    "take_file_of_check",
    "take_room",
    "undo_generation",
    "write_faults",
]
