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

from derive.drawing import spread, text_width
from derive.figures import FIGURE_PREAMBLE, MAX_WIDTH, Column, GraphNode, computation_graph, network
from derive.graph import MOST_COLUMNS
from derive.layered import lay_out, longest_path, longest_path_ranks
from derive.plots import HEIGHT, Curve, Mark, plot, ticks
from derive.tables import table

Box = tuple[float, float, float, float]
NODE = re.compile(r"\\node\[(?P<options>[^]]*)\] at \((?P<x>[-\d.]+),(?P<y>[-\d.]+)\) \{(?P<text>.*?)\};")


def boxes(picture: str, *styles: str) -> list[tuple[str, Box]]:
    """The nodes of these styles: label, and left, bottom, right, top."""
    found = []
    for node in NODE.finditer(picture):
        options = node["options"].split(",")
        if options[0] in styles:
            sizes = {key: float(value[:-2]) for key, value in (o.split("=") for o in options if o.startswith("minimum"))}
            width, height = (sizes.get(key, sizes.get("minimum size", 0)) / 2 for key in ("minimum width", "minimum height"))
            x, y = float(node["x"]), float(node["y"])
            found.append((node["text"], (x - width, y - height, x + width, y + height)))
    return found


def overlap(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def check_apart(found: Sequence[tuple[str, Box]]) -> None:
    assert all(not overlap(one[1], two[1]) for one, two in combinations(found, 2) if one != two)
    assert all(box[0] >= -0.01 and box[2] <= MAX_WIDTH + 0.01 for _, box in found)


GRAPH_STYLES = ("ds value", "ds parameter", "ds input", "ds target")


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
    drawn = boxes(picture, "ds unit")
    assert [label for label, _ in drawn] == [*units("a", 3), *units("a", 4), *units("a", 2)]
    check_apart(drawn)
    assert picture.count("ds weave") == 3 * 4 + 4 * 2
    assert "$W^{2}$" in picture and "dense" in picture


def test_a_wide_layer_is_abbreviated_with_its_last_neuron() -> None:
    picture = network([Column("$x$", units("x", 784), 784), Column("", units("a", 30), 30, reads=(0,))])
    assert [label for label, _ in boxes(picture, "ds unit")] == [
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
    (_, left), (_, right) = boxes(picture, "ds unit")
    w = next(node for node in NODE.finditer(picture) if node["text"] == "$w$")
    assert left[2] < float(w["x"]) < right[0] and float(w["y"]) > 0
    b = next(node for node in NODE.finditer(picture) if node["text"] == "$b$")
    assert float(b["x"]) == pytest.approx((right[0] + right[2]) / 2) and float(b["y"]) < right[1]
    assert "ds target" not in picture


def test_a_skip_goes_over_the_top_and_one_to_one_is_one_to_one() -> None:
    columns = layers(3, 3, 3)
    columns.append(Column("$s$", units("s", 3), 3, "add", (0, 2), "one-to-one"))
    picture = network(columns, cost=None)
    arcs = re.findall(r"\(([-\d.]+),([-\d.]+)\) \.\. controls", picture)
    assert len(arcs) == 1
    assert float(arcs[0][1]) > max(box[3] for _, box in boxes(picture, "ds unit"))
    assert len(re.findall(r"\\path\[ds edge,draw\] \S+ -- ", picture)) == 3


def test_columns_that_are_not_read_are_not_joined() -> None:
    assert network([Column("", ("$u$",), 1), Column("", ("$v$",), 1)], cost=None).count("--") == 0


@given(st.lists(st.tuples(st.integers(1, 40), st.text("abm_{1}^", max_size=6)), min_size=1, max_size=14))
@settings(max_examples=40, deadline=None)
def test_no_network_overlaps_or_is_too_wide(sizes: list[tuple[int, str]]) -> None:
    columns = [Column("$a$", (f"$a_{i}$",) * size, size, name, (i - 1,) if i else ()) for i, (size, name) in enumerate(sizes)]
    check_apart(boxes(network(columns), "ds unit"))


# --- computation graph ---


def test_cotangents_flow_back_along_every_edge_that_has_one() -> None:
    nodes, edges = chain_graph(2)
    picture = computation_graph(nodes, edges)
    assert [label for label, _ in boxes(picture, *GRAPH_STYLES)].count("$W^{1}$") == 1
    labelled = {node.key for node in nodes if node.backward}
    assert picture.count("ds back,<-") == sum(start in labelled for start, _ in edges)
    assert picture.count("ds edge,->") == len(edges)
    assert picture.count("ds cotangent") == len(labelled)
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
    assert picture.count("ds edge,->") == len(edges), "one arrow tip into each consumer"


def test_a_long_graph_goes_on_in_rows_and_repeats_what_they_share() -> None:
    nodes, edges = chain_graph(12)
    picture = computation_graph(nodes, edges)
    drawn = boxes(picture, *GRAPH_STYLES)
    check_apart(drawn)
    assert {label for label, _ in drawn} == {node.label for node in nodes if node.kind != "cost"}
    assert "ds again" in picture
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
    for part in ("$w$", "$C$", "$b=0.0$", "$b=0.5$", "slope $4$", "slope $6$", "$w=1$", "ds solid", "ds dashed", "$-1.0$"):
        assert part in picture
    numbers = [float(y) for y in re.findall(r"ds tangent[^\n]*?,([-\d.]+)\)", picture)]
    assert len(numbers) == 2 and all(0 <= y <= HEIGHT for y in numbers)


def test_labels_at_the_ends_and_the_slopes_do_not_collide() -> None:
    picture = plot([parabola(0.0), parabola(0.01)], "$w$", "$C$")
    ends = [float(node["y"]) for node in NODE.finditer(picture) if node["text"].startswith("$b")]
    assert abs(ends[0] - ends[1]) >= 0.4
    slopes = [(float(node["x"]), float(node["y"])) for node in NODE.finditer(picture) if node["text"].startswith("slope")]
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


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
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
    preamble = (
        r"\documentclass[a4paper,11pt]{article}\usepackage[T1]{fontenc}\usepackage{lmodern,tikz,booktabs}" + FIGURE_PREAMBLE
    )
    measured = "\n".join(rf"\setbox0=\hbox{{{picture}}}\typeout{{WIDTH \the\wd0}}\box0\par" for picture in pictures)
    (tmp_path / "all.tex").write_text(preamble + r"\begin{document}" + measured + r"\end{document}", encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert run.returncode == 0, run.stdout[-800:]
    widths = [float(width) / 28.45 for width in re.findall(r"WIDTH ([\d.]+)pt", run.stdout)]
    assert len(widths) == len(pictures) and max(widths) <= MAX_WIDTH + 0.05, widths
