//! All collectives on elements of several dtypes, against a serial computation.

use half::{bf16, f16};
use rlx_host_api::DType;
use rlx_host_api::collectives::{Group, Reduction};

/// Numbers of elements.
const SIZES: [usize; 3] = [0, 1, 1_000_003];

const DTYPES: [DType; 6] = [DType::F32, DType::F16, DType::BF16, DType::I32, DType::I64, DType::U8];

/// After so many elements values come again.
const PERIOD: usize = 23;

/// Element `i` of a rank: small, so that sums are exact in every dtype.
fn element(rank: usize, i: usize) -> i64 {
    ((i * 7 + rank * 13) % PERIOD) as i64
}

fn encode(dtype: DType, value: i64) -> Vec<u8> {
    match dtype {
        DType::F32 => (value as f32).to_le_bytes().to_vec(),
        DType::F16 => f16::from_f64(value as f64).to_le_bytes().to_vec(),
        DType::BF16 => bf16::from_f64(value as f64).to_le_bytes().to_vec(),
        DType::I32 => (value as i32).to_le_bytes().to_vec(),
        DType::I64 => value.to_le_bytes().to_vec(),
        DType::U8 => vec![value as u8],
        other => panic!("no values of {other}"),
    }
}

/// `count` elements from `first` on of what repeats after [`PERIOD`].
fn list(dtype: DType, first: usize, count: usize, at: impl Fn(usize) -> i64) -> Vec<u8> {
    let period: Vec<u8> = (0..PERIOD).flat_map(|i| encode(dtype, at(first + i))).collect();
    let mut all = period.repeat(count.div_ceil(PERIOD));
    all.truncate(count * dtype.size());
    all
}

fn reduced(reduction: Reduction, ranks: usize, i: usize) -> i64 {
    let all = (0..ranks).map(|rank| element(rank, i));
    match reduction {
        Reduction::Sum => all.sum(),
        Reduction::Max => all.max().unwrap_or_default(),
        Reduction::Min => all.min().unwrap_or_default(),
        other => panic!("no such reduction here: {other}"),
    }
}

pub(super) fn all(group: &Group) {
    let (rank, ranks) = (group.rank(), group.size());
    for dtype in DTYPES {
        for size in SIZES {
            let own = list(dtype, 0, size, |i| element(rank, i));
            for reduction in [Reduction::Sum, Reduction::Max, Reduction::Min] {
                let what = format!("{reduction} of {size} {dtype} on rank {rank} of {ranks}");
                let mut data = own.clone();
                group.all_reduce_bytes(reduction, dtype, &mut data).unwrap_or_else(|e| panic!("{what}: {e}"));
                assert!(data == list(dtype, 0, size, |i| reduced(reduction, ranks, i)), "all_reduce, {what}");

                let part = size.div_ceil(ranks);
                let whole = list(dtype, 0, part * ranks, |i| element(rank, i));
                let mut own = vec![0xAA; part * dtype.size()];
                let done = group.reduce_scatter_bytes(reduction, dtype, &whole, &mut own);
                done.unwrap_or_else(|e| panic!("{what}: {e}"));
                let wanted = list(dtype, part * rank, part, |i| reduced(reduction, ranks, i));
                assert!(own == wanted, "reduce_scatter, {what}");
            }
            let mut whole = vec![0xAA; own.len() * ranks];
            group.all_gather_bytes(dtype, &own, &mut whole).unwrap();
            let wanted: Vec<u8> = (0..ranks).flat_map(|from| list(dtype, 0, size, |i| element(from, i))).collect();
            assert!(whole == wanted, "all_gather of {size} {dtype} on rank {rank} of {ranks}");
        }
    }
    group.barrier().unwrap();
    fractions(group);
}

/// Sums that are rounded: near what f64 gives, and the same bits on every rank.
fn fractions(group: &Group) {
    let value = |rank: usize, i: usize| 1.0 / ((i % 1000 + 1) * (rank + 1)) as f64;
    let mut data: Vec<f32> = (0..10_007).map(|i| value(group.rank(), i) as f32).collect();
    group.all_reduce(Reduction::Sum, &mut data).unwrap();
    for (i, &found) in data.iter().enumerate() {
        let wanted: f64 = (0..group.size()).map(|rank| f64::from(value(rank, i) as f32)).sum();
        assert!((f64::from(found) - wanted).abs() <= wanted * 4e-7, "element {i}: {found} and not {wanted}");
    }
    let all = group.all_gather(&data).unwrap();
    assert!(all.chunks(data.len()).all(|of_rank| of_rank == data), "ranks have got other sums");
}
