"""One check after another, at one point: each step in each view, against complex-step derivatives of the forward equations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import sympy
from sympy import Expr

from ..calculus import chain_rule
from ..calculus.steps import Step
from ..expressions.nodes import Differential, Elementwise, Entry, Index, Partial, Where
from ..expressions.renaming import named, structure
from ..expressions.system import Equation, cotangent
from ..expressions.traversal import entries, free_indices, nodes, transform
from ..expressions.views import View
from ..network.catalogue import function
from ..notation import views
from ..notation.views import Shown
from ..numbers import entrywise, evaluate
from ..numbers.evaluate import Array, Values
from . import symbolic
from .comparison import TOLERANCE, Check, Way, relative_error, sides, title
from .complex_step import Reference, entry_of, plain


@dataclass
class Point(Reference):
    """All checks at one point. In a large system a formula that many layers share is checked on the first of them.

    The others have the same formula in the same surroundings, but for the names (`renaming`), so what holds for any values
    holds for theirs; and all their gradients are checked once more against the whole forward pass.
    """

    shown_in: tuple[View, ...] = ("index",)
    large: bool = False
    forms: dict[tuple[Equation, View], Shown] = field(default_factory=dict)
    """The equations as they are shown: the same at every point."""
    found: list[Check] = field(default_factory=list, init=False)

    def checks(self) -> list[Check]:
        system = self.derivation.system
        for key in self.derivation.seeds:
            self.values[cotangent(key)] = self.rng.normal(size=system.tensors[key].shape)
        self.first: dict[Hashable, tuple[Step, list[Check]]] = {}
        with np.errstate(all="ignore"):
            for step in self.derivation.steps:
                self.check_step(step)
            self.check_functions()
            self.check_whole()
        return self.found

    def check_step(self, step: Step) -> None:
        if not self.large:
            getattr(self, f"check_{step.section}")(step)
            return
        near = self.surroundings(step)
        known = frozenset[str]().union(*(named(side) for q in near for side in (q.lhs, q.rhs)))
        tied = named(step.result.lhs) | named(step.result.rhs) <= known
        formulas = [Entry.of(step.about), *(side for q in (step.result, *near) for side in (q.lhs, q.rhs))]
        mark = (step.section, step.rules, structure(formulas, self.derivation.system))
        if mark not in self.first or not tied:
            before = len(self.found)
            getattr(self, f"check_{step.section}")(step)
            self.first[mark] = (step, self.found[before:])
            return
        first, checks = self.first[mark]
        for one in checks:
            how = f"the same formula as for {first.about}"
            self.found.append(replace(one, what=title(step), how=how, about=step.about, way=Way.SHARED))
        if step.section == "gradient":
            lhs = entry_of(step.result.lhs)
            self.values[lhs.key] = evaluate.evaluate(step.result.rhs, self.values, plain(lhs.indices))
            self.sizes[step.about] = float(np.linalg.norm(self.values[lhs.key]))

    def surroundings(self, step: Step) -> list[Equation]:
        """The forward equations that tie together what a step speaks of: its own, or those that use what it is about."""
        if step.section != "gradient":
            return [self.equations[step.about]]
        near = self.users.get(step.about, [])
        further = [q for one in near for q in self.users.get(entry_of(one.lhs).key, ())]
        return list(dict.fromkeys([*near, *further]))

    # --- one kind of step each ------------------------------------------------------------------------------------------

    def check_forward(self, step: Step) -> None:
        lhs = entry_of(self.equations[step.about].lhs)
        self.compare(step, self.values[lhs.key], lhs.indices, {}, "the forward pass")

    def check_differential(self, step: Step) -> None:
        self.check_change(step, None, "complex step")
        equation = self.equations[step.about]
        if "recognise" not in step.rules and symbolic.decidable(equation):
            moving = [k for k, d in self.directions(equation, None).items() if np.any(d)]
            agree = symbolic.agrees(equation, step.result.rhs, moving)
            if agree is not None:
                self.add(step, self.shown_in[0], "symbolically, by SymPy", 0.0 if agree else float("inf"), Way.SYMBOLS)

    def check_held(self, step: Step) -> None:
        only = {n.entry.key for n in nodes(step.result.rhs) if isinstance(n, Differential)}
        if len(only) != 1:
            for view in self.shown_in:
                self.add(step, view, "exactly one quantity must change", float("inf"))
            return
        self.check_change(step, only, "complex step, the others held")

    def check_change(self, step: Step, only: set[str] | None, how: str) -> None:
        equation = self.equations[step.about]
        directions = self.directions(equation, only)
        change = self.slope(equation, directions)
        extra = {**_changes(directions), f"d {step.about}": change}
        self.compare(step, change, entry_of(equation.lhs).indices, extra, how)

    def check_partial(self, step: Step) -> None:
        partial = step.result.lhs
        assert isinstance(partial, Partial)
        equation = self.equations[step.about]
        if not self.says_what_is_held(step.about, partial):
            self.add(step, "index", "what is held constant is not said", float("inf"))
            return
        free = tuple(dict.fromkeys([*free_indices(partial.of), *free_indices(partial.by)]))
        value = evaluate.evaluate(step.result.rhs, self.values, free)
        worst = 0.0
        for _ in range(3):
            at = {i: int(self.rng.integers(i.size)) for i in free}
            direction = np.zeros(self.values[partial.by.key].shape)
            direction[tuple(_place(i, at) for i in partial.by.indices)] = 1.0
            slope = self.slope(equation, {partial.by.key: direction})
            reference = slope[tuple(_place(i, at) for i in partial.of.indices)]
            worst = max(worst, relative_error(value[tuple(at[i] for i in free)], reference))
        self.add(step, "index", "complex step in one entry", worst)

    def says_what_is_held(self, about: str, partial: Partial) -> bool:
        """Whether it is a partial of that line, and names everything else that could change the line's value.

        What a condition asks about decides between two branches: at a point it changes nothing, but it is held all the same.
        """
        equation = self.equations[about]
        named = {partial.by.key, *(h.key for h in partial.held)}
        moving = {k for k, d in self.directions(equation, None).items() if np.any(d)}
        left = moving - named
        if any(e.key in left for n in nodes(equation.rhs) if isinstance(n, Where) for e in entries(n.args[0])):
            return False
        silent = not left or self.is_still(equation, left)
        return partial.of == equation.lhs and partial.by.key in moving and named <= moving and silent

    def is_still(self, equation: Equation, left: set[str]) -> bool:
        """Whether the value of a line stays the same, but for rounding, where these change: that of a/a + b where a does."""
        slope = self.slope(equation, self.directions(equation, left))
        value = evaluate.evaluate(equation.rhs, self.values, plain(entry_of(equation.lhs).indices))
        return bool(np.all(np.abs(slope) <= TOLERANCE * np.maximum(1.0, np.abs(value))))

    def check_substitute(self, step: Step) -> None:
        equation = self.equations[step.about]
        directions = self.directions(equation, None)
        change = self.slope(equation, directions)
        seed = self.values.get(cotangent(step.about), np.asarray(1.0))
        reference = np.sum(seed * change)
        extra = {**_changes(directions), f"d {step.about}": change}
        self.compare(step, np.asarray(reference), (), extra, "complex step")

    def check_arranged(self, step: Step) -> None:
        self.check_substitute(step)

    def check_gradient(self, step: Step) -> None:
        system = self.derivation.system
        lhs = entry_of(step.result.lhs)
        if lhs.key != cotangent(step.about):
            self.add(step, self.shown_in[0], "the left-hand side is another derivative", float("inf"))
            return
        directions = [self.rng.normal(size=system.tensors[step.about].shape) for _ in range(2)]
        references = [self.pulled(step.about, d) for d in directions]
        try:
            self.values[lhs.key] = evaluate.evaluate(step.result.rhs, self.values, plain(lhs.indices))
        except (ValueError, KeyError) as error:
            self.values[lhs.key] = np.full(directions[0].shape, np.nan)
            self.add(step, "index", f"indices do not fit: {error}", float("inf"))
        for view in self.shown_in:
            try:
                both = sides(self.form(step.result, view), lhs.indices, self.values)
            except (ValueError, IndexError, KeyError) as error:
                self.add(step, view, f"shapes do not fit: {error}", float("inf"))
                continue
            scale = self.scale(step.about)
            off = [
                abs(float(np.sum(array * d)) - r) / max(abs(r), scale, 1e-300)
                for array in both
                for d, r in zip(directions, references, strict=True)
            ]
            self.add(step, view, "dot-product test with a complex step", max(off))

    def check_total(self, step: Step) -> None:
        """dC with some differentials substituted, along a random change of all that is given."""
        system = self.derivation.system
        given = {k: v for k, v in self.values.items() if k in system.tensors}
        free = [t.key for t in system.of_role("parameter", "input")]
        directions = {k: self.rng.normal(size=given[k].shape) for k in free}
        out = evaluate.run(system, evaluate.tilt(given, directions))
        changes = {f"d {k}": evaluate.tilted(v) for k, v in out.items()}
        self.compare(step, changes[f"d {step.about}"], (), changes, "complex step of the whole forward pass")

    def check_product(self, step: Step) -> None:
        """A product of partials, each taken as the complex-step derivative of its own line."""
        reference = self.whole_slope(step.about)
        found = transform(step.result.rhs, self.partial_value)
        value = evaluate.evaluate(found, self.values, ())
        self.add(step, self.shown_in[0], "complex step of the whole forward pass", relative_error(value, reference))

    def check_written_out(self, step: Step) -> None:
        reference = self.whole_slope(step.about)
        value = evaluate.evaluate(step.result.rhs, self.values, ())
        self.add(step, self.shown_in[0], "complex step of the whole forward pass", relative_error(value, reference))

    def check_second(self, step: Step) -> None:
        """A second derivative: the complex step of the first one, whose formula was checked before."""
        lhs = step.result.lhs
        of, first, then = (a.key for a in lhs.args)
        value = evaluate.evaluate(step.result.rhs, self.values, ())
        system = self.derivation.system
        given = {k: v for k, v in self.values.items() if k in system.tensors}
        tilted = evaluate.run(system, evaluate.tilt(given, {then: np.asarray(1.0)}))
        if of == system.objective:
            for equation in self.derivation.gradients.values():
                tilted[entry_of(equation.lhs).key] = evaluate.evaluate(equation.rhs, tilted, ())
            slope = tilted[cotangent(first)]
        else:
            local = next(s.result for s in self.derivation.of("partial", of) if s.result.lhs.by.key == first)
            slope = evaluate.evaluate(local.rhs, tilted, ())
        self.add(step, self.shown_in[0], "complex step of the first derivative", relative_error(value, evaluate.tilted(slope)))

    def partial_value(self, node: Expr) -> Expr | None:
        if not isinstance(node, Partial):
            return None
        slope = self.slope(self.equations[node.of.key], {node.by.key: np.asarray(1.0)})
        return sympy.Float(float(slope), 17)

    def check_functions(self) -> None:
        """What is printed of the activations' derivatives, against complex steps of the function one order below."""
        names = {n.name for e in self.derivation.system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise)}
        u = self.rng.normal(size=64) * 2
        for name in sorted(names):
            if function(name).textbook is None:
                continue
            printed = [chain_rule.slope(name)] + ([chain_rule.curvature(name)] if self.derivation.of("second") else [])
            for order, equation in enumerate(printed):
                value = np.broadcast_to(entrywise.entrywise(equation.rhs)(u), u.shape)
                reference = evaluate.tilted(entrywise.apply(name, order, u + 1j * evaluate.STEP))
                what = f"the derivative of order {order + 1} of {name}"
                error = relative_error(value, reference)
                self.found.append(Check(what, "index", "complex step", error, TOLERANCE, "function", name))

    def check_whole(self) -> None:
        """Each parameter's gradient against the whole forward pass; many parameters in four groups."""
        system = self.derivation.system
        keys = [k for k in self.derivation.gradients if system.tensors[k].role in ("parameter", "input")]
        if not keys:
            return
        groups = [[k] for k in keys] if len(keys) * len(system.equations) <= 1200 else [keys[i::4] for i in range(4)]
        given = {k: v for k, v in self.values.items() if k in system.tensors}
        for group in groups:
            if any(cotangent(k) not in self.values for k in group):
                self.found.append(Check(f"the gradient of {group[0]}", "index", "it was not derived", float("inf"), 0.0, "whole"))
                continue
            directions = {k: self.rng.normal(size=system.tensors[k].shape) for k in group}
            if len(group) > 1:  # each has its part in the sum, however small its gradient is
                directions = {k: d / max(float(np.linalg.norm(self.values[cotangent(k)])), 1e-18) for k, d in directions.items()}
            out = evaluate.run(system, evaluate.tilt(given, directions))
            reference = sum(
                float(np.sum(self.values.get(cotangent(k), np.asarray(1.0)) * evaluate.tilted(out[k])))
                for k in ([system.objective] if system.objective else self.derivation.seeds)
            )
            parts = [float(np.sum(self.values[cotangent(k)] * d)) for k, d in directions.items()]
            size = self.scale(group[0]) * float(np.linalg.norm(directions[group[0]])) if len(group) == 1 else 0.0
            scale = max(abs(reference), max(map(abs, parts)), size, 1e-300)
            what = f"the gradient of {', '.join(group) if len(group) < 4 else f'{len(group)} parameters together'}"
            self.found.append(
                Check(what, "index", "complex step of the whole forward pass", abs(sum(parts) - reference) / scale, 1e-7, "whole")
            )

    # --- what was found --------------------------------------------------------------------------------------------------

    def compare(self, step: Step, reference: Array, axes: Sequence[Expr], extra: Values, how: str) -> None:
        for view in self.shown_in:
            try:
                both = sides(self.form(step.result, view), axes, {**self.values, **extra})
                off = max(relative_error(side, reference) for side in both)
            except (ValueError, IndexError, KeyError) as error:
                self.add(step, view, f"shapes do not fit: {error}", float("inf"))
            else:
                self.add(step, view, how, off)

    def form(self, equation: Equation, view: View) -> Shown:
        if (equation, view) not in self.forms:
            self.forms[equation, view] = views.shown(equation, view, self.derivation.system)
        return self.forms[equation, view]

    def add(self, step: Step, view: str, how: str, error: float, way: Way = Way.NUMBERS) -> None:
        off = float(error) if np.isfinite(error) else float("inf")
        self.found.append(Check(title(step), view, how, off, TOLERANCE, step.section, step.about, way))


def _changes(directions: Mapping[str, Array]) -> Values:
    return {f"d {key}": value for key, value in directions.items()}


def _place(index: Expr, at: Mapping[Index, int]) -> int:
    return at[index] if isinstance(index, Index) else int(index.subs(dict(at)))
