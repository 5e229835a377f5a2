//! The functions behind the kernels, without a plugin: on small systems they agree with Gaussian elimination on all
//! entries.

use rlx_mlx_tests::sparse::kernels::solve;
use rlx_mlx_tests::sparse::{Csr, Lu, Matrix, Ordering};
use rlx_mlx_tests::tensor::Tensor;

const WIDTH: usize = 3;

/// A matrix of random entries, a fifth of all, without a dominant diagonal.
fn random(rows: usize, seed: u64) -> Matrix {
    let value = Tensor::random(&[rows, rows], seed);
    let chosen = Tensor::random(&[rows, rows], seed + 1000);
    Matrix::of((0..rows).map(|row| {
        // One entry that cannot be missing in each row and column keeps it regular.
        let kept = (row * 11 + 3) % rows;
        let columns = (0..rows).filter(|&column| column == kept || chosen.at(&[row, column]) < -1.2);
        columns.map(|column| (column, value.at(&[row, column]) + if column == kept { 3.0 } else { 0.0 })).collect()
    }))
}

fn dense(matrix: &Csr<'_>) -> Vec<Vec<f64>> {
    let mut all = vec![vec![0.0; matrix.rows()]; matrix.rows()];
    for (row, all) in all.iter_mut().enumerate() {
        matrix.row(row).for_each(|(column, value)| all[column] += value);
    }
    all
}

/// Gauss-Jordan with partial pivoting; each row of `a` is followed by its right-hand sides.
fn eliminate(mut a: Vec<Vec<f64>>) -> Vec<f64> {
    let rows = a.len();
    for step in 0..rows {
        let pivot = (step..rows).max_by(|&i, &j| a[i][step].abs().total_cmp(&a[j][step].abs())).unwrap();
        a.swap(step, pivot);
        let own = a[step].clone();
        for (_, row) in a.iter_mut().enumerate().filter(|(i, _)| *i != step) {
            let factor = row[step] / own[step];
            row.iter_mut().zip(&own).for_each(|(value, own)| *value -= factor * own);
        }
    }
    (0..rows).flat_map(|i| a[i][rows..].iter().map(|value| value / a[i][i]).collect::<Vec<_>>()).collect()
}

#[test]
fn solutions_agree_with_dense_elimination() {
    for (rows, seed) in [(1, 1), (2, 2), (7, 3), (40, 4), (41, 5), (100, 6)] {
        let matrix = random(rows, seed);
        let b = Tensor::random(&[rows, WIDTH], seed).values;
        let mut system = dense(&matrix.view());
        system.iter_mut().zip(b.chunks(WIDTH)).for_each(|(row, b)| row.extend(b));
        let want = eliminate(system);
        for ordering in [Ordering::Natural, Ordering::Banded] {
            let mut x = vec![f64::NAN; b.len()];
            solve(&matrix.view(), ordering, &b, WIDTH, &mut x).unwrap();
            for (x, want) in x.iter().zip(&want) {
                assert!((x - want).abs() <= 1e-9 * (1.0 + want.abs()), "{rows} rows, {ordering:?}: {x}, not {want}");
            }
        }
    }
}

#[test]
fn the_product_agrees_with_the_dense_one() {
    let matrix = random(30, 9);
    let x = Tensor::random(&[30, WIDTH], 9).values;
    let mut y = vec![f64::NAN; x.len()];
    matrix.view().multiply(&x, WIDTH, &mut y).unwrap();
    let dense = dense(&matrix.view());
    for (row, y) in y.chunks(WIDTH).enumerate() {
        for (i, y) in y.iter().enumerate() {
            let want: f64 = (0..30).map(|column| dense[row][column] * x[column * WIDTH + i]).sum();
            assert!((y - want).abs() < 1e-12, "row {row}: {y}, not {want}");
        }
    }
}

#[test]
fn a_banded_order_saves_entries() {
    // A chain whose links are numbered far from each other.
    let rows = 200;
    let number = |link: usize| link * 77 % rows;
    let mut entries = vec![Vec::new(); rows];
    for link in 0..rows {
        entries[number(link)].push((number(link), 4.0));
        entries[number(link)].extend((link > 0).then(|| (number(link - 1), -1.5)));
        entries[number(link)].extend((link + 1 < rows).then(|| (number(link + 1), -1.0)));
    }
    let matrix = Matrix::of(entries);
    let entries = [Ordering::Natural, Ordering::Banded]
        .map(|ordering| Lu::factor(&matrix.view(), &ordering.of(&matrix.view())).unwrap().entries());
    assert_eq!(entries[1], 3 * rows - 2, "a chain in order fills nothing in");
    assert!(entries[0] > entries[1], "{entries:?}");
}

#[test]
fn what_is_no_regular_matrix_is_refused() {
    for (starts, columns, values, why) in [
        (vec![0, 1], vec![1], vec![1.0], "column 1 of a matrix of 1 columns"),
        (vec![0, 1], vec![-1], vec![1.0], "column -1 of a matrix of 1 columns"),
        (vec![0, 2], vec![0], vec![1.0], "the starts of 1 rows do not fit 1 entries"),
        (vec![0, 2, 1], vec![0], vec![1.0], "the starts of 2 rows do not fit 1 entries"),
        (vec![], vec![], vec![], "the starts of 0 rows do not fit 0 entries"),
        (vec![0, 2, 4], vec![0, 1, 0, 1], vec![1.0; 4], "the matrix is singular: no pivot for column 1"),
        (vec![0, 1, 1], vec![1], vec![1.0], "the matrix is singular: no pivot for column 0"),
    ] {
        let solved = Csr::new(&starts, &columns, &values).and_then(|matrix| {
            let size = matrix.rows();
            solve(&matrix, Ordering::Natural, &vec![1.0; size], 1, &mut vec![0.0; size])
        });
        assert_eq!(solved.unwrap_err().message(), why);
    }
}
