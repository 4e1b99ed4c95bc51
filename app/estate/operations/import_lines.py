"""The full before → after of a check, kept room by room; what was seen there is what is written."""

from __future__ import annotations

import json
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, text

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import Conflict
from app.estate.models import RoomImport, RoomImportLine, RoomImportLineKind, RoomStatus, RoomUsage
from app.estate.operations.import_fields import FIELD_TITLES, FIELDS, ROOMS
from app.estate.policies import ROOM

#: why a row of the list is refused, in a few words; {note} is the state, the name or the line
_REASONS: Final = {
    "room_on_market": _l("Refused: the room is {note}"),
    "room_without_area": _l("Refused: new, and without gross area"),
    "duplicate_room_in_sheet": _l("Refused: the room stands in the list twice"),
    "unknown_fit_out": _l("Refused: the fit-out standard “{note}” is not known"),
    "fit_out_off": _l("Refused: the fit-out standard “{note}” is switched off"),
    "unknown_product_type": _l("Refused: the product type “{note}” is not known"),
    "product_type_off": _l("Refused: the product type “{note}” is switched off"),
    "unknown_zone": _l("Refused: the zone “{note}” is not known"),
    "zone_off": _l("Refused: the zone “{note}” is switched off"),
    "house_type_off": _l("Refused: the house type “{note}” is switched off"),
    "building_disagrees": _l("Refused: the building is said to be something else elsewhere"),
}
_VALUES: Final = ", ".join(
    f"({nth}, '{field.name}', CAST({field.known} AS text), CAST({field.said} AS text),"
    f" {field.differs})"
    for nth, field in enumerate(FIELDS)
)
# Every row of the list: what becomes of its room, and each field that differs as
# [name, before, after].
_LINES: Final = f"""
SELECT p.place, p.title, p.sheet, p.line, p.room_id, p.refused AS reason,
       CASE WHEN p.refused IS NOT NULL THEN 'refused' WHEN p.room_id IS NULL THEN 'new'
            WHEN NOT p.differs THEN 'same' WHEN :update THEN 'changed' ELSE 'differs' END AS kind,
       CASE WHEN p.refused = 'room_on_market' THEN p.room_status
            WHEN p.refused IN ('unknown_fit_out', 'fit_out_off') THEN p.fit_out
            WHEN p.refused IN ('unknown_product_type', 'product_type_off') THEN p.product_type
            WHEN p.refused IN ('unknown_zone', 'zone_off') THEN p.zone
            WHEN p.refused = 'house_type_off' THEN p.house_type ELSE '' END AS note,
       CASE WHEN p.differs THEN (
              SELECT jsonb_agg(jsonb_build_array(v.field, v.known, v.said) ORDER BY v.nth)
                FROM (VALUES {_VALUES}) v(nth, field, known, said, differs) WHERE v.differs)
            ELSE CAST('[]' AS jsonb) END AS changes
  FROM price_list_row p LEFT JOIN ({ROOMS}) ON r.id = p.room_id
"""
_KEEP: Final = text(f"""
INSERT INTO estate_room_import_line
       (project_id, room_import_id, kind, title, sheet, line, room_id, changes, words)
SELECT :project_id, :import_id, l.kind, left(l.title, 200), l.sheet, l.line, l.room_id, l.changes,
       concat_ws('；',
         replace(CAST(:reasons AS jsonb) ->> l.reason, '{{note}}',
                 coalesce(CAST(:states AS jsonb) ->> l.note, l.note)),
         (SELECT string_agg(
                   concat(CAST(:titles AS jsonb) ->> c.field, ' ', c.before, ' → ', c.after),
                   '；' ORDER BY c.nth)
            FROM (SELECT c.nth, c.change ->> 0 AS field,
                         CASE c.change ->> 0 WHEN 'usage'
                              THEN CAST(:usages AS jsonb) ->> (c.change ->> 1)
                              ELSE coalesce(c.change ->> 1, '–') END AS before,
                         CASE c.change ->> 0 WHEN 'usage'
                              THEN CAST(:usages AS jsonb) ->> (c.change ->> 2)
                              ELSE c.change ->> 2 END AS after
                    FROM jsonb_array_elements(l.changes) WITH ORDINALITY c(change, nth)) c))
  FROM ({_LINES}) l ORDER BY l.place
""")
_KEEP_ABSENT: Final = text("""
INSERT INTO estate_room_import_line
       (project_id, room_import_id, kind, title, room_id, changes, words)
SELECT r.project_id, :import_id, 'absent', left(concat_ws('-', b.name, e.name, r.number), 200),
       r.id, '[]', ''
  FROM estate_room r JOIN estate_building b ON b.id = r.building_id
  LEFT JOIN estate_entrance e ON e.id = r.entrance_id
 WHERE r.project_id = :project_id AND r.status <> 'merged'
   AND r.building_id IN (SELECT p.building_id FROM price_list_row p)
   AND NOT EXISTS (SELECT 1 FROM price_list_row p WHERE p.room_id = r.id)
 ORDER BY b.position, b.id, e.position, e.id, r.floor, r.column_no, r.id
""")
# What is found now against what was kept, each in the order of the list.
_MOVED: Final = text(f"""
SELECT coalesce(n.title, k.title) AS title, count(*) OVER () AS rooms
  FROM (SELECT l.*, row_number() OVER (ORDER BY l.place) AS nth FROM ({_LINES}) l) n
  FULL JOIN (SELECT k.kind, k.room_id, k.changes, k.title,
                    row_number() OVER (ORDER BY k.id) AS nth
               FROM estate_room_import_line k
              WHERE k.project_id = :project_id AND k.room_import_id = :import_id
                AND k.kind <> 'absent') k ON k.nth = n.nth
 WHERE n.kind IS DISTINCT FROM k.kind OR n.room_id IS DISTINCT FROM k.room_id
    OR n.changes IS DISTINCT FROM k.changes
 ORDER BY coalesce(n.nth, k.nth) LIMIT 1
""")
_FIELD_COUNTS: Final = text(f"""
SELECT {", ".join(f"count(*) FILTER (WHERE {field.differs}) AS {field.name}" for field in FIELDS)}
  FROM price_list_row p JOIN ({ROOMS}) ON r.id = p.room_id WHERE p.differs
""")


def count_fields() -> dict[str, int]:
    """Return field → rooms that differ from the staged list in it, without those of none."""
    row = db.session.execute(_FIELD_COUNTS).mappings().one()
    return {field.name: row[field.name] for field in FIELDS if row[field.name]}


def keep_lines(record: RoomImport, *, update: bool, actor: Actor) -> None:
    """Keep what the staged list would do to each room, in place of what was kept before.

    Raises NotAllowed.
    """
    actor.require(f"{ROOM}:import")
    known = {"project_id": record.project_id, "import_id": record.id}
    _forget_lines(record)
    words = {
        "titles": {name: str(title) for name, title in FIELD_TITLES.items()},
        "usages": {one.value: str(one.title) for one in RoomUsage},
        "states": {one.value: str(one.title) for one in RoomStatus},
        "reasons": {code: str(sentence) for code, sentence in _REASONS.items()},
    }
    texts = {name: json.dumps(value, ensure_ascii=False) for name, value in words.items()}
    db.session.execute(_KEEP, {**known, **texts, "update": update})
    db.session.execute(_KEEP_ABSENT, known)


def require_seen(record: RoomImport, *, update: bool) -> None:
    """Raise Conflict unless the staged list does to every room what the check has shown."""
    if not record.counts.get("has_lines"):
        return
    known = {"project_id": record.project_id, "import_id": record.id, "update": update}
    moved = db.session.execute(_MOVED, known).first()
    if moved is not None:
        raise Conflict(
            _(
                "Since the check %(count)d rooms have changed, the first is %(room)s. Nothing was"
                " written. Check the list again, look at the differences, and import then.",
                count=moved.rooms,
                room=moved.title,
            ),
            code="changed_since_check",
        )


def forget_same_lines(record: RoomImport) -> None:
    """Keep of an import that was carried out only the rooms that it did something to, or missed."""
    same = RoomImportLine.kind == RoomImportLineKind.SAME.value
    db.session.execute(
        delete(RoomImportLine).where(RoomImportLine.room_import_id == record.id, same)
    )


def _forget_lines(record: RoomImport) -> None:
    db.session.execute(delete(RoomImportLine).where(RoomImportLine.room_import_id == record.id))
