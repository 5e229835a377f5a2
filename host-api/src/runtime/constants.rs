//! Large constants become parameters: binary data does not travel as text.

use crate::{TensorInfo, TensorView};
use rlx_ir::{Graph, Op, Shape};

/// Constants of more bytes than this are moved out of the graph.
const THRESHOLD: usize = 1024;

/// A named tensor in host memory.
#[derive(Debug, Clone)]
pub struct HostTensor {
    /// Name, dtype and extents.
    pub info: TensorInfo,
    /// Elements, little endian, row-major.
    pub data: Vec<u8>,
}

impl HostTensor {
    /// A borrowed view.
    pub fn view(&self) -> TensorView<'_> {
        TensorView { dtype: self.info.dtype, dims: &self.info.dims, data: &self.data }
    }
}

/// Replaces the large constants of `graph` by parameters `__rlx_const_<n>` and returns them. Constants of nested graphs
/// stay: a nested graph has no parameters of its own.
pub(super) fn hoist(graph: &mut Graph) -> Vec<HostTensor> {
    let taken: Vec<String> = graph
        .nodes()
        .iter()
        .filter_map(|n| match &n.op {
            Op::Input { name } | Op::Param { name } if name.starts_with(PREFIX) => Some(name.clone()),
            _ => None,
        })
        .collect();
    let mut names = (0u64..).map(|n| format!("{PREFIX}{n}")).filter(|name| !taken.contains(name));
    let mut hoisted = Vec::new();
    for node in graph.nodes_mut() {
        let Op::Constant { data } = &mut node.op else { continue };
        if !is_large(data, &node.shape) {
            continue;
        }
        let Some(name) = names.next() else { break };
        let dims = node.shape.dims().iter().map(|d| d.unwrap_static() as i64).collect();
        let info = TensorInfo { name: name.clone(), dtype: node.shape.dtype().into(), dims };
        hoisted.push(HostTensor { info, data: std::mem::take(data) });
        node.op = Op::Param { name };
    }
    hoisted
}

/// `graph` as far as [`hoist`] leaves it in the program, without its large constants: they are parameters of any name.
pub(super) fn lean(graph: &Graph) -> Graph {
    let mut lean = Graph::new(graph.name.clone());
    for node in graph.nodes() {
        let op = match &node.op {
            Op::Constant { data } if is_large(data, &node.shape) => Op::Param { name: format!("{PREFIX}{}", node.id) },
            op => op.clone(),
        };
        lean.append_node(op, node.inputs.clone(), node.shape.clone(), node.name.clone());
    }
    lean.set_outputs(graph.outputs.clone());
    lean
}

fn is_large(data: &[u8], shape: &Shape) -> bool {
    data.len() > THRESHOLD && static_bytes(shape) == Some(data.len())
}

const PREFIX: &str = "__rlx_const_";

/// Bytes of a tensor of this shape, where all extents are known.
fn static_bytes(shape: &Shape) -> Option<usize> {
    shape.dims().iter().try_fold(shape.dtype().size_bytes(), |bytes, dim| {
        dim.is_static().then(|| bytes.checked_mul(dim.unwrap_static()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rlx_ir::DType;

    fn constant(graph: &mut Graph, elements: usize, value: f32) -> rlx_ir::NodeId {
        let data = value.to_le_bytes().repeat(elements);
        graph.add_node(Op::Constant { data }, vec![], Shape::new(&[elements], DType::F32))
    }

    #[test]
    fn large_constants_move_out_and_small_ones_stay() {
        let mut graph = Graph::new("g");
        let small = constant(&mut graph, THRESHOLD / 4, 1.0);
        let large = constant(&mut graph, THRESHOLD / 4 + 1, 2.0);
        graph.set_outputs(vec![small, large]);
        let hoisted = hoist(&mut graph);
        assert_eq!(hoisted.len(), 1);
        assert_eq!(hoisted[0].info.dims, [257]);
        assert_eq!(hoisted[0].data, 2f32.to_le_bytes().repeat(257));
        hoisted[0].view().check().unwrap();
        assert!(matches!(&graph.node(small).op, Op::Constant { data } if data.len() == THRESHOLD));
        assert_eq!(graph.param_id("__rlx_const_0"), Some(large));
    }

    #[test]
    fn a_name_of_the_users_is_left_alone() {
        let mut graph = Graph::new("g");
        graph.input("__rlx_const_0", Shape::new(&[1], DType::F32));
        graph.param("__rlx_const_2", Shape::new(&[1], DType::F32));
        for value in 0..3u8 {
            constant(&mut graph, 1000, value.into());
        }
        let names: Vec<String> = hoist(&mut graph).into_iter().map(|t| t.info.name).collect();
        assert_eq!(names, ["__rlx_const_1", "__rlx_const_3", "__rlx_const_4"]);
    }

    #[test]
    fn a_constant_that_does_not_fit_its_shape_is_left_for_the_plugin_to_refuse() {
        let mut graph = Graph::new("g");
        let bad = graph.add_node(Op::Constant { data: vec![0; 5000] }, vec![], Shape::new(&[7], DType::F32));
        assert!(hoist(&mut graph).is_empty());
        assert!(matches!(&graph.node(bad).op, Op::Constant { data } if data.len() == 5000));
    }
}
