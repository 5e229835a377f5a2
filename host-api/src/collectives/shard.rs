//! A rank's part of a graph with linear layers: tensor parallelism, as in Shoeybi et al., "Megatron-LM" (2019).
//!
//! A layer whose weight is cut into columns gives each rank a part of its value's last axis. What follows is computed on the
//! part, up to the layer that takes it: its weight is cut into rows, and its value is the sum over the ranks, which an
//! all-reduce makes. So a pair of layers takes one all-reduce.

use super::{Reduction, all_reduce};
use crate::{Error, TensorInfo, TensorView};
use rlx_ir::op::MaskKind;
use rlx_ir::{Graph, Node, NodeId, Op, Shape};
use std::collections::BTreeMap;

/// A rank's part of a graph.
#[derive(Debug)]
pub struct Sharded {
    graph: Graph,
    rank: usize,
    ranks: usize,
    /// The axis along which parameters are cut, by name.
    cut: BTreeMap<String, usize>,
}

/// What a rank has of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Whole,
    /// Its part along this axis.
    Part(usize),
    /// A summand of the whole.
    Summand,
}

/// Cuts a graph for one rank. `columns` names the parameters, weights of `MatMul`, that are cut into columns; what has to be
/// cut with them follows: biases of such layers, and the weights of the layers that take their values, into rows. Behind those
/// an all-reduce is added. Between the two may stand elementwise ops, `Softmax` along another axis, `Attention`, whose heads
/// are dealt out, `Transpose`, and `Reshape` that only splits or joins the axis that is cut.
///
/// # Errors
/// Not found for a name that is no parameter; invalid argument for a malformed graph, and for an extent or a number of heads
/// that the ranks do not divide; unsupported, with the node, for an op that cannot be computed on a part, and for an output that would be one.
pub fn shard(graph: &Graph, columns: &[&str], rank: usize, ranks: usize) -> Result<Sharded, Error> {
    if rank >= ranks {
        return Err(Error::invalid(format!("there is no rank {rank} of {ranks}")));
    }
    let is_there = |name: &&&str| graph.nodes().iter().any(|node| param(node) == Some(**name));
    if let Some(name) = columns.iter().find(|name| !is_there(name)) {
        return Err(Error::not_found(format!("the graph has no parameter `{name}` to cut into columns")));
    }
    check_references(graph)?;
    let mut plan = Plan { graph, columns, ranks, held: Vec::new(), params: BTreeMap::new() };
    for node in graph.nodes() {
        let held = plan.held_of(node).map_err(|e| e.context(place(node)))?;
        if let Held::Part(axis) = held
            && axis >= extents(&node.shape)?.len()
        {
            return Err(Error::invalid(format!("{}: its value has no axis {axis}, which is cut", place(node))));
        }
        plan.held.push(held);
    }
    plan.build(rank)
}

/// Refuses nodes that read what does not stand before them, and outputs that are no node.
fn check_references(graph: &Graph) -> Result<(), Error> {
    let is_early = |node: &&Node| node.inputs.iter().any(|id| id.0 >= node.id.0);
    if let Some(node) = graph.nodes().iter().find(is_early) {
        return Err(Error::invalid(format!("{}: an operand does not stand before it", place(node))));
    }
    match graph.outputs.iter().find(|id| id.0 as usize >= graph.len()) {
        Some(id) => Err(Error::invalid(format!("output {id} is no node of graph `{}`", graph.name))),
        None => Ok(()),
    }
}

impl Sharded {
    /// The rank's graph. Inputs and outputs are those of the whole.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The axis along which a parameter is cut; `None` for one that every rank has whole.
    pub fn axis(&self, param: &str) -> Option<usize> {
        self.cut.get(param).copied()
    }

    /// The rank's part of a parameter's value.
    ///
    /// # Errors
    /// Invalid argument when `whole` is not what its own dims and dtype say, or cannot be cut.
    pub fn part(&self, param: &str, whole: TensorView<'_>) -> Result<(Vec<i64>, Vec<u8>), Error> {
        whole.check()?;
        let mut dims = whole.dims.to_vec();
        let Some(axis) = self.axis(param) else { return Ok((dims, whole.data.to_vec())) };
        let (ranks, rank) = (self.ranks as i64, self.rank);
        let cannot = || Error::invalid(format!("parameter `{param}` {:?} is not cut along axis {axis}", whole.dims));
        let extent = dims.get_mut(axis).filter(|extent| **extent % ranks == 0).ok_or_else(cannot)?;
        *extent /= ranks;
        let part = dims.iter().skip(axis).product::<i64>() as usize * whole.dtype.size();
        if part == 0 {
            return Ok((dims, Vec::new()));
        }
        let rows = whole.data.chunks_exact(part * self.ranks);
        let own = rows.filter_map(|row| row.chunks_exact(part).nth(rank));
        Ok((dims, own.collect::<Vec<_>>().concat()))
    }
}

/// Which values are cut, as far as nodes have been looked at.
struct Plan<'g> {
    graph: &'g Graph,
    columns: &'g [&'g str],
    ranks: usize,
    /// By node.
    held: Vec<Held>,
    /// What was decided on parameters, by name: their axis, or that they stay whole.
    params: BTreeMap<&'g str, Option<usize>>,
}

fn param(node: &Node) -> Option<&str> {
    match &node.op {
        Op::Param { name } => Some(name),
        _ => None,
    }
}

fn place(node: &Node) -> String {
    format!("node {} ({:?})", node.id, node.op.kind())
}

fn extents(shape: &Shape) -> Result<Vec<usize>, Error> {
    let dims = TensorInfo::of("", shape)?.dims;
    dims.into_iter().map(|extent| usize::try_from(extent).map_err(|_| Error::invalid("a negative extent"))).collect()
}

impl<'g> Plan<'g> {
    fn dims(&self, id: NodeId) -> Result<Vec<usize>, Error> {
        extents(self.graph.shape(id))
    }

    fn held(&self, id: NodeId) -> Held {
        let param = param(self.graph.node(id)).and_then(|name| self.params.get(name).copied().flatten());
        // An all-reduce follows a summand.
        match (param, self.held.get(id.0 as usize)) {
            (Some(axis), _) | (None, Some(&Held::Part(axis))) => Held::Part(axis),
            _ => Held::Whole,
        }
    }

    /// Takes a parameter as a part along `axis`, or whole; false for what is no parameter.
    fn decide(&mut self, id: NodeId, axis: Option<usize>) -> Result<bool, Error> {
        let Some(name) = param(self.graph.node(id)) else { return Ok(false) };
        if *self.params.entry(name).or_insert(axis) != axis {
            return Err(Error::unsupported(format!(
                "parameter `{name}` is needed as a part, and whole or as another part"
            )));
        }
        if let Some(axis) = axis {
            let extent = self.dims(id)?.get(axis).copied().unwrap_or(1);
            self.divides(extent, &format!("axis {axis} of parameter `{name}`, of extent"))?;
        }
        Ok(true)
    }

    fn divides(&self, count: usize, what: &str) -> Result<(), Error> {
        let ranks = self.ranks;
        if count.is_multiple_of(ranks) {
            return Ok(());
        }
        Err(Error::invalid(format!("{ranks} ranks do not divide {what} {count}")))
    }

    fn held_of(&mut self, node: &'g Node) -> Result<Held, Error> {
        if let (Op::MatMul, &[x, w]) = (&node.op, node.inputs.as_slice()) {
            return self.product(node, x, w);
        }
        let parts: Vec<usize> = node.inputs.iter().filter_map(|&id| self.part_of(id)).collect();
        if parts.is_empty() {
            for &id in &node.inputs {
                self.decide(id, None)?;
            }
            return Ok(Held::Whole);
        }
        let refuse = |why: &str| Error::unsupported(format!("it cannot be computed on a part: {why}"));
        match (&node.op, node.inputs.as_slice()) {
            (
                Op::Activation(_) | Op::Cast { .. } | Op::Binary(_) | Op::Compare(_) | Op::Where | Op::Clamp { .. },
                _,
            ) => self.elementwise(node),
            (Op::Softmax { axis }, &[x]) => {
                let (Some(&part), rank) = (parts.first(), self.dims(x)?.len()) else { return Ok(Held::Whole) };
                let along = if *axis < 0 { i64::from(*axis) + rank as i64 } else { i64::from(*axis) };
                if along == part as i64 {
                    Err(refuse("it runs along the axis that is cut"))
                } else {
                    Ok(Held::Part(part))
                }
            }
            (Op::Attention { num_heads, head_dim, mask_kind, .. }, [q, k, v, masks @ ..]) => {
                let axes = [self.part_of(*q), self.part_of(*k), self.part_of(*v)];
                let [Some(axis), ..] = axes else { return Err(refuse("its queries are whole")) };
                let rank = self.dims(*q)?.len();
                let heads = if rank == 4 { 1 } else { rank - 1 };
                if axes != [Some(heads); 3] {
                    return Err(refuse("queries, keys and values are not all cut by heads"));
                }
                self.divides(*num_heads, "the number of heads,")?;
                let width = if rank == 4 { 1 } else { *head_dim };
                self.divides(self.dims(*k)?[heads] / width.max(1), "the number of heads of keys,")?;
                for &mask in masks {
                    let dims = self.dims(mask)?;
                    if matches!(mask_kind, MaskKind::Bias) || (dims.len() > 2 && dims[dims.len() - 3] != 1) {
                        return Err(refuse("its mask tells heads apart"));
                    }
                    self.decide(mask, None)?;
                }
                Ok(Held::Part(axis))
            }
            (Op::Transpose { perm }, _) => match perm.iter().position(|from| Some(from) == parts.first()) {
                Some(axis) => Ok(Held::Part(axis)),
                None => Err(refuse("its permutation lacks the axis that is cut")),
            },
            (Op::Reshape { .. }, &[x]) => {
                let (from, to) = (self.dims(x)?, extents(&node.shape)?);
                let Some(&part) = parts.first() else { return Ok(Held::Whole) };
                let before = |dims: &[usize], axis: usize| dims.iter().take(axis).product::<usize>();
                let same = |&axis: &usize| to[axis] != 1 && before(&to, axis) == before(&from, part);
                let axis = (0..to.len()).find(same).ok_or_else(|| refuse("it takes the axis that is cut apart"))?;
                self.divides(to[axis], &format!("axis {axis} of its value, of extent"))?;
                Ok(Held::Part(axis))
            }
            _ => Err(refuse("no rule is known; cut other parameters, or end the layers that are cut before it")),
        }
    }

    fn part_of(&self, id: NodeId) -> Option<usize> {
        match self.held(id) {
            Held::Part(axis) => Some(axis),
            Held::Whole | Held::Summand => None,
        }
    }

    fn product(&mut self, node: &Node, x: NodeId, w: NodeId) -> Result<Held, Error> {
        let (rank, of_x) = (extents(&node.shape)?.len(), self.dims(x)?.len());
        let of_w = self.dims(w)?.len();
        if rank < 2 || of_w < 2 || of_x < 2 {
            return Err(Error::unsupported("a product of vectors"));
        }
        let is_column = param(self.graph.node(w)).is_some_and(|name| self.columns.contains(&name));
        match (self.part_of(x), self.part_of(w)) {
            (None, _) if is_column => {
                self.decide(x, None)?;
                self.decide(w, Some(of_w - 1))?;
                Ok(Held::Part(rank - 1))
            }
            (Some(axis), _) if axis + 1 == of_x && !is_column && self.decide(w, Some(of_w - 2))? => Ok(Held::Summand),
            // Batches of both, such as heads.
            (Some(axis), Some(other)) if axis == other && axis + 2 < of_x && of_x == of_w => Ok(Held::Part(axis)),
            (None, None) => {
                self.decide(x, None)?;
                self.decide(w, None)?;
                Ok(Held::Whole)
            }
            _ => Err(Error::unsupported(
                "the parts of its operands do not fit: cut the weight before it into columns, not its own",
            )),
        }
    }

    fn elementwise(&mut self, node: &Node) -> Result<Held, Error> {
        let rank = extents(&node.shape)?.len();
        // Operands are aligned to the value's end.
        let lacking = |dims: &[usize]| {
            rank.checked_sub(dims.len()).ok_or_else(|| Error::invalid("an operand has more axes than the value"))
        };
        let mut found = None;
        for &id in &node.inputs {
            if let Some(axis) = self.part_of(id) {
                // Counted in the value.
                let axis = axis + lacking(&self.dims(id)?)?;
                if *found.get_or_insert(axis) != axis {
                    return Err(Error::unsupported("its operands are cut along different axes"));
                }
            }
        }
        let Some(axis) = found else { return Ok(Held::Whole) };
        for &id in node.inputs.iter().filter(|&&id| self.held(id) == Held::Whole).collect::<Vec<_>>() {
            let dims = self.dims(id)?;
            let own = axis.checked_sub(lacking(&dims)?).filter(|&own| dims[own] != 1);
            if !self.decide(id, own)? && own.is_some() {
                return Err(Error::unsupported("one operand is whole along the axis that is cut in another"));
            }
        }
        Ok(Held::Part(axis))
    }

    fn build(self, rank: usize) -> Result<Sharded, Error> {
        let graph = self.graph;
        let mut own = Graph::new(graph.name.clone());
        let mut ids: Vec<NodeId> = Vec::with_capacity(graph.len());
        for node in graph.nodes() {
            let inputs = node.inputs.iter().map(|id| ids[id.0 as usize]).collect();
            let held = match self.held(node.id) {
                Held::Whole => self.held[node.id.0 as usize],
                part => part,
            };
            let shape = match held {
                Held::Part(axis) => {
                    let mut dims = extents(&node.shape)?;
                    dims[axis] /= self.ranks;
                    Shape::new(&dims, node.shape.dtype())
                }
                Held::Whole | Held::Summand => node.shape.clone(),
            };
            let mut id = own.add_node(self.own_op(node, &shape, held)?, inputs, shape);
            own.node_mut(id).name.clone_from(&node.name);
            if held == Held::Summand {
                id = all_reduce(&mut own, id, Reduction::Sum)?;
            }
            ids.push(id);
        }
        for (at, &output) in graph.outputs.iter().enumerate() {
            if matches!(self.held(output), Held::Part(_)) {
                let name = graph.output_name(at).unwrap_or("without a name");
                return Err(Error::unsupported(format!(
                    "output {at}, {name}, would be a part: end it with a layer whose weight is cut into rows"
                )));
            }
        }
        own.set_outputs(graph.outputs.iter().map(|id| ids[id.0 as usize]).collect());
        own.set_output_names(graph.output_names().to_vec());
        let cut = self.params.iter().filter_map(|(name, axis)| Some(((*name).to_owned(), (*axis)?))).collect();
        Ok(Sharded { graph: own, rank, ranks: self.ranks, cut })
    }

    /// The op of a node on what the rank has.
    fn own_op(&self, node: &Node, shape: &Shape, held: Held) -> Result<Op, Error> {
        let mut op = node.op.clone();
        if !matches!(held, Held::Part(_)) {
            return Ok(op);
        }
        match &mut op {
            Op::Attention { num_heads, .. } => *num_heads /= self.ranks,
            Op::Reshape { new_shape } => *new_shape = extents(shape)?.into_iter().map(|extent| extent as i64).collect(),
            _ => {}
        }
        Ok(op)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;

    fn read(body: &str) -> Graph {
        rlx_ir::rlxmodel::from_text(&format!("rlxmodel 1\nopset 1\ngraph @g {{\n{body}}}\n")).unwrap()
    }

    const MLP: &str = "
  %x = input : f32[3, 4]
  %w1 = param : f32[4, 6]
  %b1 = param : f32[6]
  %w2 = param : f32[6, 4]
  %b2 = param : f32[4]
  %wide = MatMul %x, %w1 : f32[3, 6]
  %biased = Binary(Add) %wide, %b1 : f32[3, 6]
  %active = Activation(Gelu) %biased : f32[3, 6]
  %narrow = MatMul %active, %w2 : f32[3, 4]
  %y = Binary(Add) %narrow, %b2 : f32[3, 4]
  return %y as y
";

    #[test]
    fn a_pair_of_layers_takes_one_reduction() {
        let sharded = shard(&read(MLP), &["w1"], 1, 2).unwrap();
        let axes = ["w1", "b1", "w2", "b2"].map(|name| sharded.axis(name));
        assert_eq!(axes, [Some(1), Some(0), Some(0), None]);
        let customs: Vec<_> =
            sharded.graph().nodes().iter().filter(|node| matches!(node.op, Op::Custom { .. })).collect();
        assert_eq!(customs.len(), 1);
        assert_eq!(extents(&customs[0].shape).unwrap(), [3, 4]);
        assert_eq!(sharded.graph().output_name(0), Some("y"));
        let wide = sharded.graph().nodes().iter().find(|node| matches!(node.op, Op::MatMul)).unwrap();
        assert_eq!(extents(&wide.shape).unwrap(), [3, 3]);
    }

    #[test]
    fn parts_are_columns_and_rows() {
        let sharded = shard(&read(MLP), &["w1"], 1, 2).unwrap();
        let data: Vec<u8> = (0..24).collect();
        let view = |dims| TensorView { dtype: DType::U8, dims, data: &data };
        let (dims, columns) = sharded.part("w1", view(&[4, 6])).unwrap();
        assert_eq!((dims, columns), (vec![4, 3], vec![3, 4, 5, 9, 10, 11, 15, 16, 17, 21, 22, 23]));
        let (dims, rows) = sharded.part("w2", view(&[6, 4])).unwrap();
        assert_eq!((dims, rows), (vec![3, 4], (12..24).collect()));
        assert_eq!(sharded.part("b2", view(&[24])).unwrap().1, data);
    }

    #[test]
    fn heads_are_dealt_out() {
        let graph = read(
            "
  %x = input : f32[2, 3, 8]
  %wq = param : f32[8, 8]
  %wo = param : f32[8, 8]
  %q = MatMul %x, %wq : f32[2, 3, 8]
  %split = Reshape{new_shape: [2, 3, 4, 2]} %q : f32[2, 3, 4, 2]
  %heads = Transpose{perm: [0, 2, 1, 3]} %split : f32[2, 4, 3, 2]
  %back = Transpose{perm: [0, 2, 1, 3]} %heads : f32[2, 3, 4, 2]
  %joined = Reshape{new_shape: [2, 3, 8]} %back : f32[2, 3, 8]
  %y = MatMul %joined, %wo : f32[2, 3, 8]
  return %y
",
        );
        let sharded = shard(&graph, &["wq"], 0, 4).unwrap();
        let shapes: Vec<_> = sharded.graph().nodes().iter().skip(4).map(|node| extents(&node.shape).unwrap()).collect();
        assert_eq!(shapes[..4], [vec![2, 3, 1, 2], vec![2, 1, 3, 2], vec![2, 3, 1, 2], vec![2, 3, 2]]);
        assert_eq!(sharded.axis("wo"), Some(0));
        let error = shard(&graph, &["wq"], 0, 8).unwrap_err();
        assert!(error.message().contains("8 ranks do not divide axis 2 of its value"), "{error}");
    }

    #[test]
    fn what_cannot_be_cut_is_told() {
        let graph = read(MLP);
        for (columns, ranks, part) in [
            (&["w3"][..], 2, "no parameter `w3`"),
            (&["w1"], 4, "4 ranks do not divide axis 1 of parameter `w1`, of extent 6"),
            (&["w2"], 2, "output 0, y, would be a part"),
        ] {
            let error = shard(&graph, columns, 0, ranks).unwrap_err();
            assert!(error.message().contains(part), "{error}");
        }
        assert!(shard(&graph, &["w1"], 2, 2).is_err());
        let graph = read(
            "
  %x = input : f32[3, 4]
  %w = param : f32[4, 6]
  %y = MatMul %x, %w : f32[3, 6]
  %s = Softmax{axis: -1} %y : f32[3, 6]
  return %s
",
        );
        let error = shard(&graph, &["w"], 0, 2).unwrap_err();
        assert!(error.message().contains("node %3 (Softmax)"), "{error}");
    }

    #[test]
    fn malformed_graphs_are_refused() {
        let refused = |change: &dyn Fn(&mut Graph)| {
            let mut graph = read(MLP);
            change(&mut graph);
            shard(&graph, &["w1"], 0, 2).unwrap_err().message().to_owned()
        };
        let node = |graph: &Graph, kind: &str| {
            graph.nodes().iter().find(|node| format!("{:?}", node.op.kind()) == kind).map(|node| node.id).unwrap()
        };
        let early = refused(&|graph| {
            let id = node(graph, "Activation");
            graph.node_mut(id).inputs = vec![NodeId(1000)];
        });
        assert!(early.contains("does not stand before it"), "{early}");
        let itself = refused(&|graph| {
            let id = node(graph, "Activation");
            graph.node_mut(id).inputs = vec![id];
        });
        assert!(itself.contains("does not stand before it"), "{itself}");
        let output = refused(&|graph| graph.outputs = vec![NodeId(1000)]);
        assert!(output.contains("is no node"), "{output}");
        let flat = refused(&|graph| {
            let id = node(graph, "Activation");
            graph.node_mut(id).shape = Shape::new(&[18], rlx_ir::DType::F32);
        });
        assert!(flat.contains("more axes than the value"), "{flat}");
        let short = refused(&|graph| {
            let id = node(graph, "Activation");
            let x = graph.node(id).inputs[0];
            let node = graph.node_mut(id);
            (node.op, node.inputs) = (Op::Transpose { perm: vec![0, 1] }, vec![x]);
            node.shape = Shape::new(&[3], rlx_ir::DType::F32);
        });
        assert!(short.contains("its value has no axis 1"), "{short}");
    }
}
