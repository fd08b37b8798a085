"""What a spec may say, and the one clear message for everything that it may not."""

from __future__ import annotations

import json
import math
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from effort import at_most
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from derive.errors import DeriveError, Place, SpecError
from derive.spec import Layer, LayerRecord, Loss, Part, Spec, check_names, load, loads, schema
from derive.spec.reading import read

OWN = "title: T\nequations: [z = w*a]\n"
NET = "title: T\nnetwork:\n  input: {x: 3}\n  layers:\n"

# --- what is refused: a name for the case, the spec, the whole message --------------------------------------------------------

WRITTEN = YAML(typ="safe", pure=True).load(Path(__file__).parent.parent / "bad" / "refused.yaml")
MADE = [
    (
        "an indented first line",
        "  title: T\nseed: 1\n",
        "f.yaml:2:1: this does not fit what stands above it\n"
        "  align it with the lines above; put text with special characters in quotes",
    ),
    ("an empty text", "", "f.yaml:1:1: the spec is empty\n  begin with `title:` and `network:` or `equations:`"),
    ("a word alone", "title", "f.yaml:1:1: a spec is a mapping (`key: value`), found `title`\n  begin with `title: …`"),
    (
        "a key twice, é composed and decomposed",
        OWN + "parameters: {\u00e9: 1, e\u0301: 2}\n",
        "f.yaml:3:20: the key `é` stands here twice\n  the first one is in line 3",
    ),
    (
        "NUL",
        "title: a\0b\n",
        "f.yaml:1:9: the character U+0000 cannot be printed\n  delete it; it may be invisible in the editor",
    ),
    (
        "an escape code for terminals",
        "title: T\nauthor: \x1b[31mred\n",
        "f.yaml:2:9: the character U+001B cannot be printed\n  delete it; it may be invisible in the editor",
    ),
    (
        "an invisible line break",
        "title: a\u2028b\n",
        "f.yaml:1:9: the character U+2028 cannot be printed\n  delete it; it may be invisible in the editor",
    ),
    (
        "a long title",
        f"title: {'a' * 201}\nequations: [z = w*a]\n",
        "f.yaml:1:8: `title` has 201 characters\n  at most 200 are allowed",
    ),
    (
        "a long equation",
        f"title: T\nequations:\n  - z = {'a' * 2000}\n",
        "f.yaml:3:5: item 1 of `equations` has 2,004 characters\n  at most 2,000 are allowed",
    ),
    (
        "a number of 5,000 digits",
        OWN + ("values: {w: " + "9" * 5000 + "}\n"),
        "f.yaml:3:13: the number `999999999999999999999999999999999999999…` has 5,000 digits\n  at most 60 are read",
    ),
    (
        "a seed of 99,000 digits",
        "title: T\nseed: " + "9" * 99_000 + "\n",
        "f.yaml:2:7: the number `999999999999999999999999999999999999999…` has 99,000 digits\n  at most 60 are read",
    ),
    (
        "deep brackets",
        "title: " + "[" * 60 + "]" * 60 + "\n",
        "f.yaml:1:57: the nesting is deeper than 50 levels\n  a spec needs about ten",
    ),
    ("deep dashes", "- " * 60 + "a\n", "f.yaml:1:101: the nesting is deeper than 50 levels\n  a spec needs about ten"),
    (
        "too many numbers",
        "title: T\nvalues: {W: [" + "1," * 20000 + "]}\n",
        "f.yaml:2:40012: the spec has more than 20,000 parts, aliases written out\n  make it smaller",
    ),
    ("a long line", "title: " + "!" * 200_000 + "\n", "f.yaml:1:1: the line is longer than 100,000 characters\n  break it up"),
    (
        "more than 1 MB",
        "title: T\n" + "#" * 1_000_000,
        "f.yaml: the text is longer than 1 MB\n  a spec is a few kilobytes of text",
    ),
]


REFUSED = [pytest.param(case["spec"], case["message"], id=case["case"]) for case in WRITTEN] + [
    pytest.param(text, message, id=name) for name, text, message in MADE
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(text: str, message: str) -> None:
    with at_most(400), pytest.raises(SpecError) as caught:
        loads(text, "f.yaml")
    assert str(caught.value) == message
    assert caught.value.exit_code == 2


def test_every_refused_case_is_run() -> None:
    assert len(WRITTEN) > 120


# --- files --------------------------------------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(SpecError) as caught:
        load(path)
    return str(caught.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + "title: Größe\r\nequations:\r\n  - z = w*a\r\n".encode())
    spec = load(str(path))
    assert spec.title == "Größe"
    assert spec.place("equations", 0) == Place(str(path), 3, 5)


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("title: T\nseed: four\nequations: [z = w*a]\n")
    assert refused(path) == f"{path}:2:7: expected a whole number for `seed`, found `four`"


def test_a_missing_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "mpl.yaml") == f"{tmp_path}/mpl.yaml: there is no such file"
    (tmp_path / "mlp.yaml").write_text(OWN)
    assert refused(tmp_path / "mpl.yaml") == f"{tmp_path}/mpl.yaml: there is no such file\n  did you mean `mlp.yaml`?"


def test_a_directory(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path}: this is a directory\n  give the path of a YAML file"


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == f"{tmp_path}/pipe: this is not a regular file\n  give the path of a YAML file"


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(OWN)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert refused(path) == f"{path}: the file cannot be read: Permission denied"


def test_a_path_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file" / "s.yaml") == f"{tmp_path}/file/s.yaml: the file cannot be read: Not a directory"
    assert refused(tmp_path / ("a" * 300)) == f"{tmp_path}/{'a' * 300}: the file cannot be read: File name too long"
    assert refused(Path("a\0b")) == "this is not the name of a file"


def test_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"#" * 1_000_001)
    assert refused(path) == f"{path}: the file is larger than 1 MB\n  a spec is a few kilobytes of text"
    path.write_bytes(b"#" * 1_000_000)
    assert len(read(path)) == 1_000_000


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes("title: T\nauthor: Noël\n".encode("latin-1"))
    assert refused(path) == f"{path}:2:11: the file is not UTF-8 text\n  save it with the encoding UTF-8"
    path.write_bytes("title: T\n".encode("utf-16"))
    assert refused(path) == f"{path}:1:1: the file is not UTF-8 text\n  save it with the encoding UTF-8"


# --- what is read -------------------------------------------------------------------------------------------------------------

FULL = """\
title: A  network
date: 2024-05-01
network:
  input: {x: 3}
  layers:
    - dense: {units: 4, activation: tanh, bias: false, name: first}
    - add:
        from: [first, x]
    - relu
    - dense: {units: 4, share: first, repeat: 2}
    - mine: {from: x}
  loss: {huber: {delta: 0.5}}
  target: t
equations:
  - "q = 2*C"
parameters: {y: scalar, no: 2, W: [4, 3]}
constants: {eps: 1e-5, n: 3, half: 1/2, m: [3], s: scalar}
view: [matrix, index]
average: true
explore: {parameter: W.1, given: b.1}
values: {w: 1/2, W.1: [[1, 0.5], [-1/3, 2]]}
learning_rate: 0.1
glyphs: {h_prev: "h_{t-1}", s: sigma^2, u: "u^{a/b}_k"}
define:
  mine: {title: My own, options: {units: , bias: true}, sizes: {j: units}, equations: ["a[j] = x[j]"], output: a}
"""


def test_a_full_spec() -> None:
    spec = loads(FULL)
    assert spec.title == "A network"
    assert spec.date == "2024-05-01"
    assert spec.network is not None
    assert spec.network.input == {"x": (3,)}
    assert spec.network.layers == (
        Layer(kind="dense", name="first", options={"units": 4, "activation": "tanh", "bias": False}),
        Layer(kind="add", reads=("first", "x")),
        Layer(kind="relu"),
        Layer(kind="dense", share="first", repeat=2, options={"units": 4}),
        Layer(kind="mine", reads=("x",)),
    )
    assert spec.network.loss == Loss(kind="huber", options={"delta": 0.5})
    assert spec.network.target == "t"
    assert spec.parameters == {"y": (), "no": (2,), "W": (4, 3)}
    assert spec.constants == {"eps": 1e-5, "n": 3, "half": Fraction(1, 2), "m": (3,), "s": ()}
    assert spec.views == ("matrix", "index")
    assert spec.average is True
    assert spec.values == {"w": Fraction(1, 2), "W.1": ((1, 0.5), (Fraction(-1, 3), 2))}
    assert spec.glyphs == {"h_prev": "h_{t-1}", "s": "sigma^{2}", "u": "u_{k}^{a/b}"}
    assert spec.define["mine"].options == {"units": None, "bias": True}


def test_the_defaults() -> None:
    spec = loads(OWN)
    assert (spec.labels, spec.convention, spec.examples_in, spec.paper) == ("absolute", "column", "rows", None)
    assert (spec.views, spec.seed, spec.average, spec.examples, spec.learning_rate) == ((), 1, False, None, None)
    assert loads(OWN + "view: batch\n").views == ("batch",)


@pytest.mark.parametrize("word", ["no", "off", "on", "y", "n", "NO", "Yes", "2024-05-01", "12:30", "1_000", "=", "0b1"])
def test_words_that_older_yaml_turned_into_something_else(word: str) -> None:
    assert loads(f"title: {word}\nequations: [z = w*a]\n").title == word
    assert loads(f"%YAML 1.1\n---\ntitle: {word}\nequations: [z = w*a]\n").title == word


@pytest.mark.parametrize(
    ("written", "value"),
    [("3", 3), ("-3", -3), ("0x1F", 31), ("0o17", 15), ("007", 7), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("+1.5E-2", 0.015)],
)
def test_numbers_of_the_core_schema(written: str, value: float) -> None:
    found: Any = loads(OWN + f"values: {{w: {written}}}\n").values["w"]
    assert found == value
    assert type(found) is type(value)


def test_names_are_composed() -> None:
    assert list(loads(OWN + "parameters: {e\u0301: 1, θ: 2}\n").parameters) == ["é", "θ"]


def test_an_alias_repeats_its_part() -> None:
    assert loads(OWN + "parameters: {w: &s [2, 2], v: *s}\n").parameters == {"w": (2, 2), "v": (2, 2)}


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        loads(OWN).title = "U"  # type: ignore[misc]


# --- places -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        (("title",), 1, "A  network"),
        (("network",), 4, "input:"),
        (("network", "layers", 0), 6, "dense: {units: 4, act"),
        (("network", "layers", 0, "kind"), 6, "dense: {units: 4"),
        (("network", "layers", 0, "name"), 6, "first}"),
        (("network", "layers", 0, "options", "activation"), 6, "tanh"),
        (("network", "layers", 1, "reads", 1), 8, "x]"),
        (("network", "layers", 2), 9, "relu"),
        (("network", "layers", 2, "kind"), 9, "relu"),
        (("network", "layers", 2, "options", "units"), 9, "relu"),
        (("network", "layers", 3, "repeat"), 10, "2}"),
        (("network", "layers", 4, "reads", 0), 11, "x}"),
        (("network", "loss"), 12, "{huber"),
        (("network", "loss", "kind"), 12, "huber"),
        (("network", "loss", "options", "delta"), 12, "0.5"),
        (("equations", 0), 15, "q = 2*C"),
        (("parameters", "W"), 16, "[4, 3]"),
        (("values", "W.1", 1, 0), 21, "-1/3"),
        (("glyphs", "h_prev"), 23, "h_{t-1}"),
        (("nowhere",), 1, "title"),
    ],
)
def test_place(path: tuple[str | int, ...], line: int, text: str) -> None:
    place = loads(FULL, "f.yaml").place(*path)
    assert (place.file, place.line) == ("f.yaml", line)
    assert place.column is not None
    assert FULL.split("\n")[line - 1][place.column - 1 :].startswith(text)


def test_place_of_a_key_and_inside_a_text() -> None:
    spec = loads(FULL, "f.yaml")
    assert str(spec.place("parameters", "W", key=True)) == "f.yaml:16:32"
    assert str(spec.place("equations", 0, offset=4)) == "f.yaml:15:10"


@pytest.mark.parametrize(
    ("equation", "line", "column"),
    [
        ("z = w", 3, 5),
        ("'z = w'", 3, 6),
        ("&z z = w", 3, 8),
        ("!!str 'z = w'", 3, 12),
        ("|\n    z = w\n", 4, 5),
        (">-\n    z = w\n", 4, 5),
    ],
)
def test_place_of_a_text_is_behind_its_marks(equation: str, line: int, column: int) -> None:
    spec = loads(f"title: T\nequations:\n  - {equation}\n")
    assert spec.equations == ("z = w",)
    assert spec.place("equations", 0) == Place("<text>", line, column)


def test_a_spec_made_in_python_has_no_places() -> None:
    assert Spec(title="T", equations=("z = w",)).place("title") == Place()


# --- names of the catalogue ---------------------------------------------------------------------------------------------------

KNOWN: dict[str, Any] = {"layers": ["dense", "add"], "activations": ["tanh"], "losses": ["huber"]}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("    - dens: {units: 4}\n", "f.yaml:5:7: unknown layer `dens`\n  did you mean `dense`?"),
        ("    - ad\n", "f.yaml:5:7: unknown layer `ad`\n  did you mean `add`?"),
        ("    - zzz\n", "f.yaml:5:7: unknown layer `zzz`\n  known here: add, dense"),
        ("    - dense: {activation: than}\n", "f.yaml:5:27: unknown activation `than`\n  did you mean `tanh`?"),
        ("    - dense: {gate_activation: 3}\n", "f.yaml:5:32: unknown activation `3`\n  known here: tanh"),
        ("    - add\n  loss: hubert\n", "f.yaml:6:9: unknown loss `hubert`\n  did you mean `huber`?"),
        ("    - add\n  loss: {hubert: {delta: 1}}\n", "f.yaml:6:10: unknown loss `hubert`\n  did you mean `huber`?"),
    ],
)
def test_unknown_names(layers: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_names(loads(NET + layers, "f.yaml"), **KNOWN)
    assert str(caught.value) == message


def test_known_names() -> None:
    check_names(loads(OWN), **KNOWN)
    check_names(loads(NET + "    - dense: {activation: tanh}\n    - add\n  loss: huber\n"), **KNOWN)
    check_names(loads(NET + "    - mine\ndefine:\n  mine: {title: M, equations: [a = x], output: a}\n"), **KNOWN)


# --- the JSON Schema ----------------------------------------------------------------------------------------------------------


def properties(node: Any) -> list[tuple[str, Any]]:
    """Every property that is described anywhere in a schema."""
    if isinstance(node, list):
        return [found for part in node for found in properties(part)]
    if not isinstance(node, dict):
        return []
    own = list(node["properties"].items()) if isinstance(node.get("properties"), dict) else []
    return own + [found for part in node.values() for found in properties(part)]


def test_every_field_is_described() -> None:
    found = properties(schema())
    assert {"title", "network", "input", "from", "repeat", "parameter", "output", "glyphs"} <= {name for name, _ in found}
    assert [name for name, what in found if not what.get("description", "").endswith((".", "`", "…"))] == []


def test_the_schema_speaks_yaml() -> None:
    whole = schema(["dense"], ["tanh"], ["huber"])
    assert whole["additionalProperties"] is False
    layer = whole["$defs"]["Layer"]["anyOf"][1]
    assert set(layer["additionalProperties"]["properties"]) == {"name", "from", "share", "repeat", "activation"}
    assert layer["propertyNames"] == {"anyOf": [{"enum": ["dense"]}, {"type": "string"}]}
    assert layer["additionalProperties"]["properties"]["from"]["anyOf"][1]["type"] == "array"
    assert "huber" in str(whole["$defs"]["Loss"])


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    whole = schema()

    def references(node: Any) -> list[str]:
        parts = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
        own = [node["$ref"]] if isinstance(node, dict) and "$ref" in node else []
        return own + [found for part in parts for found in references(part)]

    assert {r.removeprefix("#/$defs/") for r in references(whole)} <= set(whole["$defs"])


def test_the_examples_of_the_schema_are_specs() -> None:
    for example in schema()["examples"]:
        assert Spec.model_validate(example).title == example["title"]


@pytest.mark.parametrize("model", [Spec, LayerRecord])
def test_no_model_takes_unknown_keys(model: type[Part]) -> None:
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["frozen"] is True


# --- whatever comes -----------------------------------------------------------------------------------------------------------

PIECES = [
    *"\n \t:-[]{},&*!|>'\"%@`#?~<=", "  ", ": ", "- ", "\n  ", "\n    - ", "title: T", "equations: ", "network:", "layers:",
    "dense", "input", "values", "&a", "*a", "!!int", "!!str", "!<x>", "%YAML 1.2", "---", "...", "|", ">-", "1", "1e9", "0x",
    ".inf", "1/2", "\\x", "\\U0011FFFF", "\ufeff", "\x85", "\r\n", "é", "null", "true", "<<", "from", "repeat", "define:",
    "glyphs:", "view: ", "[[1, 2], [3]]",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        spec = loads(text)
    except DeriveError as error:
        assert error.place is not None
        assert str(error)
    else:
        assert spec.title


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(FULL)), st.integers(0, 12), st.lists(st.sampled_from(PIECES), max_size=4).map("".join))
def test_a_damaged_spec_is_read_or_refused(start: int, length: int, piece: str) -> None:
    try:
        loads(FULL[:start] + piece + FULL[start + length :])
    except DeriveError as error:
        assert error.place is not None
        assert error.place.line is not None


KEYS = st.sampled_from(["x", "1", "dense", "from", "title", "é"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["scalar", "1/0", "1/2", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(Spec.model_fields)), VALUES)
def test_any_value_of_any_field_is_read_or_refused(field: str, value: object) -> None:
    text = json.dumps({"title": "T", "equations": ["z = w"], field: value}).replace("NaN", ".nan").replace("Infinity", ".inf")
    try:
        spec = loads(text)
    except DeriveError as error:
        assert error.place is not None
        assert error.place.line == 1
    else:
        assert all(math.isfinite(v) for v in spec.values.values() if not isinstance(v, tuple))
