//! Operands of several dtypes. What the graph declares is what comes back: the value in real numbers, rounded to it; or the
//! backend refuses the node when it compiles, with a reason.

use crate::case::{Cases, Operand};
use crate::compare::Expected;
use crate::fill::Fill;
use crate::oracle::attention::{Attention, attention};
use crate::oracle::conv::{Steps, conv};
use crate::oracle::norm::{Centre, along};
use crate::oracle::{fused, matmul, mixed, rope, softmax};
use crate::tensor::is_float;
use rlx_ir::DType::{self, BF16, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U32};
use rlx_ir::Op;
use rlx_ir::op::{BinaryOp, CmpOp, MaskKind, ReduceOp, RopeStyle};

/// Two operands, and what is declared.
const PAIRS: [[DType; 3]; 24] = [
    [F32, F16, F32],
    [F16, F32, F32],
    [F32, F16, F16],
    [F32, BF16, BF16],
    [F16, BF16, F32],
    [BF16, F16, F16],
    [F64, F32, F64],
    [F32, F64, F64],
    [F64, F32, F32],
    [F16, F16, F32],
    [F32, F32, F16],
    [F32, F32, F64],
    [I32, F16, I32],
    [I32, F16, F32],
    [I32, F32, F64],
    [F32, I64, F32],
    [I64, F64, F64],
    [I64, I32, I64],
    [I32, I64, I32],
    [U8, I8, I16],
    [I16, U8, I32],
    [U32, I32, I64],
    [Bool, I32, I32],
    [I32, I32, I64],
];

/// Beyond f16, and beyond the integers of f32.
const LARGE: &[i128] = &[70_000, 3, -5, 16_777_217, 0];
const SMALL: &[i128] = &[0, 7, 2, 16_777_216, -1];

fn to(dtype: DType) -> String {
    format!("to-{}", rlx_host_api::DType::from(dtype))
}

pub(super) fn cases(cases: &mut Cases) {
    for [a, b, declared] in PAIRS {
        pairs(cases, a, b, declared);
    }
    let floats = PAIRS.into_iter().filter(|dtypes| dtypes.iter().all(|&dtype| is_float(dtype)));
    for [a, b, declared] in floats {
        products(cases, a, b, declared);
        layers(cases, a, b, declared);
    }
    for (from, declared) in
        [(F16, F32), (F32, F16), (F64, F32), (F32, F64), (I32, I64), (I64, I32), (I8, I32), (U8, F32)]
    {
        results(cases, from, declared);
    }
}

/// Elementwise ops of two operands, whose values are whole numbers where a dtype of whole numbers is among theirs.
fn pairs(cases: &mut Cases, a: DType, b: DType, declared: DType) {
    let floats = is_float(a) && is_float(b);
    let values = |whole| if floats { Fill::Spread } else { Fill::Wholes(whole) };
    // What overflows in an operand's own dtype is not there to be added.
    let (first, second) = match (a, b) {
        (F16, _) => (values(&[3, -7, 100, 0, 1]), values(SMALL)),
        (_, F16) => (values(LARGE), values(&[0, 2, -3, 1, 5])),
        _ => (values(LARGE), values(SMALL)),
    };
    let operands = || vec![Operand::new(a, &[2, 5], first.clone()), Operand::new(b, &[2, 5], second.clone())];
    for op in [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Max, BinaryOp::Min] {
        let name = format!("binary/{}/{}", format!("{op:?}").to_lowercase(), to(declared));
        cases.add(&name, Op::Binary(op), operands(), (declared, &[2, 5]), move |x| {
            mixed::binary(op, &x[0], &x[1], declared)
        });
    }
    // What is declared of the other ops is no part of a comparison: each pair once.
    if a != b && PAIRS.iter().find(|pair| pair[..2] == [a, b]).is_some_and(|pair| pair[2] == declared) {
        for op in [CmpOp::Eq, CmpOp::Lt, CmpOp::Ge] {
            let name = format!("compare/{}", format!("{op:?}").to_lowercase());
            cases.add(&name, Op::Compare(op), operands(), (Bool, &[2, 5]), move |x| mixed::compare(op, &x[0], &x[1]));
        }
    }
    let mut chosen = vec![Operand::new(Bool, &[2, 5], Fill::Wholes(&[1, 0, 0]))];
    chosen.extend(operands());
    cases.add(&format!("where/{}", to(declared)), Op::Where, chosen, (declared, &[2, 5]), move |x| {
        mixed::select(&x[0], &x[1], &x[2], declared)
    });
    cases.add(&format!("concat/{}", to(declared)), Op::Concat { axis: 0 }, operands(), (declared, &[4, 5]), move |x| {
        mixed::concat(&x[0], &x[1], declared)
    });
}

fn declared_as(expected: Expected, dtype: DType) -> Expected {
    Expected { dtype, ..expected }
}

fn products(cases: &mut Cases, a: DType, b: DType, declared: DType) {
    let spread = |dtype, dims: &[usize]| Operand::new(dtype, dims, Fill::Spread);
    let operands = || vec![spread(a, &[3, 9]), spread(b, &[9, 4])];
    cases.add(&format!("matmul/{}", to(declared)), Op::MatMul, operands(), (declared, &[3, 4]), move |x| {
        declared_as(matmul::matmul(&x[0], &x[1], &[3, 4]), declared)
    });
    let op =
        Op::DotGeneral { lhs_contracting: vec![1], rhs_contracting: vec![0], lhs_batch: vec![], rhs_batch: vec![] };
    cases.add(&format!("dotgeneral/{}", to(declared)), op, operands(), (declared, &[3, 4]), move |x| {
        declared_as(matmul::matmul(&x[0], &x[1], &[3, 4]), declared)
    });
    let mut with_bias = operands();
    with_bias.push(spread(b, &[4]));
    let op = Op::FusedMatMulBiasAct { activation: None };
    cases.add(&format!("matmulbias/{}", to(declared)), op, with_bias, (declared, &[3, 4]), move |x| {
        declared_as(fused::matmul_bias_act(&x[0], &x[1], &x[2], None, &[3, 4]), declared)
    });
    let lora = vec![spread(a, &[3, 5]), spread(b, &[5, 4]), spread(b, &[5, 2]), spread(a, &[2, 4])];
    cases.add(&format!("lora/{}", to(declared)), Op::LoraMatMul { scale: 0.5 }, lora, (declared, &[3, 4]), move |x| {
        declared_as(matmul::lora(x, 0.5), declared)
    });
    let steps = Steps { stride: vec![1, 1], padding: vec![1, 0], dilation: vec![1, 1], groups: 1 };
    let op = Op::Conv {
        kernel_size: vec![3, 2],
        stride: steps.stride.clone(),
        padding: steps.padding.clone(),
        dilation: steps.dilation.clone(),
        groups: 1,
    };
    let operands = vec![spread(a, &[1, 2, 4, 5]), spread(b, &[3, 2, 3, 2])];
    cases.add(&format!("conv/{}", to(declared)), op, operands, (declared, &[1, 3, 4, 4]), move |x| {
        declared_as(conv(&x[0], &x[1], &steps, &[1, 3, 4, 4]), declared)
    });
}

/// Weights, tables, keys of another dtype than what they are for.
fn layers(cases: &mut Cases, a: DType, b: DType, declared: DType) {
    let spread = |dtype, dims: &[usize]| Operand::new(dtype, dims, Fill::Spread);
    for centre in [Centre::Mean, Centre::Zero] {
        let (name, op) = match centre {
            Centre::Mean => ("layernorm", Op::LayerNorm { axis: -1, eps: 1e-5 }),
            Centre::Zero => ("rmsnorm", Op::RmsNorm { axis: -1, eps: 1e-5 }),
        };
        let operands = vec![spread(a, &[3, 8]), spread(b, &[8]), spread(b, &[8])];
        cases.add(&format!("{name}/{}", to(declared)), op, operands, (declared, &[3, 8]), move |x| {
            declared_as(along(&x[0], (&x[1], &x[2]), 1, 1e-5, centre), declared)
        });
    }
    let table = || Operand::new(b, &[5, 4], Fill::Within(-1.0, 1.0));
    let op = Op::Rope { head_dim: 8, n_rot: 8, style: RopeStyle::NeoX };
    let operands = vec![spread(a, &[2, 5, 8]), table(), table()];
    cases.add(&format!("rope/{}", to(declared)), op, operands, (declared, &[2, 5, 8]), move |x| {
        declared_as(rope::rope(&x[0], &x[1], &x[2], 8, 8, RopeStyle::NeoX), declared)
    });
    let op = Op::Attention {
        num_heads: 2,
        head_dim: 4,
        v_head_dim: None,
        mask_kind: MaskKind::Causal,
        score_scale: None,
        attn_logit_softcap: None,
    };
    let operands = vec![spread(a, &[1, 2, 3, 4]), spread(b, &[1, 2, 5, 4]), spread(b, &[1, 2, 5, 4])];
    let attributes = Attention { mask: MaskKind::Causal, scale: 0.5, cap: None };
    cases.add(&format!("attention/{}", to(declared)), op, operands, (declared, &[1, 2, 3, 4]), move |x| {
        declared_as(attention(&attributes, x), declared)
    });
}

/// A result of another dtype than the operand's.
fn results(cases: &mut Cases, from: DType, declared: DType) {
    let operand = |fill| vec![Operand::new(from, &[3, 4], fill)];
    // Sums that the operand's dtype lacks.
    let large: &[i128] = match from {
        I8 | U8 => &[100, 120, 90],
        F16 => &[30_000, 20_000, 40_000],
        I32 => &[2_147_483_647, 2_147_483_000, 1],
        _ => &[1_000_000, 2_000_000, 3],
    };
    for (op, name) in [(ReduceOp::Sum, "sum"), (ReduceOp::Max, "max")] {
        let reduce = Op::Reduce { op, axes: vec![1], keep_dim: false };
        let given = operand(Fill::Wholes(large));
        cases.add(&format!("reduce/{name}/{}", to(declared)), reduce, given, (declared, &[3]), move |x| {
            mixed::reduce(op, &x[0], declared)
        });
    }
    if is_float(from) && is_float(declared) {
        let (op, given) = (Op::Softmax { axis: -1 }, operand(Fill::Spread));
        cases.add(&format!("softmax/{}", to(declared)), op, given, (declared, &[3, 4]), move |x| {
            declared_as(softmax::softmax(&x[0], 1), declared)
        });
    }
}
