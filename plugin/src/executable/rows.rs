//! The first rows of a program that can leave out the others.

use crate::mlx::trace::Trace;
use rlx_host_api::{ActiveExtent, TensorInfo};
use std::ffi::c_int;

/// The rows that a host wants, of a program that can leave out the others.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) extent: ActiveExtent,
    /// For each input whether its first rows are read.
    pub(super) inputs: Vec<bool>,
    /// In compiled mode.
    pub(super) trace: Option<Trace>,
    /// Bytes of the largest value that a run computes.
    pub(super) largest: u64,
}

impl Rows {
    /// What is read of an input.
    pub(super) fn of_input<'a>(&self, index: usize, data: &'a [u8]) -> &'a [u8] {
        if self.inputs[index] { &data[..self.of_bytes(data.len())] } else { data }
    }

    /// How many bytes of an output there are, of the so many that are declared.
    pub(super) fn of_output(&self, declared: &TensorInfo, bytes: usize) -> usize {
        let has_rows = declared.dims.first().is_some_and(|&extent| extent == self.extent.upper as i64);
        if has_rows { self.of_bytes(bytes) } else { bytes }
    }

    /// Extents of what is read of an input.
    pub(super) fn dims_of_input(&self, index: usize, whole: &[c_int]) -> Vec<c_int> {
        let mut dims = whole.to_vec();
        if let Some(first) = dims.first_mut().filter(|_| self.inputs[index]) {
            *first = self.of_bytes(*first as usize) as c_int;
        }
        dims
    }

    /// A number of bytes or elements is a multiple of the number of rows.
    fn of_bytes(&self, whole: usize) -> usize {
        whole / self.extent.upper * self.extent.actual
    }
}
