"""Systems of equations, drawn at random: unequal sizes, indices over a part of an axis, sums in sums, quotients, batches."""

from __future__ import annotations

from hypothesis import strategies as st

LETTERS = {"i": 4, "j": 3, "k": 5, "m": 2}
TENSORS = {"x": "k", "a": "i", "b": "j", "v": "i", "A": "ij", "B": "jk", "D": "im", "T": "ijm", "r": "m", "c": ""}
HEAD = "inputs: {{{}}}\nparameters: {{{}}}\n"

ENTRYWISE = (
    *("tanh({})", "sigmoid({})", "exp(sin({}))", "log(1 + ({})**2)", "sqrt(2 + ({})**2)", "({})**2", "-({})", "abs({})"),
    *("1/(2 + ({})**2)", "relu({})", "max({}, 1/3)"),
)
SIGNS = {"product": "*", "plus": "+", "minus": "-"}

RANGES = (
    "g[o] = x[o+1] - x[o]",
    "g = sum(exp(x[o])*c + x[o+1], o)",
    "g[o] = x[o]/exp(x[o+3])",
    "g = sum(abs(x[o+1] - x[o]), o)",
    "g[s] = sum(x[o]*x[o+s], o)",
    "g[o] = sum(v[q]*x[o+q]*b[u], q, u)",
    "g[o] = x[2*o+1]*c",
    "g[o] = sum(r[q]*x[2*o+q], q)",
    "g[o,u] = A[o,u+1]*A[o,u] + A[o+1,u]",
    "g[o] = x[4-o]/(1 + x[o]**2)",
    "g[o] = a[o]/(x[o+1]**2 + 5)",
    "g = sum(log(2 + x[o]**2)/(3 + x[o+1]**2), o)",
    "g = x[1]*a[0] + A[1,2]",
    "g[o] = A[1,o]*A[3,o] + A[0,o]",
    "g[o] = sqrt(1 + x[o]**2)/exp(x[o+2])",
    "g[o] = sum(r[q]*a[o+q]/exp(a[o]), q)",
    "g[o] = sum(T[o+1,u,q]*r[q]/exp(T[o,u,1]), u, q)",
    "g[o] = softmax(x[o+1]*c + x[o], o)",
    "g[o] = where(x[o+1] > x[o], x[o]**3, c)",
    "g[o,u] = T[o,1,u]*T[o+1,0,u]",
)


@st.composite
def indexed(draw: st.DrawFn, ranks: dict[str, str], free: str, depth: int) -> str:
    """A right-hand side with (some of) the free indices `free`."""
    kinds = (
        ["entry"] if not depth else ["entry", "entrywise", "product", "plus", "minus", "quotient", "over", "where", "sum", "sum"]
    )
    kind = draw(st.sampled_from(kinds + ["softmax"] * bool(free and depth)))

    def part(letters: str = free) -> str:
        found: str = draw(indexed(ranks, letters, depth - 1))
        return found

    def leaf(letters: str = free, wanted: str = "") -> str:
        able = [k for k, axes in ranks.items() if set(axes) <= set(letters) and wanted in axes]
        key = draw(st.sampled_from(able))
        return f"{key}[{','.join(ranks[key])}]" if ranks[key] else key

    if kind == "entrywise":
        return draw(st.sampled_from(ENTRYWISE)).format(part())
    if kind in ("product", "plus", "minus"):
        return f"({part()}) {SIGNS[kind]} ({part()})"
    if kind == "quotient":
        return f"({part()})/(2 + ({part()})**2)"
    if kind == "over":
        return f"({part()})/exp({leaf()})"
    if kind == "where":
        return f"where({leaf()} > {leaf()}, {part()}, {part()})"
    new = [letter for letter in LETTERS if letter not in free]
    if kind == "sum" and new:
        index = draw(st.sampled_from(new))
        form = draw(st.sampled_from(["sum({0}*({1}), {2})", "sum(({1}) + {0}, {2})", "sum(({1})/exp({0}), {2})"]))
        return form.format(leaf(free + index, index), part(free + index), index)
    if kind == "softmax":
        index = draw(st.sampled_from(free))
        return f"softmax(({part()}) + {leaf(free, index)}, {index})"
    return leaf()


@st.composite
def index_systems(draw: st.DrawFn, examples: int = 0) -> str:
    """Lines with indices, among them often one with an index over a part of an axis, and a cost of all of them."""
    ranks = dict(TENSORS)
    lines, costs = [], []
    for name in draw(st.sampled_from([["p"], ["p", "q"], ["p", "q", "h"]])):
        free = "".join(draw(st.lists(st.sampled_from("ijkm"), max_size=2, unique=True)))
        lines.append(f"{name}{f'[{chr(44).join(free)}]' if free else ''} = {draw(indexed(ranks, free, draw(st.integers(1, 3))))}")
        ranks[name] = free
        costs.append(f"sum({name}[{','.join(free)}]**2, {', '.join(free)})" if free else f"{name}**2")
    if draw(st.booleans()):
        lines.append(draw(st.sampled_from(RANGES)))
        left = lines[-1].split(" = ")[0]
        costs.append(f"sum({left}**2*c, {left[2:-1]})" if "[" in left else "g*c")
    shapes = {k: f"[{', '.join(str(LETTERS[a]) for a in axes)}]" if axes else "scalar" for k, axes in TENSORS.items()}
    return _spec(
        draw, shapes, draw(st.sampled_from([["x", "A"], ["a"], ["x", "T"]])), [*lines, f"C = {' + '.join(costs)}"], examples
    )


ARRAYS: dict[str, tuple[int, ...]] = {
    **{"x": (5,), "a": (4,), "b": (3,), "v": (4,), "r": (2,), "A": (4, 3), "B": (3, 5), "D": (4, 2)},
    **{"E": (5, 2), "F": (3, 3), "G": (4, 5), "H": (2, 3), "c": ()},
}


@st.composite
def arrays(draw: st.DrawFn, known: dict[str, tuple[int, ...]], shape: tuple[int, ...], depth: int) -> str:
    """An array of that shape out of arrays of known shapes."""

    def part(other: tuple[int, ...] = shape) -> str:
        found: str = draw(arrays(known, other, depth - 1))
        return found

    inner = draw(st.sampled_from([2, 3, 4, 5]))
    if depth <= 0:
        able = [k for k, s in known.items() if s == shape] + [
            f"{k}.T" for k, s in known.items() if s[::-1] == shape and len(s) == 2
        ]
        if able:
            return draw(st.sampled_from(able))
        return (
            f"outer({part(shape[:1])}, {part(shape[1:])})"
            if len(shape) == 2
            else f"({part((*shape, inner))}) @ ({part((inner,))})"
        )
    kinds = ["entrywise", "product", "plus", "minus", "quotient", "scaled", "matmul"] + ["softmax"] * bool(shape)
    kind = draw(st.sampled_from(kinds + ["over all"] * (shape == ())))
    if kind == "entrywise":
        return draw(st.sampled_from(ENTRYWISE[:-1])).format(part())
    if kind in ("product", "plus", "minus"):
        return f"({part()}) {SIGNS[kind]} ({part()})"
    if kind == "quotient":
        return f"({part()})/(({part()})**2 + 1)"
    if kind == "scaled":
        return f"({part(())})*({part()})"
    if kind == "softmax":
        return f"softmax({part()})"
    if kind == "over all":
        other = draw(st.sampled_from([(3,), (4,), (3, 4), (5, 2)]))
        return f"{draw(st.sampled_from(['sum', 'mean', 'logsumexp']))}({part(other)})"
    left, right = ((inner,), (inner,)) if not shape else ((shape[0], inner), (inner, *shape[1:]))
    return f"({part(left)}) @ ({part(right)})"


@st.composite
def array_systems(draw: st.DrawFn, examples: int = 0) -> str:
    """Lines of arrays, and a cost of all of them."""
    known = dict(ARRAYS)
    lines, costs = [], []
    for name in draw(st.sampled_from([["p"], ["p", "q"], ["p", "q", "h"]])):
        shape = draw(st.sampled_from([(), (3,), (4,), (5,), (2,), (3, 4), (4, 3), (5, 2), (3, 3)]))
        lines.append(f"{name} = {draw(arrays(known, shape, draw(st.integers(1, 3))))}")
        known[name] = shape
        costs.append(f"sum({name}**2)" if shape else f"{name}**2")
    shapes = {k: str(list(s)) if s else "scalar" for k, s in ARRAYS.items()}
    inputs = [k for k in draw(st.sampled_from([["x", "A"], ["a"], ["x", "a", "b"]])) if not examples or len(ARRAYS[k]) == 1]
    return _spec(draw, shapes, inputs, [*lines, f"C = {' + '.join(costs)}"], examples)


def _spec(draw: st.DrawFn, shapes: dict[str, str], inputs: list[str], lines: list[str], examples: int) -> str:
    given = [", ".join(f"{k}: {s}" for k, s in shapes.items() if (k in inputs) == wanted) for wanted in (True, False)]
    sizes = ", ".join(f"{letter}: {size}" for letter, size in LETTERS.items())
    batch = f"view: batch\nexamples: {examples}\nexamples_in: {draw(st.sampled_from(['rows', 'columns']))}\n" if examples else ""
    return f"title: any\n{HEAD.format(*given)}sizes: {{{sizes}}}\n{batch}equations:\n" + "".join(
        f"  - {line}\n" for line in lines
    )
