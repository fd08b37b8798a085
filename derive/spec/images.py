"""Pictures from outside, before TeX reads them: known formats of a bounded size, by what is in the file and not by its name."""

from __future__ import annotations

import struct
from pathlib import Path

from ..errors import Place, SpecError

MAX_BYTES = 2 * 2**20
MAX_PIXELS = 25_000_000
WHAT = "a logo is a PNG, JPEG or PDF file of at most 2 MB"


def check_image(path: Path, place: Place | None = None) -> tuple[bytes, str]:
    """The bytes of a picture and its kind: png, jpg or pdf. Raises SpecError where it is none, broken or too large."""
    try:
        if not path.is_file():
            raise SpecError(f"there is no file {path.name} beside the theme", place=place, hint=WHAT)
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{path.name} cannot be read: {error.strerror or error}", place=place) from None
    if len(data) > MAX_BYTES:
        raise SpecError(f"{path.name} is larger than 2 MB", place=place, hint=WHAT)
    try:
        kind, pixels = _measured(data)
    except (struct.error, IndexError, ValueError):
        raise SpecError(f"{path.name} is broken", place=place, hint=WHAT) from None
    if not kind:
        raise SpecError(f"{path.name} is not a picture that can be printed", place=place, hint=WHAT)
    if pixels > MAX_PIXELS:
        raise SpecError(f"{path.name} has {pixels:,} pixels", place=place, hint=f"at most {MAX_PIXELS:,} are allowed")
    return data, kind


def _measured(data: bytes) -> tuple[str, int]:
    """The kind of a picture and how many pixels it has; of a PDF, none."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        if data[12:16] != b"IHDR" or b"IEND" not in data[-16:]:
            raise ValueError
        width, height = struct.unpack(">II", data[16:24])
        return "png", _area(width, height)
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg", _jpeg(data)
    if data.startswith(b"%PDF-1."):
        if b"%%EOF" not in data[-1024:]:
            raise ValueError
        return "pdf", 0
    return "", 0


def _jpeg(data: bytes) -> int:
    """The size stands in the frame header, behind segments of stated lengths."""
    at = 2
    while data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return _area(width, height)
        at += 2 + length
    raise ValueError


def _area(width: int, height: int) -> int:
    if not width or not height:
        raise ValueError
    return width * height
