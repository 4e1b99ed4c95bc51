"""Pages of drawings: handed in, and buildings and rooms placed on them by dragging."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from app.core.errors import DomainError, NotFound
from app.core.uow import unit_of_work
from app.estate import policies
from app.estate.drawing_answers import drawing_answer
from app.estate.drawing_file import send_picture
from app.estate.drawing_queries import (
    get_drawing,
    get_drawing_with_spots,
    list_drawings,
    list_unplaced,
)
from app.estate.drawings import DrawingKind, FirstView
from app.estate.models import Building, Drawing, DrawingSpot
from app.estate.operations.drawings import add_drawing, delete_drawing
from app.estate.queries import list_buildings, list_house_types
from app.web.access import needs
from app.web.projects import current_project, current_project_id
from app.web.rest import current
from app.web.story_words import StoryOf, describe_story

SEE, EDIT = f"{policies.DRAWING}:see", f"{policies.DRAWING}:edit"
PLACED = (DrawingKind.SITE.value, DrawingKind.FLOOR.value)


class DrawingView(BaseView):
    """图纸."""

    route_base = "/drawings"
    default_view = "gallery"

    @expose("/")
    @needs(SEE)
    def gallery(self) -> Any:
        """Show the project's drawings, and the form that takes another one."""
        project_id = current_project_id()
        drawings = list_drawings(project_id) if project_id else []
        return self.render_template(
            "estate/drawings.html",
            project=current_project(),
            groups=[
                (kind, [one for one in drawings if one.kind == kind.value]) for kind in DrawingKind
            ],
            buildings=list_buildings(project_id) if project_id else [],
            house_types=list_house_types(project_id) if project_id else [],
            may_edit=current().may(EDIT),
            kinds=DrawingKind,
        )

    @expose("/add", methods=["POST"])
    @needs(EDIT)
    def add(self) -> Any:
        """Take a picture in, and lead to where something is placed on it."""
        project_id, actor = current_project_id(), current()
        if project_id is None:
            raise NotFound(_l("There is no such project within your scope."))
        file = request.files.get("file")
        try:
            with unit_of_work(actor):
                drawing = add_drawing(
                    project_id=project_id,
                    kind=request.form.get("kind", ""),
                    name=request.form.get("name", ""),
                    content=file.read() if file is not None else b"",
                    building_id=_chosen("building_id", DrawingKind.FLOOR),
                    house_type_id=_chosen("house_type_id", DrawingKind.HOUSE_TYPE),
                    actor=actor,
                )
                target = drawing.id if drawing.kind in PLACED else None
        except NotFound:
            raise
        except DomainError as error:
            flash(str(error.message), "danger")
            target = None
        else:
            flash(_("The drawing has been kept."))
        if target is None:
            return redirect(url_for("DrawingView.gallery"))
        return redirect(url_for("DrawingView.show", drawing_id=target))

    @expose("/<int:drawing_id>")
    @needs(SEE)
    def show(self, drawing_id: int) -> Any:
        """Show a drawing; who may, drags buildings or rooms to their places."""
        drawing = get_drawing_with_spots(drawing_id)
        is_placed = drawing.kind in PLACED
        return self.render_template(
            "estate/drawing.html",
            drawing=drawing,
            kind=DrawingKind(drawing.kind).title,
            is_placed=is_placed,
            may_edit=current().may(EDIT),
            setup=_setup(drawing) if is_placed else None,
        )

    @expose("/<int:drawing_id>/file")
    @needs(SEE)
    def file(self, drawing_id: int) -> Any:
        """Send the picture."""
        return send_picture(get_drawing(drawing_id))

    @expose("/<int:drawing_id>/delete", methods=["POST"])
    @needs(EDIT)
    def delete(self, drawing_id: int) -> Any:
        """Delete a drawing with everything that is placed on it."""
        actor = current()
        with unit_of_work(actor):
            delete_drawing(get_drawing(drawing_id), actor=actor)
        flash(_("The drawing has been deleted."))
        return redirect(url_for("DrawingView.gallery"))


def _chosen(name: str, kind: DrawingKind) -> int | None:
    """Return the chosen row where the kind of picture asks for one."""
    typed = request.form.get(name, "")
    return int(typed) if request.form.get("kind") == kind.value and typed.isdecimal() else None


def _setup(drawing: Drawing) -> dict[str, Any]:
    """Return what the editor's script needs: the drawing, what is on it, what is not, words."""
    by = "room_id" if drawing.kind == DrawingKind.FLOOR.value else "building_id"
    placed = [spot.room or spot.building for spot in drawing.spots]
    return {
        "drawing": drawing_answer(drawing),
        "by": by,
        "records": [
            {"id": row.id, **_placeable(row)}
            for row in sorted([*placed, *list_unplaced(drawing)], key=_turn)
        ],
        "editable": current().may(EDIT),
        "place": url_for("DrawingApi.place", drawing_id=drawing.id),
        "take_off": url_for("DrawingApi.take_off", drawing_id=drawing.id),
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "choose": _("Choose one on the list, then click or drag on the drawing."),
        "placing": _("Click for a mark, or drag an outline: {name}"),
        "first_corner": _("Click the corners one by one: {name}"),
        "corner": _("{name}: next corner. Enter, or the first corner again, closes it; Esc stops."),
        "chosen": _("{name}: drag it, or use the arrow keys. Delete takes it off."),
        "placed": _("{name} is placed."),
        "off": _("{name} is off the drawing."),
        "all_placed": _("All are placed."),
        "none_found": _("Nothing is called so."),
        "zoom": _("Size"),
        "smaller": _("Smaller"),
        "larger": _("Larger"),
    }


def _turn(row: Any) -> tuple[int, ...]:
    if isinstance(row, Building):
        return (row.position, row.id)
    return (row.floor, row.entrance.position if row.entrance else 0, row.column, row.id)


def _placeable(row: Any) -> dict[str, Any]:
    """Return how a building or room stands on the list: its name, and its floor."""
    if isinstance(row, Building):
        return {"name": row.name, "group": ""}
    name = f"{row.entrance.name}-{row.number}" if row.entrance else row.number
    return {"name": name, "group": _("Floor %(floor)s", floor=row.floor_name)}


def first_view_field() -> Any:
    """Return the choice of how a building is first seen."""
    choices = [SelectChoice(view.value, view.title) for view in FirstView]
    return SelectField(_l("First seen as"), choices=choices, validate_choice=False)


for table in (Drawing.__tablename__, DrawingSpot.__tablename__):
    describe_story(
        table,
        StoryOf(
            labels={
                "drawing_id": _l("Drawing"),
                "building_id": _l("Building"),
                "house_type_id": _l("House type"),
                "room_id": _l("Room"),
                "points": _l("Place on the drawing"),
            },
            silent=frozenset({"width", "height", "media_type"}),
        ),
    )
