//! Kernels of the host's own for `Op::Custom`: values, counters, the registry, failures, threads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod calls;
mod counters;
mod failures;
mod log_capture;
mod mixed;
mod nested;
mod reentry;
mod registry;
mod results;
mod sample;
mod schedule;
mod slow;
mod threads;
mod values;

use rlx_host_api::{Error, ErrorKind};
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::tensor::Tensor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// An `Op::Custom` without attributes.
fn op(name: &str, num_inputs: usize) -> Op {
    op_with(name, num_inputs, &[])
}

fn op_with(name: &str, num_inputs: usize, attrs: &[u8]) -> Op {
    Op::Custom { name: name.to_owned(), num_inputs: num_inputs as u32, attrs: attrs.to_vec() }
}

/// A node of custom op `name` over f32.
fn custom(case: &mut Case, name: &str, inputs: &[NodeId], dims: &[usize]) -> NodeId {
    case.add(op(name, inputs.len()), inputs, dims, DType::F32)
}

/// Where a kernel stands, which decides who calls a host kernel in compiled mode: at the ends the run, else the evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    First,
    Between,
    Last,
}

impl Place {
    const ALL: [Self; 4] = [Self::Alone, Self::First, Self::Between, Self::Last];

    /// `node` of `x`, before and behind ordinary ops that change no value.
    fn put(self, case: &mut Case, x: NodeId, node: impl FnOnce(&mut Case, NodeId) -> NodeId) -> NodeId {
        let x = if matches!(self, Self::Between | Self::Last) { same(case, x) } else { x };
        let y = node(case, x);
        if matches!(self, Self::First | Self::Between) { same(case, y) } else { y }
    }
}

/// A value again, computed by MLX: its rows, gathered in their order.
fn same(case: &mut Case, x: NodeId) -> NodeId {
    let shape = case.graph.node(x).shape.clone();
    let extents: Vec<usize> = shape.dims().iter().map(|dim| dim.unwrap_static()).collect();
    let order: Vec<f64> = (0..extents[0]).map(|row| row as f64).collect();
    let data = Tensor::of(DType::I64, &[extents[0]], order).bytes();
    let order = case.add(Op::Constant { data }, &[], &[extents[0]], DType::I64);
    case.add(Op::Gather { axis: 0 }, &[x, order], &extents, shape.dtype())
}

/// How often something happened.
#[derive(Debug, Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

#[track_caller]
fn assert_says<T>(what: &str, result: Result<T, Error>, kind: ErrorKind, parts: &[&str]) {
    let Err(error) = result else { panic!("{what}: accepted, expected {kind:?} {parts:?}") };
    assert_eq!(error.kind(), kind, "{what}: {error}");
    for part in parts {
        assert!(error.message().contains(part), "{what}: `{part}` is not in `{error}`");
    }
    assert!(!error.message().contains('\n'), "{what}: {error}");
}
