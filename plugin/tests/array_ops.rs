//! The table through host-api's safe methods, against closed forms.

#![allow(clippy::unwrap_used)] // a test that panics has failed

use rlx_host_api::abi::{RlxArrayOp, RlxArrayOps, RlxStr};
use rlx_host_api::kernel::{Array, ArrayOps, Quant, Reduce, Unary, Update};
use rlx_host_api::{DType, Error, ErrorKind};
use rlx_mlx::array_ops as table;
use rlx_mlx_shim as ffi;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by every test that makes arrays: one counts the handles of the process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ops() -> ArrayOps<'static> {
    rlx_mlx::prepare().unwrap();
    // SAFETY: the plugin's own table.
    unsafe { ArrayOps::from_raw(table()) }.unwrap()
}

fn array<'a>(ops: ArrayOps<'a>, dims: &[i32], values: &[f32]) -> Array<'a> {
    let mut out = std::ptr::null_mut();
    let (dtype, data) = (ffi::RLX_MLX_DTYPE_F32, values.as_ptr());
    // SAFETY: pointers and lengths of live slices; the handle is fresh, and of the same plugin.
    unsafe {
        let code = ffi::rlx_mlx_array_from_data(dims.as_ptr(), dims.len(), data, values.len(), dtype, &mut out);
        assert_eq!(code, ffi::RLX_MLX_OK);
        Array::from_raw(out.cast(), ops).unwrap()
    }
}

/// Extents and elements, as f32.
fn read(array: Array<'_>) -> (Vec<i32>, Vec<f32>) {
    let dims = array.dims().unwrap();
    let mut values = vec![0.0; dims.iter().product::<i32>() as usize];
    let handle = array.into_raw();
    // SAFETY: given away by its owner, so freed here; the buffer has room for the elements.
    unsafe {
        assert_eq!(ffi::rlx_mlx_array_to_f32(handle.cast(), values.as_mut_ptr(), values.len()), ffi::RLX_MLX_OK);
        ffi::rlx_mlx_array_free(handle.cast());
    }
    (dims, values)
}

#[track_caller]
fn assert_is(result: Result<Array<'_>, Error>, dims: &[i32], values: &[f32]) {
    assert_eq!(read(result.unwrap()), (dims.to_vec(), values.to_vec()));
}

/// One operation for each letter of a signature, and each way to give results.
#[test]
fn operations_of_every_signature_compute() {
    let _alone = alone();
    let ops = ops();
    let a = array(ops, &[2, 3], &[1., 2., 3., 4., 5., 6.]);
    let b = array(ops, &[3], &[10., 20., 30.]);
    assert_eq!((a.dims().unwrap(), a.dtype().unwrap()), (vec![2, 3], DType::F32));
    // a, i, b, e, v
    assert_is(ops.add(&a, &b), &[2, 3], &[11., 22., 33., 14., 25., 36.]);
    assert_is(ops.unary(&b, Unary::Neg), &[3], &[-10., -20., -30.]);
    assert_is(ops.reduce(&a, Reduce::Sum, &[1], false), &[2], &[6., 15.]);
    assert_is(ops.reduce(&a, Reduce::Max, &[0, 1], true), &[1, 1], &[6.]);
    assert_is(ops.reshape(&a, &[3, -1]), &[3, 2], &[1., 2., 3., 4., 5., 6.]);
    assert_is(ops.transpose(&a, &[1, 0]), &[3, 2], &[1., 4., 2., 5., 3., 6.]);
    assert_is(ops.cumsum(&b, 0, true), &[3], &[0., 10., 30.]);
    // o
    assert_is(ops.clip(&a, None, Some(&array(ops, &[], &[3.]))), &[2, 3], &[1., 2., 3., 3., 3., 3.]);
    assert_is(ops.clip(&a, Some(&array(ops, &[], &[3.])), None), &[2, 3], &[3., 3., 3., 4., 5., 6.]);
    // l, s
    assert_is(ops.concat(&[&b, &b], 0), &[6], &[10., 20., 30., 10., 20., 30.]);
    assert_is(ops.einsum("ij,j->i", &[&a, &b]), &[2], &[140., 320.]);
    // t, d, f, u
    assert_is(ops.arange(0.0, 2.0, 0.5, DType::F32), &[4], &[0., 0.5, 1., 1.5]);
    assert_is(ops.pad(&b, &[1], &[0], 7.0), &[4], &[7., 10., 20., 30.]);
    assert_eq!(ops.random_key(1 << 40).unwrap().dims().unwrap(), [2]);
    let halves = ops.cast(&ops.div(&b, &array(ops, &[], &[4.])).unwrap(), DType::I32).unwrap();
    assert_eq!(halves.dtype().unwrap(), DType::I32);
    assert_is(Ok(halves), &[3], &[2., 5., 7.]);
    // w, x
    assert_is(ops.as_strided(&a, &[2, 2], &[-2, 1], 3), &[2, 2], &[4., 5., 2., 3.]);
    let update = array(ops, &[], &[0.]);
    let set = Update::Set;
    assert_is(ops.slice_update(&b, &update, &[0], &[3], Some(&[2]), set), &[3], &[0., 20., 0.]);
    assert_is(ops.slice_update(&b, &update, &[0], &[2], None, set), &[3], &[0., 0., 30.]);
    // Ternary, and results that feed on.
    let cond = ops.gt(&a, &array(ops, &[], &[3.])).unwrap();
    assert_eq!(cond.dtype().unwrap(), DType::Bool);
    assert_is(ops.where_(&cond, &a, &b), &[2, 3], &[10., 20., 30., 4., 5., 6.]);
}

#[test]
fn several_results_come_in_order() {
    let _alone = alone();
    let ops = ops();
    let a = array(ops, &[1, 4], &[5., 1., 7., 3.]);
    let (values, indices) = ops.topk(&a, 2, 1).unwrap();
    assert_is(Ok(values), &[1, 2], &[7., 5.]);
    assert_is(Ok(indices), &[1, 2], &[2., 0.]);

    let parts = ops.split_at(&a, &[1], 1, 2).unwrap();
    let parts: Vec<_> = parts.into_iter().map(read).collect();
    assert_eq!(parts, [(vec![1, 1], vec![5.]), (vec![1, 3], vec![1., 7., 3.])]);

    // An affine mode has biases, the others have none.
    let w = ops.ones(&[1, 64], DType::F32).unwrap();
    let biases = |mode, size, bits| ops.quantize(&w, size, bits, mode, None).unwrap().2.is_some();
    assert!(biases(Quant::Affine, 64, 4));
    assert!(!biases(Quant::Mxfp4, 32, 4));
}

/// Every failure names its operation, and what was passed can be used afterwards.
#[test]
fn what_does_not_fit_is_an_error_of_the_operation() {
    let _alone = alone();
    let ops = ops();
    // SAFETY: takes nothing.
    let live = || unsafe { ffi::rlx_mlx_live_handles() };
    let (a, b) = (array(ops, &[2], &[1., 2.]), array(ops, &[3], &[1., 2., 3.]));
    let before = live();
    let errors = [
        ("add", ops.add(&a, &b)),
        ("matmul", ops.matmul(&a, &b)),
        ("reshape", ops.reshape(&a, &[5])),
        ("cast", ops.cast(&a, DType::C128)),
        ("clip", ops.clip(&a, None, None)),
        ("slice", ops.slice(&a, &[0, 0], &[1])),
        ("einsum", ops.einsum("i,\0", &[&a, &a])),
        ("concat", ops.concat(&[], 0)),
        ("gather", ops.gather(&a, &[], &[0], &[1])),
    ];
    for (op, result) in errors {
        let error = result.unwrap_err();
        assert!(error.message().starts_with(&format!("array operation `{op}`: ")), "{error}");
        assert!(matches!(error.kind(), ErrorKind::InvalidArgument | ErrorKind::Unsupported), "{op}: {error:?}");
    }
    assert_eq!(ops.split(&a, 0, 0).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(live(), before, "a failed operation leaves a handle");
    assert_is(ops.add(&a, &a), &[2], &[2., 4.]);
    drop(ops.split(&a, 0, 2).unwrap());
    assert_eq!(live(), before, "an array is not freed");
}

/// What a host that knows another vocabulary meets.
#[test]
fn an_operation_that_is_not_there_is_unsupported() {
    let _alone = alone();
    let of = |entries: &[RlxArrayOp]| {
        let table = RlxArrayOps { ops: entries.as_ptr(), op_count: entries.len() as u64, ..*table() };
        // SAFETY: the entries of the plugin's table, or such as are never called; both live for the call.
        let ops = unsafe { ArrayOps::from_raw(&raw const table) }.unwrap();
        let a = array(ops, &[], &[1.0]);
        ops.add(&a, &a).map(drop)
    };
    // SAFETY: the plugin's own table.
    let all = unsafe { std::slice::from_raw_parts(table().ops, table().op_count as usize) };
    // SAFETY: the texts are static.
    let at = all.iter().position(|op| unsafe { op.name.as_str() } == Ok("add")).unwrap();
    of(all).unwrap();

    let without = of(&[&all[..at], &all[at + 1..]].concat()).unwrap_err();
    assert_eq!(
        (without.kind(), without.message()),
        (ErrorKind::Unsupported, "the plugin has no array operation `add`")
    );

    let mut changed = all.to_vec();
    changed[at].signature = RlxStr::new("1aaf");
    let changed = of(&changed).unwrap_err();
    assert_eq!(changed.kind(), ErrorKind::Unsupported);
    assert!(changed.message().contains("`add` of signature `1aa`, its own is `1aaf`"), "{changed}");

    let mut empty = all.to_vec();
    empty[at].function = std::ptr::null();
    assert_eq!(of(&empty).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_table_is_checked_before_it_is_used() {
    let refused = |change: fn(&mut RlxArrayOps)| {
        let mut table = *table();
        change(&mut table);
        // SAFETY: a table of the size that it states, or less.
        let error = unsafe { ArrayOps::from_raw(&raw const table) }.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    };
    refused(|table| table.struct_size -= 8);
    refused(|table| table.free = None);
    refused(|table| table.describe = None);
    refused(|table| table.ops = std::ptr::null());
    // SAFETY: NULL is allowed.
    assert!(unsafe { ArrayOps::from_raw(std::ptr::null()) }.is_err());
}

#[test]
fn the_table_is_sorted_and_nothing_in_it_is_twice() {
    let names: Vec<&str> = ops().names().collect();
    assert_eq!(names.len() as u64, table().op_count);
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
}

/// Arrays of one table are nothing to another: its plugin would take them for its own.
#[test]
fn an_array_of_another_plugin_is_refused() {
    let _alone = alone();
    let other = *table();
    // SAFETY: a copy of the plugin's own table, which outlives its use.
    let other = unsafe { ArrayOps::from_raw(&raw const other) }.unwrap();
    let (a, ours) = (array(ops(), &[1], &[1.]), ops());
    assert!(ours.add(&a, &a).is_ok());
    assert!(other.add(&a, &a).unwrap_err().message().contains("another plugin"));
    // What an operation made holds on to its operands.
    let kept = ours.copy(&a).unwrap();
    drop(a);
    assert_is(Ok(kept), &[1], &[1.]);
}
