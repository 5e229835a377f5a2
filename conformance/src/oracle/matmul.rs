//! Products of matrices.

use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, Values, broadcast_offset, indices, offset};
use crate::tolerance::DOT;

/// `[.., M, K] x [.., K, N]`, leading axes broadcast.
pub fn matmul(a: &Tensor, b: &Tensor, dims: &[usize]) -> Expected {
    let k = a.dims[a.dims.len() - 1];
    let (x, y) = (a.reals(), b.reals());
    let rank = dims.len();
    sums_of_products(a, dims, k, |index, at| {
        let (mut left, mut right) = (index.to_vec(), index.to_vec());
        left[rank - 1] = at;
        right[rank - 2] = at;
        (x[broadcast_offset(&a.dims, &left)], y[broadcast_offset(&b.dims, &right)])
    })
}

/// A sum of `k` products for each element.
pub(super) fn sums_of_products(
    like: &Tensor,
    dims: &[usize],
    k: usize,
    pair: impl Fn(&[usize], usize) -> (f64, f64),
) -> Expected {
    let sums = each(dims, |index| {
        (0..k).fold((0.0, 0.0), |(sum, size), at| {
            let (x, y) = pair(&index, at);
            (sum + x * y, size + (x * y).abs())
        })
    });
    let (values, scale) = sums.into_iter().unzip();
    Expected::real(like.dtype, dims, values, DOT).scaled(scale).of_terms(k)
}

/// Batch axes, then the free ones of the left, then those of the right.
pub fn dot_general(
    a: &Tensor,
    b: &Tensor,
    contracting: (&[usize], &[usize]),
    batch: (&[usize], &[usize]),
    dims: &[usize],
) -> Expected {
    let free = |x: &Tensor, taken: &[usize], batch: &[usize]| -> Vec<usize> {
        (0..x.dims.len()).filter(|axis| !taken.contains(axis) && !batch.contains(axis)).collect()
    };
    let (left_free, right_free) = (free(a, contracting.0, batch.0), free(b, contracting.1, batch.1));
    let summed: Vec<usize> = contracting.0.iter().map(|&axis| a.dims[axis]).collect();
    let inner: Vec<Vec<usize>> = indices(&summed).collect();
    let (x, y) = (a.reals(), b.reals());
    let (batches, lefts) = (batch.0.len(), left_free.len());
    let place = |x: &Tensor, parts: [(&[usize], &[usize]); 3]| {
        let mut index = vec![0; x.dims.len()];
        for (axes, at) in parts {
            axes.iter().zip(at).for_each(|(&axis, &at)| index[axis] = at);
        }
        offset(&x.dims, &index)
    };
    sums_of_products(a, dims, inner.len(), |index, at| {
        let (of_batch, rest) = index.split_at(batches);
        let (of_left, of_right) = rest.split_at(lefts);
        let left = place(a, [(batch.0, of_batch), (&left_free, of_left), (contracting.0, &inner[at])]);
        let right = place(b, [(batch.1, of_batch), (&right_free, of_right), (contracting.1, &inner[at])]);
        (x[left], y[right])
    })
}

/// Row `i` of x `[m, k]` times matrix `at[i]` of `[experts, k, n]`.
pub fn grouped(operands: &[Tensor]) -> Expected {
    let [x, w] = [&operands[0], &operands[1]];
    let (xs, ws, at) = (x.reals(), w.reals(), operands[2].wholes());
    sums_of_products(x, &[x.dims[0], w.dims[2]], x.dims[1], |index, k| {
        let expert = at[index[0]] as usize;
        (xs[offset(&x.dims, &[index[0], k])], ws[offset(&w.dims, &[expert, k, index[1]])])
    })
}

/// `x w + scale x a b`.
pub fn lora(operands: &[Tensor], scale: f32) -> Expected {
    let [x, w, a, b] = [0, 1, 2, 3].map(|at| &operands[at]);
    let (m, k, n, r) = (x.dims[0], x.dims[1], w.dims[1], a.dims[1]);
    let (xs, narrow, wide) = (x.reals(), a.reals(), b.reals());
    let mut expected = matmul(x, w, &[m, n]);
    let each = each(&[m, n], |index| {
        let (row, column) = (index[0], index[1]);
        let terms = (0..k).flat_map(|i| (0..r).map(move |j| (i, j)));
        terms.fold((0.0, 0.0), |(sum, size), (i, j)| {
            let term = f64::from(scale) * xs[row * k + i] * narrow[i * r + j] * wide[j * n + column];
            (sum + term, size + term.abs())
        })
    });
    if let (Values::Real(values), Some(scale)) = (&mut expected.values, &mut expected.scale) {
        for (at, (sum, size)) in each.into_iter().enumerate() {
            values[at] += sum;
            scale[at] += size;
        }
    }
    expected.of_terms(k.max(r) * 2)
}
