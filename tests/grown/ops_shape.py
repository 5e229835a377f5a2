"""Ops that move elements: all exact."""

from math import prod

import numpy as np

from program import MOST, Skip
from registry import ANY, op


def moved(program, text, inputs, compute):
    """A node of exactly what `compute` gives."""
    shape = compute(*(node.value for node in inputs)).shape
    return program.add(text, inputs, inputs[0].dtype, shape, lambda *values: (compute(*values), 0))


@op("Reshape", 2)
def reshape(p):
    x = p.pick(*ANY)
    factors = [extent for extent in x.shape if extent != 1]
    p.rng.shuffle(factors)
    # Neighbours are joined, and ones put between.
    shape = []
    for factor in factors:
        if shape and p.chance(0.4):
            shape[-1] *= factor
        else:
            shape.append(factor)
    for _ in range(int(p.rng.integers(3))):
        shape.insert(int(p.rng.integers(len(shape) + 1)), 1)
    if len(shape) > 5:
        raise Skip
    new = [int(extent) for extent in shape]
    if new and prod(new) > 0 and p.chance(0.3):
        new[int(p.rng.integers(len(new)))] = -1
    return moved(p, f"Reshape{{new_shape: {new}}}", [x], lambda x: x.reshape(shape))


@op("Transpose", 4)
def transpose(p, x=None):
    x = x or p.pick(*ANY)
    perm = [int(axis) for axis in p.rng.permutation(len(x.shape))]
    return moved(p, f"Transpose{{perm: {perm}}}", [x], lambda x: np.transpose(x, perm))


@op("Narrow", 3)
def narrow(p):
    x = p.pick(*ANY, rank=1)
    axis = p.axis(x)
    start = int(p.rng.integers(x.shape[axis] + 1))
    length = int(p.rng.integers(x.shape[axis] - start + 1))
    place = (slice(None),) * axis + (slice(start, start + length),)
    return moved(p, f"Narrow{{axis: {axis}, start: {start}, len: {length}}}", [x], lambda x: x[place])


@op("Slice", 2)
def step_slice(p):
    x = p.pick(*ANY, rank=1)
    axis = p.axis(x)
    extent = x.shape[axis]
    if extent == 0:
        raise Skip
    start = int(p.rng.integers(extent))
    step = int(p.rng.choice([-3, -2, -1, 1, 2, 3, 64, -64]))
    room = (extent - 1 - start) // step if step > 0 else start // -step
    length = int(p.rng.integers(room + 2))
    picks = start + step * np.arange(length)
    text = f"Slice{{axis: {axis}, start: {start}, len: {length}, step: {step}}}"
    return moved(p, text, [x], lambda x: np.take(x, picks, axis))


@op("Concat", 2)
def concat(p):
    x = p.pick(*ANY, rank=1)
    axis = p.axis(x)
    parts = [x]
    for _ in range(int(p.rng.integers(1, 3))):
        shape = (*x.shape[:axis], p.extent(), *x.shape[axis + 1:])
        parts.append(x if p.chance(0.2) else operand(p, x.dtype, shape))
    p.rng.shuffle(parts)
    if sum(prod(part.shape) for part in parts) > MOST:
        raise Skip
    return moved(p, f"Concat{{axis: {axis}}}", parts, lambda *parts: np.concatenate(parts, axis))


@op("Expand", 2)
def expand(p):
    x = p.pick(*ANY)
    shape = [p.extent() if extent == 1 else extent for extent in x.shape]
    for _ in range(int(p.rng.integers(2)) if len(shape) < 4 else 0):
        shape.insert(0, p.extent())
    if prod(shape) > MOST:
        raise Skip
    return moved(p, f"Expand{{target_shape: {shape}}}", [x], lambda x: np.broadcast_to(x, shape))


@op("Reverse", 3)
def reverse(p):
    x = p.pick(*ANY, rank=1)
    axes = [axis for axis in range(len(x.shape)) if p.chance(0.6)]
    return moved(p, f"Reverse{{axes: {axes}}}", [x], lambda x: np.flip(x, axes))


@op("Roll", 2)
def roll(p):
    x = p.pick(*ANY, rank=1)
    axes = [p.axis(x) for _ in range(int(p.rng.integers(1, 3)))]
    shifts = [int(p.rng.integers(-200, 200)) for _ in axes]
    return moved(p, f"Roll{{shifts: {shifts}, dims: {axes}}}", [x], lambda x: np.roll(x, shifts, axes))


@op("Tile", 2)
def tile(p):
    x = p.pick(*ANY)
    reps = [int(p.rng.choice([0, 1, 2, 3], p=[0.05, 0.45, 0.3, 0.2])) for _ in x.shape]
    if prod(x.shape) * prod(reps) > MOST:
        raise Skip
    return moved(p, f"Tile{{reps: {reps}}}", [x], lambda x: np.tile(x, reps))


@op("Trilu", 2)
def triangle(p):
    x = p.pick(*ANY, rank=2)
    upper, diagonal = p.chance(0.5), int(p.rng.integers(-5, 6))
    keep = np.triu if upper else np.tril
    return moved(p, f"Trilu{{upper: {str(upper).lower()}, diagonal: {diagonal}}}", [x], lambda x: keep(x, diagonal))


@op("Pad", 2)
def pad(p):
    x = p.pick(*ANY)
    mode = str(p.rng.choice(["constant", "reflect", "edge", "wrap"]))
    most = {"constant": lambda n: 4, "reflect": lambda n: n - 1, "edge": lambda n: 4 if n else 0, "wrap": lambda n: n}[mode]
    pads = [[int(p.rng.integers(min(max(most(extent), 0), 4) + 1)) for _ in range(2)] for extent in x.shape]
    if prod(before + extent + behind for (before, behind), extent in zip(pads, x.shape)) > MOST:
        raise Skip
    value = int(p.rng.integers(2)) if x.dtype == "bool" else int(p.rng.integers(100))
    text = {"constant": f"Constant({value}.0)", "reflect": "Reflect", "edge": "Replicate", "wrap": "Circular"}[mode]
    more = {"constant_values": value} if mode == "constant" else {}
    return moved(p, f"Pad{{pads: {pads}, mode: {text}}}", [x], lambda x: np.pad(x, pads, mode, **more) if x.ndim else x)


def operand(p, dtype, shape, values=None):
    """A value of this dtype and shape: one that there is, or a leaf, as it is or seen through an op that leaves it strided
    in memory. `values` are the elements, where they matter."""
    shape = tuple(shape)
    known = [node for node in p.nodes if (node.dtype, node.shape) == (dtype, shape)]
    if known and values is None and p.chance(0.5):
        return known[int(p.rng.integers(len(known)))]
    if values is None:
        values = p.values(dtype, shape)
    if not shape or prod(shape) > MOST // 2:
        return p.leaf(dtype, shape, values)
    axis = int(p.rng.integers(len(shape)))
    extent = shape[axis]
    layout = str(p.rng.choice(["dense", "transposed", "narrowed", "reversed", "gathered"]))
    if layout == "transposed":
        perm = p.rng.permutation(len(shape))
        x = p.leaf(dtype, tuple(shape[a] for a in np.argsort(perm)), np.transpose(values, np.argsort(perm)))
        perm = [int(a) for a in perm]
        return moved(p, f"Transpose{{perm: {perm}}}", [x], lambda x: np.transpose(x, perm))
    if layout == "narrowed":
        before, behind = int(p.rng.integers(3)), int(p.rng.integers(3))
        widths = [(before, behind) if a == axis else (0, 0) for a in range(len(shape))]
        # 1 outside: valid for every dtype, and a wrong start shows.
        wide = np.pad(values, widths, constant_values=1)
        x = p.leaf(dtype, wide.shape, wide)
        place = (slice(None),) * axis + (slice(before, before + extent),)
        return moved(p, f"Narrow{{axis: {axis}, start: {before}, len: {extent}}}", [x], lambda x: x[place])
    if layout == "reversed":
        x = p.leaf(dtype, shape, np.flip(values, axis))
        return moved(p, f"Reverse{{axes: [{axis}]}}", [x], lambda x: np.flip(x, axis))
    if layout == "gathered":
        order = p.rng.permutation(extent)
        x = p.leaf(dtype, shape, np.take(values, order, axis))
        indices = p.leaf("i32", (extent,), np.argsort(order))
        return moved(p, f"Gather{{axis: {axis}}}", [x, indices], lambda x, i: np.take(x, i, axis))
    return p.leaf(dtype, shape, values)
