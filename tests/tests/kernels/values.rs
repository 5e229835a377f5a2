//! What kernels see and give: dtypes, ranks, layouts, attributes.

use crate::op_with;
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Error, TensorView};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Case, Layout};
use rlx_mlx_tests::plugin::{run_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;

const DTYPES: [DType; 11] = [
    DType::F32,
    DType::F64,
    DType::F16,
    DType::BF16,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U32,
    DType::Bool,
];

const SHAPES: [&[usize]; 8] = [&[], &[1], &[7], &[2, 3], &[3, 1, 2], &[2, 3, 2, 2], &[0], &[2, 0, 3]];

/// All elements in reverse order, on the host and from array operations.
fn reversals() -> [Kernel; 2] {
    let host = Kernel::host_fn("reverse.host", |call, inputs: &[TensorView<'_>], outputs| {
        let (from, to) = (&inputs[0], &mut outputs[0]);
        let (info, result) = (&call.inputs[0], &call.outputs[0]);
        let described = (from.dtype, from.dims, to.dtype, to.dims);
        if described != (info.dtype, &info.dims[..], result.dtype, &result.dims[..]) || info != result {
            return Err(Error::invalid(format!("the call says {info} and {result}, the views {described:?}")));
        }
        if call.op != "reverse.host" || !info.name.is_empty() || from.data.len() != to.data.len() {
            return Err(Error::invalid(format!("{call:?}")));
        }
        let size = from.dtype.size();
        for (to, from) in to.data.chunks_exact_mut(size).zip(from.data.chunks_exact(size).rev()) {
            to.copy_from_slice(from);
        }
        Ok(())
    });
    let composed = Kernel::composed_fn("reverse.composed", |call, ops, inputs| {
        let (x, info) = (inputs[0], &call.inputs[0]);
        let dims = x.dims()?;
        if x.dtype()? != info.dtype || dims.iter().map(|&d| i64::from(d)).ne(info.dims.iter().copied()) {
            return Err(Error::invalid(format!("{x:?} is not {info}")));
        }
        ops.reshape(&ops.flip(&ops.reshape(x, &[-1])?, &[0])?, &dims)
    });
    [host, composed]
}

#[test]
fn dtypes_ranks_and_layouts() {
    let backend = with_kernels(reversals());
    for dtype in DTYPES {
        for dims in SHAPES {
            let value = Tensor::random(dims, 7).map(|v| (v * 20.0).trunc()).to(dtype);
            let reversed: Vec<f64> = value.values.iter().rev().copied().collect();
            for layout in Layout::ALL {
                if layout != Layout::Dense && value.values.is_empty() {
                    continue;
                }
                let mut case = Case::new();
                let x = case.operand(&value, layout);
                let outputs =
                    ["reverse.host", "reverse.composed"].map(|op| case.add(op_with(op, 1, &[]), &[x], dims, dtype));
                let back = case.add(op_with("reverse.host", 1, &[]), &[outputs[1]], dims, dtype);
                let got = run_on(&backend, &case.outputs(&[outputs[0], outputs[1], back]));
                let what = format!("{dtype:?}{dims:?} {layout:?}");
                assert_same(&format!("{what} host"), &got[0], &reversed);
                assert_same(&format!("{what} composed"), &got[1], &reversed);
                assert_same(&format!("{what} both"), &got[2], &value.values);
            }
        }
    }
}

/// Operands of several dtypes, two of them one node, and a result of another dtype and rank.
#[test]
fn operands_of_several_dtypes() {
    let pick = Kernel::host_fn("pick", |_, inputs: &[TensorView<'_>], outputs| {
        let (table, at, again) = (inputs[0].values::<f64>()?, inputs[1].values::<i32>()?, inputs[2].values::<i32>()?);
        let flags = inputs[3].data;
        for (i, out) in outputs[0].values::<i64>()?.iter_mut().enumerate() {
            let picked = table[at[i] as usize] as i64 * i64::from(again[i]);
            *out = if flags[i] != 0 { picked } else { -1 };
        }
        Ok(())
    });
    let backend = with_kernels([pick]);
    let mut case = Case::new();
    let table = case.input(&Tensor::of(DType::F64, &[2, 2], [5.0, 16_777_217.0, 7.0, 8.0]));
    let at = case.input(&Tensor::of(DType::I32, &[3], [1.0, 3.0, 2.0]));
    let flags = case.input(&Tensor::of(DType::Bool, &[3], [1.0, 0.0, 1.0]));
    let op = op_with("pick", 4, &[]);
    let y = case.add(op, &[table, at, at, flags], &[3], DType::I64);
    let got = run_on(&backend, &case.outputs(&[y]));
    assert_same("pick", &got[0], &[16_777_217.0, -1.0, 14.0]);
}

/// Attributes arrive byte by byte, NUL and non-UTF-8 included, each node's its own.
#[test]
fn attributes_are_bytes() {
    let host = Kernel::host_fn("attrs.host", |call, _, outputs| {
        outputs[0].data.copy_from_slice(call.attrs);
        Ok(())
    });
    let composed = Kernel::composed_fn("attrs.composed", |call, ops, _| {
        let of = |&byte: &u8| ops.arange(byte.into(), f64::from(byte) + 1.0, 1.0, rlx_host_api::DType::U8);
        let bytes = call.attrs.iter().map(of).collect::<Result<Vec<_>, Error>>()?;
        ops.concat(&bytes.iter().collect::<Vec<_>>(), 0)
    });
    let backend = with_kernels([host, composed]);
    let (all, some): (Vec<u8>, Vec<u8>) = ((0..255).collect(), vec![0, 200, 0, 13, 10, 34, 0]);
    for op in ["attrs.host", "attrs.composed"] {
        let mut case = Case::new();
        let nodes = [&all, &some].map(|a| case.add(op_with(op, 0, a), &[], &[a.len()], DType::U8));
        let got = run_on(&backend, &case.outputs(&nodes));
        for (got, attrs) in got.iter().zip([&all, &some]) {
            assert_eq!(got.bytes(), *attrs, "{op}");
        }
    }
}

/// What a kernel gives is an operand like any other, and what it is given stays as it was.
#[test]
fn an_operand_that_others_read_is_not_changed() {
    let backend = with_kernels(reversals());
    let value = Tensor::random(&[64], 3);
    let mut case = Case::new();
    let x = case.input(&value);
    let doubled = case.add(Op::Binary(BinaryOp::Add), &[x, x], &[64], DType::F32);
    let turned = case.add(op_with("reverse.host", 1, &[]), &[doubled], &[64], DType::F32);
    let sum = case.add(Op::Binary(BinaryOp::Add), &[doubled, turned], &[64], DType::F32);
    let got = run_on(&backend, &case.outputs(&[sum, doubled]));
    let want = (0..64).map(|i| value.values[i] * 2.0 + value.values[63 - i] * 2.0);
    let want: Vec<f64> = want.map(|v| f64::from(v as f32)).collect();
    assert_same("sum", &got[0], &want);
    assert_same("operand", &got[1], &value.map(|v| v * 2.0).values);
}
