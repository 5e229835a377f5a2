//! Operations of the family `sort`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// In ascending order (MLX: sort).
    pub(crate) fn sort(&self, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_sort(self.raw(), axis, out) })
    }

    /// In descending order when `descending` is true.
    pub(crate) fn sort_by(&self, axis: c_int, descending: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_sort_by(self.raw(), axis, c_int::from(descending), out) })
    }

    /// The indices that sort (MLX: argsort).
    pub(crate) fn argsort(&self, axis: c_int, descending: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_argsort(self.raw(), axis, c_int::from(descending), out) })
    }

    /// The `k` largest elements in descending order; an error unless 0 <= k <= extent.
    pub(crate) fn topk_values(&self, k: c_int, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_topk_values(self.raw(), k, axis, out) })
    }

    /// The same with their indices; of equal elements the one with the smaller index comes first, and is the one
    /// chosen.
    ///
    /// Gives (values, indices).
    pub(crate) fn topk(&self, k: c_int, axis: c_int) -> Result<(Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [values, indices] =
            Array::produce_several(|out| unsafe { ffi::rlx_mlx_op_topk(self.raw(), k, axis, out.add(0), out.add(1)) })?;
        Ok((Array::given(values)?, Array::given(indices)?))
    }

    /// Rearranged so that the element of rank `kth` is in its place, with none greater before it and none smaller
    /// behind it; the order within the two parts is unspecified. Negative `kth` counts from the end; an error when out
    /// of range (MLX: partition).
    pub(crate) fn partition(&self, kth: c_int, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_partition(self.raw(), kth, axis, out) })
    }

    /// The indices that do so: the k largest elements are the last k with kth = -k (MLX: argpartition).
    pub(crate) fn argpartition(&self, kth: c_int, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_argpartition(self.raw(), kth, axis, out) })
    }

    /// For each of `values` the place in the ascending rank-1 array `sorted` where it could be inserted: before equal
    /// elements, or behind them when `right` is true. The result is u32 with the shape of `values`; NaN goes to the end
    /// (MLX: searchsorted).
    pub(crate) fn searchsorted(&self, values: &Array, right: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_searchsorted(self.raw(), values.raw(), c_int::from(right), out) })
    }
}
