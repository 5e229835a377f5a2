//! `Op::DotGeneral` as one MatMul of matrices that are transposed and reshaped to it.
//!
//! The runtime does not know the shape of a general product: its shape inference gives that of the first operand, and its
//! compiler panics where the graph declares another one, which it nearly always does. A product over axis 1 of the first
//! operand and axis 0 of the second it takes for one of matrices, whatever their ranks. So it is given neither.

use super::admission::{label, live};
use super::legalize::replaced;
use crate::Error;
use rlx_ir::{DType, Graph, Node, NodeId, Op, Shape};
use std::collections::HashMap;

/// The graph, and those nested in it, with general products of floats as products of matrices, save for those that are such.
///
/// # Errors
/// Invalid where axes are none of the operands' or no pairs, or another shape is declared than they give; the message names
/// the node.
pub(super) fn as_matrices(mut graph: Graph) -> Result<Graph, Error> {
    let live = live(&graph);
    for node in graph.nodes_mut().iter_mut().filter(|node| live[node.id.0 as usize]) {
        let place = format!("node {} ({:?})", label(node), node.op.kind());
        // A function's own derivatives are not computed by a run.
        let computed = if matches!(node.op, Op::CustomFn { .. }) { 1 } else { usize::MAX };
        for body in node.op.subgraphs_mut().into_iter().take(computed) {
            let whole = std::mem::replace(body, Graph::new(String::new()));
            *body = as_matrices(whole).map_err(|e| e.context(&place))?;
        }
    }
    let mut in_place: HashMap<NodeId, Graph> = HashMap::new();
    for node in graph.nodes().iter().filter(|node| live[node.id.0 as usize]) {
        let instead = matrices(&graph, node);
        if let Some(instead) = instead.map_err(|e| e.context(format!("node {} (DotGeneral)", label(node))))? {
            in_place.insert(node.id, instead);
        }
    }
    Ok(if in_place.is_empty() { graph } else { replaced(graph, &in_place) })
}

/// The axes of one operand.
struct Axes<'a> {
    name: &'static str,
    dims: Vec<usize>,
    batch: &'a [usize],
    contracted: &'a [usize],
    free: Vec<usize>,
}

impl<'a> Axes<'a> {
    fn new(name: &'static str, dims: Vec<usize>, batch: &'a [usize], contracted: &'a [usize]) -> Result<Self, Error> {
        let mut taken = vec![false; dims.len()];
        for &axis in batch.iter().chain(contracted) {
            match taken.get_mut(axis) {
                Some(taken) if !*taken => *taken = true,
                Some(_) => return Err(Error::invalid(format!("axis {axis} of {name} is listed twice"))),
                None => return Err(Error::invalid(format!("axis {axis} of {name}, which is {dims:?}"))),
            }
        }
        let free = (0..dims.len()).filter(|&axis| !taken[axis]).collect();
        Ok(Self { name, dims, batch, contracted, free })
    }

    fn extents(&self, axes: &[usize]) -> Vec<usize> {
        axes.iter().map(|&axis| self.dims[axis]).collect()
    }

    fn count(&self, axes: &[usize]) -> usize {
        self.extents(axes).iter().product()
    }

    /// Appends the operand as `[batch, rows, columns]`, which are these axes, in `dtype`.
    fn matrices(&self, out: &mut Graph, x: NodeId, rows: &[usize], columns: &[usize], dtype: DType) -> NodeId {
        let x = cast(out, x, dtype);
        let perm = [self.batch, rows, columns].concat();
        let turned = if perm.iter().copied().eq(0..perm.len()) {
            x
        } else {
            let dims = self.extents(&perm);
            out.add_node(Op::Transpose { perm }, vec![x], Shape::new(&dims, dtype))
        };
        reshape(out, turned, &[self.batch, rows, columns].map(|axes| self.count(axes)), dtype)
    }
}

fn cast(out: &mut Graph, x: NodeId, to: DType) -> NodeId {
    let shape = out.shape(x).clone();
    if shape.dtype() == to { x } else { out.add_node(Op::Cast { to }, vec![x], shape.with_dtype(to)) }
}

fn reshape(out: &mut Graph, x: NodeId, dims: &[usize], dtype: DType) -> NodeId {
    let new_shape = dims.iter().map(|&extent| extent as i64).collect();
    out.add_node(Op::Reshape { new_shape }, vec![x], Shape::new(dims, dtype))
}

fn is_float(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16 | DType::F32 | DType::F64)
}

/// Extents, if all are known.
fn extents(shape: &Shape) -> Option<Vec<usize>> {
    shape.is_static().then(|| shape.dims().iter().map(|dim| dim.unwrap_static()).collect())
}

/// What takes the place of a general product; its operands are the inputs `x0` and `x1`.
fn matrices(graph: &Graph, node: &Node) -> Result<Option<Graph>, Error> {
    let Op::DotGeneral { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch } = &node.op else { return Ok(None) };
    let [left, right] = node.inputs[..] else { return Ok(None) };
    let (left, right) = (graph.shape(left), graph.shape(right));
    let dtypes = [left, right, &node.shape].map(Shape::dtype);
    // What the plugin has to say of other dtypes comes later.
    if !dtypes.into_iter().all(is_float) {
        return Ok(None);
    }
    let (Some(a), Some(b), Some(declared)) = (extents(left), extents(right), extents(&node.shape)) else {
        return Ok(None);
    };
    let lhs = Axes::new("the first operand", a, lhs_batch, lhs_contracting)?;
    let rhs = Axes::new("the second operand", b, rhs_batch, rhs_contracting)?;
    for (what, one, other) in [("batch", lhs_batch, rhs_batch), ("contracted", lhs_contracting, rhs_contracting)] {
        let (one, other) = (lhs.extents(one), rhs.extents(other));
        if one != other {
            let (first, second) = (lhs.name, rhs.name);
            return Err(Error::invalid(format!("the {what} axes are {one:?} in {first} and {other:?} in {second}")));
        }
    }
    let dims = [lhs.extents(lhs.batch), lhs.extents(&lhs.free), rhs.extents(&rhs.free)].concat();
    if declared != dims {
        return Err(Error::invalid(format!("the graph declares shape {declared:?}, but the operands give {dims:?}")));
    }
    if lhs.dims.len() == 2 && rhs.dims.len() == 2 && lhs.contracted == [1] && rhs.contracted == [0] {
        return Ok(None);
    }
    // Operands of one dtype that is the declared one stay in it; others are rounded once, at the end.
    let dtype = match dtypes {
        [a, b, declared] if a == b && b == declared => declared,
        _ if dtypes.contains(&DType::F64) => DType::F64,
        _ => DType::F32,
    };
    let mut out = Graph::new(String::new());
    let (x0, x1) = (out.input("x0", left.clone()), out.input("x1", right.clone()));
    let one = lhs.matrices(&mut out, x0, &lhs.free, lhs.contracted, dtype);
    let other = rhs.matrices(&mut out, x1, rhs.contracted, &rhs.free, dtype);
    let product = [lhs.count(lhs.batch), lhs.count(&lhs.free), rhs.count(&rhs.free)];
    let product = out.add_node(Op::MatMul, vec![one, other], Shape::new(&product, dtype));
    let result = cast(&mut out, product, node.shape.dtype());
    let result = reshape(&mut out, result, &dims, node.shape.dtype());
    out.set_outputs(vec![result]);
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rlx_ir::OpKind;

    fn general(a: (&[usize], DType), b: (&[usize], DType), axes: [&[usize]; 4], y: (&[usize], DType)) -> Graph {
        let mut graph = Graph::new("g");
        let inputs = vec![graph.input("a", Shape::new(a.0, a.1)), graph.input("b", Shape::new(b.0, b.1))];
        let [lhs_contracting, rhs_contracting, lhs_batch, rhs_batch] = axes.map(<[usize]>::to_vec);
        let op = Op::DotGeneral { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch };
        let node = graph.append_node(op, inputs, Shape::new(y.0, y.1), Some("it".into()));
        graph.set_outputs(vec![node]);
        graph
    }

    fn f32s(dims: &[usize]) -> (&[usize], DType) {
        (dims, DType::F32)
    }

    fn whole(dims: &[usize]) -> (&[usize], DType) {
        (dims, DType::I32)
    }

    fn kinds(graph: &Graph) -> Vec<OpKind> {
        graph.nodes().iter().map(|node| node.op.kind()).collect()
    }

    #[test]
    fn a_product_of_matrices_stays_and_one_over_an_inner_axis_does_not() {
        let plain = general(f32s(&[2, 3]), f32s(&[3, 4]), [&[1], &[0], &[], &[]], f32s(&[2, 4]));
        assert!(kinds(&as_matrices(plain).unwrap()).contains(&OpKind::DotGeneral));
        let inner = general(f32s(&[2, 3, 3]), f32s(&[3, 4]), [&[1], &[0], &[], &[]], f32s(&[2, 3, 4]));
        let inner = as_matrices(inner).unwrap();
        let has = kinds(&inner);
        assert!(!has.contains(&OpKind::DotGeneral) && has.contains(&OpKind::MatMul), "{inner}");
        let output = inner.node(inner.outputs[0]);
        assert_eq!((output.name.as_deref(), extents(&output.shape)), (Some("it"), Some(vec![2, 3, 4])));
    }

    #[test]
    fn nested_graphs_are_looked_at_too() {
        let nested = |axes: [&[usize]; 4], y: &[usize]| {
            let mut outer = Graph::new("outer");
            let x = outer.input("x", Shape::new(&[3, 3], DType::F32));
            let y = outer.scan(x, general(f32s(&[3, 3]), f32s(&[3, 3]), axes, f32s(y)), 2);
            outer.set_outputs(vec![y]);
            as_matrices(outer)
        };
        let graph = nested([&[0], &[0], &[], &[]], &[3, 3]).unwrap();
        let bodies: Vec<_> = graph.nodes().iter().flat_map(|node| node.op.subgraphs()).map(kinds).collect();
        assert!(bodies.len() == 1 && !bodies[0].contains(&OpKind::DotGeneral), "{bodies:?}");
        let text = nested([&[0], &[2], &[], &[]], &[3, 3]).unwrap_err().to_string();
        assert!(text.contains("node %1 (Scan): node %2 `it` (DotGeneral): axis 2"), "{text}");
    }

    #[test]
    fn operands_of_another_dtype_than_the_result_are_rounded_once() {
        let graph =
            general((&[3, 2], DType::F16), (&[3, 4], DType::F16), [&[0], &[0], &[], &[]], (&[2, 4], DType::F32));
        let graph = as_matrices(graph).unwrap();
        let products = graph.nodes().iter().filter(|node| node.op == Op::MatMul);
        assert_eq!(products.map(|node| node.shape.dtype()).collect::<Vec<_>>(), [DType::F32], "{graph}");
    }

    #[test]
    fn what_is_no_product_is_named() {
        for (axes, y, part) in [
            ([&[1][..], &[1], &[], &[]], &[2, 3][..], "the contracted axes are [3]"),
            ([&[0], &[5], &[], &[]], &[3, 4], "axis 5 of the second operand, which is [3, 4]"),
            ([&[0], &[0], &[0], &[0]], &[3, 4], "axis 0 of the first operand is listed twice"),
            ([&[1], &[0], &[], &[]], &[2, 3], "declares shape [2, 3], but the operands give [2, 4]"),
        ] {
            let graph = general(f32s(&[2, 3]), f32s(&[3, 4]), axes, f32s(y));
            let error = as_matrices(graph).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("node %2 `it` (DotGeneral)") && text.contains(part), "{text}");
        }
    }

    #[test]
    fn other_dtypes_and_unknown_extents_are_left_to_the_plugin() {
        let graph = general(whole(&[2, 3]), whole(&[2, 4]), [&[0], &[0], &[], &[]], whole(&[3, 4]));
        assert!(kinds(&as_matrices(graph).unwrap()).contains(&OpKind::DotGeneral));
    }
}
