"""REST: one's own notices, and the way to hear of new ones."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import expose

from app.notices import operations, queries
from app.web.live import lead_to_stream
from app.web.rest import RestApi, clamp_limit, current, endpoint, flag, whole


class NoticeApi(RestApi):
    """What the caller was told."""

    resource_name = "notices"

    @expose("/", methods=["GET"])
    @endpoint()
    def list(self) -> dict[str, Any]:
        """List the caller's notices, newest first, with how many are unread (at most 100).

        ---
        get:
          parameters:
          - {in: query, name: unread, description: only what is not read, schema: {type: boolean}}
          - {in: query, name: cursor, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer}}
          responses:
            200: {description: a page of notices}
        """
        actor = current()
        page = queries.list_notices(
            actor, unread=flag("unread"), before=whole("cursor"), limit=clamp_limit()
        )
        unread = queries.count_unread(actor)
        return {
            "result": [notice.as_data() for notice in page.rows],
            "next": page.next,
            "unread": unread,
        }

    @expose("/<int:notice_id>/read", methods=["POST"])
    @endpoint()
    def read(self, notice_id: int) -> dict[str, Any]:
        """Take a notice as read; another's is 404.

        ---
        post:
          parameters:
          - {in: path, name: notice_id, required: true, schema: {type: integer}}
          responses:
            200: {description: how many are unread now}
            404: {description: there is no such notice of the caller's}
        """
        actor = current()
        operations.mark_read(notice_id, actor=actor)
        return {"unread": queries.count_unread(actor)}

    @expose("/read", methods=["POST"])
    @endpoint()
    def read_all(self) -> dict[str, Any]:
        """Take all of the caller's notices as read, up to an id if one is given.

        ---
        post:
          parameters:
          - {in: query, name: until, description: the newest that was seen, schema: {type: integer}}
          responses:
            200: {description: how many are unread now}
        """
        actor = current()
        operations.mark_all_read(until=whole("until"), actor=actor)
        return {"unread": queries.count_unread(actor)}

    @expose("/stream", methods=["GET"])
    @endpoint()
    def stream(self) -> Any:
        """Lead to the live server with a ticket of 10 minutes for the caller's own notices.

        ---
        get:
          responses:
            307: {description: the address of the stream of server-sent events}
        """
        return lead_to_stream()


RESOURCES = [NoticeApi]
