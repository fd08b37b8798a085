"""The user's own equations: what is declared, what each defines, and in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import EquationError, SpecError, did_you_mean
from ..expressions import language
from ..expressions.system import Role, Tensor
from .draft import Draft, Names, Shape, functions, marked

INPUT_LETTERS = "axhAXH"
"""With nothing declared, a scalar whose name begins so is an input, and any other one is trained."""


def add_equations(draft: Draft) -> None:
    """Add what the spec declares, and its equations."""
    declared = _declare(draft)
    parsed = []
    for position, text in enumerate(draft.spec.equations):
        try:
            parsed.append(language.names_in(text))
        except EquationError as error:
            raise _placed(draft, error, position) from error
    names = {**draft.outputs, **{tensor.base: key for key, tensor in draft.tensors.items() if tensor.layer is None}}
    own = _Own(draft, names, parsed, {name: place for place, (name, _) in enumerate(parsed)}, declared or bool(draft.blocks))
    for position in range(len(parsed)):
        try:
            own.add(position)
        except EquationError as error:
            raise _placed(draft, error, position) from error


def _declare(draft: Draft) -> bool:
    """Add the declared tensors; whether there are any."""
    spec = draft.spec
    groups: tuple[tuple[str, Role, Mapping[str, Shape]], ...] = (
        ("inputs", "input", spec.inputs),
        ("parameters", "parameter", spec.parameters),
        ("targets", "target", spec.targets),
        ("constants", "constant", {k: v if isinstance(v, tuple) else () for k, v in spec.constants.items()}),
    )
    for section, role, group in groups:
        for name, shape in group.items():
            if name in draft.tensors or name in draft.outputs:
                message = f"`{name}` is declared, but the network defines it too"
                raise SpecError(message, place=spec.place(section, name, key=True), hint="give one of them another name")
            draft.tensor(Tensor(name, shape, role, name))
    draft.constants |= {name: float(value) for name, value in spec.constants.items() if not isinstance(value, tuple)}
    return any(group for _, _, group in groups)


@dataclass
class _Own:
    """The equations of a spec while they are added, one after the other.

    names: what is known so far. parsed: what each equation defines and uses. strict: whether an unknown name is an error, or,
    where nothing at all is declared, a scalar.
    """

    draft: Draft
    names: Names
    parsed: Sequence[tuple[str, tuple[str, ...]]]
    defined: Mapping[str, int]
    strict: bool

    def add(self, position: int) -> None:
        """Add one equation."""
        draft, names = self.draft, self.names
        text = draft.spec.equations[position]
        name, used = self.parsed[position]
        if name in names:
            raise EquationError(self._twice(name), text=text, column=1, hint="give the new quantity a name of its own")
        for other in used:
            if other not in names:
                self._meet(other, name, text)
        shapes = {local: draft.tensors[key].shape for local, key in names.items()}
        if language.is_index_form(text):
            # Only what it uses, so that an index may have the letter of a tensor that stands elsewhere.
            shapes = {local: shapes[local] for local in used}
        equation, shape = language.parse_equation(text, shapes, functions(), draft.spec.sizes)
        names[name] = name
        draft.tensor(Tensor(name, shape, "intermediate", name))
        draft.equation(equation, names)

    def _twice(self, name: str) -> str:
        tensor = self.draft.tensors[self.names[name]]
        if tensor.role != "intermediate":
            return f"`{name}` is declared, and this equation defines it again"
        where = "by an earlier equation" if name in self.draft.tensors and name in self.defined else "by the network"
        return f"`{name}` is defined {where}, and this equation defines it again"

    def _meet(self, other: str, name: str, text: str) -> None:
        """A name on the right that nothing above defines: an error, or a scalar that need not be declared."""
        found = re.compile(rf"(?<![\w.]){re.escape(other)}(?!\w)").search(text, text.find("=") + 1)
        column = found.start() + 1 if found else None
        if other in self.defined:
            raise EquationError(_order(name, other, self.defined, self.parsed), text=text, column=column)
        if self.strict:
            guess = did_you_mean(other, self.names)
            link = "" if not guess else " Or " if guess.endswith("?") else "; or "
            message = f"`{other}` is used, but nothing defines or declares it"
            hint = f"{guess}{link}declare it: `parameters: {{{other}: …}}`"
            raise EquationError(message, text=text, column=column, hint=hint)
        if language.ranks_in(text).get(other, 0):
            hint = f"declare it, e.g. `parameters: {{{other}: [4, 3]}}`"
            raise EquationError(f"the shape of `{other}` is not known", text=text, column=column, hint=hint)
        self.names[other] = other
        self.draft.tensor(Tensor(other, (), "input" if other[0] in INPUT_LETTERS else "parameter", other))


def _order(name: str, other: str, defined: Mapping[str, int], parsed: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """What is wrong where `name` uses `other`, which a later equation defines: an order, or a cycle."""
    path = [name, other]
    seen = {name}
    while path[-1] not in seen:
        seen.add(path[-1])
        following = next((u for u in parsed[defined[path[-1]]][1] if u in defined and (u == name or u not in seen)), None)
        if following is None:
            return f"`{other}` is used before it is defined: move its equation above that of `{name}`"
        path.append(following)
    return "the equations go in a circle: " + " needs ".join(f"`{p}`" for p in path)


def _placed(draft: Draft, error: EquationError, position: int) -> SpecError:
    """An equation's error at its place in the file, with the text marked."""
    text = draft.spec.equations[position]
    place = draft.spec.place("equations", position, offset=(error.column or 1) - 1)
    return marked(error, text, place, f"in `{text}`")
