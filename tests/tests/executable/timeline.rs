//! The options `profile` and `threads`, and what `timeline/1` tells.

use super::assert_says;
use rlx_host_api::{CompileOptions, ErrorKind};
use rlx_mlx_tests::bytes::bytes;
use rlx_mlx_tests::plugin::{MODES, backend};

/// A product of inputs, which MLX computes, and a Softmax, which host code does.
const PROGRAM: &str = "rlxmodel 1
opset 1
graph @timed {
  %x = input : f32[4, 4]
  %y = input : f32[4, 4]
  %turned = Transpose{perm: [1, 0]} %y : f32[4, 4]
  %shares = Softmax{axis: -1} %turned : f32[4, 4]
  %sum = Binary(Add) %shares, %x : f32[4, 4]
  return %sum
}
";

#[test]
fn spans_tell_what_each_node_took() {
    let data = bytes(&[0.5; 16]);
    for mode in MODES {
        let options = CompileOptions::new().set("mode", mode).set("profile", true);
        let mut executable = backend().compile(PROGRAM.as_bytes(), &options).unwrap();
        for _ in 0..3 {
            executable.run(&[&data, &data], &mut [None]).unwrap();
        }
        let spans = executable.take_spans().unwrap();
        assert_eq!(spans.lost, 0);
        let count = |node: &str, kernel: &str| {
            spans.list.iter().filter(|span| span.node.contains(node) && span.kernel == kernel).count()
        };
        assert_eq!(
            (
                count("", "run"),
                count("(Softmax)", "Softmax"),
                count("(Binary)", "Elementwise"),
                count("(Transpose)", "Transpose")
            ),
            (3, 3, 3, 3),
            "{mode}: {spans:?}"
        );
        let runs: Vec<_> = spans.list.iter().filter(|span| span.kernel == "run").collect();
        for span in spans.list.iter().filter(|span| span.kernel != "run") {
            let end = span.start_ns + span.duration_ns;
            let is_inside =
                |run: &&&rlx_host_api::Span| run.start_ns <= span.start_ns && end <= run.start_ns + run.duration_ns;
            assert_eq!(runs.iter().filter(is_inside).count(), 1, "{mode}: {span:?}");
            assert!(span.thread > 0 && span.bytes > 0, "{span:?}");
        }
        // What was taken is gone.
        assert!(executable.take_spans().unwrap().list.is_empty());
        executable.submit(&[&data, &data]).unwrap();
        assert!(!executable.take_spans().unwrap().list.is_empty(), "{mode}: runs under way are waited for");
    }
}

#[test]
fn results_do_not_depend_on_whether_times_are_noted() {
    let data = bytes(&[0.1, -2.0, 3.5, 0.0, 1.0, 7.0, -1.0, 0.3, 2.0, 0.2, -0.7, 4.0, 0.9, 1.1, -3.0, 0.6]);
    let run = |mode: &str, profile: bool| {
        let options = CompileOptions::new().set("mode", mode).set("profile", profile);
        let mut executable = backend().compile(PROGRAM.as_bytes(), &options).unwrap();
        let mut out = [0; 64];
        executable.run(&[&data, &data], &mut [Some(&mut out)]).unwrap();
        out
    };
    for mode in MODES {
        assert_eq!(run(mode, true), run(mode, false), "{mode}");
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let compile = |options: &CompileOptions| backend().compile(PROGRAM.as_bytes(), options);
    let mut plain = compile(&CompileOptions::new()).unwrap();
    assert_says(
        plain.take_spans().map(drop),
        ErrorKind::FailedPrecondition,
        "graph `timed` notes no times: compile it with option `profile`",
    );
    let says = |options: CompileOptions, text: &str| {
        assert_says(compile(&options).map(drop), ErrorKind::InvalidArgument, text)
    };
    says(CompileOptions::new().set("profile", 1i64), "option `profile` is true or false, not `1`");
    says(CompileOptions::new().set("threads", "two"), "option `threads` is an integer, not `two`");
    for count in [0, -1, 1i64 << 32] {
        let text = format!("option `threads` is {count}: from 1 to 4294967295 threads can compute");
        says(CompileOptions::new().set("threads", count), &text);
    }
    compile(&CompileOptions::new().set("threads", i64::from(u32::MAX))).unwrap();
}
