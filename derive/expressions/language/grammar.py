"""From text to a checked tree: what may be written at all.

Python's own parser reads the text, because its precedence is the one that everybody knows; then every node of the tree has to be
on the whitelist here. Nothing is ever evaluated: the forms (`indexed`, `arrays`) walk the tree and build expressions from it.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import sympy
from sympy import Rational

from ...errors import EquationError

MAX_TEXT = 2_000
MAX_DEPTH = 60
MAX_DIGITS = 12
MAX_SIGNIFICANT = 30
"""Digits of a decimal number, and the largest power of ten it may reach either way."""

ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-*/@()[],.=<> ")

INSTEAD = {
    "^": "for a power write **",
    "'": "for the transpose write .T",
    "ᵀ": "for the transpose write .T",
    "⊤": "for the transpose write .T",
    "·": "for a product write *",
    "⋅": "for a product write *",
    "×": "for a product write *",
    "⊙": "for an elementwise product write *",
    "÷": "for a quotient write /",
    "−": "for minus write -",
    "–": "for minus write -",
    "²": "for a square write **2",
    "√": "for a square root write sqrt(…)",
    "∑": "for a sum write sum(…, k)",
    "∞": "there are only finite numbers",
    "{": "brackets are ( ) around terms and [ ] around indices",
    "}": "brackets are ( ) around terms and [ ] around indices",
    ";": "write one equation at a time",
    ":": "an index is a letter: x[i]",
    "#": "a comment goes outside of the equation",
    "!": "name the function, or write the product out",
}

INSTEAD_OF_WORD = {
    "lambda": "as a name, write `lam` or `λ`",
    "if": "for a case distinction write where(u > v, a, b)",
    "else": "for a case distinction write where(u > v, a, b)",
    "for": "for a sum write sum(…, k)",
    "in": "for a sum write sum(…, k)",
}


@dataclass(frozen=True)
class Source:
    """An equation's text, and where in it a node of its tree stands."""

    text: str
    indent: int
    """Spaces before the part that the tree was read from."""

    def column(self, node: ast.expr) -> int:
        """The column of a node, counted from 1. (The tree counts bytes; Greek letters have two.)"""
        return self._offset(node.col_offset) + 1

    def of(self, node: ast.expr) -> str:
        """The text of a node, as the author wrote it."""
        assert node.end_col_offset is not None
        return self.text[self._offset(node.col_offset) : self._offset(node.end_col_offset)]

    def _offset(self, byte: int) -> int:
        return self.indent + len(self.text[self.indent :].encode()[:byte].decode())

    def error(self, message: str, at: ast.expr | int | None = None, hint: str = "") -> EquationError:
        column = self.column(at) if isinstance(at, ast.expr) else at
        return EquationError(message, text=self.text, column=column, hint=hint)

    def number(self, node: ast.Constant) -> Rational:
        """The exact value of a number as it is written: 0.01 is 1/100."""
        text = self.of(node)
        if re.fullmatch(r"\d+", text):
            if len(text) > MAX_DIGITS:
                raise self.error(f"the number {text[:20]}{'…' if len(text) > 20 else ''} has more than {MAX_DIGITS} digits", node)
            return Rational(int(text))
        if not re.fullmatch(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
            raise self.error(f"`{text}` is not a number of the equation language", node, "write numbers like 12, 0.01 or 1e-5")
        mantissa, _, exponent = text.lower().partition("e")
        if len(mantissa) > MAX_SIGNIFICANT or len(exponent) > 4 or abs(int(exponent or 0)) > MAX_SIGNIFICANT:
            raise self.error(
                f"the number {text[:20]} is beyond what an equation needs", node, "write numbers like 12, 0.01 or 1e-5"
            )
        exact = Fraction(text)
        return Rational(exact.numerator, exact.denominator)


def read_equation(text: str) -> tuple[Source, ast.expr, ast.expr]:
    """The two sides of `left = right`, each checked against the whitelist."""
    source, statement = _parse(text)
    match statement:
        case ast.Assign(targets=[left], value=right):
            pass
        case ast.Assign(targets=[_, second, *_]):
            raise source.error("an equation has one `=`, but here are several", second, "write one equation at a time")
        case ast.Expr(value=ast.Compare(ops=[ast.Eq(), *_])):
            raise source.error("an equation is written with a single `=`, not `==`", text.find("==") + 1)
        case ast.Expr():
            raise source.error("here is no `=`: an equation is a name, `=`, and what it is", 1, "for example z = w*a + b")
        case _:
            raise source.error("this is not an equation", 1, "an equation is a name, `=`, and what it is: z = w*a + b")
    if not isinstance(left, ast.Name) and not (isinstance(left, ast.Subscript) and isinstance(left.value, ast.Name)):
        raise source.error(f"on the left of `=` stands a name, not `{source.of(left)}`", left, "for example z = …, or z[j] = …")
    _check(source, left)
    _check(source, right)
    return source, left, right


def read_expression(text: str) -> tuple[Source, ast.expr]:
    """A right-hand side alone, checked against the whitelist."""
    source, statement = _parse(text)
    if not isinstance(statement, ast.Expr):
        raise source.error("here only an expression can stand, without `=`", 1)
    _check(source, statement.value)
    return source, statement.value


def chain(node: ast.expr, *operators: type[ast.operator]) -> list[tuple[ast.operator | None, ast.expr]]:
    """a - b + c as (None, a), (-, b), (+, c): a long sum or product is one level, not one for each sign."""
    links: list[tuple[ast.operator | None, ast.expr]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, operators):
        links.append((node.op, node.right))
        node = node.left
    return [(None, node), *reversed(links)]


def operands(node: ast.expr) -> list[ast.expr]:
    """The expressions directly inside a node, from left to right; those of a long sum or product together."""
    for operators in ((ast.Add, ast.Sub), (ast.Mult, ast.Div)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, operators):
            return [operand for _, operand in chain(node, *operators)]
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


# --- the characters -----------------------------------------------------------------------------------------------------------


def _parse(text: str) -> tuple[Source, ast.stmt]:
    if len(text) > MAX_TEXT:
        raise EquationError(f"the equation has {len(text)} characters; at most {MAX_TEXT} can be read", text=text[:MAX_TEXT])
    # A line break inside an equation is a space: YAML folds long lines. One character for another, so columns stay.
    line = re.sub(r"[\t\r\n]", " ", unicodedata.normalize("NFC", text)).rstrip()
    source = Source(line, len(line) - len(line.lstrip(" ")))
    if not line:
        raise source.error("the equation is empty", hint="an equation is a name, `=`, and what it is: z = w*a + b")
    for word in re.finditer(r"[^\W\d]\w*", line):
        if keyword.iskeyword(word[0]):
            hint = INSTEAD_OF_WORD.get(word[0], f"as a name, write `{word[0]}_`")
            raise source.error(
                f"`{word[0]}` is not part of the equation language: Python reserves this word", word.start() + 1, hint
            )
    for place, character in enumerate(line, 1):
        if character not in ALLOWED and not _is_greek(character):
            raise source.error(f"{_shown(character)} is not part of the equation language", place, _instead(character))
    _check_brackets(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(line[source.indent :]).body
    except SyntaxError as error:
        raise _unreadable(source, error) from None
    except (RecursionError, MemoryError):
        raise _too_deep(source) from None
    except ValueError:
        raise source.error("the equation cannot be read", 1) from None
    if len(body) != 1:
        raise source.error("this is not one equation", 1, "write one equation at a time")
    return source, body[0]


def _is_greek(character: str) -> bool:
    # Only letters that Python's parser leaves as they are: it would read ϵ as ε, and the name would be another.
    return (
        character.isalpha()
        and unicodedata.name(character, "").startswith("GREEK ")
        and unicodedata.normalize("NFKC", character) == character
    )


def _shown(character: str) -> str:
    code = f"U+{ord(character):04X}"
    if not character.isprintable():
        return code
    return f"`{character}`" if character.isascii() else f"`{character}` ({code})"


def _instead(character: str) -> str:
    if character in INSTEAD:
        return INSTEAD[character]
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and all(c in ALLOWED or _is_greek(c) for c in plain):
        return f"write `{plain}` (U+{ord(plain):04X})" if len(plain) == 1 else f"write `{plain}`"
    return "names are made of Latin and Greek letters, digits and underscores" if character.isalnum() else ""


def _check_brackets(source: Source) -> None:
    partner = {")": "(", "]": "["}
    opened: list[tuple[str, int]] = []
    for place, character in enumerate(source.text, 1):
        if character in "([":
            opened.append((character, place))
            if len(opened) > MAX_DEPTH:
                raise _too_deep(source, place)
        elif character in partner:
            if not opened:
                raise source.error(f"`{character}` closes a bracket that was never opened", place)
            bracket, start = opened.pop()
            if bracket != partner[character]:
                raise source.error(f"`{bracket}` in column {start} is closed by `{character}`", place)
    if opened:
        raise source.error(f"`{opened[-1][0]}` is never closed", opened[-1][1])


def _unreadable(source: Source, error: SyntaxError) -> EquationError:
    if "too many" in str(error.msg) or "nested" in str(error.msg):
        return _too_deep(source)
    place = min(source.indent + max(error.offset or 1, 1), len(source.text))
    for implied in re.finditer(r"(?<![\w.])(\d+)([^\W\d]\w*)", source.text):
        if not re.fullmatch(r"[eE]\d+", implied[2]):
            hint = f"write the product as {implied[1]}*{implied[2]}"
            return source.error(f"`{implied[0]}` is neither a number nor a name", implied.start() + 1, hint)
    if re.search(r"=\s*$", source.text):
        return source.error("nothing stands on the right of `=`", len(source.text))
    if source.text.lstrip().startswith("="):
        return source.error("nothing stands on the left of `=`", source.indent + 1)
    if "cannot assign" in str(error.msg):
        return source.error("on the left of `=` stands a name, and nothing else", place, "for example z = …, or z[j] = …")
    if re.search(r"[-+*/@]\s*$", source.text):
        return source.error(f"nothing stands after the last `{source.text[-1]}`", len(source.text))
    return source.error(f"the equation cannot be read from here on: `{source.text[place - 1 :][:20]}`", place)


def _too_deep(source: Source, at: ast.expr | int | None = None) -> EquationError:
    return source.error(f"the equation is nested more than {MAX_DEPTH} deep", at, "give a part of it a name of its own")


# --- the tree -----------------------------------------------------------------------------------------------------------------

SIGNS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult)


def _check(source: Source, root: ast.expr) -> None:
    """Every node is on the whitelist, and none is nested too deeply."""
    open_nodes: list[tuple[ast.expr, int]] = [(root, 1)]
    while open_nodes:
        node, depth = open_nodes.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(source, node)
        match node:
            case ast.Constant():
                source.number(node)
            case ast.Name():
                if not any(c.isalpha() for c in node.id):
                    raise source.error(f"`{node.id}` is not a name: a name has a letter", node)
            case ast.BinOp(op=op) if not isinstance(op, SIGNS):
                hint = "for a fraction write /" if isinstance(op, ast.FloorDiv) else "the signs are + - * / ** @"
                raise _foreign(source, node, hint)
            case ast.UnaryOp() | ast.BinOp():
                pass  # with these characters, the unary signs are + and - alone
            case ast.Attribute(attr=attribute):
                if attribute != "T":
                    raise _foreign(source, node, "after a dot only T may stand, for the transpose: W.T")
            case ast.Call(func=ast.Name(), keywords=[]):
                pass
            case ast.Call(func=ast.Name(), keywords=[first, *_]):
                raise source.error(f"`{first.arg}=` is not part of the equation language: arguments have no names", first.value)
            case ast.Call(func=called):
                raise _foreign(source, node, f"if a product is meant, write {source.of(called)}*(…)")
            case ast.Subscript(value=ast.Name()):
                pass
            case ast.Subscript(value=ast.Subscript()):
                raise _foreign(source, node, "several indices stand in one bracket: W[j,k]")
            case ast.Subscript():
                raise _foreign(source, node, "only a name can have indices")
            case ast.Compare(ops=operators):
                if len(operators) > 1:
                    raise source.error(
                        f"`{source.of(node)}` compares more than two things", node, "a comparison is u > v or u < v"
                    )
                if not isinstance(operators[0], ast.Gt | ast.Lt):
                    raise _foreign(source, node, "a comparison is u > v or u < v")
            case ast.List() | ast.Tuple():
                raise _foreign(source, node, "an index needs its name before the bracket: x[i]; terms are joined by signs")
            case _:
                raise _foreign(source, node)
        open_nodes.extend((child, depth + 1) for child in _inside(node))


def _inside(node: ast.expr) -> Iterator[ast.expr]:
    for child in operands(node):
        if isinstance(node, ast.Subscript) and child is node.slice and isinstance(child, ast.Tuple):
            yield from child.elts
        elif not (isinstance(node, ast.Call) and child is node.func):
            yield child


def _foreign(source: Source, node: ast.expr, hint: str = "") -> EquationError:
    return source.error(f"`{source.of(node)}` is not part of the equation language", node, hint)


def subscripts(node: ast.Subscript) -> list[ast.expr]:
    """The index expressions of W[j, k]."""
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def is_whole(number: sympy.Expr) -> bool:
    """Whether an exact number is a whole one."""
    return bool(number.is_Integer)
