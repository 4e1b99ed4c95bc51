"""The words of the grid's scripts, in the reader's language; ``{name}`` is filled by them."""

from __future__ import annotations

from flask_babel import gettext as _


def short_titles() -> dict[str, str]:
    """Return the statuses that have a shorter word in a cell."""
    return {"queued": _("Ticket"), "repricing": _("To price")}


def marks() -> dict[str, dict[str, str]]:
    """Return what may stand beside a status: title, its sign in a cell, its tint."""
    return {
        "deposit_awaited": {
            "title": _("Awaiting the deposit"),
            "sign": _("…"),
            "tint": "info",
        },
        "deposit_short": {
            "title": _("Deposit not in full"),
            "sign": _("½"),
            "tint": "warn",
        },
        "arrears": {"title": _("In arrears"), "sign": _("!!"), "tint": "bad"},
        "paid": {"title": _("Paid in full"), "sign": _("✓"), "tint": "ok"},
    }


def words() -> dict[str, str]:
    """Return every sentence of the scripts."""
    return {**_page(), **_filters(), **_panel(), **_doing(), **_asking(), **_done()}


def _page() -> dict[str, str]:
    return {
        "today": _("Today {hour}"),
        "yesterday": _("Yesterday {hour}"),
        "wan": _("ten thousand yuan"),
        "updated": _("updated {time}"),
        "buildings": _("{count} buildings"),
        "building_facts": _("{floors} floors · {rooms} rooms · sold {sold}%"),
        "counter": _("· {total}"),
        "counter_alone": _("rooms"),
        "close": _("Close"),
        "zoom": _("Size"),
        "smaller": _("Smaller"),
        "larger": _("Larger"),
        "bulk": _("Several rooms"),
        "picked": _("{count} rooms chosen · {total}"),
        "pick_all": _("All that fit"),
        "end_picking": _("Stop choosing"),
    }


def _filters() -> dict[str, str]:
    return {
        "filter_building": _("Building"),
        "filter_house_type": _("House type"),
        "filter_area": _("Area"),
        "filter_total": _("Total price"),
        "filter_floor": _("Floor"),
        "filter_orientation": _("Orientation"),
        "filter_status": _("Status"),
        "from": _("from"),
        "to": _("to"),
        "and_more": _("{first} and others, {count} in all"),
        "remove_filter": _("Remove the filter {name}"),
        "show": _("Show:"),
    }


def _panel() -> dict[str, str]:
    return {
        "gross_area": _("Gross area"),
        "inside_area": _("Inside area"),
        "list_unit_price": _("List unit price"),
        "list_total": _("List total"),
        "floor_total": _("Floor total"),
        "no_price": _("no price yet"),
        "holder": _("Holder"),
        "consultant": _("Consultant"),
        "since": _("Since when"),
        "until": _("Until"),
        "customer": _("Customer"),
        "reason": _("Reason"),
        "as_grid": _("As a grid"),
        "as_drawing": _("As a drawing"),
        "site_plan": _("Site plan"),
        "site_facts": _("{free} of {rooms} for sale"),
        "unready_reason": _("Why before the opening checklist is complete"),
        "buyers": _("Buyers"),
        "deal_total": _("Deal total"),
        "deal_unit_price": _("Deal unit price"),
        "number": _("Number"),
        "state": _("State"),
        "lapses": _("Lapses"),
        "sign_by": _("Sign by"),
        "quotation": _("Trial calculation"),
        "receivables": _("What is due"),
        "payment_method": _("Payment method"),
        "method_step": _("Payment method {name}"),
        "special": _("Special discount {percent}% {customer}"),
        "no_method": _("This project has no payment method that may be chosen today."),
        "on_subscription": _("on subscription"),
        "on_contract": _("on signing"),
        "after_subscription": _("{days} days after subscription"),
        "after_contract": _("{days} days after signing"),
        "history": _("Recent events"),
    }


def _doing() -> dict[str, str]:
    return {
        "do_subscribe": _("Subscribe"),
        "do_hold": _("Hold"),
        "do_name_customer": _("Name the customer"),
        "do_release": _("Release the hold"),
        "do_ask_special_discount": _("Ask for a special discount"),
        "do_quote": _("Print the quotation"),
        "do_release_for_sale": _("Put on sale"),
        "do_withdraw": _("Take off sale"),
        "do_confirm_price": _("Confirm the price"),
        "do_hold_many": _("Take off the market"),
    }


def _asking() -> dict[str, str]:
    return {
        "find_customer": _("Name or phone"),
        "choose_customer": _("Choose the customer."),
        "hold_title": _("Hold {room}"),
        "hold_intro_control": _(
            "Without a customer the room is taken off the market for your reason."
        ),
        "hold_intro_own": _("Without a customer the room is held in your own name."),
        "until_help": _("Left empty: for as long as your role may hold."),
        "name_customer_title": _("Customer of the hold on {room}"),
        "release_title": _("Release the hold on {room}"),
        "release_intro": _("The room is for sale again at once."),
        "confirm_price_ask": _("Put {room} on sale again at its present price {total}?"),
        "release_for_sale_title": _("Put {room} on sale"),
        "release_for_sale_many": _("Put {count} rooms on sale"),
        "release_for_sale_intro": _("From this moment everybody may sell it."),
        "withdraw_title": _("Take {room} off sale"),
        "withdraw_many": _("Take {count} rooms off sale"),
        "withdraw_intro": _("Nobody may sell it until it is put on sale again."),
        "hold_many": _("Take {count} rooms off the market"),
        "hold_many_intro": _("Each room is held by itself; what somebody else has is left out."),
    }


def _done() -> dict[str, str]:
    return {
        "held_done": _("{room} is held."),
        "kept_done": _("{room} is kept off the market."),
        "named_done": _("The hold on {room} has its customer now."),
        "released_done": _("{room} is for sale again."),
        "moved_done": _("{count} rooms changed."),
    }
