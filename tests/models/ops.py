"""How each ONNX op of the models is written in RLX's ops.

A function takes the program, the node's operands and, by keyword, the attributes that it knows. An operand is a value of
the program, or an array where it is constant; None where it is left out. It gives the node's results.
"""

import numpy as np

from program import Unsupported, Value

OPS = {}


def op(name):
    def register(function):
        OPS[name] = function
        return function
    return register


def demand(condition, what):
    if not condition:
        raise Unsupported(what)


def constant(operand, what):
    """The elements of an operand that has to be known now."""
    demand(not isinstance(operand, Value), f"{what} depends on the inputs")
    return [element.item() for element in np.ravel(operand)]


def axes_of(x, axes, what="the axes"):
    return [axis % len(x.shape) for axis in constant(axes, what)]


# One node of RLX for one of ONNX.

def binary(kind):
    def function(p, a, b):
        return p.add(f"Binary({kind})", [a, b], np.broadcast_shapes(a.shape, b.shape), p.value(a).dtype)
    return function


for onnx_name, kind in {"Add": "Add", "Sub": "Sub", "Mul": "Mul", "Div": "Div", "Pow": "Pow", "Max": "Max"}.items():
    OPS[onnx_name] = binary(kind)


def activation(kind):
    return lambda p, x: p.add(f"Activation({kind})", [x], x.shape)


for onnx_name, kind in {"Relu": "Relu", "Sigmoid": "Sigmoid", "Tanh": "Tanh", "Exp": "Exp", "Sqrt": "Sqrt",
                        "Reciprocal": "Recip"}.items():
    OPS[onnx_name] = activation(kind)


@op("Identity")
def identity(p, x):
    return x


@op("Equal")
def equal(p, a, b):
    return p.add("Compare(Eq)", [a, b], np.broadcast_shapes(a.shape, b.shape), "bool")


@op("Cast")
def cast(p, x, *, to):
    kinds = {1: "f32", 6: "i32", 7: "i64", 9: "bool"}
    demand(to in kinds, f"to {to}")
    names = {"bool": "Bool"}
    return p.add(f"Cast{{to: {names.get(kinds[to], kinds[to].upper())}}}", [x], x.shape, kinds[to])


@op("Clip")
def clip(p, x, low=None, high=None):
    bounds = -np.inf if low is None else low, np.inf if high is None else high
    (low,), (high,) = (constant(bound, "a bound") for bound in bounds)
    return p.add(f"Clamp{{min: {low}, max: {high}}}", [x], x.shape)


@op("MatMul")
def matmul(p, a, b):
    demand(len(a.shape) >= 2 and len(b.shape) >= 2, "of a vector")
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    return p.add("MatMul", [a, b], shape)


@op("Gemm")
def gemm(p, a, b, bias=None, *, alpha=1.0, beta=1.0, transA=0, transB=0):
    demand(alpha == beta == 1 and not transA, f"alpha {alpha}, beta {beta}, transA {transA}")
    demand(not isinstance(b, Value), "a weight that depends on the inputs")
    product = matmul(p, a, b.T if transB else b)
    return product if bias is None else OPS["Add"](p, product, bias)


@op("Softmax")
def softmax(p, x, *, axis=-1):
    # Of an earlier axis, ONNX means another thing before opset 13 than RLX.
    demand(axis % len(x.shape) == len(x.shape) - 1, f"along axis {axis}, which is not the last")
    return p.add("Softmax{axis: -1}", [x], x.shape)


@op("BatchNormalization")
def batch_normalization(p, x, scale, bias, mean, variance, *, epsilon=1e-5, momentum=0.9):
    """A factor and a term of each channel. RLX's own has the channels last."""
    factor = scale.astype("f8") / np.sqrt(variance.astype("f8") + epsilon)
    term = bias - mean * factor
    factor, term = (np.reshape(v.astype("f4"), (1, -1, *[1] * (len(x.shape) - 2))) for v in (factor, term))
    return OPS["Add"](p, OPS["Mul"](p, x, factor), term)


# Reductions and windows.

def reduce(p, kind, x, axes, keep):
    axes = list(range(len(x.shape))) if axes is None else sorted(axes_of(x, axes))
    shape = [1 if axis in axes else extent for axis, extent in enumerate(x.shape)]
    shape = shape if keep else [extent for axis, extent in enumerate(x.shape) if axis not in axes]
    return p.add(f"Reduce{{op: {kind}, axes: {axes}, keep_dim: {'true' if keep else 'false'}}}", [x], shape)


def reduction(kind):
    """The axes are an attribute in old opsets, an operand in new ones."""
    def function(p, x, given=None, *, axes=None, keepdims=1, noop_with_empty_axes=0):
        axes = given if axes is None else axes
        demand(axes is not None and np.size(axes) or not noop_with_empty_axes, "that does nothing")
        return reduce(p, kind, x, axes, keepdims)
    return function


for onnx_name, kind in {"ReduceMean": "Mean", "ReduceSum": "Sum", "ReduceMax": "Max"}.items():
    OPS[onnx_name] = reduction(kind)


def of_plane(kind):
    return lambda p, x: reduce(p, kind, x, list(range(2, len(x.shape))), True)


OPS["GlobalAveragePool"], OPS["GlobalMaxPool"] = of_plane("Mean"), of_plane("Max")


def pool(kind):
    def function(p, x, *, kernel_shape, strides, pads=None, ceil_mode=0, count_include_pad=0):
        before, behind = np.reshape(pads or [0, 0] * len(strides), (2, -1)).tolist()
        demand(before == behind and not ceil_mode, f"pads {pads}, ceil_mode {ceil_mode}")
        demand(kind == "Max" or not any(before), f"of the mean, pads {pads}")
        out = [(extent + 2 * pad - k) // s + 1 for extent, k, s, pad in zip(x.shape[2:], kernel_shape, strides, before)]
        text = f"Pool{{kind: {kind}, kernel_size: {kernel_shape}, stride: {strides}, padding: {before}}}"
        return p.add(text, [x], (*x.shape[:2], *out))
    return function


OPS["AveragePool"], OPS["MaxPool"] = pool("Mean"), pool("Max")


def biased(p, y, bias):
    """ONNX's convolutions add a bias of each channel, RLX's do not."""
    if bias is None:
        return y
    bias = np.reshape(bias, (1, -1, *[1] * (len(y.shape) - 2)))
    return p.add("Binary(Add)", [y, bias], y.shape)


@op("Conv")
def conv(p, x, w, bias=None, *, kernel_shape=None, strides=None, pads=None, dilations=None, group=1, auto_pad="NOTSET"):
    demand(auto_pad in ("NOTSET", "VALID"), f"auto_pad {auto_pad}")
    kernel = list(w.shape[2:])
    demand(kernel_shape in (None, kernel), f"a kernel of {kernel_shape}, not {kernel}")
    strides, dilations, pads = strides or [1] * len(kernel), dilations or [1] * len(kernel), pads or [0, 0] * len(kernel)
    before, behind = pads[:len(kernel)], pads[len(kernel):]
    demand(before == behind, f"pads {pads}, which differ before and behind")
    out = [(extent + 2 * pad - d * (k - 1) - 1) // s + 1
           for extent, k, s, pad, d in zip(x.shape[2:], kernel, strides, before, dilations)]
    text = (f"Conv{{kernel_size: {kernel}, stride: {strides}, padding: {before}, dilation: {dilations}, "
            f"groups: {group}}}")
    return biased(p, p.add(text, [x, w], (x.shape[0], w.shape[0], *out)), bias)


@op("ConvTranspose")
def conv_transpose(p, x, w, bias=None, *, kernel_shape, strides, pads, dilations, group=1):
    demand(pads[:2] == pads[2:] and len(pads) == 4, f"pads {pads}")
    out = [(extent - 1) * s - 2 * pad + d * (k - 1) + 1
           for extent, k, s, pad, d in zip(x.shape[2:], kernel_shape, strides, pads, dilations)]
    text = (f"ConvTranspose2d{{kernel_size: {kernel_shape}, stride: {strides}, padding: {pads[:2]}, "
            f"dilation: {dilations}, output_padding: [0, 0], groups: {group}}}")
    return biased(p, p.add(text, [x, w], (x.shape[0], w.shape[1] * group, *out)), bias)


# What moves elements.

def reshaped(p, x, shape):
    shape = [int(extent) for extent in shape]
    return x if tuple(shape) == x.shape else p.add(f"Reshape{{new_shape: {shape}}}", [x], shape)


@op("Reshape")
def reshape(p, x, shape, *, allowzero=0):
    demand(not allowzero, "allowzero")
    shape = [x.shape[i] if extent == 0 else extent for i, extent in enumerate(constant(shape, "the shape"))]
    return reshaped(p, x, np.empty(x.shape, "?").reshape(shape).shape)


@op("Flatten")
def flatten(p, x, *, axis=1):
    return reshaped(p, x, (np.prod(x.shape[:axis]), np.prod(x.shape[axis:])))


@op("Squeeze")
def squeeze(p, x, given=None, *, axes=None):
    axes = axes_of(x, given if axes is None else axes)
    return reshaped(p, x, [extent for axis, extent in enumerate(x.shape) if axis not in axes])


@op("Unsqueeze")
def unsqueeze(p, x, given=None, *, axes=None):
    axes = constant(given if axes is None else axes, "the axes")
    return reshaped(p, x, np.expand_dims(np.empty(x.shape, "?"), tuple(axes)).shape)


@op("Transpose")
def transpose(p, x, *, perm):
    return p.add(f"Transpose{{perm: {perm}}}", [x], [x.shape[axis] for axis in perm])


@op("Concat")
def concat(p, *parts, axis):
    axis %= len(parts[0].shape)
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return p.add(f"Concat{{axis: {axis}}}", parts, shape)


@op("Expand")
def expand(p, x, shape):
    shape = list(np.broadcast_shapes(x.shape, constant(shape, "the shape")))
    return x if tuple(shape) == x.shape else p.add(f"Expand{{target_shape: {shape}}}", [x], shape)


@op("Slice")
def cut(p, x, starts, ends, axes=None, steps=None):
    starts, ends = constant(starts, "a start"), constant(ends, "an end")
    axes = axes_of(x, range(len(starts)) if axes is None else axes)
    steps = [1] * len(starts) if steps is None else constant(steps, "a step")
    for start, end, axis, step in zip(starts, ends, axes, steps):
        extent = x.shape[axis]
        picked = range(extent)[slice(start, end if step > 0 or end >= -extent else None, step)]
        if len(picked) == extent and step == 1:
            continue
        shape = [len(picked) if a == axis else e for a, e in enumerate(x.shape)]
        text = f"axis: {axis}, start: {picked.start}, len: {len(picked)}"
        x = p.add(f"Narrow{{{text}}}" if step == 1 else f"Slice{{{text}, step: {step}}}", [x], shape)
    return x


@op("Gather")
def gather(p, x, index, *, axis=0):
    """One element along an axis, which then is gone."""
    demand(np.ndim(index) == 0, "of several elements")
    (index,), (axis,) = constant(index, "the index"), axes_of(x, [axis])
    index %= x.shape[axis]
    return squeeze(p, cut(p, x, [index], [index + 1], [axis]), [axis])


@op("Pad")
def pad(p, x, pads, value=None, *, mode="constant"):
    pads, rank = constant(pads, "a pad"), len(x.shape)
    demand(mode == "reflect" and min(pads) >= 0, f"mode {mode}, pads {pads}")
    pads = [[pads[axis], pads[rank + axis]] for axis in range(rank)]
    return p.add(f"Pad{{pads: {pads}, mode: Reflect}}", [x], [extent + sum(pad) for extent, pad in zip(x.shape, pads)])


# What several nodes of RLX make.

@op("HardSigmoid")
def hard_sigmoid(p, x, *, alpha=0.2, beta=0.5):
    """max(0, min(1, alpha x + beta)). RLX's own has other numbers."""
    line = p.add("Binary(Mul)", [x, np.float32([alpha])], x.shape)
    line = p.add("Binary(Add)", [line, np.float32([beta])], x.shape)
    return p.add("Clamp{min: 0.0, max: 1.0}", [line], x.shape)


@op("Resize")
def resize(p, x, roi, scales, sizes=None, *, mode, coordinate_transformation_mode, nearest_mode="round_prefer_floor"):
    """Each element as often as the scale says, which doubling does."""
    how = mode, coordinate_transformation_mode, nearest_mode
    demand(how == ("nearest", "asymmetric", "floor") and sizes is None, f"of the kind {how}")
    *outer, rows, columns = constant(scales, "the scale")
    times = int(np.log2(rows))
    demand(outer == [1, 1] and rows == columns == 2**times, f"by {outer, rows, columns}")
    for _ in range(times):
        x = p.add("ResizeNearest2x", [x], (*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))
    return x


@op("LSTM")
def lstm(p, x, w, r, bias, lengths, hidden, cell, *, hidden_size):
    """One direction from given states, step by step. ONNX has the gates in the order input, output, forget, cell."""
    steps, batch, width = x.shape
    demand(lengths is None and w.shape[0] == 1, "with lengths, or of two directions")
    weight, recurrent = np.transpose(w[0]), np.transpose(r[0])
    bias = bias[0, :4 * hidden_size] + bias[0, 4 * hidden_size:]
    hidden, cell = (reshaped(p, state, (batch, hidden_size)) for state in (hidden, cell))
    rows = []
    for step in range(steps):
        row = p.add(f"Narrow{{axis: 0, start: {step}, len: 1}}", [x], (1, batch, width)) if steps > 1 else x
        row = reshaped(p, row, (batch, width))
        gates = OPS["Add"](p, matmul(p, row, weight), matmul(p, hidden, recurrent))
        gates = OPS["Add"](p, gates, bias)
        parts = [cut(p, gates, [i * hidden_size], [(i + 1) * hidden_size], [1]) for i in range(4)]
        entry, out, forget = (OPS["Sigmoid"](p, part) for part in parts[:3])
        cell = OPS["Add"](p, OPS["Mul"](p, forget, cell), OPS["Mul"](p, entry, OPS["Tanh"](p, parts[3])))
        hidden = OPS["Mul"](p, out, OPS["Tanh"](p, cell))
        rows.append(reshaped(p, hidden, (1, 1, batch, hidden_size)))
    states = (reshaped(p, state, (1, batch, hidden_size)) for state in (hidden, cell))
    return rows[0] if steps == 1 else concat(p, *rows, axis=0), *states
