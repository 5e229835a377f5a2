//! Elements of views by their type.

use bytemuck::Pod;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};

/// The elements of an operand.
pub(super) fn of<'v, T: Pod>(view: &TensorView<'v>) -> Result<&'v [T], Error> {
    // What is empty may lie anywhere.
    if view.data.is_empty() {
        return Ok(&[]);
    }
    bytemuck::try_cast_slice(view.data).map_err(|e| Error::fault(format!("elements of an operand: {e}")))
}

/// The places of a result's elements.
pub(super) fn places<'v, T: Pod>(view: &'v mut TensorViewMut<'_>) -> Result<&'v mut [T], Error> {
    if view.data.is_empty() {
        return Ok(&mut []);
    }
    bytemuck::try_cast_slice_mut(view.data).map_err(|e| Error::fault(format!("elements of a result: {e}")))
}

/// Calls a generic function with the type of a floating dtype.
macro_rules! of_float {
    ($dtype:expr, $call:ident($($arg:expr),*)) => {
        match $dtype {
            rlx_host_api::DType::F16 => $call::<half::f16>($($arg),*),
            rlx_host_api::DType::BF16 => $call::<half::bf16>($($arg),*),
            rlx_host_api::DType::F32 => $call::<f32>($($arg),*),
            rlx_host_api::DType::F64 => $call::<f64>($($arg),*),
            other => Err(rlx_host_api::Error::fault(format!("elements of dtype {other} are no floats"))),
        }
    };
}

/// Calls a generic function with the type of an integer dtype.
macro_rules! of_integer {
    ($dtype:expr, $call:ident($($arg:expr),*)) => {
        match $dtype {
            rlx_host_api::DType::I8 => $call::<i8>($($arg),*),
            rlx_host_api::DType::I16 => $call::<i16>($($arg),*),
            rlx_host_api::DType::I32 => $call::<i32>($($arg),*),
            rlx_host_api::DType::I64 => $call::<i64>($($arg),*),
            rlx_host_api::DType::U8 => $call::<u8>($($arg),*),
            rlx_host_api::DType::U32 => $call::<u32>($($arg),*),
            other => Err(rlx_host_api::Error::fault(format!("elements of dtype {other} are no integers"))),
        }
    };
}

pub(super) use {of_float, of_integer};
