//! The Python wheel in an environment of its own, with nothing on the PATH.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use assert_cmd::Command;
use rlx_mlx_tests::plugin;
use rlx_mlx_tests::python::{self, repository};
use rlx_mlx_tests::rlx_run::{json, stdout};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What the README shows, and what it comes to; without NumPy.
const TEN_LINES: &str = r#"
import rlx_host
plugin = rlx_host.load()
program = plugin.create().compile("""rlxmodel 1
opset 1
graph @twice {
  %x = input : f32[2, 2]
  %y = Binary(Add) %x, %x : f32[2, 2]
  return %y as y
}
""")
(y,) = program.run({"x": rlx_host.Tensor("f32", (2, 2), [1.0, 2.0, 3.0, 4.0])})
print(plugin.library._name)
print(y.tolist())
"#;

/// An environment into which the wheel was installed.
struct Environment(TempDir);

impl Environment {
    fn new() -> Self {
        let environment = Self(tempfile::tempdir().unwrap());
        let wheel = std::env::var_os("RLX_TEST_WHEEL").expect("`cargo xtask test` makes the wheel");
        let root = environment.0.path().as_os_str();
        stdout(&mut python::command([OsStr::new("-m"), "venv".as_ref(), "--without-pip".as_ref(), root]));
        let mut install = python::command(["-m", "pip", "--disable-pip-version-check", "--python"]);
        install.arg(environment.path("bin/python")).args([
            "install",
            "--quiet",
            "--no-index",
            "--root-user-action=ignore",
        ]);
        stdout(install.arg(wheel));
        environment
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// One of its programs, which finds no compiler, no Rust and no plugin of the machine's.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.path("bin").join(program));
        command.env_clear().env("PATH", "/nonexistent").env("HOME", self.path("home"));
        command
    }
}

fn lies_in(file: &str, folder: &Path) -> bool {
    Path::new(file).canonicalize().unwrap().starts_with(folder.canonicalize().unwrap())
}

#[test]
fn the_wheel_needs_nothing_but_python() {
    let environment = Environment::new();
    let report = json(environment.command("rlx-run").args(["plugins", "--json"]));
    let [row] = &report["plugins"].as_array().unwrap()[..] else { panic!("{report:#}") };
    assert_eq!((&row["verdict"], &row["manifest"]), (&"ok".into(), &true.into()), "{row:#}");
    assert!(lies_in(row["path"].as_str().unwrap(), environment.0.path()), "{row:#}");

    let model = repository().join("examples/models/affine.rlxmodel");
    let report = json(environment.command("rlx-run").args(["run", "--backend", "mlx", "--json"]).arg(model));
    assert_eq!(report["outputs"][0]["first"][0], 12.5, "{report:#}");

    let printed = stdout(environment.command("python").args(["-c", TEN_LINES]));
    let [plugin, values] = printed.lines().collect::<Vec<_>>()[..] else { panic!("{printed}") };
    assert!(lies_in(plugin, environment.0.path()), "{plugin}");
    assert_eq!(values, "[[2.0, 4.0], [6.0, 8.0]]");

    let chosen = environment
        .command("python")
        .args(["-c", "import rlx_host; print(rlx_host.find())"])
        .env("RLX_PLUGIN_PATH", plugin::folder())
        .assert()
        .success();
    let chosen = String::from_utf8(chosen.get_output().stdout.clone()).unwrap();
    assert!(lies_in(chosen.trim(), &plugin::folder()), "a folder that is named comes first: {chosen}");
    let listed =
        json(environment.command("rlx-run").args(["plugins", "--json"]).env("RLX_PLUGIN_PATH", plugin::folder()));
    let verdicts: Vec<_> = listed["plugins"].as_array().unwrap().iter().map(|row| &row["verdict"]).collect();
    assert_eq!(verdicts, ["ok", "shadowed"], "{listed:#}");

    let typed = stdout(
        environment
            .command("python")
            .args(["-c", "import rlx_host.abi as a, os; print(os.listdir(os.path.dirname(a.__file__)))"]),
    );
    assert!(typed.contains("'py.typed'"), "{typed}");
}
