"""Spec + catalogue -> the forward program; and for every mistake one message that says where it is and what would be right."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest
import specs
from specs import built, dense

from derive import api, network, spec
from derive.checks import verify
from derive.errors import SpecError, ViewError
from derive.expressions.nodes import Elementwise, Entry
from derive.expressions.system import System
from derive.expressions.traversal import entries, nodes
from derive.notation.emitters.latex import plain
from derive.notation.glyphs import Symbols
from derive.notation.index_letters import differentiated
from derive.numbers import evaluate

NETWORK = "title: t\nnetwork:\n  input: {x: 3}\n  layers:\n"
OWN = "title: t\ninputs: {x: 3}\nparameters: {W: [3, 3]}\nequations:\n"

WRONG: list[tuple[str, str, str, str, str]] = [
    # what is wrong, the spec, its place, the message, the hint
    (
        "an unknown layer",
        NETWORK + "    - dens: {units: 4}",
        "5:7",
        "unknown layer `dens`",
        "did you mean `dense`?",
    ),
    (
        "an unknown activation",
        NETWORK + "    - dense: {units: 4, activation: tahn}",
        "5:37",
        "unknown activation `tahn`",
        "did you mean `tanh`?",
    ),
    (
        "an unknown function of an activation layer",
        NETWORK + "    - dense: {units: 2}\n    - activation: {function: sofmax}",
        "6:30",
        "unknown activation `sofmax`",
        "did you mean `softmax`?",
    ),
    (
        "an unknown loss",
        NETWORK + "    - dense: {units: 4}\n  loss: crossentropy",
        "6:9",
        "unknown loss `crossentropy`",
        "did you mean `cross_entropy`?",
    ),
    (
        "an unknown option",
        NETWORK + "    - dense: {unit: 4}",
        "5:15",
        "dense has no option `unit`",
        "did you mean `units`?",
    ),
    (
        "an unknown option that is like no other",
        NETWORK + "    - dense: {units: 3, colour: 4}",
        "5:25",
        "dense has no option `colour`",
        "known here: activation, bias, from, name, repeat, share, units",
    ),
    (
        "a missing option",
        NETWORK + "    - dense",
        "5:7",
        "dense needs `units`",
        "write `- dense: {units: …}`",
    ),
    (
        "an option that is no number",
        NETWORK + "    - dense: {units: many}",
        "5:22",
        "`units` must be a whole number from 1 to 100,000, found `many`",
        "",
    ),
    (
        "an option that is too small",
        NETWORK + "    - dense: {units: 0}",
        "5:22",
        "`units` must be a whole number from 1 to 100,000, found `0`",
        "",
    ),
    (
        "an option that is neither true nor false",
        NETWORK + "    - dense: {units: 2, bias: maybe}",
        "5:31",
        "`bias`",
        "",
    ),
    (
        "inputs of different shapes that are to be added",
        NETWORK + "    - dense: {units: 4, name: h}\n    - add: {from: [h, x]}",
        "6:19",
        "add adds its inputs, but `h` has shape 4 and `x` has shape 3",
        "give both the same number of units",
    ),
    (
        "an input with too many axes",
        "title: t\nnetwork:\n  input: {x: [3, 4]}\n  layers:\n    - dense: {units: 3}",
        "5:7",
        "dense reads x[k], but `x` has shape 3×4",
        "its input must have 1 axis",
    ),
    (
        "two inputs for a layer that reads one",
        "title: t\nnetwork:\n  input: {x: 3, u: 3}\n  layers:\n    - dense: {units: 3, from: [x, u]}",
        "5:31",
        "dense reads one input, here are 2",
        "join them with an `add` layer first",
    ),
    (
        "a layer that reads from nothing",
        NETWORK + "    - dense: {units: 4}\n    - add: {from: [x, y]}",
        "6:19",
        "nothing is named `y`",
        "known here: x",
    ),
    (
        "a layer that reads from a later one",
        NETWORK + "    - dense: {units: 3, name: h, from: g}\n    - dense: {units: 3, name: g}",
        "5:40",
        "this layer reads from `g`, which comes later: that would be a cycle",
        "a layer reads from inputs and from layers above it",
    ),
    (
        "a layer that reads from itself",
        NETWORK + "    - dense: {units: 3, name: h, from: h}",
        "5:40",
        "this layer reads from itself",
        "a layer reads from inputs and from layers above it",
    ),
    (
        "a layer that shares with none",
        NETWORK + "    - dense: {units: 3, name: h, share: g}",
        "5:41",
        "no earlier layer is named `g`",
        "name an earlier layer with `name:`",
    ),
    (
        "a shared parameter of another shape",
        NETWORK + "    - dense: {units: 3, name: h}\n    - dense: {units: 4, share: h}",
        "6:32",
        "`h` has W of shape 3×3, here it would have shape 4×3",
        "layers that share parameters read and give the same sizes",
    ),
    (
        "a network without parameters",
        NETWORK + "    - activation: {function: tanh}\n  loss: squared_error",
        "5:5",
        "there is no trainable parameter, so there is nothing to differentiate with respect to",
        "add a layer with parameters, such as `dense`",
    ),
    (
        "equations without anything that moves",
        "title: t\nconstants: {k: [3]}\ntargets: {t: 3}\nequations:\n  - C = sum(k*t)",
        "5:3",
        "there is no trainable parameter",
        "declare some under `parameters`",
    ),
    (
        "shapes that do not fit, in index form",
        "title: t\ninputs: {x: 5}\nparameters: {W: [4, 3]}\nequations:\n  - z[j] = sum(W[j,k]*x[k], k)",
        "5:23",
        "W[j,k] has shape 4×3, so k has 3 values, but x[k] has 5 entries",
        "",
    ),
    (
        "shapes that do not fit, in matrix form",
        "title: t\ninputs: {x: 5}\nparameters: {W: [4, 3]}\nequations:\n  - z = W @ x",
        "5:9",
        "W has shape 4×3, but x has 5 entries: `@` needs 3 and 5 to be equal",
        "",
    ),
    (
        "an index that is free on the left only",
        OWN + "  - z[i] = sum(W[j,k]*x[k], j, k)",
        "5:5",
        "index i stands on the left but not on the right",
        "",
    ),
    (
        "a name before its definition",
        OWN + "  - a = tanh(z)\n  - z = W @ x",
        "5:14",
        "`z` is used before it is defined: move its equation above that of `a`",
        "",
    ),
    (
        "a circle of two",
        OWN + "  - a = tanh(z) + x\n  - z = W @ a",
        "5:14",
        "the equations go in a circle: `a` needs `z` needs `a`",
        "",
    ),
    (
        "a circle of three",
        OWN + "  - a = tanh(b)\n  - b = W @ c + x\n  - c = a",
        "5:14",
        "the equations go in a circle: `a` needs `b` needs `c` needs `a`",
        "",
    ),
    (
        "a quantity that defines itself",
        OWN + "  - z = W @ z",
        "5:13",
        "the equations go in a circle: `z` needs `z`",
        "",
    ),
    (
        "a name that nothing defines",
        OWN + "  - z = W @ v",
        "5:13",
        "`v` is used, but nothing defines or declares it",
        "known here: W, x; or declare it: `parameters: {v: …}`",
    ),
    (
        "a name that is nearly right",
        OWN + "  - hidden = W @ x\n  - z = tanh(hiden)",
        "6:14",
        "`hiden` is used, but nothing defines or declares it",
        "did you mean `hidden`?",
    ),
    (
        "a name that is defined twice",
        OWN + "  - z = W @ x\n  - z = W @ x",
        "6:5",
        "`z` is defined by an earlier equation, and this equation defines it again",
        "give the new quantity a name of its own",
    ),
    (
        "a declared name that an equation defines",
        OWN + "  - x = W @ x",
        "5:5",
        "`x` is declared, and this equation defines it again",
        "give the new quantity a name of its own",
    ),
    (
        "a name with indices and no shape",
        "title: t\nequations:\n  - z[j] = W[j]*a",
        "3:12",
        "the shape of `W` is not known",
        "declare it, e.g. `parameters: {W: [4, 3]}`",
    ),
    (
        "an objective that is no number",
        "title: t\ninputs: {x: 3}\nparameters: {W: [3, 3]}\nobjective: z\nequations: ['z = W @ x']",
        "4:12",
        "the objective must be one number, but `z` has shape 3",
        "add a line such as `C = sum(z[j]**2, j)`",
    ),
    (
        "an objective that is not there",
        "title: t\ninputs: {x: 3}\nparameters: {W: [3, 3]}\nobjective: D\nequations: ['C = sum(W @ x)']",
        "4:12",
        "`D` is not defined",
        "known here: C",
    ),
]


@pytest.mark.parametrize(("text", "place", "message", "hint"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_mistakes(text: str, place: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as refusal:
        differentiated(network.build(spec.loads(text, "net.yaml")))
    assert message in refusal.value.message
    assert hint in refusal.value.hint
    line, column = place.split(":")
    found = refusal.value.place
    assert found is not None and found.file == "net.yaml" and str(found.line) == line
    start, end = int(column), int(column) + (8 if "from" in text else 0)  # a list, or its item that is wrong
    assert found.column is not None and start <= found.column <= end
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize("equation", ["C = w**x", "C = 2**x", "C = (w*x)**(x + 1)"])
def test_an_exponent_may_move(equation: str) -> None:
    text = f"title: t\nparameters: {{w: scalar, x: scalar}}\nequations: ['{equation}']"
    verify.require(verify.check(differentiated(network.build(spec.loads(text, "net.yaml")))))


def test_the_scalar_view_of_a_wide_layer_is_refused() -> None:
    text = "title: t\nview: scalar\nnetwork:\n  input: {x: 3}\n  layers:\n    - dense: {units: 2}\n  loss: squared_error\n"
    with pytest.raises(ViewError, match="one neuron per layer") as refusal:
        api.system(spec.loads(text, "net.yaml"))
    assert str(refusal.value).startswith("net.yaml:2:7: ")


# --- what is built ------------------------------------------------------------------------------------------------------------


def lines(system: System) -> list[str]:
    return [plain(e, Symbols(system)) for e in system.equations]


def test_a_network_is_its_layers_equations() -> None:
    system = built(specs.CLASSIFIER)
    assert [e.lhs.key for e in system.equations if isinstance(e.lhs, Entry)] == ["z.1", "a.1", "z.2", "p.2", "C"]
    assert {k: t.role for k, t in system.tensors.items()} == {
        **dict.fromkeys(("W.1", "b.1", "W.2", "b.2"), "parameter"),
        **dict.fromkeys(("z.1", "a.1", "z.2", "p.2"), "intermediate"),
        "x": "input",
        "y": "target",
        "C": "objective",
    }
    assert system.tensors["W.2"].shape == (3, 4)
    assert system.depth == 2
    assert [b.parameters for b in system.blocks] == [("W.1", "b.1"), ("W.2", "b.2")]


def test_equal_layers_are_blocks_of_one_kind() -> None:
    system = built("title: deep\nnetwork:\n  input: {x: 2}\n  layers:\n    - dense: {units: 2, activation: tanh, repeat: 5}\n")
    assert len(system.blocks) == 5
    assert len({b.kind for b in system.blocks}) == 1
    assert [b.number for b in system.blocks] == [1, 2, 3, 4, 5]


def test_identity_adds_no_line() -> None:
    assert len(built(dense((2, "identity"), loss="squared_error")).equations) == 2


def test_without_bias_there_is_no_b() -> None:
    system = built("title: t\nnetwork:\n  input: {x: 2}\n  layers: [{dense: {units: 2, bias: false}}]\n  loss: squared_error\n")
    assert [t.key for t in system.parameters] == ["W.1"]
    assert lines(system)[0] == r"z_{j}^{(1)} = \sum_{k} w_{jk}^{(1)}\,x_{k}"


def test_a_shared_layer_has_the_parameters_of_the_first() -> None:
    system = built(specs.RESIDUAL)
    assert [t.key for t in system.parameters] == ["W.1", "b.1", "W.5", "b.5"]
    assert "w_{jk}^{(1)}" in lines(system)[3]


def test_rows_or_columns() -> None:
    more = "convention: row\n"
    assert built(dense((4, "tanh"), loss="squared_error", more=more)).tensors["W.1"].shape == (3, 4)
    assert built(dense((4, "tanh"), loss="squared_error")).tensors["W.1"].shape == (4, 3)


def test_equations_may_follow_a_network() -> None:
    text = """
    title: own loss
    network:
      input: {x: 2}
      layers: [{dense: {units: 3, activation: tanh, name: h}}]
    targets: {t: 3}
    parameters: {w: 3}
    equations:
      - s = sum(w*h)
      - C = (s - sum(t))**2
    """
    system = built(text)
    assert system.objective == "C"
    assert {t.key for t in system.parameters} == {"W.1", "b.1", "w"}
    assert {e.key for e in entries(system.equations[2].rhs)} == {"w", "a.1"}


def test_a_layer_of_the_users_own_gets_what_the_built_in_ones_get() -> None:
    text = """
    title: own layer
    network:
      input: {x: 3}
      layers:
        - gate: {units: 3, activation: tanh}
        - gate: {units: 2}
      loss: half_squared_error
    define:
      gate:
        title: gated layer
        input: "x[k]"
        options: {units: , activation: sigmoid}
        sizes: {j: units}
        parameters: {W: "j,k", V: "j,k"}
        signal: z
        equations:
          - "z[j] = sum(W[j,k]*x[k], k)"
          - "g[j] = activation(sum(V[j,k]*x[k], k))"
          - "h[j] = z[j]*g[j]"
        output: h
    """
    system = built(text)
    assert [t.key for t in system.parameters] == ["W.1", "V.1", "W.2", "V.2"]
    assert system.tensors["V.2"].shape == (2, 3)
    names = [n.name for e in system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise)]
    assert names == ["tanh", "sigmoid"]
    found = differentiated(system)
    assert set(found.parameter_gradients) == {"W.1", "V.1", "W.2", "V.2"}


def test_undeclared_names_of_one_line_are_scalars() -> None:
    system = built("title: t\nequations: ['z = w*a + b']")
    assert {k: (t.role, t.shape) for k, t in system.tensors.items()} == {
        "w": ("parameter", ()),
        "a": ("input", ()),
        "b": ("parameter", ()),
        "z": ("objective", ()),
    }


def test_means_of_the_users_own_are_known_to_have_deviations_that_add_up_to_zero() -> None:
    assert [f.reason for f in built(specs.LAYER_NORM).facts] == ["sum_deviation"]
    assert [f.reason for f in built(specs.BATCH_NORM).facts] == ["sum_deviation"]
    assert [f.reason for f in built(specs.CLASSIFIER).facts] == ["sum_softmax", "sum_target"]
    half = "title: no mean\nparameters: {w: 4}\nequations: ['m = 1/3*sum(w[i], i)', 'C = sum((w[i] - m)**2, i)']"
    assert built(half).facts == ()


def test_kinks_are_remarked() -> None:
    assert "kink relu" in built(dense((2, "relu"), loss="squared_error")).remarks
    assert not any(k.startswith("kink") for k in built(dense((2, "tanh"), loss="squared_error")).remarks)


# --- other shapes -------------------------------------------------------------------------------------------------------------


def test_in_scalars_computes_what_the_network_of_width_one_computes() -> None:
    wide, narrow = built(specs.CHAIN), built(specs.CHAIN, scalar=True)
    rng = np.random.default_rng(0)
    given = {t.key: rng.normal(size=t.shape) for t in wide.of_role("input", "parameter", "target")}
    flat = {k: v.reshape(()) for k, v in given.items()}
    assert float(evaluate.run(wide, given)["C"]) == pytest.approx(float(evaluate.run(narrow, flat)["C"]))
    assert all(t.shape == () for t in narrow.tensors.values())


@pytest.mark.parametrize("last", [False, True])
def test_a_mini_batch_computes_the_average_of_its_examples(last: bool) -> None:
    one, many = built(specs.CLASSIFIER), built(specs.CLASSIFIER, examples=5, last=last)
    rng = np.random.default_rng(0)
    given = {t.key: rng.normal(size=t.shape) for t in many.of_role("input", "parameter", "target", "constant")}
    given |= {k: np.asarray(v) for k, v in many.constants.items()}
    costs = []
    for n in range(5):
        single = {k: given[k] for k in given if many.tensors[k].role == "parameter"}
        single |= {k: np.take(given[k], n, axis=-1 if last else 0) for k in ("x", "y")}
        costs.append(float(evaluate.run(one, single)["C"]))
    assert float(evaluate.run(many, given)["C"]) == pytest.approx(np.mean(costs))


def test_the_index_of_the_examples_does_not_clash_with_an_index_of_the_users() -> None:
    text = "title: t\ninputs: {x: 3}\nparameters: {W: [2, 3]}\nequations: ['z[n] = sum(W[n,k]*x[k], k)', 'C = sum(z[n]**2, n)']"
    one, many = built(text), built(text, examples=4)
    rng = np.random.default_rng(0)
    weights, x = rng.normal(size=(2, 3)), rng.normal(size=(4, 3))
    given = {"W": weights, "x": x} | {k: np.asarray(v) for k, v in many.constants.items()}
    costs = [float(evaluate.run(one, {"W": weights, "x": row})["C"]) for row in x]
    assert float(evaluate.run(many, given)["C"]) == pytest.approx(np.mean(costs))


def test_a_text_is_built_the_same_every_time() -> None:
    text = dedent(specs.RESIDUAL)
    assert network.build(spec.loads(text)) == network.build(spec.loads(text))
