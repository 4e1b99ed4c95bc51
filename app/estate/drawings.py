"""Pictures that people hand in: looked at, turned upright, made small, and nothing else kept."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from app.core.errors import Invalid
from app.core.states import State

#: bytes of a file, pixels of a picture, pixels of its longer side when it is kept
LARGEST_FILE: Final = 15_000_000
MOST_PIXELS: Final = 60_000_000
LONGEST_SIDE: Final = 2600
SHORTEST_SIDE: Final = 40
FORMATS: Final = ("PNG", "JPEG", "WEBP")
MEDIA_TYPE: Final = "image/webp"
MOST_CORNERS: Final = 60
FEWEST_CORNERS: Final = 3
_loading = threading.Lock()
TOO_MANY_PIXELS: Final = _l("The picture has more than 60 million pixels. Save it smaller.")


class DrawingKind(State):
    """图纸类型."""

    SITE = "site"
    FLOOR = "floor"
    HOUSE_TYPE = "house_type"
    PICTURE = "picture"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {
            "site": _l("Site plan"),
            "floor": _l("Floor plan"),
            "house_type": _l("Picture of a house type"),
            "picture": _l("Picture of the project"),
        }


class FirstView(State):
    """首屏: how a building is first seen on the sales-control grid."""

    GRID = "grid"
    PLAN = "plan"

    @classmethod
    def titles(cls) -> Mapping[str, Any]:
        return {"grid": _l("Grid"), "plan": _l("Floor plan")}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept; ``width`` and ``height`` in pixels."""

    content: bytes
    width: int
    height: int
    sha256: str


def read_picture(content: bytes) -> Picture:
    """Return the picture, upright, at most 2,600 pixels long, as WebP without its metadata.

    Raises Invalid with field ``file`` for what is no PNG, JPEG or WebP, is damaged, too large or
    too small. What the file calls itself is not asked.
    """
    if not content:
        raise _wrong(_l("Choose a picture: PNG, JPEG or WebP."))
    if len(content) > LARGEST_FILE:
        raise _wrong(_l("The picture has more than 15 MB. Save it smaller."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as found:
                if found.width * found.height > MOST_PIXELS:
                    raise _wrong(TOO_MANY_PIXELS)
                _load_whole(found)
                upright = ImageOps.exif_transpose(found).convert("RGB")
    except Invalid:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _wrong(TOO_MANY_PIXELS) from error
    except UnidentifiedImageError as error:
        raise _wrong(_l("Choose a picture: PNG, JPEG or WebP.")) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise _wrong(_l("The picture is damaged. Save it again.")) from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if min(upright.size) < SHORTEST_SIDE:
        raise _wrong(_l("The picture is too small; nothing could be placed on it."))
    out = io.BytesIO()
    upright.save(out, "WEBP", quality=86, method=4)
    kept = out.getvalue()
    return Picture(kept, upright.width, upright.height, hashlib.sha256(kept).hexdigest())


def _load_whole(picture: Image.Image) -> None:
    """Read the picture to its end. Raises OSError for one that is cut off.

    Other libraries of the process let pictures that are cut off pass, for all of it.
    """
    with _loading:
        lenient = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            picture.load()
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = lenient


def _wrong(sentence: Any) -> Invalid:
    return Invalid(sentence, fields={"file": sentence})


def read_points(given: Any) -> list[list[float]]:
    """Return the corners of a place: one, or three to sixty, each within the drawing.

    Raises Invalid with field ``points``.
    """
    sentence = _l("A place is one point, or an outline of 3 to 60 corners within the drawing.")
    try:
        points = [[round(float(x), 5), round(float(y), 5)] for x, y in given]
    except (TypeError, ValueError) as error:
        raise Invalid(sentence, fields={"points": sentence}) from error
    inside = all(0 <= value <= 1 for point in points for value in point)
    if not inside or not (len(points) == 1 or FEWEST_CORNERS <= len(points) <= MOST_CORNERS):
        raise Invalid(sentence, fields={"points": sentence})
    return points
