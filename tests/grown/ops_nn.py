"""Matrix products, attention, rotary embedding, and what is fused of them."""

import numpy as np

from dtypes import EPSILON, FLOATS, SMALLEST, rounded
from exclusions import exclude, tame
from ops_elementwise import EXACT, ROUNDED, approximate, sigmoid
from ops_reduce import softmax_of
from ops_shape import operand
from program import Skip
from registry import op


def adding(dtype):
    """What products are added in."""
    return "f64" if dtype == "f64" else "f32"


def product(x, w, dtype):
    """x @ w in f64, and how far off it may be."""
    x, w = x.astype("f8"), w.astype("f8")
    y = x @ w
    return y, (x.shape[-1] + 2) * EPSILON[adding(dtype)] * (np.abs(x) @ np.abs(w)) + EPSILON[dtype] * np.abs(y) + SMALLEST[dtype]


def matrices(p):
    x = p.pick(*FLOATS, rank=2)
    exclude("large operands", not tame(x.value))
    batch = list(x.shape[:-2])
    batch = [1 if p.chance(0.3) else extent for extent in batch][int(p.rng.integers(len(batch) + 1)) if p.chance(0.4) else 0:]
    w = operand(p, x.dtype, (*batch, x.shape[-1], p.extent()))
    exclude("large operands", not tame(w.value))
    return x, w, (*np.broadcast_shapes(x.shape[:-2], w.shape[:-2]), x.shape[-2], w.shape[-1])


@op("MatMul", 5)
def matmul(p):
    x, w, shape = matrices(p)
    return p.add("MatMul", [x, w], x.dtype, shape, lambda a, b: product(a, b, x.dtype))


@op("FusedMatMulBiasAct", 2)
def matmul_bias_act(p):
    x, w, shape = matrices(p)
    if len(w.shape) != 2:
        raise Skip
    kind = str(p.rng.choice(["none", "Relu", "Gelu", "Silu", "Tanh", "Sigmoid"]))
    bias = operand(p, x.dtype, (shape[-1],))
    exclude("large operands", not tame(bias.value))

    def compute(a, b, c):
        y, off = product(a, b, x.dtype)
        step = EPSILON[x.dtype if kind in ("none", *EXACT) else adding(x.dtype)]
        y, off = y + c.astype("f8"), off + step * (np.abs(y) + np.abs(c.astype("f8")) + np.abs(y + c.astype("f8")))
        if kind == "none":
            return y, off
        if kind in EXACT:
            return EXACT[kind](y), off
        z, more = approximate(kind, x.dtype)(y)
        return z, more + 1.2 * off + 4 * EPSILON[adding(x.dtype)] * np.abs(z)  # none of them is steeper
    return p.add(f"FusedMatMulBiasAct{{activation: {kind}}}", [x, w, bias], x.dtype, shape, compute)


@op("FusedSwiGLU")
def swiglu(p):
    x = p.pick(*FLOATS, rank=1)
    exclude("large operands", not tame(x.value))
    half, gate_first = x.shape[-1] // 2, p.chance(0.5)
    if x.shape[-1] % 2:
        raise Skip

    def compute(values):
        low, high = values[..., :half].astype("f8"), values[..., half:].astype("f8")
        up, gate = (high, low) if gate_first else (low, high)
        y = up * gate * sigmoid(gate)
        return y, np.abs(y) * (8 * EPSILON[adding(x.dtype)] + EPSILON[x.dtype] / 2) + (1 + np.abs(up)) * SMALLEST[adding(x.dtype)] + SMALLEST[x.dtype]
    text = f"FusedSwiGLU{{cast_to: none, gate_first: {str(gate_first).lower()}}}"
    return p.add(text, [x], x.dtype, (*x.shape[:-1], half), compute)


@op("Rope", 2)
def rope(p):
    dtype = p.dtype(("f32", "f16", "bf16", "f64"))
    heads, head_dim, seq = (int(p.rng.choice(extents)) for extents in ((1, 2, 3), (2, 4, 66), (0, 1, 2, 65)))
    n_rot = int(p.rng.choice([n for n in (0, 2, 4, 64, 66) if n <= head_dim]))
    lead = [int(p.rng.choice([0, 1, 2], p=[0.1, 0.5, 0.4])) for _ in range(int(p.rng.integers(3)))]
    x = operand(p, dtype, (*lead, seq, heads * head_dim))
    exclude("large operands", not tame(x.value))
    rows, half = seq + int(p.rng.integers(3)), n_rot // 2
    angles = p.rng.uniform(0, 6, (rows, half))
    tables = [operand(p, dtype, (rows, half), rounded(table(angles), dtype)) for table in (np.cos, np.sin)]
    style = str(p.rng.choice(["NeoX", "GptJ"]))

    def compute(x_, cos, sin):
        heads_ = x_.astype("f8").reshape(*x_.shape[:-1], heads, head_dim)
        y, off = heads_.copy(), np.zeros_like(heads_)
        cos, sin = (t[:seq].astype("f8")[:, None, :] for t in (cos, sin))
        a = np.s_[..., :half] if style == "NeoX" else np.s_[..., 0:n_rot:2]
        b = np.s_[..., half:n_rot] if style == "NeoX" else np.s_[..., 1:n_rot:2]
        y[a], y[b] = heads_[a] * cos - heads_[b] * sin, heads_[b] * cos + heads_[a] * sin
        off[a] = off[b] = 3 * EPSILON[adding(dtype)] * (np.abs(heads_[a]) + np.abs(heads_[b])) + SMALLEST[dtype]
        off += EPSILON[dtype] / 2 * np.abs(y)
        return y.reshape(x_.shape), off.reshape(x_.shape)
    text = f"Rope{{head_dim: {head_dim}, n_rot: {n_rot}, style: {style}}}"
    return p.add(text, [x, *tables], dtype, x.shape, compute)


@op("Attention", 4)
def attention(p):
    dtype = p.dtype(("f32", "f16", "bf16", "f64"))
    draw = lambda *values: int(p.rng.choice(values))
    batch, kv_heads, group = draw(0, 1, 1, 2, 2), draw(1, 2), draw(1, 1, 2)
    heads, queries = kv_heads * group, draw(0, 1, 2, 65)
    keys = queries if queries and p.chance(0.5) else draw(1, 2, 65)
    size, v_size = draw(1, 2, 4, 65), draw(1, 2, 65)
    mask_kind = str(p.rng.choice(["None", "Causal", "SlidingWindow", "Custom", "Bias"]))
    layout = str(p.rng.choice(["BHSD", "BSHD", "BSE", "SE"]))
    if layout == "BSHD" and queries == heads:
        raise Skip  # which would be read as BHSD
    if layout == "SE":
        batch = 1

    def laid(length, count, width):
        return {"BHSD": (batch, count, length, width), "BSHD": (batch, length, count, width),
                "BSE": (batch, length, count * width), "SE": (length, count * width)}[layout]

    # Scores may leave the range of f16.
    size_of = float(p.rng.choice([1.0, 1.0, 200.0]))

    def numbers(shape, largest=1.0):
        return rounded(p.rng.uniform(-largest, largest, shape), dtype)

    shapes = laid(queries, heads, size), laid(keys, kv_heads, size), laid(keys, kv_heads, v_size)
    operands = [operand(p, dtype, shape, numbers(shape, most)) for shape, most in zip(shapes, (size_of, size_of, 1.0))]
    if mask_kind == "Custom":
        shape = [(batch, keys), (batch, queries, keys), (batch, heads, queries, keys)][draw(0, 1, 2)]
        seen = p.rng.random(shape) < 0.7
        # A row that is hidden whole is an even average.
        seen[..., :1] |= p.chance(0.8)
        mask_dtype = p.dtype(("bool", "f32", "i32"))
        operands.append(operand(p, mask_dtype, shape, rounded(seen, mask_dtype)))
    if mask_kind == "Bias":
        shape = (batch, heads, queries, keys) if p.chance(0.5) else (1, 1, queries, keys)
        operands.append(operand(p, dtype, shape, numbers(shape)))
    window, cap = draw(0, 1, 64, 1000), 5.0 if p.chance(0.3) else None
    # More queries than keys begin with them, as rlx-cpu has it.
    offset = max(keys - queries, 0)

    def compute(q, k, v, mask=None):
        def split(x, count):
            x = x.astype("f8")
            if layout in ("BSE", "SE"):
                x = x.reshape(batch, -1 if x.size else (x.shape[-2]), count, x.shape[-1] // count)
            return x if layout == "BHSD" else np.swapaxes(x, 1, 2)
        q, k, v = split(q, heads), np.repeat(split(k, kv_heads), group, 1), np.repeat(split(v, kv_heads), group, 1)
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(size)
        size_of_scores = np.abs(q) @ np.abs(np.swapaxes(k, -1, -2)) / np.sqrt(size)
        scores = cap * np.tanh(scores / cap) if cap else scores
        i, j = np.arange(queries)[:, None] + offset, np.arange(keys)[None, :]
        if mask_kind in ("Causal", "SlidingWindow"):
            visible = (j <= i) & (j >= i - (window if mask_kind == "SlidingWindow" else queries + keys))
            scores = np.where(visible, scores, -np.inf)
        elif mask_kind == "Custom":
            visible = mask.astype("f8") >= 0.5
            lead = (1, 1) if mask.ndim == 2 else (1,) if mask.ndim == 3 else ()
            visible = visible.reshape(visible.shape[0], *lead, *visible.shape[1:])
            scores = np.where(visible, scores, -np.inf)
        elif mask_kind == "Bias":
            scores = scores + mask.astype("f8")
        scores = np.where(np.all(np.isneginf(scores), -1, keepdims=True), 0.0, scores)
        y = softmax_of(scores) @ v
        if layout != "BHSD":
            y = np.swapaxes(y, 1, 2)
        y = y.reshape(laid(queries, heads, v_size))
        # What scores are off by, all of them, counts in the exponent; values are up to 1.
        off = np.max(size_of_scores, initial=1.0) * (size + 8) + keys + 64
        return y, off * EPSILON[adding(dtype)] + EPSILON[dtype] / 2 * np.abs(y) + SMALLEST[dtype]
    kind = f"SlidingWindow({window})" if mask_kind == "SlidingWindow" else mask_kind
    text = (f"Attention{{num_heads: {heads}, head_dim: {size}, v_head_dim: {v_size}, mask_kind: {kind}, "
            f"score_scale: none, attn_logit_softcap: {cap or 'none'}}}")
    return p.add(text, operands, dtype, laid(queries, heads, v_size), compute)


def linear(x, w, bias=None):
    y = x @ w
    return y if bias is None else y + bias


def block(hidden, qkv, out, mask, heads, size):
    """Multi-head attention over [batch, seq, width] under a mask of keys, projections included."""
    batch, seq, _ = hidden.shape
    q, k, v = np.moveaxis(linear(hidden, *qkv).reshape(batch, seq, 3, heads, size), (2, 3), (0, 2))
    scores = np.where(mask[:, None, None, :] >= 0.5, q @ np.swapaxes(k, -1, -2) / np.sqrt(size), -np.inf)
    merged = np.swapaxes(softmax_of(scores) @ v, 1, 2).reshape(batch, seq, heads * size)
    return linear(merged, *out)


def layer_parts(p, has_bias):
    """A hidden state of f32 and ordinary weights, for what is fused of whole layers."""
    batch, seq, heads, size = (int(p.rng.choice(extents)) for extents in ((0, 1, 2), (1, 2, 65), (1, 2), (1, 2, 4)))
    width = heads * size
    weight = lambda *shape: operand(p, "f32", shape, rounded(p.rng.uniform(-1, 1, shape) / np.sqrt(max(shape[0], 1)), "f32"))
    pair = lambda *shape: [weight(*shape), *([weight(shape[-1])] if has_bias else [])]
    seen = p.rng.random((batch, seq)) < 0.7
    seen[:, :1] = True
    mask = operand(p, "f32", (batch, seq), rounded(seen, "f32"))
    return weight(batch, seq, width), mask, heads, size, pair


@op("FusedAttentionBlock")
def attention_block(p):
    has_bias = p.chance(0.5)
    hidden, mask, heads, size, pair = layer_parts(p, has_bias)
    qkv, out = pair(hidden.shape[-1], 3 * heads * size), pair(heads * size, hidden.shape[-1])
    operands = [hidden, qkv[0], out[0], mask, *qkv[1:], *out[1:]]

    def compute(hidden, qkv, out, mask, *biases):
        hidden, qkv, out, *biases = (v.astype("f8") for v in (hidden, qkv, out, *biases))
        y = block(hidden, (qkv, *biases[:1]), (out, *biases[1:]), mask, heads, size)
        return y, np.full(y.shape, 400 * EPSILON["f32"])
    text = f"FusedAttentionBlock{{num_heads: {heads}, head_dim: {size}, has_bias: {str(has_bias).lower()}, has_rope: false}}"
    return p.add(text, operands, "f32", hidden.shape, compute)


@op("FusedTransformerLayer")
def transformer_layer(p):
    has_bias = p.chance(0.5)
    hidden, mask, heads, size, pair = layer_parts(p, has_bias)
    width, inner = hidden.shape[-1], int(p.rng.choice([1, 2, 65]))
    weights = [pair(width, 3 * width), pair(width, width), pair(width), pair(width, inner), pair(inner, width), pair(width)]
    kind = str(p.rng.choice(["Relu", "Tanh", "Silu"]))

    def compute(hidden, *rest):
        hidden, mask, step = hidden.astype("f8"), rest[-1], 2 if has_bias else 1
        parts = [[v.astype("f8") for v in rest[i * step:(i + 1) * step]] for i in range(6)]

        def norm(x, gamma, beta=0.0):
            return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 0.5) * gamma + beta
        h = norm(hidden + block(hidden, parts[0], parts[1], mask, heads, size), *parts[2])
        y = norm(h + linear((EXACT | ROUNDED)[kind](linear(h, *parts[3])), *parts[4]), *parts[5])
        return y, np.full(y.shape, 4000 * EPSILON["f32"])  # the norms' epsilons bound how much they enlarge
    text = (f"FusedTransformerLayer{{num_heads: {heads}, head_dim: {size}, intermediate_size: {inner}, eps1: 0.5, eps2: 0.5, "
            f"activation: {kind}, has_bias: {str(has_bias).lower()}}}")
    return p.add(text, [hidden, *(w for ws in weights for w in ws), mask], "f32", hidden.shape, compute)


@op("MaxPool2dBackward", 2)
def max_pool_backward(p):
    n, c, h, w = (int(p.rng.choice(extents)) for extents in ((0, 1, 2), (1, 2), (1, 2, 5, 65), (1, 2, 5, 65)))
    kernel = [int(p.rng.integers(1, 4)) for _ in range(2)]
    stride, padding = [int(p.rng.integers(1, 4)) for _ in range(2)], [int(p.rng.integers(k)) for k in kernel]
    h_out, w_out = ((e + 2 * pad - k) // s + 1 for e, pad, k, s in zip((h, w), padding, kernel, stride))
    if h_out < 1 or w_out < 1 or n * c * h * w > 9000:
        raise Skip
    x, dy = operand(p, "f32", (n, c, h, w)), operand(p, "f32", (n, c, h_out, w_out))

    def compute(x, dy):
        wide = np.full((n, c, h + 2 * padding[0], w + 2 * padding[1]), -np.inf)
        wide[:, :, padding[0]:padding[0] + h, padding[1]:padding[1] + w] = x
        gradient, size = np.zeros_like(wide), np.zeros_like(wide)
        for i in range(h_out):
            for j in range(w_out):
                top, left = i * stride[0], j * stride[1]
                first = wide[:, :, top:top + kernel[0], left:left + kernel[1]].reshape(n, c, kernel[0] * kernel[1]).argmax(-1)
                at = (*np.indices((n, c)), top + first // kernel[1], left + first % kernel[1])
                gradient[at] += dy[:, :, i, j]
                size[at] += np.abs(dy[:, :, i, j])
        inner = np.s_[:, :, padding[0]:padding[0] + h, padding[1]:padding[1] + w]
        return gradient[inner], 16 * EPSILON["f32"] * size[inner]
    exclude("large operands", not tame(x.value, dy.value))
    return p.add(f"MaxPool2dBackward{{kernel_size: {kernel}, stride: {stride}, padding: {padding}}}", [x, dy], "f32",
                 x.shape, compute)
