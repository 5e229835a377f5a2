"""Reductions, running sums, places of extremes, softmax, norms."""

import numpy as np

from dtypes import EPSILON, FLOATS, INTEGERS, NUMPY, SMALLEST
from exclusions import exclude, tame
from ops_shape import operand
from registry import op

FOLD = {"Sum": np.sum, "Mean": np.mean, "Max": np.max, "Min": np.min, "Prod": np.prod}
# What the extreme of nothing is, by the sign of the end of the dtype.
LEAST = {"Max": -1, "Min": 1}


def end(kind, dtype):
    """The lowest or the highest value."""
    if dtype == "bool":
        return kind == "Min"
    if dtype in FLOATS:
        return LEAST[kind] * np.inf
    info = np.iinfo(NUMPY[dtype])
    return info.min if kind == "Max" else info.max


def wide_enough(values):
    """Floats with more digits than their own, for sums."""
    return values.astype(np.longdouble if values.dtype == np.float64 else "f8")


def adding(dtype):
    """What one addition may be off by, relatively: those of f64 are compensated, the oracle's are of 64 bits."""
    return 2.0**-62 if dtype == "f64" else EPSILON["f64"]


def integer_mean(values, axes, keep):
    """Rounded towards zero; of nothing 0."""
    total = np.asarray(np.sum(values.astype("O"), axis=axes, keepdims=keep))
    count = int(np.prod([values.shape[axis] for axis in axes])) if axes else 1
    flat = [0 if count == 0 else abs(int(v)) // count * (1 if v >= 0 else -1) for v in total.ravel()]
    return np.array(flat, values.dtype).reshape(total.shape)


@op("Reduce", 8)
def reduce(p):
    kind = str(p.rng.choice([*FOLD]))
    x = p.pick(*FLOATS, *INTEGERS, *(["bool"] if kind in ("Max", "Min") else []))
    axes = tuple(int(axis) for axis in range(len(x.shape)) if p.chance(0.5))
    keep = p.chance(0.5)
    shape = tuple(1 if axis in axes else extent for axis, extent in enumerate(x.shape) if keep or axis not in axes)

    def compute(values):
        if kind in ("Max", "Min"):
            return FOLD[kind](values, axis=axes, keepdims=keep, initial=values.dtype.type(end(kind, x.dtype))), 0
        if values.dtype.kind != "f":
            if kind == "Mean":
                return integer_mean(values, axes, keep), 0
            return FOLD[kind](values, axis=axes, keepdims=keep, dtype=values.dtype), 0
        wide = wide_enough(values)
        count = int(np.prod([values.shape[axis] for axis in axes])) if axes else 1
        result = FOLD[kind](wide, axis=axes, keepdims=keep).astype("f8")
        rounding = EPSILON[x.dtype] / 2 * np.abs(result) + SMALLEST[x.dtype]
        if kind == "Prod":
            return result, rounding + np.abs(result) * (count + 1) * EPSILON["f64"]
        size = np.sum(np.abs(wide), axis=axes, keepdims=keep).astype("f8") / (max(count, 1) if kind == "Mean" else 1)
        lost = count * adding(x.dtype) * np.where(np.isfinite(size), size, 0)
        return result, 1.01 * rounding + lost + EPSILON["f64"] * np.abs(result)
    text = f"Reduce{{op: {kind}, axes: {list(axes)}, keep_dim: {str(keep).lower()}}}"
    exclude("order of factors", kind == "Prod" and x.dtype in FLOATS and reach(x.value, axes) > (900 if x.dtype == "f64" else 120))
    return p.add(text, [x], x.dtype, shape, compute)


def reach(values, axes):
    """The most binary digits by which a product of some of the factors can differ from 1."""
    with np.errstate(all="ignore"):
        digits = np.abs(np.log2(np.abs(values.astype("f8"))))
    return np.max(np.sum(np.where(np.isfinite(digits), digits, 0), axis=axes), initial=0)


@op("Cumsum", 4)
def cumsum(p):
    x = p.pick(*FLOATS, *INTEGERS, rank=1)
    axis, exclusive = p.axis(x), p.chance(0.5)

    def running(values):
        total = np.cumsum(values, axis, dtype=values.dtype)
        return shifted(total, axis) if exclusive else total

    def compute(values):
        if values.dtype.kind != "f":
            return running(values), 0
        wide = wide_enough(values)
        total, size = running(wide).astype("f8"), running(np.abs(wide)).astype("f8")
        lost = values.shape[axis] * adding(x.dtype) * np.where(np.isfinite(size), size, 0)
        return total, (EPSILON[x.dtype] / 2 + EPSILON["f64"]) * np.abs(total) + lost + SMALLEST[x.dtype]
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
    exclude("place of nothing", x.shape[axis] == 0)
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
    axis = p.axis(x)

    def compute(values):
        wide = wide_enough(values)
        y = softmax_of(wide, axis).astype("f8")
        # The rounding of x - max counts in the exponent.
        depth = np.abs(wide - np.max(wide, axis, keepdims=True, initial=-np.inf)).astype("f8")
        depth = np.where(np.isfinite(depth), np.minimum(depth, 800), 0)
        each = (8 + depth + values.shape[axis] / 16) * EPSILON["f64"] + 1e-12 * (x.dtype != "f64")
        # Of f32 powers are within a unit in the last place.
        return y, y * (each + EPSILON[x.dtype] * (2 if x.dtype == "f32" else 0.5)) + SMALLEST[x.dtype]
    signed = axis - len(x.shape) if p.chance(0.5) else axis
    return p.add(f"Softmax{{axis: {signed}}}", [x], x.dtype, x.shape, compute)


def layer_norm(x, axes, eps):
    """Over some axes, and the largest part of each row beside its deviation: what the rounding of the mean counts for."""
    centred = x - np.mean(x, axes, keepdims=True)
    scale = 1 / np.sqrt(np.mean(centred * centred, axes, keepdims=True) + eps)
    return centred * scale, np.max(np.abs(x), axes, keepdims=True, initial=0) * scale


def rms_norm(x, axes, eps):
    y = x / np.sqrt(np.mean(x * x, axes, keepdims=True) + eps)
    return y, np.abs(y)


def scaled(norm, dtype, axes, eps):
    """A norm over neighbouring axes, then gamma and beta, computed in f64 and rounded once, or in pairs of f32."""
    unit, last = (2.0**-40, EPSILON["f32"]) if dtype == "f32" else (16 * EPSILON["f64"], EPSILON[dtype] / 2)

    def compute(x, gamma, beta):
        x, gamma, beta = (wide_enough(v) for v in (x, gamma, beta))
        along = [extent if a in axes else 1 for a, extent in enumerate(x.shape)]
        gamma, beta = gamma.reshape(along), beta.reshape(along)
        if not x.size:
            return np.zeros(x.shape), np.zeros(x.shape)
        y, large = norm(x, axes, eps)
        z = y * gamma + beta
        off = unit * (np.abs(y * gamma) + np.abs(beta) + large * (1 + y * y) * np.abs(gamma))
        off = off + last * np.abs(z) + SMALLEST[dtype]
        return z.astype("f8"), np.nan_to_num(off.astype("f8"), nan=0.0, posinf=0.0)
    return compute


@op("Norm", 5)
def norm(p):
    x = p.pick(*FLOATS, rank=1)
    exclude("large operands", x.dtype == "f64" and not tame(x.value))
    kind, eps = p.rng.choice(["LayerNorm", "RmsNorm"]), float(p.rng.choice([1e-5, 0.001]))
    # That axis alone, or that and all behind it.
    axis = p.axis(x)
    axes = tuple(range(axis, len(x.shape))) if p.chance(0.3) else (axis,)
    width = tuple(x.shape[a] for a in axes)
    gamma, beta = (operand(p, x.dtype, width) for _ in range(2))
    signed = axis - len(x.shape) if p.chance(0.5) else axis
    compute = scaled(layer_norm if kind == "LayerNorm" else rms_norm, x.dtype, axes, np.float64(np.float32(eps)))
    return p.add(f"{kind}{{axis: {signed}, eps: {eps:.5f}}}", [x, gamma, beta], x.dtype, x.shape, compute)


@op("ResidualNorm", 2)
def residual_norm(p):
    x = p.pick(*FLOATS, rank=1)
    kind = str(p.rng.choice(["FusedResidualLN", "FusedResidualRmsNorm"]))
    has_bias = p.chance(0.5)
    width = (x.shape[-1],)
    operands = [x, operand(p, x.dtype, x.shape)] + [operand(p, x.dtype, width) for _ in range(2 + has_bias)]
    exclude("large operands", not tame(*(node.value for node in operands)))
    last = (len(x.shape) - 1,)
    apply = scaled(layer_norm if kind == "FusedResidualLN" else rms_norm, x.dtype, last, np.float64(np.float32(1e-5)))

    def compute(x_, residual, *rest):
        bias = rest[0].astype("f8") if has_bias else 0
        total = x_.astype("f8") + residual.astype("f8") + bias
        z, off = apply(total, *rest[has_bias:])
        if not total.size:
            return z, off
        # The sums are rounded in f32, or f64: the norm of what lies as far off as that.
        size = np.abs(x_.astype("f8")) + np.abs(residual.astype("f8")) + np.abs(bias)
        step = 2 * EPSILON["f64" if x.dtype == "f64" else "f32"] * np.max(size, -1, keepdims=True)
        centre = np.mean(total, -1, keepdims=True) if kind == "FusedResidualLN" else 0
        scale = 1 / np.sqrt(np.mean((total - centre) ** 2, -1, keepdims=True) + 1e-5)
        gamma = np.abs(rest[has_bias].astype("f8"))
        return z, off + 8 * gamma * step * scale * (1 + np.abs(total) * scale + (np.max(size, -1, keepdims=True) * scale))
    text = f"{kind}{{has_bias: {str(has_bias).lower()}, eps: 0.00001}}"
    return p.add(text, operands, x.dtype, x.shape, compute)
