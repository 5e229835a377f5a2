//! What the shim's headers declare, as far as it can cross: what all files are written from.

use std::fs;

use anyhow::{Context, Result, bail};

use super::header::{self, Enum};
use super::op::{Kind, LEFT_OUT, Op};
use crate::cargo::Workspace;

/// How the files are made.
pub(super) const COMMAND: &str = "cargo xtask array-ops";

/// All that the headers offer.
pub(super) struct Vocabulary {
    pub(super) families: Vec<Family>,
    /// The enums that operations take.
    pub(super) enums: Vec<Enum>,
}

/// The operations of one header.
pub(super) struct Family {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) ops: Vec<Op>,
}

impl Vocabulary {
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
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
    pub(super) fn sorted(&self) -> Vec<(&Family, &Op)> {
        let mut all: Vec<_> =
            self.families.iter().flat_map(|family| family.ops.iter().map(move |op| (family, op))).collect();
        all.sort_by(|a, b| a.1.name.cmp(&b.1.name));
        all
    }
}

/// Name of an enum, and of its values, without what the shim puts before and behind.
pub(super) fn enum_names(found: &Enum) -> (String, Vec<String>) {
    let name = found.name.trim_start_matches("rlx_mlx_").trim_end_matches("_t").to_owned();
    let names: Vec<&str> = found.values.iter().map(|value| value.name.as_str()).collect();
    // RLX_MLX_UN_RELU: the third word is the enum's.
    let values = names.iter().map(|name| name.splitn(4, '_').nth(3).unwrap_or(name).to_owned()).collect();
    (name, values)
}

/// `fft_norm` as `FftNorm`.
pub(super) fn camel(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(usize::from(!word.is_empty()));
        first.to_uppercase() + &rest.to_lowercase()
    };
    name.split('_').map(capital).collect()
}
