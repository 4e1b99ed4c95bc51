"""Sends the picture of a drawing, once for each version that a browser knows."""

from __future__ import annotations

from flask import Response, request

from app.estate.drawing_queries import read_file
from app.estate.models import Drawing


def send_picture(drawing: Drawing) -> Response:
    """Answer the picture of a drawing that was read within scope, or that it is the same."""
    response = Response(mimetype=drawing.media_type)
    response.set_etag(drawing.sha256)
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    if request.if_none_match.contains(drawing.sha256):
        response.status_code = 304
        return response
    response.set_data(read_file(drawing))
    return response
