"""Deliberate damages to what is printed, and the build that has to see them.

A damage is one plausible mistake, put into one function on the way from an expression to its signs, with a small spec on which it
changes what is printed. The build is `api.derive`, `api.sheet`, `api.tex`, `api.show`; it sees a damage when it raises.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Literal

import pytest
from _pytest.mark.structures import ParameterSet
from pytest import MonkeyPatch

from derive import api
from derive.calculus.steps import Derivation
from derive.document import context
from derive.document.model import Prose, Sheet
from derive.document.sections import (
    average,
    chain_rule,
    differentials,
    exploration,
    forward,
    gradients,
    network,
    numbers,
    substitution,
)
from derive.errors import CheckFailed, DeriveError
from derive.homework.questions import solving
from derive.homework.questions.kinds import KINDS
from derive.notation import glyphs
from derive.notation.emitters.latex import Text
from derive.notation.emitters.plain_text import Text as Plain
from derive.notation.mathematics import Tree
from derive.spec import Spec
from derive.writers import text as show
from derive.writers.latex import writer

SECTIONS = (average, chain_rule, differentials, exploration, forward, gradients, network, numbers, substitution)
QUESTIONS = [m for m in (sys.modules[kind.solve.__module__] for kind in KINDS.values()) if hasattr(m, "Prose")]

Change = Callable[[MonkeyPatch], None]
Output = Literal["page", "terminal"]
Stage = Literal["sheet", "print"]


@dataclass(frozen=True)
class Damage:
    """What goes wrong, in a sentence; the change that does it; the spec on which it shows, and where it shows there.

    edition: of the sheet that shows it. stage: the first part of the build that the damage is in; what comes before is shared.
    words: entries of templates that take the place of ours, by file. unseen: why the build does not see it yet.
    """

    says: str
    change: Change
    text: str
    on: tuple[Output, ...] = ("page",)
    edition: str = "worked"
    stage: Stage = "print"
    words: tuple[tuple[str, str], ...] = ()
    unseen: str = ""


@dataclass(frozen=True)
class Build:
    """A build without a damage."""

    spec: Spec
    derivation: Derivation
    sheet: Sheet
    page: str
    terminal: str


def parameters(damages: Iterable[Damage]) -> list[ParameterSet]:
    """The damages for `pytest.mark.parametrize`; those that the build does not see yet are expected to fail."""
    return [
        pytest.param(d, id=d.says.replace(" ", "-"), marks=[pytest.mark.xfail(strict=True, reason=d.unseen)] if d.unseen else [])
        for d in damages
    ]


@lru_cache(maxsize=256)
def whole(text: str, edition: str = "worked") -> Build:
    """The build of a spec as the program is: it raises nothing."""
    found = api.loads(text)
    derivation = api.derive(found)
    sheet = composed(found, derivation, edition)
    with MonkeyPatch.context() as patch:
        kept = printed(patch)
        api.tex(sheet)
        api.show(derivation, found.labels)
    return Build(found, derivation, sheet, kept["page"], kept["terminal"])


def composed(found: Spec, derivation: Derivation, edition: str) -> Sheet:
    """An edition's sheet, by way of all checks."""
    return api.sheet(found, derivation) if edition == "worked" else api.edition(api.homework(found, derivation), edition)


def printed(patch: MonkeyPatch) -> dict[Output, str]:
    """Where the page and the terminal's text are put before they are read back."""
    kept: dict[Output, str] = {}

    def page(true: Any, text: str) -> str:
        kept["page"] = true(text)
        return kept["page"]

    def terminal(true: Any, text: str, *more: Any) -> Any:
        kept["terminal"] = text
        return true(text, *more)

    around(patch, writer, "tidy", page)
    around(patch, show, "terminal", terminal)
    return kept


def require_seen(damage: Damage, patch: MonkeyPatch, folder: Path) -> None:
    """The damage changes what is printed, and the build raises."""
    forget()
    build = whole(damage.text, damage.edition)
    kept = printed(patch)
    patch.setattr("derive.checks.readback.reading._readings", [])
    damage.change(patch)
    forget()
    try:
        require_refused(damage, build, kept, folder)
    finally:
        forget()


def require_refused(damage: Damage, build: Build, kept: dict[Output, str], folder: Path) -> None:
    for output in damage.on:
        with pytest.raises(DeriveError) as refusal:
            if output == "terminal":
                api.show(build.derivation, build.spec.labels)
            else:
                sheet = build.sheet if damage.stage == "print" else composed(build.spec, build.derivation, damage.edition)
                api.tex(with_words(sheet, damage.words, folder))
        assert isinstance(refusal.value, CheckFailed), refusal.value
        if output in kept:  # else it was seen before the text was whole
            assert kept[output] != getattr(build, output), f"nothing changes on the {output}"


KEPT = (glyphs.named, glyphs.parsed)


def forget() -> None:
    """Let names be written anew: how one is written is kept."""
    for kept in KEPT:
        kept.cache_clear()


def with_words(sheet: Sheet, words: tuple[tuple[str, str], ...], folder: Path) -> Sheet:
    """The sheet with these entries in the place of ours."""
    if not words:
        return sheet
    for name, entry in words:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(entry, "utf-8")
    return replace(sheet, look=replace(sheet.look, templates=folder))


# --- changes --------------------------------------------------------------------------------------------------------------------


def around(patch: MonkeyPatch, owner: object, name: str, change: Callable[..., Any]) -> None:
    """Put `change` in the place of a function; it gets the true function and its arguments."""
    true = getattr(owner, name)
    patch.setattr(owner, name, wraps(true)(lambda *args, **more: change(true, *args, **more)))


def put(owner: object, name: str, change: Callable[..., Any]) -> Change:
    """`around`, as the change of a damage."""
    return lambda patch: around(patch, owner, name, change)


def rewritten(owner: object, name: str, pattern: str, new: str | Callable[[re.Match[str]], str]) -> Change:
    """What a printing function writes, with something in it written otherwise."""

    def change(true: Any, *args: Any, **more: Any) -> Any:
        found = true(*args, **more)
        if isinstance(found, Text):
            return replace(found, latex=re.sub(pattern, new, found.latex))
        if isinstance(found, Plain):
            return replace(found, text=re.sub(pattern, new, found.text))
        if isinstance(found, tuple):
            return tuple(re.sub(pattern, new, piece) for piece in found)
        return re.sub(pattern, new, found)

    return put(owner, name, change)


def emitted(printer: type, kind: type[Tree] | tuple[type[Tree], ...], change: Callable[[Any, Any, str], str]) -> Change:
    """What is written of one kind of tree; `change` gets the printer, the tree and what is rightly written."""

    def changed(true: Any, self: Any, tree: Tree) -> Text | Plain:
        found: Text | Plain = true(self, tree)
        if not isinstance(tree, kind):
            return found
        if isinstance(found, Text):
            return replace(found, latex=change(self, tree, found.latex))
        return replace(found, text=change(self, tree, found.text))

    return put(printer, "_text", changed)


def instead(printer: type, kind: type[Tree], change: Callable[[Any], Tree]) -> Change:
    """Another tree is written for each of one kind."""
    return put(printer, "_text", lambda true, self, tree: true(self, change(tree) if isinstance(tree, kind) else tree))


def nothing(patch: MonkeyPatch) -> None:
    """No change of the program: the damage is one of words."""


def equations(*lines: str, **given: str) -> str:
    """A spec of a few equations; what is given besides, in YAML."""
    head = {"title": "damaged", "view": "index", **given}
    return "\n".join([*(f"{k}: {v}" for k, v in head.items()), f"equations: {list(lines)!r}"])


def said(key: str, **about: Any) -> Change:
    """A text of the templates speaks of something else; functions get what it spoke of."""

    def change(true: Any, shown: str, found: Mapping[str, Any] | None = None) -> Prose:
        prose: Prose = true(shown, found or {})
        if shown != key:
            return prose
        return replace(prose, about={**prose.about, **{k: v(prose.about) if callable(v) else v for k, v in about.items()}})

    def patched(patch: MonkeyPatch) -> None:
        for module in (context, *SECTIONS, solving, *QUESTIONS):
            put(module, "Prose", change)(patch)

    return patched
