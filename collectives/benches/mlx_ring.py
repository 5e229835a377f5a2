"""One rank of MLX's ring for the benchmark all_reduce: prints `bytes seconds`, the tenth percentile of its calls, for each size.

The environment is mlx.launch's. Arguments: how many seconds each size takes, then sizes in bytes; 0 is one element.
"""

import sys
import time

import mlx.core as mx


def main():
    group = mx.distributed.init(strict=True, backend="ring")
    seconds, sizes = float(sys.argv[1]), [int(size) for size in sys.argv[2:]]
    mx.set_default_device(mx.cpu)
    for size in sizes:
        data = mx.ones(max(size // 4, 1))
        mx.eval(data)

        def call():
            start = time.perf_counter()
            mx.eval(mx.distributed.all_sum(data))
            return time.perf_counter() - start

        # Both ranks have to make as many calls.
        first = min(call() for _ in range(5))
        calls = mx.distributed.all_max(mx.array(int(max(seconds / first, 5)))).item()
        times = [call() for _ in range(calls)]
        if group.rank() == 0:
            print(size, sorted(times)[calls // 10], flush=True)


main()
