"""The SQL of the grid and of its live changes; PostgreSQL makes the JSON that is sent.

The cursor of a grid is a transaction horizon: ``pg_snapshot_xmin`` at the moment of reading.
Every transaction below it had ended and was seen; every later one writes events whose ``xid`` is
at or above it, whatever the order of the commits. Reading again from the cursor therefore misses
nothing and may repeat something, which a screen drops by (room, version).
"""

from __future__ import annotations

#: events at or above ``next`` belong to another history: the database was restored
MOMENT = """
moment AS (
  SELECT pg_snapshot_xmin(now.seen)::text::bigint AS horizon,
         pg_snapshot_xmax(now.seen)::text::bigint AS next
    FROM (SELECT pg_current_snapshot() AS seen) AS now
)"""

#: a cursor from which nothing can be told any more: of another history, or older than the events
STALE = """
(SELECT {since} > m.next
     OR {since} < coalesce(
          (SELECT min(e.xid) FROM estate_room_event e WHERE e.xid < m.next), m.next)
   FROM moment m)"""

#: what a room carries beside its status; needs ``wanted`` with the rooms' ids
MARKS = """
deal AS (
  SELECT s.id, s.room_id, s.state, s.consultant_id, s.account_id
    FROM wanted w JOIN sales_subscription s ON s.room_id = w.id
   WHERE s.state IN ('awaiting_deposit', 'deposit_short', 'active', 'contracted')
), line AS (
  SELECT d.room_id, v.amount, v.due_on, coalesce(sum(a.amount), 0) AS paid
    FROM deal d
    JOIN finance_receivable v ON v.account_id = d.account_id AND v.cancelled_at IS NULL
    LEFT JOIN finance_allocation a ON a.receivable_id = v.id
   GROUP BY v.id, d.room_id
), balance AS (
  SELECT room_id, bool_and(paid >= amount) AS is_paid,
         bool_or(due_on < {today} AND paid < amount) AS is_overdue
    FROM line GROUP BY room_id
), mark AS (
  SELECT d.room_id, array_remove(ARRAY[
           CASE WHEN d.state = 'awaiting_deposit' THEN 'deposit_awaited' END,
           CASE WHEN d.state = 'deposit_short' THEN 'deposit_short' END,
           CASE WHEN b.is_overdue THEN 'arrears' END,
           CASE WHEN b.is_paid THEN 'paid' END], NULL) AS marks
    FROM deal d LEFT JOIN balance b ON b.room_id = d.room_id
)"""

_CHANGED = f"""
changed AS (
  SELECT DISTINCT e.room_id
    FROM estate_room_event e, moment m
   WHERE e.project_id = :project AND e.xid >= :since AND e.xid < m.next
     AND NOT {STALE.format(since=":since")}
)"""

_WANTED = """
wanted AS (
  SELECT r.id, r.building_id, r.entrance_id, r.house_type_id, r.floor, r.floor_name, r.column_no,
         r.column_span, r.row_span, r.lower_floors, r.number, r.gross_area, r.inside_area,
         r.orientation, r.status, r.version, p.list_unit_price, p.list_total, p.floor_total
    FROM {source}
    LEFT JOIN pricing_room_price p ON p.room_id = r.id AND p.valid_to IS NULL
   WHERE r.project_id = :project AND (:whole OR r.building_id = ANY(:buildings))
     AND r.status <> 'merged'
)"""

#: names only for those who may: their own deals and customers, or all with the permission
_PARTIES = """
buyer AS (
  SELECT DISTINCT ON (d.room_id) d.room_id, left(c.name, 1) || '**' AS name
    FROM deal d
    JOIN sales_subscription_buyer b ON b.subscription_id = d.id
    JOIN customers_customer c ON c.id = b.customer_id
   WHERE :all_deals OR d.consultant_id = ANY(:owners)
   ORDER BY d.room_id, b.position
), hold AS (
  SELECT h.room_id, h.holder_id, h.until,
         CASE WHEN :all_customers OR h.holder_id = ANY(:owners) OR c.owner_id = ANY(:owners)
              THEN left(c.name, 1) || '**' END AS name
    FROM wanted w
    JOIN sales_hold h ON h.room_id = w.id AND h.state = 'live'
    LEFT JOIN customers_customer c ON c.id = h.customer_id
)"""

_SHOWN_FROM = """
  FROM wanted w
  LEFT JOIN estate_entrance n ON n.id = w.entrance_id
  LEFT JOIN estate_house_type t ON t.id = w.house_type_id
  LEFT JOIN mark k ON k.room_id = w.id
  LEFT JOIN deal d ON d.room_id = w.id
  LEFT JOIN buyer y ON y.room_id = w.id
  LEFT JOIN hold h ON h.room_id = w.id
  LEFT JOIN ab_user u ON u.id = coalesce(d.consultant_id, h.holder_id)"""


def _number(column: str) -> str:
    return f"{column}::text"


def _figure(column: str) -> str:
    """Return money or an area as a string with its two decimals."""
    return f"coalesce('\"' || {column} || '\"', 'null')"


def _word(column: str) -> str:
    return f"coalesce(to_json({column})::text, 'null')"


#: key → SQL of its JSON. Joined text is made in half the time that row_to_json takes.
_KEYS = {
    "id": _number("w.id"),
    "building_id": _number("w.building_id"),
    "entrance": _word("n.name"),
    "floor": _word("w.floor_name"),
    "floor_order": _number("w.floor"),
    "column": _number("w.column_no"),
    "column_span": _number("w.column_span"),
    "row_span": _number("w.row_span"),
    "lower_floors": "w.lower_floors::text",
    "number": _word("w.number"),
    "status": _word("w.status"),
    "marks": "coalesce(array_to_json(k.marks)::text, '[]')",
    "house_type": _word("t.name"),
    "orientation": _word("w.orientation"),
    "gross_area": _figure("w.gross_area"),
    "inside_area": _figure("w.inside_area"),
    "list_unit_price": _figure("w.list_unit_price"),
    "list_total": _figure("w.list_total"),
    "floor_total": _figure("w.floor_total"),
    "buyer": _word("coalesce(y.name, h.name)"),
    "consultant": _word("left(u.first_name, 1)"),
    "until": _word("""to_char(h.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""),
    "version": _number("w.version"),
}


def _room_json(*, floor_prices: bool) -> str:
    keys = {key: made for key, made in _KEYS.items() if floor_prices or key != "floor_total"}
    parts = [
        f"""'{"," if place else "{"}"{key}":' || {made}"""
        for place, (key, made) in enumerate(keys.items())
    ]
    return " || ".join([*parts, "'}'"])


_STATUSES = (
    "ARRAY['unreleased', 'available', 'held', 'reserved', 'queued', 'subscribed', 'contracted',"
    " 'handed_over', 'repricing']"
)

_COUNTERS = f"""
(SELECT json_object_agg(c.status, c.figures) FROM (
  SELECT s.status, json_build_object(
           'rooms', coalesce(r.rooms, 0), 'area', coalesce(r.area, 0.00)::text,
           'total', coalesce(r.total, 0.00)::text) AS figures
    FROM unnest({_STATUSES}) WITH ORDINALITY AS s(status, place)
    LEFT JOIN (SELECT x.status, count(*) AS rooms, sum(x.gross_area) AS area,
                      sum(x.list_total) AS total
                 FROM ({{rooms}}) AS x GROUP BY x.status) AS r ON r.status = s.status
   ORDER BY s.place) AS c)"""

_ALL_ROOMS = """
  SELECT r.status, r.gross_area, p.list_total FROM estate_room r
    LEFT JOIN pricing_room_price p ON p.room_id = r.id AND p.valid_to IS NULL
   WHERE r.project_id = :project AND (:whole OR r.building_id = ANY(:buildings))"""

_BUILDINGS = """
(SELECT coalesce(json_agg(json_build_object(
          'id', b.id, 'name', b.name, 'position', b.position, 'entrances', (
            SELECT coalesce(json_agg(n.name ORDER BY n.position, n.id), '[]')
              FROM estate_entrance n WHERE n.building_id = b.id)) ORDER BY b.position, b.id), '[]')
   FROM estate_building b
  WHERE b.project_id = :project AND (:whole OR b.id = ANY(:buildings)))"""

_GONE = """
  UNION ALL
  SELECT json_build_object('id', c.room_id, 'gone', true)::text FROM changed c
   WHERE NOT EXISTS (SELECT FROM estate_room r
                      WHERE r.id = c.room_id AND r.status <> 'merged')"""

_SCOPE = """
  FROM moment m, estate_project p
 WHERE p.id = :project AND (:scope_all OR p.id = ANY(:scope_projects))"""


def full_grid(*, floor_prices: bool) -> str:
    """Return the statement for a whole grid: (cursor, false, JSON), or no row outside scope.

    The rooms come in no order.
    """
    wanted = _WANTED.format(source="estate_room r")
    counters = _COUNTERS.format(rooms="SELECT * FROM wanted")
    return _statement(
        f"{MOMENT}, {wanted}", counters, stale="false", gone="", floor_prices=floor_prices
    )


def changed_grid(*, floor_prices: bool, counters: bool) -> str:
    """Return the statement for what changed: (cursor, whether since is stale, JSON)."""
    wanted = _WANTED.format(source="changed c JOIN estate_room r ON r.id = c.room_id")
    return _statement(
        f"{MOMENT}, {_CHANGED}, {wanted}",
        _COUNTERS.format(rooms=_ALL_ROOMS) if counters else "NULL::json",
        stale=STALE.format(since=":since"),
        gone=_GONE,
        floor_prices=floor_prices,
    )


def _statement(sources: str, counters: str, *, stale: str, gone: str, floor_prices: bool) -> str:
    room = _room_json(floor_prices=floor_prices)
    return f"""
WITH {sources}, {MARKS.format(today=":today")}, {_PARTIES},
shown AS (SELECT {room} AS room {_SHOWN_FROM}{gone})
SELECT m.horizon, {stale},
       '"counters":' || coalesce({counters}::text, 'null')
       || ',"buildings":' || {_BUILDINGS}::text
       || ',"rooms":[' || (SELECT coalesce(string_agg(room, ','), '') FROM shown) || ']}}'
{_SCOPE}"""
