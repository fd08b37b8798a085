"""What the quantities of a sheet are worth at one random point: values, changes, derivatives of the cost, and partials.

Everything comes from the forward program: values by running it, changes and partials by complex steps. The derivatives of the
cost are those that `verify` has compared with the forward program before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np
from sympy import Expr

from ...calculus.steps import Derivation
from ...checks import verify
from ...errors import DeriveError
from ...expressions.nodes import Elementwise, Where
from ...expressions.system import Equation, System, cotangent, is_cotangent, lhs_of
from ...expressions.traversal import entries, free_indices, nodes
from ...network.catalogue import function
from ...numbers import evaluate
from ...numbers.evaluate import Array, Values
from .tokens import Unreadable

DRAWN = 6
"""Points that are drawn to choose from where functions have kinks."""

FEW_DRAWN = 2
"""Where they have none: through a hundred layers a derivative fades at any point."""

FAR, MANY_FAR = 8, 30
"""Points further out that are drawn where a condition holds at all the others, or at none; and where there are few conditions."""

MOST_POINTS = 4
"""Where conditions are many."""

FEW_BRANCHES, MOST_WAYS = 5, 8
"""With so few conditions there is a point for each way through them, but for no more ways than that."""

FAINT = 1e-6
"""Where all of a line is smaller, its sides differ by less than what two equal sides may."""

LARGE = 12.0
"""With values beyond it digits are lost where 1 - a stands for a sigmoid a."""

STEEP = 1e6
"""Changes and derivatives beyond it leave noise where they cancel."""

ROUNDING = 1e-9
"""Values that differ by less are the same: (a + b) - b does not depend on b."""

HELD_ROLES = ("target", "constant")


@dataclass
class World:
    """One point."""

    derivation: Derivation
    values: Values
    rng: np.random.Generator
    dependence: dict[tuple[str, str], bool] = field(default_factory=dict)
    read: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def several(cls, derivation: Derivation) -> tuple[World, ...]:
        """One point; where functions have kinks two or three, at which as many as may be are on either side of theirs."""
        first = cls.at_random(derivation)
        if not _conditions(derivation.system):
            return (cls.clearest(derivation, first),)
        drawn = [first, *(cls.at_random(derivation, seed) for seed in range(DRAWN))]
        drawn += [world for world in (cls.at_random(derivation, negative=0),) if world.moderate]
        alive = max(drawn, key=cls.alive)
        other = max(drawn, key=lambda w: (w.unlike(alive), w.alive()))
        chosen = [alive] if other is alive else [alive, other]
        if sum(b.size for b in alive.branches) <= FEW_BRANCHES:
            return tuple(cls.each_way(derivation, chosen, drawn))
        seen = cls.outcomes(chosen)
        for seed in range(FAR):
            if len(seen) == 2 * len(alive.branches) or len(chosen) == MOST_POINTS:
                break
            further = cls.far(derivation, seed)
            if further is not None and cls.outcomes([further]) - seen:
                chosen.append(further)
                seen |= cls.outcomes([further])
        return tuple(chosen)

    @classmethod
    def clearest(cls, derivation: Derivation, first: World) -> World:
        """The first of some points at which everything can be told from zero; else that at which most can."""
        drawn = [first]
        for seed in range(FEW_DRAWN):
            if drawn[-1].visible():
                return drawn[-1]
            drawn.append(cls.at_random(derivation, seed))
        return max(drawn, key=cls.alive)

    @classmethod
    def each_way(cls, derivation: Derivation, chosen: list[World], drawn: Iterable[World]) -> list[World]:
        """With branches within branches: a point for each way through them, `chosen` among these points."""
        found = list(chosen)
        ways = {world.way for world in found}
        enough = min(MOST_WAYS, 2 ** len(chosen[0].way))
        for world in chain(drawn, (cls.far(derivation, seed) for seed in range(MANY_FAR))):
            if len(found) >= enough:
                break
            if world is not None and world.way not in ways:
                found.append(world)
                ways.add(world.way)
        return found

    @property
    def way(self) -> tuple[bool, ...]:
        """Which conditions of branches hold."""
        return tuple(bool(value > 0) for b in self.branches for value in b.flat)

    @classmethod
    def far(cls, derivation: Derivation, seed: int) -> World | None:
        """A point further out, where a condition such as x > 3 may hold; None where numbers are lost there."""
        try:
            found = cls.at_random(derivation, seed, scale=2.0 + seed % 3)
        except DeriveError:
            return None
        return found if found.moderate and found.steady else None

    @staticmethod
    def outcomes(worlds: Iterable[World]) -> set[tuple[int, bool]]:
        """Which conditions of branches hold somewhere at these points, and which do not hold somewhere."""
        return {(place, bool(holds)) for world in worlds for place, b in enumerate(world.branches) for holds in np.unique(b > 0)}

    @classmethod
    def many(cls, derivation: Derivation, seeds: Iterable[int]) -> tuple[World, ...]:
        """Points at which a line that is wrong is not true by chance: where functions have kinks, with units on and off."""
        shares = (None, 0.0, 0.15) if _conditions(derivation.system) else (None,)
        drawn = ((share, cls.at_random(derivation, seed, share)) for seed in seeds for share in shares)
        return tuple(world for share, world in drawn if share is None or world.moderate)

    @property
    def moderate(self) -> bool:
        """Whether no value is so large that a sigmoid of it is 1 but for rounding."""
        return all(np.all(np.abs(self.values[key]) < LARGE) for key in self.derivation.system.tensors)

    @property
    def steady(self) -> bool:
        """Whether no change and no derivative of the cost is so large that what cancels of it leaves noise."""
        slopes = (value for key, value in self.values.items() if is_cotangent(key))
        return all(bool(np.all(np.abs(v) < STEEP)) for v in (*self.changes.values(), *slopes))

    def alive(self) -> int:
        """How many entries of derivatives of the cost are large enough to be told from zero."""
        return sum(int(np.count_nonzero(np.abs(v) > FAINT)) for k, v in self.values.items() if is_cotangent(k))

    def visible(self) -> bool:
        """Whether each quantity and each derivative is somewhere large enough to be told from zero, or is zero."""
        return all(not np.any(v) or bool(np.any(np.abs(v) > FAINT)) for v in self.values.values())

    def unlike(self, other: World) -> int:
        """How many conditions of branches have the other outcome than at the other point."""
        return sum(int(np.sum((a > 0) != (b > 0))) for a, b in zip(self.branches, other.branches, strict=True))

    @cached_property
    def branches(self) -> tuple[Array, ...]:
        """The values on which branches depend, one array for each of them."""
        with np.errstate(all="ignore"):
            return tuple(evaluate.evaluate(e, self.values, free_indices(e)) for e in _conditions(self.derivation.system))

    @classmethod
    def at_random(cls, derivation: Derivation, seed: int = 7, negative: float | None = None, scale: float = 1.0) -> World:
        system = derivation.system
        rng = np.random.default_rng([seed, 1])
        with np.errstate(all="ignore"):
            values = verify.random_point(system, rng, negative, scale)
            for key in derivation.seeds:
                values[cotangent(key)] = rng.normal(size=system.tensors[key].shape)
            for equation in derivation.gradients.values():
                lhs = lhs_of(equation)
                values[lhs.key] = evaluate.evaluate(equation.rhs, values, lhs.indices)
        return cls(derivation, values, rng)

    @cached_property
    def changes(self) -> Values:
        """Of everything, when all that is given moves along one random direction."""
        system = self.derivation.system
        given = {k: v for k, v in self.values.items() if k in system.tensors}
        moving = [t.key for t in system.tensors.values() if t.role in ("input", "parameter")]
        directions = {k: self.rng.normal(size=given[k].shape) for k in moving}
        with np.errstate(all="ignore"):
            moved = evaluate.run(system, evaluate.tilt(given, directions))
        return {k: np.zeros_like(v) for k, v in given.items()} | {k: evaluate.tilted(v) for k, v in moved.items()}

    def require_gradients(self) -> None:
        """Refuse derivatives of the cost that do not agree with the forward pass along the changes. Raises Unreadable."""
        system = self.derivation.system
        tops = [system.objective] if system.objective else self.derivation.seeds
        seeds = {key: self.values.get(cotangent(key), np.asarray(1.0)) for key in tops}
        change = sum(float(np.sum(seed * self.changes[key])) for key, seed in seeds.items())
        given = [k for k in self.derivation.gradients if system.tensors[k].role in ("input", "parameter")]
        parts = [float(np.sum(self.values[cotangent(k)] * self.changes[k])) for k in given]
        if not abs(change - sum(parts)) <= 1e-6 * max(1e-3, abs(change), *map(abs, parts)):
            raise Unreadable("the derivatives of the cost hold for one number of training examples alone")

    @cached_property
    def example_letter(self) -> str:
        """The letter that counts the training examples; none where there is one example."""
        system = self.derivation.system
        for equation in system.equations if system.examples is not None else ():
            lhs = lhs_of(equation)
            axis = system.tensors[lhs.key].batch
            if axis is not None:
                return str(lhs.indices[axis].name)
        return ""

    @cached_property
    def equations(self) -> Mapping[str, Equation]:
        return self.derivation.system.defines()

    def equation(self, key: str) -> Equation:
        found = self.equations.get(key)
        if found is None:
            raise Unreadable(f"`{key}` is given, so nothing makes it change")
        return found

    def reads(self, key: str) -> tuple[str, ...]:
        """What the line of `key` reads and may change."""
        if key not in self.read:
            tensors = self.derivation.system.tensors
            names = dict.fromkeys(e.key for e in entries(self.equation(key).rhs))
            self.read[key] = tuple(n for n in names if tensors[n].role not in HELD_ROLES)
        return self.read[key]

    def moved(self, key: str, directions: Mapping[str, Array]) -> Array:
        """The change of `key`, by its own line alone, where what it reads changes by `directions` and all else is held."""
        with np.errstate(all="ignore"):
            values = evaluate.tilt(self.values, {k: d for k, d in directions.items() if np.any(d)})
            equation = self.equation(key)
            return evaluate.tilted(evaluate.evaluate(equation.rhs, values, lhs_of(equation).indices))

    def depends(self, key: str, by: str) -> bool:
        """Whether the value of the line of `key` is another one for some other values of `by`."""
        if (key, by) not in self.dependence:
            equation = self.equation(key)
            axes = lhs_of(equation).indices
            there = self.values[by]
            moved = [{**self.values, by: there + self.rng.normal(size=there.shape) * size} for size in (0.1, 1.0, 10.0)]
            with np.errstate(all="ignore"):
                now, *others = (evaluate.evaluate(equation.rhs, values, axes) for values in (self.values, *moved))
            self.dependence[key, by] = any(not np.allclose(now, other, ROUNDING, ROUNDING, equal_nan=True) for other in others)
        return self.dependence[key, by]

    def held(self, key: str, zero: frozenset[str]) -> Values:
        """Changes of what the line of `key` reads, random but for those that are zero, and that of `key` itself."""
        directions = {
            name: np.zeros_like(self.values[name]) if name in zero else self.rng.normal(size=self.values[name].shape)
            for name in self.reads(key)
        }
        return {**self.changes, **directions, key: self.moved(key, directions)}

    def column(self, key: str, by: str, place: tuple[int, ...]) -> Array:
        """∂key/∂by[place] for every entry of `key`, by its own line alone."""
        direction = np.zeros(self.values[by].shape)
        direction[place] = 1.0
        return self.moved(key, {by: direction})

    def second(self, key: str, first: str, then: str) -> float:
        """∂²key/∂then ∂first for single numbers, by a difference of complex steps: of the whole pass, or of one line."""
        system = self.derivation.system

        def slope(shift: float) -> float:
            given = {k: v for k, v in self.values.items() if k in system.tensors}
            given[then] = given[then] + shift
            tilted = evaluate.tilt(given, {first: np.asarray(1.0)})
            if key == system.objective:
                out = evaluate.run(system, tilted)[key]
            else:
                out = evaluate.evaluate(self.equation(key).rhs, tilted, ())
            return float(evaluate.tilted(out))

        step = 1e-5
        return (slope(step) - slope(-step)) / (2 * step)


@lru_cache(maxsize=256)
def has_kink(name: str) -> bool:
    """Whether a function of the catalogue is defined by branches."""
    return any(isinstance(n, Where) for n in nodes(function(name).definition))


def _conditions(system: System) -> list[Expr]:
    """What decides between branches, in the equations and in the functions that they name."""
    found = []
    for equation in system.equations:
        for node in nodes(equation.rhs):
            if isinstance(node, Where):
                found.append(node.args[0])
            elif isinstance(node, Elementwise) and has_kink(node.name):
                found.append(node.argument)
    return found
