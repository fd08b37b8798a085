"""A pack and what was derived of its specs -> the LaTeX of its volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from ..document.model import Sheet
from ..spec.fields import Steps
from ..spec.theme import Look
from ..writers.latex.escape import escape, plainly
from ..writers.latex.writer import Known, Writer
from ..writers.templating import environment, explained, tidy
from ..writers.words import Words
from . import markdown, notation_table
from .literature import Work
from .markdown import Scope, Target
from .maths import Maths
from .models import Chapter, Pack
from .notation_table import Clash
from .sheets import Member, all_rules, titles

NOTHING = Markup("")


@dataclass(frozen=True)
class SheetText:
    """A sheet, or the solution of one, as the template sets it."""

    place: int
    number: str
    title: Markup
    label: str
    mark: str
    babel: str
    body: Markup
    prefix: str = "ds"
    subtitle: str = ""
    introduction: Markup = NOTHING
    solution: str = ""


@dataclass(frozen=True)
class ChapterText:
    """A chapter as the template sets it."""

    number: int
    title: Markup
    label: str
    mark: str
    introduction: Markup
    words: Words
    sheets: tuple[SheetText, ...]


@dataclass(frozen=True)
class Noted:
    """A row of the table of notation."""

    sign: Markup
    meaning: str
    where: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Volume:
    """What the template sets. rules: the title and the name in the index of each; works: with their labels."""

    title: str
    chapters: tuple[ChapterText, ...]
    attribution: Markup
    preface: Markup = NOTHING
    solutions: tuple[SheetText, ...] = ()
    notation: tuple[Noted, ...] = ()
    clashes: tuple[Noted, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    works: tuple[tuple[str, Work], ...] = ()


@dataclass(frozen=True)
class Portion:
    """A part of a volume, of which the manifest tells the pages; its destinations in the PDF are `mark.begin`, `mark.end`."""

    kind: str
    mark: str
    title: str
    id: str = ""
    number: str = ""


@dataclass
class Book:
    """The whole pack, on its way to LaTeX."""

    pack: Pack
    look: Look
    members: Sequence[Member]
    works: Mapping[str, Work] = field(default_factory=dict)

    def __post_init__(self) -> None:
        nothing: Any = None  # a book has no symbols of its own
        self.tools = Writer(Sheet(self.pack.title, (), nothing, (), look=self.look), Known()).all_tools()
        self.prose: Words = self.tools["prose"]
        self.maths = Maths(self.members, self.look)
        self.cited: dict[str, None] = {}

    def volumes(self) -> dict[str, tuple[str, tuple[Portion, ...]]]:
        """LaTeX and parts of each volume, by what is added to the book's name."""
        volumes = {"": self._main()}
        if self.pack.solutions == "volume" and any(m.solved for m in self.members):
            volumes["-solutions"] = self._solutions()
        return {suffix: (self._latex(volume), tuple(self._portions(volume))) for suffix, volume in volumes.items()}

    def _latex(self, volume: Volume) -> str:
        tools = {
            **self.tools,
            "volume": volume,
            "pack": self.pack,
            "people": ", ".join(self.pack.authors),
            "document_class": "report",
        }
        with explained(self.look.templates):
            text = environment(self.look.templates).get_template("pack.tex").render(tools)
        return tidy(text)

    def _main(self) -> Volume:
        preface = self._text(self.pack.preface, ("preface",))
        chapters = [self._chapter(n, chapter) for n, chapter in enumerate(self.pack.chapters, 1)]
        solved = [m for m in self.members if m.solved] if self.pack.solutions == "end" else []
        named = [m.derived.rules[m.edition] for m in self.members] + [m.derived.rules[m.solved] for m in solved if m.solved]
        notation, clashes = self._notation()
        return Volume(
            title=self.pack.title,
            chapters=tuple(chapters),
            attribution=self._text(self.pack.attribution, ("attribution",)),
            preface=preface,
            solutions=tuple(self._solution(m) for m in solved),
            notation=notation,
            clashes=clashes,
            rules=self._index(named),
            works=self._listed(),
        )

    def _solutions(self) -> Volume:
        """The volume of solutions: chapters and sections have the numbers that they have in the book."""
        chapters = []
        for number, chapter in enumerate(self.pack.chapters, 1):
            if found := tuple(self._solution(m) for m in self.members if m.chapter == number and m.solved):
                bare = chapter.model_copy(update={"introduction": None})
                chapters.append(replace(self._chapter(number, bare, found), sheets=found))
        self.cited = {}  # by this volume alone
        return Volume(
            title=f"{self.pack.title}: {self.prose.pack('solutions')}",
            chapters=tuple(chapters),
            attribution=self._text(self.pack.attribution, ("attribution",), linked=False),
            rules=self._index([m.derived.rules[m.solved] for m in self.members if m.solved]),
            works=self._listed(),
        )

    def _index(self, named: Sequence[tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
        known = titles(self.look.language, self.look.templates)
        return tuple(sorted(((known[key], key.replace("_", "-")) for key in all_rules(named)), key=lambda r: r[0].casefold()))

    # --- chapters and sheets --------------------------------------------------------------------------------------------------

    def _chapter(self, number: int, chapter: Chapter, sheets: tuple[SheetText, ...] | None = None) -> ChapterText:
        return ChapterText(
            number=number,
            title=heading(chapter.title),
            label=f"dspack:chapter:{number}",
            mark=f"chapter-{number}",
            introduction=self._text(chapter.introduction, ("chapters", number - 1, "introduction"), number),
            words=self._words(number),
            sheets=tuple(self._sheet(m) for m in self.members if m.chapter == number) if sheets is None else sheets,
        )

    def _words(self, chapter: int) -> Words:
        """The words of a chapter's language; 0 is the book's own."""
        code = self.pack.chapters[chapter - 1].language if chapter else None
        return self.prose if code in (None, self.look.language) else Words(str(code), self.look.templates, self.tools)

    def _sheet(self, member: Member) -> SheetText:
        solved = member.solved is not None and self.pack.solutions == "end"
        return SheetText(
            place=member.place,
            number=member.number,
            title=heading(member.title),
            label=f"dspack:sheet:{member.name}",
            mark=f"sheet-{member.name}",
            babel=self._words(member.chapter).language["babel"],
            body=Markup(member.derived.bodies[member.edition]),
            subtitle=member.derived.subtitle,
            introduction=self._text(member.entry.introduction, (*member.path, "introduction"), member.chapter),
            solution=f"dspack:solution:{member.name}" if solved else "",
        )

    def _solution(self, member: Member) -> SheetText:
        return SheetText(
            place=member.place,
            number=member.number,
            title=heading(member.title),
            label=f"dspack:solution:{member.name}",
            mark=f"solution-{member.name}",
            babel=self._words(member.chapter).language["babel"],
            body=Markup(member.derived.bodies[member.solved or ""]),
            prefix="dssolution",
        )

    def _portions(self, volume: Volume) -> list[Portion]:
        words, names = self.prose, {m.name: m for m in self.members}

        def of(sheet: SheetText) -> Portion:
            kind, _, name = sheet.mark.partition("-")
            return Portion(kind, sheet.mark, names[name].title, name, sheet.number)

        found = [Portion("title", "title", volume.title), Portion("contents", "contents", words.pack("contents"))]
        found += [Portion("preface", "preface", words.pack("preface"))] if volume.preface else []
        for chapter in volume.chapters:
            own = self.pack.chapters[chapter.number - 1]
            found.append(Portion("chapter", chapter.mark, own.title, own.id or "", str(chapter.number)))
            found += [of(sheet) for sheet in chapter.sheets]
        if volume.solutions:
            found.append(Portion("solutions", "solutions", words.pack("solutions")))
            found += [of(sheet) for sheet in volume.solutions]
        last = {"notation": volume.notation, "rules": volume.rules, "literature": volume.works}
        return found + [Portion(kind, kind, words.pack(kind)) for kind, there in last.items() if there]

    # --- texts ------------------------------------------------------------------------------------------------------------------

    def _text(self, text: str | None, path: Steps, chapter: int = 0, linked: bool = True) -> Markup:
        if text is None:
            return NOTHING
        words = self._words(chapter)
        page = escape(words.pack("page"))
        scope = Scope(
            maths=lambda code: self.maths.latex(code, chapter, words),
            targets=self._targets(words),
            works=self.works,
            page=lambda label: rf"{page}~\pageref{{{label}}}",
            cited=self.cited,
            linked=linked,
        )
        return Markup(markdown.latex(text, scope, lambda line: self.pack.place_of_line(path, line)))

    def _targets(self, words: Words) -> dict[str, Target]:
        section, chapter = escape(words.pack("section")), escape(words.pack("chapter"))
        found = {m.name: Target(f"dspack:sheet:{m.name}", f"{section}~{m.number}") for m in self.members}
        for number, each in enumerate(self.pack.chapters, 1):
            if each.id:
                found[each.id] = Target(f"dspack:chapter:{number}", f"{chapter}~{number}")
        return found

    def _listed(self) -> tuple[tuple[str, Work], ...]:
        """The works to be listed, in the order of their authors; each with its label."""
        shown = self.works.values() if self.pack.literature == "all" else [self.works[key] for key in self.cited]
        ordered = sorted(shown, key=lambda w: (w.sorted_by, w.title, w.key))
        return tuple(
            (markdown.label(work.key, self.works), replace(work, address=Markup(markdown.breakable(work.address))))
            for work in ordered
        )

    # --- notation ---------------------------------------------------------------------------------------------------------------

    def clashes(self) -> list[Clash]:
        """Signs that are one thing in one sheet and something else in another."""
        return notation_table.clashes({m.name: m.derived.signs for m in self.members})

    def _notation(self) -> tuple[tuple[Noted, ...], tuple[Noted, ...]]:
        numbers = {m.name: m.number for m in self.members}

        def noted(sign: str, meaning: str, names: Sequence[str]) -> Noted:
            return Noted(Markup(sign), meaning, tuple((numbers[name], f"dspack:sheet:{name}") for name in names))

        def said(role: str, rank: str) -> str:
            return f"{self.prose.noted(role)} ({self.prose.ranks(rank)})"

        rows = notation_table.table({m.name: m.derived.signs for m in self.members})
        clashing = []
        for clash in self.clashes():
            for role in dict.fromkeys(clash.sheets.values()):
                names = [name for name, found in clash.sheets.items() if found == role]
                clashing.append(noted(clash.latex, self.prose.noted(role), names))
        return tuple(noted(r.sign.latex, said(r.sign.role, r.sign.rank), r.sheets) for r in rows), tuple(clashing)


def heading(text: str) -> Markup:
    """A text for a heading, which stands in the outline of the PDF as well, where there are no formulas."""
    shown, plain = str(escape(text)), str(plainly(text))
    return Markup(shown if shown == plain else rf"\texorpdfstring{{{shown}}}{{{plain}}}")
