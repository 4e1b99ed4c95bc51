"""What happened to a room, as one timeline: holds, deals, prices, release and withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.core.actor import Actor
from app.core.db import db
from app.core.money import HUNDRED, percent
from app.customers.models import Customer
from app.sales.models import Subscription
from app.sales.policies import SEE_HOLDS

MOST_STEPS = 20

TITLES = {
    "released": _l("Put on sale"),
    "withdrawn": _l("Taken off the market"),
    "price_confirmed": _l("Price confirmed, on sale again"),
    "held": _l("Held by the controller"),
    "reserved": _l("Reserved"),
    "hold_released": _l("Hold released"),
    "hold_lapsed": _l("Hold lapsed"),
    "subscribed": _l("Subscribed"),
    "deal_awaiting_deposit": _l("Awaiting the deposit"),
    "deal_deposit_short": _l("Deposit not in full"),
    "deal_active": _l("Deposit received"),
    "deal_contracted": _l("Contract made"),
    "deal_lapsed": _l("Subscription lapsed"),
    "deal_ended": _l("Subscription ended"),
    "priced": _l("Priced"),
    "repriced": _l("Price changed"),
}
#: the tint of a step: done, bad, warn or none
KINDS = {
    "released": "done",
    "price_confirmed": "done",
    "subscribed": "done",
    "deal_active": "done",
    "deal_contracted": "done",
    "hold_lapsed": "warn",
    "deal_deposit_short": "warn",
    "deal_lapsed": "bad",
    "deal_ended": "bad",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: when, what, by whom, and what else there is to say."""

    at: datetime
    what: str
    who: str | None
    #: 王**, only for those who may see it
    customer: str | None
    #: a reason, or the number of the deal or price plan
    note: str | None
    list_total: Decimal | None = None
    total_before: Decimal | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the step as REST carries it, in the reader's language."""
        return {
            "at": self.at.isoformat(),
            "what": self.what,
            "title": str(TITLES[self.what]),
            "kind": KINDS.get(self.what, ""),
            "who": self.who,
            "customer": self.customer,
            "note": self.note,
            "change_percent": self._change(),
        }

    def _change(self) -> str | None:
        if not self.total_before or self.list_total is None:
            return None
        change = percent((self.list_total - self.total_before) * HUNDRED / self.total_before)
        return f"{change:+.2f}"


# Holds and deals tell of themselves; a step between off the market and on sale is in the audit of
# the room, its reason in the entry that the same transaction wrote for all the rooms of the step.
_STEPS = text("""
WITH step AS (
  SELECT h.created_at AS at, h.kind AS what, h.holder_id AS user_id, h.customer_id,
         CASE WHEN :holds OR h.holder_id = ANY(:owners) THEN h.reason END AS note,
         NULL::numeric AS list_total, NULL::numeric AS total_before, NULL::bigint AS owner_id
    FROM sales_hold h WHERE h.room_id = :room_id
  UNION ALL
  SELECT h.state_at, 'hold_' || h.state, h.state_by_id, h.customer_id,
         CASE WHEN :holds OR h.holder_id = ANY(:owners) THEN h.end_reason END, NULL, NULL, NULL
    FROM sales_hold h
   WHERE h.room_id = :room_id AND h.state IN ('released', 'lapsed') AND h.state_at IS NOT NULL
  UNION ALL
  SELECT s.subscribed_at, 'subscribed', s.consultant_id, b.customer_id,
         CASE WHEN :all_deals OR s.consultant_id = ANY(:owners) THEN s.number END, NULL, NULL,
         s.consultant_id
    FROM sales_subscription s
    LEFT JOIN LATERAL (SELECT b.customer_id FROM sales_subscription_buyer b
                        WHERE b.subscription_id = s.id ORDER BY b.position LIMIT 1) b ON true
   WHERE s.room_id = :room_id
  UNION ALL
  SELECT s.state_at, 'deal_' || s.state, s.state_by_id, NULL,
         CASE WHEN :all_deals OR s.consultant_id = ANY(:owners) THEN s.number END, NULL, NULL, NULL
    FROM sales_subscription s
   WHERE s.room_id = :room_id AND s.state <> 'awaiting_deposit' AND s.state_at IS NOT NULL
  UNION ALL
  SELECT p.valid_from, CASE WHEN o.id IS NULL THEN 'priced' ELSE 'repriced' END, NULL, NULL,
         n.number, p.list_total, o.list_total, NULL
    FROM pricing_room_price p
    JOIN pricing_price_plan n ON n.id = p.plan_id
    LEFT JOIN pricing_room_price o ON o.room_id = p.room_id AND o.valid_to = p.valid_from
   WHERE p.room_id = :room_id
  UNION ALL
  SELECT a.at, a.what,
         CASE WHEN coalesce(n.actor, a.actor) LIKE 'user:%'
              THEN substr(coalesce(n.actor, a.actor), 6)::bigint END,
         NULL, n.after ->> 'reason', NULL, NULL, NULL
    FROM (SELECT e.at, e.actor, e.row_id,
                 CASE WHEN e.after ->> 'status' = 'unreleased' THEN 'withdrawn'
                      WHEN e.before ->> 'status' = 'unreleased' THEN 'released'
                      ELSE 'price_confirmed' END AS what
            FROM core_audit_entry e
           WHERE e.table_name = 'estate_room' AND e.row_id = :room_id AND e.action = 'update'
             AND (e.after ->> 'status' = 'unreleased' OR (e.after ->> 'status' = 'available'
                  AND e.before ->> 'status' IN ('unreleased', 'repricing')))) AS a
    LEFT JOIN LATERAL (
      SELECT e.actor, e.after FROM core_audit_entry e
       WHERE e.at = a.at AND e.table_name = 'estate_room'
         AND e.action = CASE a.what WHEN 'withdrawn' THEN 'withdraw_from_sale'
                                    WHEN 'released' THEN 'release_for_sale'
                                    ELSE 'confirm_price' END
         AND (e.row_id = a.row_id OR e.after -> 'room_ids' @> to_jsonb(a.row_id))
       LIMIT 1) AS n ON true
)
SELECT s.at, s.what, u.first_name || coalesce(u.last_name, ''),
       CASE WHEN :all_customers OR c.owner_id = ANY(:owners) OR s.owner_id = ANY(:owners)
                 OR (s.owner_id IS NULL AND s.user_id = ANY(:owners))
            THEN left(c.name, 1) || '**' END,
       s.note, s.list_total, s.total_before
  FROM step s
  LEFT JOIN ab_user u ON u.id = s.user_id
  LEFT JOIN customers_customer c ON c.id = s.customer_id
 ORDER BY s.at DESC, s.what LIMIT :most
""")


def list_steps(room_id: int, *, project_id: int, actor: Actor) -> list[Step]:
    """Return the newest steps of a room that the caller has read within scope.

    Names of customers, reasons and deal numbers only as far as the actor may see them.
    """
    rows = db.session.execute(
        _STEPS,
        {
            "room_id": room_id,
            "owners": actor.owners_in(project_id),
            "holds": actor.may(SEE_HOLDS),
            "all_deals": actor.may(Subscription.__wide__),
            "all_customers": actor.may(Customer.__wide__),
            "most": MOST_STEPS,
        },
    )
    return [Step(*row) for row in rows]
