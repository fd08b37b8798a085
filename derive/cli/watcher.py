"""Building again whenever a source of a sheet is saved: the spec, a theme and templates of one's own.

The system's file notifications only wake this up, once a second if there are none; what is to be built is known from the files
themselves. So it makes no difference whether an editor writes into a file or puts another one in its place, whether a file is
deleted and comes back, or whether it changed while something else was being built.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

import watchfiles

from ..spec import languages
from ..writers import templating

STEP = 20
"""Milliseconds without a further change after which a save counts as done: an editor that replaces a file does so in several."""

LONGEST = 200
"""Milliseconds after which it counts as done in any case, since others may write into the same folder."""

PULSE = 1000
"""Milliseconds after which the files are looked at without being told: some network drives tell nothing."""

State = dict[Path, tuple[int, int, int] | None]


Build = Callable[[str, Callable[[frozenset[Path]], None]], Iterable[Path]]
"""Builds the spec of a name, and says which files it wrote. It is handed a function to be told what the sheet will be made of,
which is to be called before that is read.
"""


@dataclass
class _Watched:
    """A spec, the files that its sheet is made of, and how they were when it was last built. `written`: by all builds so far."""

    spec: Path
    written: set[Path]
    sources: frozenset[Path] = frozenset()
    built: State | None = None

    def state(self) -> State:
        """How the sources are now. A folder stands for the templates in it, but for what is written there itself."""
        found: State = {}
        for path in {self.spec, *self.sources}:
            found |= {file.resolve(): _stamp(file) for file in (path, *_templates(path))}
        return {path: stamp for path, stamp in found.items() if path not in self.written}


def watch(specs: Mapping[str, Path], build: Build, ready: Callable[[], None] = lambda: None) -> None:
    """Build every spec, by its name, and again whenever a file changes that it is made of; until an exception, such as that of
    Ctrl-C, ends it. `build` itself reports what is wrong with a spec. `ready` is called once, when all are built.
    """
    written: set[Path] = set()
    watched = {name: _Watched(path, written) for name, path in specs.items()}
    is_ready = False
    with _listening() as listener, _heeding() as heed:
        while True:
            heed()
            listener.listen(path for one in watched.values() for path in (one.spec, *one.sources))
            changed = [name for name, one in watched.items() if one.state() != one.built]
            for name in changed:
                _build(watched[name], name, build)
                heed()
            if not changed:
                if not is_ready:
                    is_ready = True
                    ready()
                listener.wait()


def _build(one: _Watched, name: str, build: Build) -> None:
    before = one.state()
    if one.built is not None and any(path.suffix == ".tex" for path, _ in before.items() ^ one.built.items()):
        templating.environment.cache_clear()  # a file that is new goes before one of ours that is known there

    def learnt(made_of: frozenset[Path]) -> None:
        nonlocal before
        one.sources = made_of
        before = {path: before.get(path, stamp) for path, stamp in one.state().items()}

    # Where it learns nothing, the last sources stay: it will be one of them that is mended.
    one.written.update(path.resolve() for path in build(name, learnt))
    one.built = {path: stamp for path, stamp in before.items() if path not in one.written}


def _templates(folder: Path) -> Iterator[Path]:
    yield from folder.glob("*.tex")
    yield from (folder / languages.FOLDER).glob("*.tex")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written or replaced; None where there is none."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return None if path.is_dir() else (stat.st_mtime_ns, stat.st_size, stat.st_ino)


@contextmanager
def _heeding() -> Iterator[Callable[[], None]]:
    """Signals that end it are kept in mind, and a function raises what they raise. For what a handler raises is lost where Python
    calls back, around a fork for example; a build has several.
    """
    kept: list[int] = []
    before: dict[int, Any] = {}
    hook = sys.unraisablehook

    def keep(number: int, frame: FrameType | None) -> None:
        kept.append(number)
        before[number](number, frame)

    def lost(what: sys.UnraisableHookArgs) -> None:
        if not (kept and issubclass(what.exc_type, KeyboardInterrupt | SystemExit)):
            hook(what)

    def heed() -> None:
        for number in kept:
            before[number](number, None)

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and callable(handler := signal.getsignal(number)):
                before[number] = handler
                signal.signal(number, keep)
        sys.unraisablehook = lost
    try:
        yield heed
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


# --- being woken --------------------------------------------------------------------------------------------------------------


@contextmanager
def _listening() -> Iterator[_Listener]:
    listener = _Listener()
    try:
        yield listener
    finally:
        listener.end()


@dataclass
class _Listener:
    """A thread that waits for the system's notifications: in the main one, signals could end a build, but not the waiting."""

    folders: frozenset[Path] = frozenset()
    bell: SimpleQueue[None] = field(default_factory=SimpleQueue)
    stopped: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def listen(self, files: Iterable[Path]) -> None:
        """Wait for changes of these files, and no longer of others."""
        folders = frozenset(folder for file in files for folder in _around(file))
        if self.thread is None or folders != self.folders:
            self.end()
            self.folders, self.stopped = folders, threading.Event()
            self.thread = threading.Thread(target=_ring, args=(folders, self.bell, self.stopped), daemon=True)
            self.thread.start()

    def wait(self) -> None:
        """Until something may have changed."""
        self.bell.get()
        while True:
            try:
                self.bell.get_nowait()
            except Empty:
                return

    def end(self) -> None:
        self.stopped.set()
        if self.thread is not None:
            self.thread.join()


def _ring(folders: Iterable[Path], bell: SimpleQueue[None], stopped: threading.Event) -> None:
    try:
        changes = watchfiles.watch(
            *folders, recursive=False, watch_filter=None, step=STEP, debounce=LONGEST, rust_timeout=PULSE, yield_on_timeout=True,
            stop_event=stopped, raise_interrupt=False, ignore_permission_denied=True,
        )  # fmt: skip
        for _ in changes:
            bell.put(None)
    except (OSError, RuntimeError):  # a folder that has just gone; too many watches on this system
        while not stopped.wait(PULSE / 1000):
            bell.put(None)


def _around(file: Path) -> Iterator[Path]:
    """The folders to watch for a file that may be replaced, deleted, or not be there yet; for a folder, those in it as well."""
    for path in (file.absolute(), file.resolve()):  # a link, and what it leads to
        yield next(folder for folder in path.parents if folder.is_dir())
    if file.is_dir():
        yield from (path for path in (file.resolve(), file.resolve() / languages.FOLDER) if path.is_dir())
