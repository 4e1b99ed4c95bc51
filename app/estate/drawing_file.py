"""Sends the picture of a drawing, once for each version that a browser knows."""

from __future__ import annotations

from flask import Response, request

from app.estate.drawing_queries import read_file
from app.estate.models import Drawing

#: characters of the digest that an address carries
VERSION = 12


def send_picture(drawing: Drawing) -> Response:
    """Answer the picture of a drawing that was read within scope, or that it is the same."""
    response = Response(mimetype=drawing.media_type)
    response.set_etag(drawing.sha256)
    if request.args.get("v") == drawing.sha256[:VERSION]:
        # The address names the version, so that a browser need not ask again; nobody between
        # keeps it.
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    if request.if_none_match.contains(drawing.sha256):
        response.status_code = 304
        return response
    response.set_data(read_file(drawing))
    return response
