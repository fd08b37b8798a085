"""From a spec to its forward program: what a network may say, and what is refused on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from specs import BATCH_NORM, CHAIN, dense, printed

from derive import derivation, evaluate, network, spec, verify
from derive.errors import Place, SpecError, ViewError
from derive.notation.views import View
from derive.tensor import Index, System, nodes

REFUSED = YAML(typ="safe", pure=True).load(Path(__file__).with_name("bad") / "network.yaml")


@pytest.mark.parametrize("case", [pytest.param(case, id=case["case"]) for case in REFUSED])
def test_refused(case: dict[str, str]) -> None:
    found = spec.loads(case["spec"], "f.yaml")
    with pytest.raises(SpecError) as caught:
        network.build(found)
    assert str(caught.value) == case["message"].rstrip("\n")


def build(text: str) -> System:
    return network.build(spec.loads(text))


def checked(text: str, *views: View) -> derivation.Derivation:
    """The derivation of a spec, every equation of it checked in these views."""
    found = derivation.derive(build(text))
    verify.require(verify.check(found, views or ("index", "matrix")))
    return found


def forward(system: System, **values: object) -> dict[str, np.ndarray]:
    return evaluate.run(system, {key: np.array(value, dtype=float) for key, value in values.items()})


# --- layers -------------------------------------------------------------------------------------------------------------------


def test_a_repeated_layer_is_a_stack_whose_first_copy_reads_from_elsewhere() -> None:
    text = """
title: T
network:
  input: {x: 2, u: 3}
  layers:
    - dense: {units: 2}
    - dense: {units: 2, from: u, repeat: 3}
  loss: squared_error
"""
    assert [block.reads for block in build(text).blocks] == [("x",), ("u",), ("z.2",), ("z.3",)]


def test_layers_of_one_size_are_the_same_equations() -> None:
    system = build(dense((3, "tanh"), (3, "tanh"), loss="squared_error"))
    assert [block.kind for block in system.blocks] == ["dense tanh []"] * 2
    assert list(system.tensors)[:5] == ["x", "W.1", "b.1", "z.1", "a.1"]


def test_an_option_leaves_a_parameter_out() -> None:
    system = build("title: T\nnetwork:\n  input: {x: 3}\n  layers: [dense: {units: 2, bias: false}]\n  loss: huber\n")
    assert [tensor.key for tensor in system.parameters] == ["W.1"]


# --- layers of the user's own -------------------------------------------------------------------------------------------------

SCALE = """
title: T
network:
  input: {x: 3}
  layers:
    - dense: {units: 3, activation: tanh}
    - scale
  loss: half_squared_error
define:
  scale:
    title: scale and shift
    input: "x[j]"
    parameters: {gamma: j, beta: j}
    equations: ["y[j] = gamma[j]*x[j] + beta[j]"]
    output: y
"""


def test_an_own_layer_goes_the_whole_way() -> None:
    found = checked(SCALE)
    assert {"gamma.2", "beta.2"} <= set(found.gradients)
    assert printed(found.gradients["gamma.2"], "matrix", found.system).endswith(r" \odot a^{(1)}")
    values = forward(
        found.system,
        **{"x": [0, 0, 0], "W.1": np.zeros((3, 3)), "b.1": [0, 1, 2], "gamma.2": [1, 2, 3], "beta.2": [5, 5, 5], "y": [0, 0, 0]},
    )
    assert np.allclose(values["y.2"], np.tanh([0, 1, 2]) * [1, 2, 3] + 5)


def test_an_own_layer_takes_options_sizes_and_a_row_form() -> None:
    text = """
title: T
convention: row
network:
  input: {x: 3}
  layers: [gate: {units: 2, activation: sigmoid}]
  loss: squared_error
define:
  gate:
    title: gated layer
    input: x[k]
    options: {units: , activation: tanh}
    sizes: {j: units}
    parameters: {W: "j,k", V: "j,k"}
    equations: ["g[j] = sum(V[j,k]*x[k], k)", "a[j] = activation(g[j])*sum(W[j,k]*x[k], k)"]
    row:
      parameters: {W: "k,j", V: "k,j"}
      equations: ["g[j] = sum(x[k]*V[k,j], k)", "a[j] = activation(g[j])*sum(x[k]*W[k,j], k)"]
    signal: g
    output: a
"""
    found = checked(text)
    assert found.system.tensors["W.1"].shape == (3, 2)
    assert found.system.tensors["g.1"].signal
    weights = np.arange(6).reshape(3, 2)
    values = forward(found.system, **{"x": [1, 1, 1], "W.1": weights, "V.1": np.zeros((3, 2)), "y": [0, 0]})
    assert np.allclose(values["a.1"], weights.sum(axis=0) / 2)
    assert build(text.replace("convention: row\n", "")).tensors["W.1"].shape == (2, 3)


def test_an_own_layer_gives_its_output_and_not_its_last_line() -> None:
    text = SCALE.replace('"y[j] = gamma[j]*x[j] + beta[j]"', '"y[j] = gamma[j]*x[j]", "unused[j] = beta[j]*x[j]"')
    system = build(text)
    assert system.blocks[-1].gives == "y.2"
    assert "y.2" in str(system.defines()["C"].rhs)


def test_a_layer_that_adds_what_it_reads_adds_it_in_every_line() -> None:
    text = """
title: T
network:
  input: {x: 2, u: 2}
  layers: [mix: {from: [x, u]}]
  loss: squared_error
define:
  mix:
    title: mix
    input: x[j]
    many: true
    parameters: {w: j}
    equations: ["s[j] = w[j]*x[j]", "r[j] = s[j] + x[j]"]
    output: r
"""
    values = forward(checked(text).system, **{"x": [1, 2], "u": [10, 20], "w.1": [2, 3], "y": [0, 0]})
    assert np.allclose(values["r.1"], [33, 88])


# --- the loss, the target, the objective --------------------------------------------------------------------------------------

TWO = "title: T\nnetwork:\n  input: {x: 3}\n  layers:\n    - dense: {units: 2, name: top%s}\n%s"


def test_the_target_is_named_by_the_loss_or_by_the_spec() -> None:
    assert build(TWO % ("", "  loss: huber\n")).of_role("target")[0].key == "y"
    assert build(TWO % ("", "  loss: huber\n  target: t\n")).of_role("target")[0].key == "t"


@pytest.mark.parametrize("activation", ["identity", "tanh", "softmax"])
@pytest.mark.parametrize("name", ["a", "top"])
def test_equations_after_a_network_may_define_the_loss(name: str, activation: str) -> None:
    rest = f'targets: {{t: 2}}\nequations: ["C = 1/2*sum(({name}[j] - t[j])**2, j)"]\n'
    own = checked(TWO % (f", activation: {activation}", rest))
    assert own.system.objective == "C"
    assert set(own.gradients) >= {"W.1", "b.1"}
    same = build(TWO % (f", activation: {activation}", "  loss: half_squared_error\n  target: t\n"))
    given = {"x": [1, 2, 3], "W.1": [[1, 0, -1], [0.5, 0, 0]], "b.1": [0, 1], "t": [1, 0]}
    assert np.isclose(forward(own.system, **given)["C"], forward(same, **given)["C"])


def test_equations_may_go_on_from_the_loss() -> None:
    system = checked(TWO % ("", '  loss: squared_error\nequations: ["Q = 2*C"]\n')).system
    assert (system.objective, system.tensors["C"].role) == ("Q", "intermediate")


def test_the_spec_may_name_the_objective() -> None:
    system = build("title: T\nequations: [z = w*a, C = z**2, D = 2*z]\nobjective: C\n")
    assert (system.objective, system.tensors["D"].role) == ("C", "intermediate")


# --- own equations ------------------------------------------------------------------------------------------------------------


def test_a_constant_has_its_value_at_every_random_point() -> None:
    system = checked(
        "title: T\ninputs: {x: 3}\nconstants: {eps: 1e-5, n: 3, m: [3]}\nequations: ['y[i] = m[i]*x[i]/n + eps']\n"
    ).system
    assert system.constants == {"eps": 1e-5, "n": 3.0}
    point = verify.random_point(system, np.random.default_rng(1))
    assert (float(point["eps"]), float(point["n"])) == (1e-5, 3.0)
    assert point["m"].shape == (3,)


def test_an_index_may_have_the_letter_of_a_tensor_elsewhere() -> None:
    text = """
title: T
inputs: {x: 3, k: 3}
parameters: {W: [3, 3], j: scalar}
equations:
  - z[j] = sum(W[j,k]*x[k], k)
  - v = W @ k
  - C = j*sum(z[i]*v[i], i)
"""
    found = checked(text, "index")
    assert {"W", "j"} <= set(found.gradients)


# --- without indices, and with examples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (dense((4, "tanh"), (1, "tanh"), loss="huber", width=1), "layer 1 (dense) has 4 units"),
        (dense((1, "tanh"), (1, "tanh"), loss="huber", width=3), "`x` has 3 entries"),
        ("title: T\nparameters: {W: [4, 3]}\ninputs: {x: 3}\nequations: ['z = W @ x']\n", "`x` has 3 entries"),
        ("title: T\nparameters: {W: [4, 3]}\nequations: ['z = 2*W']\n", "`W` is 4×3"),
    ],
)
def test_no_scalar_view_of_what_is_wide(text: str, what: str) -> None:
    found = spec.loads(text + "view: scalar\n", "f.yaml")
    with pytest.raises(ViewError) as caught:
        network.in_scalars(network.build(found), found.place("view"))
    assert caught.value.message == f"the scalar view writes one neuron per layer, but {what}"
    assert caught.value.hint == "ask for the index or matrix view"
    assert caught.value.place == Place("f.yaml", text.count("\n") + 1, 7)


def test_one_neuron_per_layer_has_no_indices() -> None:
    system = network.in_scalars(build(CHAIN))
    assert {tensor.shape for tensor in system.tensors.values()} == {()}
    assert not any(isinstance(node, Index) for e in system.equations for node in nodes(e.rhs))


def test_the_examples_take_a_letter_that_no_own_index_has() -> None:
    system = network.over_examples(build(BATCH_NORM), 5)
    verify.require(verify.check(derivation.derive(system), ("index",)))
    per_batch = verify.random_point(system, np.random.default_rng(1))
    assert np.allclose(per_batch["mu"], per_batch["X"].mean(axis=1))
