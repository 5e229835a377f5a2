"""Elementwise ops."""

from math import erf

import numpy as np

from dtypes import EPSILON, FLOATS, INTEGERS, NUMPY, SMALLEST, rounded
from exclusions import exclude, finite, tame
from ops_shape import operand
from registry import ANY, op

ERF = np.vectorize(erf, otypes=["f8"])


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# Exact in every dtype.
EXACT = {"Relu": lambda x: np.maximum(x, 0), "Neg": np.negative, "Abs": np.abs, "Round": np.rint, "Floor": np.floor,
         "Ceil": np.ceil, "Sign": np.sign}
# The error is relative to the value.
RELATIVE = {"Exp": np.exp, "Sqrt": np.sqrt, "Rsqrt": lambda x: 1 / np.sqrt(x), "Recip": lambda x: 1 / x, "Tanh": np.tanh,
            "Atan": np.arctan, "Sigmoid": sigmoid,
            "Softsign": lambda x: x / (1 + np.abs(x)), "Silu": lambda x: x * sigmoid(x)}
# The error is absolute, of the size of 1 + |x|, where the value is small: "erf near 0" among others.
ABSOLUTE = {"Log": np.log, "Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Erf": ERF, "Softplus": softplus,
            "Gelu": lambda x: 0.5 * x * (1 + ERF(x / np.sqrt(2))),
            "GeluApprox": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
            "Elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
            "HardSigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
            "HardSwish": lambda x: x * np.clip(x + 3, 0, 6) / 6, "Mish": lambda x: x * np.tanh(softplus(x)),
            "LogSigmoid": lambda x: -softplus(-x)}


def approximate(kind, dtype):
    """The function in f64, and how far a computation in f32 that is rounded to the dtype may be off."""
    exact = EXACT | RELATIVE | ABSOLUTE

    def compute(x):
        x = x.astype("f8")
        y = exact[kind](x)
        scale = np.abs(y) + (1 + np.abs(x) + (y * y if kind == "Tan" else 0) if kind in ABSOLUTE else 0)
        return y, (16 + np.abs(x)) * EPSILON["f32"] * scale + EPSILON[dtype] * np.abs(y) + SMALLEST[dtype]
    return compute


@op("Activation", 6)
def activation(p):
    kind = str(p.rng.choice([*EXACT, *RELATIVE, *ABSOLUTE]))
    x = p.pick(*FLOATS, *(INTEGERS if kind in ("Relu", "Abs", "Sign", "Neg") else ()))
    exclude("sign of NaN", kind == "Sign" and not finite(x.value))
    exclude("early overflow", kind not in EXACT and not tame(x.value))
    if kind in EXACT:
        return p.add(f"Activation({kind})", [x], x.dtype, x.shape, lambda x: (EXACT[kind](x), 0))
    exclude("f64 through f32", kind == "Tan" and bool(np.any(np.abs(np.cos(x.value.astype("f8"))) < 0.01)))
    return p.add(f"Activation({kind})", [x], x.dtype, x.shape, approximate(kind, x.dtype))


@op("StopGradient")
def stop_gradient(p):
    x = p.pick(*ANY)
    return p.add("StopGradient", [x], x.dtype, x.shape, lambda x: (x, 0))


@op("Cast", 3)
def cast(p):
    x, to = p.pick(*ANY), p.dtype()
    if x.dtype in FLOATS and to in INTEGERS and x.value.size:
        info = np.iinfo(NUMPY[to])
        exclude("float to integer outside", not finite(x.value))
        whole = np.trunc(x.value.astype("f8"))
        exclude("float to integer outside", bool(np.any((whole < info.min) | (whole > min(info.max, 2.0**62)))))

    def compute(x):
        y = rounded(x != 0 if to == "bool" else x, to)
        # Halves may be rounded twice, by way of f32.
        return y, np.abs(y.astype("f8")) * EPSILON[to] + SMALLEST[to] if to in FLOATS else 0
    names = {"bool": "Bool", "bf16": "BF16"}
    return p.add(f"Cast{{to: {names.get(to, to.upper())}}}", [x], to, x.shape, compute)


def c_quotient(a, b):
    """C's quotient of integers, 0 over 0."""
    wide = np.where(b == 0, 1, b).astype("i8")
    quotient = np.abs(a.astype("O")) // np.abs(wide.astype("O")) if a.size else wide
    signed = np.where((a < 0) != (b < 0), -quotient, quotient)
    return np.where(b == 0, 0, signed)


def wrapped(values, dtype):
    """Python's integers modulo 2^bits."""
    bits = np.iinfo(NUMPY[dtype]).bits
    flat = [int(value) & (2**bits - 1) for value in np.ravel(values)]
    return np.array(flat, f"u{bits // 8}").view(NUMPY[dtype]).reshape(np.shape(values))


def pair(p, *dtypes):
    """Two operands of one dtype ("two dtypes") whose shapes broadcast, and the shape that they give."""
    a = p.pick(*dtypes)
    shape = [(p.extent() if extent == 1 else 1) if p.chance(0.2) else extent for extent in a.shape]
    shape = shape[int(p.rng.integers(len(shape) + 1)) if p.chance(0.2) else 0:]
    b = operand(p, a.dtype, shape)
    if p.chance(0.3):
        a, b = b, a
    return a, b, np.broadcast_shapes(a.shape, b.shape)


ARITHMETIC = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Max": np.maximum, "Min": np.minimum}
BITS = {"BitAnd": np.bitwise_and, "BitOr": np.bitwise_or, "BitXor": np.bitwise_xor}


def binary(p, kind, a, b, shape, compute):
    """The operands' dtype is that of the result: "another dtype"."""
    return p.add(f"Binary({kind})", [a, b], a.dtype, shape, compute)


@op("Arithmetic", 6)
def arithmetic(p):
    kind = str(p.rng.choice([*ARITHMETIC]))
    a, b, shape = pair(p, *FLOATS, *INTEGERS, *(["bool"] if kind in ("Max", "Min") else []))
    wide = "f8" if a.dtype in ("f16", "bf16", "f32") else NUMPY[a.dtype]
    return binary(p, kind, a, b, shape, lambda a, b: (ARITHMETIC[kind](a.astype(wide), b.astype(wide)), 0))


@op("Div", 2)
def division(p):
    a, b, shape = pair(p, *FLOATS, *INTEGERS)
    if a.dtype in INTEGERS:
        return binary(p, "Div", a, b, shape, lambda x, y: (wrapped(c_quotient(*np.broadcast_arrays(x, y)), a.dtype), 0))
    return binary(p, "Div", a, b, shape, lambda x, y: (x.astype("f8") / y.astype("f8"), 0))


@op("Mod", 2)
def modulo(p):
    a, b, shape = pair(p, *FLOATS, *INTEGERS)

    def integers(x, y):
        x, y = np.broadcast_arrays(x, y)
        return wrapped(x.astype("O") - c_quotient(x, y) * y.astype("O"), a.dtype), 0
    if a.dtype in INTEGERS:
        return binary(p, "Mod", a, b, shape, integers)
    with np.errstate(all="ignore"):
        ratio = np.abs(a.value.astype("f8") / b.value.astype("f8"))
    exclude("float remainder", bool(np.any(ratio > 2.0**20)))
    return binary(p, "Mod", a, b, shape, lambda x, y: (np.fmod(x.astype("f8"), y.astype("f8")), 0))


@op("Pow")
def power(p):
    a = p.pick(*FLOATS, *INTEGERS)
    if a.dtype in INTEGERS:  # "integer powers"
        b = operand(p, a.dtype, a.shape, p.rng.integers(0, 4, a.shape))
        return binary(p, "Pow", a, b, a.shape, lambda x, y: (wrapped(x.astype("O") ** y.astype("O"), a.dtype), 0))
    exclude("early overflow", not tame(a.value))
    base = p.add("Activation(Abs)", [a], a.dtype, a.shape, lambda x: (np.abs(x), 0))
    b = operand(p, a.dtype, a.shape, rounded(p.rng.integers(-4, 5, a.shape) / 2, a.dtype))

    def compute(x, y):
        x, y = x.astype("f8"), y.astype("f8")
        z = x**y
        return z, np.abs(z) * (64 * EPSILON["f32"] + 2 * EPSILON[a.dtype]) + SMALLEST[a.dtype]
    return binary(p, "Pow", base, b, a.shape, compute)


@op("Atan2")
def atan2(p):
    a, b, shape = pair(p, *FLOATS)

    def compute(x, y):
        z = np.arctan2(x.astype("f8"), y.astype("f8"))
        return z, np.abs(z) * (16 * EPSILON["f32"] + EPSILON[a.dtype]) + SMALLEST[a.dtype]
    return binary(p, "Atan2", a, b, shape, compute)


@op("Bits", 2)
def bits(p):
    kind = str(p.rng.choice([*BITS]))
    a, b, shape = pair(p, *INTEGERS, "bool")  # "bits of floats"
    return binary(p, kind, a, b, shape, lambda x, y: (BITS[kind](x, y), 0))


@op("Shift")
def shift(p):
    kind = str(p.rng.choice(["Shl", "Shr"]))
    a = p.pick(*INTEGERS)
    width = np.iinfo(NUMPY[a.dtype]).bits  # "wide shifts"
    b = operand(p, a.dtype, a.shape, p.rng.integers(0, width, a.shape))
    function = np.left_shift if kind == "Shl" else np.right_shift
    return binary(p, kind, a, b, a.shape, lambda x, y: (function(x, y), 0))


COMPARE = {"Eq": np.equal, "Ne": np.not_equal, "Lt": np.less, "Le": np.less_equal, "Gt": np.greater, "Ge": np.greater_equal}


@op("Compare", 3)
def compare(p):
    kind = str(p.rng.choice([*COMPARE]))
    a, b, shape = pair(p, *ANY)
    return p.add(f"Compare({kind})", [a, b], "bool", shape, lambda x, y: (COMPARE[kind](x, y), 0))


@op("Where", 3)
def where(p):
    x, y, shape = pair(p, *ANY)
    condition = operand(p, p.dtype(("bool", "bool", "f32", "i32", "u8")), [e if p.chance(0.8) else 1 for e in shape])
    return p.add("Where", [condition, x, y], x.dtype, shape, lambda c, x, y: (np.where(c != 0, x, y), 0))


@op("Clamp", 2)
def clamp(p):
    x = p.pick(*FLOATS, *INTEGERS)
    low, high = sorted(int(v) for v in p.rng.integers(0 if x.dtype in ("u8", "u32") else -5, 6, 2))  # "integer bounds"
    if x.dtype in FLOATS and p.chance(0.3):
        return p.add(f"Clamp{{min: {low + 0.5}, max: inf}}", [x], x.dtype, x.shape, lambda x: (np.maximum(x, low + 0.5), 0))
    text = f"Clamp{{min: {low}.0, max: {high}.0}}"
    return p.add(text, [x], x.dtype, x.shape, lambda x: (np.clip(x, x.dtype.type(low), x.dtype.type(high)), 0))
