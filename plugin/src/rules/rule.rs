//! One row of the table: what is known of an op kind, and how a node of it becomes an array.

use super::scope::Scope;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_ir::{Graph, Node, OpKind};
use std::ops::RangeInclusive;

/// An op kind that the plugin compiles. The file of its family lists it with [`rules!`].
pub(crate) struct Rule {
    pub(crate) kind: OpKind,
    /// How many operands a node has.
    pub(crate) operands: RangeInclusive<usize>,
    /// Refuses nodes of this kind that the plugin does not take, by their attributes, dtypes or ranks.
    pub(crate) accepts: fn(&Case<'_>) -> Result<(), Error>,
    pub(crate) how: How,
}

/// How a node runs.
pub(crate) enum How {
    /// It is an argument of the program.
    Leaf,
    /// As operations of MLX's graph, which this makes of its operands.
    Graph(fn(&Scope<'_>, &Node) -> Result<Array, Error>),
    /// As a node of MLX's graph whose elements code of the processor computes, on every device.
    Host(fn(&Scope<'_>, &Node) -> Result<Array, Error>),
    /// Its nested graph becomes part of the enclosing one.
    Call,
    /// Between parts of the graph: the plan runs its nested graphs as their values decide.
    ControlFlow,
}

/// A node that a rule is asked about, before anything is traced.
pub(crate) struct Case<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) node: &'a Node,
}

impl Case<'_> {
    /// Rank of operand `i`, as the graph declares it; none where there is no such operand.
    pub(super) fn rank(&self, i: usize) -> Option<usize> {
        self.node.inputs.get(i).map(|&id| self.graph.shape(id).rank())
    }
}

/// Takes every node of its kind.
pub(super) fn any(_: &Case<'_>) -> Result<(), Error> {
    Ok(())
}

/// What a rule says to a node of another kind, which the walk never gives it.
pub(super) fn other_kind(node: &Node) -> Error {
    Error::fault(format!("a rule for another op got {:?}", node.op.kind()))
}

/// As many operands as there are.
pub(super) const MANY: usize = usize::MAX;

/// The rows of a family: `Kind pattern [operands] accepts => value;`, with another way to run than MLX's graph
/// `Kind pattern [operands] accepts, Host => value;`, and without a value `Kind pattern [operands] accepts, How;`.
///
/// The pattern is that of the op's fields. Operands are names for the arrays, or a range of how many there may be. Behind a
/// `;` stand names for the [`Scope`] and the [`Node`] where the value needs them.
macro_rules! rules {
    ($($kind:ident $({ $($field:tt)* })? $(($($item:tt)*))? [$($operands:tt)*] $accepts:ident $(, $how:ident)? $(=> $value:expr)?;)+) => {
        /// The rows of this family.
        pub(super) const RULES: &[crate::rules::rule::Rule] = &[$(crate::rules::rule::Rule {
            kind: rlx_ir::OpKind::$kind,
            operands: rules!(@count $($operands)*),
            accepts: $accepts,
            how: rules!(@how [$kind $({ $($field)* })? $(($($item)*))?] [$($operands)*] ($(, $how)? $(=> $value)?)),
        }),+];
    };
    (@count $($name:ident),* $(; $scope:tt, $node:tt)?) => {{
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        NAMES.len()..=NAMES.len()
    }};
    (@count $range:expr $(; $scope:tt, $node:tt)?) => { $range };
    (@how $pattern:tt $operands:tt (, $how:ident)) => { crate::rules::rule::How::$how };
    (@how $pattern:tt $operands:tt ($(, $how:ident)? => $value:expr)) => { rules!(@value [$($how)?] $pattern $operands $value) };
    (@value [$($how:ident)?] [$($pattern:tt)*] [$($name:ident),* $(; $scope:tt, $node:tt)?] $value:expr) => {
        rules!(@way [$($how)?] |found: &crate::rules::scope::Scope<'_>, at: &rlx_ir::Node| {
            let rlx_ir::Op::$($pattern)* = &at.op else { return Err(crate::rules::rule::other_kind(at)) };
            let [$($name),*] = found.operands(at)?;
            $(let ($scope, $node) = (found, at);)?
            $value
        })
    };
    (@value [$($how:ident)?] [$($pattern:tt)*] [$range:expr; $scope:tt, $node:tt] $value:expr) => {
        rules!(@way [$($how)?] |found: &crate::rules::scope::Scope<'_>, at: &rlx_ir::Node| {
            let rlx_ir::Op::$($pattern)* = &at.op else { return Err(crate::rules::rule::other_kind(at)) };
            let ($scope, $node) = (found, at);
            $value
        })
    };
    (@way [] $lower:expr) => { crate::rules::rule::How::Graph($lower) };
    (@way [$how:ident] $lower:expr) => { crate::rules::rule::How::$how($lower) };
}

pub(super) use rules;
