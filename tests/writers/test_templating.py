"""A teacher's own templates: one macro, one word, one block of a file; and what they must not be able to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from derive import api
from derive.errors import SpecError
from derive.typeset import typeset

SPEC = "title: A line\nequations: ['z = w*a + b', 'C = z**2']\ninputs: {a: scalar}\nparameters: {w: scalar, b: scalar}\n"


def tex(tmp_path: Path, **files: str) -> str:
    """The sheet's LaTeX with templates of these names and texts; `words__en` is words/en.tex."""
    own = tmp_path / "own"
    for name, text in files.items():
        path = own / f"{name.replace('__', '/')}.tex"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "x.yaml").write_text(SPEC, encoding="utf-8")
    return api.tex(api.sheet(api.load(tmp_path / "x.yaml", templates=own if files else None)))


def test_one_macro_is_replaced_and_no_other(tmp_path: Path) -> None:
    own = tex(tmp_path, blocks="((* macro tabular(b, prose) *))\nA table of mine.\n((* endmacro *))")
    ours = tex(tmp_path)
    assert own.count("A table of mine.") == ours.count(r"\begin{dstable}") > 0
    without = re.sub(r"\\begin\{dstable\}.*?\\end\{dstable\}", "A table of mine.", ours, flags=re.DOTALL)
    lines = re.compile(r"(?<=sign by sign: )\d+")  # without the tables there are fewer to be read
    assert int(lines.findall(own)[0]) < int(lines.findall(ours)[0])
    assert lines.sub("", own) == lines.sub("", without)


def test_one_word_is_replaced_and_no_other(tmp_path: Path) -> None:
    words = "((* set heading = {'forward': 'Forwards & up'} *))\n((* macro say_where_functions(a) *))\nin which\n((* endmacro *))"
    own, ours = tex(tmp_path, words__en=words), tex(tmp_path)
    assert r"Forwards \& up" in own
    assert own == ours.replace("{Forward pass}", r"{Forwards \& up}").replace("\nwhere\n", "\nin which\n")


def test_a_document_of_ones_own_stands_on_ours(tmp_path: Path) -> None:
    extra = "((* block extra *))\n\\renewcommand{\\dsrule}[1]{\\textbf{#1}}\n((* endblock *))"
    document = f"((* extends 'derive/document.tex' *))\n{extra}"
    own = tex(tmp_path, document=document)
    assert own.replace("\\renewcommand{\\dsrule}[1]{\\textbf{#1}}\n", "") == tex(tmp_path)
    typeset(own, tmp_path / "x.pdf", files=api.style())


def values(inside: str) -> str:
    return f"((* macro values(b) *))\nx\n{inside}\n((* endmacro *))"


@pytest.mark.parametrize(
    "inside, said",
    [
        ("((* if *))", "Expected an expression"),
        ("((( nonsense.a )))", "'nonsense' is undefined"),
        ("((( b.nonsense )))", "has no attribute 'nonsense'"),
        ("((( blocks.nonsense() )))", "has no attribute 'nonsense'"),
        ("((( 1 / 0 )))", "division by zero"),
        ("((( blocks.values(b) )))", "RecursionError"),
        # out of the sandbox
        ("((( b.__class__.__mro__ )))", "unsafe"),
        ("((( m.__self__ )))", "unsafe"),
        ("((( b.rows[0].shown.lhs.subs('x', 'y') )))", "unsafe"),
        ("((( b.rows[0].shown.lhs.func('x') )))", "unsafe"),
        ("((( b.rows[0].shown.lhs|attr('func') )))", "unsafe"),
        ("((( [b.rows[0].shown.lhs]|map(attribute='func')|first )))", "unsafe"),
        ("((( '{0.__class__}'.format(b) )))", "not safely callable"),
        ("((( kind.__globals__ )))", "unsafe"),
        ("((( sheet.symbols.glyph('w') )))", "unsafe"),
        ("((( m('__import__(1)') )))", "not mathematics"),
        ("((* do b.rows.append(1) *))", "has no attribute 'append'"),
        # out of bounds
        ("((* for i in range(10**9) *))x((* endfor *))", "not for templates"),
        ("((* for i in range(1000000000) *))x((* endfor *))", "Range too big"),
        ("((( 'x' * 1000000000 )))", "repeated"),
        ("((( 1000000000 * [1] )))", "repeated"),
        ("((( '%1000000000d' % 1 )))", "not for templates"),
    ],
)
def test_an_error_has_file_and_line(inside: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=re.escape(said)) as caught:
        tex(tmp_path, blocks=values(inside))
    assert str(caught.value.place) == f"{tmp_path}/own/blocks.tex:3"


@pytest.mark.parametrize("name", ["/etc/hostname", "../x.yaml", "../../etc/hostname"])
def test_nothing_outside_the_folder_is_included(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no template"):
        tex(tmp_path, blocks=values(f"((* include '{name}' *))"))


def test_an_error_outside_of_macros_has_its_line_too(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"own/blocks.tex:3: .*unsafe"):
        tex(tmp_path, blocks="one\ntwo\n((( cycler.__init__ )))\n")
    with pytest.raises(SpecError, match=r"own/words/en.tex:2: .*expected token ':'"):
        tex(tmp_path, words__en="\n((* set heading = {'forward' 'x'} *))")


def test_a_macro_with_other_arguments_is_an_error_and_no_crash(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"own: .*takes not more than 0 argument"):
        tex(tmp_path, blocks="((* macro values() *))\n((* endmacro *))")


def test_a_folder_that_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SPEC, encoding="utf-8")
    with pytest.raises(SpecError, match="this is not a folder of templates"):
        api.load(tmp_path / "x.yaml", templates=tmp_path / "nowhere")


def test_what_a_template_prints_is_escaped(tmp_path: Path) -> None:
    own = tex(tmp_path, blocks=values("((( b.layout ~ ': 50% & \\\\input{x}' )))"))
    assert r"50\% \& \textbackslash{}input\{x\}" in own


@pytest.mark.parametrize(
    "printed",
    [
        "((( 'R&D 50%' )))",
        "((( 'R&D' ~ ' 50%' )))",
        "((( [layer(1), 'R&D 50%'][1] )))",
        "((( (layer(1) ~ 'R&D 50%') )))",
        "((( ('R&D 50%' ~ layer(1)) )))",
        "((( layer(1) + 'R&D 50%' )))",
        "((( 'R&D 50%' + layer(1) )))",
        "((( [layer(1), 'R&D 50%']|join('; ') )))",
        "((( ['R&D 50%', 'x']|join(layer(1)) )))",
        "((( 'R&D 50%'|escape )))",
        "((( 'R&D 50%'|upper )))",
    ],
)
def test_text_beside_formulas_is_escaped_for_tex_and_not_for_html(printed: str, tmp_path: Path) -> None:
    own = tex(tmp_path, blocks=values(printed))
    assert r"R\&D 50\%" in own
    assert "amp;" not in own
    assert "$1$" in own or "layer(1)" not in printed or "[1]" in printed


@pytest.mark.parametrize(
    "printed", ["((( layer(1).join(['&']) )))", "((( layer(1).format('&') )))", "((( layer(1)|replace('1', '&') )))"]
)
def test_what_would_mix_texts_unescaped_is_refused(printed: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be used"):
        tex(tmp_path, blocks=values(printed))
