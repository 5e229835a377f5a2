//! What a kernel is called with.

use crate::{DType, Error, TensorInfo, TensorView};

/// The node that a kernel computes. Tensors have no names.
#[derive(Debug, Clone, Copy)]
pub struct KernelCall<'a> {
    /// Name of the op.
    pub op: &'a str,
    /// Attributes of the node, as the graph has them.
    pub attrs: &'a [u8],
    /// Operands.
    pub inputs: &'a [TensorInfo],
    /// Results that the kernel must give.
    pub outputs: &'a [TensorInfo],
}

/// A place for a dense row-major tensor in host memory. What it holds before it is written is undefined.
#[derive(Debug)]
pub struct TensorViewMut<'a> {
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub dims: &'a [i64],
    /// Elements, little endian.
    pub data: &'a mut [u8],
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type whose values are the elements of a tensor, bit for bit.
pub trait Element: Copy + sealed::Sealed + 'static {
    /// The dtype of such tensors.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($ty:ty: $dtype:ident),* $(,)?) => {$(
        impl sealed::Sealed for $ty {}
        impl Element for $ty {
            const DTYPE: DType = DType::$dtype;
        }
    )*};
}

// Every bit pattern is a value of these types. Halves and booleans, which have no such type in the language, are read from
// `data`.
elements! { f32: F32, f64: F64, i8: I8, i16: I16, i32: I32, i64: I64, u8: U8, u32: U32 }

/// Whether `len` bytes at `data` are values of `T`.
fn check<T: Element>(dtype: DType, data: *const u8, len: usize) -> Result<(), Error> {
    if dtype != T::DTYPE {
        return Err(Error::invalid(format!("the tensor is {dtype}, not {}", T::DTYPE)));
    }
    if !data.cast::<T>().is_aligned() || !len.is_multiple_of(size_of::<T>()) {
        return Err(Error::invalid(format!("{len} bytes of {dtype} at a misaligned address, read `data` instead")));
    }
    Ok(())
}

impl<'a> TensorView<'a> {
    /// The elements.
    ///
    /// # Errors
    /// Invalid argument when the tensor is of another dtype, or misaligned, which a kernel's operands are not.
    pub fn values<T: Element>(&self) -> Result<&'a [T], Error> {
        check::<T>(self.dtype, self.data.as_ptr(), self.data.len())?;
        // SAFETY: aligned, a whole number of values, for which every bit pattern is right; borrowed as `data` is.
        Ok(unsafe { std::slice::from_raw_parts(self.data.as_ptr().cast(), self.data.len() / size_of::<T>()) })
    }
}

impl TensorViewMut<'_> {
    /// The elements, to be written.
    ///
    /// # Errors
    /// Invalid argument when the tensor is of another dtype, or misaligned, which a kernel's results are not.
    pub fn values<T: Element>(&mut self) -> Result<&mut [T], Error> {
        check::<T>(self.dtype, self.data.as_ptr(), self.data.len())?;
        // SAFETY: aligned, a whole number of values, for which every bit pattern is right; borrowed as `data` is.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.data.as_mut_ptr().cast(), self.data.len() / size_of::<T>()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_dtype_alone() {
        let mut memory = [1.5f32, -2.0];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut memory);
        let view = TensorView { dtype: DType::F32, dims: &[2], data: bytes };
        assert_eq!(view.values::<f32>().unwrap(), [1.5, -2.0]);
        assert_eq!(view.values::<i32>().unwrap_err().message(), "the tensor is f32, not i32");
        let shifted = TensorView { dtype: DType::F32, dims: &[1], data: &bytes[1..5] };
        assert!(shifted.values::<f32>().unwrap_err().message().contains("misaligned"));
        let mut place = TensorViewMut { dtype: DType::F32, dims: &[2], data: bytes };
        place.values::<f32>().unwrap()[1] = 7.0;
        assert_eq!(memory, [1.5, 7.0]);
    }
}
