"""A pack to its files: sheets derived or found, volumes set, and all of it put in place at once."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from .. import api, looks, words
from ..errors import DeriveError, OutputError, Place, SpecError, TypesetError, did_you_mean
from ..escape import escape
from ..fields import Steps
from ..looks import Look
from ..render import style
from ..spec import Spec
from ..spec.reading import read
from ..typeset import typeset
from . import kept, literature
from .book import Book
from .manifest import add_to_toc, pages
from .models import Pack, SheetEntry
from .sheets import Derived, Member, Wanted, derive
from .signs import Clash

LINES = ("title", "subtitle", "course", "date", "licence")
TIMEOUT = 60
PER_SHEET = 10
"""Seconds that TeX may take for a pass over the book, and more for every sheet."""


@dataclass(frozen=True)
class Built:
    """What was built: its files; pages of each PDF; the sheets that were derived anew; signs that mean several things."""

    files: tuple[Path, ...]
    pages: Mapping[Path, int]
    derived: tuple[str, ...]
    clashes: tuple[Clash, ...]


def build(pack: Pack, target: Path, say: Callable[[str], None] = lambda name: None) -> Built:
    """Build the book at `target` (a .pdf), with its LaTeX, its manifest and perhaps a volume of solutions beside it.

    All files appear, or none. `say` is told the name of each sheet that is derived anew. Raises DeriveError; it names the spec.
    """
    _printable(pack)
    look = _look(pack)
    works = literature.load(pack.beside(pack.bibliography, "bibliography")) if pack.bibliography else {}
    found, derived = members(pack, look, say)
    book = Book(pack, look, found, works)
    files: dict[Path, bytes] = {}
    counts: dict[Path, int] = {}
    volumes = []
    for suffix, (tex, portions) in book.volumes().items():
        path = target.with_name(f"{target.stem}{suffix}.pdf")
        files[path.with_suffix(".tex")] = tex.encode()
        files[path], counts[path] = _set(tex, look, path, len(found))
        told = pages(files[path], portions)
        volumes.append({"file": path.name, "pages": counts[path], "parts": told, "includepdf": add_to_toc(told, path.stem)})
    for name, content in style(look).items():
        files[target.with_name(name)] = content if isinstance(content, bytes) else content.encode()
    manifest = {"title": pack.title, "paper": look.paper, "sides": look.sides, "volumes": volumes}
    files[target.with_name(f"{target.stem}-manifest.json")] = _json({**manifest, "clashes": _told(book)})
    put(files)
    return Built(tuple(files), counts, derived, tuple(book.clashes()))


def _printable(pack: Pack) -> None:
    """Refuse lines that the fonts cannot print; texts are looked at when they are set."""
    lines: list[tuple[Steps, str | None]] = [((field,), getattr(pack, field)) for field in LINES]
    lines += [(("authors", n), name) for n, name in enumerate(pack.authors)]
    lines += [(("chapters", n, "title"), chapter.title) for n, chapter in enumerate(pack.chapters)]
    lines += [((*path, "title"), entry.title) for path, _, entry in pack.entries()]
    for path, text in lines:
        try:
            escape(text or "")
        except DeriveError as error:
            raise error.at(pack.place(*path)) from None


def _json(data: object) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def _told(book: Book) -> list[dict[str, Any]]:
    return [{"sign": clash.plain, "sheets": dict(clash.sheets)} for clash in book.clashes()]


def _look(pack: Pack) -> Look:
    """The look of the whole book; its fields are called as those of a spec."""
    found = looks.look(cast(Spec, pack.model_copy(update={"language": pack.language or words.ENGLISH})))
    looks.require_font(found)
    return found


# --- sheets -------------------------------------------------------------------------------------------------------------------


def members(pack: Pack, look: Look, say: Callable[[str], None] = lambda name: None) -> tuple[list[Member], tuple[str, ...]]:
    """Every sheet of the pack, derived or as it was kept; and the names of those that were derived anew."""
    found, anew = [], []
    files: dict[tuple[Path, str], str] = {}
    for path, chapter, entry in pack.entries():
        file = source(pack, entry, path)
        edition = entry.edition or pack.edition
        twin = files.setdefault((file.resolve(), edition), entry.name)
        if twin != entry.name:
            raise SpecError(f"`{entry.spec}` stands in the pack already, as `{twin}`", place=pack.place(*path))
        language = chapter.language or pack.language
        if language:
            words.require(language, look.templates, pack.place(*path[:2], "language") if chapter.language else None)
        solved = pack.solved if edition == "homework" and pack.solutions != "none" else None
        editions = tuple(dict.fromkeys(filter(None, (edition, solved))))
        own = replace(look, language=language or look.language)
        wanted = Wanted(entry.name, file, read(file), own, not language, editions, pack.notation(chapter, entry))
        derived, fresh = _derived(wanted, pack.place(*path), say)
        anew += [entry.name] if fresh else []
        found.append(Member(entry, path, int(path[1]) + 1, int(path[3]) + 1, wanted, derived, edition, solved))
    return found, tuple(anew)


def source(pack: Pack, entry: SheetEntry, path: Sequence[str | int]) -> Path:
    """The file of a sheet's spec: from the pack's folder, or a shipped example."""
    if Path(entry.spec).suffix or "/" in entry.spec:
        return pack.beside(entry.spec, *path, "spec")
    with suppress(SpecError):
        return pack.beside(entry.spec, *path, "spec")
    known = api.examples()
    if entry.spec not in known:
        hint = did_you_mean(entry.spec, known)
        raise SpecError(f"there is no file and no example called `{entry.spec}`", place=pack.place(*path, "spec"), hint=hint)
    return known[entry.spec]


def _derived(wanted: Wanted, place: Place, say: Callable[[str], None]) -> tuple[Derived, bool]:
    """What a spec becomes, and whether it had to be derived for that. An error tells where in the pack the spec stands."""
    name = kept.key(wanted)
    if (found := kept.find(name)) is not None:
        return found, False
    say(wanted.name)
    try:
        made = derive(wanted)
    except DeriveError as error:
        error.at(Place(str(wanted.path)))
        error.hint = "\n  ".join(filter(None, (error.hint, f"this spec is the sheet `{wanted.name}` of the pack, {place}")))
        raise
    kept.keep(name, made)
    return made, True


# --- files --------------------------------------------------------------------------------------------------------------------


def _set(tex: str, look: Look, path: Path, sheets: int) -> tuple[bytes, int]:
    """The PDF of a volume, and how many pages it has; of a failure the log is kept beside where it would be."""
    with tempfile.TemporaryDirectory(prefix="derive-") as folder:
        made = Path(folder) / path.name
        log = path.with_suffix(".log")
        try:
            files = style(look)
            count = typeset(tex, made, files=files, timeout=TIMEOUT + PER_SHEET * sheets)
        except TypesetError as error:
            there = made.with_suffix(".log")
            if there.is_file():
                put({log: there.read_bytes()})
                error.hint = error.hint.replace(str(there), str(log))
            raise
        return made.read_bytes(), count


def put(files: Mapping[Path, bytes]) -> None:
    """Write files so that all of them appear, or none: those that were there stay until all are ready. Raises OutputError."""
    mark = f".{os.getpid()}-{secrets.token_hex(4)}"
    ready: dict[Path, Path] = {}
    before: dict[Path, Path | None] = {}
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise IsADirectoryError(21, "it is a folder", str(path))
            if path.is_file() and path.read_bytes() == data:
                continue
            ready[path] = path.with_name(f"{mark}-{len(ready)}.part")
            ready[path].write_bytes(data)
        for number, (path, part) in enumerate(ready.items()):
            old = path.with_name(f"{mark}-{number}-old.part") if path.exists() else None
            if old is not None:
                os.link(path, old)
            before[path] = old
            os.replace(part, path)
    except BaseException as error:
        for path, old in before.items():
            with suppress(OSError):
                if old is not None:
                    os.replace(old, path)
                elif not ready[path].exists():
                    path.unlink()
        if isinstance(error, OSError):
            where = error.filename if isinstance(error.filename, str) and ".part" not in error.filename else next(iter(files))
            raise OutputError(f"cannot write {where}: {error.strerror or error}") from error
        raise
    finally:
        for leftover in (*ready.values(), *(old for old in before.values() if old)):
            with suppress(OSError):
                leftover.unlink()
