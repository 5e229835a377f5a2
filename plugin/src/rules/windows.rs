//! Windows that slide along the spatial axes of `[n, c, spatial..]`, as convolutions and poolings have them.

use crate::mlx::array::Array;
use crate::mlx::extents::int;
use rlx_host_api::Error;
use std::ffi::c_int;

/// Along one spatial axis: how many elements a window has, how far apart they and the windows are, and how many elements
/// there are before and behind those of the array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) kernel: c_int,
    pub(super) stride: c_int,
    pub(super) dilation: c_int,
    pub(super) padding: c_int,
}

impl Window {
    /// One element, at every place.
    pub(super) const POINT: Self = Self { kernel: 1, stride: 1, dilation: 1, padding: 0 };

    /// The windows of an op whose attributes have a value for each spatial axis.
    pub(super) fn along(
        axes: usize,
        kernel: &[usize],
        stride: &[usize],
        dilation: &[usize],
        padding: &[usize],
    ) -> Result<Vec<Self>, Error> {
        let (kernel, stride) = (per_axis("kernel_size", kernel, axes, 1)?, per_axis("stride", stride, axes, 1)?);
        let (dilation, padding) = (per_axis("dilation", dilation, axes, 1)?, per_axis("padding", padding, axes, 0)?);
        let each = kernel.into_iter().zip(stride).zip(dilation.into_iter().zip(padding));
        Ok(each.map(|((kernel, stride), (dilation, padding))| Self { kernel, stride, dilation, padding }).collect())
    }

    /// How many elements lie between the ends of a window.
    fn reach(&self) -> i64 {
        i64::from(self.dilation) * i64::from(self.kernel - 1) + 1
    }

    /// How many windows there are in `extent` elements, with `high` behind them.
    fn count(&self, extent: c_int, high: i64) -> i64 {
        let room = i64::from(extent) + i64::from(self.padding) + high - self.reach();
        (room.div_euclid(self.stride.into()) + 1).max(0)
    }

    /// How many windows there are in `extent` elements, padded alike on both sides.
    pub(super) fn whole(&self, extent: c_int) -> i64 {
        self.count(extent, self.padding.into())
    }

    /// The same, where the last one may end behind the padding; each starts within the elements or before them.
    fn started(&self, extent: c_int) -> i64 {
        let (room, stride) = (i64::from(extent) + 2 * i64::from(self.padding) - self.reach(), i64::from(self.stride));
        let count = (room + stride - 1).div_euclid(stride) + 1;
        let starts_inside = (count - 1) * stride < i64::from(extent) + i64::from(self.padding);
        (if starts_inside { count } else { count - 1 }).max(self.whole(extent))
    }

    /// How many of `extent` elements the window of this index sees, 1 if it sees none. It has no holes.
    pub(super) fn elements(&self, extent: c_int, index: c_int) -> c_int {
        let first = i64::from(index) * i64::from(self.stride) - i64::from(self.padding);
        let (start, end) = (first.max(0), (first + i64::from(self.kernel)).min(extent.into()));
        c_int::try_from((end - start).max(1)).unwrap_or(c_int::MAX)
    }

    /// The padding behind the elements with which just `declared` windows have room.
    fn needed(&self, extent: c_int, declared: c_int) -> i64 {
        let end = (i64::from(declared) - 1) * i64::from(self.stride) + self.reach();
        (end - i64::from(extent) - i64::from(self.padding)).max(0)
    }

    /// The padding behind the elements that gives `declared` windows, if `padding` does or less of it: a graph says by
    /// fewer windows that the two sides are padded differently.
    pub(super) fn padding_behind(&self, extent: c_int, declared: c_int) -> Option<c_int> {
        if self.whole(extent) == i64::from(declared) {
            return Some(self.padding);
        }
        let needed = self.needed(extent, declared);
        let fits = needed <= self.padding.into() && self.count(extent, needed) == i64::from(declared);
        c_int::try_from(needed).ok().filter(|_| fits)
    }

    /// The padding behind the elements that gives `declared` windows, if those that are whole are so many, or with a last
    /// one that is not: a graph says so that the number of windows is rounded up.
    pub(super) fn padding_behind_rounded_up(&self, extent: c_int, declared: c_int) -> Option<c_int> {
        let fits = (self.whole(extent)..=self.started(extent)).contains(&declared.into());
        let needed = self.needed(extent, declared).max(self.padding.into());
        c_int::try_from(needed).ok().filter(|_| fits)
    }
}

/// An attribute's values, one for each spatial axis. Those that are not written are `neutral`, the least of them, and so are
/// any behind those of the axes.
pub(super) fn per_axis(name: &str, values: &[usize], axes: usize, neutral: usize) -> Result<Vec<c_int>, Error> {
    let beyond = values.get(axes..).unwrap_or_default();
    if values.iter().any(|&value| value < neutral) || beyond.iter().any(|&value| value != neutral) {
        return Err(Error::invalid(format!("{name} is {values:?}: give {axes} numbers of at least {neutral}")));
    }
    (0..axes).map(|axis| int(values.get(axis).copied().unwrap_or(neutral))).collect()
}

/// `x`, `[n, c, spatial..]`, with the windows' padding before the elements and `behind` behind them: the scalar `fill`.
pub(super) fn padded(x: &Array, windows: &[Window], behind: &[c_int], fill: &Array) -> Result<Array, Error> {
    let (mut low, mut high) = (vec![0, 0], vec![0, 0]);
    low.extend(windows.iter().map(|window| window.padding));
    high.extend(behind);
    if low.iter().chain(&high).all(|&count| count == 0) { x.duplicate() } else { x.pad_value(&low, &high, fill) }
}

/// What windows see of `x`, `[n, c, spatial..]`, which has its padding: `[n, c, windows.., elements..]`, with `out` windows on
/// each spatial axis.
pub(super) fn seen(x: &Array, windows: &[Window], out: &[c_int]) -> Result<Array, Error> {
    let dims = x.dims()?;
    let &[n, c, ..] = dims.as_slice() else {
        return Err(Error::fault(format!("windows of {dims:?}")));
    };
    // How far apart neighbours on an axis are, in row-major order.
    let mut steps = vec![1i64; dims.len()];
    for axis in (1..dims.len()).rev() {
        steps[axis - 1] = steps[axis] * i64::from(dims[axis]);
    }
    let spatial = steps.get(2..).unwrap_or_default();
    let mut shape = vec![n, c];
    shape.extend(out);
    shape.extend(windows.iter().map(|window| window.kernel));
    let mut strides: Vec<i64> = steps.iter().copied().take(2).collect();
    strides.extend(spatial.iter().zip(windows).map(|(step, window)| step * i64::from(window.stride)));
    strides.extend(spatial.iter().zip(windows).map(|(step, window)| step * i64::from(window.dilation)));
    x.as_strided(&shape, &strides, 0)
}
