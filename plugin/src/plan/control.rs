//! Control flow, executed between segments: what it decides by is evaluated and read back.

use super::scan::Scan;
use super::{Run, Steps};
use crate::array::Array;
use crate::program::Program;
use rlx_host_api::{DType, Error};
use rlx_ir::{Node, Op};
use std::ops::Range;

/// A node of control flow.
#[derive(Debug)]
pub(super) enum Control {
    /// One branch is run, as its predicate says.
    Branch { then: Body, otherwise: Body },
    /// A predicate of several elements takes each element from one of the branches.
    Select { then: Body, otherwise: Body },
    /// The body is run while the condition holds, but not more often than the limit.
    While { cond: Body, body: Body, limit: Option<usize> },
    /// The body is run once for each row.
    Scan(Scan),
    /// A function that has control flow inside.
    Call(Body),
}

/// A nested graph, and where it finds its parameters.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) steps: Steps,
    /// How many of the operands it takes.
    inputs: usize,
    /// Its part of the parameters that come after the node's operands.
    params: Range<usize>,
}

impl Body {
    fn all(program: &Program, node: &Node) -> Result<Vec<Self>, Error> {
        let mut end = 0;
        let bodies = program.bodies(node.id).iter().map(|body| {
            let start = end;
            end += body.params.len();
            Ok(Self { steps: Steps::new(body)?, inputs: body.inputs.len(), params: start..end })
        });
        bodies.collect()
    }

    /// `params` are those of all graphs of the node.
    fn args(&self, mut values: Vec<Array>, params: &[Array]) -> Result<Vec<Array>, Error> {
        values.extend(duplicates(&params[self.params.clone()])?);
        Ok(values)
    }

    fn run(&self, run: &mut Run<'_>, values: Vec<Array>, params: &[Array]) -> Result<Vec<Array>, Error> {
        self.steps.run(run, self.args(values, params)?)
    }

    /// Its first output.
    pub(super) fn run_one(&self, run: &mut Run<'_>, values: Vec<Array>, params: &[Array]) -> Result<Array, Error> {
        Ok(first(self.run(run, values, params)?)?.0)
    }
}

impl Control {
    pub(super) fn new(program: &Program, node: &Node) -> Result<Self, Error> {
        let bodies = Body::all(program, node)?;
        let mut bodies = bodies.into_iter();
        let mut next = || bodies.next().ok_or_else(|| Error::fault("a nested graph is missing"));
        Ok(match &node.op {
            Op::If { .. } => {
                let (then, otherwise) = (next()?, next()?);
                let predicate = node.inputs.first().and_then(|&id| program.graph.shape(id).num_elements());
                if predicate == Some(1) { Self::Branch { then, otherwise } } else { Self::Select { then, otherwise } }
            }
            Op::While { max_iterations, .. } => Self::While { cond: next()?, body: next()?, limit: *max_iterations },
            Op::Scan { .. } => Self::Scan(Scan::new(program, node, next()?)?),
            _ => Self::Call(next()?),
        })
    }

    pub(super) fn bodies(&self) -> Vec<&Steps> {
        match self {
            Self::Branch { then, otherwise } | Self::Select { then, otherwise } => vec![&then.steps, &otherwise.steps],
            Self::While { cond, body, .. } => vec![&cond.steps, &body.steps],
            Self::Scan(scan) => vec![&scan.body.steps],
            Self::Call(body) => vec![&body.steps],
        }
    }

    pub(super) fn bodies_mut(&mut self) -> Vec<&mut Steps> {
        match self {
            Self::Branch { then, otherwise } | Self::Select { then, otherwise } => {
                vec![&mut then.steps, &mut otherwise.steps]
            }
            Self::While { cond, body, .. } => vec![&mut cond.steps, &mut body.steps],
            Self::Scan(scan) => vec![&mut scan.body.steps],
            Self::Call(body) => vec![&mut body.steps],
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
    pub(super) fn run(&self, run: &mut Run<'_>, operands: Vec<Array>, params: &[Array]) -> Result<Array, Error> {
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
                predicate.select(&then, &otherwise)
            }
            Self::While { cond, body, limit } => {
                let mut carried = operands;
                let mut iterations = 0;
                while limit.is_none_or(|limit| iterations < limit) {
                    let decision = cond.run_one(run, duplicates(&carried[..cond.inputs])?, params)?;
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

fn first(values: Vec<Array>) -> Result<(Array, Vec<Array>), Error> {
    let mut values = values.into_iter();
    let first = values.next().ok_or_else(|| Error::fault("an operand is missing"))?;
    Ok((first, values.collect()))
}

pub(super) fn duplicates(values: &[Array]) -> Result<Vec<Array>, Error> {
    values.iter().map(Array::duplicate).collect()
}

/// Whether a value of one element is anything but zero. `others` are evaluated in the same batch.
fn holds(run: &mut Run<'_>, value: Array, others: &mut Vec<Array>) -> Result<bool, Error> {
    let value = if value.dtype()? == DType::Bool { value } else { value.cast(DType::Bool)? };
    others.push(value);
    let done = run.evaluate(others);
    let value = others.pop().ok_or_else(|| Error::fault("a predicate is gone"))?;
    done?;
    let mut byte = [0];
    value.read_part(0, &mut byte)?;
    Ok(byte != [0])
}
