//! Evaluates f32 graphs of a few ops, node by node.

use rlx_host_api::{Error, ErrorKind, TensorInfo};
use rlx_ir::op::{BinaryOp, OpKind};
use rlx_ir::{DType, Graph, Node, Op, rlxmodel};
use std::collections::HashMap;

pub(crate) const OPS: [OpKind; 5] = [OpKind::Input, OpKind::Param, OpKind::Constant, OpKind::MatMul, OpKind::Binary];

/// A graph and the parameters bound so far.
pub(crate) struct Program {
    graph: Graph,
    pub(crate) inputs: Vec<TensorInfo>,
    pub(crate) params: Vec<TensorInfo>,
    pub(crate) outputs: Vec<TensorInfo>,
    bound: HashMap<String, Vec<f32>>,
}

impl Program {
    /// Parses a text of one graph.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let graph = rlxmodel::from_text(text).map_err(|e| Error::invalid(e.to_string()))?;
        if let Some(error) = rlx_ir::verify::verify(&graph).first() {
            return Err(Error::invalid(error.to_string()));
        }
        let (mut inputs, mut params) = (Vec::new(), Vec::new());
        for node in graph.nodes() {
            check(&graph, node)?;
            match &node.op {
                Op::Input { name } => inputs.push(info(name, node)),
                Op::Param { name } => params.push(info(name, node)),
                _ => {}
            }
        }
        let name = |i| graph.output_name(i).unwrap_or_default();
        let outputs = graph.outputs.iter().enumerate().map(|(i, &id)| info(name(i), graph.node(id))).collect();
        Ok(Self { graph, inputs, params, outputs, bound: HashMap::new() })
    }

    pub(crate) fn bind(&mut self, name: &str, value: Vec<f32>) {
        self.bound.insert(name.to_owned(), value);
    }

    /// The outputs.
    pub(crate) fn evaluate(&self, inputs: &[&[u8]]) -> Result<Vec<Vec<f32>>, Error> {
        let missing = self.params.iter().find(|p| !self.bound.contains_key(&p.name));
        if let Some(param) = missing {
            return Err(Error::new(ErrorKind::FailedPrecondition, format!("parameter `{}` is missing", param.name)));
        }
        let mut inputs = inputs.iter();
        let mut values: Vec<Vec<f32>> = Vec::new();
        for node in self.graph.nodes() {
            let of = |i: usize| &values[node.inputs[i].0 as usize];
            let value = match &node.op {
                Op::Input { .. } => inputs.next().map(|bytes| floats(bytes)).unwrap_or_default(),
                Op::Param { name } => self.bound[name].clone(),
                Op::Constant { data } => floats(data),
                Op::MatMul => matmul(of(0), of(1), dims(self.graph.node(node.inputs[1]))[0]),
                _ => add(of(0), of(1)),
            };
            values.push(value);
        }
        Ok(self.graph.outputs.iter().map(|id| values[id.0 as usize].clone()).collect())
    }
}

/// Refuses what [`Program::evaluate`] cannot do.
fn check(graph: &Graph, node: &Node) -> Result<(), Error> {
    let inputs: Vec<Vec<usize>> = node.inputs.iter().map(|&id| dims(graph.node(id))).collect();
    let can = match &node.op {
        Op::Input { .. } | Op::Param { .. } | Op::Constant { .. } => true,
        Op::MatMul => inputs.iter().all(|dims| dims.len() == 2),
        Op::Binary(BinaryOp::Add) => inputs[0].ends_with(&inputs[1]) || inputs[1].ends_with(&inputs[0]),
        _ => false,
    };
    if can && node.shape.dtype() == DType::F32 && node.shape.dims().iter().all(|d| d.is_static()) {
        return Ok(());
    }
    Err(Error::unsupported(format!("node {}: {:?} of {}", node.id, node.op.kind(), node.shape)))
}

fn dims(node: &Node) -> Vec<usize> {
    node.shape.dims().iter().map(|d| if d.is_static() { d.unwrap_static() } else { 0 }).collect()
}

fn info(name: &str, node: &Node) -> TensorInfo {
    TensorInfo {
        name: name.to_owned(),
        dtype: node.shape.dtype().into(),
        dims: dims(node).into_iter().map(|extent| extent as i64).collect(),
    }
}

/// Little-endian bytes as numbers.
pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

/// `a · b`, where `b` has `depth` rows.
fn matmul(a: &[f32], b: &[f32], depth: usize) -> Vec<f32> {
    let columns = b.len() / depth.max(1);
    let dot = |row: &[f32], column| row.iter().enumerate().map(|(k, v)| v * b[k * columns + column]).sum();
    a.chunks(depth.max(1)).flat_map(|row| (0..columns).map(move |column| dot(row, column))).collect()
}

/// `a + b`, the smaller one repeated along the leading dims.
fn add(a: &[f32], b: &[f32]) -> Vec<f32> {
    (0..a.len().max(b.len())).map(|i| a[i % a.len()] + b[i % b.len()]).collect()
}
