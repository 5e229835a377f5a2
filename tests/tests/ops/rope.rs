//! `Op::Rope` against loops: both pairings, partial rotation, tables of every form; `Op::AxialRope2d` against its angles.

use rlx_ir::op::RopeStyle;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

/// Rotated values of `x`, whose second to last axis is the position. `angle(position, pair)` gives (cos, sin).
pub(crate) fn rotated(
    x: &Tensor,
    head_dim: usize,
    n_rot: usize,
    style: RopeStyle,
    angle: impl Fn(usize, usize) -> (f64, f64),
) -> Vec<f64> {
    let rank = x.dims.len();
    indices(&x.dims)
        .map(|index| {
            let (position, column) = (index[rank - 2], index[rank - 1]);
            let lane = column % head_dim;
            if lane >= n_rot {
                return x.at(&index);
            }
            let (pair, first) = match style {
                RopeStyle::NeoX => (lane % (n_rot / 2), lane < n_rot / 2),
                RopeStyle::GptJ => (lane / 2, lane.is_multiple_of(2)),
            };
            let partner = match (style, first) {
                (RopeStyle::NeoX, true) => column + n_rot / 2,
                (RopeStyle::NeoX, false) => column - n_rot / 2,
                (RopeStyle::GptJ, true) => column + 1,
                (RopeStyle::GptJ, false) => column - 1,
            };
            let mut other = index.clone();
            other[rank - 1] = partner;
            let (cos, sin) = angle(position, pair);
            if first { x.at(&index) * cos - x.at(&other) * sin } else { x.at(&index) * cos + x.at(&other) * sin }
        })
        .collect()
}

/// Two products of values below 2 and their sum, each rounded.
fn assert_rope(what: &str, got: &Tensor, want: &[f64]) {
    assert_within(what, got, want, |_, _| 8.0 * epsilon(got.dtype));
}

/// Tables of `rows` positions and `width` angles; random, so that a wrong row or column shows.
fn tables(rows: usize, width: usize) -> (Tensor, Tensor) {
    let angles = Tensor::random(&[rows, width], 31).map(|v| v * 2.0);
    (angles.map(f64::cos), angles.map(f64::sin))
}

const STYLES: [RopeStyle; 2] = [RopeStyle::NeoX, RopeStyle::GptJ];

/// Shape, head size, rotated part: one and several heads in the last axis, ranks 2 to 4, partial rotation, none.
const CASES: [(&[usize], usize, usize); 9] = [
    (&[5, 8], 8, 8),
    (&[1, 2], 2, 2),
    (&[2, 5, 8], 8, 8),
    (&[2, 5, 24], 8, 8),
    (&[2, 5, 24], 8, 4),
    (&[2, 3, 5, 8], 8, 8),
    (&[2, 3, 5, 8], 8, 6),
    (&[2, 3, 4, 16], 8, 2),
    (&[2, 4, 8], 8, 0),
];

#[test]
fn styles_ranks_and_partial_rotation() {
    for style in STYLES {
        for (dims, head_dim, n_rot) in CASES {
            let x = Tensor::random(dims, 1);
            let seq = dims[dims.len() - 2];
            // As wide as needed, wider, and with more rows than positions.
            for (rows, width) in [(seq, n_rot / 2), (seq, n_rot / 2 + 3), (seq + 4, n_rot / 2 + 1)] {
                if width == 0 {
                    continue;
                }
                let (cos, sin) = tables(rows, width);
                let angle = |p, i| (cos.at(&[p, i]), sin.at(&[p, i]));
                let want = rotated(&x, head_dim, n_rot, style, angle);
                for layout in Layout::ALL {
                    let op = Op::Rope { head_dim, n_rot, style };
                    let got = run_one(&one_op(op, &[&x, &cos, &sin], layout, dims, DType::F32));
                    assert_rope(
                        &format!("{style:?} {dims:?} {n_rot} of {head_dim}, table {rows}x{width}"),
                        &got,
                        &want,
                    );
                }
            }
        }
    }
}

#[test]
fn flat_tables_have_rows_of_the_rotated_pairs() {
    for style in STYLES {
        for (head_dim, n_rot, rows) in [(8, 8, 5), (8, 4, 5), (8, 4, 9)] {
            let x = Tensor::random(&[2, 5, 16], 2);
            let (cos, sin) = tables(rows, n_rot / 2);
            let angle = |p, i| (cos.at(&[p, i]), sin.at(&[p, i]));
            let want = rotated(&x, head_dim, n_rot, style, angle);
            let flat = [rows * n_rot / 2];
            let operands = [&x, &cos.reshaped(&flat), &sin.reshaped(&flat)];
            let op = Op::Rope { head_dim, n_rot, style };
            let got = run_one(&one_op(op, &operands, Layout::Dense, &[2, 5, 16], DType::F32));
            assert_rope(&format!("{style:?}, flat table"), &got, &want);
        }
    }
}

#[test]
fn half_types() {
    for dtype in [DType::F16, DType::BF16] {
        let x = Tensor::random(&[2, 5, 8], 3).to(dtype);
        let (cos, sin) = tables(5, 4);
        let (cos, sin) = (cos.to(dtype), sin.to(dtype));
        let want = rotated(&x, 8, 8, RopeStyle::NeoX, |p, i| (cos.at(&[p, i]), sin.at(&[p, i])));
        let op = Op::Rope { head_dim: 8, n_rot: 8, style: RopeStyle::NeoX };
        assert_rope("half rope", &run_one(&one_op(op, &[&x, &cos, &sin], Layout::Dense, &[2, 5, 8], dtype)), &want);
    }
}

#[test]
fn short_tables_are_refused() {
    let x = Tensor::random(&[5, 8], 1);
    for (rows, width) in [(4, 4), (5, 3)] {
        let (cos, sin) = tables(rows, width);
        let op = Op::Rope { head_dim: 8, n_rot: 8, style: RopeStyle::NeoX };
        let error = refusal(&one_op(op, &[&x, &cos, &sin], Layout::Dense, &[5, 8], DType::F32));
        assert!(error.message().contains("Rope") && error.message().contains("table"), "{error}");
    }
}

/// Shape of the grid, tokens a cell, heads, head size, base.
const GRIDS: [(usize, usize, usize, usize, usize, f32); 6] = [
    (3, 2, 1, 1, 4, 10000.0),
    (4, 3, 1, 2, 8, 10000.0),
    (2, 2, 3, 2, 12, 100.0),
    (1, 5, 1, 3, 16, 10000.0),
    (5, 1, 2, 1, 8, 2.0),
    (1, 1, 0, 1, 4, 10000.0),
];

/// The angle of a pair is the column of the token's cell in the first half of a head, else its row, times a power of the base.
fn axially_rotated(x: &Tensor, end_x: usize, repeat: usize, head_dim: usize, theta: f32) -> Vec<f64> {
    rotated(x, head_dim, head_dim, RopeStyle::GptJ, |token, pair| {
        let cell = token / repeat.max(1);
        let (place, i) = if pair < head_dim / 4 { (cell % end_x, pair) } else { (cell / end_x, pair - head_dim / 4) };
        let angle = place as f64 * f64::from(theta).powf(-4.0 * i as f64 / head_dim as f64);
        (angle.cos(), angle.sin())
    })
}

#[test]
fn axial_rope_of_grids() {
    for (end_x, end_y, repeat_factor, num_heads, head_dim, theta) in GRIDS {
        let seq = end_x * end_y * repeat_factor.max(1);
        for batch in [1, 2, 0] {
            let dims = [batch, seq, num_heads * head_dim];
            for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64] {
                let x = Tensor::random(&dims, 4).to(dtype);
                let want = axially_rotated(&x, end_x, repeat_factor, head_dim, theta);
                for layout in Layout::ALL {
                    let op = Op::AxialRope2d { end_x, end_y, head_dim, num_heads, theta, repeat_factor };
                    let got = run_one(&one_op(op, &[&x], layout, &dims, dtype));
                    // Two products of values below 2 and their sum; halves are rounded once more.
                    let bound = if dtype == DType::F64 { 1e-14 } else { 8.0 * epsilon(DType::F32) };
                    assert_within(&format!("{dtype:?} {dims:?}, {end_x} x {end_y}"), &got, &want, |_, w| {
                        bound + 0.5 * epsilon(dtype) * w.abs()
                    });
                }
            }
        }
    }
}

#[test]
fn axial_rope_that_does_not_fit_is_refused() {
    let op = |end_x, head_dim, num_heads, theta| Op::AxialRope2d {
        end_x,
        end_y: 2,
        head_dim,
        num_heads,
        theta,
        repeat_factor: 1,
    };
    for (op, dims) in [
        (op(3, 8, 1, 1e4), &[1, 4, 8][..]),
        (op(2, 6, 1, 1e4), &[1, 4, 6]),
        (op(2, 0, 1, 1e4), &[1, 4, 0]),
        (op(2, 8, 2, 1e4), &[1, 4, 8]),
        (op(2, 8, 1, 0.0), &[1, 4, 8]),
        (op(2, 8, 1, f32::NAN), &[1, 4, 8]),
        (op(2, 8, 1, 1e4), &[4, 8]),
        (op(2, 8, usize::MAX, 1e4), &[1, 4, 8]),
    ] {
        let error = refusal(&one_op(op.clone(), &[&Tensor::random(dims, 1)], Layout::Dense, dims, DType::F32));
        assert!(error.message().contains("AxialRope2d"), "{op:?}: {error}");
    }
    let x = Tensor::of(DType::I32, &[1, 4, 8], [1.0; 32]);
    assert!(refusal(&one_op(op(2, 8, 1, 1e4), &[&x], Layout::Dense, &[1, 4, 8], DType::I32)).message().contains("i32"));
}
