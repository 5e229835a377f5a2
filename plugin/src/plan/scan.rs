//! `Scan`: the body once for each row of its per-step operands, lazily, with an evaluation now and then.

use super::nested::{Nested, duplicates};
use super::run::RunState;
use crate::ir::program::Program;
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use rlx_host_api::{DType, Error};
use rlx_ir::{Node, Op};
use std::ffi::c_int;

/// Steps are evaluated together until they come to about this many primitives: enough that the cost of an evaluation does
/// not show beside theirs (on a processor a primitive takes 2 µs and an evaluation 50), few enough to bound the memory
/// that lazy graphs take.
const PRIMITIVES_AT_ONCE: usize = 512;

/// A node that carries one value through a fixed number of steps.
#[derive(Debug)]
pub(super) struct Scan<N> {
    pub(super) body: N,
    length: usize,
    /// Operands that every step reads whole, besides the carry.
    broadcasts: usize,
    /// Extents of one row of each per-step operand.
    rows: Vec<Vec<c_int>>,
    trajectory: Option<Trajectory>,
    /// Steps between two evaluations.
    stride: usize,
}

/// The carries that are kept.
#[derive(Debug)]
struct Trajectory {
    /// How many.
    saved: usize,
    /// Those, then zeros.
    dims: Vec<c_int>,
    dtype: DType,
    bytes: usize,
}

impl<N: Nested> Scan<N> {
    /// `primitives` is how many the body has.
    pub(super) fn new(program: &Program, node: &Node, body: N, primitives: usize) -> Result<Self, Error> {
        let Op::Scan { length, save_trajectory, num_bcast, num_checkpoints, .. } = &node.op else {
            return Err(Error::fault("not a scan"));
        };
        let (length, broadcasts) = (*length as usize, *num_bcast as usize);
        let stacked = node.inputs.iter().skip(1 + broadcasts);
        let rows = stacked.map(|&id| Ok(dims_of(program.graph.node(id))?.split_off(1)));
        let saved = match *num_checkpoints as usize {
            0 => length,
            checkpoints => checkpoints,
        };
        let bytes = node.shape.size_bytes().unwrap_or(usize::MAX);
        let trajectory = Trajectory { saved, dims: dims_of(node)?, dtype: node.shape.dtype().into(), bytes };
        Ok(Self {
            length,
            broadcasts,
            rows: rows.collect::<Result<_, Error>>()?,
            trajectory: save_trajectory.then_some(trajectory),
            stride: (PRIMITIVES_AT_ONCE / primitives.max(1)).max(1),
            body,
        })
    }

    /// Bytes of what is stacked.
    pub(super) fn trajectory_bytes(&self) -> usize {
        self.trajectory.as_ref().map_or(0, |trajectory| trajectory.bytes)
    }

    pub(super) fn run(&self, run: &mut RunState<'_>, operands: Vec<Array>, params: &[Array]) -> Result<Array, Error> {
        let mut operands = operands.into_iter();
        let mut carry = operands.next().ok_or_else(|| Error::fault("the carry is missing"))?;
        let broadcasts: Vec<Array> = operands.by_ref().take(self.broadcasts).collect();
        let stacked = operands.zip(&self.rows).map(|(whole, dims)| Rows::of(&whole, dims));
        let stacked = stacked.collect::<Result<Vec<_>, Error>>()?;
        let mut stack = self.trajectory.as_ref().map(Stack::new);
        for step in 0..self.length {
            let mut values = vec![carry];
            values.extend(duplicates(&broadcasts)?);
            for rows in &stacked {
                values.push(rows.get(step)?);
            }
            carry = self.body.run_one(run, values, params)?;
            if let Some(stack) = &mut stack {
                stack.offer(step, self.length, &carry)?;
            }
            if (step + 1) % self.stride == 0 && step + 1 < self.length {
                let mut pending = vec![carry];
                if let Some(block) = stack.as_mut().map(Stack::close_block).transpose()?.flatten() {
                    pending.push(block);
                }
                run.evaluate(&pending)?;
                carry = pending.swap_remove(0);
            }
        }
        stack.map_or(Ok(carry), Stack::finish)
    }
}

/// A per-step operand, flat: so a row is one primitive instead of a slice and its reshape.
struct Rows<'a> {
    elements: Array,
    dims: &'a [c_int],
    size: usize,
}

impl<'a> Rows<'a> {
    fn of(whole: &Array, dims: &'a [c_int]) -> Result<Self, Error> {
        let size = dims.iter().map(|&extent| extent as usize).product();
        Ok(Self { elements: whole.contiguous()?.reshape(&[-1])?, dims, size })
    }

    fn get(&self, step: usize) -> Result<Array, Error> {
        self.elements.dense_view(self.dims, step * self.size)
    }
}

/// A trajectory on its way. Rows are joined at each evaluation, so that there are never many small arrays.
struct Stack<'a> {
    trajectory: &'a Trajectory,
    /// Rows that were kept so far.
    count: usize,
    rows: Vec<Array>,
    blocks: Vec<Array>,
}

impl<'a> Stack<'a> {
    fn new(trajectory: &'a Trajectory) -> Self {
        Self { trajectory, count: 0, rows: Vec::new(), blocks: Vec::new() }
    }

    /// The carry after a step, which is kept if a checkpoint falls on it: the last step is one, and they are spread
    /// evenly before it, rounded up.
    fn offer(&mut self, step: usize, length: usize, carry: &Array) -> Result<(), Error> {
        let saved = self.trajectory.saved;
        if self.count < saved && step + 1 == ((self.count + 1) * length).div_ceil(saved) {
            // A scalar cannot be joined.
            let is_scalar = self.trajectory.dims.len() == 1;
            self.rows.push(if is_scalar { carry.reshape(&[1])? } else { carry.duplicate()? });
            self.count += 1;
        }
        Ok(())
    }

    /// Joins the rows since the last block, and gives a second reference to them.
    fn close_block(&mut self) -> Result<Option<Array>, Error> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        let mut dims = self.trajectory.dims.clone();
        dims[0] = self.rows.len() as c_int;
        let block = Array::concat(&self.rows.iter().collect::<Vec<_>>(), 0)?.reshape(&dims)?;
        self.rows.clear();
        self.blocks.push(block.duplicate()?);
        Ok(Some(block))
    }

    fn finish(mut self) -> Result<Array, Error> {
        self.close_block()?;
        let Trajectory { saved, dims, dtype, .. } = self.trajectory;
        let missing = dims[0] - *saved as c_int;
        if missing > 0 {
            let mut dims = dims.clone();
            dims[0] = missing;
            self.blocks.push(Array::scalar(0.0, *dtype)?.broadcast_to(&dims)?);
        }
        Array::concat(&self.blocks.iter().collect::<Vec<_>>(), 0)
    }
}
