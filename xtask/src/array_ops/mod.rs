//! `cargo xtask array-ops`: the table of array operations that composed kernels build with, written from the shim's
//! headers.
//!
//! One list of declarations becomes four things: methods of the plugin's own `Array`, thunks with the types of the wire ABI
//! beside them, safe methods of `ArrayOps` in host-api, and types of functions in a C header. What cannot cross is named in `op::LEFT_OUT`.

mod c;
mod docs;
mod header;
mod host;
mod methods;
mod op;
mod plugin;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use self::header::Enum;
use self::op::{Kind, LEFT_OUT, Op};
use crate::cargo::Workspace;
use crate::generated;

/// How the files are made.
const COMMAND: &str = "cargo xtask array-ops";

/// Writes all files anew; with `check`, only fails if they are not what would be written.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let vocabulary = Vocabulary::read(workspace)?;
    let update = |path: &str, text: &str| generated::update(&workspace.root.join(path), text, check, COMMAND);
    for (file, text) in plugin::files(&vocabulary) {
        update(&format!("plugin/src/kernels/array_ops/table/{file}"), &rustfmt(workspace, &text)?)?;
    }
    for (file, text) in methods::files(&vocabulary)? {
        update(&format!("plugin/src/mlx/ops/{file}"), &rustfmt(workspace, &text)?)?;
    }
    for (file, text) in host::files(&vocabulary)? {
        update(&format!("host-api/src/kernel/array_ops/{file}"), &rustfmt(workspace, &text)?)?;
    }
    update("host-api/include/rlx_array_ops.h", &c::file(&vocabulary)?)?;
    println!("{} operations, {} left out", vocabulary.sorted().len(), LEFT_OUT.len());
    Ok(())
}

/// All that the headers offer.
struct Vocabulary {
    families: Vec<Family>,
    /// The enums that operations take.
    enums: Vec<Enum>,
}

/// The operations of one header.
struct Family {
    name: String,
    doc: String,
    ops: Vec<Op>,
}

impl Vocabulary {
    fn read(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.root.join("shim/include/rlx_mlx");
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        let mut files: Vec<_> = entries
            .with_context(|| format!("cannot list {}", folder.display()))?
            .iter()
            .map(fs::DirEntry::path)
            .collect();
        files.sort();
        let mut vocabulary = Self { families: Vec::new(), enums: Vec::new() };
        for file in files {
            let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            vocabulary.add(name, &text).with_context(|| file.display().to_string())?;
        }
        let names: Vec<&str> = vocabulary.sorted().iter().map(|(_, op)| op.name.as_str()).collect();
        if let Some((name, why)) = LEFT_OUT.iter().find(|(name, _)| names.contains(name)) {
            bail!("`{name}` is in the table although it {why}");
        }
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("`{}` is declared twice", twice[0]);
        }
        let used = |found: &Enum| {
            let mut arguments = vocabulary.families.iter().flat_map(|family| &family.ops).flat_map(|op| &op.arguments);
            arguments.any(|argument| argument.kind == Kind::Enum(found.name.clone()))
        };
        let unused: Vec<String> =
            vocabulary.enums.iter().filter(|found| !used(found)).map(|found| found.name.clone()).collect();
        vocabulary.enums.retain(|found| !unused.contains(&found.name));
        Ok(vocabulary)
    }

    fn add(&mut self, name: String, text: &str) -> Result<()> {
        let header = header::parse(text)?;
        let offered = header.functions.iter().filter(|f| LEFT_OUT.iter().all(|(name, _)| *name != f.name));
        let ops = offered
            .map(|function| Op::new(function).with_context(|| function.name.clone()))
            .collect::<Result<Vec<_>>>()?;
        if !ops.is_empty() {
            self.families.push(Family { name, doc: header.doc, ops });
        }
        self.enums.extend(header.enums);
        Ok(())
    }

    /// Every operation with its family, in the order of the table.
    fn sorted(&self) -> Vec<(&Family, &Op)> {
        let mut all: Vec<_> =
            self.families.iter().flat_map(|family| family.ops.iter().map(move |op| (family, op))).collect();
        all.sort_by(|a, b| a.1.name.cmp(&b.1.name));
        all
    }
}

/// Name of an enum, and of its values, without what the shim puts before and behind.
fn enum_names(found: &Enum) -> (String, Vec<String>) {
    let name = found.name.trim_start_matches("rlx_mlx_").trim_end_matches("_t").to_owned();
    let names: Vec<&str> = found.values.iter().map(|value| value.name.as_str()).collect();
    // RLX_MLX_UN_RELU: the third word is the enum's.
    let values = names.iter().map(|name| name.splitn(4, '_').nth(3).unwrap_or(name).to_owned()).collect();
    (name, values)
}

/// `fft_norm` as `FftNorm`.
fn camel(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(usize::from(!word.is_empty()));
        first.to_uppercase() + &rest.to_lowercase()
    };
    name.split('_').map(capital).collect()
}

/// Formats with the workspace's settings.
fn rustfmt(workspace: &Workspace, text: &str) -> Result<String> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition=2024", "--config-path"]).arg(&workspace.root);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run rustfmt")?;
    // rustfmt reads everything before it writes, so the two pipes cannot block each other.
    child.stdin.take().context("rustfmt has no standard input")?.write_all(text.as_bytes()).context("rustfmt")?;
    let output = child.wait_with_output().context("rustfmt")?;
    if !output.status.success() {
        bail!("rustfmt failed ({})", output.status);
    }
    String::from_utf8(output.stdout).context("rustfmt wrote something that is not UTF-8")
}
