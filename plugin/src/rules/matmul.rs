//! Matrix products.

use super::rule::{any, rules};

rules! {
    MatMul    [a, b]    any    => a.matmul(b);
}
