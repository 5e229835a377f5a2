//! A rank that dies or stops: the others tell of it, do other work, and end.

use super::programs::compile;
use rlx_host_api::ErrorKind;
use rlx_host_api::collectives::{GroupOptions, Reduction, all_reduce};
use rlx_ir::{DType, Graph, Shape};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::plugin::{backend, compile_text};
use std::time::{Duration, Instant};

/// Which rank it is.
const AT_FAULT: usize = 1;

const DOUBLE: &str = "rlxmodel 1
opset 1
graph @double {
  %x = input : f32[2]
  %y = Binary(Add) %x, %x : f32[2]
  return %y
}
";

/// Rank 1 ends or stops; the others are in a run of a program, or in a call.
pub(super) fn meet(how: &str, during: &str, seconds: u64) {
    let timeout = Duration::from_secs(seconds);
    let group = backend().init_group(&GroupOptions::new().strict().timeout(super::LONG)).unwrap();
    group.register().unwrap();
    group.barrier().unwrap();
    let limited = group.with_timeout(timeout);
    if group.rank() == AT_FAULT {
        let signal = if how == "stop" { libc::SIGSTOP } else { libc::SIGKILL };
        // SAFETY: a signal to this process.
        unsafe { libc::kill(libc::getpid(), signal) };
        // Who was stopped and goes on, at the end of the test, has nothing left to do.
        std::process::exit(0);
    }
    let start = Instant::now();
    let result = match during {
        "call" => limited.all_reduce(Reduction::Sum, &mut vec![0_f32; 100_000]),
        "recv" => limited.recv(AT_FAULT, 0).map(drop),
        "run" => {
            let mut graph = Graph::new("one");
            let x = graph.input("x", Shape::new(&[4], DType::F32));
            let y = all_reduce(&mut graph, x, Reduction::Sum).unwrap();
            graph.set_outputs(vec![y]);
            compile(&graph, "compiled").unwrap().run_to_vec(&[&[0; 16]]).map(drop)
        }
        other => panic!("nothing to do during {other}"),
    };
    let took = start.elapsed();
    let error = result.expect_err("a rank is gone");
    println!("{error}");
    // The last where the end was seen before the call.
    let kinds = [ErrorKind::TimedOut, ErrorKind::ExecutionFailed, ErrorKind::FailedPrecondition];
    assert!(kinds.contains(&error.kind()), "{:?}", error.kind());
    assert!(error.message().contains(&format!("rank {AT_FAULT}")), "{error}");
    assert!(took <= timeout + Duration::from_secs(2), "after {took:?}");
    assert!(group.broken().is_some_and(|cause| cause.message().contains(&format!("rank {AT_FAULT}"))));
    let again = group.barrier().unwrap_err();
    assert!(again.message().contains(&format!("rank {AT_FAULT}")), "{again}");
    let mut other = compile_text(DOUBLE, "compiled").unwrap();
    assert_eq!(floats(&other.run_to_vec(&[&bytes(&[1.0, 2.0])]).unwrap()[0]), [2.0, 4.0]);
    std::process::exit(3);
}
