//! Kernels with several results, which are one packed value in the graph.

use crate::{assert_says, op_with};
use rlx_cpu::op_registry::{CpuKernel, CpuTensorMut, CpuTensorRef, register_cpu_kernel};
use rlx_host_api::kernel::{Array, ArrayOps, ComposedKernel, Kernel, KernelCall};
use rlx_host_api::{DType as Wire, Error, ErrorKind, TensorInfo, TensorView};
use rlx_ir::{DType, Graph, Op, OpExtension, Shape, register_op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::oracle;
use rlx_mlx_tests::plugin::{MODES, compile_on, run_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;
use std::sync::Arc;

const HOST: &str = "split.host";
const COMPOSED: &str = "split.composed";

/// Of an `[n, m]` operand: the sums of its rows and the operand doubled.
fn outputs(call: &KernelCall<'_>) -> Result<Vec<TensorInfo>, Error> {
    let whole = &call.inputs[0];
    Ok(vec![TensorInfo { dims: vec![whole.dims[0]], ..whole.clone() }, whole.clone()])
}

struct Split;

impl ComposedKernel for Split {
    fn compose<'a>(
        &self,
        call: &KernelCall<'_>,
        ops: ArrayOps<'a>,
        inputs: &[&Array<'a>],
    ) -> Result<Vec<Array<'a>>, Error> {
        assert_eq!(call.outputs.len(), 2);
        let last = ops.cumsum(inputs[0], 1, false)?;
        let [rows, columns] = inputs[0].dims()?[..] else { return Err(Error::invalid("not a matrix")) };
        let sums = ops.reshape(&ops.slice(&last, &[0, columns - 1], &[rows, columns])?, &[rows])?;
        Ok(vec![sums, ops.add(inputs[0], inputs[0])?])
    }
}

fn kernels() -> [Kernel; 2] {
    let host = Kernel::host_fn(HOST, |call, inputs: &[TensorView<'_>], outputs| {
        let [sums, doubled] = outputs else { return Err(Error::invalid("not two results")) };
        let listed: Vec<_> = call.outputs.iter().map(|info| &info.dims[..]).collect();
        assert_eq!(listed, [sums.dims, doubled.dims]);
        let x = inputs[0].values::<f32>()?;
        for (sum, row) in sums.values::<f32>()?.iter_mut().zip(x.chunks(inputs[0].dims[1] as usize)) {
            *sum = row.iter().sum();
        }
        doubled.values::<f32>()?.iter_mut().zip(x).for_each(|(y, x)| *y = 2.0 * x);
        Ok(())
    });
    [host.with_outputs(outputs), Kernel::composed(COMPOSED, Split).with_outputs(outputs)]
}

/// The two results again, from the packed value.
fn unpack(graph: &mut Graph, packed: rlx_ir::NodeId, rows: usize, columns: usize) -> [rlx_ir::NodeId; 2] {
    let flat = |len| Shape::new(&[len], DType::F32);
    let part =
        |graph: &mut Graph, start, len| graph.add_node(Op::Narrow { axis: 0, start, len }, vec![packed], flat(len));
    [part(graph, 0, rows), part(graph, rows, rows * columns)]
}

struct Packed(&'static str);

impl OpExtension for Packed {
    fn name(&self) -> &str {
        self.0
    }

    fn num_inputs(&self) -> usize {
        1
    }

    fn infer_shape(&self, _inputs: &[&Shape], _attrs: &[u8]) -> Shape {
        unreachable!("the caller states the shape")
    }
}

impl CpuKernel for Packed {
    fn name(&self) -> &str {
        self.0
    }

    fn execute(&self, inputs: &[CpuTensorRef<'_>], output: CpuTensorMut<'_>, _attrs: &[u8]) -> Result<(), String> {
        let (x, columns) = (inputs[0].expect_f32("x")?, inputs[0].shape().dim(1).unwrap_static());
        let (sums, doubled) = output.expect_f32_mut("y")?.split_at_mut(x.len() / columns);
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = x[i * columns..][..columns].iter().sum();
        }
        for (i, y) in doubled.iter_mut().enumerate() {
            *y = x[i] + x[i];
        }
        Ok(())
    }
}

#[test]
fn packed_results_are_narrowed_as_on_rlx_cpu() {
    let backend = with_kernels(kernels());
    for name in [HOST, COMPOSED] {
        register_op(Arc::new(Packed(name)));
        register_cpu_kernel(Arc::new(Packed(name)));
        let mut case = Case::new();
        // Sums that are exact in any order.
        let x = case.input(&Tensor::random(&[3, 4], 5).map(|v| (v * 64.0).trunc()));
        let packed = case.graph.custom_op_packed(name, vec![], vec![x], Shape::new(&[15], DType::F32));
        let parts = unpack(&mut case.graph, packed, 3, 4);
        let case = case.outputs(&[parts[0], parts[1], packed]);
        let want = oracle::run(&case);
        for (got, want) in run_on(&backend, &case).iter().zip(&want) {
            assert_same(name, got, want);
        }
    }
}

/// One listed result of another shape than the node's fills it as well.
#[test]
fn a_single_listed_result_takes_the_nodes_shape() {
    let flat = |call: &KernelCall<'_>| Ok(vec![TensorInfo { dims: vec![6], ..call.outputs[0].clone() }]);
    let kernel = Kernel::composed_fn("flat", |_, ops, inputs| ops.reshape(inputs[0], &[6])).with_outputs(flat);
    let backend = with_kernels([kernel]);
    let value = Tensor::random(&[6], 1);
    let mut case = Case::new();
    let x = case.input(&value);
    let y = case.add(op_with("flat", 1, &[]), &[x], &[2, 3], DType::F32);
    let got = run_on(&backend, &case.outputs(&[y]));
    assert_eq!(got[0], value.reshaped(&[2, 3]));
}

/// What `outputs` may list, told when the program is compiled.
#[test]
fn wrong_lists_are_refused_at_compile() {
    type List = fn(&KernelCall<'_>) -> Result<Vec<TensorInfo>, Error>;
    let info = |dtype, dims: &[i64]| TensorInfo { name: String::new(), dtype, dims: dims.to_vec() };
    let lists: [(&str, List, ErrorKind, &[&str]); 6] = [
        ("none", |_| Ok(vec![]), ErrorKind::InvalidArgument, &["`wrong`", "no results"]),
        (
            "too few elements",
            |call| Ok(vec![call.inputs[0].clone()]),
            ErrorKind::InvalidArgument,
            &["`wrong`", "4 elements", "f32[6]"],
        ),
        (
            "another dtype",
            |_| Ok(vec![TensorInfo { name: String::new(), dtype: Wire::I32, dims: vec![6] }]),
            ErrorKind::InvalidArgument,
            &["`wrong`", "result 0", "i32[6]", "f32"],
        ),
        (
            "a negative extent",
            |_| Ok(vec![TensorInfo { name: String::new(), dtype: Wire::F32, dims: vec![-2, -3] }]),
            ErrorKind::InvalidArgument,
            &["`wrong`", "-2"],
        ),
        ("an error", |_| Err(Error::not_found("no such table")), ErrorKind::NotFound, &["`wrong`", "no such table"]),
        ("a panic", |_| panic!("as ordered"), ErrorKind::ExecutionFailed, &["`wrong`", "panicked: as ordered"]),
    ];
    let good = info(Wire::F32, &[4]);
    assert_eq!(good.elements(), 4);
    for (what, list, kind, parts) in lists {
        let host = Kernel::host_fn("wrong", |_, _, _| panic!("never called")).with_outputs(list);
        let composed = Kernel::composed_fn("wrong", |_, _, _| panic!("never called")).with_outputs(list);
        for kernel in [host, composed] {
            let backend = with_kernels([kernel]);
            let mut case = Case::new();
            let x = case.input(&Tensor::random(&[4], 1));
            let y = case.add(op_with("wrong", 1, &[]), &[x], &[6], DType::F32);
            let case = case.outputs(&[y]);
            for mode in MODES {
                assert_says(&format!("{what} {mode}"), compile_on(&backend, &case, mode), kind, parts);
            }
        }
    }
}
