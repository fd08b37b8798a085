"""Pictures from outside: what is let through to TeX."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from images import png

from derive.errors import SpecError
from derive.spec.images import check_image

JPEG = b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + b"\0" * 9 + b"\xff\xc0" + struct.pack(">HBHH", 11, 8, 20, 30)


@pytest.mark.parametrize(
    "data, kind",
    [(png(3, 2), "png"), (JPEG + b"\0" * 20, "jpg"), (b"%PDF-1.5\n...\n%%EOF\n", "pdf")],
)
def test_the_kind_is_seen_from_the_bytes(data: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "logo.whatever"
    path.write_bytes(data)
    assert check_image(path) == (data, kind)


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "is not a picture"),
        (b"<svg></svg>", "is not a picture"),
        (b"\\input{x}", "is not a picture"),
        (png(3, 2)[:20], "is broken"),
        (png(3, 2)[:-16], "is broken"),
        (png(0, 2), "is broken"),
        (JPEG[:25], "is broken"),
        (b"\xff\xd8\xff", "is broken"),
        (b"%PDF-1.5 cut", "is broken"),
        (png(6000, 6000, rows=1), "has 36,000,000 pixels"),
        (b"%PDF-1.5" + b"0" * (2 * 2**20), "is larger than 2 MB"),
    ],
)
def test_what_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(data)
    with pytest.raises(SpecError, match=f"logo.png {said}"):
        check_image(path)


def test_a_picture_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"there is no file logo\.png"):
        check_image(tmp_path / "logo.png")
    (tmp_path / "logo.png").mkdir()
    with pytest.raises(SpecError, match=r"there is no file logo\.png"):
        check_image(tmp_path / "logo.png")
