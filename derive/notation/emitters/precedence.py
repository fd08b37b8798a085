"""How tightly each form holds together, in signs that are read from left to right."""

BINDING = {"sum": 10, "total": 20, "product": 30, "hadamard": 25, "sign": 15, "power": 60, "atom": 100}
"""How tightly each form holds together; a part that binds more loosely than its place asks for gets brackets.

hadamard: ⊙ and ⊘, which are read from the left, and a quotient on one line. product: factors side by side.
"""

BESIDE_CIRCLE = "power"
"""What the places beside ⊙ and ⊘ ask for: x ⊘ (q ⊙ r), (W x) ⊙ y."""

SCALAR_FACTOR = "power"
"""What a product of scalars that are products of arrays asks of each: (uᵀ v) (wᵀ z)."""

SCRIPTED = "atom"
"""What stands below a transpose or a power asks for; a name with a layer's number above it binds as a power."""
