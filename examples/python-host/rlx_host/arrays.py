"""Arrays of others, read and written where they are: NumPy's, and those of every library that speaks DLPack.

NumPy is not needed: without it, and for bfloat16, which it does not have, results are a `Tensor`.
"""

import ctypes
import itertools
import math
from collections.abc import Iterable, Sequence
from ctypes import CFUNCTYPE, POINTER, Structure, c_int32, c_int64, c_uint8, c_uint16, c_uint64, c_void_p, py_object
from typing import Any, NamedTuple, Optional

from rlx_host.abi import DTYPES, RlxTensorInfo, read

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

# By the order of DTYPES: NumPy's names, the kinds and bits of DLPack, and the letters of memoryview.
NUMPY_DTYPES = "f4 f2 - f8 i1 i2 i4 i8 u1 u4 ? c8 c16".split()
DLPACK_DTYPES = [(2, 32), (2, 16), (4, 16), (2, 64), (0, 8), (0, 16), (0, 32), (0, 64), (1, 8), (1, 32), (6, 8), (5, 64),
                 (5, 128)]
FORMATS = "f e - d b h i q B I ? - -".split()
CPU = 1


class DLDevice(Structure):
    """DLDevice of dlpack.h."""
    _fields_ = [("device_type", c_int32), ("device_id", c_int32)]


class DLTensor(Structure):
    """DLTensor of dlpack.h."""
    _fields_ = [("data", c_void_p), ("device", DLDevice), ("ndim", c_int32), ("code", c_uint8), ("bits", c_uint8),
                ("lanes", c_uint16), ("shape", POINTER(c_int64)), ("strides", POINTER(c_int64)),
                ("byte_offset", c_uint64)]


class DLManagedTensor(Structure):
    """DLManagedTensor of dlpack.h: a tensor, and the function that lets it go."""


Deleter = CFUNCTYPE(None, c_void_p)
DLManagedTensor._fields_ = [("dl_tensor", DLTensor), ("manager_ctx", c_void_p), ("deleter", Deleter)]

# A destructor is called with the lock of Python held, and with an object that is going: its address alone is good.
Destructor = ctypes.PYFUNCTYPE(None, c_void_p)
new_capsule = ctypes.PYFUNCTYPE(py_object, c_void_p, ctypes.c_char_p, Destructor)(("PyCapsule_New", ctypes.pythonapi))
pointer_of = ctypes.PYFUNCTYPE(c_void_p, py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, c_void_p, ctypes.c_char_p)(("PyCapsule_IsValid", ctypes.pythonapi))
pointer_at = ctypes.PYFUNCTYPE(c_void_p, c_void_p, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
UNUSED = b"dltensor"

EXPORTED: "dict[int, Any]" = {}  # what others read through DLPack, by the number in `manager_ctx`
NUMBERS = itertools.count(1)


class Memory(NamedTuple):
    """Where an array's elements are, and what keeps them there."""
    address: Optional[int]
    nbytes: int
    owner: Any


@Deleter
def let_go(managed: int) -> None:
    """Called by whoever has used what a `Tensor` exported."""
    EXPORTED.pop(DLManagedTensor.from_address(managed).manager_ctx, None)


@Destructor
def let_go_unused(capsule: int) -> None:
    """A capsule that nobody has taken goes with its tensor."""
    if is_valid(capsule, UNUSED):
        let_go(pointer_at(capsule, UNUSED))


class Tensor:
    """Elements of a dtype of RLX (`f32`, `bf16`, …) in memory of its own, dense and row-major.

    Every library that speaks DLPack takes it without a copy: `torch.from_dlpack(tensor)`, `numpy.from_dlpack(tensor)`.
    `view` is a memoryview of it, and `tolist()` gives its numbers, where Python has the dtype.
    """

    def __init__(self, dtype: str, shape: Sequence[int], values: Optional[Iterable[Any]] = None) -> None:
        self.dtype, self.shape = dtype, tuple(shape)
        code, bits = DLPACK_DTYPES[DTYPES.index(dtype)]
        self.nbytes = math.prod(self.shape) * bits // 8
        self._code, self._bits = code, bits
        self._memory = (c_uint8 * max(self.nbytes, 1))()
        if values is not None:
            self.view[:] = self._packed(values)

    def _format(self) -> str:
        letter = FORMATS[DTYPES.index(self.dtype)]
        if letter == "-":
            raise TypeError(f"Python has no numbers of {self.dtype}: use `from_dlpack` of a library that has")
        return letter

    def _packed(self, values: Iterable[Any]) -> memoryview:
        flat = list(values)
        packed = memoryview(bytearray(self.nbytes)).cast(self._format())
        if len(flat) != len(packed):
            raise ValueError(f"{self.dtype}{list(self.shape)} has {len(packed)} elements, {len(flat)} were given")
        for index, value in enumerate(flat):
            packed[index] = value
        return packed

    @property
    def view(self) -> memoryview:
        """The elements in one row; what is written there is in the tensor."""
        return memoryview(self._memory).cast("B")[:self.nbytes].cast(self._format())

    def tolist(self) -> Any:
        """The numbers as nested lists."""
        numbers = self.view.tolist()
        for extent in reversed(self.shape[1:]):
            numbers = [numbers[start:start + extent] for start in range(0, len(numbers), extent)] if extent else []
        return numbers if self.shape else numbers[0]

    def __dlpack_device__(self) -> "tuple[int, int]":
        return CPU, 0

    def __dlpack__(self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None,
                   copy: Optional[bool] = None) -> Any:
        if dl_device not in (None, (CPU, 0)):
            raise BufferError("this tensor is in the memory of the processor")
        number = next(NUMBERS)
        shape = (c_int64 * max(len(self.shape), 1))(*self.shape)
        memory = (c_uint8 * max(self.nbytes, 1)).from_buffer_copy(self._memory) if copy else self._memory
        tensor = DLTensor(ctypes.addressof(memory), DLDevice(CPU, 0), len(self.shape), self._code, self._bits, 1, shape,
                          None, 0)
        managed = DLManagedTensor(tensor, number, let_go)
        EXPORTED[number] = managed, shape, memory
        return new_capsule(ctypes.addressof(managed), UNUSED, let_go_unused)


class TensorInfo:
    """An input, parameter or output: `name`, `kind` (RLX's dtype), `shape`, and NumPy's `dtype` where there is one."""

    def __init__(self, raw: RlxTensorInfo) -> None:
        self.name: str = read(raw.name)
        self.code: int = raw.dtype
        self.shape: "tuple[int, ...]" = tuple(raw.dims[:raw.rank])
        self.kind: str = DTYPES[self.code]
        self.dtype: Any = None if np is None or self.kind == "bf16" else np.dtype(NUMPY_DTYPES[self.code])

    def __str__(self) -> str:
        return f"{self.kind}{list(self.shape)}"

    def empty(self) -> Any:
        """A new array: NumPy's, or a `Tensor` where that has none. A program may declare more than there is memory for."""
        try:
            return Tensor(self.kind, self.shape) if self.dtype is None else np.empty(self.shape, self.dtype)
        except (MemoryError, OverflowError, ValueError) as error:
            raise MemoryError(f"out of memory: `{self.name}` {self}: {error}") from error

    def memory(self, array: Any, writeable: bool = False) -> Memory:
        """Where the elements of an array are, if it can cross as it is: nothing is converted or copied."""
        if np is not None and isinstance(array, np.ndarray):
            return self._of_numpy(array, writeable)
        if isinstance(array, Tensor):
            self._check_kind(array.dtype, array.shape)
            return Memory(ctypes.addressof(array._memory), array.nbytes, array)
        if hasattr(array, "__dlpack__"):
            return self._of_dlpack(array)
        raise TypeError(f"`{self.name}` is {self}, but {type(array).__name__} was given: an array of NumPy, or one with DLPack")

    def _check_kind(self, kind: str, shape: "tuple[int, ...]") -> None:
        if (kind, shape) != (self.kind, self.shape):
            raise TypeError(f"`{self.name}` is {self}, but {kind}{list(shape)} was given")

    def _of_numpy(self, array: Any, writeable: bool) -> Memory:
        if self.dtype is None:
            raise TypeError(f"`{self.name}` is {self}, and NumPy has no bfloat16: cast to f32 in the program")
        if (array.dtype, array.shape) != (self.dtype, self.shape):
            raise TypeError(f"`{self.name}` is {self}, but {array.dtype}{list(array.shape)} was given")
        if not array.flags.c_contiguous or writeable > array.flags.writeable:
            raise TypeError(f"the array for `{self.name}` is read-only, or not dense and row-major: pass a copy")
        return Memory(array.ctypes.data, array.nbytes, array)

    def _of_dlpack(self, array: Any) -> Memory:
        if array.__dlpack_device__()[0] != CPU:
            raise TypeError(f"the array for `{self.name}` is in a device's memory: move it to the processor")
        capsule = array.__dlpack__()
        # The capsule is not taken over: it keeps the elements as long as it is kept itself.
        tensor = DLManagedTensor.from_address(pointer_of(capsule, UNUSED)).dl_tensor
        shape = tuple(tensor.shape[:tensor.ndim])
        dtype = (tensor.code, tensor.bits)
        known = tensor.lanes == 1 and dtype in DLPACK_DTYPES
        self._check_kind(DTYPES[DLPACK_DTYPES.index(dtype)] if known else f"DLPack's dtype {dtype}", shape)
        dense = list(itertools.accumulate(reversed(shape[1:]), lambda a, b: a * b, initial=1))[::-1]
        strides = tensor.strides[:tensor.ndim] if tensor.strides and tensor.ndim else dense
        count = math.prod(shape)
        if count and any(extent > 1 and a != b for extent, a, b in zip(shape, strides, dense)):
            raise TypeError(f"the array for `{self.name}` is read-only, or not dense and row-major: pass a copy")
        address = (tensor.data or 0) + tensor.byte_offset
        return Memory(address or None, count * tensor.bits // 8, (array, capsule))
