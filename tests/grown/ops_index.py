"""Ops that index arrays decide about: gathers, scatters, updates of parts. All exact.

An index is truncated, counts from the end if it is negative, and is then clamped into the axis; NaN is 0.
"""

from math import prod

import numpy as np

from dtypes import FLOATS, INTEGERS
from ops_shape import moved, operand
from program import MOST, Skip
from registry import ANY, op


def places(indices, extent):
    """What the indices name."""
    if indices.dtype.kind == "f":
        whole = np.trunc(np.clip(np.nan_to_num(indices.astype("f8"), nan=0.0), -2.0**31, 2.0**31)).astype("i8")
    else:
        whole = indices.astype("i8")
    return np.clip(np.where(whole < 0, whole + extent, whole), 0, extent - 1)


def picks(p, shape, extent):
    """Indices into an axis, a third of the time some of them outside."""
    if extent == 0 and prod(shape) > 0:
        raise Skip
    dtype = str(p.rng.choice([*INTEGERS, *FLOATS]))
    if p.chance(0.65):
        return operand(p, dtype, shape, p.rng.integers(0, max(extent, 1), shape))
    if dtype in INTEGERS:
        return operand(p, dtype, shape)
    values = p.rng.normal(0, extent + 1, shape)
    odd = p.rng.choice([np.nan, np.inf, -np.inf, 1e10, -1e30], shape)
    return operand(p, dtype, shape, np.where(p.rng.random(shape) < 0.1, odd, values))


@op("Gather", 4)
def gather(p):
    table = p.pick(*ANY, rank=1)
    axis = p.axis(table)
    extent = table.shape[axis]
    shape = p.shape(0, 2, (0, 1, 2, 65), (0.1, 0.3, 0.4, 0.2))
    if prod(table.shape) // max(extent, 1) * prod(shape) > MOST:
        raise Skip
    indices = picks(p, shape, extent)
    return moved(p, f"Gather{{axis: {axis}}}", [table, indices], lambda x, i: np.take(x, places(i, extent), axis))


def part(p, x, axis):
    """A shape that has no more than `x` along other axes than this one."""
    shape = [int(p.rng.integers(extent + 1)) if p.chance(0.4) else extent for extent in x.shape]
    shape[axis] = p.extent()
    if prod(shape) > MOST:
        raise Skip
    return tuple(shape)


def either(p, axis, rank):
    """The axis, from one end or the other."""
    return axis - rank if p.chance(0.3) else axis


@op("GatherElements", 2)
def gather_elements(p):
    x = p.pick(*ANY, rank=1)
    axis = p.axis(x)
    shape, extent = part(p, x, axis), x.shape[axis]
    corner = tuple(slice(None) if a == axis else slice(0, count) for a, count in enumerate(shape))

    def compute(x, indices):
        if indices.size == 0:
            return np.zeros(shape, x.dtype)
        return np.take_along_axis(x[corner], places(indices, extent), axis)

    return moved(p, f"GatherElements{{axis: {either(p, axis, len(shape))}}}", [x, picks(p, shape, extent)], compute)


def tuples(p, dims, outer, batch, k):
    """Indices whose last axis has one for each of `k` axes, and the function that makes NumPy's of them."""
    extents = dims[batch:batch + k]
    if not all(extents) and prod(outer) > 0:
        raise Skip
    indices = picks(p, (*outer, k), min(extents, default=1) or 1)

    def named(values):
        shared = [np.arange(count).reshape([-1 if a == i else 1 for i in range(len(outer))])
                  for a, count in enumerate(outer[:batch])]
        own = [places(values[..., m], extents[m]) for m in range(k)]
        return tuple(np.broadcast_to(index, outer) for index in (*shared, *own))

    return indices, named


@op("GatherNd", 2)
def gather_nd(p):
    x = p.pick(*ANY)
    batch = int(p.rng.integers(min(len(x.shape), 2) + 1))
    k = int(p.rng.integers(len(x.shape) - batch + 1))
    outer = (*x.shape[:batch], *p.shape(0, 1, (0, 1, 2, 65), (0.1, 0.3, 0.4, 0.2)))
    shape = (*outer, *x.shape[batch + k:])
    if prod(shape) > MOST or len(shape) > 5:
        raise Skip
    indices, named = tuples(p, x.shape, outer, batch, k)
    return moved(p, f"GatherNd{{batch_dims: {batch}}}", [x, indices],
                 lambda x, i: np.copy(x[named(i)] if batch + k else np.broadcast_to(x, shape)).reshape(shape))


COMBINE = {"Add": np.add, "Mul": np.multiply, "Max": np.maximum, "Min": np.minimum}


def reduction(p, dtype):
    """Sums and products of floats depend on the order of updates, and bools do not combine."""
    if dtype == "bool":
        return "None"
    return str(p.rng.choice(["None", "Max", "Min"] if dtype in FLOATS else ["None", *COMBINE]))


def updated(x, at, updates, how):
    """One after the other."""
    y = np.copy(x)
    if how == "None":
        y[at] = updates
    else:
        with np.errstate(all="ignore"):
            COMBINE[how].at(y, at, updates)
    return y


@op("ScatterElements", 2)
def scatter_elements(p):
    x = p.pick(*ANY, rank=1)
    axis = p.axis(x)
    shape, extent, how = part(p, x, axis), x.shape[axis], reduction(p, x.dtype)

    def compute(x, indices, updates):
        at = list(np.indices(shape))
        at[axis] = places(indices, extent)
        return updated(x, tuple(at), updates, how)

    text = f"ScatterElements{{axis: {either(p, axis, len(shape))}, reduction: {how}}}"
    return moved(p, text, [x, picks(p, shape, extent), operand(p, x.dtype, shape)], compute)


@op("ScatterNd", 2)
def scatter_nd(p):
    x = p.pick(*ANY, rank=1)
    k, how = int(p.rng.integers(1, len(x.shape) + 1)), reduction(p, x.dtype)
    outer = p.shape(0, 2, (0, 1, 2, 65), (0.1, 0.3, 0.4, 0.2))
    shape = (*outer, *x.shape[k:])
    if prod(shape) > MOST or len(shape) > 5:
        raise Skip
    indices, named = tuples(p, x.shape, outer, 0, k)
    return moved(p, f"ScatterNd{{reduction: {how}}}", [x, indices, operand(p, x.dtype, shape)],
                 lambda x, i, updates: updated(x, named(i), updates, how))


@op("ScatterAdd", 2)
def scatter_add(p):
    updates = p.pick(*INTEGERS, rank=1)
    axis = p.axis(updates)
    shape = [*updates.shape]
    shape[axis] = p.extent()
    if prod(shape) > MOST:
        raise Skip
    indices = picks(p, (updates.shape[axis],), shape[axis])
    place = (slice(None),) * axis
    return moved(p, f"ScatterAdd{{axis: {axis}}}", [updates, indices],
                 lambda u, i: updated(np.zeros(shape, u.dtype), (*place, places(i, shape[axis])), u, "Add"))


@op("DynamicUpdateSlice", 2)
def dynamic_update_slice(p):
    x = p.pick(*ANY, rank=1)
    axis = p.axis(x)
    shape = [*x.shape]
    shape[axis] = int(p.rng.integers(x.shape[axis] + 1))
    dtype = str(p.rng.choice(["f32", "i32", "i64", "u32"]))
    start = p.leaf(dtype, (1,) if p.chance(0.5) else (), p.rng.integers(0 if dtype == "u32" else -3, x.shape[axis] + 3))

    def compute(x, update, start):
        first = min(max(int(start.reshape(-1)[0]), 0), x.shape[axis] - shape[axis])
        y = np.copy(x)
        y[(slice(None),) * axis + (slice(first, first + shape[axis]),)] = update
        return y

    return moved(p, f"DynamicUpdateSlice{{axis: {axis}}}", [x, operand(p, x.dtype, shape), start], compute)


@op("KvAppend")
def kv_append(p):
    x = p.pick(*ANY, rank=1)
    axis = p.axis(x)
    if x.shape[axis] == 0:
        raise Skip
    pos = int(p.rng.integers(x.shape[axis]))
    row = operand(p, x.dtype, [1 if a == axis else extent for a, extent in enumerate(x.shape)])
    kept = (slice(None),) * axis + (slice(0, pos),)
    return moved(p, f"KvAppend{{axis: {axis}, pos: {pos}}}", [x, row],
                 lambda x, row: np.concatenate([x[kept], row], axis))
