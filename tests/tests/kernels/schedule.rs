//! Host kernels that compiled mode calls without MLX: those at the ends of a program, which read inputs alone or which nothing
//! but outputs read, and those in between where there are many of them.

use crate::{Place, assert_says, custom, same};
use proptest::prelude::*;
use proptest::sample::Index;
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{CompileOptions, ErrorKind, Executable, TensorView};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{compile_with, input_bytes, run_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

const SIZE: usize = 5;

/// What a node of a random program is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Op,
    Host,
    /// To another shape and back.
    Reshapes,
    /// The last three of one value and the first two of another, from behind.
    Joins,
    /// As a row of a matrix that was a column of many.
    Turns,
}

/// One node of a random program: it reads two values before it.
#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    operands: [Index; 2],
}

/// Programs of everything alike, and such of little but kernels.
fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let moves = prop_oneof![Just(Kind::Reshapes), Just(Kind::Joins), Just(Kind::Turns)];
    prop_oneof![Just(1u32), Just(6)].prop_flat_map(move |kernels| {
        let kind = prop_oneof![1 => Just(Kind::Op), kernels => Just(Kind::Host), 1 => moves.clone()];
        let node = (kind, any::<[Index; 2]>()).prop_map(|(kind, operands)| Node { kind, operands });
        prop::collection::vec(node, 1..14)
    })
}

/// `2 a + b`, exact for the whole numbers here: the largest is below 3¹³ times an input.
fn twice_and() -> Kernel {
    Kernel::host_fn("twice_and", |_, inputs: &[TensorView<'_>], outputs| {
        let (a, b) = (inputs[0].values::<f32>()?, inputs[1].values::<f32>()?);
        for (i, y) in outputs[0].values::<f32>()?.iter_mut().enumerate() {
            *y = 2.0 * a[i] + b[i];
        }
        Ok(())
    })
}

/// x as a column, and back.
fn reshaped(case: &mut Case, x: NodeId) -> NodeId {
    let mut to = |x: NodeId, dims: &[usize]| {
        case.add(Op::Reshape { new_shape: dims.iter().map(|&d| d as i64).collect() }, &[x], dims, DType::F32)
    };
    let column = to(x, &[SIZE, 1]);
    to(column, &[SIZE])
}

/// `[y2, y1, y0, x4, x3]`, read with a step of -1.
fn joined(case: &mut Case, x: NodeId, y: NodeId) -> NodeId {
    let both = case.add(Op::Concat { axis: 0 }, &[x, y], &[2 * SIZE], DType::F32);
    let turned = case.add(Op::Reverse { axes: vec![0] }, &[both], &[2 * SIZE], DType::F32);
    case.add(Op::Narrow { axis: 0, start: 2, len: SIZE }, &[turned], &[SIZE], DType::F32)
}

/// x, as the second row of a matrix of which each column is an element of x thrice.
fn turned(case: &mut Case, x: NodeId) -> NodeId {
    let mut add = |op: Op, x: NodeId, dims: &[usize]| case.add(op, &[x], dims, DType::F32);
    let column = add(Op::Reshape { new_shape: vec![SIZE as i64, 1] }, x, &[SIZE, 1]);
    let thrice = add(Op::Expand { target_shape: vec![SIZE as i64, 3] }, column, &[SIZE, 3]);
    let rows = add(Op::Transpose { perm: vec![1, 0] }, thrice, &[3, SIZE]);
    let second = add(Op::Narrow { axis: 0, start: 1, len: 1 }, rows, &[1, SIZE]);
    add(Op::Reshape { new_shape: vec![SIZE as i64] }, second, &[SIZE])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever reads what, and whatever is shown: inputs, a value twice, values that are read again.
    #[test]
    fn programs_of_kernels_and_ops_in_any_order_equal_their_definition(
        nodes in nodes(),
        shown in prop::collection::vec(any::<Index>(), 1..5),
    ) {
        let backend = with_kernels([twice_and()]);
        let mut case = Case::new();
        let (x, y) = (Tensor::f32(&[SIZE], [1.0, -2.0, 3.0, 0.0, 5.0]), Tensor::f32(&[SIZE], [-7.0, 1.0, 0.0, 2.0, 4.0]));
        let mut ids: Vec<NodeId> = vec![case.input(&x), case.input(&y)];
        let mut values = vec![x.values, y.values];
        for Node { kind, operands } in &nodes {
            let [a, b] = operands.map(|operand| operand.index(ids.len()));
            let (x, y) = (values[a].clone(), values[b].clone());
            let plus = |factor: f64| (0..SIZE).map(|i| factor * x[i] + y[i]).collect();
            let (id, value) = match kind {
                Kind::Op => {
                    let sum = case.add(Op::Binary(BinaryOp::Add), &[ids[a], ids[b]], &[SIZE], DType::F32);
                    (same(&mut case, sum), plus(1.0))
                }
                Kind::Host => (custom(&mut case, "twice_and", &[ids[a], ids[b]], &[SIZE]), plus(2.0)),
                Kind::Reshapes => (reshaped(&mut case, ids[a]), x),
                Kind::Joins => (joined(&mut case, ids[a], ids[b]), vec![y[2], y[1], y[0], x[4], x[3]]),
                Kind::Turns => (turned(&mut case, ids[a]), x),
            };
            values.push(value);
            ids.push(id);
        }
        let shown: Vec<usize> = shown.iter().map(|index| index.index(ids.len())).collect();
        let outputs: Vec<NodeId> = shown.iter().map(|&i| ids[i]).collect();
        let case = case.outputs(&outputs);
        let got = run_on(&backend, &case);
        for (got, &i) in got.iter().zip(&shown) {
            assert_same("a value", got, &values[i]);
        }
        // The same where results may be written right into the host's memory.
        let mut executable = compile_with(&backend, &case, &delivered_alone()).unwrap();
        let inputs = input_bytes(&case, &executable);
        let delivered = executable.run_to_vec(&inputs.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        for (delivered, got) in delivered.iter().zip(&got) {
            prop_assert_eq!(delivered, &got.bytes());
        }
    }
}

/// `x W + more`, one kernel, where W gives each column one element of a row, or the negative of one: exact for whole numbers.
fn product_and(case: &mut Case, weights: NodeId, x: NodeId, more: NodeId) -> NodeId {
    let product = case.add(Op::MatMul, &[x, weights], &[ROWS, SIZE], DType::F32);
    case.add(Op::Binary(BinaryOp::Add), &[product, more], &[ROWS, SIZE], DType::F32)
}

/// Rows of a matrix: enough for it to be worth packing what it is multiplied by.
const ROWS: usize = 40;

/// The row of x that each column of such a product shows, and its sign.
const SHOWN: [(usize, f64); SIZE] = [(3, 1.0), (0, -1.0), (4, 1.0), (1, 1.0), (2, -1.0)];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// A sum takes the memory of what is added to a product, if nothing else needs that: whatever is read again, and shown.
    #[test]
    fn sums_in_the_memory_of_an_operand_equal_their_definition(
        nodes in prop::collection::vec(any::<[Index; 2]>(), 1..14),
        shown in prop::collection::vec(any::<Index>(), 1..4),
    ) {
        let mut case = Case::new();
        let rows = Tensor::f32(&[ROWS, SIZE], (0..ROWS * SIZE).map(|i| (i * 7 % 11) as f64 - 5.0).collect::<Vec<_>>());
        let mut matrix = vec![0.0; SIZE * SIZE];
        for (column, (row, sign)) in SHOWN.into_iter().enumerate() {
            matrix[row * SIZE + column] = sign;
        }
        let data = Tensor::f32(&[SIZE, SIZE], matrix).bytes();
        let weights = case.add(Op::Constant { data }, &[], &[SIZE, SIZE], DType::F32);
        let mut ids: Vec<NodeId> = vec![case.input(&rows)];
        let mut values = vec![rows.values];
        for operands in &nodes {
            let [a, b] = operands.map(|operand| operand.index(ids.len()));
            ids.push(product_and(&mut case, weights, ids[a], ids[b]));
            let product = |i: usize| {
                let (row, sign) = SHOWN[i % SIZE];
                sign * values[a][i / SIZE * SIZE + row]
            };
            values.push((0..ROWS * SIZE).map(|i| product(i) + values[b][i]).collect());
        }
        let shown: Vec<usize> = shown.iter().map(|index| index.index(ids.len())).collect();
        let outputs: Vec<NodeId> = shown.iter().map(|&i| ids[i]).collect();
        for (got, &i) in run_on(&with_kernels([]), &case.outputs(&outputs)).iter().zip(&shown) {
            assert_same("a value", got, &values[i]);
        }
    }
}

/// Options under which an output that is delivered does not stay with the plugin.
fn delivered_alone() -> CompileOptions {
    CompileOptions::new().set("mode", "compiled").set("keep_outputs", false)
}

/// A call of a kernel: on which thread, its last operand, and where its result goes.
#[derive(Debug)]
struct Call {
    thread: ThreadId,
    address: usize,
    bytes: Vec<u8>,
    result: usize,
}

/// The last call that nobody has looked at.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Option<Call>>>);

impl Seen {
    /// Copies its first operand.
    fn kernel(&self) -> Kernel {
        let seen = self.clone();
        Kernel::host_fn("look", move |_, inputs: &[TensorView<'_>], outputs| {
            let data = inputs[inputs.len() - 1].data;
            let (address, result) = (data.as_ptr() as usize, outputs[0].data.as_ptr() as usize);
            let call = Call { thread: thread::current().id(), address, bytes: data.to_vec(), result };
            *seen.0.lock().unwrap() = Some(call);
            outputs[0].data.copy_from_slice(inputs[0].data);
            Ok(())
        })
    }

    fn take(&self) -> Call {
        self.0.lock().unwrap().take().expect("the kernel was called")
    }
}

/// A node of that kernel.
fn look(case: &mut Case, inputs: &[NodeId]) -> NodeId {
    let dtype = case.graph.node(inputs[0]).shape.dtype();
    case.add(crate::op("look", inputs.len()), inputs, &[SIZE], dtype)
}

/// A program of one input, in compiled mode.
fn compiled(dtype: DType, build: impl FnOnce(&mut Case, NodeId) -> Vec<NodeId>) -> (Seen, Executable) {
    compiled_with(&CompileOptions::new().set("mode", "compiled"), dtype, build)
}

fn compiled_with(
    options: &CompileOptions,
    dtype: DType,
    build: impl FnOnce(&mut Case, NodeId) -> Vec<NodeId>,
) -> (Seen, Executable) {
    let seen = Seen::default();
    let backend = with_kernels([seen.kernel()]);
    let mut case = Case::new();
    let x = case.input(&Tensor::of(dtype, &[SIZE], [0.0; SIZE]));
    let outputs = build(&mut case, x);
    let executable = compile_with(&backend, &case.outputs(&outputs), options).unwrap();
    (seen, executable)
}

#[test]
fn a_kernel_at_an_end_is_called_by_who_runs_and_one_in_between_by_the_engine() {
    let values = [1.0, 2.0, 3.0, 4.0, 5.0].map(f32::to_le_bytes).concat();
    for place in Place::ALL {
        let (seen, mut executable) =
            compiled(DType::F32, |case, x| vec![place.put(case, x, |case, x| look(case, &[x]))]);
        let here = thread::current().id();
        for _ in 0..3 {
            assert_eq!(executable.run_to_vec(&[&values]).unwrap(), [&values[..]], "{place:?}");
            assert_eq!(seen.take().thread == here, place != Place::Between, "{place:?}");
        }
        // A run that nobody waits for is the engine's business throughout.
        executable.submit(&[&values]).unwrap();
        executable.wait().unwrap();
        assert_ne!(seen.take().thread, here, "{place:?}");
    }
}

#[test]
fn many_kernels_between_ops_are_called_by_who_runs() {
    let values = [1.0, 2.0, 3.0, 4.0, 5.0].map(f32::to_le_bytes).concat();
    for (count, by_who_runs) in [(3, false), (4, true), (9, true)] {
        let (seen, mut executable) = compiled(DType::F32, |case, x| {
            let mut y = same(case, x);
            for _ in 0..count {
                y = look(case, &[y]);
                y = reshaped(case, y);
            }
            vec![same(case, y), y]
        });
        for _ in 0..3 {
            assert_eq!(executable.run_to_vec(&[&values]).unwrap(), [&values[..], &values[..]], "{count}");
            assert_eq!(seen.take().thread == thread::current().id(), by_who_runs, "{count}");
        }
        // The output that is a reshape stays as it is, whatever later runs do.
        let mut kept = vec![0; values.len()];
        executable.read_output(1, 0, &mut kept).unwrap();
        assert_eq!(kept, values, "{count}");
    }
}

/// Bytes that begin `skew` bytes behind a multiple of 64.
struct Skewed {
    memory: Vec<u8>,
    start: usize,
}

impl Skewed {
    fn new(data: &[u8], skew: usize) -> Self {
        let mut memory = vec![0; data.len() + 128];
        let start = memory.as_ptr().align_offset(64) + skew;
        memory[start..start + data.len()].copy_from_slice(data);
        Self { memory, start }
    }

    fn data(&self, len: usize) -> &[u8] {
        &self.memory[self.start..self.start + len]
    }

    fn data_mut(&mut self, len: usize) -> &mut [u8] {
        &mut self.memory[self.start..self.start + len]
    }
}

#[test]
fn what_host_kernels_alone_read_is_read_where_the_host_has_it() {
    type Build = fn(&mut Case, NodeId) -> Vec<NodeId>;
    let alone: Build = |case, x| vec![look(case, &[x])];
    let around_an_op: Build = |case, x| {
        let y = look(case, &[x]);
        let z = same(case, y);
        vec![look(case, &[z, x])]
    };
    let beside_an_op: Build = |case, x| vec![look(case, &[x]), same(case, x)];
    let between_ops: Build = |case, x| {
        let y = look(case, &[x]);
        let y = same(case, y);
        let y = look(case, &[y, x]);
        vec![same(case, y)]
    };
    let with_an_output: Build = |case, x| vec![look(case, &[x]), x];
    let table = [
        ("alone", DType::F32, 0, alone, true),
        ("one byte", DType::U8, 1, alone, true),
        ("not aligned", DType::F32, 2, alone, false),
        // Every byte but 0 is true, which the host's memory need not say.
        ("bool", DType::Bool, 0, alone, false),
        ("around an op", DType::F32, 0, around_an_op, true),
        ("beside an op", DType::F32, 0, beside_an_op, false),
        ("between ops", DType::F32, 0, between_ops, false),
        // It stays there until the next run, which the host's memory need not.
        ("an output", DType::F32, 0, with_an_output, false),
    ];
    for (what, dtype, skew, build, in_place) in table {
        let (seen, mut executable) = compiled(dtype, build);
        let given = Tensor::of(dtype, &[SIZE], [1.0, 0.0, 1.0, 1.0, 0.0]).bytes();
        let memory = Skewed::new(&given, skew);
        let data = memory.data(given.len());
        assert_eq!(executable.run_to_vec(&[data]).unwrap()[0], given, "{what}");
        let Call { address, bytes, .. } = seen.take();
        assert_eq!((address == data.as_ptr() as usize, bytes), (in_place, given.clone()), "{what}");
        // What is there after the run is not the host's memory.
        drop(memory);
        let mut kept = vec![0; given.len()];
        for output in 0..executable.outputs().len() {
            executable.read_output(output, 0, &mut kept).unwrap();
            assert_eq!(kept, given, "{what}, output {output}");
        }
    }
}

#[test]
fn what_is_for_the_host_alone_is_written_where_the_host_wants_it() {
    type Build = fn(&mut Case, NodeId) -> Vec<NodeId>;
    let alone: Build = |case, x| vec![look(case, &[x])];
    let last: Build = |case, x| {
        let y = same(case, x);
        vec![look(case, &[y])]
    };
    let before_an_op: Build = |case, x| {
        let y = look(case, &[x]);
        vec![y, same(case, y)]
    };
    let between_ops: Build = |case, x| {
        let y = same(case, x);
        let y = look(case, &[y]);
        vec![y, same(case, y)]
    };
    let twice: Build = |case, x| {
        let y = look(case, &[x]);
        vec![y, y]
    };
    let table = [
        ("alone", DType::F32, 0, alone, true),
        ("one byte", DType::U8, 1, alone, true),
        ("not aligned", DType::F32, 2, alone, false),
        ("bool", DType::Bool, 0, alone, false),
        ("last", DType::F32, 0, last, true),
        // What an op may hold on to is not the host's memory.
        ("before an op", DType::F32, 0, before_an_op, false),
        ("between ops", DType::F32, 0, between_ops, false),
        // Neither is what another output shows, which may stay.
        ("twice", DType::F32, 0, twice, false),
    ];
    for (what, dtype, skew, build, in_place) in table {
        let (seen, mut executable) = compiled_with(&delivered_alone(), dtype, build);
        let given = Tensor::of(dtype, &[SIZE], [1.0, 0.0, 1.0, 1.0, 0.0]).bytes();
        let len = given.len();
        let mut memory: Vec<Skewed> = executable.outputs().iter().map(|_| Skewed::new(&vec![7; len], skew)).collect();
        let wanted = memory[0].data(len).as_ptr() as usize;
        for _ in 0..2 {
            let mut places: Vec<Option<&mut [u8]>> = memory.iter_mut().map(|m| Some(m.data_mut(len))).collect();
            executable.run(&[&given], &mut places).unwrap();
            assert_eq!(seen.take().result == wanted, in_place, "{what}");
            assert!(memory.iter().all(|memory| memory.data(len) == given), "{what}");
            let gone = executable.read_output(0, 0, &mut [0; 4]);
            assert_says(what, gone, ErrorKind::FailedPrecondition, &["output 0", "`keep_outputs` is false"]);
        }
        // What is not delivered stays, wherever else it went.
        if memory.len() > 1 {
            let mut places: Vec<Option<&mut [u8]>> = memory.iter_mut().map(|m| Some(m.data_mut(len))).collect();
            places[1] = None;
            executable.run(&[&given], &mut places).unwrap();
            memory.iter_mut().for_each(|memory| memory.data_mut(len).fill(7));
            let mut kept = vec![0; len];
            executable.read_output(1, 0, &mut kept).unwrap();
            assert_eq!(kept, given, "{what}");
        }
        let mut places: Vec<Option<&mut [u8]>> = memory.iter().map(|_| None).collect();
        executable.run(&[&given], &mut places).unwrap();
        assert_ne!(seen.take().result, wanted, "{what}");
        let mut kept = vec![0; len];
        executable.read_output(0, 0, &mut kept).unwrap();
        assert_eq!(kept, given, "{what}");
    }
}
