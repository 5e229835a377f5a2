//! A case: a program of one op, its operands, and what is expected.

use crate::compare::Expected;
use crate::fill::Fill;
use crate::tensor::{Tensor, indices, is_float, offset};
use rlx_ir::{DType, Graph, NodeId, Op, OpKind, Shape};
use std::fmt;

/// How an operand lies in memory when the op reads it. The values are the same in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As the host gives it.
    Dense,
    /// The transpose of what the host gives.
    Transposed,
    /// The middle of a longer last axis.
    Narrowed,
    /// As the host gives it, save that all operands behind the first, or the only one, are parameters.
    Params,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dense, Self::Transposed, Self::Narrowed, Self::Params];

    /// Its part of a case's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Transposed => "transposed",
            Self::Narrowed => "narrowed",
            Self::Params => "params",
        }
    }
}

/// An operand of a case.
#[derive(Debug, Clone)]
pub struct Operand {
    /// Extents.
    pub dims: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Values.
    pub fill: Fill,
}

impl Operand {
    /// An operand.
    pub fn new(dtype: DType, dims: &[usize], fill: Fill) -> Self {
        Self { dims: dims.to_vec(), dtype, fill }
    }
}

/// The closed form of a case: its outputs for its operands.
pub type Oracle = Box<dyn Fn(&[Tensor]) -> Vec<Expected> + Send + Sync>;

/// What the closed form of a case is about where an op may choose among several values: tensors made of the operands and
/// of the output, such as the product of a factor with its transpose.
pub type Laws = Box<dyn Fn(&[Tensor], &Tensor) -> Vec<Tensor> + Send + Sync>;

/// A case.
pub struct Case {
    /// Family, attributes, dtypes, extents, values, layout and seed: a name that makes the same case again.
    pub name: String,
    /// Family of the op.
    pub family: &'static str,
    /// The op.
    pub kind: OpKind,
    /// The program. Its inputs and parameters are `x0`, `x1`, … for the operands.
    pub graph: Graph,
    operands: Vec<Operand>,
    layout: Layout,
    seed: u64,
    oracle: Oracle,
    laws: Option<Laws>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Case {
    /// The operands' values, as the op reads them.
    pub fn operands(&self) -> Vec<Tensor> {
        let seed = self.name.bytes().fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let each = self.operands.iter().enumerate();
        each.map(|(at, o)| o.fill.tensor(o.dtype, &o.dims, seed.wrapping_add(at as u64 * 77))).collect()
    }

    /// Other values for the operands: the same elements from the last to the first, so that a value may do what it did
    /// before. Those that are chosen one by one, as indices are, and matrices stay. None where nothing would be another, and
    /// for operands that are large.
    pub fn turned(&self, operands: &[Tensor]) -> Option<Vec<Tensor>> {
        if self.is_large() {
            return None;
        }
        let stays = |operand: &Operand| {
            !is_float(operand.dtype) || matches!(operand.fill, Fill::These(_) | Fill::Wholes(_) | Fill::Definite)
        };
        let turn = |(operand, values): (&Operand, &Tensor)| match stays(operand) {
            true => values.clone(),
            false => {
                let backwards: Vec<usize> = (0..values.values.len()).rev().collect();
                Tensor { values: values.values.pick(&backwards), ..values.clone() }
            }
        };
        let turned: Vec<Tensor> = self.operands.iter().zip(operands).map(turn).collect();
        let differs = turned.iter().zip(operands).any(|(turned, values)| turned.bytes() != values.bytes());
        differs.then_some(turned)
    }

    /// The program's inputs for these operands.
    pub fn inputs(&self, operands: &[Tensor]) -> Vec<Tensor> {
        operands.iter().map(|operand| self.layout.host(operand)).collect()
    }

    /// What is expected for these operands.
    pub fn expected(&self, operands: &[Tensor]) -> Vec<Expected> {
        (self.oracle)(operands)
    }

    /// What the closed form is about, of the outputs that were found: those themselves, or what the laws make of them.
    pub fn judged(&self, operands: &[Tensor], found: &[Tensor]) -> Vec<Tensor> {
        match &self.laws {
            Some(laws) => found.iter().flat_map(|output| laws(operands, output)).collect(),
            None => found.to_vec(),
        }
    }

    /// Whether the op may choose among several values, so that laws are compared.
    pub fn has_laws(&self) -> bool {
        self.laws.is_some()
    }

    /// Element type of the values that the op works on: of its first operand that is no bool, or of the output.
    pub fn dtype(&self) -> DType {
        let output = || self.graph.outputs.first().map_or(DType::F32, |&id| self.graph.shape(id).dtype());
        let of_operands = self.operands.iter().map(|operand| operand.dtype).find(|&dtype| dtype != DType::Bool);
        of_operands.unwrap_or_else(output)
    }

    /// Whether its operands take so much memory and time that a quick selection leaves it out.
    pub fn is_large(&self) -> bool {
        self.operands.iter().any(|operand| operand.dims.iter().product::<usize>() > 1_000_000)
    }

    /// Whether the op has nested graphs, which a backend may trace one by one.
    pub fn is_nested(&self) -> bool {
        self.graph.nodes().iter().any(|node| !node.op.subgraphs().is_empty())
    }
}

/// What a node reads of what the host gives.
fn read(graph: &mut Graph, (at, count): (usize, usize), operand: &Operand, layout: Layout) -> NodeId {
    let (shape, rank) = (Shape::new(&operand.dims, operand.dtype), operand.dims.len());
    let name = format!("x{at}");
    match layout {
        Layout::Params if at > 0 || count == 1 => graph.param(name, shape),
        Layout::Transposed if rank > 1 => {
            let perm: Vec<usize> = (0..rank).rev().collect();
            let turned: Vec<usize> = operand.dims.iter().rev().copied().collect();
            let input = graph.input(name, Shape::new(&turned, operand.dtype));
            graph.add_node(Op::Transpose { perm }, vec![input], shape)
        }
        Layout::Narrowed if rank > 0 => {
            let mut wide = operand.dims.clone();
            let len = wide[rank - 1];
            wide[rank - 1] = len + 3;
            let input = graph.input(name, Shape::new(&wide, operand.dtype));
            graph.add_node(Op::Narrow { axis: rank - 1, start: 2, len }, vec![input], shape)
        }
        _ => graph.input(name, shape),
    }
}

impl Layout {
    /// What the host gives so that a node reads `operand`.
    fn host(self, operand: &Tensor) -> Tensor {
        let rank = operand.dims.len();
        match self {
            Self::Transposed if rank > 1 => operand.permuted(&(0..rank).rev().collect::<Vec<_>>()),
            Self::Narrowed if rank > 0 && operand.values.is_empty() => {
                let mut wide = operand.dims.clone();
                wide[rank - 1] += 3;
                Fill::All(1.0).tensor(operand.dtype, &wide, 0)
            }
            Self::Narrowed if rank > 0 => {
                let mut wide = operand.dims.clone();
                wide[rank - 1] += 3;
                // Its own elements outside it, too: valid wherever it is, and a wrong start shows.
                let len = operand.dims[rank - 1];
                let index = |mut index: Vec<usize>| {
                    index[rank - 1] = (index[rank - 1] + 2 * len - 2 % len) % len;
                    offset(&operand.dims, &index)
                };
                operand.picked(&wide, index)
            }
            _ => operand.clone(),
        }
    }
}

/// Cases as they are made.
#[derive(Debug)]
pub struct Cases {
    family: &'static str,
    seed: u64,
    list: Vec<Case>,
}

impl Cases {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { family: "", seed, list: Vec::new() }
    }

    /// What follows is of this family.
    pub fn family(&mut self, family: &'static str) {
        self.family = family;
    }

    /// All of them.
    pub fn into_list(self) -> Vec<Case> {
        self.list
    }

    /// One op over dense operands, with one output.
    pub fn add(
        &mut self,
        attributes: &str,
        op: Op,
        operands: Vec<Operand>,
        (dtype, dims): (DType, &[usize]),
        oracle: impl Fn(&[Tensor]) -> Expected + Send + Sync + 'static,
    ) {
        self.add_in(Layout::Dense, attributes, op, operands, (dtype, dims), oracle);
    }

    /// One op over operands in a layout, with one output.
    pub fn add_in(
        &mut self,
        layout: Layout,
        attributes: &str,
        op: Op,
        operands: Vec<Operand>,
        (dtype, dims): (DType, &[usize]),
        oracle: impl Fn(&[Tensor]) -> Expected + Send + Sync + 'static,
    ) {
        self.push(layout, attributes, Some(op), operands, (dtype, dims), (Box::new(move |x| vec![oracle(x)]), None));
    }

    /// One op whose output the definition leaves some freedom: what `laws` makes of it is what `oracle` is about.
    pub fn add_with_laws(
        &mut self,
        attributes: &str,
        op: Op,
        operands: Vec<Operand>,
        output: (DType, &[usize]),
        oracle: impl Fn(&[Tensor]) -> Vec<Expected> + Send + Sync + 'static,
        laws: impl Fn(&[Tensor], &Tensor) -> Vec<Tensor> + Send + Sync + 'static,
    ) {
        self.push(Layout::Dense, attributes, Some(op), operands, output, (Box::new(oracle), Some(Box::new(laws))));
    }

    /// A program that gives back what it is given, without an op: an input, or with [`Layout::Params`] a parameter.
    pub fn add_leaf(&mut self, layout: Layout, attributes: &str, operand: Operand) {
        let dims = operand.dims.clone();
        let oracle: Oracle = Box::new(|x| x.iter().cloned().map(Expected::exact).collect());
        self.push(layout, attributes, None, vec![operand.clone()], (operand.dtype, &dims), (oracle, None));
    }

    fn push(
        &mut self,
        layout: Layout,
        attributes: &str,
        op: Option<Op>,
        operands: Vec<Operand>,
        (dtype, dims): (DType, &[usize]),
        (oracle, laws): (Oracle, Option<Laws>),
    ) {
        let mut graph = Graph::new("case");
        let (reads, count) = (operands.iter().enumerate(), operands.len());
        let inputs: Vec<NodeId> = reads.map(|(at, operand)| read(&mut graph, (at, count), operand, layout)).collect();
        let outputs = match op {
            Some(op) => vec![graph.add_node(op, inputs, Shape::new(dims, dtype))],
            None => inputs,
        };
        let kind = outputs.first().map_or(OpKind::Input, |&id| graph.node(id).op.kind());
        graph.set_outputs(outputs);
        let name = self.name(attributes, &operands, dtype, dims, layout);
        let (family, seed) = (self.family, self.seed);
        self.list.push(Case { name, family, kind, graph, operands, layout, seed, oracle, laws });
    }

    fn name(&self, attributes: &str, operands: &[Operand], dtype: DType, dims: &[usize], layout: Layout) -> String {
        let mut parts = vec![self.family.to_owned(), attributes.to_owned()];
        let given = [(dtype, dims)];
        let described: Vec<(DType, &[usize])> = match operands {
            [] => given.to_vec(),
            some => some.iter().map(|operand| (operand.dtype, &*operand.dims)).collect(),
        };
        let mut dtypes: Vec<String> =
            described.iter().map(|(dtype, _)| rlx_host_api::DType::from(*dtype).to_string()).collect();
        dtypes.dedup();
        parts.push(dtypes.join(","));
        let extents = |dims: &[usize]| match dims {
            [] => "scalar".to_owned(),
            dims => dims.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
        };
        parts.push(described.iter().map(|(_, dims)| extents(dims)).collect::<Vec<_>>().join(","));
        let mut fills: Vec<String> = operands.iter().map(|operand| operand.fill.name()).collect();
        fills.dedup();
        if !fills.is_empty() {
            parts.push(fills.join(","));
        }
        if layout != Layout::Dense {
            parts.push(layout.name().to_owned());
        }
        parts.push(format!("seed{}", self.seed));
        parts.join("/")
    }
}

/// The elements of a shape, each with its index.
pub(crate) fn each<T>(dims: &[usize], value: impl FnMut(Vec<usize>) -> T) -> Vec<T> {
    indices(dims).map(value).collect()
}
