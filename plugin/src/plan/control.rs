//! Control flow, executed between partitions: what it decides by is evaluated and read back.

use super::nested::{Nested, duplicates, first};
use super::run::RunState;
use super::scan::Scan;
use crate::ir::program::Program;
use crate::mlx::array::Array;
use rlx_host_api::{DType, Error};
use rlx_ir::{Node, Op};

/// A node of control flow.
#[derive(Debug)]
pub(super) enum Control<N> {
    /// One branch is run, as its predicate says.
    Branch { then: N, otherwise: N },
    /// A predicate of several elements takes each element from one of the branches.
    Select { then: N, otherwise: N },
    /// The body is run while the condition holds, but not more often than the limit.
    While { cond: N, body: N, limit: Option<usize> },
    /// The body is run once for each row.
    Scan(Scan<N>),
    /// A function that has control flow inside.
    Call(N),
}

impl<N: Nested> Control<N> {
    /// `bodies` are the node's nested graphs, of so many primitives in all.
    pub(super) fn new(program: &Program, node: &Node, bodies: Vec<N>, primitives: usize) -> Result<Self, Error> {
        let mut bodies = bodies.into_iter();
        let mut next = || bodies.next().ok_or_else(|| Error::fault("a nested graph is missing"));
        Ok(match &node.op {
            Op::If { .. } => {
                let (then, otherwise) = (next()?, next()?);
                let predicate = node.inputs.first().and_then(|&id| program.graph.shape(id).num_elements());
                if predicate == Some(1) { Self::Branch { then, otherwise } } else { Self::Select { then, otherwise } }
            }
            Op::While { max_iterations, .. } => Self::While { cond: next()?, body: next()?, limit: *max_iterations },
            Op::Scan { .. } => Self::Scan(Scan::new(program, node, next()?, primitives)?),
            _ => Self::Call(next()?),
        })
    }

    pub(super) fn bodies(&self) -> Vec<&N> {
        match self {
            Self::Branch { then, otherwise } | Self::Select { then, otherwise } => vec![then, otherwise],
            Self::While { cond, body, .. } => vec![cond, body],
            Self::Scan(scan) => vec![&scan.body],
            Self::Call(body) => vec![body],
        }
    }

    pub(super) fn bodies_mut(&mut self) -> Vec<&mut N> {
        match self {
            Self::Branch { then, otherwise } | Self::Select { then, otherwise } => {
                vec![then, otherwise]
            }
            Self::While { cond, body, .. } => vec![cond, body],
            Self::Scan(scan) => vec![&mut scan.body],
            Self::Call(body) => vec![body],
        }
    }

    /// Bytes of the largest value that it computes itself, outside its nested graphs.
    pub(super) fn largest(&self) -> usize {
        match self {
            Self::Scan(scan) => scan.trajectory_bytes(),
            _ => 0,
        }
    }

    /// The node's value for its operands. `params` are those of its nested graphs, one graph after the other.
    pub(super) fn run(&self, run: &mut RunState<'_>, operands: Vec<Array>, params: &[Array]) -> Result<Array, Error> {
        match self {
            Self::Branch { then, otherwise } => {
                let (predicate, captures) = first(operands)?;
                let branch = if holds(run, predicate, &mut Vec::new())? { then } else { otherwise };
                branch.run_one(run, captures, params)
            }
            Self::Select { then, otherwise } => {
                let (predicate, captures) = first(operands)?;
                let then = then.run_one(run, duplicates(&captures)?, params)?;
                let otherwise = otherwise.run_one(run, captures, params)?;
                predicate.where_(&then, &otherwise)
            }
            Self::While { cond, body, limit } => {
                let mut carried = operands;
                let mut iterations = 0;
                while limit.is_none_or(|limit| iterations < limit) {
                    let decision = cond.run_one(run, duplicates(&carried[..cond.inputs()])?, params)?;
                    // The carried values with it: one that it does not depend on would grow with each iteration.
                    if !holds(run, decision, &mut carried)? {
                        break;
                    }
                    carried = body.run(run, carried, params)?;
                    iterations += 1;
                }
                Ok(first(carried)?.0)
            }
            Self::Scan(scan) => scan.run(run, operands, params),
            Self::Call(body) => body.run_one(run, operands, params),
        }
    }
}

/// Whether a value of one element is anything but zero. `others` are evaluated in the same batch.
fn holds(run: &mut RunState<'_>, value: Array, others: &mut Vec<Array>) -> Result<bool, Error> {
    let value = if value.dtype()? == DType::Bool { value } else { value.cast(DType::Bool)? };
    others.push(value);
    let done = run.evaluate(others);
    let value = others.pop().ok_or_else(|| Error::fault("a predicate is gone"))?;
    done?;
    let mut byte = [0];
    value.read_part(0, &mut byte)?;
    Ok(byte != [0])
}
