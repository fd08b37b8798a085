"""Specs, drawn at random with hypothesis: networks, equations, and a neuron or a layer under awkward names."""

from __future__ import annotations

from hypothesis import strategies as st

from derive.network import catalogue

ACTIVATIONS = sorted(catalogue.activations())


LOSSES = {
    "cross_entropy": ["softmax"],
    "binary_cross_entropy": ["sigmoid"],
    **dict.fromkeys(("squared_error", "half_squared_error", "mean_squared_error", "hinge", "huber"), ACTIVATIONS),
    "cross_entropy_logits": ["identity", "tanh"],
}


@st.composite
def networks(draw: st.DrawFn) -> str:
    """Dense layers of any width, with skip connections, shared parameters, lone activations, and a loss."""
    width = draw(st.integers(1, 4))
    sizes = {"x": width}
    kinds: dict[str, tuple[int, int]] = {}
    lines, name, size = [], "x", width
    for number in range(draw(st.integers(1, 4))):
        new = f"layer{number}"
        same = [k for k in sizes if sizes[k] == size and k != name]
        twins = [k for k in kinds if kinds[k] == (size, size)]
        able = ["dense"] * 3 + ["activation"] + ["add"] * bool(same) + ["share"] * bool(twins)
        kind = draw(st.sampled_from(able))
        activation = draw(st.sampled_from(ACTIVATIONS))
        if kind == "dense":
            units = draw(st.one_of(st.just(size), st.integers(1, 4)))
            bias = draw(st.sampled_from(["", ", bias: false"]))
            lines.append(f"dense: {{name: {new}, units: {units}, activation: {activation}{bias}}}")
            kinds[new], size = (size, units), units
        elif kind == "share":
            twin = draw(st.sampled_from(twins))
            lines.append(f"dense: {{name: {new}, units: {size}, activation: {activation}, share: {twin}}}")
        elif kind == "add":
            lines.append(f"add: {{name: {new}, from: [{name}, {draw(st.sampled_from(same))}]}}")
        else:
            lines.append(f"activation: {{name: {new}, function: {activation}}}")
        sizes[new], name = size, new
    loss = draw(st.sampled_from(sorted(LOSSES)))
    lines.append(f"dense: {{units: {draw(st.integers(1, 3))}, activation: {draw(st.sampled_from(LOSSES[loss]))}}}")
    convention = draw(st.sampled_from(["row", "column"]))
    layers = "".join(f"    - {line}\n" for line in lines)
    return f"title: any\nconvention: {convention}\nnetwork:\n  input: {{x: {width}}}\n  layers:\n{layers}  loss: {loss}\n"


LETTERS = "ijkm"


UNARY = ["tanh({})", "sigmoid({})", "sin({})", "exp(sin({}))", "log(1 + ({})**2)"]


UNARY += ["sqrt(2 + ({})**2)", "({})**2", "max({}, 1/3)", "-({})"]


@st.composite
def expressions(draw: st.DrawFn, ranks: dict[str, int], free: str, depth: int) -> str:
    """A right-hand side with the free indices `free`, out of tensors of these ranks; every size is 3."""
    kinds = ["entry"] if depth == 0 else ["entry", "entry", "unary", "product", "product", "plus", "minus", "quotient", "sum"]
    kind = draw(st.sampled_from(kinds))

    def part(letters: str = free) -> str:
        found: str = draw(expressions(ranks, letters, depth - 1))
        return found

    if kind == "unary":
        return draw(st.sampled_from(UNARY)).format(part())
    if kind == "product":
        return f"({part()})*({part()})"
    if kind in ("plus", "minus"):
        return f"({part()}) {'+' if kind == 'plus' else '-'} ({part()})"
    if kind == "quotient":
        return f"({part()})/(2 + ({part()})**2)"
    new = next((letter for letter in LETTERS if letter not in free), None)
    if kind == "sum" and new is not None:
        return f"sum({draw(entries(ranks, free + new, new))}*({part(free + new)}), {new})"
    return draw(entries(ranks, free, ""))


@st.composite
def entries(draw: st.DrawFn, ranks: dict[str, int], free: str, wanted: str) -> str:
    """One entry, with the index `wanted` in it, or a number."""
    able = [k for k, rank in ranks.items() if (rank > 0 and free) or (rank == 0 and not wanted)]
    if not able or (not wanted and draw(st.integers(0, 9)) == 0):
        return str(draw(st.integers(1, 3)))
    key = draw(st.sampled_from(able))
    letters = [draw(st.sampled_from(free)) for _ in range(ranks[key])]
    if wanted and wanted not in letters:
        letters[draw(st.integers(0, len(letters) - 1))] = wanted
    return f"{key}[{','.join(letters)}]" if letters else key


@st.composite
def systems(draw: st.DrawFn) -> str:
    """A few lines, each of which may use those above, and a cost that depends on the last."""
    ranks = {"u": 1, "v": 1, "W": 2, "c": 0, "A": 2}
    lines = []
    for name in draw(st.sampled_from([["p"], ["p", "q"], ["p", "q", "r"]])):
        rank = draw(st.integers(0, 2))
        free = LETTERS[:rank]
        rhs = draw(expressions(ranks, free, draw(st.integers(1, 3))))
        lines.append(f"{name}{f'[{chr(44).join(free)}]' if free else ''} = {rhs}")
        ranks[name] = rank
    last = f"{name}{f'[{chr(44).join(free)}]' if free else ''}"
    lines.append(f"C = sum({last}**2, {', '.join(free)})" if free else f"C = {last}**2")
    equations = "".join(f"  - {line}\n" for line in lines)
    head = "title: any\ninputs: {u: 3}\nparameters: {v: 3, W: [3, 3], c: scalar, A: [3, 3]}\nsizes: {i: 3, j: 3, k: 3, m: 3}\n"
    return f"{head}equations:\n{equations}"


AWKWARD = [
    "delta", "Delta", "sigma", "Sigma", "sigma_prime", "e", "E", "N", "n", "M", "I", "i", "C", "c", "J", "j", "L", "l", "x0",
    "x1", "x_k", "x", "W12", "W1", "W", "X", "z1", "z_j", "pi", "d", "dz", "dw", "partial", "f", "phi", "u", "v", "t", "T",
    "k", "m", "p", "q", "theta", "theta1", "gamma", "h", "h_t", "a", "b", "y", "Y", "s", "S", "eps", "lam", "ell", "Id",
]  # fmt: skip


SCALAR = ("{z} = {a}*x + {b}", "{r} = {f}({z})", "{C} = exp({r})*{a}**2 + {c}**{a}")


INDEXED = ("{z}[i] = sum({a}[i,o]*x[o], o) + {b}[i]", "{r}[i] = {f}({z}[i])", "{C} = sum(exp({r}[i])*{c}**2, i) + {b}[0]*{c}")


ARRAYS = ("{z} = {a} @ x + {b}", "{r} = {f}({z})", "{C} = sum({r}**2)*{c}")


@st.composite
def awkward(draw: st.DrawFn) -> str:
    """A neuron, a layer with places, or a layer with matrices, under names from the pool."""
    letters = draw(st.lists(st.sampled_from([n for n in AWKWARD if n != "x"]), min_size=6, max_size=6, unique=True))
    names = dict(zip("abczrC", letters, strict=True))
    names["f"] = draw(st.sampled_from(sorted(catalogue.functions())))
    lines, sizes, views = draw(
        st.sampled_from(
            [
                (SCALAR, ("scalar", "scalar", "scalar", "scalar"), ("scalar", "index")),
                (INDEXED, ("3", "[2, 3]", "2", "scalar"), ("index", "matrix", "batch")),
                (ARRAYS, ("3", "[2, 3]", "2", "scalar"), ("index", "matrix", "batch", "[matrix, index]")),
            ]
        )
    )
    x, *own = sizes
    declared = ", ".join(f"{names[n]}: {size}" for n, size in zip("abc", own, strict=True))
    equations = ", ".join(f"'{line.format(**names)}'" for line in lines)
    labels = draw(st.sampled_from(["absolute", "relative"]))
    view = draw(st.sampled_from(views))
    return (
        f"title: t\ninputs: {{x: {x}}}\nparameters: {{{declared}}}\nequations: [{equations}]\nview: {view}\nlabels: {labels}\n"
        f"objective: {names['C']}\n"
    )
