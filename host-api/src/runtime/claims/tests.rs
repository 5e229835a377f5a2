//! A plugin that takes some forms of an op, in the adapter: the nodes that it refuses are rewritten, or the graph is refused.

use super::super::passes::optimize;
use super::super::prepare;
use super::super::registered::claimed_ops;
use super::*;
use crate::author::{
    self, Claims, CompileRequest, CreateRequest, Exported, How, OutputBuffer, ParamOwner, PluginState,
};
use crate::{BackendOptions, DeviceInfo, Error, Plugin, PluginInfo, TensorInfo, TensorView, Threading};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::shape::Dim;
use rlx_ir::{DType, Shape};
use std::ffi::c_void;

/// What the plugins of these tests claim.
const OPS: &[OpKind] = &[
    OpKind::Input,
    OpKind::Param,
    OpKind::Constant,
    OpKind::Activation,
    OpKind::ActivationBackward,
    OpKind::Binary,
    OpKind::Cast,
    OpKind::Concat,
    OpKind::Expand,
    OpKind::FusedMatMulBiasAct,
    OpKind::GatedDeltaNet,
    OpKind::MatMul,
    OpKind::Narrow,
    OpKind::Reduce,
    OpKind::Reshape,
    OpKind::Scan,
    OpKind::Sort,
    OpKind::Transpose,
];

/// What a plugin says beside the kinds that it claims.
const NOTHING: u8 = 0;
const NODES: u8 = 1;
const OTHER_NODES: u8 = 2;

/// A plugin that compiles nothing.
struct Picky<const SAYS: u8>;

static STATE: PluginState = PluginState::new();

impl<const SAYS: u8> Exported for Picky<SAYS> {
    fn state() -> &'static PluginState {
        &STATE
    }
}

impl<const SAYS: u8> author::Plugin for Picky<SAYS> {
    type Backend = Self;

    fn info() -> Result<PluginInfo, Error> {
        Ok(PluginInfo {
            name: "picky".into(),
            version: semver::Version::new(1, 0, 0),
            vendor: "tests".into(),
            engine: "none".into(),
            engine_version: "0".into(),
            format_version: rlxmodel::FORMAT_VERSION,
            opset: 1..=rlxmodel::OPSET,
            threading: Threading::Serialized,
            ops: OPS.iter().map(|op| format!("{op:?}")).collect(),
        })
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        Ok(vec![DeviceInfo::cpu("desk")])
    }

    fn create(_request: CreateRequest<'_>) -> Result<Self, Error> {
        Ok(Self)
    }

    fn extension(id: &str, version: u32) -> Option<*const c_void> {
        (SAYS != NOTHING && (id, version) == ("claims", 1)).then(author::claims_table::<Self>)
    }
}

impl<const SAYS: u8> author::Backend for Picky<SAYS> {
    type Executable = Nothing;

    fn compile(&self, _request: CompileRequest<'_>) -> Result<Nothing, Error> {
        Err(Error::unsupported("no graphs"))
    }
}

enum Nothing {}

impl author::Executable for Nothing {
    fn inputs(&self) -> &[TensorInfo] {
        match *self {}
    }

    fn outputs(&self) -> &[TensorInfo] {
        match *self {}
    }

    fn params(&self) -> &[TensorInfo] {
        match *self {}
    }

    fn set_param(&mut self, _: &str, _: TensorView<'_>, _: Option<ParamOwner>) -> Result<(), Error> {
        match *self {}
    }

    fn run(&mut self, _: &[&[u8]], _: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        match *self {}
    }
}

impl<const SAYS: u8> Claims for Picky<SAYS> {
    fn claims(&self, request: CompileRequest<'_>) -> Result<Vec<Claim>, Error> {
        let graph = request.read_graph()?;
        let mut claims = Claim::of_graph(&graph, |_, node| take(node));
        if SAYS == OTHER_NODES {
            claims.pop();
        }
        Ok(claims)
    }
}

/// Of activations only ReLU goes back; at most three columns are fused; nothing is sorted downwards; a state is not carried.
fn take(node: &Node) -> Result<How, Error> {
    match &node.op {
        Op::ActivationBackward { kind } if *kind != Activation::Relu => {
            Err(Error::unsupported(format!("going back there is ReLU alone, not {kind:?}")))
        }
        Op::FusedMatMulBiasAct { .. }
            if node.shape.dims().last().is_some_and(|dim| dim.is_static() && dim.unwrap_static() > 3) =>
        {
            Err(Error::unsupported("more than three columns are not fused"))
        }
        Op::Sort { descending: true, .. } => Err(Error::unsupported("only upwards")),
        Op::GatedDeltaNet { carry_state: true, .. } => Err(Error::unsupported("no state is carried")),
        _ => Ok(How::Graph),
    }
}

fn plugin<const SAYS: u8>() -> Plugin {
    static NOTHING_SAID: crate::abi::RlxBackendApi = author::api_table::<Picky<NOTHING>>();
    static NODES_SAID: crate::abi::RlxBackendApi = author::api_table::<Picky<NODES>>();
    static OTHERS_SAID: crate::abi::RlxBackendApi = author::api_table::<Picky<OTHER_NODES>>();
    let table = match SAYS {
        NOTHING => &NOTHING_SAID,
        NODES => &NODES_SAID,
        _ => &OTHERS_SAID,
    };
    Plugin::of_table(table)
}

/// What the plugin would compile.
fn optimized<const SAYS: u8>(graph: Graph) -> Result<Graph, Error> {
    optimized_for::<SAYS>(graph, claimed_ops(&plugin::<SAYS>()))
}

fn optimized_for<const SAYS: u8>(graph: Graph, ops: &'static [OpKind]) -> Result<Graph, Error> {
    let backend = plugin::<SAYS>().create(&BackendOptions::new())?;
    let options = CompileOptions::new();
    let claims = (SAYS != NOTHING).then_some((&backend, &options));
    let target = Target { ops, kernels: None, claims };
    optimize(graph, &rlx_runtime::CompileOptions::baseline(), target)
}

fn f32s(dims: &[usize]) -> Shape {
    Shape::new(dims, DType::F32)
}

fn back(kind: Activation) -> Op {
    Op::ActivationBackward { kind }
}

/// A graph of ops of two operands that differ, each an output.
fn graph(ops: &[Op]) -> Graph {
    let mut graph = Graph::new("g");
    let operands = [graph.input("x", f32s(&[4])), graph.input("dy", f32s(&[4]))];
    let op =
        |op: &Op| graph.append_node(op.clone(), operands[..op.num_inputs()].to_vec(), f32s(&[4]), Some("it".into()));
    let outputs = ops.iter().map(op).collect();
    graph.set_outputs(outputs);
    graph
}

/// The ops of a graph that are of a kind.
fn of_kind(graph: &Graph, kind: OpKind) -> Vec<Op> {
    graph.nodes().iter().map(|node| node.op.clone()).filter(|op| op.kind() == kind).collect()
}

#[test]
fn a_refused_node_is_rewritten_and_a_claimed_one_of_its_kind_stays() {
    let both = graph(&[back(Activation::Tanh), back(Activation::Relu)]);
    let done = optimized::<NODES>(both).unwrap();
    assert_eq!(of_kind(&done, OpKind::ActivationBackward), [back(Activation::Relu)], "{done}");
    assert_eq!(of_kind(&done, OpKind::Activation), [Op::Activation(Activation::Tanh)], "{done}");
    assert!(matches!(done.node(done.outputs[1]).op, Op::ActivationBackward { .. }), "{done}");
}

/// Where every node of a kind is refused, the result is what the runtime makes of it where the kind is not claimed.
#[test]
fn a_node_is_rewritten_as_the_runtime_rewrites_its_kind() {
    let unclaimed: Vec<OpKind> = OPS.iter().copied().filter(|kind| *kind != OpKind::ActivationBackward).collect();
    for kind in [Activation::Tanh, Activation::Sigmoid, Activation::Exp] {
        let by_node = optimized::<NODES>(graph(&[back(kind)])).unwrap();
        let by_kind = optimized_for::<NOTHING>(graph(&[back(kind)]), for_ever(unclaimed.clone())).unwrap();
        assert_eq!(of_kind(&by_node, OpKind::ActivationBackward), []);
        let text = |graph: &Graph| rlxmodel::to_text(graph).unwrap().replace(&format!("@{} ", graph.name), "");
        assert_eq!(text(&by_node), text(&by_kind), "{kind:?}");
    }
}

#[test]
fn a_plugin_that_says_nothing_takes_what_it_claims() {
    let both = || graph(&[back(Activation::Tanh), back(Activation::Relu)]);
    for done in [optimized::<NOTHING>(both()), optimized::<OTHER_NODES>(both())] {
        let done = done.unwrap();
        assert_eq!(of_kind(&done, OpKind::ActivationBackward).len(), 2, "{done}");
    }
}

/// The refusal of a graph, which is one line.
fn refusal(graph: Graph) -> String {
    let error = optimized::<NODES>(graph).unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Unsupported, "{error}");
    assert!(!error.message().contains('\n'), "{error}");
    error.message().to_owned()
}

#[test]
fn a_refused_node_without_a_rewrite_is_refused_with_the_plugins_reason() {
    let sort = |descending| Op::Sort { axis: 0, descending };
    let message = refusal(graph(&[sort(true), sort(false)]));
    for part in ["node %2 `it` (Sort)", "refuses this one (only upwards)", "no rewrite", "write it with other ops"] {
        assert!(message.contains(part), "{message}");
    }
    let done = optimized::<NODES>(graph(&[sort(false)])).unwrap();
    assert_eq!(of_kind(&done, OpKind::Sort), [sort(false)]);
}

#[test]
fn a_refused_node_whose_rewrite_is_wrong_is_refused_with_both_reasons() {
    let message = refusal(graph(&[back(Activation::Round)]));
    for part in ["(ActivationBackward)", "refuses (going back there is ReLU alone, not Round)", "is wrong (seen in"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn what_no_output_depends_on_is_not_asked_for() {
    let mut graph = graph(&[Op::Sort { axis: 0, descending: true }, back(Activation::Relu)]);
    graph.set_outputs(vec![graph.outputs[1]]);
    optimized::<NODES>(graph).unwrap();
}

/// The runtime binds extents in its passes.
#[test]
fn what_has_extents_that_are_not_known_yet_is_not_asked_for() {
    let backend = plugin::<NODES>().create(&BackendOptions::new()).unwrap();
    let target =
        Target { ops: for_ever(OPS.to_vec()), kernels: None, claims: Some((&backend, &CompileOptions::new())) };
    let refusals = |dim: Dim| {
        let mut graph = Graph::new("g");
        let shape = || Shape::from_dims(&[dim], DType::F32);
        let x = graph.input("x", shape());
        let y = graph.add_node(back(Activation::Tanh), vec![x, x], shape());
        graph.set_outputs(vec![y]);
        target.refusals(&graph)
    };
    assert!(!refusals(Dim::Static(4)).is_empty() && refusals(Dim::Dynamic(0)).is_empty());
}

/// A loop whose body is a step back through an activation.
fn looped(kind: Activation) -> Graph {
    let mut body = Graph::new("body");
    let x = body.input("x", f32s(&[4]));
    let y = body.append_node(back(kind), vec![x, x], f32s(&[4]), Some("inner".into()));
    body.set_outputs(vec![y]);
    let mut outer = Graph::new("outer");
    let x = outer.input("x", f32s(&[4]));
    let y = outer.scan(x, body, 1000);
    let z = outer.add_node(back(Activation::Relu), vec![x, y], f32s(&[4]));
    outer.set_outputs(vec![z]);
    outer
}

#[test]
fn nested_graphs_are_rewritten_node_by_node_too() {
    let done = optimized::<NODES>(looped(Activation::Tanh)).unwrap();
    let scans = of_kind(&done, OpKind::Scan);
    let [body] = scans[0].subgraphs()[..] else { panic!("{done}") };
    assert_eq!(of_kind(body, OpKind::ActivationBackward), [], "{done}");
    assert_eq!(of_kind(body, OpKind::Activation), [Op::Activation(Activation::Tanh)], "{done}");
    assert_eq!(of_kind(&done, OpKind::ActivationBackward), [back(Activation::Relu)], "{done}");

    let message = refusal(looped(Activation::Round));
    assert!(message.contains("`inner` (ActivationBackward) in node %1 (Scan)"), "{message}");
}

fn layer(columns: usize) -> Graph {
    let mut graph = Graph::new("layer");
    let x = graph.input("x", f32s(&[2, 4]));
    let w = graph.param("w", f32s(&[4, columns]));
    let b = graph.param("b", f32s(&[columns]));
    let y = graph.matmul(x, w, f32s(&[2, columns]));
    let y = graph.binary(BinaryOp::Add, y, b, f32s(&[2, columns]));
    graph.set_outputs(vec![y]);
    graph
}

/// The runtime fuses whatever there is where the kind is claimed.
#[test]
fn what_a_pass_makes_is_asked_for_too() {
    let products = |graph: &Graph| [OpKind::FusedMatMulBiasAct, OpKind::MatMul].map(|kind| of_kind(graph, kind).len());
    let taken = optimized::<NODES>(layer(3)).unwrap();
    assert_eq!(products(&taken), [1, 0], "{taken}");
    let unasked = optimized::<NOTHING>(layer(4)).unwrap();
    assert_eq!(products(&unasked), [1, 0], "{unasked}");
    let refused = optimized::<NODES>(layer(4)).unwrap();
    assert_eq!(products(&refused), [0, 1], "{refused}");
    assert_eq!(of_kind(&refused, OpKind::Binary), [Op::Binary(BinaryOp::Add)], "{refused}");
}

/// The text that is asked about is without large constants, and what is handed over has them as parameters.
#[test]
fn large_constants_go_with_their_nodes() {
    let mut graph = Graph::new("g");
    let x = graph.input("x", f32s(&[1000]));
    let data = vec![1; 4000];
    let c = graph.add_node(Op::Constant { data: data.clone() }, vec![], f32s(&[1000]));
    let y = graph.add_node(back(Activation::Tanh), vec![x, c], f32s(&[1000]));
    graph.set_outputs(vec![y]);
    let prepared = prepare(&plugin::<NODES>(), graph, &rlx_runtime::CompileOptions::baseline()).unwrap();
    let constants: Vec<&[u8]> = prepared.constants.iter().map(|constant| constant.data.as_slice()).collect();
    assert_eq!(constants, [data]);
    assert!(!prepared.program.contains("ActivationBackward"), "{}", prepared.program);
}

/// Its rewrite gives readers of the state behind it the new one, which it can not where it is alone.
#[test]
fn a_kind_counts_as_not_claimed_where_a_node_with_a_state_is_refused() {
    let op = |carry_state| Op::GatedDeltaNet { state_size: 2, carry_state, gate_per_channel: false };
    let with = |carry: &[bool]| {
        let mut graph = Graph::new("g");
        let q = graph.input("q", f32s(&[1, 1, 1, 2]));
        let g = graph.input("gate", f32s(&[1, 1, 1]));
        let state = graph.input("state", f32s(&[1, 1, 2, 2]));
        let mut outputs = vec![state];
        for &carry in carry {
            let mut operands = vec![q, q, q, g, g];
            operands.extend(carry.then_some(state));
            outputs.push(graph.add_node(op(carry), operands, f32s(&[1, 1, 1, 2])));
        }
        graph.set_outputs(outputs);
        graph
    };
    let done = optimized::<NODES>(with(&[false])).unwrap();
    assert_eq!(of_kind(&done, OpKind::GatedDeltaNet), [op(false)], "{done}");
    let done = optimized::<NODES>(with(&[false, true])).unwrap();
    assert_eq!(of_kind(&done, OpKind::GatedDeltaNet), [], "{done}");
    assert!(!matches!(done.node(done.outputs[0]).op, Op::Input { .. }), "the new state: {done}");
}
