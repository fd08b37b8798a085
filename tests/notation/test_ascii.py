"""Formulas as plain text: what is written, and that a PDF carries it behind what is printed and never behind a gap."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from derive import api, typeset
from derive.notation import views
from derive.notation.emitters import ascii
from derive.notation.glyphs import Symbols


@pytest.mark.parametrize("name", sorted(api.examples()))
def test_every_line_has_a_text_that_tex_and_pdf_take_as_it_is(name: str) -> None:
    spec = api.load(api.examples()[name])
    found = api.derive(spec)
    printer = ascii.Printer(Symbols(found.system, spec.labels, dict(spec.glyphs)))
    for step in found.steps[:400]:
        for view in found.asked:
            text = " = ".join(printer.equation(views.shown(step.result, view, found.system)))
            assert text.isascii() and not set(text) & set("\\{}#%~"), text
            assert text.count("(") == text.count(")")


def lines(name: str) -> list[str]:
    """What the sheet says of its formulas, in their order."""
    return re.findall(r"\\dssaid\{([^}]*)\}", api.tex(api.sheet(api.load(api.examples()[name]))))


def test_what_is_written() -> None:
    assert {
        "z^(L) = w^(L) a^(L-1) + b^(L)",
        "dz^(L) = dw^(L) a^(L-1) + db^(L) + w^(L) da^(L-1)",
        "dz^(L)/dw^(L) (b^(L), a^(L-1) held) = a^(L-1)",
        "dC/dw^(L) = delta^(L) a^(L-1)",
        "C = (a^(L) - y)^2",
    } <= set(lines("single-neuron"))
    assert {
        "dC/dW^(3) = delta^(3) (a^(2))^T",
        "dC/dw^(3)[j,k] = delta^(3)[j] a^(2)[k]",
        "C = 1/2 ||z^(3) - y||^2",
        "C = 1/2 sum_j (z^(3)[j] - y[j])^2",
    } <= set(lines("mlp"))
    assert "dC/dmu = -sum_j (dC/dn[j]) gamma[j]" in lines("own-layer")
    assert any("^(l)" in line for line in lines("deep"))  # a general layer, as it is printed


def test_a_pdf_has_its_formulas_as_text(tmp_path: Path) -> None:
    sheet = api.sheet(api.load(api.examples()["mlp"]))
    typeset.typeset(api.tex(sheet), tmp_path / "x.pdf", files=api.style())
    said = subprocess.run(["pdftotext", "-layout", tmp_path / "x.pdf", "-"], capture_output=True, text=True, check=True).stdout
    words = " ".join(said.split())
    for line in dict.fromkeys(lines("mlp")):
        assert " ".join(line.split()) in words, line
    opened = [line for line in said.splitlines() if "dz^(1) = dW^(1) x + db^(1) + W^(1) dx" in line]
    assert opened and "dz^(1)[j] = sum_k" in opened[0]  # both views, each in its place


@pytest.mark.parametrize("name", ["single-neuron", "mlp", "classifier"])
def test_what_is_left_blank_is_not_in_the_file_either(name: str) -> None:
    gaps = 0
    for key, sheet in api.sheets(api.load(api.examples()[name]), ("faded",)).items():
        tex = api.tex(sheet)
        if "solutions" in key or r"\dsblank" not in tex:
            continue
        for line in tex.splitlines():
            if r"\dsblank" in line:
                gaps += 1
                for part in re.split(r"\}\{", line):
                    assert not (r"\dsblank" in part and r"\dssaid" in part), line
    assert gaps > 3


def test_without_alternative_texts_there_are_none(tmp_path: Path) -> None:
    tex = api.tex(api.sheet(api.load(api.examples()["chain"])))
    plain = tex.replace(r"\begin{document}", "\\begin{document}\n\\dssetup{alt=false}", 1)
    typeset.typeset(plain, tmp_path / "x.pdf", files=api.style())
    said = subprocess.run(["pdftotext", tmp_path / "x.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "^(L)" not in said
