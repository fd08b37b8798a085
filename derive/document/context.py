"""Derivation + checks -> Sheet: what is shown, in which order, under which subgoal label.

The sections are always the same: the network, the forward pass, the differential of each line, substitute downward, read off the
gradients, check with numbers. A spec may ask for more (story.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import network
from ..calculus import chain_rule
from ..calculus.steps import Derivation, Step
from ..checks.readback import numbers
from ..checks.verify import Check
from ..errors import Place, SpecError
from ..expressions.nodes import Differential, Elementwise, Entry, Partial
from ..expressions.system import COUNT, Equation, Tensor, lhs_of
from ..expressions.traversal import entries, nodes
from ..network.catalogue import functions
from ..notation import register, views
from ..notation.array_expressions import ArrayEquation, Softmax, parts
from ..notation.views import View
from ..numbers import draw
from ..numbers.given_values import FREE
from ..spec import Spec
from ..spec.theme import look
from . import repeated_layers
from . import signs as notes
from .model import Block, Figure, Form, Held, Line, Lines, Partials, Prose, Section, Sheet, Table, Text
from .repeated_layers import Run
from .sections import exploration, gradients, substitution
from .sections import numbers as arithmetic


def compose(spec: Spec, derivation: Derivation, checks: Sequence[Check], asked: Sequence[View]) -> Sheet:
    """The worked-solution sheet of a spec. The checks must have passed (verify.require)."""
    return _Composer(spec, derivation, checks, tuple(asked)).sheet()


MANY_ROWS = 8
"""A line of more quantities than this shows the partials of the first ones; the others are found in the same way."""


class _Composer:
    def __init__(
        self,
        spec: Spec,
        derivation: Derivation,
        checks: Sequence[Check],
        asked: tuple[View, ...],
        numbers: draw.Pass | None = None,
    ) -> None:
        self.spec = spec
        self.derivation = derivation
        self.system = derivation.system
        self.checks = checks
        self.views = asked
        self.pass_ = numbers if numbers is not None else draw.work(spec, derivation)
        self.named_signal = False
        self.symbols = register.symbols(derivation, spec.labels, spec.glyphs)

    @cached_property
    def forward_runs(self) -> tuple[Run, ...]:
        """Layers whose lines of the forward pass stand for each other."""
        return repeated_layers.forward_runs(self.derivation)

    @cached_property
    def backward_runs(self) -> tuple[Run, ...]:
        """Layers whose lines stand for each other going down, too."""
        return repeated_layers.backward_runs(self.derivation)

    def sheet(self) -> Sheet:
        sections = [
            *exploration.question(self),
            self.network(),
            self.forward(),
            self.differentials(),
            substitution.substitution(self),
            *exploration.chain_rule(self),
            gradients.gradients(self),
            *exploration.average(self),
            *exploration.explore(self),
            arithmetic.numbers(self),
        ]
        sections = [self.with_notation(s, sections) if s.key in ("network", "equations") else s for s in sections]
        return self.headed(sections)

    def headed(self, sections: Sequence[Section]) -> Sheet:
        """A sheet of these sections, under the head that the spec gives it."""
        spec = self.spec
        return Sheet(
            title=spec.title,
            subtitle=spec.subtitle or "",
            author=spec.author or "",
            course=spec.course or "",
            date=str(spec.date or ""),
            look=look(spec),
            name=name_of(spec),
            sections=tuple(s for s in sections if s.blocks),
            symbols=self.symbols,
            views=self.views,
            derivation=self.derivation,
            reference=self.reference(),
        )

    def reference(self) -> numbers.Reference | None:
        """The exact pass of the sheet's numbers, worked once more for whoever reads back what is printed."""
        if self.pass_ is None:
            return None
        rate = self.pass_.rate if self.pass_.exact_rate is None else self.pass_.exact_rate
        given = {t.key: self.pass_.best(t.key) for t in self.system.tensors.values() if t.role not in FREE}
        return numbers.reference(self.derivation, given, rate)

    def with_notation(self, section: Section, sections: Sequence[Section]) -> Section:
        """The section with a word on the signs that the sheet's formulas use."""
        lines = [line for s in sections for b in s.blocks if isinstance(b, Lines) for line in b.lines]
        partials = [row.partial for s in sections for b in s.blocks if isinstance(b, Partials) for row in b.rows]
        shown = [*(form.shown for line in lines for form in line.forms), *partials]
        signs = notes.signs(shown, self.system, self.symbols.signs)
        return Section(section.key, (*section.blocks, Prose("notation", {"signs": signs}))) if signs else section

    # --- lines --------------------------------------------------------------------------------------------------------------

    def forms(self, equation: Equation | None, only: Iterable[View] | None = None) -> tuple[Form, ...]:
        """An equation in every view of the sheet; the index form stands once where a view has none of its own."""
        if equation is None:
            return ()
        found = []
        for view in self.views:
            if only is None or view in only:
                found.append(Form(view, views.shown(equation, view, self.system)))
        return tuple(found)

    def line(self, step: Step, general: Mapping[int, str], rules: tuple[str, ...] | None = None) -> Line:
        return Line(self.forms(step.result), step.rules if rules is None else rules, general=general)

    # --- sections -------------------------------------------------------------------------------------------------------------

    def network(self) -> Section:
        blocks: list[Block] = []
        if self.spec.introduction:
            paragraphs = [p for p in re.split(r"\n\s*\n", self.spec.introduction) if p.strip()]
            blocks += [self.introduced(p) for p in paragraphs]
        runs = self.forward_runs
        deep = any(r.many for r in runs)
        about = {
            "layers": len(self.system.blocks),
            "objective": self.objective(),
            **self.counted(),
            "loss": self.system.remarks.get("loss", ""),
            "own": not self.system.blocks,
            "labelled": any("^" in g for g in self.spec.glyphs.values())
            or (bool(self.system.blocks) and self.spec.labels == "relative"),
            "weights": next((k for k in self.weights()), None) if "index" in self.views else None,
            "capitals": bool(self.system.blocks) and "scalar" not in self.views and "index" not in self.views,
        }
        blocks.append(Prose("network", about))
        for block in self.system.blocks:
            shared = [p for p in block.parameters if self.system.tensors[p].layer != block.number]
            if shared:
                owner = self.system.tensors[shared[0]].layer
                blocks.append(Prose("shared", {"layer": block.number, "owner": owner, "what": [Entry.of(p) for p in shared]}))
        if self.system.blocks:
            blocks.append(Figure("network", self.system, "network", {"layers": len(self.system.blocks)}))
        plain = bool(self.system.blocks) and chain_rule.is_scalar(
            self.system
        )  # a column that says "scalar" eight times says nothing
        if not deep and not plain and len(self.given()) <= 14:
            rows = [(Entry.of(t.key), t.role, t.shape, t.batch is not None) for t in self.given()]
            blocks.append(Table("given", tuple(rows)))
        return Section("network" if self.system.blocks else "equations", tuple(blocks))

    def counted(self) -> dict[str, object]:
        """The training examples of a mini-batch: how many there are, the sign of that number, and their index."""
        return {"examples": self.system.examples, "count": Entry.of(COUNT), "example": network.example_index(self.system)}

    def introduced(self, paragraph: str) -> Text:
        """A paragraph of the user's introduction."""
        try:
            return Text(exploration.marked(paragraph, self.system))
        except SpecError as error:
            raise error.at(self.spec.place("introduction") or Place()) from None

    def weights(self) -> list[Entry]:
        """The weights of the dense layers, with their indices."""
        found = [e for q in self.system.equations for e in entries(q.rhs)]
        return [
            e
            for e in found
            if self.system.tensors[e.key].role == "parameter" and self.system.tensors[e.key].cased and len(e.indices) == 2
        ]

    def given(self) -> list[Tensor]:
        order = {"input": 0, "target": 1, "parameter": 2, "constant": 3}
        return sorted(
            (t for t in self.system.tensors.values() if t.role in order and t.key != COUNT), key=lambda t: order[t.role]
        )

    def objective(self) -> Entry | None:
        return Entry.of(self.system.objective) if self.system.objective else None

    def parts(self, runs: Sequence[Run]) -> list[tuple[Run | None, tuple[str, ...]]]:
        """The keys that are defined, gathered by run of layers; the rest (own equations, the cost) under None."""
        inside = {i: block.number for block in self.system.blocks for i in block.equations}
        by_number = {n: run for run in runs for n in range(run.first, run.last + 1)}
        found: list[tuple[Run | None, tuple[str, ...]]] = []
        for position, equation in enumerate(self.system.equations):
            key = lhs_of(equation).key
            run = by_number.get(inside.get(position, -1))
            if run is not None and inside[position] != run.representative.number:
                continue
            if found and found[-1][0] is run:
                found[-1] = (run, (*found[-1][1], key))
            else:
                found.append((run, (key,)))
        return found

    def forward(self) -> Section:
        blocks: list[Block] = [Prose("forward", {**self.counted(), "own": not self.system.blocks})]
        for run, keys in self.parts(self.forward_runs):
            if run is not None and run.many:
                blocks.append(self.for_layers(run))
            general = run.general if run else {}
            blocks.append(Lines(tuple(self.line(s, general, ()) for key in keys for s in self.derivation.of("forward", key))))
        where = [
            Line((Form(self.views[0], exploration.definition(name, self.symbols.signs.argument)),)) for name in self.functions()
        ]
        softmaxes = {way: e for e in reversed(self.system.equations) for way in self.softmaxes(e)}  # the first of each way
        where += [Line((Form("index", e),)) for e in dict.fromkeys(e for e in self.system.equations if e in softmaxes.values())]
        if where:
            blocks.append(Prose("where_functions"))
            blocks.append(Lines(tuple(where)))
        return Section("forward", tuple(blocks))

    def softmaxes(self, equation: Equation) -> set[int]:
        """How softmax acts where some view writes it by its name, so that it has to be said what that is: 0, 1 along two axes."""
        shown = [views.shown(equation, v, self.system) for v in self.views if v in ("matrix", "batch")]
        found = {p for s in shown if isinstance(s, ArrayEquation) for p in parts(s.rhs) if isinstance(p, Softmax)}
        return {p.along if self.symbols.signs.directions and len(p.axes) == 2 else 0 for p in found}

    def for_layers(self, run: Run) -> Prose:
        """For which layers the lines of a run hold, and which input stands for a^0 in them."""
        return Prose("for_layers", self.about_layers(run))

    def about_layers(self, run: Run) -> dict[str, Any]:
        """The layers of a run, and the input that stands below the first of them."""
        below, given = run.stands_for or (None, None)
        return {
            "first": run.first,
            "last": run.last,
            "input": None if given is None else Entry.of(given),
            "zero": None if below is None else Entry.of(below),
            "general": {1: "0"},
        }

    def functions(self) -> list[str]:
        """The catalogue functions that the forward pass uses and that are not left unspecified."""
        found = dict.fromkeys(n.name for e in self.system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise))
        return [name for name in found if not functions()[name].record.opaque]

    def differentials(self) -> Section:
        blocks: list[Block] = [Prose("differentials", {"held": self.held_symbols(), "inputs": self.inputs()})]
        blocks += self.slopes()
        pieces = self.parts(self.forward_runs)
        last_alike = {self.alike(key): key for _, keys in pieces for key in keys}
        first, left_out, told = True, False, False
        for run, keys in pieces:
            general = run.general if run else {}
            if run is not None and run.many:
                blocks.append(self.for_layers(run))
            for key in keys:
                blocks.append(Lines(self.differential_lines(key, general)))
                if not told and not general and (words := exploration.in_words(self, key)):
                    blocks.append(words)
                    told = True
                held = self.partials(key, general)
                if held is None:
                    continue
                if last_alike[self.alike(key)] != key:
                    left_out = True
                    continue
                more = len(self.derivation.of("held", key)) - len(held.rows)
                about = {"of": self.entry(key), "general": general, "more": more, "indexed": bool(self.entry(key).indices)}
                blocks.append(Prose("partials" if first else "partials_next", about))
                blocks.append(held)
                first = False
        if left_out:
            blocks.append(Prose("partials_alike"))
        return Section("differentials", tuple(blocks))

    def slopes(self) -> list[Block]:
        """The slopes of the activations, where a textbook has a formula for them."""
        used = [n for n in self.functions() if functions()[n].textbook is not None]
        if not used:
            return []
        words = Prose("where_slopes", {"kinks": self.kinks(used), "count": len(used)})
        slopes = [chain_rule.slope(name, self.symbols.signs.argument) for name in used]
        return [words, Lines(tuple(Line((Form(self.views[0], slope),)) for slope in slopes))]

    def alike(self, key: str) -> object:
        """Equal for lines of one layer kind that differ in their number alone."""
        tensor = self.system.tensors[key]
        block = next((b for b in self.system.blocks if b.number == tensor.layer), None)
        return (tensor.base, block.kind.split()[0]) if block and tensor.layer is not None else key

    def kinks(self, used: Iterable[str]) -> list[tuple[str, int, Entry]]:
        return [(n, int(k), Entry.of(self.symbols.signs.argument)) for n in used if (k := functions()[n].record.kink) is not None]

    def held_symbols(self) -> list[Entry]:
        return [Entry.of(t.key) for t in self.system.of_role("target", "constant") if t.key != COUNT]

    def inputs(self) -> list[Entry]:
        return [Entry.of(t.key) for t in self.system.of_role("input")]

    def entry(self, key: str) -> Entry:
        found = self.system.defines()[key].lhs
        assert isinstance(found, Entry)
        return found

    def differential_lines(self, key: str, general: Mapping[int, str]) -> tuple[Line, ...]:
        """The lines of one differential: each view shows the form that reads best in it."""
        steps = self.derivation.of("differential", key)
        raw, last = steps[0], steps[-1]
        named = last if "recognise" in last.rules else None
        opened = last if last is not raw and named is None else raw
        if named is None:
            forms = tuple(f for v in self.views for f in self.forms(raw.result if v == "index" else opened.result, [v]))
            return (Line(forms, raw.rules, general=general),)
        # a quotient or a function of sums is worked out entry by entry; the matrix form follows from the entries
        by_entry = Line((Form("index", raw.result),), raw.rules, general=general)
        if "index" in self.views or "scalar" in self.views:
            alone = len(self.views) == 1
            return (by_entry, Line(self.forms(named.result), named.rules, continues=alone, general=general))
        entries_named = Line((Form("index", named.result),), named.rules, continues=True, general=general)
        in_arrays = Line(self.forms(named.result), ("as_matrices",), general=general)
        return (by_entry, entries_named, in_arrays) if len(self.views) == 1 else (by_entry, in_arrays)

    def partials(self, key: str, general: Mapping[int, str]) -> Partials | None:
        """Each partial, by setting the other differentials to zero."""
        alone, read = self.derivation.of("held", key), self.derivation.of("partial", key)
        if not alone:
            return None
        rows = []
        for kept, partial in zip(alone, read, strict=True):
            lhs = partial.result.lhs
            assert isinstance(lhs, Partial)
            zero = tuple(Differential(Entry.of(e.key)) for e in dict.fromkeys(Entry.of(h.key) for h in lhs.held))
            rows.append(Held(zero, self.forms(kept.result, self.views[:1]), partial.result, general))
        return Partials(tuple(rows[:MANY_ROWS]))


def name_of(spec: Spec) -> str:
    """What labels call the sheet: its file's name, or its title where it has none, in characters that a label may have."""
    place = spec.place("title")
    stem = Path(place.file).stem if place is not None and place.file and not place.file.startswith("<") else spec.title
    return re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-").lower() or "sheet"
