"""Many PDFs in one, for the printer: each begins on a right-hand page.

The whole is written while its parts are read, a few files at a time, so that memory does not grow with their number: what was
written is forgotten but for its place. Streams that come again, as the fonts of a class do, are written once.

The layout is that of ISO 32000-1: object streams (7.5.7), a cross-reference stream (7.5.8), and a page tree with a node for
every few files (7.7.3.2).
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pikepdf

from ...errors import OutputError
from .. import writing_whole

FILES = 8
"""How many files are in memory at a time."""

REMEMBERED = 4096
"""How many streams are known again when they come again."""

OBJECTS = 100
"""How many objects share a stream: all of them are read where one is wanted."""

_CATALOG, _PAGES, _FIRST = 1, 2, 3
"""Numbers of the first objects: the catalog, the root of the page tree, and the first that comes from a file."""

_REFERENCE = re.compile(rb"(\((?:[^()\\]|\\.)*+\))|\b(\d+) 0 R\b", re.DOTALL)


def joined(paths: Iterable[Path], target: Path) -> int:
    """Put the files into one, in their order, with an empty page after an odd number of pages; how many pages it has.

    The result appears whole, and its bytes depend on the files alone. Without any file, nothing is written.
    """
    ahead = iter(paths)
    group = list(islice(ahead, FILES))
    if not group:
        return 0
    with writing_whole(target) as file, tempfile.TemporaryFile() as places:
        whole = _Whole(file, places)
        while group:
            with pikepdf.new() as part:
                for path in group:
                    _append(part, path)
                whole.add(part)
            group = list(islice(ahead, FILES))
        whole.end()
    return whole.pages


def _append(part: pikepdf.Pdf, path: Path) -> None:
    try:
        with pikepdf.open(path) as one:
            part.pages.extend(one.pages)
            if len(one.pages) % 2:
                part.add_blank_page(page_size=_size(one.pages[-1]))
    except (OSError, pikepdf.PdfError) as error:
        raise OutputError(f"cannot put {path} into the file for all: {error}") from error


def _size(page: pikepdf.Page) -> tuple[float, float]:
    left, bottom, right, top = (float(x) for x in page.mediabox)
    return right - left, top - bottom


class _Whole:
    """A PDF on its way to a file, and in another file the places of its objects; of what was written, memory holds nothing."""

    def __init__(self, file: IO[bytes], places: IO[bytes]) -> None:
        self.pages = 0
        self._file, self._at, self._sum = file, 0, hashlib.sha256()
        self._places = places
        self._next = _FIRST
        self._nodes: list[int] = []
        self._known: OrderedDict[bytes, int] = OrderedDict()
        self._write(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
        self._places.write(b"".join(_place(0, 0, 0) for _ in range(_FIRST)))  # of the first ones: filled in at the end

    def add(self, part: pikepdf.Pdf) -> None:
        """Write the pages of a part, and all that they use."""
        node = self._take()
        numbers = {part.Root.Pages.objgen[0]: node}
        objects = [o for o in part.objects if o.objgen not in (part.Root.objgen, part.Root.Pages.objgen)]
        new: list[tuple[int, Any, bytes | None]] = []
        for one in objects:
            data = one.read_raw_bytes() if isinstance(one, pikepdf.Stream) else None
            mark = None if data is None else _mark(one, data)
            number = None if mark is None else self._known.pop(mark, None)
            if number is None:
                number = self._take()
                new.append((number, one, data))
            if mark is not None:
                self._known[mark] = number
            numbers[one.objgen[0]] = number
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        kids = b" ".join(b"%d 0 R" % numbers[page.obj.objgen[0]] for page in part.pages)
        small = [(node, b"<< /Type /Pages /Parent %d 0 R /Count %d /Kids [ %s ] >>" % (_PAGES, len(part.pages), kids))]
        places: dict[int, bytes] = {}
        for number, one, data in new:
            if data is None:
                small.append((number, _renumbered(one.unparse(resolved=True), numbers)))
            else:
                places[number] = self._stream(number, _renumbered(_dictionary(one), numbers)[2:-2], data)
        places |= self._packed(small)
        self._places.write(b"".join(places[number] for number in sorted(places)))
        self._nodes.append(node)
        self.pages += len(part.pages)

    def end(self) -> None:
        """Write what holds the parts together, and where everything is."""
        kids = b" ".join(b"%d 0 R" % node for node in self._nodes)
        tree = b"<< /Type /Pages /Count %d /Kids [ %s ] >>" % (self.pages, kids)
        places = [_place(0, 0, 65535)]
        for number, content in ((_CATALOG, b"<< /Type /Catalog /Pages %d 0 R >>" % _PAGES), (_PAGES, tree)):
            places.append(_place(1, self._at, 0))
            self._write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
        table = self._take()
        self._places.write(_place(1, self._at, 0))
        self._places.seek(0)
        self._places.write(b"".join(places))
        begin, mark = self._at, self._sum.hexdigest()[:32].encode()
        root = b"/Type /XRef /Size %d /W [ 1 5 2 ] /Root %d 0 R /ID [ <%s> <%s> ]" % (table + 1, _CATALOG, mark, mark)
        self._stream(table, root + b" /Filter /FlateDecode", b"".join(_deflated(self._places)))
        self._write(b"startxref\n%d\n%%%%EOF\n" % begin)

    def _take(self) -> int:
        self._next += 1
        return self._next - 1

    def _packed(self, objects: list[tuple[int, bytes]]) -> dict[int, bytes]:
        """Write objects that are no streams, many in one stream; the places of all."""
        places: dict[int, bytes] = {}
        for begin in range(0, len(objects), OBJECTS):
            some = objects[begin : begin + OBJECTS]
            head, at = b"", 0
            for number, content in some:
                head += b"%d %d " % (number, at)
                at += len(content) + 1
            data = head + b"\n".join(content for _, content in some)
            holder = self._take()
            words = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (len(some), len(head))
            places[holder] = self._stream(holder, words, zlib.compress(data))
            places |= {number: _place(2, holder, index) for index, (number, _) in enumerate(some)}
        return places

    def _stream(self, number: int, words: bytes, data: bytes) -> bytes:
        place = _place(1, self._at, 0)
        self._write(b"%d 0 obj\n<< %s /Length %d >>\nstream\n" % (number, words.strip(), len(data)))
        self._write(data)
        self._write(b"\nendstream\nendobj\n")
        return place

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._sum.update(data)
        self._at += len(data)


def _place(kind: int, where: int, index: int) -> bytes:
    """A row of the cross-reference stream: 1, where the object begins; or 2, the stream that holds it, and its index there."""
    return b"%c%b%b" % (kind, where.to_bytes(5, "big"), index.to_bytes(2, "big"))


def _deflated(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    packing = zlib.compressobj()
    while data := file.read(1 << 16):
        yield packing.compress(data)
    yield packing.flush()


def _dictionary(stream: Any) -> bytes:
    """A stream's dictionary without its length."""
    return bytes(pikepdf.Dictionary({k: v for k, v in stream.stream_dict.items() if k != "/Length"}).unparse())


def _mark(stream: Any, data: bytes) -> bytes | None:
    """Equal for streams that may stand for each other; None where one refers to other objects, which may differ."""
    words = _dictionary(stream)
    return None if any(found[2] for found in _REFERENCE.finditer(words)) else hashlib.sha256(words + b"\0" + data).digest()[:16]


def _renumbered(content: bytes, numbers: Mapping[int, int]) -> bytes:
    """An object as qpdf writes it, with its references by new numbers; in its texts, nothing refers to anything."""

    def other(found: re.Match[bytes]) -> bytes:
        number = 0 if found[1] else numbers.get(int(found[2]), 0)
        return found[1] or (b"%d 0 R" % number if number else b"null")

    return _REFERENCE.sub(other, content)
