//! Faults of runs: of what is kept between them, of where values go, and those that no error can tell of.

use rlx_host_api::TensorInfo;
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Graph, Op};
use std::{mem, process, thread};

/// What a run does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It gives the values of the run before it.
    Stale,
    /// It is right the first time only.
    FirstOnly,
    /// Matrices come out column by column.
    ColumnMajor,
    /// It aborts.
    Aborts,
    /// It ends the process as if all were well.
    Exits,
    /// It never comes back.
    Hangs,
    /// It prints, which is none of the kit's business.
    Prints,
}

/// All of them, by name.
pub(crate) const ALL: [(&str, Fault); 7] = [
    ("values-of-the-run-before", Fault::Stale),
    ("right-the-first-time-only", Fault::FirstOnly),
    ("outputs-column-by-column", Fault::ColumnMajor),
    ("aborts", Fault::Aborts),
    ("exits", Fault::Exits),
    ("hangs", Fault::Hangs),
    ("prints", Fault::Prints),
];

/// What an executable keeps from run to run.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    runs: u64,
    before: Vec<Vec<u8>>,
}

impl Fault {
    /// Whether it is in this program. Those that end a process or print are in few, sums of two scalars, and the one that
    /// takes time in those of f64.
    pub(crate) fn strikes(self, graph: &Graph) -> bool {
        let is_sum = |op: &Op| matches!(op, Op::Binary(BinaryOp::Add));
        match self {
            Self::Stale | Self::FirstOnly | Self::ColumnMajor => true,
            _ => graph.nodes().iter().any(|node| {
                let shape = &node.shape;
                is_sum(&node.op) && shape.rank() == 0 && (self != Self::Hangs || shape.dtype() == DType::F64)
            }),
        }
    }

    /// Spoils the values of a run.
    pub(crate) fn spoil(self, memory: &mut Memory, outputs: &[TensorInfo], values: &mut Vec<Vec<u8>>) {
        memory.runs += 1;
        match self {
            Self::Stale if memory.runs == 1 => memory.before.clone_from(values),
            Self::Stale => mem::swap(&mut memory.before, values),
            Self::FirstOnly if memory.runs == 1 => {}
            Self::FirstOnly => values.iter_mut().for_each(|bytes| bytes.fill(0)),
            Self::ColumnMajor => {
                for (info, bytes) in outputs.iter().zip(values) {
                    if let [rows, columns] = info.dims[..] {
                        *bytes = column_by_column(bytes, rows as usize, columns as usize, info.dtype.size());
                    }
                }
            }
            Self::Aborts => process::abort(),
            Self::Exits => process::exit(0),
            Self::Hangs => loop {
                thread::park();
            },
            Self::Prints => print!("adding\n\u{1}rlx-run-chec... "),
        }
    }
}

fn column_by_column(bytes: &[u8], rows: usize, columns: usize, size: usize) -> Vec<u8> {
    let places = (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
    places.flat_map(|at| bytes[at * size..(at + 1) * size].to_vec()).collect()
}
