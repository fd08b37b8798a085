"""Specs that several test modules use, and the way from their text to a derivation."""

from __future__ import annotations

import re
from functools import lru_cache
from textwrap import dedent

from derive import network, spec
from derive.calculus.steps import Derivation
from derive.expressions.system import Equation, System
from derive.expressions.views import View
from derive.notation import views
from derive.notation.emitters.latex import Printer, unbroken
from derive.notation.glyphs import Symbols
from derive.notation.index_letters import differentiated


def built(text: str, examples: int | None = None, last: bool = False, scalar: bool = False) -> System:
    """The forward program of a spec; for a mini-batch where `examples` says so, without indices where `scalar` does."""
    system = network.build(spec.loads(dedent(text)))
    if scalar:
        system = network.in_scalars(system)
    if examples is not None:
        system = network.over_examples(system, examples, last)
    return system


@lru_cache(maxsize=256)
def derived(text: str, examples: int | None = None, last: bool = False, scalar: bool = False) -> Derivation:
    """The derivation of a spec; one for all tests that ask for the same."""
    return differentiated(built(text, examples, last, scalar))


def printed(found: Equation, view: View, system: System, labels: str = "absolute") -> str:
    """An equation as LaTeX in one line, its places for line breaks taken out."""
    assert labels in ("absolute", "relative")
    symbols = Symbols(system, "relative" if labels == "relative" else "absolute")
    lhs, rhs = Printer(symbols).equation(views.shown(found, view, system))
    return unbroken(f"{lhs} = {rhs}")


SHORT = (
    (r"\\mathrm\{d\}", "d"),
    (r"\\left\.?|\\right\.?", ""),
    (r"\\[,;!]", " "),
    (r"\\frac\{\\partial ([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\{\\partial ((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", r"∂\1/∂\2"),
    (r"\\frac\{(\d+)\}\{(\d+)\}", r"\1/\2"),
    (r"\\operatorname\{(\w+)\}", r"\1"),
    (r"\\mathbf\{1\}", "𝟏"),
    (r"\^\{\\top\}", "ᵀ"),
    (r"([_^])\{(\(?\w\)?)\}", r"\1\2"),
    (r"\\odot", "⊙"),
    (r"\\oslash", "⊘"),
    (r"\\sum", "Σ"),
    (r"\\delta", "δ"),
    (r"\\Delta", "Δ"),
    (r"\\sigma", "σ"),
    (r"\\tanh", "tanh"),
    (r"  +", " "),
)


def readable(latex: str) -> str:
    """LaTeX as a person reads it in a golden file: nothing but spelling is changed."""
    for pattern, text in SHORT:
        latex = re.sub(pattern, text, latex)
    return latex.strip()


def gradient(found: Derivation, key: str, view: View) -> str:
    """The last form of ∂C/∂key, as LaTeX."""
    return printed(found.gradients[key], view, found.system)


def dense(*layers: tuple[int, str], loss: str, width: int = 3, more: str = "") -> str:
    """A stack of dense layers, each with its units and its activation."""
    lines = "".join(f"    - dense: {{units: {units}, activation: {activation}}}\n" for units, activation in layers)
    return f"title: dense\n{more}network:\n  input: {{x: {width}}}\n  layers:\n{lines}  loss: {loss}\n"


CLASSIFIER = dense((4, "tanh"), (3, "softmax"), loss="cross_entropy")
CHAIN = dense((1, "sigmoid"), (1, "sigmoid"), (1, "sigmoid"), loss="squared_error", width=1)
MLP = dense((3, "sigmoid"), (3, "sigmoid"), loss="half_squared_error")
"""Square weights on purpose: there a lost transpose is not found by its shape."""

RESIDUAL = """
title: residual
network:
  input: {x: 3}
  layers:
    - dense: {name: f, units: 3, activation: tanh}
    - add: {name: r, from: [f, x]}
    - dense: {name: g, units: 3, activation: tanh, share: f}
    - add: {from: [g, r, x]}
    - dense: {units: 2}
  loss: half_squared_error
"""

LAYER_NORM = """
title: layer normalisation
inputs: {x: 4}
parameters: {gamma: 4, beta: 4}
constants: {eps: 0.01}
equations:
  - mu = mean(x[i], i)
  - v = mean((x[i] - mu)**2, i)
  - n[i] = (x[i] - mu)/sqrt(v + eps)
  - y[i] = gamma[i]*n[i] + beta[i]
"""

BATCH_NORM = """
title: batch normalisation
inputs: {X: [5, 3]}
parameters: {gamma: 3, beta: 3}
constants: {eps: 0.01}
equations:
  - mu[j] = mean(X[n,j], n)
  - v[j] = mean((X[n,j] - mu[j])**2, n)
  - H[n,j] = (X[n,j] - mu[j])/sqrt(v[j] + eps)
  - Y[n,j] = gamma[j]*H[n,j] + beta[j]
"""

ATTENTION = """
title: attention head
inputs: {X: [3, 4]}
parameters: {W_q: [4, 2], W_k: [4, 2], W_v: [4, 2]}
equations:
  - Q = X @ W_q
  - K = X @ W_k
  - V = X @ W_v
  - S = Q @ K.T / sqrt(2)
  - P = softmax(S)
  - O = P @ V
"""

ATTENTION_IN_INDICES = """
title: attention head, written out
inputs: {Q: [3, 2], K: [4, 2], V: [4, 5]}
equations:
  - S[t,s] = sum(Q[t,d]*K[s,d], d)/sqrt(2)
  - P[t,s] = exp(S[t,s])/sum(exp(S[t,r]), r)
  - O[t,e] = sum(P[t,s]*V[s,e], s)
"""

HEADS = """
title: multi-head attention
inputs: {X: [3, 4]}
parameters: {A: [2, 4, 2], B: [2, 4, 2], D: [2, 4, 2], W: [2, 2, 4]}
equations:
  - Q[h,t,d] = sum(X[t,m]*A[h,m,d], m)
  - K[h,t,d] = sum(X[t,m]*B[h,m,d], m)
  - V[h,t,d] = sum(X[t,m]*D[h,m,d], m)
  - S[h,t,s] = sum(Q[h,t,d]*K[h,s,d], d)/sqrt(2)
  - P[h,t,s] = exp(S[h,t,s])/sum(exp(S[h,t,r]), r)
  - O[h,t,d] = sum(P[h,t,s]*V[h,s,d], s)
  - Y[t,m] = sum(O[h,t,d]*W[h,d,m], h, d)
"""

CONVOLUTION = """
title: convolution with stride 2
inputs: {x: 9}
parameters: {w: 3, b: scalar}
equations:
  - z[i] = sum(w[p]*x[2*i+p], p) + b
  - a[i] = tanh(z[i])
  - C = sum(a[i]**2, i)
"""

CONVOLUTION_2D = """
title: convolution in two dimensions
inputs: {x: [2, 5, 4]}
parameters: {W: [3, 2, 2, 2], b: 3}
equations:
  - z[c,i,j] = sum(W[c,e,p,q]*x[e,i+p,j+q], e, p, q) + b[c]
  - a[c,i,j] = softplus(z[c,i,j])
  - C = sum(a[c,i,j]**2, c, i, j)
"""

RNN = """
title: RNN cell, three steps
inputs: {x1: 2, x2: 2, x3: 2, h0: 3}
parameters: {W: [3, 2], U: [3, 3], b: 3}
targets: {t: 3}
equations:
  - h1 = tanh(W @ x1 + U @ h0 + b)
  - h2 = tanh(W @ x2 + U @ h1 + b)
  - h3 = tanh(W @ x3 + U @ h2 + b)
  - C = 1/2*sum((h3 - t)**2)
"""

BILINEAR = """
title: bilinear form
inputs: {x: 3, y: 3}
parameters: {A: [3, 3]}
equations: ["C = x.T @ A @ y"]
"""

NORM = """
title: a norm
inputs: {x: 4}
equations: ["C = norm(x)"]
"""

LOG_SUM_EXP = """
title: log-sum-exp
inputs: {x: 4}
equations: ["C = logsumexp(x)"]
"""

TRACE = """
title: a repeated index
parameters: {W: [3, 3]}
inputs: {x: 3}
equations: ["C = sum(W[i,i]*x[i]**2, i)"]
"""

FIRST_ENTRY = """
title: a constant index
inputs: {x: 3}
parameters: {w: 3}
equations: ["C = x[0]*w[1]**2 + sum(w[i]*x[i], i)"]
"""

ALL: dict[str, str] = {
    "classifier": CLASSIFIER,
    "mlp": MLP,
    "residual": RESIDUAL,
    "layer-norm": LAYER_NORM,
    "batch-norm": BATCH_NORM,
    "attention": ATTENTION,
    "attention-in-indices": ATTENTION_IN_INDICES,
    "heads": HEADS,
    "convolution": CONVOLUTION,
    "convolution-2d": CONVOLUTION_2D,
    "rnn": RNN,
    "bilinear": BILINEAR,
    "norm": NORM,
    "log-sum-exp": LOG_SUM_EXP,
    "trace": TRACE,
    "first-entry": FIRST_ENTRY,
}
