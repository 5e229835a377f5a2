//! From a program to its steps: partitions between the nodes of control flow, in the order of the graph.

use super::control::Control;
use super::piece::Piece;
use super::recipe::Recipes;
use super::run::Totals;
use super::steps::{Action, Body, Read, Step, Steps};
use crate::ir::effects::{draws, states, states_of};
use crate::ir::names::place;
use crate::ir::origin::Origin;
use crate::ir::partition::Partition;
use crate::ir::program::Program;
use rlx_host_api::Error;
use rlx_ir::{Node, NodeId, Op};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Cuts `program` and traces every partition of it and of the graphs nested in it. The thread is on a lane.
pub(crate) fn cut(program: &Arc<Program>) -> Result<(Steps, Recipes), Error> {
    let mut recipes = Recipes::new(program);
    let steps = cut_into(program, &mut recipes)?;
    Ok((steps, recipes))
}

fn cut_into(program: &Arc<Program>, recipes: &mut Recipes) -> Result<Steps, Error> {
    let mut cut = Cut::new(program, recipes);
    if !program.has_control_flow {
        let whole = &program.whole;
        cut.partition(whole.clone())?;
        return cut.finish();
    }
    let mut pending = Vec::new();
    // What no output needs is left out: control flow would be executed for nothing.
    for node in program.graph.nodes().iter().filter(|node| program.is_needed(node.id)) {
        if program.is_control_flow(node) {
            cut.nodes(std::mem::take(&mut pending))?;
            cut.control(node)?;
        } else if program.source(node.id) == Origin::Node(node.id) {
            pending.push(node.id);
        }
    }
    cut.nodes(pending)?;
    cut.finish()
}

struct Cut<'a> {
    program: &'a Arc<Program>,
    recipes: &'a mut Recipes,
    /// Nodes that are read by control flow or are outputs, so that no partition can keep them to itself.
    exposed: HashSet<NodeId>,
    /// The number of each value that there is so far.
    values: HashMap<Origin, usize>,
    count: usize,
    steps: Vec<Step>,
}

impl<'a> Cut<'a> {
    fn new(program: &'a Arc<Program>, recipes: &'a mut Recipes) -> Self {
        let args = program.whole.args.iter();
        let values: HashMap<Origin, usize> = args.enumerate().map(|(i, &source)| (source, i)).collect();
        let mut exposed: HashSet<NodeId> = program.graph.outputs.iter().copied().collect();
        let needed = program.graph.nodes().iter().filter(|node| program.is_needed(node.id));
        for node in needed.filter(|node| program.is_control_flow(node)) {
            exposed.extend(&node.inputs);
        }
        Self { program, recipes, exposed, count: values.len(), values, steps: Vec::new() }
    }

    /// A partition of `pending`, if anything in it is read elsewhere.
    fn nodes(&mut self, pending: Vec<NodeId>) -> Result<(), Error> {
        let Some(end) = pending.last().copied() else { return Ok(()) };
        let outputs: Vec<NodeId> = pending.iter().copied().filter(|&id| self.is_read_behind(id, end)).collect();
        let graph = &self.program.graph;
        if outputs.is_empty() && pending.iter().all(|&id| states(&graph.node(id).op).is_empty()) {
            return Ok(());
        }
        let own: HashSet<NodeId> = pending.iter().copied().collect();
        let (mut nodes, mut args, mut states) = (pending.clone(), Vec::new(), Vec::new());
        for &id in &pending {
            let node = graph.node(id);
            for &input in node.inputs.iter().filter(|input| !own.contains(input)) {
                // A constant is lowered where it is used, which lets the trace fold what depends on it.
                if !matches!(graph.node(input).op, Op::Constant { .. }) {
                    args.push(self.program.source(input));
                }
                nodes.push(input);
            }
            for body in self.program.bodies(id) {
                args.extend(self.program.hidden_args_of(body)?);
            }
            if draws(&node.op) {
                args.push(Origin::Rng);
            }
            for state in states_of(graph, node)? {
                states.push(self.program.source(state));
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        let mut seen = HashSet::new();
        args.retain(|&source| seen.insert(source));
        seen.clear();
        states.retain(|&source| seen.insert(source));
        let (origin, changes) = (|id| self.program.source(id), |origin| self.program.changes(origin));
        self.partition(Partition::new(graph, nodes, args, outputs, states, origin, changes))
    }

    /// Whether the value is read by anything but nodes up to `end`, the last of its partition.
    fn is_read_behind(&self, id: NodeId, end: NodeId) -> bool {
        // Other partitions lower a constant themselves.
        let is_constant = matches!(self.program.graph.node(id).op, Op::Constant { .. });
        let last_use = self.program.last_use[id.0 as usize];
        self.exposed.contains(&id) || (!is_constant && last_use > end.0 as usize)
    }

    fn partition(&mut self, partition: Partition) -> Result<(), Error> {
        let reads = self.reads(&partition.args)?;
        for &output in &partition.outputs {
            self.give(Origin::Node(output));
        }
        // What comes later reads the new values.
        for &state in &partition.states {
            self.give(state);
        }
        let piece = Piece::new(self.program, partition, self.recipes)?;
        self.steps.push(Step { reads, action: Action::Partition(piece) });
        Ok(())
    }

    fn control(&mut self, node: &Node) -> Result<(), Error> {
        let mut sources: Vec<Origin> = node.inputs.iter().map(|&id| self.program.source(id)).collect();
        for body in self.program.bodies(node.id) {
            sources.extend(self.program.hidden_args_of(body)?);
        }
        let reads = self.reads(&sources)?;
        self.recipes.note_shown(self.program, &sources[..node.inputs.len()]);
        let place = place(node);
        let control =
            self.bodies(node).and_then(|(bodies, primitives)| Control::new(self.program, node, bodies, primitives));
        let control = control.map_err(|e| e.context(&place))?;
        self.give(Origin::Node(node.id));
        self.steps.push(Step { reads, action: Action::Control { node: control, place, operands: node.inputs.len() } });
        Ok(())
    }

    /// The node's nested graphs, and how many primitives they have in all.
    fn bodies(&mut self, node: &Node) -> Result<(Vec<Body>, usize), Error> {
        let (mut end, mut totals) = (0, Totals::default());
        let bodies = self.program.bodies(node.id).iter().map(|body| {
            let start = end;
            end += body.whole.args.len() - body.inputs.len();
            let steps = cut_into(body, self.recipes)?;
            totals.add(steps.totals()?);
            Ok(Body { steps, inputs: body.inputs.len(), params: start..end })
        });
        let bodies = bodies.collect::<Result<_, Error>>()?;
        Ok((bodies, totals.primitives))
    }

    fn give(&mut self, source: Origin) {
        self.values.insert(source, self.count);
        self.count += 1;
    }

    fn reads(&self, sources: &[Origin]) -> Result<Vec<Read>, Error> {
        let read = |source| {
            let value = self.values.get(source).copied();
            value
                .map(|value| Read { value, last: false })
                .ok_or_else(|| Error::fault("a value is read before it is there"))
        };
        sources.iter().map(read).collect()
    }

    /// The steps, with the last reader of each value marked.
    fn finish(mut self) -> Result<Steps, Error> {
        let outputs = self.program.graph.outputs.iter().map(|&id| self.program.source(id));
        let sources: Vec<Origin> = outputs.chain(self.program.states().iter().copied()).collect();
        let mut outputs = self.reads(&sources)?;
        self.recipes.note_shown(self.program, &sources);
        let mut seen = HashSet::new();
        let mut mark =
            |reads: &mut Vec<Read>| reads.iter_mut().rev().for_each(|read| read.last = seen.insert(read.value));
        mark(&mut outputs);
        self.steps.iter_mut().rev().for_each(|step| mark(&mut step.reads));
        Ok(Steps { program: Arc::clone(self.program), steps: self.steps, outputs })
    }
}
