"""Deliberate damages to what prints numbers, each of which the build must see: sheet and LaTeX, with no file to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from markupsafe import Markup

from derive import api
from derive.errors import CheckFailed
from derive.notation.emitters.latex import Printer, text
from derive.notation.mathematics import Figure, Tree
from derive.numbers import draw as worked
from derive.numbers import exact_program, rounding, worked_pass
from derive.numbers.rounding import Number
from derive.writers import alt_text
from derive.writers.latex import figures, formulas, plot_figure, value_lines
from derive.writers.latex.formulas import Formulas
from derive.writers.latex.numbers_put_in import NumberPrinter
from derive.writers.latex.value_lines import ValueLines

NEURON = """
title: One neuron
view: scalar
equations: [z = w*x + b, a = sigmoid(z), "C = (a - y)**2/2"]
parameters: {w: scalar, b: scalar}
inputs: {x: scalar}
targets: {y: scalar}
values: {x: 1.3, w: -0.7, b: 0.4, y: 1}
"""
NETWORK = """
title: A small network
view: matrix
network:
  input: {x: 3}
  layers: [dense: {units: 2, activation: tanh}]
  loss: half_squared_error
values: {x: [1.3, -0.7, 2], "W.1": [[0.1, 0.2, -0.3], [0.4, -0.5, 0.6]], "b.1": [0.1, -0.2], y: [1, 0]}
"""
SQUARE = """
title: A square matrix
view: matrix
equations: [z = W @ x, C = sum(z**2)]
parameters: {W: [2, 2]}
inputs: {x: 2}
values: {x: [3, -2], W: [[1.5, -2.5], [3.5, 4.5]]}
"""
CUBE = """
title: Three indices
view: index
equations: ["C = sum(T[i,j,k]**2*x[i], i, j, k)"]
parameters: {T: [2, 2, 2]}
inputs: {x: 2}
numbers: decimals
"""
EXPLORE = """
title: Explored
view: scalar
equations: [z = w*x + b, a = sigmoid(z), C = (a - y)**2]
parameters: {w: scalar, b: scalar}
inputs: {x: scalar}
targets: {y: scalar}
values: {x: 1.3, w: 0.7, b: -0.4, y: 0}
explore: {parameter: w, given: b}
"""
HOMEWORK = NEURON + "homework: {questions: [value: dC/dw, step: w]}\n"
SMALL = NEURON.replace("x: 1.3, w: -0.7, b: 0.4", "x: 0.0013, w: 0.0007, b: 7")
SATURATED = NEURON.replace("x: 1.3, w: -0.7, b: 0.4, y: 1", "x: 2, w: 20, b: 1, y: 0")
DOUBLED = EXPLORE.replace("x: 1.3, w: 0.7, b: -0.4", "x: 1.5, w: 1, b: -1")
ALL = {
    "neuron": NEURON,
    "network": NETWORK,
    "square": SQUARE,
    "cube": CUBE,
    "explore": EXPLORE,
    "homework": HOMEWORK,
    "small": SMALL,
    "saturated": SATURATED,
    "doubled": DOUBLED,
}


def build(text: str, language: str = "en") -> str:
    spec = api.loads(text).model_copy(update={"language": language})
    editions = ("worked", "solutions") if "homework:" in text else ("worked",)
    return "".join(api.tex(found) for found in api.sheets(spec, editions).values())


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", list(ALL))
def test_undamaged_they_are_built(name: str, language: str) -> None:
    assert r"\dsvalue" in build(ALL[name], language)


# --- the damages --------------------------------------------------------------------------------------------------------------

Patch = Callable[[pytest.MonkeyPatch], None]
DAMAGES: dict[str, tuple[str, Patch]] = {}


def damage(name: str, spec: str) -> Callable[[Patch], Patch]:
    def known(patch: Patch) -> Patch:
        DAMAGES[name] = (spec, patch)
        return patch

    return known


def wrap(patch: pytest.MonkeyPatch, owner: Any, name: str, changed: Callable[[Any], Any]) -> None:
    """What a function gives, changed on its way."""
    whole = getattr(owner, name)
    patch.setattr(owner, name, lambda *a, **k: changed(whole(*a, **k)))


@damage("a number put in loses its brackets", "explore")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NumberPrinter, "_figure", Printer._figure)


@damage("a number put in loses its sign", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(patch, NumberPrinter, "_figure", lambda text: replace(text, latex=text.latex.replace("(-", "(")))


@damage("a product is put in as a sum", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NumberPrinter, "_between", lambda *a: " + ")


@damage("the dots between numbers are lost", "explore")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NumberPrinter, "_between", lambda *a: " ")


@damage("a factor is lost", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = NumberPrinter._side_by_side
    patch.setattr(NumberPrinter, "_side_by_side", lambda self, parts: whole(self, parts[:-1] or parts))


@damage("a power of a number put in is lost", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NumberPrinter, "_power", lambda self, power: self.text(power.base))


@damage("the primes of a slope are lost", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = NumberPrinter.function
    patch.setattr(NumberPrinter, "function", lambda self, name, order=0: whole(self, name, 0))


@damage("another entry is put in", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = NumberPrinter._put_in
    swapped = {"w": "x", "x": "w"}

    def put_in(self: Any, found: Tree) -> Tree | None:
        known = self.numbers
        if "w" in known and "x" in known:
            self.numbers = {k: known[swapped.get(k, k)] for k in known}
        figure = whole(self, found)
        self.numbers = known
        return (
            replace(figure, written=figure.written.replace("0.4", "0.5"))
            if isinstance(figure, Figure) and "b" in known
            else figure
        )

    patch.setattr(NumberPrinter, "_put_in", put_in)


@damage("a sum is put in as a difference", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = NumberPrinter.side
    patch.setattr(NumberPrinter, "side", lambda self, side: whole(self, side).replace(" + ", " - "))


@damage("a fraction stands upside down", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = NumberPrinter.side
    patch.setattr(
        NumberPrinter, "side", lambda self, side: whole(self, side).replace("}{2}", "}").replace(r"\frac{", r"\frac{2}{")
    )


@damage("numbers are put in with the digits of their own lines, whatever comes of it", "doubled")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(value_lines, "MOST_DIGITS", rounding.DIGITS)


@damage("a row of a matrix is lost", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = value_lines._array
    patch.setattr(value_lines, "_array", lambda a: whole(a[:-1] if isinstance(a, tuple) and a and isinstance(a[0], tuple) else a))


@damage("a square matrix is transposed", "square")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = value_lines._array
    patch.setattr(
        value_lines,
        "_array",
        lambda a: whole(tuple(zip(*a, strict=True)) if isinstance(a, tuple) and isinstance(a[0], tuple) else a),
    )


@damage("a vector is a row: its transposition sign is lost", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(patch, value_lines, "_array", lambda found: (found[0].replace(r"^{\top}", ""), found[1]))


@damage("the entries of a vector go backwards", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = value_lines._array
    patch.setattr(value_lines, "_array", lambda a: whole(a[::-1] if isinstance(a, tuple) and isinstance(a[0], Number) else a))


@damage("the minus signs of an array are lost", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(patch, value_lines, "_array", lambda found: (found[0].replace("-", ""), found[1]))


@damage("what is rounded in an array is said to be exact", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(patch, value_lines, "_array", lambda found: (found[0], True))


@damage("the last part of a block of matrices is lost", "cube")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = value_lines._array

    def array(found: Any) -> Any:
        deep = isinstance(found, tuple) and isinstance(found[0], tuple) and isinstance(found[0][0], tuple)
        return whole(found[:-1] if deep else found)

    patch.setattr(value_lines, "_array", array)


@damage("numbers are cut off and not rounded", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rounding, "half_away", lambda value, places: Fraction(int(value * 10**places), 10**places))


@damage("numbers have three decimals", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = rounding._decimal
    patch.setattr(rounding, "_decimal", lambda value, places: whole(rounding.half_away(value, 3), 3))


@damage("the last digit is one too many", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = rounding.half_away
    patch.setattr(rounding, "half_away", lambda value, places: whole(value, places) + Fraction(1, 10**places))


@damage("zeros at the end are taken from what is rounded", "saturated")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = rounding.printed_number

    def number(*a: Any, **k: Any) -> Any:
        found = whole(*a, **k)
        return replace(found, latex=found.latex.rstrip("0").rstrip(".") if "." in found.latex else found.latex)

    patch.setattr(rounding, "printed_number", number)


@damage("the power of ten of a small number is off by one", "small")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = rounding._scientific

    def scientific(*a: Any) -> Any:
        found = whole(*a)
        return replace(found, latex=found.latex.replace("10^{-", "10^{-1"))

    patch.setattr(rounding, "_scientific", scientific)


@damage("a saturated unit is said to be exactly 1", "saturated")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = rounding.printed_number

    def number(value: Any, places: Any = None, style: Any = None, digits: int = 4, worked: bool = False) -> Any:
        return whole(value, places, style, digits, False)

    patch.setattr(rounding, "printed_number", number)


@damage("a step of descent is printed as if its numbers were exact", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(patch, ValueLines, "stepped", lambda text: text.replace(r"\approx", "="))


@damage("a step of descent goes uphill", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(patch, ValueLines, "stepped", lambda text: text.replace(" - ", " + ", 1))


@damage("a step of descent is printed with another learning rate", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(patch, worked_pass.Pass, "rate_number", lambda number: replace(number, text="0.125"))


@damage("the values before the step are printed as those after it", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = worked_pass.Pass.array
    patch.setattr(worked_pass.Pass, "array", lambda self, key, after=False: whole(self, key, False))


@damage("the cost before the step is printed for the one after it", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = worked_pass.Pass.number
    patch.setattr(
        worked_pass.Pass, "number", lambda self, key, after=False: replace(whole(self, key, False), of=whole(self, key, after).of)
    )


@damage("the gradient of another parameter is printed", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = worked_pass.Pass.array
    patch.setattr(
        worked_pass.Pass, "array", lambda self, key, after=False: whole(self, "b.1" if key == "bar b.1" else key, after)
    )


@damage("every approximate value is printed as exact", "network")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = ValueLines._value
    patch.setattr(ValueLines, "_value", lambda self, value: (whole(self, value)[0].replace(r"\approx", "="), ""))


@damage("the numbers that are put in are left out", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NumberPrinter, "_figure", lambda self, figure: text("z", "atom"))


@damage("the decimal comma becomes the comma of a list", "neuron-de")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Formulas, "tex", lambda self, latex: Markup(formulas.POINT.sub(r",\ ", latex)))


@damage("the decimal mark of another language", "network-de")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Formulas, "tex", lambda self, latex: Markup(latex))


@damage("an axis of the plot is labelled with other numbers", "explore")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = plot_figure._number
    patch.setattr(
        plot_figure,
        "_number",
        lambda value, scale: whole(value + scale[1] - scale[0], scale) if value > 1 else whole(value, scale),
    )


@damage("the curves of the plot are drawn upside down", "explore")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = plot_figure.plot

    def plot(curves: Any, *rest: Any) -> str:
        return whole([replace(c, points=tuple((x, 1 - y) for x, y in c.points)) for c in curves], *rest)

    patch.setattr(figures, "plot", plot)


@damage("a curve of the plot is left out", "explore")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = plot_figure.plot
    patch.setattr(figures, "plot", lambda curves, *rest: whole(curves[:1], *rest))


@damage("the mark stands at another weight", "explore")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = plot_figure.plot
    patch.setattr(figures, "plot", lambda c, x, y, marks: whole(c, x, y, [replace(m, x=m.x + 0.5) for m in marks]))


@damage("a slope at the plot loses its minus", "slope")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(patch, worked, "number", lambda number: replace(number, text=number.text.replace("-", "")))


@damage("a number in the words for a picture loses a digit", "explore")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = alt_text.described

    def described(figure: Any, sheet: Any) -> Any:
        if figure.kind != "plot":
            return whole(figure, sheet)
        curves = [(g, v, p, s, t, replace(n, text=n.text[:-1])) for g, v, p, s, t, n in figure.content["curves"]]
        return whole(replace(figure, content={**figure.content, "curves": curves}), sheet)

    patch.setattr(alt_text, "described", described)


@damage("the columns of the table of two slopes are exchanged", "explore")
def _(patch: pytest.MonkeyPatch) -> None:
    whole = worked_pass.Pass.number

    def number(self: Any, key: str, after: bool = False) -> Number:
        return (
            replace(whole(self, key, after), of={"C": "bar w", "bar w": "C"}.get(key, key))
            if not after
            else whole(self, key, after)
        )

    patch.setattr(worked_pass.Pass, "number", number)


@damage("a product of the exact pass is a sum", "neuron")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(exact_program, "_product", lambda parts: exact_program._sum(parts))


@damage("homework hands out numbers with a digit less", "homework")
def _(patch: pytest.MonkeyPatch) -> None:
    wrap(
        patch,
        worked_pass.Pass,
        "array",
        lambda found: replace(found, text=found.text[:-1]) if isinstance(found, Number) else found,
    )


SPECS = {
    **ALL,
    "slope": EXPLORE.replace("y: 0", "y: 1"),
}


@pytest.mark.parametrize("name", list(DAMAGES))
def test_the_build_sees_the_damage(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    which, patch = DAMAGES[name]
    spec, _, language = which.partition("-")
    patch(monkeypatch)
    with pytest.raises(CheckFailed):
        build(SPECS[spec], language or "en")
