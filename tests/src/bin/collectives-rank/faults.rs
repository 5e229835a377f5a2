//! A rank of a group that one of its members is taken from: it tells of it, does other work, and ends.

use super::programs::compile;
use rlx_host_api::collectives::{Group, GroupOptions, Reduction, all_reduce};
use rlx_host_api::{BackendOptions, CompileOptions, DeviceKind, Error, ErrorKind, Executable};
use rlx_ir::{DType, Graph, Op, Shape};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::plugin::{backend, compile_text};
use rlx_mlx_tests::ranks::{FAILED, Fault};
use std::time::{Duration, Instant};

/// What a rank may take beyond the deadline.
const SLACK: Duration = Duration::from_secs(2);

const DOUBLE: &str = "rlxmodel 1
opset 1
graph @double {
  %x = input : f32[2]
  %y = Binary(Add) %x, %x : f32[2]
  return %y
}
";

/// Does what the fault falls into until that fails. Says when it is at it, and then what the error was.
pub(super) fn meet(fault: &Fault) {
    // Ops of programs wait as long as init may take.
    let is_short = fault.during == "init" || fault.during.ends_with("run");
    let patience = if is_short { fault.deadline } else { super::LONG };
    let options = GroupOptions::new().strict().timeout(patience);
    let own = fault.own_rank();
    let (error, group, took) = if fault.during == "init" {
        println!("ready {own} {}", std::process::id());
        if fault.late == Some(own) {
            fault.wait_for_it();
        }
        let start = Instant::now();
        (backend().init_group(&options).expect_err("not all ranks come"), None, start.elapsed())
    } else {
        let group = backend().init_group(&options).unwrap_or_else(|e| panic!("init: {e}"));
        group.register().unwrap();
        let work = Work::new(fault, group.with_timeout(fault.deadline));
        group.barrier().unwrap();
        println!("ready {own} {}", std::process::id());
        let (error, took) = work.fails();
        (error, Some(group), took)
    };
    // The last where it was noticed before the call.
    let kinds = [ErrorKind::TimedOut, ErrorKind::ExecutionFailed, ErrorKind::FailedPrecondition];
    assert!(kinds.contains(&error.kind()), "{:?}: {error}", error.kind());
    assert!(took <= fault.deadline + SLACK, "after {took:?}: {error}");
    let is_on = |name: &str| group.as_ref().is_some_and(|group| group.backend() == name);
    let (is_mpi, is_nccl) = (is_on("mpi"), is_on("nccl"));
    if let Some(group) = group {
        let cause = group.broken().unwrap_or_else(|| panic!("the group is whole after: {error}"));
        let again = group.barrier().unwrap_err();
        assert_eq!(again.kind(), ErrorKind::FailedPrecondition, "{again}");
        assert_eq!(again.details(), cause.details(), "{again}; {cause}");
    }
    let double = |mut other: Executable| other.run_to_vec(&[&bytes(&[1.0, 2.0])]);
    let other = compile_text(DOUBLE, "compiled").and_then(double);
    let other = if is_nccl || fault.during == "long run" && is_mpi {
        // The GPU loads no kernel meanwhile, and behind what it waits for MLX has all the work that it takes on: that is said,
        // and nothing hangs.
        let error = other.unwrap_err();
        println!("{error}");
        assert!(error.message().contains("start the process again"), "{error}");
        is_nccl.then(|| {
            let processor = backend().plugin().create(&BackendOptions::new().device(DeviceKind::Cpu));
            processor.and_then(|own| own.compile(DOUBLE.as_bytes(), &CompileOptions::new())).and_then(double)
        })
    } else {
        Some(other)
    };
    if let Some(other) = other {
        assert_eq!(floats(&other.unwrap()[0]), [2.0, 4.0]);
    }
    println!("failed {own} {error}");
    std::process::exit(FAILED);
}

/// What a rank does over and over.
struct Work<'f> {
    fault: &'f Fault,
    group: Group,
    run: Option<Executable>,
    data: Vec<f32>,
}

impl<'f> Work<'f> {
    fn new(fault: &'f Fault, group: Group) -> Self {
        let run = fault.during.ends_with("run").then(|| {
            let mut graph = Graph::new("one");
            let x = graph.input("x", Shape::new(&[25_000], DType::F32));
            let mut y = all_reduce(&mut graph, x, Reduction::Sum).unwrap();
            // More than MLX takes on at once.
            for _ in 0..if fault.during == "run" { 0 } else { 3000 } {
                y = graph.add_node(Op::Softmax { axis: -1 }, vec![y], Shape::new(&[25_000], DType::F32));
            }
            graph.set_outputs(vec![y]);
            compile(&graph, "compiled").unwrap()
        });
        Self { fault, group, run, data: vec![0.0; 250_000] }
    }

    fn call(&mut self) -> Result<(), Error> {
        let (own, victim) = (self.group.rank(), self.fault.victim);
        match (self.fault.during.as_str(), &mut self.run) {
            ("all_sum", _) => self.group.all_reduce(Reduction::Sum, &mut self.data),
            // The victim waits as well, for what nobody sends.
            ("recv", _) if own == victim => self.group.recv((own + 1) % self.group.size(), 0).map(drop),
            ("recv", _) => self.group.recv(victim, 0).map(drop),
            (_, Some(run)) => run.run_to_vec(&[&bytes(&self.data[..25_000])]).map(drop),
            (other, None) => panic!("nothing to do during {other}"),
        }
    }

    /// The first failure, and how long that call took.
    fn fails(mut self) -> (Error, Duration) {
        loop {
            let start = Instant::now();
            if let Err(error) = self.call() {
                return (error, start.elapsed());
            }
            if self.group.backend() != "ring" {
                // MPI's ranks are at work while they wait, and would leave mpirun no time to pass on what they say.
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}
