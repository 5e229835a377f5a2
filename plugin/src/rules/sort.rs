//! Sorting and selection. NaN is the greatest value, and equal elements keep their order, as in the shim's `sort.h`.

use super::rule::{any, rules};
use crate::mlx::extents::int;

rules! {
    Sort { axis, descending }       [x]    any    => x.sort_by(int(*axis)?, *descending);
    ArgSort { axis, descending }    [x]    any    => x.argsort(int(*axis)?, *descending);
    TopK { k }                      [x]    any    => Ok(x.topk(int(*k)?, -1)?.1);
}
