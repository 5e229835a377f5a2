//! Control flow and functions: ops with graphs nested in them. What those must take and give is checked with the program.

use super::rule::{MANY, any, rules};

rules! {
    If { .. }          [1..=MANY]    any, ControlFlow;
    While { .. }       [1..=MANY]    any, ControlFlow;
    Scan { .. }        [1..=MANY]    any, ControlFlow;
    CustomFn { .. }    [0..=MANY]    any, Call;
}
