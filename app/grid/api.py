"""REST: projects, their grids and streams, and one room."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, request
from flask_appbuilder import expose

from app.estate.policies import PROJECT, ROOM, require_reach
from app.estate.queries import get_project, list_projects
from app.grid.queries import Grid, read_changes, read_grid
from app.grid.rooms import describe_room
from app.web.closing import still_offered
from app.web.live import lead_to_stream
from app.web.rest import RestApi, current, endpoint, flag, whole_of

SEE_ROOMS = f"{ROOM}:see"


class ProjectGridApi(RestApi):
    """The projects within scope, and each one's grid."""

    resource_name = "projects"

    @expose("/", methods=["GET"])
    @endpoint(f"{PROJECT}:see")
    def list(self) -> Any:
        """List the projects within scope.

        ---
        get:
          responses:
            200:
              description: id, code and name of every project within scope
        """
        found = list_projects()
        return {"result": [{"id": one.id, "code": one.code, "name": one.name} for one in found]}

    @expose("/<int:project_id>/grid", methods=["GET"])
    @endpoint(SEE_ROOMS)
    def grid(self, project_id: int) -> Any:
        """Give the sales-control grid, whole or changed since a cursor.

        ---
        get:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          - {in: query, name: since, description: the cursor of an earlier answer,
             schema: {type: integer}}
          - {in: query, name: building_id, description: may repeat,
             schema: {type: array, items: {type: integer}}}
          - {in: query, name: counters, description: 0 leaves the counters out of changes,
             schema: {type: boolean}}
          responses:
            200:
              description: cursor, whole or changes only, counters, buildings and rooms
            304:
              description: nothing that the caller sees has changed
        """
        since = request.args.get("since")
        building_ids = [whole_of("building_id", one) for one in request.args.getlist("building_id")]
        if since is None:
            return _answer(read_grid(project_id, building_ids=building_ids, actor=current()))
        changes = read_changes(
            project_id,
            since=whole_of("since", since),
            building_ids=building_ids,
            counters=flag("counters", default=True),
            actor=current(),
        )
        return _answer(changes)

    @expose("/<int:project_id>/grid/stream", methods=["GET"])
    @endpoint(SEE_ROOMS)
    def stream(self, project_id: int) -> Any:
        """Lead to the live server with a ticket of 10 minutes.

        ---
        get:
          parameters:
          - {in: path, name: project_id, required: true, schema: {type: integer}}
          - {in: query, name: since, description: the cursor to catch up from,
             schema: {type: integer}}
          responses:
            307:
              description: the address of the stream of server-sent events
        """
        require_reach(current(), project_id)
        get_project(project_id)
        since = request.args.get("since")
        query = {} if since is None else {"since": str(whole_of("since", since))}
        return lead_to_stream(project_id, **query)


class RoomApi(RestApi):
    """One room with everything about it."""

    resource_name = "rooms"

    @expose("/<int:pk>", methods=["GET"])
    @endpoint(SEE_ROOMS)
    def get(self, pk: int) -> Any:
        """Give the room, its price, live hold and deal, and what the caller may do now.

        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: the room, with actions and timeline
        """
        actor = current()
        room = describe_room(pk, actor=actor)
        return room | {"actions": still_offered(room["actions"], room["project_id"], actor)}


def _answer(grid: Grid) -> Response:
    # The cursor moves with every transaction of the group; what counts is what the caller sees. A
    # caller who is answered 304 keeps his older cursor, from which nothing is missed.
    digest = hashlib.blake2b(grid.members.encode(), digest_size=12).hexdigest()
    answer = Response(content_type="application/json")
    answer.set_etag(digest, weak=True)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Cookie, Authorization"
    if request.if_none_match.contains_weak(digest):
        answer.status_code = 304
        return answer
    answer.set_data(grid.json)
    return answer


RESOURCES = [ProjectGridApi, RoomApi]
