//! The kernels of the collective ops, `collective.*`.

use super::group::MlxGroup;
use crate::host::code::HostCode;
use rlx_host_api::author::{KernelRegistry, Reduction, RegisteredKernel};
use rlx_host_api::collectives::{ALL_GATHER, ALL_REDUCE, CollectiveOp, REDUCE_SCATTER};
use rlx_host_api::kernel::{Kernel, KernelCall, TensorViewMut};
use rlx_host_api::{Error, TensorView};
use rlx_ir::Op;
use std::time::Duration;

const NAMES: [&str; 3] = [ALL_REDUCE, ALL_GATHER, REDUCE_SCATTER];

/// Whether an op needs all ranks.
pub(crate) fn is_collective(op: &Op) -> bool {
    matches!(op, Op::Custom { name, .. } if NAMES.contains(&name.as_str()))
}

/// Gives the collective ops of programs that are compiled from now on their kernels, or takes them away.
pub(super) fn install(registry: &KernelRegistry, group: Option<&MlxGroup>) -> Result<(), Error> {
    for name in NAMES {
        match group {
            Some(group) => registry.provide(of(name, group.clone())?),
            None => registry.withdraw(name),
        }
    }
    Ok(())
}

/// The kernel of one op. It is called inside a run that has a turn in the group.
fn of(name: &'static str, group: MlxGroup) -> Result<RegisteredKernel, Error> {
    let compute = move |call: &KernelCall<'_>, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]| {
        let op = CollectiveOp::read(call.op, call.attrs)?;
        // Behind the operand stands what it is computed after.
        let ([operand, ..], [result], Some(op)) = (operands, results, op) else {
            return Err(Error::fault("a collective op has one operand and one result"));
        };
        let (engine, timeout) = (group.engine(), group.timeout());
        match op {
            CollectiveOp::AllReduce(reduction) => reduce(&group, reduction, operand, result, timeout),
            CollectiveOp::AllGather(_) => engine.all_gather(operand.dtype, operand.data, result.data, timeout),
            CollectiveOp::ReduceScatter(reduction, _) => {
                engine.reduce_scatter(reduction, operand.dtype, operand.data, result.data, timeout)
            }
        }
    };
    RegisteredKernel::own(Kernel::host_fn(name, compute))
}

fn reduce(
    group: &MlxGroup,
    reduction: Reduction,
    operand: &TensorView<'_>,
    result: &mut TensorViewMut<'_>,
    timeout: Duration,
) -> Result<(), Error> {
    if operand.data.len() != result.data.len() {
        return Err(Error::fault("a reduction has a result of its operand's size"));
    }
    result.data.copy_from_slice(operand.data);
    group.engine().all_reduce(reduction, operand.dtype, result.data, timeout)
}

/// A reduction over the ranks of a value that stays on the device.
pub(crate) struct Reduce {
    pub(crate) group: MlxGroup,
    pub(crate) reduction: Reduction,
    pub(crate) timeout: Duration,
}

impl HostCode for Reduce {
    fn name(&self) -> &str {
        ALL_REDUCE
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([operand], [result]) = (operands, results) else {
            return Err(Error::fault("a reduction has one operand and one result"));
        };
        reduce(&self.group, self.reduction, operand, result, self.timeout)
    }
}
