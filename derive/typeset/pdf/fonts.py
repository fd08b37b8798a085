"""The fonts of one document, taken from a PDF that holds many: each with just the characters that this document shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from .type1 import NotCut, Program, tag

_BFCHAR = re.compile(r"<([0-9A-F]{2})>\s*<([0-9A-F]+)>\s*\n")
_BFRANGE = re.compile(r"<([0-9A-F]{2})>\s*<([0-9A-F]{2})>\s*<([0-9A-F]+)>")
_OF_THE_FILE = ("/Type", "/Flags", "/FontBBox", "/ItalicAngle", "/StemV")
"""What a descriptor takes from the font's own file. Its heights pdfTeX takes from that size of it which it met first."""

_TOP, _BOTTOM = 700, -200
"""How far letters rise and fall, in thousandths of the font's size: viewers mark text with it, and draw no letter by it."""

_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CMapName /Derive def
/CMapType 2 def
/CIDSystemInfo << /Registry (Derive) /Ordering (Text) /Supplement 0 >> def
1 begincodespacerange
<00> <FF>
endcodespacerange
{}endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


@dataclass(frozen=True)
class _Font:
    """A font of the shared PDF."""

    glyphs: dict[int, str]
    widths: dict[int, Any]
    unicode: dict[int, str] | None
    name: str
    descriptor: tuple[int, int]
    reencoded: bool


@dataclass(frozen=True)
class _Descriptor:
    shared: Any
    program: Program
    glyphs: frozenset[str]


@dataclass
class FontSource:
    """The fonts of a shared PDF, each read once."""

    fonts: dict[tuple[int, int], _Font] = field(default_factory=dict)
    descriptors: dict[tuple[int, int], _Descriptor] = field(default_factory=dict)

    def font(self, shared: Any) -> _Font:
        key = shared.objgen
        if key not in self.fonts:
            self.fonts[key] = self._read(shared)
        return self.fonts[key]

    def _read(self, shared: Any) -> _Font:
        descriptor = shared.get("/FontDescriptor")
        if shared.get("/Subtype") != "/Type1" or descriptor is None or "/FontFile" not in descriptor:
            raise NotCut("the font is not of Type 1")
        place = descriptor.objgen
        if place not in self.descriptors:
            data, clear = descriptor.FontFile.read_bytes(), int(descriptor.FontFile.Length1)
            charset = frozenset(str(descriptor.CharSet).split("/")[1:])
            self.descriptors[place] = _Descriptor(descriptor, Program(data[:clear], data[clear:]), charset)
        encoding = shared.get("/Encoding")
        glyphs = self.descriptors[place].program.encoding if encoding is None else _differences(encoding)
        first = int(shared.FirstChar)
        widths = {first + i: width for i, width in enumerate(shared.Widths.as_list())}
        mapping = shared.get("/ToUnicode")
        unicode = None if mapping is None else _to_unicode(mapping.read_bytes().decode("latin-1"))
        name = str(shared.BaseFont)[1:]
        return _Font(glyphs, widths, unicode, re.sub(r"^[A-Z]{6}\+", "", name), place, encoding is not None)


def document_fonts(pdf: pikepdf.Pdf, source: FontSource, shown: list[tuple[Any, set[int]]]) -> list[Any]:
    """The fonts for one document in its `pdf`: of each shared font, in this order, the codes that are shown in it."""
    fonts = [source.font(shared) for shared, _ in shown]
    wanted: dict[tuple[int, int], set[str]] = {}
    for font, (_, codes) in zip(fonts, shown, strict=True):
        if not codes <= font.glyphs.keys() & font.widths.keys():
            raise NotCut("a character is shown that its font has not")
        wanted.setdefault(font.descriptor, set()).update(font.glyphs[code] for code in codes)
    descriptors = {place: _descriptor(pdf, source.descriptors[place], frozenset(glyphs)) for place, glyphs in wanted.items()}
    made = []
    for font, (_, codes) in zip(fonts, shown, strict=True):
        program = source.descriptors[font.descriptor].program
        made.append(_font(pdf, font, {code: _width(font, program, code) for code in sorted(codes)}, descriptors[font.descriptor]))
    return made


def _width(font: _Font, program: Program, code: int) -> Any:
    """How wide a character is. pdfTeX rounds that of the size which it met first, so the last digit depends on neighbours: what
    the font itself says is taken, where it says the same.
    """
    told, own = font.widths[code], program.width(font.glyphs[code])
    return Decimal(f"{own:.1f}") if own is not None and abs(own - float(told)) < 0.15 else told


def _descriptor(pdf: pikepdf.Pdf, source: _Descriptor, glyphs: frozenset[str]) -> Any:
    glyphs -= {".notdef"}
    name = f"{tag(glyphs)}+{re.sub(r'^/(?:[A-Z]{6}[+])?', '', str(source.shared.FontName))}"
    program = source.program.cut(glyphs, name, whole=glyphs == source.glyphs)
    made = {key: _plain(value) for key, value in source.shared.items() if key in _OF_THE_FILE}
    _, bottom, _, top = (int(value) for value in source.shared.FontBBox.as_list())
    made |= {"/Ascent": min(top, _TOP), "/CapHeight": min(top, _TOP), "/Descent": max(bottom, _BOTTOM)}
    made |= {"/FontName": Name("/" + name), "/CharSet": "".join(f"/{glyph}" for glyph in sorted(glyphs))}
    made["/FontFile"] = Stream(
        pdf, program.data, Filter=Name.FlateDecode, Length1=program.clear, Length2=program.closed, Length3=0
    )
    return pdf.make_indirect(Dictionary(made))


def _plain(value: Any) -> Any:
    """A number, a name, or an array of such, for another PDF."""
    return Array(list(value.as_list())) if isinstance(value, Array) else value


def _font(pdf: pikepdf.Pdf, font: _Font, codes: dict[int, Any], descriptor: Any) -> Any:
    listed = list(codes)
    first, last = (listed[0], listed[-1]) if listed else (0, 0)
    made: dict[str, Any] = {
        "/Type": Name.Font,
        "/Subtype": Name.Type1,
        "/BaseFont": descriptor.FontName,
        "/FontDescriptor": descriptor,
        "/FirstChar": first,
        "/LastChar": last,
        "/Widths": Array([codes.get(code, 0) for code in range(first, last + 1)]),
    }
    if font.reencoded:
        differences: list[Any] = []
        for code in listed:
            if code - 1 not in codes:
                differences.append(code)
            differences.append(Name("/" + font.glyphs[code]))
        made["/Encoding"] = Dictionary(Type=Name.Encoding, Differences=Array(differences))
    if font.unicode is not None:
        made["/ToUnicode"] = Stream(pdf, _cmap({code: font.unicode[code] for code in listed if code in font.unicode}))
    return pdf.make_indirect(Dictionary(made))


def _differences(encoding: Any) -> dict[int, str]:
    if not isinstance(encoding, Dictionary):
        raise NotCut("the font has an encoding of another kind")
    found, code = {}, 0
    for item in encoding.Differences.as_list():
        if isinstance(item, Name):
            found[code] = str(item)[1:]
            code += 1
        else:
            code = int(item)
    return found


def _to_unicode(cmap: str) -> dict[int, str]:
    found = {}
    for block in re.findall(r"beginbfrange\n(.*?)endbfrange", cmap, re.DOTALL):
        for low, high, to in _BFRANGE.findall(block):
            for step, code in enumerate(range(int(low, 16), int(high, 16) + 1)):
                found[code] = f"{int(to, 16) + step:0{len(to)}X}"
    for block in re.findall(r"beginbfchar\n(.*?)endbfchar", cmap, re.DOTALL):
        found |= {int(code, 16): to for code, to in _BFCHAR.findall(block)}
    return found


def _cmap(found: dict[int, str]) -> bytes:
    lines = [f"<{code:02X}> <{to}>" for code, to in sorted(found.items())]
    blocks = (lines[i : i + 100] for i in range(0, len(lines), 100))
    return _CMAP.format("".join(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar\n" for b in blocks)).encode()
