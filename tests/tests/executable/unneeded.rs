//! Nodes that no output needs: they are checked when the program is compiled, and never computed.

use rlx_host_api::kernel::Kernel;
use rlx_host_api::{CompileOptions, Error, TensorView};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Graph, Op, Shape, rlxmodel};
use rlx_mlx_tests::bytes::bytes;
use rlx_mlx_tests::plugin::{MODES, compile_text, with_kernels};

/// Two unused gathers, of 2^40 bytes each.
const HUGE: &str = "rlxmodel 1
opset 1
graph @huge {
  %table = input : f32[1]
  %zero = const [0] : i32[1]
  %index = Reshape{new_shape: [1, 1, 1]} %zero : i32[1, 1, 1]
  %wide = Expand{target_shape: [65536, 65536, 64]} %index : i32[65536, 65536, 64]
  %first = Gather{axis: 0} %table, %wide : f32[65536, 65536, 64]
  %second = Gather{axis: 0} %first, %zero : f32[1, 65536, 64]
  %y = Binary(Add) %table, %table : f32[1]
  return %y
}
";

#[test]
fn what_no_output_needs_takes_no_memory() {
    for mode in MODES {
        let mut executable = compile_text(HUGE, mode).expect(mode);
        assert_eq!(executable.run_to_vec(&[&bytes(&[3.0])]).expect(mode), [bytes(&[6.0])], "{mode}");
    }
}

/// An unused kernel, behind an unused loop over another.
fn unused_kernels() -> String {
    let shape = Shape::new(&[1], DType::F32);
    let never = || Op::Custom { name: "never".into(), num_inputs: 1, attrs: Vec::new() };
    let mut body = Graph::new("body");
    let carry = body.input("carry", shape.clone());
    let next = body.add_node(never(), vec![carry], shape.clone());
    body.set_outputs(vec![next]);
    let mut graph = Graph::new("unused");
    let x = graph.input("x", shape.clone());
    let looped = graph.scan_with_bcasts_and_xs(x, &[], &[], body, 3);
    graph.add_node(never(), vec![looped], shape.clone());
    let y = graph.add_node(Op::Binary(BinaryOp::Add), vec![x, x], shape);
    graph.set_outputs(vec![y]);
    rlxmodel::to_text(&graph).unwrap()
}

#[test]
fn what_no_output_needs_is_not_called() {
    let never = Kernel::host_fn("never", |_, _: &[TensorView<'_>], _| Err(Error::invalid("nobody needs this")));
    let backend = with_kernels([never]);
    let text = unused_kernels();
    for mode in MODES {
        let mut executable = backend.compile(text.as_bytes(), &CompileOptions::new().set("mode", mode)).expect(mode);
        assert_eq!(executable.run_to_vec(&[&bytes(&[3.0])]).expect(mode), [bytes(&[6.0])], "{mode}");
    }
}
