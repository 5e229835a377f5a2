//! The kernels between ordinary ops, in every mode.

use rlx_host_api::ErrorKind;
use rlx_ir::op::{Activation, BinaryOp, ReduceOp};
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{self, MODES, backend};
use rlx_mlx_tests::sparse::kernels::{add_product, add_solve, input, register, solve};
use rlx_mlx_tests::sparse::{Matrix, Ordering};
use rlx_mlx_tests::tensor::Tensor;
use std::sync::Once;

/// Points along a side of the grid: 10,000 equations.
const SIDE: usize = 100;
const ROWS: usize = SIDE * SIDE;

/// Right-hand sides.
const WIDTH: usize = 4;

fn ready() {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| register(backend()).unwrap());
}

fn right_hand_sides(rows: usize, seed: u64) -> Tensor {
    Tensor::random(&[rows, WIDTH], seed).to(DType::F64)
}

/// `|v|` of each column.
fn add_norms(case: &mut Case, v: NodeId) -> NodeId {
    let dims = [ROWS, WIDTH];
    let squares = case.add(Op::Binary(BinaryOp::Mul), &[v, v], &dims, DType::F64);
    let sum = Op::Reduce { op: ReduceOp::Sum, axes: vec![0], keep_dim: false };
    let sums = case.add(sum, &[squares], &[WIDTH], DType::F64);
    case.add(Op::Activation(Activation::Sqrt), &[sums], &[WIDTH], DType::F64)
}

/// `x`, `A x`, and `|A x - b| / |b|` of each right-hand side.
fn residuals(matrix: &Matrix, ordering: Ordering, b: &Tensor) -> Case {
    let mut case = Case::new();
    let a = input(&mut case, matrix);
    let b = case.input(b);
    let x = add_solve(&mut case, a, ordering, b);
    let ax = add_product(&mut case, a, x);
    let difference = case.add(Op::Binary(BinaryOp::Sub), &[ax, b], &[ROWS, WIDTH], DType::F64);
    let norms = [difference, b].map(|v| add_norms(&mut case, v));
    let relative = case.add(Op::Binary(BinaryOp::Div), &norms, &[WIDTH], DType::F64);
    case.outputs(&[x, ax, relative])
}

/// `|A x - b| / |b|` of right-hand side `i`, from the entries of the matrix.
fn residual(matrix: &Matrix, x: &[f64], b: &[f64], i: usize) -> f64 {
    let (mut difference, mut size) = (0.0, 0.0);
    for row in 0..ROWS {
        let entries = matrix.starts[row] as usize..matrix.starts[row + 1] as usize;
        let ax: f64 = entries.map(|at| matrix.values[at] * x[matrix.columns[at] as usize * WIDTH + i]).sum();
        difference += (ax - b[row * WIDTH + i]).powi(2);
        size += b[row * WIDTH + i].powi(2);
    }
    (difference / size).sqrt()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn the_solution_is_that_of_the_functions_and_solves_the_system() {
    ready();
    let matrix = Matrix::wind(SIDE);
    let b = right_hand_sides(ROWS, 1);
    let mut solutions = Vec::new();
    for ordering in [Ordering::Natural, Ordering::Banded] {
        let [x, ax, relative] = plugin::run(&residuals(&matrix, ordering, &b)).try_into().unwrap();

        let (mut want, mut product) = (vec![0.0; ROWS * WIDTH], vec![0.0; ROWS * WIDTH]);
        solve(&matrix.view(), ordering, &b.values, WIDTH, &mut want).unwrap();
        matrix.view().multiply(&want, WIDTH, &mut product).unwrap();
        assert_eq!(bits(&x.values), bits(&want), "{ordering:?}");
        assert_eq!(bits(&ax.values), bits(&product), "{ordering:?}");

        for (i, &told) in relative.values.iter().enumerate() {
            let computed = residual(&matrix, &x.values, &b.values, i);
            assert!(told < 1e-10 && computed < 1e-10, "{ordering:?}: {told:e} in the graph, {computed:e} here");
        }
        solutions.push(x.values);
    }
    assert_ne!(bits(&solutions[0]), bits(&solutions[1]), "the attributes reach the kernel");
}

#[test]
fn one_trace_serves_other_matrices_and_right_hand_sides() {
    ready();
    let mut matrix = Matrix::wind(SIDE);
    let case = residuals(&matrix, Ordering::Banded, &right_hand_sides(ROWS, 0));
    let mut executable = plugin::compile(&case, "compiled").unwrap();
    for seed in 0..3 {
        matrix.values.iter_mut().for_each(|value| *value *= 1.5);
        let b = right_hand_sides(ROWS, seed);
        let case = residuals(&matrix, Ordering::Banded, &b);
        let inputs = plugin::input_bytes(&case, &executable);
        let outputs = executable.run_to_vec(&inputs.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        let x = Tensor::from_bytes(DType::F64, &[ROWS, WIDTH], &outputs[0]);
        let mut want = vec![0.0; ROWS * WIDTH];
        solve(&matrix.view(), Ordering::Banded, &b.values, WIDTH, &mut want).unwrap();
        assert_eq!(bits(&x.values), bits(&want), "seed {seed}");
    }
    let counters = executable.counters().unwrap();
    assert_eq!((counters.runs, counters.traces, counters.evaluations), (3, 1, 3));
}

#[test]
fn a_singular_matrix_fails_that_run_only() {
    ready();
    let regular = Matrix::wind(3);
    let mut singular = regular.clone();
    singular.values.fill(0.0);
    let b = right_hand_sides(9, 2);
    let case = |matrix: &Matrix| {
        let mut case = Case::new();
        let a = input(&mut case, matrix);
        let b = case.input(&b);
        let x = add_solve(&mut case, a, Ordering::Natural, b);
        case.outputs(&[x])
    };
    let mut want = vec![0.0; b.values.len()];
    solve(&regular.view(), Ordering::Natural, &b.values, WIDTH, &mut want).unwrap();
    for mode in MODES {
        let mut executable = plugin::compile(&case(&regular), mode).unwrap();
        for round in 0..2 {
            let [wrong, right] = [&singular, &regular].map(|matrix| plugin::input_bytes(&case(matrix), &executable));
            let error = executable.run_to_vec(&wrong.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{mode}: {error}");
            let told = "kernel `sparse.lu_solve`: the matrix is singular: no pivot for column 0";
            assert!(error.message().contains(told), "{mode}: {error}");
            let outputs = executable.run_to_vec(&right.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
            let x = Tensor::from_bytes(DType::F64, &b.dims, &outputs[0]);
            assert_eq!(bits(&x.values), bits(&want), "{mode}, round {round}");
        }
    }
}
