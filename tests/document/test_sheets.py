"""The nine shipped sheets: what stands on them, typeset with real TeX; and what a sheet is made of."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader

from derive import api
from derive.calculus.steps import Derivation
from derive.document import pipeline, repeated_layers
from derive.document.model import Lines, Prose, Table, Values
from derive.errors import CheckFailed, SpecError
from derive.expressions.nodes import mul
from derive.expressions.system import Equation, System
from derive.notation.index_letters import differentiated
from derive.numbers import draw, evaluate
from derive.typeset import overfull, typeset
from derive.writers.words import Words

NAMES = ["single-neuron", "chain", "wide-layer", "mlp", "classifier", "mini-batch", "residual", "deep", "own-layer"]
PAGES = {"deep": 6, "single-neuron": 6, "chain": 8}

# on every sheet of that name, in the LaTeX as it is printed
SAYS = {
    "single-neuron": [
        r"\mathrm{d}z^{L} = \mathrm{d}w^{L}\,a^{L-1} + \mathrm{d}b^{L} + w^{L}\,\mathrm{d}a^{L-1}",
        r"\left.\frac{\partial z^{L}}{\partial w^{L}}\right|_{b^{L},\,a^{L-1}} = a^{L-1}",
        r"\mathrm{d}b^{L} = 0,\ \mathrm{d}a^{L-1} = 0",
        r"\frac{\partial^2 z^{L}}{\partial b^{L}\,\partial w^{L}} = 0",
        r"\frac{\partial^2 C}{\partial b^{L}\,\partial w^{L}} = 2a^{L-1}\,((a^{L} - y)\,\sigma''(z^{L}) + \sigma'(z^{L})^{2})",
        r"\frac{\partial C}{\partial b^{L}} = \delta^{L}",
        "was not dropped",
        r"\begin{tikzpicture}",
    ],
    "chain": [
        r"\frac{\partial C}{\partial w^{L}} = \frac{\partial C}{\partial a^{L}}\,\frac{\partial a^{L}}{\partial z^{L}}"
        r"\,\frac{\partial z^{L}}{\partial w^{L}}",
        r"2(a^{L} - y)\,\sigma'(z^{L})\,w^{L}\,\sigma'(z^{L-1})\,a^{L-2}",
        r"(\mathrm{d}w^{L-2}\,x + \mathrm{d}b^{L-2} + w^{L-2}\,\mathrm{d}x)))",
        r"C = \frac{1}{N}\,\sum_{n} c_{n}",
        r"\frac{\partial C}{\partial w^{L}} = \sum_{n} \delta_{n}^{L}\,a_{n}^{L-1}",
    ],
    "wide-layer": [
        r"\frac{\partial C}{\partial a_{k}^{L-1}} = \sum_{j} \delta_{j}^{L}\,w_{jk}^{L}",
        r"\frac{\partial C}{\partial w_{jk}^{L}} = \delta_{j}^{L}\,a_{k}^{L-1}",
    ],
    "mlp": [
        r"\frac{\partial C}{\partial W^{(2)}} = \delta^{(2)}\,(a^{(1)})^{\top}",
        r"\frac{\partial C}{\partial w_{jk}^{(2)}} = \delta_{j}^{(2)}\,a_{k}^{(1)}",
        r"\delta^{(1)} = ((W^{(2)})^{\top}\,\delta^{(2)}) \odot \operatorname{ReLU}'(z^{(1)})",
        r"\left\langle \delta^{(2)}\,(a^{(1)})^{\top},\, \mathrm{d}W^{(2)} \right\rangle",
    ],
    "classifier": [r"= p - y", "because", r"p_{j} = \frac{e^{z_{j}^{(2)}}}{\sum_{k} e^{z_{k}^{(2)}}}"],
    "mini-batch": [
        r"\Delta^{(2)} = \frac{1}{N}\,(P - Y)",
        r"\frac{\partial C}{\partial W^{(2)}} = (\Delta^{(2)})^{\top}\,A^{(1)}",
        r"\frac{\partial C}{\partial b^{(2)}} = (\Delta^{(2)})^{\top}\,\mathbf{1}",
        r"Z^{(1)} = X\,(W^{(1)})^{\top} + \mathbf{1}\,(b^{(1)})^{\top}",
    ],
    "residual": [
        r"\frac{\partial C}{\partial W^{(1)}} = \delta^{(2)}\,(a^{(1)})^{\top} + \delta^{(1)}\,x^{\top}",
        r"\frac{\partial C}{\partial a^{(1)}} = \frac{\partial C}{\partial r^{(3)}} + (W^{(1)})^{\top}\,\delta^{(2)}",
        "contributions add up",
    ],
    "deep": [
        r"\delta^{(\ell)} = ((W^{(\ell+1)})^{\top}\,\delta^{(\ell+1)}) \odot \tanh'(z^{(\ell)})",
        r"\ell = 1, \dots, 100",
    ],
    "own-layer": [r"\frac{\partial C}{\partial U}", r"\frac{\partial C}{\partial U_{jk}}"],
}


def plain(tex: str) -> str:
    """LaTeX without places for line breaks, and with the two sides of a line joined by its equals sign."""
    tex = tex.replace(r" \penalty500", "").replace(r"\allowbreak ", "")
    return "\n".join(_joined(line) if line.startswith(r"\dsline{") else line for line in tex.splitlines())


def _joined(line: str) -> str:
    depth = 0
    for place, sign in enumerate(line):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "}" and depth == 0:
            return f"{line[len('dsline{') + 1 : place]} = {line[place + 2 :]}"
    return line


@pytest.fixture(scope="module", params=NAMES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    tex = api.tex(api.sheet(api.load(api.examples()[name])))
    typeset(tex, folder / f"{name}.pdf", files=api.style(), keep_log=folder / f"{name}.log")
    return name, tex, folder


def test_it_says_what_it_is_for(built: tuple[str, str, Path]) -> None:
    name, tex, _ = built
    for line in SAYS[name]:
        assert line in plain(tex), line


def test_it_is_inside_the_margins_and_no_longer_than_it_should_be(built: tuple[str, str, Path]) -> None:
    name, _, folder = built
    log = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    assert overfull(log) == []
    assert "undefined" not in log.lower().replace("undefined on input line 0", "")
    assert len(PdfReader(folder / f"{name}.pdf").pages) <= PAGES.get(name, 9)


def test_it_has_title_and_bookmarks(built: tuple[str, str, Path]) -> None:
    name, _, folder = built
    reader = PdfReader(folder / f"{name}.pdf")
    assert reader.metadata is not None and reader.metadata.title == api.load(api.examples()[name]).title
    titles = [item.title or "" for item in reader.outline if not isinstance(item, list)]
    wanted = [
        "Forward pass",
        "The differential of each line",
        "Substitute downward",
        "Read off the gradients",
        "Check with numbers",
    ]
    assert [t.lstrip("0123456789 ") for t in titles if any(w in t for w in wanted)] == wanted


def test_nothing_ugly(built: tuple[str, str, Path]) -> None:
    _, tex, _ = built
    tex = tex[tex.index(r"\begin{dssheet}") :]
    for ugly in ("+ -", "- -", "1\\,x", "{}{}", "None", "Entry(", "((( ", "&#", "&lt;"):
        assert ugly not in tex, ugly


def test_every_rule_on_it_is_in_the_book(built: tuple[str, str, Path]) -> None:
    name, _, _ = built
    from derive.network.catalogue import rules

    sheet = api.sheet(api.load(api.examples()[name]))
    used = {r for s in sheet.sections for b in s.blocks if isinstance(b, Lines) for line in b.lines for r in line.rules}
    assert used <= set(rules())
    assert all(step.rules for step in api.derive(api.load(api.examples()[name])).steps)


def test_same_spec_same_text_whatever_the_hash_seed() -> None:
    texts = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-m", "derive", "tex", "residual"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        texts.add(run.stdout)
    assert len(texts) == 1


def test_a_wrong_equation_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    true = differentiated

    def damaged(system: System) -> Derivation:
        found = true(system)
        steps = [
            replace(s, result=Equation(s.result.lhs, mul(2, s.result.rhs))) if (s.section, s.about) == ("gradient", "W.2") else s
            for s in found.steps
        ]
        return replace(found, steps=tuple(steps))

    monkeypatch.setattr(pipeline, "differentiated", damaged)
    with pytest.raises(CheckFailed, match=r"the derivative of the cost by W\.2"):
        api.sheet(api.load(api.examples()["classifier"]))


# --- the worked numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in NAMES if n != "deep"])
def test_the_numbers_are_right_and_the_step_pays(name: str) -> None:
    spec = api.load(api.examples()[name])
    found = api.derive(spec)
    done = draw.work(spec, found)
    assert done is not None and found.system.objective is not None
    given = {k: v for k, v in done.values.items() if k in found.system.tensors}
    for key, equation in found.parameter_gradients.items():
        value = done.values[equation.lhs.key]
        for place in np.ndindex(value.shape):
            moved = []
            for h in (1e-6, -1e-6):
                shifted = given[key].copy()
                shifted[place] += h
                moved.append(float(evaluate.run(found.system, {**given, key: shifted})[found.system.objective]))
            assert abs((moved[0] - moved[1]) / 2e-6 - value[place]) < 1e-5 * max(1.0, abs(float(value[place])))
        assert np.allclose(done.after[key], given[key] - done.rate * value)
    assert float(done.after[found.system.objective]) < float(done.values[found.system.objective])


@pytest.mark.parametrize(
    ("value", "text", "exact"),
    [
        (0, "0", True),
        (1.5, "1.5", True),
        (-0.0625, "-0.0625", True),
        (-2.40625, "-2.4063", False),
        (0.40375, "0.4038", False),
        (1 / 3, "0.3333", False),
        (0.8539999, "0.8540", False),
        (1.234e-6, r"1.234 \cdot 10^{-6}", True),
    ],
)
def test_how_a_number_is_printed(value: float, text: str, exact: bool) -> None:
    found = draw.number(value)
    assert (found.text, found.exact) == (text, exact)


def test_an_array_that_is_not_exact_has_the_same_decimals_everywhere() -> None:
    found = draw.array(np.array([0.5, 1 / 3, 0.0]))
    assert isinstance(found, tuple)
    assert [n.text for n in found] == ["0.5000", "0.3333", "0"]


def test_given_values_are_used_and_checked_for_their_shape() -> None:
    layer = "network:\n  input: {x: 1}\n  layers:\n    - dense: {units: 1, bias: false}\n  loss: squared_error\n"
    text = "title: t\nvalues: {w: 2, x: 3}\n" + layer
    spec = api.loads(text + "view: scalar\n")
    done = draw.work(spec, api.derive(spec))
    assert done is not None and float(done.values["W.1"]) == 2 and float(done.values["z.1"]) == 6
    with pytest.raises(SpecError, match="has shape"):
        wrong = api.loads(text.replace("w: 2", "w: [1, 2, 3]"))
        draw.work(wrong, api.derive(wrong))


# --- layers that repeat, and the user's own words ---------------------------------------------------------------------------


def test_layers_that_are_alike_form_one_run_and_others_do_not() -> None:
    text = "title: t\nnetwork:\n  input: {x: 4}\n  layers:\n    - dense: {units: 4, activation: tanh, repeat: 6}\n"
    text += "    - dense: {units: 2}\n  loss: squared_error\n"
    found = differentiated(api.system(api.loads(text)))
    assert [(r.first, r.last) for r in repeated_layers.forward_runs(found)] == [(1, 6), (7, 7)]
    assert [(r.first, r.last) for r in repeated_layers.backward_runs(found)] == [(1, 6), (7, 7)]
    skip = text.replace("    - dense: {units: 2}\n", "    - add: {from: [x, x]}\n    - dense: {units: 2}\n")
    skipping = differentiated(api.system(api.loads(skip)))
    assert [(r.first, r.last) for r in repeated_layers.forward_runs(skipping)][-2:] == [(7, 7), (8, 8)]


def test_text_of_the_user_is_escaped_and_its_maths_is_read_in_the_language() -> None:
    text = "title: '100% of \\input{x} & $y$ #1'\nintroduction: the line `z = w*x` and `dz/dw` cost 5 $\n"
    text += "parameters: {w: scalar}\ninputs: {x: scalar}\nequations: ['z = w*x', 'C = z**2']\n"
    tex = api.tex(api.sheet(api.loads(text)))
    assert r"100\% of" in tex and r"\input{x}" not in tex.replace("inputenc", "") and r"\$y\$ \#1" in tex
    assert r"the line \dstyped{z = w\,x} and \dstyped{\partial z/\partial w} cost 5 \$" in tex


def test_every_block_of_every_sheet_has_its_words() -> None:
    said = Words("en", None, {}).keys()
    for name in NAMES:
        for section in api.sheet(api.load(api.examples()[name])).sections:
            assert f"heading.{section.key}" in said
            for block in section.blocks:
                assert not isinstance(block, Prose) or f"say_{block.key}" in said, block.key
                assert not isinstance(block, Table | Values) or block.rows


def test_the_fragment_has_no_preamble_and_can_be_put_in_twice(tmp_path: Path) -> None:
    body = api.tex(api.sheet(api.load(api.examples()["wide-layer"])), fragment=True)
    assert "documentclass" not in body and "usepackage" not in body
    preamble = "\\documentclass{report}\\usepackage[T1]{fontenc}\\usepackage{lmodern,derive-sheets}"
    host = preamble + "\\begin{document}\\chapter{One}\\input{body}\\input{body}\\end{document}"
    typeset(host, tmp_path / "host.pdf", files={**api.style(), "body.tex": body})
    assert len(PdfReader(tmp_path / "host.pdf").pages) > 6
