"""`python -m rlx_host`: runs a .rlxmodel program on NumPy arrays, or says what a plugin is."""

import argparse
import contextlib
import itertools
import logging
import os
import sys

import numpy as np

from rlx_host import PluginError, complain, load
from rlx_host.abi import DEVICES, printable, read


def describe(plugin):
    info = plugin.info
    yield (f"{read(info.name)} {read(info.version)} by {read(info.vendor)}: {read(info.engine)} "
           f"{read(info.engine_version)}, opset {info.opset_min} to {info.opset_max}, {info.op_count} ops")
    for index, device in enumerate(plugin.devices):
        yield f"device {index}: {DEVICES.get(device.kind, 'accelerator')} {device.ordinal}, {read(device.name)}"


def pair(argument):
    name, equals, value = argument.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"`{argument}` is not NAME=VALUE")
    return name, value


def load_array(name, file):
    """The array of a .npy file, or the one of that name in a .npz."""
    try:
        stored = np.load(file, allow_pickle=False)
        return np.asarray(stored if isinstance(stored, np.ndarray) else stored[name], order="C")
    except OSError:
        raise
    except Exception as error:  # whatever the modules below NumPy raise: TokenError, OverflowError, …
        raise ValueError(f"{file} is no .npy file, nor a .npz that holds `{name}`") from error


def file_names(infos):
    """A file name for each output, no two alike even where case does not count: its own name, with `_` for what a path
    must not hold, or output_I for none; and where another has that, its index follows."""
    taken = set()

    def safe(name):
        kept = "".join(c if c.isalnum() or c in "._-" else "_" for c in name.lstrip("."))
        return kept.encode()[:200].decode(errors="ignore")  # file systems take 255 bytes

    def take(stem):
        return stem.lower() not in taken and not taken.add(stem.lower())

    # Those that keep their names come first, so that none of them has to give way.
    kept = [info.name != "" and safe(info.name) == info.name and take(info.name) for info in infos]
    for index, info in enumerate(infos):
        stem = safe(info.name) or f"output_{index}"
        more = (f"{stem}_{index}_{n}" for n in itertools.count(1))
        yield (stem if kept[index] else next(filter(take, itertools.chain([stem, f"{stem}_{index}"], more)))) + ".npy"


def save(folder, infos, arrays):
    """Writes each output beside its place and then renames it, so that no half file stays."""
    os.makedirs(folder, exist_ok=True)
    names = list(file_names(infos))
    parts = [os.path.join(folder, f".{name}.{os.getpid()}") for name in names]
    try:
        for part, array in zip(parts, arrays):
            with open(part, "wb") as file:
                np.save(file, array, allow_pickle=False)
        for part, name in zip(parts, names):
            os.replace(part, os.path.join(folder, name))
    finally:
        for part in parts:
            with contextlib.suppress(OSError):
                os.remove(part)


def run(args):
    plugin = load(args.plugin)
    for line in describe(plugin):
        print(printable(line))
    if args.model is None:
        return
    with open(args.model, encoding="utf-8", newline="") as file:  # every byte as it is
        program = plugin.create(args.device).compile(file.read(), **dict(args.option))
    for info in (*program.inputs, *program.params, *program.outputs):
        if info.dtype is None:
            raise TypeError(f"`{info.name}` is {info}, and NumPy has no bfloat16: cast to f32 in the program")
    for name, path in args.param:
        program.set_param(name, load_array(name, path))
    outputs = program.run({name: load_array(name, path) for name, path in args.input})
    for index, (info, array) in enumerate(zip(program.outputs, outputs)):
        print(printable(f"{info.name or index} {info}"), np.array2string(array, floatmode="unique"), sep="\n")
    if args.save:
        save(args.save, program.outputs, outputs)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        super().error(printable(message))


class Formatter(logging.Formatter):
    def format(self, record):
        return printable(super().format(record))


def main():
    parser = Parser(description="Run a .rlxmodel program on an RLX backend plugin.")
    parser.add_argument("plugin", help="the plugin's file, such as rlx_mlx/librlx_mlx.so")
    parser.add_argument("model", nargs="?", help="a .rlxmodel file; without one, only print what the plugin is")
    for flag, what in {"input": "an input, .npy or .npz", "param": "likewise", "option": "such as mode=eager"}.items():
        parser.add_argument(f"--{flag}", action="append", default=[], type=pair, metavar="NAME=VALUE", help=what)
    parser.add_argument("--device", type=int, default=0, help="index of the device")
    parser.add_argument("--save", metavar="DIR", help="write each output there as NAME.npy")
    parser.add_argument("--log", default="warning", choices=["error", "warning", "info", "debug"])
    args = parser.parse_args()
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=args.log.upper(), handlers=[handler])
    try:
        run(args)
        load(args.plugin).shutdown()  # rather than at exit, where an error could not change the exit code
        print(end="", flush=True)
    except (PluginError, OSError, KeyError, TypeError, ValueError, MemoryError) as error:
        complain((error.args[0] if isinstance(error, KeyError) else str(error)) or type(error).__name__)
        return 1
    return 0


def settle():
    """Flushes what was printed. What cannot be written is given up, or it would be tried again at exit, and the exit code
    would be Python's. Whether all of standard output is written."""
    lost = []
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            lost.append(stream)
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return sys.stdout not in lost


if __name__ == "__main__":
    try:
        code = main()
    except SystemExit as stop:  # of argparse, after help or a mistake in the usage
        code = stop.code
    sys.exit(code if settle() else code or 1)
