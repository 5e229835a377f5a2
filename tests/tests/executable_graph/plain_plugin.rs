//! A plugin without any extension, the reference plugin, as `Device::Mlx`: what can be done on the host works, the rest
//! is refused.

use super::{NEXT, adder, affine, weights};
use rlx_host_api::runtime::register;
use rlx_host_api::{BackendOptions, CompileOptions, Plugin};
use rlx_mlx_tests::runtime::{assert_close, panic_text, values};
use rlx_runtime::{Device, ExecutableCapabilities, Session};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::Path;

/// In a process of its own, since a process has one `Device::Mlx`.
#[test]
fn a_plugin_without_extensions_does_what_the_host_can() {
    const CHILD: &str = "RLX_TEST_PLAIN_PLUGIN";
    if std::env::var_os(CHILD).is_none() {
        assert_cmd::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "plain_plugin::a_plugin_without_extensions_does_what_the_host_can"])
            .env(CHILD, "yes")
            .assert()
            .success();
        return;
    }
    let folder = std::env::var_os("RLX_TEST_REFERENCE_DIR").expect("set by `cargo xtask test`");
    let library = Path::new(&folder).join(format!("{DLL_PREFIX}rlx_reference{DLL_SUFFIX}"));
    register(&Plugin::load(&library).unwrap(), &BackendOptions::new(), &CompileOptions::new()).unwrap();

    let mut compiled = Session::new(Device::Mlx).compile(adder());
    let offered = ExecutableCapabilities { persistent_handles: true, typed_io: true, ..ExecutableCapabilities::NONE };
    assert_eq!(compiled.capabilities(), offered);
    assert!(compiled.bind_handle("state", &[10.0; 4]) && !compiled.bind_handle("state", &[1.0]));
    assert_eq!(compiled.read_handle("state").unwrap(), [10.0; 4]);
    let x = [1.0f32, 2.0, 3.0, 4.0];
    assert_eq!(compiled.run(&[("x", &x)])[NEXT], [11.0, 12.0, 13.0, 14.0]);
    assert_eq!(compiled.run(&[("x", &x), ("state", &x)])[NEXT], [2.0, 4.0, 6.0, 8.0]);
    compiled.commit_no_wait(&[("x", &x)]);
    compiled.sync_pending();
    let sets = [vec![("x", &x[..])], vec![("state", &x[..]), ("x", &x[..])]];
    let batch = compiled.run_pipelined(&sets);
    assert_eq!([&batch[0][NEXT][..], &batch[1][NEXT][..]], [[11.0, 12.0, 13.0, 14.0], [2.0, 4.0, 6.0, 8.0]]);

    assert!(!compiled.bind_gpu_handle("state", &x) && !compiled.has_gpu_handle("state"));
    assert!(!compiled.set_gpu_handle_feed("state", NEXT) && !compiled.register_kv_row_feed("state", NEXT));
    assert!(!compiled.prepare_resident_gpu_handle("state") && !compiled.save_inputs(&["state"]));
    assert!(!compiled.restore_inputs() && !compiled.feed_kv_row(0, 0, 4));
    assert!(compiled.read_output_row(NEXT, 0, 4).is_none());
    assert!(compiled.run_feed_gpu_handle(&[("x", &x)], "state", NEXT).is_none());
    compiled.release_scratch();

    let mut source = Session::new(Device::Mlx).compile(affine());
    let mut want = Session::new(Device::Cpu).compile(affine());
    for (name, values) in weights(1) {
        source.set_param(name, &values);
        want.set_param(name, &values);
    }
    let mut target = Session::new(Device::Mlx).compile(affine());
    assert!(!target.share_params_from(&source) && !target.param_already_set("w"));
    assert!(!source.set_param_range("w", 0, &[0; 4]));
    let text = panic_text(|| source.clone());
    assert!(text.contains("extension params/1 is not supported") && !text.contains('\n'), "{text}");
    let x = values(&[2, 4], 3);
    assert_close(&source.run(&[("x", &x)]), &want.run(&[("x", &x)]), 1e-6);
}
