"""Nested graphs: If, While, Scan, CustomFn."""

import numpy as np

from ops_shape import operand
from program import Skip, written
from registry import ANY, op


def graph(name, kinds, body, gives):
    """A nested graph over inputs `%a`, `%b`, … of these kinds."""
    lines = [f"%{label} = input : {kind}" for label, kind in zip("abcd", kinds)]
    return f"graph @{name} {{ {' '.join(lines)} {body} return {gives} }}"


@op("If", 1)
def branch(p):
    x = p.pick("f32", "f64", "i32", "i64", rank=1)
    y = operand(p, x.dtype, x.shape)
    predicate = p.leaf(p.dtype(("bool", "f32", "i32")), (1,) * int(p.rng.integers(2)))
    kind, last = written(x.dtype, x.shape), len(x.shape) - 1
    then = graph("then", [kind] * 2, f"%y = Reverse{{axes: [{last}]}} %a : {kind}", "%y")
    other = graph("other", [kind] * 2, f"%y = Binary(Max) %a, %b : {kind}", "%y")

    def compute(c, x, y):
        return np.flip(x, last) if np.any(c != 0) else np.maximum(x, y), 0
    return p.add(f"If{{then_branch: {then}, else_branch: {other}}}", [predicate, x, y], x.dtype, x.shape, compute)


@op("While", 1)
def loop(p):
    x = p.pick("f32", "f16", "i32", "bool", rank=1)
    count = p.leaf("i32", (), np.array(int(p.rng.integers(4))))
    kind, last = written(x.dtype, x.shape), len(x.shape) - 1
    cond = graph("cond", [kind, "i32[]"], "%zero = const 0 : i32[] %more = Compare(Gt) %b, %zero : bool[]", "%more")
    body = graph("body", [kind, "i32[]"], f"%y = Reverse{{axes: [{last}]}} %a : {kind} %one = const 1 : i32[] "
                 "%left = Binary(Sub) %b, %one : i32[]", "%y, %left")

    def compute(x, n):
        return np.flip(x, last) if int(n) % 2 else x, 0
    most = p.rng.choice(["none", "8"])
    return p.add(f"While{{cond: {cond}, body: {body}, max_iterations: {most}}}", [x, count], x.dtype, x.shape, compute)


@op("Scan", 1)
def scan(p):
    x = p.pick("f32", "f64", "i32", "u8")
    length = int(p.rng.choice([1, 2, 65]))
    steps = operand(p, x.dtype, (length, *x.shape))
    trajectory = p.chance(0.5)
    shape = (length, *x.shape) if trajectory else x.shape
    kind = written(x.dtype, x.shape)
    body = graph("body", [kind] * 2, f"%y = Binary(Max) %a, %b : {kind}", "%y")

    def compute(x, steps):
        all_ = np.maximum.accumulate(np.concatenate([x[None], steps]), 0)[1:]
        return all_ if trajectory else all_[-1], 0
    text = (f"Scan{{body: {body}, length: {length}, save_trajectory: {str(trajectory).lower()}, num_bcast: 0, num_xs: 1, "
            "num_checkpoints: 0}")
    return p.add(text, [x, steps], x.dtype, shape, compute)


@op("CustomFn", 1)
def function(p):
    x = p.pick(*ANY)
    if len(x.shape) < 2:
        raise Skip
    perm = list(range(len(x.shape)))[::-1]
    shape = tuple(x.shape[a] for a in perm)
    body = graph("body", [written(x.dtype, x.shape)], f"%y = Transpose{{perm: {perm}}} %a : {written(x.dtype, shape)}", "%y")
    text = f"CustomFn{{fwd_body: {body}, vjp_body: none, jvp_body: none, num_inputs: 1}}"
    return p.add(text, [x], x.dtype, shape, lambda x: (np.transpose(x), 0))
