"""Programs grown op by op, run on a plugin in three modes and compared with NumPy.

    python3 tests/grown PLUGIN --programs 20000                  all of them
    python3 tests/grown PLUGIN --seed 7 --only 1234              one alone
    python3 tests/grown PLUGIN --only 1234 --dump DIR            its .rlxmodel, .npy of its leaves and of right outputs

`cargo xtask grown` does it with everything built. PYTHONPATH has NumPy and examples/python-host. Programs run in processes
of their own, so that one that ends by a signal, or never, is a finding like another. Exit code 1: there are findings.
"""

import argparse
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# Generous: a program takes milliseconds.
HANG = float(os.environ.get("GROWN_HANG_SECONDS", "120"))


def arguments():
    parser = argparse.ArgumentParser(prog="grown", description=__doc__.splitlines()[0])
    parser.add_argument("plugin", help="the plugin's file, such as rlx_mlx/librlx_mlx.so")
    parser.add_argument("--programs", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", type=int, help="this program alone")
    parser.add_argument("--dump", type=Path, help="write the programs there, and run nothing")
    parser.add_argument("--plant", default="", choices=["value", "bits", "signal", "guard", "hang"],
                        help="put a fault into program 3, to see that it is found")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def worker(args):
    """Checks the programs whose numbers come in, one a line; answers with the findings and an empty line."""
    import rlx_host

    import check
    from grow import grow
    backend = rlx_host.load(args.plugin).create()
    for line in sys.stdin:
        number = int(line)
        plant = args.plant if number == 3 else ""
        if plant == "signal":
            os.kill(os.getpid(), signal.SIGILL)
        if plant == "guard":
            check.touch_guard()
        if plant == "hang":
            time.sleep(10 * HANG)
        try:
            found = check.findings(backend, *grow(args.seed, number), plant)
        except rlx_host.PluginError as error:
            found = [f"refused: {error}"]
        print("".join(" ".join(line.split()) + "\n" for line in found), flush=True)


class Worker:
    """A process that checks programs; started again when it has ended."""

    def __init__(self, args):
        self.command = [sys.executable, sys.argv[0], args.plugin, "--seed", str(args.seed), "--worker",
                        *(["--plant", args.plant] if args.plant else [])]
        self.process = None

    def check(self, number):
        """The findings of one program."""
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process = self.process
        try:
            process.stdin.write(f"{number}\n".encode())
            process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer tells
        data, end = b"", time.monotonic() + HANG
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not data.endswith(b"\n\n") and data != b"\n":
                if not selector.select(max(0.0, end - time.monotonic())):
                    self.stop()
                    return [f"hangs: no answer in {HANG:.0f} s"]
                part = os.read(process.stdout.fileno(), 1 << 16)
                if not part:
                    code = process.wait()
                    self.process = None
                    return [f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"]
                data += part
        return data.decode().split("\n")[:-2] if data != b"\n" else []

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self):
        """Lets it end by itself: what a plugin does at the end of a process belongs to it."""
        if self.process is None:
            return []
        self.process.stdin.close()
        try:
            code = self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            self.stop()
            return ["the process does not end"]
        return [f"the process ended with {code}"] if code else []


def check_all(args, numbers):
    """Findings by number of program."""
    left, found, lock = iter(numbers), {}, threading.Lock()

    def work():
        own = Worker(args)
        number = None
        while True:
            with lock:
                last, number = number, next(left, None)
            lines = own.close() if number is None else own.check(number)
            if lines:
                with lock:
                    found[last if number is None else number] = lines
                    for line in lines:
                        print(f"program {last if number is None else number}: {line}", flush=True)
            if number is None:
                return
    threads = [threading.Thread(target=work) for _ in range(args.jobs)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    return found


def dump(args, numbers):
    import numpy as np

    from grow import grow
    for number in numbers:
        program, outputs = grow(args.seed, number)
        folder = args.dump / f"program-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "program.rlxmodel").write_text(program.text(outputs))
        for node in (*program.leaves("input"), *program.leaves("param"), *outputs):
            # NumPy has no bf16: its bits.
            value = (node.value.view("u4") >> 16).astype("u2") if node.dtype == "bf16" else node.value
            np.save(folder / f"{node.label}.npy", value)


def main():
    args = arguments()
    if args.worker:
        return worker(args)
    numbers = range(args.first, args.first + args.programs) if args.only is None else [args.only]
    if args.dump:
        return dump(args, numbers)
    start = time.monotonic()
    found = check_all(args, numbers)
    print(f"{len(numbers)} programs of seed {args.seed}, {time.monotonic() - start:.0f} s: {len(found)} with findings")
    if found:
        print(f"one alone: --seed {args.seed} --only {min(found)}")
        sys.exit(1)


if __name__ == "__main__":
    main()
