//! By what a node is computed, found out by lowering it: what a host is told that asks for explanations.

use crate::ir::program::Program;
use crate::ir::target::Target;
use crate::kernels::KernelSet;
use crate::mlx::array::Array;
use crate::mlx::device::Device;
use crate::mlx::trace::Trace;
use crate::rules::prepared::Preparation;
use crate::rules::rule::Case;
use crate::rules::walk::lower;
use rlx_host_api::Error;
use rlx_host_api::author::{How, Taken};
use rlx_ir::{Graph, Op};

/// How a node of MLX's graph runs: as one operation, as several, or with code of the processor, and then why. Its operands
/// are stand-ins, so that nothing is computed.
///
/// # Errors
/// What lowering the node by itself fails with, extents that are not known yet for example.
pub(crate) fn explain(case: &Case<'_>, device: Device) -> Result<Taken, Error> {
    let mut graph = Graph::new("node");
    let operands = case.node.inputs.iter().enumerate().map(|(at, &id)| {
        let name = format!("x{at}");
        graph.add_node(Op::Input { name }, Vec::new(), case.graph.shape(id).clone())
    });
    let operands = operands.collect();
    let node = graph.add_node(case.node.op.clone(), operands, case.node.shape.clone());
    graph.set_outputs(vec![node]);
    let target = Target::new(device, KernelSet::default(), true, None);
    let program = Program::new(graph, &target)?;
    let stand_in = |&origin: &_| {
        let (dims, dtype) = program.shape_of(origin)?;
        Array::placeholder(&dims, dtype)
    };
    let args = program.whole.args.iter().map(stand_in).collect::<Result<Vec<_>, Error>>()?;
    let most = 1 + program.states().len();
    let trace = Trace::new(&args, most, |args| lower(&program, &program.whole, args, &Preparation::None))?;
    let (how, by) = match (&*target.host(), trace.size()?) {
        ([], 0) => (How::Graph, "nothing: the operand itself".to_owned()),
        ([], 1) => (How::Graph, "one operation of MLX".to_owned()),
        ([], _) => (How::Graph, "several operations of MLX".to_owned()),
        (reasons, _) => (How::Host, reasons.join("; ")),
    };
    Ok(Taken { how, by })
}
