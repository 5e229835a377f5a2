//! `Op::Custom`: the host's kernels. Which ops have one, and for this device, is checked when the program takes its kernels.

use super::rule::{MANY, any, rules};

rules! {
    Custom { name, attrs, .. }    [0..=MANY; scope, node]    any    => scope.kernel(node, name, attrs);
}
