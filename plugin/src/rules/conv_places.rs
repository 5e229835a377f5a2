//! Where the windows of a convolution are: what its attributes and its graph say.

use super::scope::Scope;
use super::windows::{Window, per_axis};
use crate::ir::shapes::dims_of;
use crate::mlx::extents::int;
use rlx_host_api::Error;
use rlx_ir::{Node, Op};
use std::ffi::c_int;

/// The attributes of a convolution of x `[n, c_in, spatial..]` with w `[c_out, c_in / groups, kernel..]` over one to three
/// spatial axes.
pub(super) struct Forward<'a> {
    /// What the node says that the weight's kernel is.
    pub(super) kernel: Option<&'a [usize]>,
    pub(super) stride: &'a [usize],
    pub(super) padding: &'a [usize],
    pub(super) dilation: &'a [usize],
    pub(super) groups: usize,
}

/// Where a convolution's windows are.
pub(super) struct Placed {
    pub(super) windows: Vec<Window>,
    /// The padding behind the elements, for each axis.
    pub(super) behind: Vec<c_int>,
    /// The axes of the weight, channels last.
    pub(super) order: Vec<usize>,
    /// Extents of x along its spatial axes.
    pub(super) spatial: Vec<c_int>,
    /// Extents of the result.
    pub(super) declared: Vec<c_int>,
    /// Channels of x and of the result.
    pub(super) channels: c_int,
    pub(super) filters: c_int,
    pub(super) groups: c_int,
}

impl Placed {
    /// Whether there is nothing to add up, or nothing to compute.
    pub(super) fn is_empty(&self) -> bool {
        self.channels == 0 || self.spatial.contains(&0) || self.declared.contains(&0)
    }
}

impl<'a> Forward<'a> {
    /// Those of a node.
    pub(super) fn of(node: &'a Node) -> Option<Self> {
        match &node.op {
            Op::Conv { kernel_size, stride, padding, dilation, groups }
            | Op::FusedConvBiasAct { kernel_size, stride, padding, dilation, groups, .. } => {
                Some(Self { kernel: Some(kernel_size), stride, padding, dilation, groups: *groups })
            }
            Op::Conv3d { stride, padding, dilation, groups } => {
                Some(Self { kernel: None, stride, padding, dilation, groups: *groups })
            }
            _ => None,
        }
    }

    /// Where the windows are.
    ///
    /// Where the graph declares fewer than `padding` on both sides gives, those whose elements lie in the padding behind are
    /// left out.
    pub(super) fn place(&self, scope: &Scope<'_>, node: &Node) -> Result<Placed, Error> {
        let (x_dims, w_dims) = (scope.input_dims(node, 0)?, scope.input_dims(node, 1)?);
        let declared = dims_of(node)?;
        let (groups, axes) = (int(self.groups)?, spatial_axes(&x_dims, &w_dims)?);
        let (&[n, c_in, ..], &[c_out, per_group, ..]) = (x_dims.as_slice(), w_dims.as_slice()) else {
            return Err(Error::fault("a convolution without channels"));
        };
        let mut windows =
            Window::along(axes, &kernel(self.kernel, &w_dims)?, self.stride, self.dilation, self.padding)?;
        let of_groups =
            groups >= 1 && c_out % groups == 0 && i64::from(per_group) * i64::from(groups) == i64::from(c_in);
        if !of_groups {
            return Err(Error::invalid(format!("x is {x_dims:?} and the weight is {w_dims:?}, with {groups} groups")));
        }
        let (Some(spatial), Some(out)) = (x_dims.get(2..), declared.get(2..)) else {
            return Err(Error::invalid(format!("the graph declares shape {declared:?}, but x is {x_dims:?}")));
        };
        let behind_all = |windows: &[Window]| -> Option<Vec<c_int>> {
            let each = windows.iter().zip(spatial).zip(out);
            each.map(|((window, &extent), &out)| window.padding_behind(extent, out)).collect()
        };
        let along_last = one_axis(&windows, spatial).filter(|turned| behind_all(turned).is_some());
        let mut order: Vec<usize> = (2..w_dims.len()).collect();
        if let Some(turned) = along_last {
            windows = turned;
            order.reverse();
        }
        let whole: Vec<i64> = windows.iter().zip(spatial).map(|(window, &extent)| window.whole(extent)).collect();
        let behind = behind_all(&windows).filter(|_| declared.len() == x_dims.len() && declared[..2] == [n, c_out]);
        let behind = behind.ok_or_else(|| {
            Error::invalid(format!("the graph declares {declared:?}, but {x_dims:?} gives {n}, {c_out} and {whole:?}"))
        })?;
        let spatial = spatial.to_vec();
        Ok(Placed { windows, behind, order, spatial, declared, channels: c_in, filters: c_out, groups })
    }
}

/// How many spatial axes x and the weight have.
pub(super) fn spatial_axes(x: &[c_int], w: &[c_int]) -> Result<usize, Error> {
    match x.len().checked_sub(2) {
        Some(axes @ 1..=3) if w.len() == x.len() => Ok(axes),
        _ => Err(Error::invalid(format!(
            "x is {x:?} and the weight is {w:?}: both have channels and the same one to three spatial axes"
        ))),
    }
}

/// The kernel of the weight `[.., .., kernel..]`, which is the one that the node names.
pub(super) fn kernel(named: Option<&[usize]>, w: &[c_int]) -> Result<Vec<usize>, Error> {
    let found = w.get(2..).unwrap_or_default();
    if let Some(named) = named
        && per_axis("kernel_size", named, found.len(), 1)? != found
    {
        return Err(Error::invalid(format!("kernel_size is {named:?}, and the weight is {w:?}")));
    }
    found.iter().map(|&extent| usize::try_from(extent).map_err(|_| Error::fault("a negative extent"))).collect()
}

/// The windows of a convolution over one axis that is written as one over two: x is `[n, c, 1, w]`, and what is said of
/// the first axis is meant for the other one.
fn one_axis(windows: &[Window], spatial: &[c_int]) -> Option<Vec<Window>> {
    match (windows, spatial) {
        (&[first, Window { kernel: 1, stride: 1, dilation: 1, padding: 0 }], &[1, w]) if w > 1 => {
            Some(vec![Window::POINT, first])
        }
        _ => None,
    }
}

/// Extents along the three axes that the kernels of the processor have: those that are missing come first, and are `neutral`.
pub(super) fn on_three_axes(
    extents: impl ExactSizeIterator<Item = c_int>,
    neutral: usize,
) -> Result<[usize; 3], Error> {
    let mut all = [neutral; 3];
    let first = all.len().saturating_sub(extents.len());
    for (place, extent) in all.iter_mut().skip(first).zip(extents) {
        *place = usize::try_from(extent).map_err(|_| Error::fault("a negative extent"))?;
    }
    Ok(all)
}
