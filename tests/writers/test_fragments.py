"""Fragments in other people's documents, really set: every class, every engine, and the packages that are known to bite."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
from pypdf import PdfReader

from derive import api
from derive.typeset import overfull
from derive.writers import alt_text

MAX_PASSES = 4
SMALL = """title: "„Łódź“, x² & 5 % of \\"a|b\\""
author: "Åsa: why? «Moi»; oui!"
introduction: "The line `z = w*a`: what? \\"quotes\\", it's {x} | <y> #1 $5$ a--b"
inputs: {a: scalar}
parameters: {w: scalar}
equations: ["z = w*a", "C = z**2"]
"""
FONTS = r"\usepackage[T1]{fontenc}\usepackage{lmodern}"
FRENCH, GERMAN = r"\usepackage[french]{babel}", r"\usepackage[ngerman]{babel}"
SHEETS = r"\usepackage{derive-sheets}"
CLASSES = ("article", "report", "book", "beamer", "memoir", "scrartcl", "scrreprt", "scrbook", "exam")
ENGINES = ("pdflatex", "xelatex", "lualatex")
CHAPTERS = ("report", "book", "memoir", "scrreprt", "scrbook")


@lru_cache
def fragment(name: str) -> str:
    if name == "small":
        return api.tex(api.sheet(api.loads(SMALL)), fragment=True)
    views = ("matrix", "index") if name == "classifier" else ()
    return api.tex(api.sheet(api.load(api.examples()[name], views=views)), fragment=True)


def body(cls: str, *names: str) -> str:
    """Each fragment at least twice, in the places where such a document would have it."""
    puts = "".join(rf"\input{{{name}}}" for name in names)
    if cls == "beamer":
        return rf"\begin{{frame}}[allowframebreaks]{{A sheet}}{puts}\end{{frame}}{puts}"
    if cls == "exam":
        return rf"\begin{{questions}}\question[5] Derive.\begin{{solution}}{puts}\end{{solution}}\end{{questions}}{puts}"
    if cls in CHAPTERS:
        return rf"\tableofcontents\chapter{{One}}{puts}\section{{Two}}{puts}"
    return rf"\tableofcontents{puts}\section{{One}}{puts}"


def run(folder: Path, tex: str, engine: str = "pdflatex", *, main: str = "host", names: tuple[str, ...] = ()) -> str:
    """Set a document until its references have settled; the log of the last pass."""
    for file, text in {**api.style(), **{f"{name}.tex": fragment(name) for name in names}, f"{main}.tex": tex}.items():
        (folder / file).write_text(text, encoding="utf-8")
    return passes(folder, main, engine)


def passes(folder: Path, main: str, engine: str) -> str:
    environment = {**os.environ, "max_print_line": "1000", "SOURCE_DATE_EPOCH": "0"}
    command = [engine, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", f"{main}.tex"]
    log = ""
    for number in range(MAX_PASSES):
        done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        log = (folder / f"{main}.log").read_text(encoding="utf-8", errors="replace")
        assert done.returncode == 0, re.findall(r"^! .*(?:\n.*){6}", log, re.MULTILINE) or log[-500:]
        if number and "Rerun to get" not in log:
            break
    return log


def faults(log: str) -> list[str]:
    """What a user would have to see to: errors, double or unsettled labels, what is too wide or too high, missing letters."""
    bad = ("! ", ".*multiply.defined", "Missing character", ".*Warning.*undefined", ".*Rerun to get", ".*destination with")
    return overfull(log) + re.findall(rf"^(?:{'|'.join(bad)}).*$", log, re.MULTILINE)


@dataclass(frozen=True)
class Host:
    """A document that sheets are put into. `after`: packages that are loaded after derive-sheets."""

    name: str
    cls: str
    engine: str = "pdflatex"
    options: str = ""
    before: str = FONTS
    after: str = ""
    names: tuple[str, ...] = ("single-neuron", "classifier")

    def tex(self) -> str:
        start = rf"\documentclass[{self.options}]{{{self.cls}}}{self.before}{SHEETS}{self.after}"
        refers = ""
        if "cleveref" in self.after:
            refers = r"\Cref{ds:classifier:forward}, \ref{ds:classifier.2:forward}, \pageref{ds:single-neuron.2:forward}"
        return rf"{start}\begin{{document}}{refers}{body(self.cls, *self.names)}\end{{document}}"


HOSTS = [
    Host("two narrow columns, French", "article", options="twocolumn", before=FONTS + FRENCH, names=("classifier", "deep")),
    Host("physics, hyperref, cleveref", "report", after=r"\usepackage{physics,hyperref,cleveref}"),
    Host("German under XeTeX", "book", "xelatex", before=GERMAN, after=r"\usepackage{hyperref}"),
    Host("frames in French", "beamer", before=FONTS + FRENCH, names=("classifier", "single-neuron")),
    Host("frames with tables", "beamer", options="aspectratio=169", names=("chain", "deep")),
    Host("physics first", "memoir", "lualatex", before=r"\usepackage{physics}", after=r"\usepackage{unicode-math}"),
    Host("all at once", "scrartcl", "xelatex", before=FRENCH, after=r"\usepackage{unicode-math,hyperref,cleveref}"),
    Host("the old encoding", "scrreprt", before="", names=("small", "deep")),
    Host("German", "scrbook", "lualatex", before=r"\usepackage{unicode-math}" + GERMAN, after=r"\usepackage{cleveref}"),
    Host("in French", "exam", options="answers", before=FONTS + FRENCH, after=r"\usepackage{physics,hyperref}"),
    Host(
        "characters that are active",
        "article",
        before=FONTS + r"\usepackage{csquotes,fancyvrb}\usepackage[dvipsnames]{xcolor}",
        after=r"\usepackage{underscore}\MakeOuterQuote{" + '"' + r"}\DefineShortVerb{\|}\usepackage{titlesec}",
    ),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_under_every_engine(cls: str, engine: str, tmp_path: Path) -> None:
    before = FONTS if engine == "pdflatex" else ""
    tex = rf"\documentclass{{{cls}}}{before}{SHEETS}\begin{{document}}{body(cls, 'small')}\end{{document}}"
    assert faults(run(tmp_path, tex, engine, names=("small",))) == []


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: f"{host.cls}: {host.name}")
def test_among_other_packages(host: Host, tmp_path: Path) -> None:
    assert faults(run(tmp_path, host.tex(), host.engine, names=host.names)) == []


# --- headings and labels --------------------------------------------------------------------------------------------------------

LEVELS = {
    "alone": ("article", r"\sheet\sheet", ["section 1", "section 8"]),
    "below a section": ("article", r"\section{A}\sheet\subsection{B}\sheet", ["subsection 1.1", "subsubsection 1.8.1"]),
    "after the contents": ("article", r"\tableofcontents\sheet", ["section 1"]),
    "below a heading without a number": ("article", r"\section*{A}\sheet", ["-"]),
    "no numbers at all": ("article", r"\setcounter{secnumdepth}{0}\section{A}\sheet", ["subsection "]),
    "in a book": (
        "book",
        r"\frontmatter\chapter{P}\sheet\mainmatter\chapter{A}\sheet\section{B}\sheet",
        ["-", "section 1.1", "subsection 1.8.1"],
    ),
    "KOMA-Script": ("scrreprt", r"\sheet\chapter{A}\sheet\addsec{B}\sheet", ["-", "section 1.1", "-"]),
    "memoir": ("memoir", r"\chapter{A}\sheet\section{B}\sheet", ["section 1.1", "subsection "]),
    "as asked for": (
        "report",
        r"\chapter{A}\dssetup{level=subsection}\sheet\dssetup{numbered=false}\sheet",
        ["subsection 1.0.1", "-"],
    ),
}
"""Where sheets stand, and the level and number of their first headings in the contents; - for one that is not there."""


@pytest.mark.parametrize("where", LEVELS)
def test_headings_follow_the_host(where: str, tmp_path: Path) -> None:
    cls, text, wanted = LEVELS[where]
    before = rf"\documentclass{{{cls}}}{FONTS}{SHEETS}\newcommand{{\sheet}}{{\input{{small}}}}\setcounter{{tocdepth}}{{4}}"
    assert faults(run(tmp_path, rf"{before}\begin{{document}}{text}\end{{document}}", names=("small",))) == []
    aux = (tmp_path / "host.aux").read_text()
    lines = re.findall(r"\\contentsline \{(\w+)\}\{(?:\\(?:numberline|nonumberline) ?)?(?:\{([\d.]*)\})?The symbols\}", aux)
    assert [f"{level} {number}" for level, number in lines] == [w for w in wanted if w != "-"]
    labels = re.findall(r"\\newlabel\{(ds:[^}@]*:equations)\}", aux)
    assert len(labels) == len(set(labels)) == len(wanted)


def test_a_label_has_the_prefix_the_sheet_and_the_part(tmp_path: Path) -> None:
    text = r"\input{single-neuron}\dssetup{prefix=sol, title=false}\input{single-neuron}"
    run(tmp_path, rf"\documentclass{{article}}{FONTS}{SHEETS}\begin{{document}}{text}\end{{document}}", names=("single-neuron",))
    labels = re.findall(r"\\newlabel\{([^}]*)\}", (tmp_path / "host.aux").read_text())
    assert {"ds:single-neuron:forward", "sol:single-neuron.2:forward"} <= set(labels)
    pages = [page.extract_text() for page in PdfReader(tmp_path / "host.pdf").pages]
    assert sum("Why does b disappear?" in page for page in pages) == 1


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """After a sheet the host's own characters, lengths and commands are what they were, and every new name begins with ds."""
    kept = (r"\the\parindent", r"\the\parskip", r"\the\emergencystretch", r"\the\fboxsep", r"\the\catcode`\;", r"\meaning\tanh")
    shown = rf"\typeout{{NOW {' '.join(kept)} \the\language}}"
    tex = rf"\documentclass{{article}}{FONTS}{FRENCH}{SHEETS}\begin{{document}}{shown}\input{{small}}{shown}\end{{document}}"
    before, after = re.findall(r"^NOW (.*)$", run(tmp_path, tex, names=("small",)), re.MULTILINE)
    assert before == after


HOSTS_OWN = {"NoAutoSpacing", "frametitle", "usebeamercolor", "usebeamerfont"}
"""What the style asks the host for, and does not define."""


def test_every_new_name_begins_with_ds(tmp_path: Path) -> None:
    """Beyond the packages that it loads, the style defines no command that another package could have."""
    loaded = r"\usepackage{amsmath,booktabs,multicol,tikz}\usetikzlibrary{arrows.meta}"
    names = r"\directlua{for _, n in ipairs(tex.hashtokens()) do texio.write_nl('log', 'NAME ' .. n) end}"
    found = []
    for main, packages, text in (("without", loaded, "x"), ("with", loaded + SHEETS, r"\input{small}")):
        tex = rf"\documentclass{{article}}{packages}\begin{{document}}{text}{names}\end{{document}}"
        log = run(tmp_path, tex, "lualatex", main=main, names=("small",))
        found.append(set(re.findall(r"^NAME (.*)$", log, re.MULTILINE)))
    new = found[1] - found[0]
    assert "dssheet" in new and "dsline" in new
    assert {name for name in new if re.fullmatch("[A-Za-z]+", name) and not name.startswith(("ds", "endds"))} <= HOSTS_OWN


# --- where the files lie --------------------------------------------------------------------------------------------------------


def test_import_finds_a_sheet_in_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets/neuron.tex").write_text(fragment("single-neuron"), encoding="utf-8")
    text = r"\section{One}\subimport{sheets/}{neuron}\import{./sheets/}{neuron}"
    tex = rf"\documentclass{{article}}{FONTS}\usepackage{{import}}{SHEETS}\begin{{document}}{text}\end{{document}}"
    assert faults(run(tmp_path, tex)) == []


def test_subfiles_are_set_alone_and_in_the_whole(tmp_path: Path) -> None:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets/neuron.tex").write_text(fragment("single-neuron"), encoding="utf-8")
    (tmp_path / "parts").mkdir()
    part = (r"\documentclass[../host]{subfiles}", r"\begin{document}", r"\section{One}\input{\subfix{../sheets/neuron}}")
    (tmp_path / "parts/one.tex").write_text("\n".join((*part, "\\end{document}\n")))
    packages = rf"{FONTS}\usepackage{{subfiles}}\usepackage{{\subfix{{derive-sheets}}}}"
    text = r"\subfile{parts/one}\subfile{parts/one}"
    tex = "\n".join((r"\documentclass{article}", packages, r"\begin{document}", text, r"\end{document}"))
    assert faults(run(tmp_path, tex)) == []
    assert faults(passes(tmp_path / "parts", "one", "pdflatex")) == []


# --- for those who cannot see the pictures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["pdflatex", "lualatex"])
def test_a_picture_has_a_text_in_its_place(engine: str, tmp_path: Path) -> None:
    text = r"\input{classifier}\dssetup{alt=false}\input{classifier}"
    tex = rf"\documentclass{{article}}{SHEETS}\begin{{document}}{text}\end{{document}}"
    run(tmp_path, tex, engine, names=("classifier",))
    said = []
    for page in PdfReader(tmp_path / "host.pdf").pages:
        contents = page.get_contents()
        assert contents is not None
        data = contents.get_data()
        assert data.count(b"BDC") == data.count(b"EMC")
        said += [bytes.fromhex(hexed.decode()).decode("utf-16") for hexed in re.findall(rb"/Alt <([0-9A-F]+)>", data)]
    network, graph = said
    assert network.startswith("Picture of the network") and "a¹ of 4 units from x with W¹ and b¹, activation tanh" in network
    assert graph.startswith("Computation graph.") and "∂C/∂p, δ²" in graph


def test_what_is_said_of_a_picture_is_plain_text() -> None:
    assert alt_text.plain("50% of\n \\input{x} #1 & y^2_1 ~ $z$") == "50 of input x 1 y 2_1 z"
    for name in ("deep", "residual", "mini-batch", "own-layer", "chain"):
        texts = re.findall(r"\\begin\{dspicture\}\{(.*)\}$", fragment(name), re.MULTILINE)
        assert texts and all(text and len(text) < 700 and not set(text) & set("\\%#{}$&") for text in texts)
