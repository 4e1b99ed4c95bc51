"""A made-up site plan of the demo project, drawn here, with its buildings on it."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw
from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.estate.models import Building, Project
from app.estate.operations.drawings import add_drawing, place_on_drawing

SIZE = (1400, 900)
GRASS, ROAD, POND, HOUSE, EDGE = "#dfeadb", "#f4f1ea", "#cfe3ee", "#ffffff", "#b9c3b4"


def draw_site(project: Project, *, actor: Actor) -> None:
    """Hand in the site plan and place the project's buildings in a row along the road."""
    drawing = add_drawing(project_id=project.id, kind="site", content=_picture(), actor=actor)
    found = db.session.scalars(
        select(Building).where(Building.project_id == project.id).order_by(Building.position)
    )
    for number, building in enumerate(found):
        left, top = _place(number)
        box = [(left, top), (left + 210, top), (left + 210, top + 150), (left, top + 150)]
        points = [[x / SIZE[0], y / SIZE[1]] for x, y in box]
        place_on_drawing(drawing, building_id=building.id, points=points, actor=actor)


def _place(number: int) -> tuple[int, int]:
    return 150 + number % 4 * 290, 170 + number // 4 * 300


def _picture() -> bytes:
    image = Image.new("RGB", SIZE, GRASS)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 400, SIZE[0], 470), fill=ROAD)
    pen.rectangle((1020, 0, 1090, SIZE[1]), fill=ROAD)
    pen.ellipse((420, 570, 860, 810), fill=POND, outline=EDGE, width=3)
    for number in range(3):
        left, top = _place(number)
        pen.rectangle((left, top, left + 210, top + 150), fill=HOUSE, outline=EDGE, width=4)
    for x in range(80, SIZE[0], 130):
        pen.ellipse((x, 350, x + 34, 384), fill="#b7d0ac")
        pen.ellipse((x, 486, x + 34, 520), fill="#b7d0ac")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
