#!/usr/bin/env python3
"""Runs .rlxmodel programs on an RLX backend plugin, with NumPy arrays. Needs nothing but NumPy.

    import rlx_host
    plugin = rlx_host.load("rlx_mlx/librlx_mlx.so")
    program = plugin.create().compile(open("affine.rlxmodel").read(), mode="lazy")
    (y,) = program.run({"x": x})

The ctypes structs mirror those of the C header rlx_backend.h, ABI 1.0. What a plugin logs goes to `logging`.
"""

import argparse
import contextlib
import ctypes
import itertools
import logging
import os
import sys
import threading
import weakref
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int64, c_void_p
from ctypes import c_uint32 as u32, c_uint64 as u64

import numpy as np

ABI = (1, 0, 0)
ERRORS = {1: "invalid argument", 2: "unsupported", 3: "not found", 4: "out of memory", 5: "version mismatch",
          6: "plugin fault", 7: "timed out", 8: "failed precondition", 9: "execution failed"}
LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: 5}
DEVICES = {1: "cpu", 2: "gpu", 3: "accelerator"}
SERIALIZED = 1
DTYPES = "f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool c64 c128".split()
NUMPY_DTYPES = "f4 f2 - f8 i1 i2 i4 i8 u1 u4 ? c8 c16".split()  # NumPy has no bfloat16


def struct(name, /, **fields):
    return type(name, (Structure,), {"_fields_": list(fields.items())})


def slot(*arguments):  # a function that returns NULL or an error
    return CFUNCTYPE(POINTER(RlxError), *arguments)


# The structs, by the names of the header; handles are plain addresses.
RlxVersion = struct("RlxVersion", major=u32, minor=u32, patch=u32)
RlxStr = struct("RlxStr", data=c_char_p, len=u64)
RlxBytes = struct("RlxBytes", data=c_void_p, len=u64)
RlxBytesMut = struct("RlxBytesMut", data=c_void_p, len=u64)
RlxValue = struct("RlxValue", kind=u32, reserved=u32, int=c_int64, float=c_double, text=RlxStr)
RlxKeyValue = struct("RlxKeyValue", key=RlxStr, value=RlxValue)
KeyValues = POINTER(RlxKeyValue)
RlxTensor = struct("RlxTensor", dtype=u32, rank=u32, dims=POINTER(c_int64), data=RlxBytes)
RlxError = type("RlxError", (Structure,), {})  # its fields name itself
RlxError._fields_ = [("struct_size", u64), ("code", u32), ("reserved", u32), ("message", RlxStr),
                     ("details", KeyValues), ("detail_count", u64), ("release", CFUNCTYPE(None, POINTER(RlxError)))]
LogEnabled = CFUNCTYPE(u32, c_void_p, u32, RlxStr)
Log = CFUNCTYPE(None, c_void_p, u32, RlxStr, RlxStr)
Release = CFUNCTYPE(None, c_void_p)
RlxHostServices = struct("RlxHostServices", struct_size=u64, context=c_void_p, name=RlxStr, version=RlxStr,
                         log_enabled=LogEnabled, log=Log)
RlxEntryRequest = struct("RlxEntryRequest", struct_size=u64, abi_min=RlxVersion, abi_max=RlxVersion,
                         services=POINTER(RlxHostServices))
RlxBackendInfo = struct("RlxBackendInfo", struct_size=u64, name=RlxStr, version=RlxStr, vendor=RlxStr, engine=RlxStr,
                        engine_version=RlxStr, format_version=u32, opset_min=u32, opset_max=u32, threading=u32,
                        ops=POINTER(RlxStr), op_count=u64)
RlxDeviceInfo = struct("RlxDeviceInfo", struct_size=u64, kind=u32, ordinal=u32, name=RlxStr, hardware_id=RlxStr,
                       memory_bytes=u64, attributes=KeyValues, attribute_count=u64)
RlxCreateArgs = struct("RlxCreateArgs", struct_size=u64, device=u64, options=KeyValues, option_count=u64)
RlxParamArgs = struct("RlxParamArgs", struct_size=u64, name=RlxStr, tensor=RlxTensor, release=Release,
                      release_context=c_void_p)
RlxCompileArgs = struct("RlxCompileArgs", struct_size=u64, program=RlxStr, graph=RlxStr, options=KeyValues,
                        option_count=u64)
RlxTensorInfo = struct("RlxTensorInfo", struct_size=u64, name=RlxStr, dtype=u32, rank=u32, dims=POINTER(c_int64))
RlxExecutableInfo = struct("RlxExecutableInfo", struct_size=u64, inputs=POINTER(RlxTensorInfo), input_count=u64,
                           params=POINTER(RlxTensorInfo), param_count=u64, outputs=POINTER(RlxTensorInfo),
                           output_count=u64)
RlxRunArgs = struct("RlxRunArgs", struct_size=u64, inputs=POINTER(RlxBytes), input_count=u64,
                    outputs=POINTER(RlxBytesMut), output_count=u64)
RlxBackendApi = struct(
    "RlxBackendApi", struct_size=u64, abi_version=RlxVersion, reserved=u32, type_layout=CFUNCTYPE(c_void_p),
    info=slot(POINTER(RlxBackendInfo)), device_count=slot(POINTER(u64)),
    device_info=slot(u64, POINTER(RlxDeviceInfo)), create=slot(POINTER(RlxCreateArgs), POINTER(c_void_p)),
    destroy=Release, compile=slot(c_void_p, POINTER(RlxCompileArgs), POINTER(c_void_p)), executable_destroy=Release,
    executable_info=slot(c_void_p, POINTER(RlxExecutableInfo)), set_param=slot(c_void_p, POINTER(RlxParamArgs)),
    run=slot(c_void_p, POINTER(RlxRunArgs)), get_extension=CFUNCTYPE(c_void_p, RlxStr, u32), shutdown=slot())
RlxEntryResponse = struct("RlxEntryResponse", struct_size=u64, abi_min=RlxVersion, abi_max=RlxVersion,
                          abi_selected=RlxVersion, reserved=u32, api=POINTER(RlxBackendApi))


class PluginError(RuntimeError):
    """What a plugin reports: its message, and `kind`, one of ERRORS."""
    kind = "plugin fault"


def check(error):
    """Raises what a slot returned, if that is an error."""
    if error:
        raised = PluginError(read(error.contents.message))
        raised.kind = ERRORS.get(error.contents.code, raised.kind)
        error.contents.release(error)
        raise raised


def sized(kind, **fields):
    """A struct that states its size. It keeps alive the Python objects that its fields point to."""
    return kind(struct_size=ctypes.sizeof(kind), **fields)


def wire(text):
    return RlxStr(text.encode(), len(text.encode()))


def read(view):
    """The text of an RlxStr. It has no NUL at its end, so `data` must not be read as a C string."""
    return ctypes.string_at(c_void_p.from_buffer(view).value, view.len).decode(errors="replace") if view.len else ""


def printable(text):
    """The text with everything escaped that a terminal would obey rather than show; it comes from files and plugins."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(text))


def complain(text):
    """One line on standard error, where that can be written."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(f"error: {printable(text)}", file=sys.stderr, flush=True)


def key_values(options):
    def value(v):
        if isinstance(v, (bool, int)):
            return RlxValue(kind=3 if isinstance(v, bool) else 1, int=v)
        return RlxValue(kind=2, float=v) if isinstance(v, float) else RlxValue(kind=4, text=wire(v))
    return (RlxKeyValue * len(options))(*(RlxKeyValue(wire(k), value(v)) for k, v in options.items()))


# What the plugin calls back, from any of its threads. These objects live as long as the process, as it may call them.

def logger(target):
    return logging.getLogger(read(target).replace("::", "."))


@LogEnabled
def log_enabled(_context, level, target):
    return logger(target).isEnabledFor(LEVELS.get(level, logging.DEBUG))


@Log
def log(_context, level, target, message):
    logger(target).log(LEVELS.get(level, logging.DEBUG), "%s", read(message))


SERVICES = sized(RlxHostServices, name=wire("rlx_host.py"), version=wire("1.0.0"), log_enabled=log_enabled, log=log)
SHARED = {}  # the parameters that plugins use in place, by the number that comes back when they no longer do
NUMBERS = itertools.count(1)
PLUGINS = {}
ALIVE = set()  # the handles of backends and executables


@Release
def release_shared(number):
    SHARED.pop(number, None)


def shut_down(shutdown):
    if ALIVE:
        return  # a daemon thread uses the plugin, which would refuse
    try:
        check(shutdown())
    except PluginError as error:  # at exit nobody is left who could catch it
        complain(f"shutdown: {error}")


def release(lock, destroy, handle):
    # At exit a daemon thread may be in a call, perhaps for ever. The plugin then ends the process without its help.
    if lock.acquire(timeout=10):
        destroy(handle)
        ALIVE.discard(handle.value)
        handle.value = None
        lock.release()


def live(handle):
    """The handle. An object outlives it only when the process ends: a daemon thread that still calls then waits for that."""
    if handle.value is None:
        threading.Event().wait()
    return handle


class TensorInfo:
    """An input, parameter or output: name, NumPy dtype (None for bf16) and shape."""

    def __init__(self, raw):
        self.name, self.code, self.shape = read(raw.name), raw.dtype, tuple(raw.dims[:raw.rank])
        self.dtype = None if DTYPES[self.code] == "bf16" else np.dtype(NUMPY_DTYPES[self.code])

    def __str__(self):
        return f"{DTYPES[self.code]}{list(self.shape)}"

    def empty(self):
        """A new array. A program may declare more than there is memory for."""
        try:
            return np.empty(self.shape, self.dtype)
        except (MemoryError, OverflowError, ValueError) as error:
            raise MemoryError(f"out of memory: `{self.name}` {self}: {error}") from error

    def check(self, array, writeable=False):
        """The array itself, if it can cross as it is: nothing is converted or copied."""
        if self.dtype is None:
            raise TypeError(f"`{self.name}` is {self}, and NumPy has no bfloat16: cast to f32 in the program")
        if (array.dtype, array.shape) != (self.dtype, self.shape):
            raise TypeError(f"`{self.name}` is {self}, but {array.dtype}{list(array.shape)} was given")
        if not array.flags.c_contiguous or writeable > array.flags.writeable:
            raise TypeError(f"the array for `{self.name}` is read-only, or not dense and row-major: pass a copy")
        return array


class Executable:
    """A compiled program with its parameters. One call at a time."""

    def __init__(self, backend, handle):
        self.backend, self.handle = backend, handle  # an executable keeps its backend alive
        self.api = backend.plugin.api
        # One for all where a plugin wants one call at a time, whatever the executable.
        self.lock = backend.lock if backend.plugin.info.threading == SERIALIZED else threading.RLock()
        ALIVE.add(handle.value)
        weakref.finalize(self, release, self.lock, self.api.executable_destroy, handle)
        info = sized(RlxExecutableInfo)
        with self.lock:
            check(self.api.executable_info(live(handle), info))
            self.inputs = self._tensors(info.inputs, info.input_count)
            self.params = self._tensors(info.params, info.param_count)
            self.outputs = self._tensors(info.outputs, info.output_count)

    @staticmethod
    def _tensors(first, count):
        if count == 0:
            return []  # and `first` may be anything
        # The plugin's struct may be longer than the one known here.
        start, stride = ctypes.addressof(first.contents), first.contents.struct_size
        return [TensorInfo(RlxTensorInfo.from_address(start + i * stride)) for i in range(count)]

    def set_param(self, name, array):
        """Binds a parameter. The plugin may use the array in place: do not change it afterwards."""
        info = next((info for info in self.params if info.name == name), None)
        if info is None:
            raise KeyError(f"the program has no parameter `{name}`, only {[info.name for info in self.params]}")
        info.check(array)
        tensor = RlxTensor(info.code, len(info.shape), (c_int64 * len(info.shape))(*info.shape),
                           RlxBytes(array.ctypes.data, array.nbytes))
        number = next(NUMBERS)
        SHARED[number] = array
        with self.lock:
            check(self.api.set_param(live(self.handle), sized(
                RlxParamArgs, name=wire(name), tensor=tensor, release=release_shared, release_context=number)))

    def run(self, inputs=None, out=None):
        """Runs once. `inputs` are arrays by name; the outputs are written to the arrays of the list `out`, where None
        skips one, or to new ones. Returns that list, in the program's order."""
        inputs = inputs or {}
        if set(inputs) != {info.name for info in self.inputs}:
            wanted = ", ".join(f"`{info.name}` {info}" for info in self.inputs) or "none"
            raise KeyError(f"the program takes the inputs {wanted}, but {sorted(inputs) or 'none'} were given")
        given = [info.check(inputs[info.name]) for info in self.inputs]
        if out is None:
            out = [info.empty() for info in self.outputs]
        for info, array in zip(self.outputs, out):
            if array is not None:
                info.check(array, writeable=True)
        sources = [(array.ctypes.data, array.nbytes) for array in given]
        targets = [(None, 0) if array is None else (array.ctypes.data, array.nbytes) for array in out]
        with self.lock:
            check(self.api.run(live(self.handle), sized(
                RlxRunArgs, inputs=(RlxBytes * len(sources))(*sources), input_count=len(sources),
                outputs=(RlxBytesMut * len(targets))(*targets), output_count=len(targets))))
        return out


class Backend:
    """An instance on one device."""

    def __init__(self, plugin, handle):
        self.plugin, self.handle = plugin, handle
        self.lock = threading.RLock()
        ALIVE.add(handle.value)
        weakref.finalize(self, release, self.lock, plugin.api.destroy, handle)

    def compile(self, program, graph="", **options):
        """Compiles a .rlxmodel text, or one graph of a module of several. Options are the plugin's, such as `mode`."""
        pairs, handle = key_values(options), c_void_p()
        args = sized(RlxCompileArgs, program=wire(program), graph=wire(graph), options=pairs, option_count=len(pairs))
        with self.lock:
            check(self.plugin.api.compile(live(self.handle), args, handle))
            return Executable(self, handle)


class Plugin:
    """A loaded plugin: `info` (name, version, engine, engine_version, …) and `devices`. Made by `load`."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)  # RTLD_LOCAL: its symbols stay its own
        entry = getattr(self.library, "rlx_backend_entry", None)
        if entry is None:
            raise PluginError(f"{path} is no plugin: it exports no rlx_backend_entry")
        entry.restype, entry.argtypes = POINTER(RlxError), [POINTER(RlxEntryRequest), POINTER(RlxEntryResponse)]
        response = sized(RlxEntryResponse)
        check(entry(sized(RlxEntryRequest, abi_min=ABI, abi_max=ABI, services=ctypes.pointer(SERVICES)),
                    response))
        selected = response.abi_selected
        if (selected.major, selected.minor, selected.patch) != ABI or not response.api:
            raise PluginError(f"{path} gave no function table of ABI {ABI}")
        self.api = response.api.contents
        # Finalizers run at exit too, the youngest first: executables, backends, and then this.
        self.at_exit = weakref.finalize(self, shut_down, self.api.shutdown)
        self.info, count, self.devices = sized(RlxBackendInfo), u64(), []
        check(self.api.info(self.info))
        check(self.api.device_count(count))
        for index in range(count.value):
            self.devices.append(sized(RlxDeviceInfo))
            check(self.api.device_info(index, self.devices[-1]))

    def shutdown(self):
        """Stops the plugin's threads now rather than at exit. Backends and programs must be gone; none can follow."""
        if self.at_exit.detach():
            check(self.api.shutdown())

    def create(self, device=0, **options):
        """A backend on the device with this index in `devices`."""
        pairs, handle = key_values(options), c_void_p()
        check(self.api.create(sized(RlxCreateArgs, device=device, options=pairs, option_count=len(pairs)), handle))
        return Backend(self, handle)


def load(path):
    """The plugin in this file. It stays loaded until the process ends, so each is loaded once."""
    path = os.path.realpath(path)
    if path not in PLUGINS:
        PLUGINS[path] = Plugin(path)
    return PLUGINS[path]


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
