//! Ops that move elements.

use super::dtypes::REALS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::shape;
use crate::tensor::is_float;
use rlx_ir::op::PadMode;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in REALS {
        for fill in [Fill::Spread, Fill::Special] {
            moves(cases, dtype, &fill);
        }
        grown(cases, dtype);
    }
}

fn moves(cases: &mut Cases, dtype: DType, fill: &Fill) {
    for (dims, to, new_shape) in
        [(&[2, 6][..], &[3, 4][..], vec![3, -1]), (&[], &[1, 1], vec![1, 1]), (&[0, 3], &[3, 0], vec![3, 0])]
    {
        let operand = Operand::new(dtype, dims, fill.clone());
        let name = format!("reshape/to{}", text(to));
        cases.add(&name, Op::Reshape { new_shape }, vec![operand], (dtype, to), move |x| shape::reshape(&x[0], to));
    }
    for (dims, perm) in [(&[2, 3][..], &[1, 0][..]), (&[2, 3, 4], &[2, 0, 1]), (&[1, 0, 3], &[1, 2, 0]), (&[], &[])] {
        let out: Vec<usize> = perm.iter().map(|&axis| dims[axis]).collect();
        let operand = Operand::new(dtype, dims, fill.clone());
        let name = format!("transpose/{}", text(perm));
        cases.add(&name, Op::Transpose { perm: perm.to_vec() }, vec![operand], (dtype, &out), move |x| {
            crate::compare::Expected::exact(x[0].permuted(perm))
        });
    }
    for (layout, axis, start, len, step) in [
        (Layout::Dense, 0, 1, 2, 1),
        (Layout::Dense, 1, 0, 0, 1),
        (Layout::Dense, 1, 4, 1, 1),
        (Layout::Transposed, 1, 1, 3, 1),
        (Layout::Narrowed, 1, 1, 3, 1),
        (Layout::Dense, 1, 0, 3, 2),
        (Layout::Dense, 1, 4, 5, -1),
        (Layout::Dense, 1, 3, 2, -3),
        (Layout::Narrowed, 1, 4, 3, -2),
    ] {
        let mut dims = [3, 5];
        dims[axis] = len;
        let op = match step {
            1 => Op::Narrow { axis, start, len },
            _ => Op::Slice { axis, start, len, step },
        };
        let name = if step == 1 {
            format!("narrow/axis{axis}from{start}")
        } else {
            format!("slice/axis{axis}from{start}by{step}of{len}")
        };
        let operand = Operand::new(dtype, &[3, 5], fill.clone());
        cases.add_in(layout, &name, op, vec![operand], (dtype, &dims), move |x| {
            shape::moved(&x[0], &dims, |index| {
                let mut from = index.to_vec();
                from[axis] = (start as i64 + index[axis] as i64 * step) as usize;
                from
            })
        });
    }
    for (parts, axis, dims) in
        [(&[&[2, 3][..], &[1, 3]][..], 0, &[3, 3][..]), (&[&[2, 3], &[2, 0], &[2, 2]], 1, &[2, 5]), (&[&[4]], 0, &[4])]
    {
        let operands = parts.iter().map(|part| Operand::new(dtype, part, fill.clone())).collect();
        cases.add(&format!("concat/axis{axis}"), Op::Concat { axis }, operands, (dtype, dims), move |x| {
            shape::concat(x, axis, dims)
        });
    }
    for (from, to, target_shape) in [
        (&[1, 3][..], &[2, 3][..], vec![2, 3]),
        (&[3], &[2, 3], vec![2, 3]),
        (&[], &[2, 2], vec![2, 2]),
        (&[1, 3], &[0, 3], vec![0, 3]),
    ] {
        let operand = Operand::new(dtype, from, fill.clone());
        let name = format!("expand/to{}", text(to));
        cases.add(&name, Op::Expand { target_shape }, vec![operand], (dtype, to), move |x| {
            crate::compare::Expected::exact(
                x[0].picked(to, |index| crate::tensor::broadcast_offset(&x[0].dims, &index)),
            )
        });
    }
    for axes in [&[0][..], &[1], &[0, 1], &[]] {
        let operand = Operand::new(dtype, &[3, 5], fill.clone());
        cases.add(
            &format!("reverse/{}", text(axes)),
            Op::Reverse { axes: axes.to_vec() },
            vec![operand],
            (dtype, &[3, 5]),
            move |x| {
                shape::moved(&x[0], &[3, 5], |index| {
                    let turned =
                        |axis: usize| if axes.contains(&axis) { [3, 5][axis] - 1 - index[axis] } else { index[axis] };
                    vec![turned(0), turned(1)]
                })
            },
        );
    }
}

/// Those that make more elements, or move them around the ends.
fn grown(cases: &mut Cases, dtype: DType) {
    let fill = || Fill::Extremes;
    let four = Operand::new(dtype, &[1, 2, 3, 1], fill());
    cases.add("resizenearest2x", Op::ResizeNearest2x, vec![four], (dtype, &[1, 2, 6, 2]), |x| {
        shape::moved(&x[0], &[1, 2, 6, 2], |index| vec![index[0], index[1], index[2] / 2, index[3] / 2])
    });
    for (name, mode) in [
        ("constant0", PadMode::Constant(0.0)),
        ("constant3", PadMode::Constant(3.0)),
        ("reflect", PadMode::Reflect),
        ("replicate", PadMode::Replicate),
        ("circular", PadMode::Circular),
    ] {
        // A bool has no 3.
        if dtype == DType::Bool && name == "constant3" {
            continue;
        }
        for (dims, pads) in [(&[3, 4][..], &[[1, 2], [2, 1]][..]), (&[3, 4], &[[0, 0], [0, 3]]), (&[5], &[[4, 4]])] {
            let out: Vec<usize> = dims.iter().zip(pads).map(|(&extent, &[low, high])| extent + low + high).collect();
            let ends = pads.iter().map(|[low, high]| format!("{low}-{high}")).collect::<Vec<_>>().join("+");
            let (name, shape) = (format!("pad/{name}/{ends}"), out.clone());
            let operand = Operand::new(dtype, dims, fill());
            cases.add(&name, Op::Pad { pads: pads.to_vec(), mode }, vec![operand], (dtype, &out), move |x| {
                shape::pad(&x[0], pads, mode, &shape)
            });
        }
    }
    for (shifts, axes) in [(&[1][..], &[0][..]), (&[-2, 4], &[1, 0]), (&[7], &[1]), (&[0], &[0])] {
        let by = shifts.iter().map(i64::to_string).collect::<Vec<_>>().join("+");
        let op = Op::Roll { shifts: shifts.to_vec(), dims: axes.to_vec() };
        let operand = Operand::new(dtype, &[3, 5], fill());
        cases.add(&format!("roll/{by}on{}", text(axes)), op, vec![operand], (dtype, &[3, 5]), move |x| {
            shape::moved(&x[0], &[3, 5], |index| {
                let mut from = index.to_vec();
                for (&axis, &shift) in axes.iter().zip(shifts) {
                    from[axis] = (index[axis] as i64 - shift).rem_euclid([3, 5][axis]) as usize;
                }
                from
            })
        });
    }
    for (dims, reps) in [(&[2, 3][..], &[2, 1][..]), (&[2, 3], &[1, 3]), (&[1], &[5]), (&[2, 0], &[3, 2])] {
        let out: Vec<usize> = dims.iter().zip(reps).map(|(&extent, &times)| extent * times).collect();
        let shape = out.clone();
        let operand = Operand::new(dtype, dims, fill());
        cases.add(
            &format!("tile/{}", text(reps)),
            Op::Tile { reps: reps.to_vec() },
            vec![operand],
            (dtype, &out),
            move |x| {
                shape::moved(&x[0], &shape, |index| index.iter().zip(dims).map(|(&at, &extent)| at % extent).collect())
            },
        );
    }
    for (upper, diagonal, dims) in
        [(true, 0, &[4, 4][..]), (false, 0, &[2, 3, 5]), (true, 2, &[3, 5]), (false, -1, &[5, 3]), (false, 9, &[2, 2])]
    {
        // Zero times infinity, where a backend multiplies with a mask.
        let values = if is_float(dtype) { Fill::Special } else { Fill::Spread };
        let name = format!("trilu/{}{diagonal}", if upper { "upper" } else { "lower" });
        let operand = Operand::new(dtype, dims, values);
        cases.add(&name, Op::Trilu { upper, diagonal }, vec![operand], (dtype, dims), move |x| {
            shape::triangle(&x[0], upper, diagonal)
        });
    }
}

fn text(numbers: &[usize]) -> String {
    if numbers.is_empty() {
        "none".to_owned()
    } else {
        numbers.iter().map(usize::to_string).collect::<Vec<_>>().join("+")
    }
}
