//! `main` returns while other threads use the plugin.

use crate::{compile, create, executable, find, input, run};
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{CompileOptions, TensorView};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Rounds that the threads have done.
static ROUNDS: AtomicUsize = AtomicUsize::new(0);

const SLOW: &str = "rlxmodel 1
opset 1
graph @slow {
  %x = input : f32[4]
  %y = Custom{name: \"slow\", num_inputs: 1, attrs: []} %x : f32[4]
  return %y
}
";

/// Two threads repeat `round`, each with what `make` gave it, until the process ends.
fn forever<T: 'static>(make: impl Fn() -> T + Send + Copy + 'static, round: impl Fn(&mut T) + Send + Copy + 'static) {
    for _ in 0..2 {
        thread::spawn(move || {
            let mut state = make();
            loop {
                round(&mut state);
                ROUNDS.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while ROUNDS.load(Ordering::Relaxed) < 4 {
        thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn with(what: &str) {
    match what {
        "run" => forever(|| executable("compiled"), |e| run(e).unwrap()),
        "run-lazy" => forever(|| executable("lazy"), |e| run(e).unwrap()),
        "run-eager" => forever(|| executable("eager"), |e| run(e).unwrap()),
        "submit" => forever(
            || executable("compiled"),
            |e| {
                for _ in 0..8 {
                    e.submit(&[input()]).unwrap();
                }
                e.wait().unwrap();
            },
        ),
        "compile" => {
            forever(|| create(&find().unwrap()).unwrap(), |backend| drop(compile(backend, "compiled").unwrap()))
        }
        "submitted" => {
            let mut executable = executable("compiled");
            for _ in 0..50 {
                executable.submit(&[input()]).unwrap();
            }
            std::process::exit(7);
        }
        "endless-kernel" => {
            endless_kernel();
            std::process::exit(7);
        }
        other => panic!("no such end: {other}"),
    }
}

/// Starts a run that never ends.
fn endless_kernel() {
    let backend = create(&find().unwrap()).unwrap();
    let slow = Kernel::host_fn("slow", |_, _: &[TensorView<'_>], _| {
        ROUNDS.fetch_add(1, Ordering::Relaxed);
        loop {
            thread::park();
        }
    });
    backend.register_kernel(slow).unwrap();
    let mut executable = backend.compile(SLOW.as_bytes(), &CompileOptions::new()).unwrap();
    thread::spawn(move || executable.run_to_vec(&[&[0; 16]]));
    while ROUNDS.load(Ordering::Relaxed) == 0 {
        thread::sleep(Duration::from_millis(1));
    }
}
