"""Runs .rlxmodel programs on an RLX backend plugin, with arrays of NumPy or of whatever speaks DLPack.

    import rlx_host
    plugin = rlx_host.load()   # or a file: rlx_host.load("rlx_mlx/librlx_mlx.so")
    program = plugin.create().compile(open("affine.rlxmodel").read(), mode="lazy")
    (y,) = program.run({"x": x})

Needs nothing but Python; with NumPy, results are its arrays. What a plugin logs goes to `logging`.
"""

import contextlib
import ctypes
import itertools
import logging
import os
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from ctypes import POINTER, c_int64, c_void_p
from ctypes import c_uint64 as u64
from typing import Any, Dict, List, Optional, Set

from rlx_host.abi import (
    ABI, LEVELS, SERIALIZED, Log, LogEnabled, Option, PluginError, Release, RlxBackendInfo, RlxBytes, RlxBytesMut,
    RlxCompileArgs, RlxCreateArgs, RlxDeviceInfo, RlxEntryRequest, RlxEntryResponse, RlxError, RlxExecutableInfo,
    RlxHostServices, RlxParamArgs, RlxRunArgs, RlxTensor, RlxTensorInfo, check, key_values, printable, read, sized, wire,
)
from rlx_host.arrays import Tensor, TensorInfo

__all__ = ["Backend", "Executable", "Plugin", "PluginError", "Tensor", "TensorInfo", "find", "load"]


def complain(text: object) -> None:
    """One line on standard error, where that can be written."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(f"error: {printable(text)}", file=sys.stderr, flush=True)


# What the plugin calls back, from any of its threads. These objects live as long as the process, as it may call them.

def logger(target: Any) -> logging.Logger:
    """The logger of a target of the plugin's."""
    return logging.getLogger(read(target).replace("::", "."))


@LogEnabled
def log_enabled(_context: Any, level: int, target: Any) -> bool:
    return logger(target).isEnabledFor(LEVELS.get(level, logging.DEBUG))


@Log
def log(_context: Any, level: int, target: Any, message: Any) -> None:
    logger(target).log(LEVELS.get(level, logging.DEBUG), "%s", read(message))


SERVICES = sized(RlxHostServices, name=wire("rlx_host.py"), version=wire("1.0.0"), log_enabled=log_enabled, log=log)
SHARED: Dict[int, Any] = {}  # the parameters that plugins use in place, by the number that comes back when they no longer do
NUMBERS = itertools.count(1)
PLUGINS: "Dict[str, Plugin]" = {}
ALIVE: Set[int] = set()  # the handles of backends and executables


@Release
def release_shared(number: int) -> None:
    SHARED.pop(number, None)


def shut_down(shutdown: Any) -> None:
    """At exit, after all that a plugin has made is gone."""
    if ALIVE:
        return  # a daemon thread uses the plugin, which would refuse
    try:
        check(shutdown())
    except PluginError as error:  # at exit nobody is left who could catch it
        complain(f"shutdown: {error}")


def release(lock: Any, destroy: Any, handle: Any) -> None:
    """Destroys a backend or an executable."""
    # At exit a daemon thread may be in a call, perhaps for ever. The plugin then ends the process without its help.
    if lock.acquire(timeout=10):
        destroy(handle)
        ALIVE.discard(handle.value)
        handle.value = None
        lock.release()


def live(handle: Any) -> Any:
    """The handle. An object outlives it only when the process ends: a daemon thread that still calls then waits for that."""
    if handle.value is None:
        threading.Event().wait()
    return handle


class Executable:
    """A compiled program with its parameters. One call at a time."""

    def __init__(self, backend: "Backend", handle: Any) -> None:
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
    def _tensors(first: Any, count: int) -> List[TensorInfo]:
        if count == 0:
            return []  # and `first` may be anything
        # The plugin's struct may be longer than the one known here.
        start, stride = ctypes.addressof(first.contents), first.contents.struct_size
        return [TensorInfo(RlxTensorInfo.from_address(start + i * stride)) for i in range(count)]

    def set_param(self, name: str, array: Any) -> None:
        """Binds a parameter, an array of NumPy or one with DLPack. The plugin may use it in place: do not change it
        afterwards."""
        info = next((info for info in self.params if info.name == name), None)
        if info is None:
            raise KeyError(f"the program has no parameter `{name}`, only {[info.name for info in self.params]}")
        memory = info.memory(array)
        tensor = RlxTensor(info.code, len(info.shape), (c_int64 * len(info.shape))(*info.shape),
                           RlxBytes(memory.address, memory.nbytes))
        number = next(NUMBERS)
        SHARED[number] = memory.owner
        with self.lock:
            check(self.api.set_param(live(self.handle), sized(
                RlxParamArgs, name=wire(name), tensor=tensor, release=release_shared, release_context=number)))

    def run(self, inputs: Optional[Mapping[str, Any]] = None, out: Optional[Sequence[Any]] = None) -> List[Any]:
        """Runs once. `inputs` are arrays by name, of NumPy or with DLPack; the outputs are written to the arrays of the
        list `out`, where None skips one, or to new ones: NumPy's where it is installed and has the dtype, else a
        `Tensor` each. Returns that list, in the program's order."""
        inputs = inputs or {}
        if set(inputs) != {info.name for info in self.inputs}:
            wanted = ", ".join(f"`{info.name}` {info}" for info in self.inputs) or "none"
            raise KeyError(f"the program takes the inputs {wanted}, but {sorted(inputs) or 'none'} were given")
        given = [info.memory(inputs[info.name]) for info in self.inputs]
        out = [info.empty() for info in self.outputs] if out is None else list(out)
        taken = [None if array is None else info.memory(array, writeable=True) for info, array in zip(self.outputs, out)]
        sources = [(memory.address, memory.nbytes) for memory in given]
        targets = [(None, 0) if memory is None else (memory.address, memory.nbytes) for memory in taken]
        with self.lock:
            check(self.api.run(live(self.handle), sized(
                RlxRunArgs, inputs=(RlxBytes * len(sources))(*sources), input_count=len(sources),
                outputs=(RlxBytesMut * len(targets))(*targets), output_count=len(targets))))
        return out


class Backend:
    """An instance on one device."""

    def __init__(self, plugin: "Plugin", handle: Any) -> None:
        self.plugin, self.handle = plugin, handle
        self.lock = threading.RLock()
        ALIVE.add(handle.value)
        weakref.finalize(self, release, self.lock, plugin.api.destroy, handle)

    def compile(self, program: str, graph: str = "", **options: Option) -> Executable:
        """Compiles a .rlxmodel text, or one graph of a module of several. Options are the plugin's, such as `mode`."""
        pairs, handle = key_values(options), c_void_p()
        args = sized(RlxCompileArgs, program=wire(program), graph=wire(graph), options=pairs, option_count=len(pairs))
        with self.lock:
            check(self.plugin.api.compile(live(self.handle), args, handle))
            return Executable(self, handle)


class Plugin:
    """A loaded plugin: `info` (name, version, engine, engine_version, …) and `devices`. Made by `load`."""

    def __init__(self, path: str) -> None:
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

    def shutdown(self) -> None:
        """Stops the plugin's threads now rather than at exit. Backends and programs must be gone; none can follow."""
        if self.at_exit.detach():
            check(self.api.shutdown())

    def create(self, device: int = 0, **options: Option) -> Backend:
        """A backend on the device with this index in `devices`."""
        pairs, handle = key_values(options), c_void_p()
        check(self.api.create(sized(RlxCreateArgs, device=device, options=pairs, option_count=len(pairs)), handle))
        return Backend(self, handle)


def find(name: str = "mlx") -> str:
    """The file of a plugin: the first in the folders of RLX_PLUGIN_PATH and their bundles, else the one that was installed
    with this package."""
    file = f"librlx_{name}.dylib" if sys.platform == "darwin" else f"librlx_{name}.so"
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "plugins")
    folders = [folder for folder in os.environ.get("RLX_PLUGIN_PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    for folder in folders + [own]:
        bundles = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir()) if os.path.isdir(folder) else []
        for place in [folder] + bundles:
            if os.path.isfile(os.path.join(place, file)):
                return os.path.join(place, file)
    raise FileNotFoundError(f"there is no {file} in {', '.join(folders + [own])}: give `load` the path of one")


def load(path: Optional[str] = None) -> Plugin:
    """The plugin in this file, or the one that `find` finds. It stays loaded until the process ends, so each is loaded
    once."""
    path = os.path.realpath(find() if path is None else path)
    if path not in PLUGINS:
        PLUGINS[path] = Plugin(path)
    return PLUGINS[path]
