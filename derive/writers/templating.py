"""The templates: where they are looked for, what they may do, and how one macro or word of them is replaced.

A teacher's own folder comes before ours, entry by entry: a file of theirs that holds one macro replaces that macro and no other.
Such a folder may come from someone else, so templates run in Jinja's sandbox, and see of what they are handed the data alone: no
method of an expression can be called, since some of SymPy's read text as Python.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.environment import TemplateModule
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace
from markupsafe import Markup
from pydantic import BaseModel

from ..errors import DeriveError, Place, SpecError
from ..resources import folder
from .bytecode import Compiled
from .latex.escape import escape, plainly

OURS = "derive"
"""Under this name a teacher's file finds ours: `((* extends 'derive/document.tex' *))`."""

MAX_REPEATED = 100_000
"""Characters, or entries of a list, that a template may make by multiplying."""


class Macros:
    """The macros of templates of one name, each looked up by itself: that of the first file that has it."""

    def __init__(self, modules: Sequence[TemplateModule]) -> None:
        self._modules = list(modules)

    def add(self, modules: Sequence[TemplateModule]) -> None:
        """Further files, which are asked last."""
        self._modules.extend(modules)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            for module in self._modules:
                found = getattr(module, name, None)
                if isinstance(found, Macro):
                    return found
        raise AttributeError(name)


PLAIN = (str, int, float, list, tuple, dict, Mapping, Macros, Namespace, LoopContext, TemplateModule, Macro)


TYPES = (dict, Markup, Namespace, Cycler, Joiner)

FOR_HTML = ("forceescape", "format", "replace", "striptags", "tojson", "urlize", "xmlattr")
"""Filters of Jinja's that would escape a text for HTML beside what is marked as TeX."""

MIXING = ("format", "format_map", "join", "replace")
"""Methods of marked text that would do so."""


class _ForTeX(CodeGenerator):
    """Jinja escapes for HTML what it knows when it compiles, and what is joined to marked text; here that is escaped for TeX."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> str:
        if isinstance(node, nodes.TemplateData):
            return super()._output_child_to_const(node, frame, finalize)
        raise nodes.Impossible  # so that it is printed as everything else is

    def visit_Concat(self, node: nodes.Concat, frame: Any) -> None:
        self.write("environment.joined((")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Data can be read, and only what is given for it can be called."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])
    code_generator_class = _ForTeX

    def joined(self, parts: Sequence[Any]) -> str:
        """Texts in a row, which are TeX where one of them is."""
        return Markup("").join(map(safe, parts)) if any(isinstance(p, Markup) for p in parts) else "".join(map(str, parts))

    def wrap_str_format(self, value: Any) -> Any:
        """Jinja makes `format` of a text safe; that of marked text is none that it should."""
        return None if isinstance(getattr(value, "__self__", None), Markup) else super().wrap_str_format(value)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if not super().is_safe_attribute(obj, attr, value):
            return False
        if isinstance(obj, PLAIN):
            return not (isinstance(obj, Markup) and attr in MIXING)
        if isinstance(obj, BaseModel):
            return attr in type(obj).model_fields
        if not dataclasses.is_dataclass(obj):
            return False
        known = {field.name for field in dataclasses.fields(obj)}
        return attr in known or isinstance(getattr(type(obj), attr, None), property)

    def is_safe_callable(self, obj: Any) -> bool:
        if not super().is_safe_callable(obj):
            return False
        if isinstance(obj, type):
            return obj in TYPES
        home = getattr(obj, "__module__", None) or ""
        owner = getattr(obj, "__self__", None)
        return home.startswith(("derive.", "jinja2.", "markupsafe")) or isinstance(obj, Macro) or isinstance(owner, PLAIN)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            return self.joined((left, right)) if isinstance(left, str) and isinstance(right, str) else left + right
        if operator == "%" and isinstance(left, int | float):
            return left % right
        if operator == "*":
            for one, other in ((left, right), (right, left)):
                if isinstance(one, str | list | tuple) and isinstance(other, int) and len(one) * other > MAX_REPEATED:
                    raise OverflowError(f"a text or list repeated to more than {MAX_REPEATED:,} entries")
            return left * right
        raise TypeError(f"`{operator}` is not for templates")


@lru_cache(maxsize=8)
def environment(own: Path | None = None) -> jinja2.Environment:
    """The templates, those in the folder `own` before ours."""
    ours = folder()
    shipped = jinja2.FileSystemLoader([ours / "latex", ours])
    loaders: list[jinja2.BaseLoader] = [] if own is None else [jinja2.FileSystemLoader(own)]
    loaders += [shipped, jinja2.PrefixLoader({OURS: shipped})]
    made = _Sandbox(
        loader=jinja2.ChoiceLoader(loaders),
        block_start_string="((*",
        block_end_string="*))",
        variable_start_string="(((",
        variable_end_string=")))",
        comment_start_string="((=",
        comment_end_string="=))",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=safe,
        extensions=["jinja2.ext.do"],
        bytecode_cache=Compiled(ours),
    )
    for name in FOR_HTML:
        del made.filters[name]
    made.filters["e"] = made.filters["escape"] = safe
    made.filters["join"] = lambda texts, between="": made.joined([p for each in texts for p in (between, each)][1:])
    made.filters["plainly"] = lambda text: Markup(plainly(str(text)))
    return made


def safe(value: Any) -> Any:
    """What a template prints: TeX that is marked as such, or text, escaped."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


LONGEST = 100_000
"""Characters in a line that every TeX can read at once; what TeX Live allows is twice that, in bytes."""


def tidy(text: str) -> str:
    """What templates have printed, without empty lines in a row and spaces at ends, in lines that TeX can read."""
    lines = (line.rstrip() for line in text.splitlines())
    whole = "\n".join(line if len(line) <= LONGEST else _broken(line) for line in lines)
    return re.sub(r"\n\s*\n(?:\s*\n)*", "\n\n", whole).strip() + "\n"


def _broken(line: str) -> str:
    """A line of a text in several: at a space, or behind a brace, where TeX does not see it."""
    pieces = []
    while len(line) > LONGEST:
        space = line.rfind(" ", 1, LONGEST)
        at, end = (space, "") if space > 0 else (line.rfind("}", 1, LONGEST) + 1, "%")
        if at < 1:
            break
        pieces.append(line[:at] + end)
        line = line[at + (space > 0) :]
    return "\n".join([*pieces, line])


def chain(own: Path | None, name: str) -> list[jinja2.Template]:
    """The templates of that name, the teacher's first."""
    made = environment(own)
    names = ([name] if own is not None and (own / name).is_file() else []) + [f"{OURS}/{name}"]
    found = []
    for each in names:
        with explained(own):
            found.append(made.get_template(each))
    return found


def macros(own: Path | None, name: str, tools: Mapping[str, Any]) -> list[TemplateModule]:
    """The macros of a file of templates, with the tools that they use: the teacher's, then ours."""
    modules = []
    for template in chain(own, name):
        with explained(own):
            modules.append(template.make_module(dict(tools)))
    return modules


@contextmanager
def explained(own: Path | None) -> Iterator[None]:
    """Errors in a teacher's templates, with file and line; errors in ours are defects and pass."""
    try:
        yield
    except jinja2.TemplateSyntaxError as error:
        if own is None:
            raise
        raise SpecError(_sentence(error), place=Place(_name(error.filename or error.name or "", own), error.lineno)) from error
    except jinja2.TemplateNotFound as error:
        if own is None:
            raise
        hint = f"ours are below `{OURS}/`"
        raise SpecError(f"there is no template `{error.name}`", place=Place(str(own)), hint=hint) from error
    except Exception as error:
        if own is None or isinstance(error, DeriveError):
            raise
        raise SpecError(_sentence(error), place=_place(error, own) or Place(str(own))) from error


def _place(error: BaseException, own: Path) -> Place | None:
    """The innermost line of a template of the teacher's on the way to the error; the outermost where one calls itself for ever,
    since where that ends is a matter of chance."""
    found, step = None, error.__traceback__
    while step is not None:
        name = step.tb_frame.f_code.co_filename
        if name.endswith(".tex") and Path(name).resolve().is_relative_to(own.resolve()):
            template = step.tb_frame.f_globals.get("__jinja_template__")  # where Jinja has not put in the template's lines itself
            line = step.tb_lineno if template is None else template.get_corresponding_lineno(step.tb_lineno)
            found = Place(_name(name, own), line)
            if isinstance(error, RecursionError):
                return found
        step = step.tb_next
    return found


def _name(file: str, own: Path) -> str:
    return file if file.startswith(str(own)) else str(own / Path(file).name)


def _sentence(error: BaseException) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    kind = "" if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: "
    return f"the template cannot be used: {kind}{said}"
