"""Elementwise ops."""

from math import erf, erfc

import numpy as np

from dtypes import EPSILON, FLOATS, INTEGERS, NUMPY, SMALLEST, rounded
from exclusions import exclude
from ops_shape import operand
from registry import ANY, op

ERF, ERFC = (np.vectorize(function, otypes=["f8"]) for function in (erf, erfc))


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def gated(x, gate):
    """x times what goes to 0 faster than x to minus infinity."""
    return np.where(np.isneginf(x), 0.0, x * gate)


# Exact in every dtype.
EXACT = {"Relu": lambda x: np.maximum(x, 0), "Neg": np.negative, "Abs": np.abs, "Round": np.rint, "Floor": np.floor,
         "Ceil": np.ceil, "Sign": np.sign}
ROUNDED = {"Exp": np.exp, "Sqrt": np.sqrt, "Rsqrt": lambda x: 1 / np.sqrt(x), "Recip": lambda x: 1 / x, "Tanh": np.tanh,
           "Atan": np.arctan, "Sigmoid": sigmoid, "Softsign": lambda x: np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x))),
           "Silu": lambda x: gated(x, sigmoid(x)), "Log": np.log, "Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Erf": ERF,
           "Softplus": softplus, "Gelu": lambda x: gated(x, 0.5 * ERFC(-x / np.sqrt(2))),
           "GeluApprox": lambda x: gated(x, sigmoid(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
           "Elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
           "HardSigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1), "HardSwish": lambda x: x * (np.clip(x + 3, 0, 6) / 6),
           "Mish": lambda x: gated(x, np.tanh(softplus(x))), "LogSigmoid": lambda x: -softplus(-x)}


# Of f32 computed in vectors of f32, within two units in the last place.
VECTORS = ("Exp", "Erf", "Tanh", "Sigmoid", "Silu", "Gelu", "GeluApprox")


def approximate(kind, dtype):
    """The function in f64, and how far off a value may be: but for those in vectors, it is computed in f64 and rounded once."""
    units = 2 if dtype == "f32" and kind in VECTORS else 0.5

    def compute(x):
        x = x.astype("f8")
        y = ROUNDED[kind](x)
        # What the argument's own rounding in f64 makes of the tails of normal distributions, and near a zero of x + 3.
        tail = np.minimum(np.abs(x) ** 3, 1e3) if kind in ("Gelu", "GeluApprox") else 0
        near = 4 * EPSILON["f64"] * np.minimum(np.abs(x), 3) if kind in ("HardSwish", "HardSigmoid") else 0
        return y, np.abs(y) * (EPSILON[dtype] * units + (8 + tail) * EPSILON["f64"] + 1e-12 * (dtype != "f64")) + near + SMALLEST[dtype]
    return compute


@op("Activation", 12)
def activation(p):
    kind = str(p.rng.choice([*EXACT, *ROUNDED]))
    x = p.pick(*FLOATS, *(INTEGERS if kind in ("Relu", "Abs", "Sign", "Neg") else ()))
    if kind in EXACT:
        return p.add(f"Activation({kind})", [x], x.dtype, x.shape, lambda x: (EXACT[kind](x), 0))
    return p.add(f"Activation({kind})", [x], x.dtype, x.shape, approximate(kind, x.dtype))


@op("StopGradient")
def stop_gradient(p):
    x = p.pick(*ANY)
    return p.add("StopGradient", [x], x.dtype, x.shape, lambda x: (x, 0))


def converted(x, to):
    """Values in another dtype: floats become the nearest integer towards zero that there is, NaN 0."""
    if to in INTEGERS and x.dtype.kind == "f":
        info = np.iinfo(NUMPY[to])
        whole = np.trunc(np.nan_to_num(x.astype("f8"), nan=0.0, posinf=np.inf, neginf=-np.inf))
        inside = (whole >= info.min) & (whole < float(info.max) + 1)
        return np.where(inside, np.where(inside, whole, 0).astype(NUMPY[to]), np.where(whole > 0, info.max, info.min)).astype(NUMPY[to])
    return rounded(x != 0 if to == "bool" else x, to)


@op("Cast", 3)
def cast(p):
    x, to = p.pick(*ANY), p.dtype()

    def compute(x):
        y = converted(x, to)
        # To bf16 NumPy goes by f32, which rounds twice.
        return y, np.abs(y.astype("f8")) * EPSILON[to] + SMALLEST[to] if to == "bf16" else 0
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
    """Two operands of one dtype whose shapes broadcast, and the shape that they give."""
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
    return p.add(f"Binary({kind})", [a, b], a.dtype, shape, compute)


@op("Arithmetic", 6)
def arithmetic(p):
    kind = str(p.rng.choice([*ARITHMETIC]))
    a, b, shape = pair(p, *FLOATS, *INTEGERS, *(["bool"] if kind in ("Max", "Min") else []))
    # One of the operands may be of another dtype: both are converted to the declared one.
    if p.chance(0.2):
        b = operand(p, p.dtype((*FLOATS, *INTEGERS)), b.shape)
    declared = a.dtype if "bool" in (a.dtype, b.dtype) or p.chance(0.5) else b.dtype
    wide = "f8" if declared in ("f16", "bf16", "f32") else NUMPY[declared]

    def compute(x, y):
        x, y = converted(x, declared), converted(y, declared)
        return ARITHMETIC[kind](x.astype(wide), y.astype(wide)), 0
    return p.add(f"Binary({kind})", [a, b], declared, shape, compute)


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
    if a.dtype in INTEGERS:
        b = operand(p, a.dtype, a.shape, p.rng.integers(0 if a.dtype in ("u8", "u32") else -3, 4, a.shape))

        def whole(x, y):
            inverse = np.where(x == 1, 1, np.where(x == -1, np.where(y % 2 == 0, 1, -1), 0))
            positive = wrapped(x.astype("O") ** np.maximum(y, 0).astype("O"), a.dtype)
            return np.where(y < 0, inverse, positive).astype(NUMPY[a.dtype]), 0
        return binary(p, "Pow", a, b, a.shape, whole)
    base = p.add("Activation(Abs)", [a], a.dtype, a.shape, lambda x: (np.abs(x), 0))
    b = operand(p, a.dtype, a.shape, rounded(p.rng.integers(-4, 5, a.shape) / 2, a.dtype))

    def compute(x, y):
        x, y = x.astype("f8"), y.astype("f8")
        z = x**y
        return z, np.abs(z) * (4 * EPSILON["f64" if a.dtype == "f64" else "f32"] + EPSILON[a.dtype]) + SMALLEST[a.dtype]
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
    a, b, shape = pair(p, *INTEGERS, "bool", "f32")
    if a.dtype != "f32":
        return binary(p, kind, a, b, shape, lambda x, y: (BITS[kind](x, y), 0))
    return binary(p, kind, a, b, shape, lambda x, y: (BITS[kind](converted(x, "i64"), converted(y, "i64")), 0))


@op("Shift")
def shift(p):
    kind = str(p.rng.choice(["Shl", "Shr"]))
    a = p.pick(*INTEGERS)
    width = np.iinfo(NUMPY[a.dtype]).bits
    b = operand(p, a.dtype, a.shape, p.rng.integers(0 if a.dtype in ("u8", "u32") else -3, width + 4, a.shape))

    def compute(x, y):
        inside = (y >= 0) & (y < width)
        z = (np.left_shift if kind == "Shl" else np.right_shift)(x, np.where(inside, y, 0).astype(x.dtype))
        return np.where(inside, z, np.where((x < 0) & (kind == "Shr"), -1, 0)).astype(x.dtype), 0
    return binary(p, kind, a, b, a.shape, compute)


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
    low, high = sorted(int(v) for v in p.rng.integers(-5, 6, 2))
    if x.dtype in INTEGERS:
        # Bounds that the dtype does not have are none, or its own ends.
        low, high = (int(v) for v in (p.rng.choice([low, -1e9]), p.rng.choice([high, 1e9])))
        info = np.iinfo(NUMPY[x.dtype])
        text = f"Clamp{{min: {low}.0, max: {high}.0}}"
        return p.add(text, [x], x.dtype, x.shape,
                     lambda x: (np.clip(x.astype("i8"), max(low, info.min), max(high, info.min)).astype(x.dtype), 0))
    if x.dtype in FLOATS and p.chance(0.3):
        return p.add(f"Clamp{{min: {low + 0.5}, max: inf}}", [x], x.dtype, x.shape, lambda x: (np.maximum(x, low + 0.5), 0))
    text = f"Clamp{{min: {low}.0, max: {high}.0}}"
    return p.add(text, [x], x.dtype, x.shape, lambda x: (np.clip(x, x.dtype.type(low), x.dtype.type(high)), 0))
