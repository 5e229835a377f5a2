//! Copies of the fixture plugin, each with its own settings in the file.

use rlx_host_api::{BackendOptions, CompileOptions, Executable, Plugin};
use std::path::PathBuf;
use std::sync::LazyLock;

/// What stands before the settings in the file.
const MARK: &[u8] = b"RLX-FIXTURE-SETTINGS:";

/// Bytes behind the mark.
const ROOM: usize = 139;

/// The one graph that the fixture compiles.
pub(crate) const DOUBLE: &str = "\
rlxmodel 1
opset 1
graph @double {
  %x = input : f32[2]
  %y = Binary(Add) %x, %x : f32[2]
  return %y
}
";

/// The fixture as `settings` (words `lie=`, `name=`, `version=`, `devices=`) have it.
pub(crate) fn bytes(settings: &str) -> Vec<u8> {
    static BUILT: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
        let file = match std::env::var_os("RLX_TEST_FIXTURE") {
            Some(file) => PathBuf::from(file),
            None => panic!("RLX_TEST_FIXTURE is not set: run `cargo xtask test`, which builds the fixture plugin"),
        };
        let bytes = std::fs::read(&file).unwrap();
        let marks: Vec<usize> =
            bytes.windows(MARK.len()).enumerate().filter(|(_, w)| *w == MARK).map(|(at, _)| at).collect();
        assert_eq!(marks.len(), 1, "the mark stands in {} once", file.display());
        (bytes, marks[0] + MARK.len())
    });
    assert!(settings.len() < ROOM, "{settings}");
    let (bytes, at) = &*BUILT;
    let mut bytes = bytes.clone();
    bytes[*at..at + settings.len()].copy_from_slice(settings.as_bytes());
    bytes
}

/// Compiles the fixture's graph on the plugin's first device.
pub(crate) fn compile(plugin: &Plugin) -> Result<Executable, rlx_host_api::Error> {
    plugin.create(&BackendOptions::new())?.compile(DOUBLE.as_bytes(), &CompileOptions::new())
}

/// Runs the fixture's graph and compares.
#[track_caller]
pub(crate) fn assert_runs(plugin: &Plugin) {
    let mut executable = compile(plugin).unwrap();
    let bytes = |values: [f32; 2]| values.map(f32::to_le_bytes).concat();
    assert_eq!(executable.run_to_vec(&[&bytes([1.5, -3.0])]).unwrap(), [bytes([3.0, -6.0])]);
}
