//! `cargo xtask test` and `cargo xtask bench`: cargo with what the tests need already built and named.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::c_programs::{self, CPrograms};
use crate::cargo::{self, Workspace};
use crate::dist::wheel::Parts;
use crate::models::{self, Models};
use crate::packages::{WITH_RLX_CPU, WITH_XTASK};
use crate::{bare, next_abi, provision, reference, shim, stage};

/// Runs all tests of the workspace, documentation tests and the shim's C tests included, or what `args` select.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    if args.is_empty() {
        shim::run(workspace)?;
    }
    let programs = Programs::build(workspace)?;
    let next_abi = next_abi::run(workspace)?;
    let test = |packages: Vec<&str>| {
        let mut command = workspace.cargo(["test", "--release"].into_iter().chain(packages));
        cargo::run(programs.name(command.args(args)).env("RLX_TEST_NEXT_ABI_DIR", &next_abi))
    };
    let own = args.iter().take_while(|arg| *arg != "--");
    let chosen = |flags: &[&str]| own.clone().any(|arg| flags.iter().any(|flag| arg.starts_with(flag)));
    if chosen(&["-p", "--package"]) {
        return test(Vec::new());
    }
    test(cargo::choice("-p", &WITH_RLX_CPU).collect())?;
    // The others have no integration test that would be meant.
    if chosen(&["--test"]) {
        return Ok(());
    }
    test(cargo::choice("-p", &WITH_XTASK).collect())?;
    // Each alone, with the features that it has been built with already: together they would want others.
    let mut others = workspace.members().filter(|name| !WITH_RLX_CPU.contains(name) && !WITH_XTASK.contains(name));
    others.try_for_each(|name| test(vec!["-p", name]))
}

/// Runs the benchmarks, which are in the test crate.
pub(crate) fn bench(workspace: &Workspace, args: &[String]) -> Result<()> {
    let bare = bare::build(workspace)?;
    let programs = Programs::build(workspace)?;
    let packages = std::iter::once("bench").chain(cargo::choice("-p", &WITH_RLX_CPU));
    let mut command = workspace.cargo(packages);
    cargo::run(programs.name(command.args(args)).env("RLX_BENCH_BARE_ADD", bare))
}

/// What the tests load and start as a user would, built and staged.
struct Programs {
    plugins: PathBuf,
    reference: PathBuf,
    c: CPrograms,
    fixture: PathBuf,
    faulty: PathBuf,
    rlx_run: PathBuf,
    custom_kernel: PathBuf,
    tensor_parallel: PathBuf,
    model: PathBuf,
    python_site: PathBuf,
    wheel: PathBuf,
    models: Models,
}

impl Programs {
    fn build(workspace: &Workspace) -> Result<Self> {
        let plugins = stage::run(workspace)?.plugins;
        let reference = reference::run(workspace)?;
        workspace.build("rlx-fixture-plugin")?;
        workspace.build("rlx-faulty-plugin")?;
        let rlx_run = workspace.built("rlx-run");
        let parts = Parts { root: &workspace.root, bundle: &plugins.join("rlx_mlx"), rlx_run: &rlx_run };
        let wheel = parts.write(&workspace.target_dir.join("stage/wheel"))?;
        Ok(Self {
            plugins,
            wheel,
            reference,
            c: c_programs::build(workspace)?,
            fixture: workspace.built(&format!("{DLL_PREFIX}rlx_fixture{DLL_SUFFIX}")),
            faulty: workspace.built(&format!("{DLL_PREFIX}rlx_faulty{DLL_SUFFIX}")),
            rlx_run,
            custom_kernel: workspace.built("rlx-custom-kernel"),
            tensor_parallel: workspace.built("rlx-tensor-parallel"),
            model: provision::model(workspace)?,
            python_site: provision::python_site(workspace)?,
            models: models::run(workspace)?,
        })
    }

    /// Environment variables say where they are.
    fn name<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("RLX_TEST_PLUGIN_DIR", &self.plugins)
            .env("RLX_TEST_REFERENCE_DIR", &self.reference)
            .env("RLX_TEST_MODEL_DIR", &self.model)
            .env("RLX_TEST_C_HOST", &self.c.host)
            .env("RLX_TEST_C_PLUGIN_DIR", &self.c.plugins)
            .env("RLX_TEST_FIXTURE", &self.fixture)
            .env("RLX_TEST_FAULTY", &self.faulty)
            .env("RLX_TEST_PYTHON_SITE", &self.python_site)
            .env("RLX_TEST_WHEEL", &self.wheel)
            .env("RLX_TEST_MODELS", &self.models.folder)
            .env("RLX_TEST_MODELS_SITE", &self.models.site)
            .env("RLX_TEST_RLX_RUN", &self.rlx_run)
            .env("RLX_TEST_CUSTOM_KERNEL", &self.custom_kernel)
            .env("RLX_TEST_TENSOR_PARALLEL", &self.tensor_parallel)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What members get from others, each with its features, when cargo is given `args`.
    fn dependencies(args: &[&str]) -> Vec<(String, String)> {
        let workspace = Workspace::find().unwrap();
        let mut tree = workspace.cargo(["tree", "--offline", "--prefix=none", "--format={p}|{f}"]);
        let tree = cargo::capture(tree.args(args)).unwrap();
        let lines = tree.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
        // Behind the version of a member stands its folder.
        lines.filter(|(package, _)| !package.contains('(')).map(|(package, on)| (package.into(), on.into())).collect()
    }

    #[test]
    fn each_dependency_has_the_same_features_in_every_build() {
        let alone = "--edges=normal,no-proc-macro";
        let together: Vec<&str> =
            std::iter::once("--edges=normal,dev,no-proc-macro").chain(cargo::choice("-p", &WITH_RLX_CPU)).collect();
        let builds: [&[&str]; 7] = [
            &[alone, "-p", "rlx-mlx-plugin", "-p", "rlx-run", "--no-default-features"],
            &[alone, "-p", "rlx-mlx-plugin"],
            &[alone, "-p", "rlx-run"],
            &[alone, "-p", "rlx-fixture-plugin"],
            &[alone, "-p", "rlx-faulty-plugin"],
            &[alone, "-p", "rlx-next-plugin", "-p", "rlx-next-host"],
            &together,
        ];
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for build in builds {
            for (package, features) in dependencies(build) {
                let before = seen.entry(package.clone()).or_insert_with(|| features.clone());
                assert_eq!(*before, features, "features of {package} with {build:?}: add them to features/Cargo.toml");
            }
        }
        assert!(seen.keys().any(|package| package.starts_with("rlx-cpu v")), "{seen:?}");
    }
}
