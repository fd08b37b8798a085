"""How tensors and functions are called in plain text: their own letters, Greek ones as letters, a layer's number above."""

from __future__ import annotations

from functools import lru_cache

from ...expressions.system import COUNT, System, is_cotangent, primal
from ..glyphs import UNICODE_GREEK, Labels, Signs

ABOVE = str.maketrans("0123456789-L", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᴸ")
LETTERS = {spelt: letter for letter, spelt in UNICODE_GREEK.items()} | {"eps": "ε", "lam": "λ", "ell": "ℓ"}
COMBINING = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "vec": "\u20d7"}


@lru_cache(maxsize=1024)
def spelt(name: str) -> str:
    """A name with its Greek letters and accents: theta as θ, x_hat as x̂; all else as it was written."""
    base, *rest = [part for part in name.split("_") if part] or [name]
    shown = LETTERS.get(base, base)
    below = []
    for part in rest:
        if part in COMBINING:
            shown += COMBINING[part]
        elif part == "prime":
            shown += "′"
        else:
            below.append(LETTERS.get(part, part))
    return "_".join([shown, *below])


class PlainNames:
    """The names of one system in Unicode."""

    HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹ᴸ"
    """What a name with a layer's number has in it: it needs brackets before something else stands high behind it."""

    def __init__(self, system: System, labels: Labels = "absolute", signs: Signs | None = None) -> None:
        self.system = system
        self.labels = labels
        self.signs = signs or Signs()
        self.depth = system.depth

    def name(self, key: str, matrix: bool = False) -> str:
        """A tensor's name with its layer number above; that of a cotangent is δ or ∂C/∂…."""
        if not is_cotangent(key):
            if key in self.signs.letters or key == COUNT:
                return self.spelt(self.signs.letters.get(key, "N"))
            tensor = self.system.tensors[key]
            base = tensor.base
            if tensor.cased and base not in self.signs.typed:
                base = (base[0].upper() if matrix else base[0].lower()) + base[1:]
            shown = base if base in self.signs.as_typed else self.spelt(base)
            return shown + self._above(tensor.layer)
        tensor = self.system.tensors[primal(key)]
        if not tensor.signal:
            return self.slope(primal(key), matrix)
        own = "" if tensor.cased or tensor.base == "z" else f"_{self.spelt(tensor.base)}"
        return ("Δ" if matrix else "δ") + own + self._above(tensor.layer)

    def slope(self, key: str, matrix: bool = False) -> str:
        """∂C/∂w."""
        return self.quotient(self.cost(), self.name(key, matrix))

    def cost(self) -> str:
        """What is differentiated."""
        return self.signs.cost if self.system.objective is None else self.name(self.system.objective)

    def spelt(self, name: str) -> str:
        """A function's name, or that of a tensor without its layer, as it is shown."""
        return spelt(name)

    def _above(self, layer: int | None) -> str:
        if layer is None:
            return ""
        below = self.depth - layer
        relative = "L" if below == 0 else f"L-{below}"
        return (relative if self.labels == "relative" else str(layer)).translate(ABOVE)

    def function(self, name: str, order: int) -> str:
        """A catalogue function, with primes."""
        return self.spelt(self.signs.function(name)) + "′" * order

    def quotient(self, above: str, below: str) -> str:
        """A partial derivative."""
        return f"∂{above}/∂{below}"

    def changed(self, name: str) -> str:
        """The change of what is called `name`."""
        return f"d({name})" if self.signs.apart else f"d{name}"

    def is_raised(self, key: str) -> bool:
        """Whether what a tensor is called is also the name of layers, and has a number above it there."""
        tensor = self.system.tensors.get(key)
        return tensor is not None and tensor.layer is None and self.spelt(tensor.base) in self.signs.layered
