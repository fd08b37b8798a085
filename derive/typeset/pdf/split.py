"""One PDF of many documents, as TeX made it in one run, to one PDF for each.

What a document's PDF holds depends on that document alone: names, fonts and objects are numbered anew, in the order in which it
uses them, and everything of its neighbours is left behind. So the bytes are the same whichever documents shared the run.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, OutlineItem, Stream, String

from .contents import NotRead, characters, names, renamed
from .fonts import FontSource, document_fonts
from .type1 import NotCut

_BOOKMARK = re.compile(r"^\\BOOKMARK \[(-?\d+)\]\[(-?)\]\{(.*?)\}\{(.*)\}\{[^{}]*\}(?:% ?\d*)?$", re.MULTILINE)
_CATEGORIES = ("/ColorSpace", "/ExtGState", "/Pattern", "/Properties", "/Shading")
_FORM = ("/Type", "/Subtype", "/BBox", "/Matrix", "/Group")
_PRODUCER = "pdfTeX and derive"


@dataclass(frozen=True)
class Told:
    """What TeX told about a document while it set it: the labels of its pages, its title and so on, its bookmarks."""

    labels: tuple[str, ...]
    words: dict[str, str]
    bookmarks: tuple[tuple[int, bool, str, str], ...]
    unknown_reference: bool
    ended: bool


def told(build: Path, number: int) -> Told | None:
    """Read what TeX wrote about document `number`; None where it has not come to it."""
    path = build / f"d{number}.inf"
    if not path.is_file():
        return None
    lines = [line.partition(" ") for line in path.read_text(encoding="latin-1").splitlines()]
    words = {key: text for key, _, text in lines if key not in ("page", "unknown", "end")}
    marks = build / f"d{number}.out"
    found = _BOOKMARK.findall(marks.read_text(encoding="latin-1")) if marks.is_file() else []
    return Told(
        tuple(text for key, _, text in lines if key == "page"),
        {key: text for key, text in words.items() if text},
        tuple((int(level), sign == "-", to, title) for level, sign, to, title in found),
        any(key == "unknown" for key, _, _ in lines),
        any(key == "end" for key, _, _ in lines),
    )


class Unsplittable(Exception):
    """The shared PDF does not hold what TeX told of it."""


@dataclass
class Shared:
    """The PDF of a run, open, with what all its documents look up."""

    pdf: pikepdf.Pdf
    fonts: FontSource
    pages: dict[tuple[int, int], int]
    destinations: dict[str, list[tuple[str, int, list[Any]]]]

    @classmethod
    def of(cls, pdf: pikepdf.Pdf) -> Shared:
        pages: dict[tuple[int, int], int] = {page.obj.objgen: i for i, page in enumerate(pdf.pages)}
        destinations: dict[str, list[tuple[str, int, list[Any]]]] = {}
        if "/Names" in pdf.Root and "/Dests" in pdf.Root.Names:
            for key, value in pikepdf.NameTree(pdf.Root.Names.Dests).items():
                number, _, name = str(key).partition(".")
                target, *how = (value.D if isinstance(value, Dictionary) else value).as_list()
                if target.objgen in pages:
                    destinations.setdefault(number, []).append((name, pages[target.objgen], how))
        return cls(pdf, FontSource(), pages, destinations)


def split(path: Path, documents: Sequence[tuple[int, Told]], without: Collection[int], epoch: int) -> Iterable[tuple[int, bytes]]:
    """The PDF of each document of a run, by its number; not of those in `without`. A page before each document, and the
    last one, belong to none of them.

    Raises NotCut or NotRead where what is in it cannot be taken apart; a document that is alone in its run is then left whole.
    """
    with pikepdf.open(path) as pdf:
        shared = Shared.of(pdf)
        begin = 1
        if len(pdf.pages) != begin + sum(len(found.labels) + 1 for _, found in documents):
            raise Unsplittable("there are other pages than TeX told of")
        for number, found in documents:
            span = range(begin, begin + len(found.labels))
            begin = span.stop + 1
            if number not in without:
                yield number, _one(shared, number, span, found, epoch, len(documents) == 1)


def _one(shared: Shared, number: int, span: range, found: Told, epoch: int, alone: bool) -> bytes:
    with pikepdf.new() as made:
        document = _Document(shared, made, number, span, found)
        try:
            try:
                document.read()
            except (NotCut, NotRead):
                if not alone:
                    raise
                document.whole = True
            document.fill(epoch)
        except (pikepdf.PdfError, pikepdf.ForeignObjectError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise Unsplittable(f"page contents that pdfTeX does not write: {error}") from error
        out = io.BytesIO()
        made.save(out, deterministic_id=True, min_version="1.5", object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


@dataclass
class _Document:
    """One document on its way from the shared PDF to its own."""

    shared: Shared
    pdf: pikepdf.Pdf
    number: int
    span: range
    found: Told
    shown: dict[tuple[int, int], tuple[Any, set[int]]] = field(default_factory=dict)
    fonts: dict[tuple[int, int], tuple[str, Any]] = field(default_factory=dict)
    objects: dict[tuple[int, int], tuple[str, Any]] = field(default_factory=dict)
    whole: bool = False

    def read(self) -> None:
        """Find the characters that are shown, and cut the fonts down to them."""
        seen: set[tuple[int, int]] = set()
        for page in self._pages():
            self._see(page.Contents.read_bytes(), page.get("/Resources", Dictionary()), seen)
        made = document_fonts(self.pdf, self.shared.fonts, list(self.shown.values()))
        for i, (key, font) in enumerate(zip(self.shown, made, strict=True), 1):
            self.fonts[key] = (f"F{i}", font)

    def fill(self, epoch: int) -> None:
        for page in self._pages():
            self._put(page)
        self._destinations()
        self._outline()
        self._catalogue()
        self._information(epoch)

    def _pages(self) -> list[Any]:
        return [self.shared.pdf.pages[i].obj for i in self.span]

    def _see(self, contents: bytes, resources: Any, seen: set[tuple[int, int]]) -> None:
        """Which characters of which fonts are shown, in the contents and in the forms that they put in."""
        fonts = resources.get("/Font", {})
        for name, codes in characters(contents).items():
            font = fonts["/" + name]
            self.shown.setdefault(font.objgen, (font, set()))[1].update(codes)
        for form in self._used(resources, "/XObject", names(contents)).values():
            if form.get("/Subtype") == "/Form" and form.objgen not in seen:
                seen.add(form.objgen)
                self._see(form.read_bytes(), form.get("/Resources", Dictionary()), seen)

    def _used(self, resources: Any, category: str, used: list[str]) -> dict[str, Any]:
        there = resources.get(category, {})
        return {name: there["/" + name] for name in used if "/" + name in there}

    def _put(self, page: Any) -> None:
        contents, resources = self._own(page.Contents.read_bytes(), page.get("/Resources", Dictionary()))
        made = Dictionary(Type=Name.Page, MediaBox=Array(page.MediaBox.as_list()), Resources=resources)
        made.Contents = Stream(self.pdf, contents)
        for key in ("/CropBox", "/TrimBox", "/BleedBox", "/ArtBox"):
            if key in page:
                made[key] = Array(page[key].as_list())
        if "/Rotate" in page:
            made.Rotate = int(page.Rotate)
        if "/Group" in page:
            made.Group = self._copied(page.Group)
        self.pdf.pages.append(pikepdf.Page(self.pdf.make_indirect(made)))
        if "/Annots" in page:
            annotations = [self._annotation(one) for one in page.Annots.as_list()]
            self.pdf.pages[-1].obj.Annots = Array(annotations)

    def _own(self, contents: bytes, resources: Any) -> tuple[bytes, Any]:
        """Contents with names of this document's own, and resources that hold what they use and no more."""
        if self.whole:
            return contents, self._copied(resources)
        used = names(contents)
        fonts = resources.get("/Font", {})
        objects = resources.get("/XObject", {})
        made_fonts: dict[str, Any] = {}
        made_objects: dict[str, Any] = {}

        def font(name: str) -> str:
            own, made = self.fonts[fonts["/" + name].objgen]
            made_fonts["/" + own] = made
            return own

        def xobject(name: str) -> str:
            own, made = self._object(objects["/" + name])
            made_objects["/" + own] = made
            return own

        contents = renamed(contents, font, xobject)
        made: dict[str, Any] = {}
        for category in _CATEGORIES:
            if kept := self._used(resources, category, used):
                made[category] = Dictionary({"/" + name: self._copied(value) for name, value in kept.items()})
        if made_fonts:
            made["/Font"] = Dictionary(made_fonts)
        if made_objects:
            made["/XObject"] = Dictionary(made_objects)
        return contents, Dictionary(made)

    def _object(self, shared: Any) -> tuple[str, Any]:
        """An external object: an image as it is, a form with contents and resources of its own."""
        key = shared.objgen
        if key not in self.objects:
            own = f"X{len(self.objects) + 1}"
            self.objects[key] = (own, None)
            if shared.get("/Subtype") == "/Form":
                contents, resources = self._own(shared.read_bytes(), shared.get("/Resources", Dictionary()))
                made: Any = Stream(self.pdf, contents)
                for name in _FORM:
                    if name in shared:
                        made[name] = self._copied(shared[name])
                made.Resources = resources
            else:
                made = self.pdf.copy_foreign(shared)
            self.objects[key] = (own, made)
        return self.objects[key]

    def _copied(self, value: Any) -> Any:
        if isinstance(value, pikepdf.Object) and value.is_indirect:
            return self.pdf.copy_foreign(value)
        if isinstance(value, Dictionary):
            return Dictionary({key: self._copied(item) for key, item in value.items()})
        if isinstance(value, Array):
            return Array([self._copied(item) for item in value.as_list()])
        return value

    def _annotation(self, shared: Any) -> Any:
        """A link, to a place in this document by its own name."""
        made = Dictionary({k: self._copied(v) for k, v in shared.items() if k not in ("/P", "/Parent", "/Dest", "/A")})
        if "/Dest" in shared:
            made.Dest = self._target(shared.Dest)
        if "/A" in shared:
            made.A = Dictionary({k: self._target(v) if k == "/D" else self._copied(v) for k, v in shared.A.items()})
        return self.pdf.make_indirect(made)

    def _target(self, there: Any) -> Any:
        if isinstance(there, String):
            return String(str(there).removeprefix(f"{self.number}."))
        if isinstance(there, Array) and len(there) and there[0].objgen in self.shared.pages:
            return Array([self._page(self.shared.pages[there[0].objgen]), *(self._copied(v) for v in there.as_list()[1:])])
        return self._copied(there)

    def _page(self, index: int) -> Any:
        return self.pdf.pages[min(max(index - self.span.start, 0), len(self.span) - 1)].obj

    def _destinations(self) -> None:
        there = {name: (page, how) for name, page, how in self.shared.destinations.get(str(self.number), ()) if page in self.span}
        if there:
            listed: list[Any] = []
            for name in sorted(there):
                page, how = there[name]
                listed += [String(name), Array([self._page(page), *how])]
            self.pdf.Root.Names = Dictionary(Dests=self.pdf.make_indirect(Dictionary(Names=Array(listed))))

    def _outline(self) -> None:
        if not self.found.bookmarks:
            return
        with self.pdf.open_outline() as outline:
            above: list[tuple[int, Any]] = []
            for level, closed, to, title in self.found.bookmarks:
                item = OutlineItem(_string(title), destination=String(to))
                item.is_closed = closed
                while above and above[-1][0] >= level:
                    above.pop()
                (above[-1][1].children if above else outline.root).append(item)
                above.append((level, item))
        self.pdf.Root.PageMode = Name.UseOutlines

    def _catalogue(self) -> None:
        words = self.found.words
        if "lang" in words:
            self.pdf.Root.Lang = String(_string(words["lang"]))
        if "title" in words:
            self.pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        nums: list[Any] = []
        for index, label in enumerate(self.found.labels):
            number = int(label) if label.isascii() and label.isdecimal() and label[0] != "0" else None
            if number is None:
                nums += [index, Dictionary(P=String(label))]
            elif index == 0 or self.found.labels[index - 1] != str(number - 1):
                nums += [index, Dictionary(S=Name.D) if number == 1 else Dictionary(S=Name.D, St=number)]
        self.pdf.Root.PageLabels = Dictionary(Nums=Array(nums))

    def _information(self, epoch: int) -> None:
        date = datetime.fromtimestamp(epoch, UTC).strftime("D:%Y%m%d%H%M%SZ")
        made = {"/Producer": String(_PRODUCER), "/CreationDate": String(date), "/ModDate": String(date)}
        for key in ("title", "author", "subject", "keywords", "creator"):
            if key in self.found.words and (text := _string(self.found.words[key])):
                made["/" + key.capitalize()] = String(text)
        self.pdf.trailer.Info = self.pdf.make_indirect(Dictionary(made))


def _string(inside: str) -> str:
    """The text of a PDF string, given what stands between its brackets."""
    return str(pikepdf.Object.parse(b"(" + inside.encode("latin-1") + b")"))
