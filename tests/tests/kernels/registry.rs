//! Register, replace, unregister, list, look up; what executables hold on to.

use crate::{Count, assert_says, custom, log_capture, sample};
use rlx_host_api::kernel::{Kernel, KernelKind, Launch};
use rlx_host_api::{Backend, ErrorKind, Executable, TensorView};
use rlx_mlx_tests::bytes::floats;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;

/// Counts when it is dropped.
struct Dropped(Count);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// A host kernel that gives `value` everywhere.
fn constant(op: &str, value: f32, dropped: &Count) -> Kernel {
    let dropped = Dropped(dropped.clone());
    Kernel::host_fn(op, move |_, _: &[TensorView<'_>], outputs| {
        let _ = &dropped;
        outputs[0].values::<f32>()?.fill(value);
        Ok(())
    })
}

/// The same, composed.
fn composed(op: &str, value: f32, dropped: &Count) -> Kernel {
    let dropped = Dropped(dropped.clone());
    Kernel::composed_fn(op, move |_, ops, inputs| {
        let _ = &dropped;
        let zero = ops.sub(inputs[0], inputs[0])?;
        ops.add(&zero, &ops.arange(value.into(), f64::from(value) + 1.0, 1.0, rlx_host_api::DType::F32)?)
    })
}

/// One node of `op`.
fn case(op: &str) -> Case {
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [1.0, 2.0]));
    let y = custom(&mut case, op, &[x], &[2]);
    case.outputs(&[y])
}

fn compile(backend: &Backend, op: &str, mode: &str) -> Executable {
    compile_on(backend, &case(op), mode).unwrap()
}

fn value(executable: &mut Executable) -> f32 {
    let values = floats(&executable.run_to_vec(&[&[0; 8]]).unwrap()[0]);
    assert_eq!(values[0], values[1]);
    values[0]
}

#[test]
fn kernels_are_listed_looked_up_and_removed() {
    let none = Count::default();
    let source = sample::source("registry.source", |_| Ok(Launch::default())).fallback(composed("x", 1.0, &none));
    let backend =
        with_kernels([constant("registry.host", 1.0, &none), composed("registry.composed", 1.0, &none), source.into()]);
    let all = [
        ("registry.composed", KernelKind::Composed),
        ("registry.host", KernelKind::Host),
        ("registry.source", KernelKind::Source),
    ];
    assert_eq!(backend.kernels().unwrap(), all.map(|(op, kind)| (op.to_owned(), kind)));
    for (op, kind) in all {
        assert_eq!(backend.kernel(op), Ok(Some(kind)));
    }
    for op in ["registry.", "REGISTRY.HOST", "x", ""] {
        assert_eq!((backend.kernel(op), backend.unregister_kernel(op)), (Ok(None), Ok(false)), "`{op}`");
    }
    assert_eq!((backend.unregister_kernel("registry.host"), backend.kernel("registry.host")), (Ok(true), Ok(None)));
    assert_eq!(backend.kernels().unwrap().len(), 2);
}

#[test]
fn a_replacement_is_logged_and_serves_what_is_compiled_from_then_on() {
    log_capture::start();
    let dropped = Count::default();
    for mode in MODES {
        let op = format!("replaced.{mode}");
        let backend = with_kernels([constant(&op, 1.0, &dropped)]);
        let mut before = compile(&backend, &op, mode);
        assert_eq!(log_capture::warnings_with(&op), [""; 0]);
        assert!(backend.register_kernel(composed(&op, 2.0, &dropped)).unwrap());
        assert_eq!(
            log_capture::warnings_with(&op),
            [format!("kernel `{op}` (composed) replaces one of kind host")],
            "once, with both kinds"
        );
        let mut after = compile(&backend, &op, mode);
        assert_eq!((value(&mut before), value(&mut after)), (1.0, 2.0), "{mode}");
        assert!(backend.unregister_kernel(&op).unwrap());
        assert_eq!((value(&mut before), value(&mut after)), (1.0, 2.0), "{mode}");
        let gone = compile_on(&backend, &case(&op), mode);
        assert_says(mode, gone, ErrorKind::Unsupported, &[&op, "register"]);
        assert_eq!(value(&mut before.duplicate().unwrap()), 1.0, "{mode}");
    }
}

#[test]
fn a_kernel_lives_as_long_as_something_needs_it() {
    for mode in MODES {
        let [first, second] = [Count::default(), Count::default()];
        let backend = with_kernels([constant("lives", 1.0, &first)]);
        let one = compile(&backend, "lives", mode);
        let copy = one.duplicate().unwrap();
        backend.register_kernel(constant("lives", 2.0, &second)).unwrap();
        drop(one);
        assert_eq!((first.get(), second.get()), (0, 0), "{mode}: the copy has the first");
        drop(copy);
        assert_eq!((first.get(), second.get()), (1, 0), "{mode}");

        let mut last = compile(&backend, "lives", mode);
        drop(backend);
        assert_eq!(second.get(), 0, "{mode}: the executable outlives the instance");
        assert_eq!(value(&mut last), 2.0);
        drop(last);
        assert_eq!((first.get(), second.get()), (1, 1), "{mode}: each once");

        let unused = Count::default();
        drop(with_kernels([constant("unused", 1.0, &unused)]));
        assert_eq!(unused.get(), 1, "{mode}: with its instance");
    }
}

/// Kernel and fallback have a context each.
#[test]
fn a_fallback_is_released_with_its_kernel() {
    let [fallback, launch] = [Count::default(), Count::default()];
    let held = Dropped(launch.clone());
    let source = sample::source("both", move |_| {
        let _ = &held;
        Ok(Launch::default())
    });
    let backend = with_kernels([source.fallback(composed("x", 3.0, &fallback)).into()]);
    let mut executable = compile(&backend, "both", "compiled");
    assert!(backend.unregister_kernel("both").unwrap());
    // The fallback alone is what the program runs.
    assert_eq!((launch.get(), fallback.get(), value(&mut executable)), (1, 0, 3.0));
    drop(executable);
    assert_eq!((launch.get(), fallback.get()), (1, 1));
}

#[test]
fn another_instance_does_not_see_them() {
    let none = Count::default();
    let (one, other) = (with_kernels([constant("own", 1.0, &none)]), with_kernels([constant("own", 2.0, &none)]));
    let empty = with_kernels([]);
    assert_eq!((value(&mut compile(&one, "own", "lazy")), value(&mut compile(&other, "own", "lazy"))), (1.0, 2.0));
    assert_eq!((empty.kernels().unwrap(), empty.kernel("own")), (vec![], Ok(None)));
    assert_says("empty", compile_on(&empty, &case("own"), "lazy"), ErrorKind::Unsupported, &["`own`"]);
    assert_eq!((one.unregister_kernel("own"), other.kernel("own")), (Ok(true), Ok(Some(KernelKind::Host))));
}

#[test]
fn what_is_not_complete_is_refused_and_dropped() {
    let backend = with_kernels([]);
    let dropped = Count::default();
    let launched = |op: &str| {
        let held = Dropped(dropped.clone());
        Kernel::source(op, move |_| {
            let _ = &held;
            Ok(Launch::default())
        })
    };
    let no_source = Kernel::from(launched("no.source"));
    let of_source = sample::source("nested.source", |_| Ok(Launch::default()));
    let table: [(Kernel, usize, &str); 4] = [
        (constant("", 1.0, &dropped), 1, "no name"),
        (no_source, 1, "no source in any language"),
        (launched("no.source").fallback(constant("x", 1.0, &dropped)).into(), 2, "no source"),
        (of_source.fallback(sample::source("y", |_| Ok(Launch::default())).into()).into(), 0, "of another kind"),
    ];
    for (kernel, contexts, why) in table {
        let before = dropped.get();
        assert_says(why, backend.register_kernel(kernel), ErrorKind::InvalidArgument, &[why]);
        assert_eq!(dropped.get() - before, contexts, "{why}");
    }
    assert_eq!(backend.kernels().unwrap(), []);
}
