"""Pictures: nothing overlaps, nothing is lost, nothing is too wide; and TeX sets them all."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive import api
from derive.writers.latex.graph_figure import MOST_COLUMNS
from derive.writers.latex.layered_layout import lay_out, longest_path, longest_path_ranks
from derive.writers.latex.network_figure import MAX_WIDTH, Column, GraphNode, computation_graph, network
from derive.writers.latex.plot_figure import HEIGHT, Curve, Mark, plot, ticks
from derive.writers.latex.tables import table
from derive.writers.latex.tikz import spread, text_width

Box = tuple[float, float, float, float]
SHAPE = re.compile(r"\\dsnode\{(.*?)\}\(([-\d.]+),([-\d.]+)\)\(([-\d.]+),([-\d.]+)\)\{(.*)\}%")
TEXT = re.compile(r"\\dstext\{(?P<style>.*?)\}\{(?P<anchor>.*?)\}\((?P<x>[-\d.]+),(?P<y>[-\d.]+)\)\{(?P<text>.*)\}%")


def boxes(picture: str, *styles: str) -> list[tuple[str, Box]]:
    """The shapes of these styles: label, and left, bottom, right, top."""
    found = []
    for style, *numbers, text in SHAPE.findall(picture):
        if style.removeprefix("again ") in styles:
            x, y, width, height = map(float, numbers)
            found.append((text, (x - width / 2, y - height / 2, x + width / 2, y + height / 2)))
    return found


def overlap(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def check_apart(found: Sequence[tuple[str, Box]]) -> None:
    assert all(not overlap(one[1], two[1]) for one, two in combinations(found, 2) if one != two)
    assert all(box[0] >= -0.01 and box[2] <= MAX_WIDTH + 0.01 for _, box in found)


GRAPH_STYLES = ("value", "parameter", "input", "target")


def units(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"${letter}_{{{number}}}$" for number in range(1, count + 1))


def layers(*sizes: int) -> list[Column]:
    return [
        Column(f"$a^{{{i}}}$", units("a", size), size, "dense", (i - 1,) if i else (), edge=f"$W^{{{i}}}$" if i else "")
        for i, size in enumerate(sizes)
    ]


def chain_graph(depth: int) -> tuple[list[GraphNode], list[tuple[str, str]]]:
    nodes, edges, before = [GraphNode("x", "$x$", "input")], [], "x"
    for i in range(1, depth + 1):
        nodes += [GraphNode(f"{p}{i}", f"${p}^{{{i}}}$", "parameter", rf"$\bar {p}^{{{i}}}$") for p in "Wb"]
        nodes.append(GraphNode(f"z{i}", f"$z^{{{i}}}$", "value", rf"$\delta^{{{i}}}$"))
        edges += [(f"W{i}", f"z{i}"), (before, f"z{i}"), (f"b{i}", f"z{i}")]
        before = f"z{i}"
    nodes += [GraphNode("y", "$y$", "target"), GraphNode("C", "$C$", "cost")]
    return nodes, [*edges, (before, "C"), ("y", "C")]


ATTENTION = (
    [GraphNode(key, f"${key}$", "input" if key == "X" else "value", rf"$\bar {key}$") for key in "XQKVSPO"]
    + [GraphNode(f"W{key}", f"$W_{key}$", "parameter", rf"$\bar W_{key}$") for key in "QKV"]
    + [GraphNode("C", "$C$", "cost")],
    [("X", key) for key in "QKV"]
    + [(f"W{key}", key) for key in "QKV"]
    + [("Q", "S"), ("K", "S"), ("S", "P"), ("P", "O"), ("V", "O"), ("O", "C")],
)


# --- network ---


def test_every_neuron_and_every_weight_is_drawn() -> None:
    picture = network(layers(3, 4, 2))
    drawn = boxes(picture, "unit")
    assert [label for label, _ in drawn] == [*units("a", 3), *units("a", 4), *units("a", 2)]
    check_apart(drawn)
    assert sum(len(lines.split("(")) - 1 for lines in re.findall(r"dspath\{weave\}\{(.*)\}", picture)) == 2 * (3 * 4 + 4 * 2)
    assert "$W^{2}$" in picture and "dense" in picture


def test_a_wide_layer_is_abbreviated_with_its_last_neuron() -> None:
    picture = network([Column("$x$", units("x", 784), 784), Column("", units("a", 30), 30, reads=(0,))])
    assert [label for label, _ in boxes(picture, "unit")] == [
        "$x_{1}$",
        "$x_{2}$",
        "$x_{3}$",
        "$x_{784}$",
        *units("a", 3),
        "$a_{30}$",
    ]
    assert picture.count(r"\vdots") == 2


def test_a_deep_network_says_how_many_layers_are_left_out() -> None:
    picture = network(layers(*[2] * 101), more="({} weitere)")
    assert "(97 weitere)" in picture and picture.count(r"\cdots") == 1
    assert "$a^{1}$" in picture and "$a^{99}$" in picture and "$a^{50}$" not in picture


def test_single_neurons_carry_weight_and_bias() -> None:
    picture = network([Column("", ("$a$",), 1), Column("", ("$z$",), 1, reads=(0,), edge="$w$", bias="$b$")], target=None)
    (_, left), (_, right) = boxes(picture, "unit")
    w = next(node for node in TEXT.finditer(picture) if node["text"] == "$w$")
    assert left[2] < float(w["x"]) < right[0] and float(w["y"]) > 0
    b = next(node for node in TEXT.finditer(picture) if node["text"] == "$b$")
    assert float(b["x"]) == pytest.approx((right[0] + right[2]) / 2) and float(b["y"]) < right[1]
    assert "{target}" not in picture


def test_a_skip_goes_over_the_top_and_one_to_one_is_one_to_one() -> None:
    columns = layers(3, 3, 3)
    columns.append(Column("$s$", units("s", 3), 3, "add", (0, 2), "one-to-one"))
    picture = network(columns, cost=None)
    arcs = re.findall(r"\(([-\d.]+),([-\d.]+)\) \.\. controls", picture)
    assert len(arcs) == 1
    assert float(arcs[0][1]) > max(box[3] for _, box in boxes(picture, "unit"))
    assert len(re.findall(r"dspath\{edge\}\{(.*--.*)\}", picture)[0].split("--")) == 1 + 3


def test_columns_that_are_not_read_are_not_joined() -> None:
    assert network([Column("", ("$u$",), 1), Column("", ("$v$",), 1)], cost=None).count("--") == 0


@given(st.lists(st.tuples(st.integers(1, 40), st.text("abm_{1}^", max_size=6)), min_size=1, max_size=14))
@settings(max_examples=40, deadline=None)
def test_no_network_overlaps_or_is_too_wide(sizes: list[tuple[int, str]]) -> None:
    columns = [Column("$a$", (f"$a_{i}$",) * size, size, name, (i - 1,) if i else ()) for i, (size, name) in enumerate(sizes)]
    check_apart(boxes(network(columns), "unit"))


# --- computation graph ---


def test_cotangents_flow_back_along_every_edge_that_has_one() -> None:
    nodes, edges = chain_graph(2)
    picture = computation_graph(nodes, edges)
    assert [label for label, _ in boxes(picture, *GRAPH_STYLES)].count("$W^{1}$") == 1
    labelled = {node.key for node in nodes if node.backward}
    assert picture.count("{back}") == sum(start in labelled for start, _ in edges)
    assert picture.count("{edge}") == len(edges)
    assert picture.count("{cotangent}") == len(labelled)
    check_apart(boxes(picture, *GRAPH_STYLES))


def test_attention_is_drawn_with_the_one_crossing_it_needs() -> None:
    nodes, edges = ATTENTION
    picture = computation_graph(nodes, edges)
    drawn = boxes(picture, *GRAPH_STYLES)
    assert {label for label, _ in drawn} == {node.label for node in nodes if node.kind != "cost"}
    check_apart(drawn)
    where = {label: (box[1] + box[3]) / 2 for label, box in drawn}
    assert where["$X$"] == where["$Q$"] == where["$S$"] == where["$O$"], "the spine is level"
    assert where["$K$"] != where["$V$"]


def test_a_shared_parameter_is_drawn_once_and_branches() -> None:
    nodes = [GraphNode("W", "$W$", "parameter", r"$\bar W$"), GraphNode("x", "$x$", "input")]
    nodes += [GraphNode(f"z{i}", f"$z_{i}$", "value", rf"$\delta_{i}$") for i in (1, 2, 3)]
    edges = [("x", "z1"), ("z1", "z2"), ("z2", "z3"), ("W", "z1"), ("W", "z2"), ("W", "z3")]
    picture = computation_graph(nodes, edges)
    assert [label for label, _ in boxes(picture, *GRAPH_STYLES)].count("$W$") == 1
    assert picture.count("{edge}") == len(edges), "one arrow tip into each consumer"


def test_a_long_graph_goes_on_in_rows_and_repeats_what_they_share() -> None:
    nodes, edges = chain_graph(12)
    picture = computation_graph(nodes, edges)
    drawn = boxes(picture, *GRAPH_STYLES)
    check_apart(drawn)
    assert {label for label, _ in drawn} == {node.label for node in nodes if node.kind != "cost"}
    assert "{again value}" in picture
    assert len({round((box[1] + box[3]) / 2, 3) for label, box in drawn if "z" in label}) > 1


def test_a_very_long_graph_is_abbreviated() -> None:
    picture = computation_graph(*chain_graph(100))
    assert r"\vdots" in picture and "$z^{1}$" in picture and "$z^{100}$" in picture and "$z^{50}$" not in picture
    check_apart(boxes(picture, *GRAPH_STYLES))


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="cycle"):
        computation_graph([GraphNode("a", "", "value"), GraphNode("b", "", "value")], [("a", "b"), ("b", "a")])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[GraphNode], list[tuple[str, str]]]:
    count = draw(st.integers(1, 14))
    edges = [
        (f"n{source}", f"n{node}")
        for node in range(1, count)
        for source in draw(st.sets(st.integers(max(0, node - 6), node - 1), max_size=3))
    ]
    fed = {end for _, end in edges}
    nodes = [
        GraphNode(f"n{i}", f"$n_{{{i}}}$", "value" if f"n{i}" in fed else "parameter", draw(st.sampled_from(["", r"$\delta$"])))
        for i in range(count)
    ]
    return nodes, edges


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_no_graph_overlaps_or_loses_a_node(graph: tuple[list[GraphNode], list[tuple[str, str]]]) -> None:
    nodes, edges = graph
    drawn = boxes(computation_graph(nodes, edges), *GRAPH_STYLES)
    check_apart(drawn)
    assert {label for label, _ in drawn} == {node.label for node in nodes}


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_lanes_keep_clear_of_nodes(graph: tuple[list[GraphNode], list[tuple[str, str]]]) -> None:
    nodes, edges = graph
    keys = [node.key for node in nodes]
    ranks = longest_path_ranks(keys, edges)
    spine = longest_path(ranks, edges, max(keys, key=ranks.__getitem__))
    layout = lay_out(keys, edges, ranks, spine, dict.fromkeys(keys, (0.4, 0.6)))
    for column in layout.columns:
        for upper, lower in pairwise(column):
            room = sum(0.08 if ranks[item[0]] != item[1] else size for item, size in ((upper, 0.6), (lower, 0.4)))
            assert layout.heights[upper] - layout.heights[lower] >= room + 0.2
    assert {(start[0], end[0]) for start, end in layout.segments if ranks[end[0]] == end[1]} == set(edges)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8), st.data())
def test_spread_keeps_the_gaps_and_moves_only_what_it_must(wishes: list[float], data: st.DataObject) -> None:
    gaps = [data.draw(st.floats(0, 2)) for _ in wishes[1:]]
    placed = spread(wishes, gaps)
    assert all(two - one >= gap - 1e-9 for (one, two), gap in zip(pairwise(placed), gaps, strict=True))
    assert sum(placed) == pytest.approx(sum(wishes), abs=1e-6)
    assert spread(placed, gaps) == pytest.approx(placed)


# --- plot and table ---


def parabola(b: float) -> Curve:
    points = tuple((x / 10, (2 * x / 10 + b - 1) ** 2) for x in range(-10, 21))
    return Curve(points, f"$b={b}$", "solid" if b else "dashed", (1.0, (1 + b) ** 2, 4 * (1 + b)))


def test_a_plot_has_axes_labels_mark_and_slopes() -> None:
    picture = plot([parabola(0.0), parabola(0.5)], "$w$", "$C$", [Mark(1.0, "$w=1$")])
    for part in ("$w$", "$C$", "$b=0.0$", "$b=0.5$", "slope $4$", "slope $6$", "$w=1$", "{solid}", "{dashed}", "$-1.0$"):
        assert part in picture
    numbers = [float(y) for y in re.findall(r"tangent\}[^\n]*?,([-\d.]+)\)", picture)]
    assert len(numbers) == 2 and all(0 <= y <= HEIGHT for y in numbers)


def test_labels_at_the_ends_and_the_slopes_do_not_collide() -> None:
    picture = plot([parabola(0.0), parabola(0.01)], "$w$", "$C$")
    ends = [float(node["y"]) for node in TEXT.finditer(picture) if node["text"].startswith("$b")]
    assert abs(ends[0] - ends[1]) >= 0.4
    slopes = [(float(node["x"]), float(node["y"])) for node in TEXT.finditer(picture) if node["text"].startswith("slope")]
    assert math.dist(*slopes) > 0.35


@given(st.floats(-1e9, 1e9), st.floats(0, 1e6))
def test_ticks_are_few_even_and_cover(low: float, size: float) -> None:
    marks = ticks(low, low + size)
    assert marks[0] <= low + 1e-6 * max(abs(low), size, 1) and marks[-1] >= low + size - 1e-6 * max(abs(low), size, 1)
    assert 2 <= len(marks) <= 7
    steps = [two - one for one, two in pairwise(marks)]
    assert min(steps) > 0 and max(steps) == pytest.approx(min(steps), rel=1e-3)


def test_a_plot_survives_flat_and_broken_curves() -> None:
    picture = plot(
        [Curve(((0.0, 2.0), (1.0, 2.0)), "flat"), Curve(((0.0, math.inf), (1.0, math.nan)), "gone"), Curve((), "none")], "x", "y"
    )
    assert "flat" in picture and "inf" not in picture and "nan" not in picture


def test_a_table_is_booktabs_and_its_cells_stay_as_they_are() -> None:
    text = table(["name", "shape"], [["$W$", r"$3\times4$"], ["[x]", "* y"]], "lr")
    assert r"\begin{tabular}{@{}lr@{}}" in text
    assert text.index(r"\toprule") < text.index(r"name&shape\\") < text.index(r"\midrule") < text.index(r"$W$&$3\times4$\\")
    assert "{}[x]&{}* y" in text, "the row before must not take a bracket or star for an argument"
    with pytest.raises(Exception, match="cells"):
        table(["a", "b"], [["only one"]])


def test_width_of_labels() -> None:
    assert text_width("") == 0 == text_width("$$")
    assert text_width("$a_{j}^{L}$") < text_width("$a_{jjjj}^{L}$")
    assert text_width(r"$\delta$") == text_width(r"$\bar{\delta}$")
    for broken in ("$a^", "_", "{", "}}", "\\"):
        assert text_width(broken) >= 0


# --- TeX ---


needs_tex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")


def set_in_tex(folder: Path, body: str, preamble: str = "") -> str:
    """Set a body with our style; what TeX says."""
    for name, text in api.style().items():
        (folder / name).write_text(str(text), encoding="utf-8")
    start = r"\documentclass[a4paper,11pt]{article}\usepackage[T1]{fontenc}\usepackage{lmodern,derive-sheets}"
    (folder / "all.tex").write_text(rf"{start}{preamble}\begin{{document}}{body}\end{{document}}", encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
    assert run.returncode == 0, run.stdout[-800:]
    return run.stdout


@needs_tex
def test_tex_sets_every_picture_within_the_page(tmp_path: Path) -> None:
    wide = [
        Column("$a^{(1)}$", units("a", 4), 4, "fully connected, cross-entropy", (i - 1,) if i else (), edge="$W^{(1)}$")
        for i in range(6)
    ]
    pictures = [
        network(layers(3, 4, 2)),
        network(layers(784, 30, 10)),
        network(layers(*[4] * 100)),
        network(wide),
        computation_graph(*chain_graph(3)),
        computation_graph(*chain_graph(MOST_COLUMNS)),
        computation_graph(*chain_graph(100)),
        computation_graph(*ATTENTION),
        plot([parabola(0.0), parabola(0.5)], "$w$", "$C$", [Mark(1.0, "$w=1$")]),
        table(["name", "shape"], [["$W$", r"$3\times4$"], ["[x]", "* y"]]),
    ]
    measured = "\n".join(rf"\setbox0=\hbox{{{picture}}}\typeout{{WIDTH \the\wd0}}\box0\par" for picture in pictures)
    said = set_in_tex(tmp_path, measured)
    widths = [float(width) / 28.45 for width in re.findall(r"WIDTH ([\d.]+)pt", said)]
    assert len(widths) == len(pictures) and max(widths) <= MAX_WIDTH + 0.05, widths


TIKZ = {
    r"\dspath{lane}{(0,0) -- (1,2) -- (3,1)}": r"\draw (0,0) -- (1,2) -- (3,1);",
    r"\dspath{edge}{(0,0) .. controls +(1,0) and +(-1,.5) .. (3,1)}": r"\draw (0,0) .. controls +(1,0) and +(-1,.5) .. (3,1);",
    r"\dspath{solid tangent}{(0,0) -- (0,-1)}": r"\draw[line width=.8pt,<->] (0,0) -- (0,-1);",
    r"\dsnode{unit}(1,1)(.62,.62){$x$}": r"\node[circle,draw,minimum size=.62cm] at (1,1) {$x$};",
    r"\dsnode{parameter}(1,1)(.1,.1){$W_q$}": r"\node[draw] at (1,1) {$W_q$};",
    r"\dsnode{input}(1,1)(2,.62){}": r"\node[draw,line width=.8pt,minimum width=2cm,minimum height=.62cm] at (1,1) {};",
    r"\dsnode{solid dot}(1,1)(.17,.17){}": r"\node[circle,fill,minimum size=1.7mm] at (1,1) {};",
    r"\dstext{tick}{north}(1,1){$-0.5$}": r"\node[font=\footnotesize,anchor=north] at (1,1) {$-0.5$};",
    r"\dsnote{2.4}(0,0){fully connected, cross-entropy}": r"\node[font=\footnotesize,align=center,anchor=north,text width=2.4cm,"
    r"execute at begin node={\hyphenpenalty=10000\relax}] at (0,0) {fully connected, cross-entropy};",
}
for edge in ("north", "south", "east", "west", "south east", "center"):
    TIKZ[rf"\dstext{{small}}{{{edge}}}(1,1){{$g^2$}}"] = rf"\node[anchor={edge}] at (1,1) {{$g^2$}};"
"""Ours, and the same in TikZ's own commands."""


@needs_tex
def test_pictures_are_as_large_as_tikz_makes_them_plain_and_enlarged(tmp_path: Path) -> None:
    same = r"[line width=.5pt,every node/.style={font=\small,inner sep=0pt}"
    pairs = [
        rf"\setbox0\hbox{{\begin{{tikzpicture}}{options}\path (-1,-1);{drawn}\end{{tikzpicture}}}}"
        r"\typeout{SIZE \the\wd0, \the\ht0, \the\dp0}"
        for scale in ("", ",scale=1.5,transform shape")
        for ours, tikz in TIKZ.items()
        for options, drawn in ((f"[ds picture{scale}]", ours), (f"{same}{scale}]", tikz))
    ]
    said = set_in_tex(tmp_path, "\n".join(pairs))
    sizes = [tuple(map(float, re.findall(r"[\d.]+(?=pt)", line))) for line in re.findall(r"SIZE (.*)", said)]
    assert len(sizes) == 4 * len(TIKZ)
    for (ours, tikz), drawn in zip(zip(sizes[::2], sizes[1::2], strict=True), [*TIKZ, *TIKZ], strict=True):
        assert ours == pytest.approx(tikz, abs=0.005), drawn


@needs_tex
@pytest.mark.parametrize("x, y", [(1, 0), (-2, 0), (0, 3), (0, -1), (1, 1), (3, -0.01), (-0.4, 0.7), (0.3, 14), (-15, -2)])
def test_a_tip_lies_at_the_end_and_points_along_the_line(x: float, y: float, tmp_path: Path) -> None:
    lines = rf"\dspath{{edge}}{{(0,0) -- ({x},{y}) (2,1) .. controls +(1,0) and +({-x / 2},{-y / 2}) .. ({x},{y})}}"
    set_in_tex(tmp_path, rf"\begin{{tikzpicture}}[ds picture]{lines}\end{{tikzpicture}}", r"\pdfcompresslevel=0")
    tips = re.findall(r"([-\d. \n]+ m \n?(?:[-\d. ]+ l \n?){3})h \n?f", (tmp_path / "all.pdf").read_bytes().decode("latin-1"))
    assert len(tips) == 2
    length, unit = math.hypot(x, y), 72 / 2.54
    for found in tips:
        (px, py), (ax, ay), (ix, iy), (bx, by) = [tuple(map(float, p)) for p in re.findall(r"([-\d.]+) ([-\d.]+) [ml]", found)]
        assert (px, py) == pytest.approx((x * unit, y * unit), abs=0.01)
        across = -(ax - px) * y / length + (ay - py) * x / length
        assert across == pytest.approx(0.675 * unit / 10, abs=0.005), "half as wide"
        for qx, qy in (((ax + bx) / 2, (ay + by) / 2), (ix, iy)):  # the middle of its back, and of its notch
            assert abs((qx - px) * y / length - (qy - py) * x / length) < 0.005
            assert (px - qx) * x + (py - qy) * y > 0


@needs_tex
def test_an_unknown_style_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no style `pen/wiggly'"):
        set_in_tex(tmp_path, r"\begin{tikzpicture}[ds picture]\dspath{wiggly}{(0,0) -- (1,1)}\end{tikzpicture}")
