"""The C ABI as ctypes has it: the structs of rlx_backend.h, ABI 1.0, by their names there, and what reads and fills them."""

import ctypes
import logging
from collections.abc import Mapping
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int64, c_void_p
from ctypes import c_uint32 as u32, c_uint64 as u64
from typing import Any, Union

Option = Union[bool, int, float, str]

ABI = (1, 0, 0)
ERRORS = {1: "invalid argument", 2: "unsupported", 3: "not found", 4: "out of memory", 5: "version mismatch",
          6: "plugin fault", 7: "timed out", 8: "failed precondition", 9: "execution failed"}
LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: 5}
DEVICES = {1: "cpu", 2: "gpu", 3: "accelerator"}
SERIALIZED = 1
DTYPES = "f32 f16 bf16 f64 i8 i16 i32 i64 u8 u32 bool c64 c128".split()


def struct(name: str, /, **fields: Any) -> Any:
    return type(name, (Structure,), {"_fields_": list(fields.items())})


def slot(*arguments: Any) -> Any:  # a function that returns NULL or an error
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

    kind: str = "plugin fault"


def check(error: Any) -> None:
    """Raises what a slot returned, if that is an error."""
    if error:
        raised = PluginError(read(error.contents.message))
        raised.kind = ERRORS.get(error.contents.code, raised.kind)
        error.contents.release(error)
        raise raised


def sized(kind: Any, **fields: Any) -> Any:
    """A struct that states its size. It keeps alive the Python objects that its fields point to."""
    return kind(struct_size=ctypes.sizeof(kind), **fields)


def wire(text: str) -> Any:
    """The text as an RlxStr."""
    return RlxStr(text.encode(), len(text.encode()))


def read(view: Any) -> str:
    """The text of an RlxStr. It has no NUL at its end, so `data` must not be read as a C string."""
    return ctypes.string_at(c_void_p.from_buffer(view).value, view.len).decode(errors="replace") if view.len else ""


def printable(text: object) -> str:
    """The text with everything escaped that a terminal would obey rather than show; it comes from files and plugins."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(text))


def key_values(options: Mapping[str, Option]) -> Any:
    """Options as the array of RlxKeyValue that calls take."""
    def value(v: Option) -> Any:
        if isinstance(v, (bool, int)):
            return RlxValue(kind=3 if isinstance(v, bool) else 1, int=v)
        return RlxValue(kind=2, float=v) if isinstance(v, float) else RlxValue(kind=4, text=wire(v))
    return (RlxKeyValue * len(options))(*(RlxKeyValue(wire(k), value(v)) for k, v in options.items()))
