"""Reads a finished page: each formula back to numbers, both of its sides compared.

A formula that cannot be read, can be read in two ways, or is false, stops the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ...calculus.steps import Derivation
from ...errors import CheckFailed
from ...expressions.nodes import Entry
from ...expressions.system import primal
from ...expressions.traversal import nodes
from ...notation.glyphs import Symbols
from . import latex, plain, tokens, tree, words
from .comparing import Outcome, Told, compare, require_same
from .evaluation import Evaluation
from .letters import Letters
from .likeness import same
from .page import Formula, formulas, shared, states_numbers
from .points import Points, Stacked
from .signs import Meaning, Signs, written
from .spoken import Spoken
from .tokens import Unreadable
from .world import World

LAYERS = re.compile(r"\\ell = (\d[^a-z]*(?:\\dots[^a-z]*)?)")
SHAPE = re.compile(r"\d+(?: \\times \d+)*")
ZERO = re.compile(r"(?:\\dsgap\{\d+\})?\\mathrm\{d\}(.+?) = 0")
SIGNS = {r"\tanh", r"\log", r"\exp", r"\dots", r"\vdots", r"\cdots", "softmax"}
"""What may stand alone in a sentence or a picture, beside the signs of the sheet and of its functions."""

OPERATOR = re.compile(r"\\operatorname\{(\w+)\}")
ALONE = re.compile(r"L(-\d+)?|u|[\d\s.{},\-]+(\\times \d+)*|.*\\text.*", re.DOTALL)
"""The number of a layer, the u of a function, numbers and shapes, words."""

Others = Mapping[str, tuple[Derivation, Symbols]]
"""By section, the system and the signs of lines that speak of another system than the sheet's."""

READING = (Unreadable, ValueError, LookupError, TypeError, ArithmeticError)
"""What may go wrong with a text that is no formula."""

DOUBT = 8
"""More points at which a line must be true that may be wrong."""

DEFECT = "this is a defect of the way formulas are written, not of your spec: please report it with the spec"

TWICE = re.compile(r"\$(?<!\\\$)(?=[^$]*?[a-zA-Z])([^$]++)\$(?=(?:, |\\dsand\{\})\$\1\$)")
"""A name that a list in a sentence has twice in a row."""

SPACE = re.compile(r"\\allowbreak|\\penalty\d+|\s")
"""What changes nothing in a formula."""

KEPT = 4
"""So many derivations are remembered, each with what has been read of it."""

_readings: list[Reading] = []


def of(derivation: Derivation, glyphs: Symbols) -> Reading:
    """The reading of a derivation in these signs; what editions and the sheets of a class share is read once."""
    for found in _readings:
        if found.derivation is derivation and (found.symbols is glyphs or found.symbols == glyphs):
            return found
    _readings.append(Reading(derivation, glyphs))
    del _readings[:-KEPT]
    return _readings[-1]


@dataclass
class Reading:
    """Reads what is printed of one derivation. read: what has been found true already, and need not be read again.

    others: by identity, the signs of other systems that lines speak of.
    """

    derivation: Derivation
    symbols: Symbols
    read: dict[tuple[object, ...], bool] = field(default_factory=dict)
    others: dict[int, tuple[Symbols, Spoken]] = field(default_factory=dict)
    zeroed: dict[str, list[tree.Name]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.main = Spoken.of(self.derivation, self.symbols)
        self.functions = self.main.written.called

    # --- a page -----------------------------------------------------------------------------------------------------------

    def page(self, tex: str, templates: Iterable[Path | None] = (), parts: Others | None = None) -> int:
        """Read a page; the number of its lines that were read and recomputed. Raises CheckFailed, naming the line.

        templates: the folders of the texts, whose own formulas speak of no sheet.
        """
        told = Told()
        folders = tuple(templates)
        count = 0
        labelled: list[tuple[bool, bool]] = []
        twice = TWICE.search(tex)
        if twice:
            raise CheckFailed(f"a sentence lists `{twice[1]}` twice in a row; nothing was printed", hint=DEFECT)
        for formula in (*formulas(tex), Formula("task", "", len(tex))):
            if formula.role in ("part", "task"):
                _require_one(labelled)
                labelled.clear()
                told.part = formula.latex if formula.role == "part" else told.part
                continue
            spoken = [self.other(*parts[told.part]), self.main] if parts and told.part in parts else [self.main]
            try:
                if formula.role == "item":
                    labelled.append((formula.boxed, self.is_true(formula, told)))
                elif formula.role == "wrong":
                    if self.is_true(formula, told):
                        raise Unreadable("a line that is shown as an error is true")
                elif formula.role == "words":
                    count += self.in_words(formula, told, spoken, folders)
                else:
                    count += self.once(formula, told, spoken)
            except READING as found:
                error = found if isinstance(found, Unreadable) else Unreadable(f"it does not fit together ({found})")
                where = f", in the section `{told.part}`" if told.part else ""
                raise CheckFailed(
                    f"a printed line cannot be trusted{where}: {error.message}; nothing was printed: {formula.latex}",
                    hint=DEFECT,
                ) from None
        return count

    def once(self, found: Formula, told: Told, spoken: list[Spoken]) -> int:
        """Read a formula, if the same has not been read before."""
        part = told.part if len(spoken) > 1 else ""
        row = told.row[0] if told.row is not None and told.row[1] == found.row else ""
        context = (told.layers, told.zero, told.rows, part, row)
        mark = (SPACE.sub("", shared(found)), states_numbers(found), found.zero, found.said, *context)
        if mark not in self.read:
            self.read[mark] = self.first_that_reads(found, told, spoken)
        return int(self.read[mark])

    def first_that_reads(self, found: Formula, told: Told, spoken: list[Spoken]) -> bool:
        """Whether a line states something; the system of which it speaks is the first in whose signs it can be read."""
        problem = Unreadable("nothing reads it")
        for sheet in spoken:
            try:
                claim = latex.read(found.latex, sheet.written.called)
                _require_form(claim, found)
                outcomes = self.require(claim, sheet, sheet.written, told, found)
                if found.said is not None:
                    said = plain.read(found.said, sheet.said.letters, sheet.said.called)
                    if not self.likeness(claim, said, sheet, told):
                        beside = self.require(said, sheet, sheet.said, told, found, outcomes)
                        for one, other in zip(outcomes, beside, strict=True):
                            require_same(one, other)
                return any(outcome.states for outcome in outcomes)
            except Unreadable as error:
                problem = error
        raise problem

    def likeness(self, claim: tree.Relation, said: tree.Relation, sheet: Spoken, told: Told) -> bool:
        """Whether a line and the text behind it begin and end with the same trees of the same quantities, for each layer."""
        if claim.ranges != said.ranges or len(said.sides) < 2:
            return False
        first = sheet.system.first_index
        for layers in sheet.layers(told.layers):
            one = Letters(sheet.home, sheet.written, layers, told.zero, first)
            other = Letters(sheet.home, sheet.said, layers, told.zero, first)
            if not all(same(claim.sides[place], one, said.sides[place], other) for place in (0, -1)):
                return False
        return True

    def is_true(self, found: Formula, told: Told) -> bool:
        """Whether a line that may be wrong is true; what is not of the right shapes is not."""
        claim = latex.read(found.latex, self.functions)
        try:
            for spoken in (self.main, self.doubting):
                self.require(claim, spoken, spoken.written, told, found)
        except Unreadable:
            return False
        return True

    @cached_property
    def doubting(self) -> Spoken:
        """The same with more points: a wrong line may be true at some, where a slope is 0 or a number is cut off."""
        return replace(self.main, points=Points(World.many(self.derivation, range(20, 20 + DOUBT))))

    def other(self, derivation: Derivation, found: Symbols) -> Spoken:
        """The signs and the worlds of another system, of which some lines of a sheet speak."""
        if id(found) not in self.others:
            self.others[id(found)] = (found, Spoken.of(derivation, found))
        return self.others[id(found)][1]

    # --- in a sentence ------------------------------------------------------------------------------------------------------

    def in_words(self, found: Formula, told: Told, spoken: list[Spoken], templates: tuple[Path | None, ...]) -> int:
        """A formula of a sentence or a picture: a statement like any other, or names, which must be names of the sheet."""
        ranged = LAYERS.fullmatch(found.latex)
        if ranged:
            told.layers, told.asked = _numbers(ranged[1]), False
            return 0
        if SHAPE.fullmatch(found.latex):
            self.shape(found, told)
            return 0
        if told.asked and self.names_the_input(found.latex, told):
            return 0
        alone = OPERATOR.sub(r"\1", found.latex)
        if alone in self.functions or alone in SIGNS or ALONE.fullmatch(alone) or words.own_formula(found.latex, *templates):
            return 0
        claim = latex.read(found.latex, self.functions)
        if claim.signs:
            return self.once(found, told, spoken)
        alone_in_row = found.row is not None and isinstance(claim.sides[0], tree.Name)
        told.row = (found.latex, found.row) if alone_in_row and found.row is not None else None
        if not (isinstance(claim.sides[0], tree.Name) and self.about_the_input(claim.sides[0], told)):
            known = [(s.written, layers) for s in spoken for layers in s.layers(told.layers)]
            for name in tree.every(tree.Name, claim):
                bare = name == tree.Name(name.letter)
                if bare and any(name.letter in s.indices or name.letter == s.written.unnamed for s in spoken):
                    continue  # an index; and the cost that follows, where the equations have none
                meanings = (signs.meaning(name, layers, told.zero) for signs, layers in known)
                meaning = next((m for m in meanings if m is not None), None)
                if meaning is None:
                    raise Unreadable(f"`{written(name)}` is no sign of this sheet")
                self.require_letters(name, meaning)
        return 0

    def require_letters(self, name: tree.Name, meaning: Meaning) -> None:
        """In a name of a sentence, of which nothing is worked out, that of the examples stands on their axis, and none twice."""
        tensor = self.main.system.tensors.get(primal(meaning.sign.key))
        letters = [part for part in meaning.indices if len(part) == 1 and part[0].isalpha()]
        example = (self.main.home.one.example_letter,)
        if tensor is None or len(meaning.indices) != len(tensor.shape):
            return
        if tensor.batch is not None and example in letters and meaning.indices[tensor.batch] != example:
            raise Unreadable(f"`{example[0]}` counts the training examples, and not what it stands for in `{written(name)}`")
        if len(set(letters)) < len(letters) and tensor.key not in self.diagonals:
            raise Unreadable(f"`{written(name)}` has one letter twice, which no line has")

    @cached_property
    def diagonals(self) -> frozenset[str]:
        """What is written with one index twice in some line of the derivation: W[i,i]."""
        lines = [*self.main.system.equations, *(s.result for s in self.derivation.steps)]
        found = (n for q in lines for side in (q.lhs, q.rhs) for n in nodes(side) if isinstance(n, Entry))
        return frozenset(primal(n.key) for n in found if len(set(n.indices)) < len(n.indices))

    def shape(self, found: Formula, told: Told) -> None:
        """The shape that stands in a row of a table, of what its first cell names, in each layer that it speaks of."""
        if told.row is None or told.row[1] != found.row:
            return
        name = latex.read(told.row[0], self.functions).sides[0]
        assert isinstance(name, tree.Name)
        general = r"\ell" in name.above
        for number in told.layers or () if general else (0,):
            reader = Evaluation(self.main.home, self.main.written, {r"\ell": number} if general else {}, told.zero)
            shape = reader.shape_of(reader.required(name))
            if found.latex != r" \times ".join(map(str, shape)):
                raise Unreadable(f"`{told.row[0]}` has the shape {shape}")

    @cached_property
    def inputs(self) -> frozenset[str]:
        return frozenset(t.key for t in self.main.system.tensors.values() if t.role == "input")

    def names_the_input(self, written: str, told: Told) -> bool:
        """Keep what layer 0 stands for, where this is the name of it: whatever the letter, also one that texts use themselves."""
        try:
            name = latex.Reader(tokens.latex(written), self.functions).lone_name()
        except Unreadable:
            return False
        return self.about_the_input(name, told)

    def about_the_input(self, name: tree.Name, told: Told) -> bool:
        """Keep what a page says of layer 0: a^(0) stands for the input x."""
        meaning = self.main.written.meaning(name, self.main.layers(told.layers)[0])
        if meaning is None and self.main.written.meaning(name, {}, "the input") is not None:
            told.asked = True
            return True
        if told.asked and meaning is not None and meaning.sign.key in self.inputs:
            told.zero, told.asked = meaning.sign.key, False
            return True
        return False

    # --- a line -------------------------------------------------------------------------------------------------------------

    def require(
        self, claim: tree.Relation, sheet: Spoken, known: Signs, told: Told, found: Formula, beside: Sequence[Outcome] = ()
    ) -> list[Outcome]:
        """Evaluate a line for every layer and number of examples that it speaks of. Raises Unreadable where it is false.

        beside: what the same line came to in other signs, at the same places.
        """
        general = r"\ell" not in known.table and any(r"\ell" in name.above for name in tree.every(tree.Name, claim))
        if general and told.layers is None:
            raise Unreadable("nothing says which layers ℓ stands for")
        outcomes: list[Outcome] = []
        for layers in sheet.layers(told.layers) if general else [{}]:
            reader = Evaluation(sheet.points, known, layers, told.zero, sheet.system.first_index)
            if found.zero is not None and isinstance(claim.sides[0], tree.Change):
                reader.changes = self.held(claim, claim.sides[0].of, found.zero, reader)
            if beside:
                reader.look_over(claim, beside[len(outcomes)].scope)
            self.require_row(claim, found, told, reader)
            outcomes.append(compare(claim, reader, told, states_numbers(found)))
        return outcomes

    def require_row(self, claim: tree.Relation, found: Formula, told: Told, reader: Evaluation) -> None:
        """In a row, a partial says what is held and is by what moves, and a formula is about what the row begins with."""
        left = claim.sides[0]
        if not isinstance(left, tree.Derivative):
            return
        by = reader.required(left.by[0]).sign.key
        asked = any(isinstance(side, tree.Gap) for side in claim.sides)  # then what is held may be asked as well
        if found.zero is not None and left.held is None and not asked:
            reader.require_all_held(reader.required(left.of).sign.key, by, ())
        if found.zero is not None and by in self.zeros(found.zero, reader):
            raise Unreadable("it is a partial by what is held constant")
        if found.row is not None and told.row is not None and told.row[1] == found.row:
            name = latex.read(told.row[0], self.functions).sides[0]
            latin = Letters(reader.points, self.main.written, reader.layers, reader.zero)
            if isinstance(name, tree.Name) and latin.required(name).sign.key != by:
                raise Unreadable("it stands in the row of something else")

    def held(self, claim: tree.Relation, left: tree.Name, zero: str, reader: Evaluation) -> Stacked:
        """The changes where those are zero that the page sets to zero before a line; where it does not name all, all others."""
        key = reader.required(left).sign.key
        if r"\text" in zero or r"\dots" in zero:
            there = {reader.required(n.of).sign.key for n in tree.every(tree.Change, claim.sides[1])}
            return reader.points.held(key, frozenset(reader.points.one.reads(key)) - there)
        return reader.points.held(key, self.zeros(zero, reader))

    def zeros(self, zero: str, reader: Evaluation) -> frozenset[str]:
        """The keys of what a page sets to zero, as far as it names them."""
        if zero not in self.zeroed:
            self.zeroed[zero] = _names(zero)
        latin = Letters(reader.points, self.main.written, reader.layers, reader.zero)
        return frozenset(latin.required(name).sign.key for name in self.zeroed[zero])


def _names(zero: str) -> list[tree.Name]:
    """Of what does a page say that its change is zero: dx = 0, dw = 0, …"""
    if r"\text" in zero:
        return []
    parts = [part for part in map(str.strip, zero.replace(r"\allowbreak ", "").split(r",\ ")) if part and part != r"\dots"]
    found = [(part, ZERO.fullmatch(part)) for part in parts]
    for part, said in found:
        if said is None:
            raise Unreadable(f"`{part}` sets nothing to zero")
    return [latex.Reader(tokens.latex(said[1])).lone_name() for _, said in found if said is not None]


def _require_form(claim: tree.Relation, found: Formula) -> None:
    """A line that is not a sentence's has both its sides."""
    if found.macro in ("dsline", "dsmore", "dsresult", "dspair", "dsboxedpair", "dspartial") and len(claim.sides) < 2:
        raise Unreadable("a line with one side")


def _numbers(written: str) -> tuple[int, ...]:
    """1, …, 4, 6: the numbers of layers, in their order upwards."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:,[^\d]*\\dots[^\d]*(\d+))?", written):
        ends = sorted((int(first), int(last or first)))
        found |= set(range(ends[0], ends[1] + 1))
    return tuple(sorted(found))


def _require_one(found: list[tuple[bool, bool]]) -> None:
    """Of answers to choose from one is right; of numbered lines one is wrong. found: whether it has a box, whether it is true."""
    answers = [true for boxes, true in found if boxes]
    lines = [true for boxes, true in found if not boxes]
    if answers and sum(answers) != 1:
        raise CheckFailed(f"of {len(answers)} answers to choose from {sum(answers)} are right; nothing was printed")
    if lines and len(lines) - sum(lines) != 1:
        raise CheckFailed(f"of {len(lines)} lines with one error {len(lines) - sum(lines)} are wrong; nothing was printed")
