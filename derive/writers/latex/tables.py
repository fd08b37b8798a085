"""Tables, set with booktabs through PyLaTeX. Cells are ready LaTeX: whoever calls has escaped the user's text."""

from __future__ import annotations

from collections.abc import Sequence

from pylatex import NoEscape, Tabular  # type: ignore[import-untyped, unused-ignore]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], align: str = "") -> str:
    """A `tabular` with a heading and rules; `align` is LaTeX's column specification, flush left where it is empty."""
    width = len(header) if header else len(rows[0])
    tabular = Tabular(align or "l" * width, booktabs=True, width=width)
    if header:
        tabular.add_row([_cell(cell) for cell in header])
        tabular.add_hline()
    for row in rows:
        tabular.add_row([_cell(cell) for cell in row])
    return str(tabular.dumps())


def _cell(latex: str) -> NoEscape:
    """`\\\\` of the row above would take a leading bracket or star for its own argument."""
    return NoEscape("{}" + latex if latex.lstrip()[:1] in ("[", "*") else latex)
