"""One rank of MLX's own ring, in one of the situations of mlx_ring.rs. Prints `error …` for what MLX refuses or fails with, and
`done` when it comes to the end.
"""

import os
import signal
import sys
import time

import mlx.core as mx

# Gradients of a small encoder.
SHAPES = [1, 2, 3, 7, 16, 31, 64, 64, 64, 65, 127, 128, 256, 384, 384, 384, 384, 512, 768, 768, 1000, 1024, 1536, 1536,
          2048, 2304, 3072, 4095, 4096, 4097, 6144, 8192, 9216, 12288, 16384, 16385, 24576, 36864, 65537, 147456]


def say(text):
    print(text, flush=True)


def total(group, length=1000):
    x = mx.full((length,), group.rank() + 1.0)
    mx.eval(y := mx.distributed.all_sum(x, group=group))
    return y[0].item()


def sums(group, signal_of_first):
    """Sums without an end, from which rank 1 is taken after a moment."""
    total(group)
    if group.rank() == 1:
        if signal_of_first is None:
            return
        os.kill(os.getpid(), signal_of_first)
        time.sleep(1000)
    while True:
        total(group)


def rounds(group, count):
    ranks = group.size()
    for _ in range(count):
        for length in SHAPES:
            assert total(group, length) == ranks * (ranks + 1) / 2


def scatter(group):
    try:
        mx.eval(mx.distributed.sum_scatter(mx.ones((group.size() * 4,)), group=group))
    except Exception as error:
        say(f"error {error}")
    say(f"then {total(group)}")


def far(group):
    if group.rank() == 0:
        mx.eval(mx.distributed.send(mx.ones((4,)), 2, group=group))


def pipeline(group):
    rank, last = group.rank(), group.size() - 1
    for step in range(200):
        x = mx.full((100_000,), float(step))
        if rank > 0:
            x = mx.distributed.recv((100_000,), mx.float32, rank - 1, group=group) + 1
        if rank < last:
            mx.eval(mx.distributed.send(x, rank + 1, group=group))
        else:
            assert x[99_999].item() == step + last


def main():
    mx.set_default_device(mx.cpu)
    situations = {
        "close": lambda group: sums(group, None),
        "kill": lambda group: sums(group, signal.SIGKILL),
        "stop": lambda group: sums(group, signal.SIGSTOP),
        "rounds": lambda group: rounds(group, int(sys.argv[2])),
        "scatter": scatter,
        "split": lambda group: group.split(group.rank() % 2),
        "far": far,
        "pipeline": pipeline,
    }
    try:
        group = mx.distributed.init(backend="ring", strict=True)
        situations[sys.argv[1]](group)
    except Exception as error:
        say(f"error {error}")
    say("done")


main()
