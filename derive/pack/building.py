"""A pack to its files: sheets derived or found, volumes set, and all of it put in place at once."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from ..errors import DeriveError, OutputError, Place, SpecError, TypesetError, did_you_mean
from ..resources import examples
from ..spec import Spec, languages, theme
from ..spec.fields import Steps
from ..spec.reading import read
from ..spec.theme import Look
from ..typeset import typeset
from ..writers.latex.escape import escape
from ..writers.latex.writer import style
from . import cache, literature
from .book import Book
from .manifest import add_to_toc, pages
from .models import Pack, SheetEntry
from .notation_table import Clash
from .sheets import Derived, Member, Wanted, derive

LINES = ("title", "subtitle", "course", "date", "licence")
TIMEOUT = 60
PER_SHEET = 10
"""Seconds that TeX may take for a pass over the book, and more for every sheet."""

WORTH_SPREADING = 4
"""So many specs are derived on all cores; fewer one after the other."""


@dataclass(frozen=True)
class Built:
    """What was built: its files; pages of each PDF; the sheets that were derived anew; signs that mean several things."""

    files: tuple[Path, ...]
    pages: Mapping[Path, int]
    derived: tuple[str, ...]
    clashes: tuple[Clash, ...]


def build(pack: Pack, target: Path, say: Callable[[str], None] = lambda name: None) -> Built:
    """Build the book at `target` (a .pdf), with its LaTeX, its manifest and perhaps a volume of solutions beside it.

    All files appear, or none. `say` is told the name of each sheet that was derived anew. Raises DeriveError; it names the spec.
    """
    _printable(pack)
    look = _look(pack)
    works = literature.load(pack.beside(pack.bibliography, "bibliography")) if pack.bibliography else {}
    found, derived = members(pack, look, say)
    book = Book(pack, look, found, works)
    files: dict[Path, bytes] = {}
    counts: dict[Path, int] = {}
    volumes = []
    planned = {target.with_name(f"{target.stem}{suffix}.pdf"): whole for suffix, whole in book.volumes().items()}
    work = [(tex, look, path, len(found)) for path, (tex, _) in planned.items()]
    with _spread(len(work), 2) as pool:
        typeset_all = list((pool.map if pool else map)(_set, *zip(*work, strict=True)))
    for (path, (tex, portions)), made in zip(planned.items(), typeset_all, strict=True):
        files[path.with_suffix(".tex")] = tex.encode()
        files[path], counts[path] = made
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
    found = theme.look(cast(Spec, pack.model_copy(update={"language": pack.language or languages.ENGLISH})))
    theme.require_font(found)
    return found


# --- sheets -------------------------------------------------------------------------------------------------------------------


def members(pack: Pack, look: Look, say: Callable[[str], None] = lambda name: None) -> tuple[list[Member], tuple[str, ...]]:
    """Every sheet of the pack, derived or as it was kept; and the names of those that were derived anew."""
    asked: list[tuple[Steps, SheetEntry, Wanted, str, str | None]] = []
    files: dict[tuple[Path, str], str] = {}
    for path, chapter, entry in pack.entries():
        file = source(pack, entry, path)
        edition = entry.edition or pack.edition
        twin = files.setdefault((file.resolve(), edition), entry.name)
        if twin != entry.name:
            raise SpecError(f"`{entry.spec}` stands in the pack already, as `{twin}`", place=pack.place(*path))
        language = chapter.language or pack.language
        if language:
            languages.require(language, look.templates, pack.place(*path[:2], "language") if chapter.language else None)
        solved = pack.solved if edition == "homework" and pack.solutions != "none" else None
        editions = tuple(dict.fromkeys(filter(None, (edition, solved))))
        own = replace(look, language=language or look.language)
        wanted = Wanted(entry.name, file, read(file), own, not language, editions, pack.notation(chapter, entry))
        asked.append((path, entry, wanted, edition, solved))
    derived, anew = _derived([(wanted, pack.place(*path)) for path, _, wanted, _, _ in asked], say)
    return [
        Member(entry, path, int(path[1]) + 1, int(path[3]) + 1, wanted, made, edition, solved)
        for (path, entry, wanted, edition, solved), made in zip(asked, derived, strict=True)
    ], anew


def source(pack: Pack, entry: SheetEntry, path: Sequence[str | int]) -> Path:
    """The file of a sheet's spec: from the pack's folder, or a shipped example."""
    if Path(entry.spec).suffix or "/" in entry.spec:
        return pack.beside(entry.spec, *path, "spec")
    with suppress(SpecError):
        return pack.beside(entry.spec, *path, "spec")
    known = examples()
    if entry.spec not in known:
        hint = did_you_mean(entry.spec, known)
        raise SpecError(f"there is no file and no example called `{entry.spec}`", place=pack.place(*path, "spec"), hint=hint)
    return known[entry.spec]


def _derived(asked: Sequence[tuple[Wanted, Place]], say: Callable[[str], None]) -> tuple[list[Derived], tuple[str, ...]]:
    """What each spec becomes, and the names of those that were derived for it. An error tells where in the pack its spec is."""
    names = [cache.key(wanted) for wanted, _ in asked]
    found = [cache.find(name) for name in names]
    missing = [number for number, derived in enumerate(found) if derived is None]
    work = [asked[number][0] for number in missing]
    with _spread(len(missing), WORTH_SPREADING) as pool:
        for number, made in zip(missing, (pool.map if pool else map)(_attempt, work), strict=True):
            wanted, place = asked[number]
            if isinstance(made, DeriveError):
                made.at(Place(str(wanted.path)))
                made.hint = "\n  ".join(filter(None, (made.hint, f"this spec is the sheet `{wanted.name}` of the pack, {place}")))
                raise made
            say(wanted.name)
            cache.keep(names[number], made)
            found[number] = made
    return [derived for derived in found if derived is not None], tuple(wanted.name for wanted in work)


def _attempt(wanted: Wanted) -> Derived | DeriveError:
    try:
        return derive(wanted)
    except DeriveError as error:
        return error


@contextmanager
def _spread(pieces: int, worth: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes on all cores for so many pieces of work; none for fewer than are worth it."""
    cores = min(os.cpu_count() or 1, pieces)
    if pieces < worth or cores < 2:
        yield None
        return
    pool = ProcessPoolExecutor(cores)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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
