//! The table: all rows, found by op kind.

use super::rule::{Case, Rule};
use super::{
    attention, binary, channel_norm, complex, control, conv, cross_entropy, custom, fused, gather, group_norm,
    integer_products, leaf, linalg, matmul, modulation, norm, pad, pool, quantized, random, reduce, region, residual,
    resize, rope, sample, scan, scatter, shape, softmax, sort, unary, unary_backward,
};
use crate::ir::effects::states_of;
use crate::ir::names::{label, place};
use crate::ir::nodes;
use rlx_host_api::Error;
use rlx_ir::{Graph, OpKind};
use std::sync::LazyLock;

const FAMILIES: &[&[Rule]] = &[
    leaf::RULES,
    unary::RULES,
    unary_backward::RULES,
    binary::RULES,
    matmul::RULES,
    linalg::RULES,
    norm::RULES,
    channel_norm::RULES,
    group_norm::RULES,
    modulation::RULES,
    attention::RULES,
    rope::RULES,
    shape::RULES,
    pad::RULES,
    gather::RULES,
    scatter::RULES,
    resize::RULES,
    complex::RULES,
    reduce::RULES,
    softmax::RULES,
    cross_entropy::RULES,
    scan::RULES,
    sort::RULES,
    conv::RULES,
    pool::RULES,
    quantized::RULES,
    integer_products::RULES,
    random::RULES,
    sample::RULES,
    fused::RULES,
    region::RULES,
    residual::RULES,
    control::RULES,
    custom::RULES,
];

/// All rows, in the order of the families.
pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().copied().flatten()
}

/// The row of an op kind.
pub(crate) fn find(kind: OpKind) -> Option<&'static Rule> {
    static BY_KIND: LazyLock<Vec<Option<&'static Rule>>> = LazyLock::new(|| {
        let mut rows = Vec::new();
        for rule in all() {
            let at = rule.kind as usize;
            rows.resize(rows.len().max(at + 1), None);
            rows[at] = Some(rule);
        }
        rows
    });
    *BY_KIND.get(kind as usize)?
}

/// The row that takes a node.
pub(crate) fn accept(case: &Case<'_>) -> Result<&'static Rule, Error> {
    let kind = case.node.op.kind();
    let rule = find(kind).ok_or_else(|| Error::unsupported(format!("MLX's backend has no op {kind:?}")))?;
    takes(rule, case)?;
    Ok(rule)
}

fn takes(rule: &Rule, case: &Case<'_>) -> Result<(), Error> {
    (rule.accepts)(case)?;
    states_of(case.graph, case.node).map(drop)
}

/// Refuses a program with a node that no row takes; all of unknown kinds are named.
pub(crate) fn check(graph: &Graph) -> Result<(), Error> {
    let mut unknown = Vec::new();
    let mut refused = None;
    nodes::each(graph, &mut |graph, node, inside| match find(node.op.kind()) {
        None => unknown.push(format!("{:?} at {}{inside}", node.op.kind(), label(node))),
        Some(rule) => {
            if refused.is_none() {
                let answer = takes(rule, &Case { graph, node });
                refused = answer.err().map(|error| error.context(format_args!("{}{inside}", place(node))));
            }
        }
    });
    if let Some(first) = unknown.first() {
        let message = match unknown.len() {
            1 => format!("unsupported op {first}"),
            n => format!("{n} nodes have unsupported ops: {}", unknown.join(", ")),
        };
        return Err(Error::unsupported(message).with("op", first.as_str()));
    }
    refused.map_or(Ok(()), Err)
}
