"""Images, made here."""

from __future__ import annotations

import struct
import zlib


def png(width: int, height: int, rows: int | None = None) -> bytes:
    """A grey PNG; `rows`: how many it really has."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    body = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height if rows is None else rows)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )
