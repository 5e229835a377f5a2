"""Reductions, running sums, places of extremes, softmax, norms."""

import numpy as np

from dtypes import EPSILON, FLOATS, HALVES, INTEGERS, NUMPY, SMALLEST
from exclusions import exclude, tame
from ops_shape import operand
from registry import op

FOLD = {"Sum": np.sum, "Mean": np.mean, "Max": np.max, "Min": np.min, "Prod": np.prod}


# The smallest normal f32: "early underflow".
NORMAL = 2.0**-126


def adding(dtype):
    """What one addition of a sum may be off by, relatively."""
    return EPSILON[dtype if dtype in (*HALVES, "f64") else "f32"]  # "half sums"


@op("Reduce", 8)
def reduce(p):
    kind = str(p.rng.choice([*FOLD]))
    # "integer mean"
    x = p.pick(*FLOATS, *([] if kind == "Mean" else INTEGERS), *(["bool"] if kind in ("Max", "Min") else []))
    axes = tuple(int(axis) for axis in range(len(x.shape)) if p.chance(0.5))
    exclude("extreme of nothing", kind in ("Max", "Min") and any(x.shape[axis] == 0 for axis in axes))
    keep = p.chance(0.5)
    shape = tuple(1 if axis in axes else extent for axis, extent in enumerate(x.shape) if keep or axis not in axes)

    def compute(values):
        if kind in ("Max", "Min") or values.dtype.kind not in "f":
            return FOLD[kind](values, axis=axes, keepdims=keep, **({} if kind in ("Max", "Min") else
                                                                   {"dtype": values.dtype})), 0
        wide = values.astype("f8")
        count = int(np.prod([values.shape[axis] for axis in axes])) if axes else 1
        result = FOLD[kind](wide, axis=axes, keepdims=keep)
        rounding = EPSILON[x.dtype] * np.abs(result) + SMALLEST[x.dtype]
        if kind == "Prod":
            return result, np.abs(result) * (count + 1) * EPSILON[x.dtype] + SMALLEST[x.dtype] * max(count, 1)
        size = np.sum(np.abs(wide), axis=axes, keepdims=keep) / (max(count, 1) if kind == "Mean" else 1)
        return result, (count * adding(x.dtype) if axes else 0) * size + rounding
    exclude("early overflow", kind in ("Sum", "Mean", "Prod") and x.dtype in FLOATS and not tame(x.value))
    text = f"Reduce{{op: {kind}, axes: {list(axes)}, keep_dim: {str(keep).lower()}}}"
    most = 13 if x.dtype == "f16" else 120
    exclude("order of factors", kind == "Prod" and x.dtype in FLOATS and reach(x.value, axes) > most)
    return p.add(text, [x], x.dtype, shape, compute)


def reach(values, axes):
    """The most binary digits by which a product of some of the factors can differ from 1."""
    with np.errstate(all="ignore"):
        digits = np.abs(np.log2(np.abs(values.astype("f8"))))
    return np.max(np.sum(np.where(np.isfinite(digits), digits, 0), axis=axes), initial=0)


@op("Cumsum", 4)
def cumsum(p):
    x = p.pick(*FLOATS, *INTEGERS, rank=1)
    exclude("early overflow", x.dtype in FLOATS and not tame(x.value))
    axis, exclusive = p.axis(x), p.chance(0.5)

    def running(values):
        total = np.cumsum(values, axis, dtype=values.dtype)
        return total - values if exclusive and values.dtype.kind != "f" else shifted(total, axis) if exclusive else total

    def compute(values):
        if values.dtype.kind != "f":
            return running(values), 0
        wide = values.astype("f8")
        return running(wide), (values.shape[axis] * adding(x.dtype) * running(np.abs(wide)) + SMALLEST[x.dtype]
                               + EPSILON[x.dtype] * np.abs(running(wide)))
    signed = axis - len(x.shape) if p.chance(0.5) else axis
    return p.add(f"Cumsum{{axis: {signed}, exclusive: {str(exclusive).lower()}}}", [x], x.dtype, x.shape, compute)


def shifted(values, axis):
    """With 0 put before the first element along the axis, and without the last."""
    out = np.zeros_like(values)
    if values.shape[axis] > 1:
        ahead = (slice(None),) * axis
        out[(*ahead, slice(1, None))] = values[(*ahead, slice(None, -1))]
    return out


@op("Place", 3)
def place(p):
    kind = str(p.rng.choice(["ArgMax", "ArgMin"]))
    x = p.pick(*FLOATS, *INTEGERS, rank=1)
    axis, keep, dtype = p.axis(x), p.chance(0.5), p.dtype(("f32", "i32", "i64"))
    exclude("extreme of nothing", x.shape[axis] == 0)
    shape = tuple(1 if a == axis else extent for a, extent in enumerate(x.shape) if keep or a != axis)
    function = np.argmax if kind == "ArgMax" else np.argmin

    def compute(values):
        return function(values, axis, keepdims=keep).astype(NUMPY[dtype]), 0
    return p.add(f"{kind}{{axis: {axis}, keep_dim: {str(keep).lower()}}}", [x], dtype, shape, compute)


def softmax_of(scores, axis=-1):
    if scores.shape[axis] == 0:
        return scores
    powers = np.exp(scores - np.max(scores, axis, keepdims=True))
    return powers / np.sum(powers, axis, keepdims=True)


@op("Softmax", 4)
def softmax(p):
    x = p.pick(*FLOATS, rank=1)
    exclude("early overflow", not tame(x.value))
    axis = p.axis(x)

    def compute(values):
        y = softmax_of(values.astype("f8"), axis)  # "f64 through f32"
        return y, y * ((160 + values.shape[axis]) * EPSILON["f32"] + EPSILON[x.dtype]) + NORMAL + SMALLEST[x.dtype]
    signed = axis - len(x.shape) if p.chance(0.5) else axis
    return p.add(f"Softmax{{axis: {signed}}}", [x], x.dtype, x.shape, compute)


def layer_norm(x, axis, eps):
    """Over one axis, with how far off it may be: the mean cancels digits of x, the sum of squares loses some."""
    mean, variance = np.mean(x, axis, keepdims=True), np.var(x, axis, keepdims=True)
    scale = 1 / np.sqrt(variance + eps)
    largest = np.max(np.abs(x), axis, keepdims=True, initial=0)
    y = (x - mean) * scale
    terms = (x.shape[axis] + 16) * EPSILON["f32"]
    return y, terms * (largest * scale + np.abs(y) * (1 + (largest * scale) ** 2))


def rms_norm(x, axis, eps):
    y = x / np.sqrt(np.mean(x * x, axis, keepdims=True) + eps)
    return y, np.abs(y) * (x.shape[axis] + 16) * EPSILON["f32"]


def scaled(norm, dtype, axis, eps):
    """A norm along an axis, then gamma and beta."""
    def compute(x, gamma, beta):
        x, gamma, beta = (v.astype("f8") for v in (x, gamma, beta))
        along = [-1 if a == axis % x.ndim else 1 for a in range(x.ndim)]
        gamma, beta = (v.reshape([v.size if e == -1 else 1 for e in along]) for v in (gamma, beta))
        y, off = norm(x, axis, eps)
        z = y * gamma + beta
        return z, off * np.abs(gamma) + 2 * EPSILON[dtype] * (np.abs(y * gamma) + np.abs(beta) + np.abs(z)) + SMALLEST[dtype]
    return compute


@op("Norm", 5)
def norm(p):
    x = p.pick(*FLOATS, rank=1)
    exclude("early overflow", not tame(x.value))
    kind, eps = p.rng.choice(["LayerNorm", "RmsNorm"]), float(p.rng.choice([1e-5, 0.001]))
    # One axis: "norms over several axes". The IR ties the width of gamma and beta to the last axis, so the normalised axis is as wide.
    axis = int(p.rng.choice([axis for axis, extent in enumerate(x.shape) if extent == x.shape[-1]]))
    gamma, beta = (operand(p, x.dtype, (x.shape[axis],)) for _ in range(2))
    exclude("early overflow", not tame(gamma.value, beta.value))
    signed = axis - len(x.shape) if p.chance(0.5) else axis
    compute = scaled(layer_norm if kind == "LayerNorm" else rms_norm, x.dtype, axis, np.float64(np.float32(eps)))
    return p.add(f"{kind}{{axis: {signed}, eps: {eps:.5f}}}", [x, gamma, beta], x.dtype, x.shape, compute)


@op("ResidualNorm", 2)
def residual_norm(p):
    x = p.pick("f32", "f16", "bf16", rank=1)
    kind = str(p.rng.choice(["FusedResidualLN", "FusedResidualRmsNorm"]))
    has_bias = p.chance(0.5)
    width = (x.shape[-1],)
    operands = [x, operand(p, x.dtype, x.shape)] + [operand(p, x.dtype, width) for _ in range(2 + has_bias)]
    exclude("early overflow", not tame(*(node.value for node in operands)))
    apply = scaled(layer_norm if kind == "FusedResidualLN" else rms_norm, x.dtype, -1, np.float64(np.float32(1e-5)))

    def compute(x_, residual, *rest):
        bias = rest[0].astype("f8") if has_bias else 0
        total = x_.astype("f8") + residual.astype("f8") + bias
        z, off = apply(total, *rest[has_bias:])
        if not total.size:
            return z, off
        # The sums are rounded to the dtype: the norm of what lies as far off as that.
        size = np.abs(x_.astype("f8")) + np.abs(residual.astype("f8")) + np.abs(bias)
        step = 2 * EPSILON[x.dtype] * np.max(size, -1, keepdims=True)
        centre = np.mean(total, -1, keepdims=True) if kind == "FusedResidualLN" else 0
        scale = 1 / np.sqrt(np.mean((total - centre) ** 2, -1, keepdims=True) + 1e-5)
        gamma = np.abs(rest[has_bias].astype("f8"))
        return z, off + 8 * gamma * step * scale * (1 + np.abs(total) * scale + (np.max(size, -1, keepdims=True) * scale))
    text = f"{kind}{{has_bias: {str(has_bias).lower()}, eps: 0.00001}}"
    return p.add(text, operands, x.dtype, x.shape, compute)
