"""The words of the scripts that draw buildings, in the reader's language; ``{name}`` is filled."""

from __future__ import annotations

from flask_babel import gettext as _


def deck_words() -> dict[str, str]:
    """Return the words of a drawn building whose cells are chosen."""
    return {
        "floor": _("Choose the whole floor"),
        "column": _("Choose the whole column"),
        "all": _("Choose all cells"),
        "picked": _("{count} cells chosen"),
        "blank": _("blank"),
        "no_area": _("no area"),
        "not_area": _("{place}: “{text}” is no area; type a number such as 89.50."),
    }


def generator_words() -> dict[str, str]:
    """Return the words of the wizard."""
    return {
        "column_name": _("column {number}"),
        "entrance_name": _("Entrance {number}"),
        "facts": _("{floors} floors · {rooms} rooms · {area} ㎡"),
        "facts_many": _("{buildings} buildings · {rooms} rooms · {area} ㎡ each"),
        "make": _("Make {count} rooms"),
        "make_none": _("Make rooms"),
        "make_ask": _("Make {count} rooms in {building}?"),
        "standing": _("{count} rooms stand there already"),
        "there": _("stands there already"),
        "faults": _("{count} faults; nothing can be made until they are mended."),
        "more_faults": _("and {count} more"),
        "lacking": _("{count} things are still to be said before rooms can be made."),
    }


def board_words() -> dict[str, str]:
    """Return the words of the building-shaped page."""
    return {
        "facts": _("{floors} floors · {rooms} rooms · {area} ㎡"),
        "house_type_id": _("House type"),
        "structure": _("Structure"),
        "gross_area": _("Gross area"),
        "inside_area": _("Inside area"),
        "orientation": _("Orientation"),
        "view": _("View"),
        "fit_out_id": _("Fit-out standard"),
        "usage": _("Usage"),
        "is_accessory": _("Accessory room"),
        "main_room_id": _("Main room"),
        "accessory": _("accessory"),
        "nothing": _("nothing"),
        "save": _("Save {count} rooms"),
        "save_none": _("Save"),
        "saved": _("{count} rooms have been changed."),
        "rooms": _("{count} rooms"),
        "area_sum": _("Sum of gross areas"),
        "reprice": _("{count} rooms change their gross area; those that have a price are priced"
                     " anew before they can be released."),
        "merge_right": _("Merge {room} with its right neighbour? The areas add up, both lose their"
                         " price and being off the market, and the room is unreleased."),
        "merge_down": _("Merge {room} with its lower neighbour? The areas add up, both lose their"
                        " price and being off the market, and the room is unreleased."),
        "merge": _("Merge"),
        "merged": _("{room} has {area} ㎡ now and is to be priced anew."),
        "split": _("Split"),
        "split_done": _("Split into {count} rooms, to be priced anew."),
        "delete_column": _("Delete column {column} of {entrance} with its {count} rooms? What"
                           " stands right of it moves to the left."),
        "delete": _("Delete the column"),
        "column_gone": _("The column has been deleted."),
        "column_new": _("The column has been inserted; {count} rooms are new."),
        "room_number": _("Room number"),
        "keeps": _("keeps its history"),
        "is_new": _("a new room"),
    }  # fmt: skip
