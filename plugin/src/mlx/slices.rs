//! Slices along one axis, and views of dense arrays.

use super::array::Array;
use rlx_host_api::Error;
use std::ffi::c_int;

impl Array {
    /// Elements `start, start + step, …` before `stop` along `axis`, everything along the others. With a negative
    /// step, a `stop` of `None` goes down to the first element.
    pub(crate) fn slice_axis(
        &self,
        axis: usize,
        start: c_int,
        stop: Option<c_int>,
        step: c_int,
    ) -> Result<Array, Error> {
        let mut stops = self.dims()?;
        let (mut starts, mut steps) = (vec![0; stops.len()], vec![1; stops.len()]);
        let (Some(last), Some(first), Some(stride)) = (stops.get_mut(axis), starts.get_mut(axis), steps.get_mut(axis))
        else {
            return Err(Error::invalid(format!("axis {axis} of an array of shape {stops:?}")));
        };
        let extent = *last;
        (*first, *stride) = (start, step);
        // Before the first element is -extent - 1 in Python's counting.
        *last = stop.unwrap_or(if step < 0 { -extent - 1 } else { extent });
        self.slice_strided(&starts, &stops, &steps)
    }

    /// A view of the elements from `offset` on, of an array that is in row-major order in memory.
    pub(crate) fn dense_view(&self, dims: &[c_int], offset: usize) -> Result<Array, Error> {
        let mut strides = vec![1; dims.len()];
        for axis in (1..dims.len()).rev() {
            strides[axis - 1] = strides[axis] * i64::from(dims[axis]);
        }
        self.as_strided(dims, &strides, offset)
    }
}
