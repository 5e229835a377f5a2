//! The workspace as cargo describes it, and running commands so that the user sees them.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Where the workspace is and where it builds to.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target_dir: PathBuf,
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version=1"])
            .output()
            .context("cannot run cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        serde_json::from_slice(&output.stdout).context("cannot read what cargo metadata says")
    }

    /// The names of the members.
    pub(crate) fn members(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|package| package.name.as_str())
    }

    /// The version of a member.
    pub(crate) fn version(&self, name: &str) -> Result<&str> {
        let package = self.packages.iter().find(|package| package.name == name);
        package.map(|package| package.version.as_str()).with_context(|| format!("the workspace has no package {name}"))
    }

    /// A file that the release profile built.
    pub(crate) fn built(&self, file: &str) -> PathBuf {
        self.target_dir.join("release").join(file)
    }

    /// A cargo command in the workspace's root.
    pub(crate) fn cargo<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(cargo());
        command.args(args).current_dir(&self.root);
        command
    }

    /// Builds a package with the release profile.
    pub(crate) fn build(&self, package: &str) -> Result<()> {
        self.build_together(&[package])
    }

    /// Builds packages with the release profile, their dependencies with the features that any of them wants.
    pub(crate) fn build_together(&self, packages: &[&str]) -> Result<()> {
        run(self.cargo(["build", "--release"]).args(choice("-p", packages)))
    }

    /// Builds a package with the release profile, and tells where its build script put what it made.
    pub(crate) fn build_script_output(&self, package: &str) -> Result<PathBuf> {
        let mut command = self.cargo(["build", "--release", "--message-format=json-render-diagnostics", "-p", package]);
        eprintln!("$ {}", show(&command));
        let output = command.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
        if !output.status.success() {
            bail!("`{}` failed ({})", show(&command), output.status);
        }
        // The id of a member ends with its version, behind its name, which stands for the folder too where that is alike.
        let version = self.version(package)?;
        let ends = [format!("#{package}@{version}"), format!("/{package}#{version}")];
        let is_it = |id: &str| ends.iter().any(|end| id.ends_with(end));
        let messages = output.stdout.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        messages
            .filter(|message: &Message| message.package_id.as_deref().is_some_and(is_it))
            .find_map(|message| message.out_dir)
            .with_context(|| format!("cargo does not say where the build script of {package} put its output"))
    }
}

/// What cargo tells of a step of a build; of other steps than build scripts there is no folder, and only programs are executable.
#[derive(Debug, Deserialize)]
struct Message {
    package_id: Option<String>,
    out_dir: Option<PathBuf>,
    executable: Option<PathBuf>,
}

/// The programs that cargo has built, of what it says with `--message-format=json`.
pub(crate) fn executables(said: &str) -> Vec<PathBuf> {
    said.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()?.executable).collect()
}

/// Names packages on cargo's command line, each behind `flag`.
pub(crate) fn choice<'a>(flag: &'a str, packages: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    packages.iter().flat_map(move |package| [flag, package])
}

/// Prints a command and runs it; its output goes where ours goes. An error if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot run `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Prints a command, runs it and returns its standard output. An error if it fails.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output =
        command.stderr(std::process::Stdio::inherit()).output().with_context(|| format!("cannot run `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` printed something that is not UTF-8"))
}

/// The command as a user would type it.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    if word.contains(char::is_whitespace) { format!("'{word}'") } else { word.to_owned() }
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
