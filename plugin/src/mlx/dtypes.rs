//! Element types: the shim's values of them, and kinds of them.

use rlx_host_api::{DType, Error};
use rlx_mlx_shim as ffi;

const DTYPES: [(DType, ffi::rlx_mlx_dtype_t); 12] = [
    (DType::F32, ffi::RLX_MLX_DTYPE_F32),
    (DType::F16, ffi::RLX_MLX_DTYPE_F16),
    (DType::BF16, ffi::RLX_MLX_DTYPE_BF16),
    (DType::F64, ffi::RLX_MLX_DTYPE_F64),
    (DType::I8, ffi::RLX_MLX_DTYPE_I8),
    (DType::I16, ffi::RLX_MLX_DTYPE_I16),
    (DType::I32, ffi::RLX_MLX_DTYPE_I32),
    (DType::I64, ffi::RLX_MLX_DTYPE_I64),
    (DType::U8, ffi::RLX_MLX_DTYPE_U8),
    (DType::U32, ffi::RLX_MLX_DTYPE_U32),
    (DType::Bool, ffi::RLX_MLX_DTYPE_BOOL),
    (DType::C64, ffi::RLX_MLX_DTYPE_C64),
];

/// The shim's value of a dtype.
pub(crate) fn dtype_code(dtype: DType) -> Result<ffi::rlx_mlx_dtype_t, Error> {
    DTYPES
        .iter()
        .find_map(|&(d, code)| (d == dtype).then_some(code))
        .ok_or_else(|| Error::unsupported(format!("MLX has no dtype {dtype}")))
}

/// The dtype of a value of the shim's.
pub(crate) fn dtype_of(code: ffi::rlx_mlx_dtype_t) -> Result<DType, Error> {
    DTYPES
        .iter()
        .find_map(|&(dtype, c)| (c == code).then_some(dtype))
        .ok_or_else(|| Error::fault(format!("the shim gave dtype {code}")))
}

/// Signed and unsigned integers; bool is none.
pub(crate) fn is_integer(dtype: DType) -> bool {
    matches!(dtype, DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U32)
}

/// Real floating point.
pub(crate) fn is_float(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16 | DType::F32 | DType::F64)
}
