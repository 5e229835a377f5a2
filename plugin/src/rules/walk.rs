//! From the nodes of a partition to arrays, in order.
//!
//! The walk makes sure that each array has the node's declared dtype and shape, so that a wrong graph is told at compile
//! time, by node.

use super::prepared::Preparation;
use super::rule::How;
use super::scope::{Scope, conform};
use super::table;
use super::{conv_kernel, elementwise, linear};
use crate::ir::chains::Chain;
use crate::ir::effects::states;
use crate::ir::fixed::Fixed;
use crate::ir::names::place;
use crate::ir::partition::Partition;
use crate::ir::program::Program;
use crate::mlx::array::{Array, eval};
use rlx_host_api::Error;
use rlx_ir::{Node, Op};

/// The lazy outputs of a partition for its arguments, and behind them the new values of its states. They may be views.
pub(crate) fn lower(
    program: &Program,
    partition: &Partition,
    args: &[&Array],
    preparation: &Preparation<'_>,
) -> Result<Vec<Array>, Error> {
    walk(program, partition, args, preparation, &mut note)
}

/// Like [`lower`], evaluating after each node that an output needs, which `evaluations` counts; a failure names the node.
pub(crate) fn lower_eagerly(
    program: &Program,
    partition: &Partition,
    args: &[&Array],
    preparation: &Preparation<'_>,
    evaluations: &mut u64,
) -> Result<Vec<Array>, Error> {
    walk(program, partition, args, preparation, &mut |program, node, value| {
        if !program.is_needed(node.id) {
            return Ok(());
        }
        *evaluations += 1;
        note(program, node, value)?;
        if let Some(profile) = &program.target.reports.profile {
            profile.watch_arrays(std::slice::from_ref(value))?;
        }
        eval(std::slice::from_ref(value)).map_err(|e| e.context(place(node)))
    })
}

/// Notes which node the value is of, where times are noted.
fn note(program: &Program, node: &Node, value: &Array) -> Result<(), Error> {
    let profile = program.target.reports.profile.as_ref();
    profile.map_or(Ok(()), |profile| profile.place(&place(node), value))
}

/// The outputs as [`lower`] gives them, then the values of all nodes in order, [`count_values`] at most. `places` gets the
/// name of each.
pub(crate) fn lower_with_values(
    program: &Program,
    partition: &Partition,
    args: &[&Array],
    preparation: &Preparation<'_>,
    places: &mut Vec<String>,
) -> Result<Vec<Array>, Error> {
    let mut values = Vec::new();
    let mut outputs = walk(program, partition, args, preparation, &mut |_, node, value| {
        values.push(value.duplicate()?);
        places.push(place(node));
        Ok(())
    })?;
    outputs.append(&mut values);
    Ok(outputs)
}

/// How many values lowering a partition visits at most, those of functions that it calls included.
pub(crate) fn count_values(program: &Program, partition: &Partition) -> usize {
    let called = partition.nodes.iter().flat_map(|&id| program.bodies(id));
    let written = partition.nodes.iter().map(|&id| states(&program.graph.node(id).op).len());
    partition.nodes.len() + written.sum::<usize>() + called.map(|body| count_values(body, &body.whole)).sum::<usize>()
}

/// What is done with each value as it arises, new ones of states behind that of their node; the program is the one that has
/// the node.
type Visit<'a> = dyn FnMut(&Program, &Node, &Array) -> Result<(), Error> + 'a;

fn walk(
    program: &Program,
    partition: &Partition,
    args: &[&Array],
    preparation: &Preparation<'_>,
    visit: &mut Visit<'_>,
) -> Result<Vec<Array>, Error> {
    let graph = &program.graph;
    let mut scope = Scope::new(program, partition, args, preparation);
    let joins = program.target.joins_nodes && program.target.device.in_host_memory();
    for &id in &partition.nodes {
        let (at, node) = (id.0 as usize, graph.node(id));
        // It is computed at the end of its chain, or group.
        if joins && (partition.chains.is_inside(id) || partition.groups.is_inside(id)) {
            continue;
        }
        let origin = program.source(id);
        let value = match (partition.arg(origin), partition.fixed.get(&id)) {
            (Some(_), _) => scope.leaf(origin)?.duplicate()?,
            (None, Some(Fixed::Inside)) if preparation.is_given() => continue,
            (None, Some(fixed)) => {
                // What it is computed from is not read once it is there.
                scope.set_preparation(&Preparation::None);
                let mut lower = || lower_node(&scope, node, visit);
                let value = match fixed {
                    Fixed::Kept => preparation.take(|| place(node), None, lower),
                    Fixed::Inside | Fixed::Param => lower(),
                };
                scope.set_preparation(preparation);
                value.map_err(|e| e.context(place(node)))?
            }
            (None, None) => match partition.chains.ending(id).filter(|_| joins) {
                Some(chain) => lower_chain(program, &mut scope, chain, visit)?,
                None => match partition.groups.ending(id).filter(|_| joins) {
                    Some(group) => elementwise::group(&scope, group, graph),
                    None => lower_node(&scope, node, visit),
                }
                .map_err(|e| e.context(place(node)))?,
            },
        };
        let written = scope.update_states(node).map_err(|e| e.context(place(node)))?;
        // A value that was prepared is there, or not read.
        if !(preparation.is_given() && partition.fixed.get(&id) == Some(&Fixed::Kept)) {
            visit(program, node, &value)?;
        }
        for state in written {
            visit(program, node, scope.leaf(state)?)?;
        }
        scope.set(id, Some(value));
        // A value that nobody reads any more is dropped, so that MLX can reuse its memory.
        let inside = partition.chains.ending(id).filter(|_| joins).into_iter().flat_map(Chain::nodes);
        let read = inside.chain([id]).flat_map(|id| &graph.node(id).inputs);
        for input in
            read.chain(partition.groups.ending(id).filter(|_| joins).into_iter().flat_map(|group| &group.inputs))
        {
            let last_use = program.last_use[input.0 as usize];
            if (if joins { partition.last_use(*input, last_use) } else { last_use }) <= at {
                scope.set(*input, None);
            }
        }
    }
    let outputs = partition.outputs.iter().map(|&id| scope.value(id));
    let states = partition.states.iter().map(|&origin| scope.leaf(origin));
    outputs.chain(states).map(|value| value?.duplicate()).collect()
}

/// The value of a chain's last node: by one kernel, or node by node where that does not take it.
fn lower_chain(program: &Program, scope: &mut Scope<'_>, chain: &Chain, visit: &mut Visit<'_>) -> Result<Array, Error> {
    let mut last = None;
    for id in chain.nodes() {
        let node = program.graph.node(id);
        if id == chain.head {
            let of_id = |id| program.graph.node(id);
            let value = match node.op {
                Op::MatMul => linear::chain(scope, chain, of_id)?,
                _ => conv_kernel::chain(scope, chain, of_id).map_err(|e| e.context(place(node)))?,
            };
            if let Some((end, value)) = value {
                return conform(value, end).map_err(|e| e.context(place(end)));
            }
        }
        let value = lower_node(scope, node, visit).map_err(|e| e.context(place(node)))?;
        last = Some(value.duplicate()?);
        scope.set(id, Some(value));
    }
    last.ok_or_else(|| Error::fault("a chain without nodes"))
}

fn lower_node(scope: &Scope<'_>, node: &Node, visit: &mut Visit<'_>) -> Result<Array, Error> {
    let kind = node.op.kind();
    // `check` has let nothing pass that has no row, and leaves and control flow are the plan's.
    let rule = table::find(kind).ok_or_else(|| Error::unsupported(format!("unsupported op {kind:?}")))?;
    let count = node.inputs.len();
    if !rule.operands.contains(&count) {
        let (least, most) = (rule.operands.start(), rule.operands.end());
        let takes = if least == most { least.to_string() } else { format!("{least} or more") };
        return Err(Error::invalid(format!("it has {count} operands and takes {takes}")));
    }
    let value = match rule.how {
        How::Graph(lower) | How::Host(lower) => lower(scope, node),
        How::Call => call(scope, node, visit),
        How::Leaf | How::ControlFlow => Err(Error::fault(format!("{kind:?} is not lowered"))),
    }?;
    conform(value, node)
}

/// The function's body over the node's operands, as part of the enclosing graph.
fn call(scope: &Scope<'_>, node: &Node, visit: &mut Visit<'_>) -> Result<Array, Error> {
    let (body, args) = scope.function(node)?;
    let outputs = walk(body, &body.whole, &args, scope.preparation(), visit)?;
    outputs.into_iter().next().ok_or_else(|| Error::fault("the function gives nothing"))
}
