//! The files that outputs are written to: one each, and whole or not there.

use crate::npy;
use anyhow::{Context, Result};
use rlx_host_api::TensorInfo;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{Builder, TempPath};

/// The longest part of a name that goes into that of a file, in bytes. File systems take 255 of the whole.
const LONGEST: usize = 200;

/// A folder, and the paths in it that the outputs of a program go to.
pub(crate) struct OutputFiles {
    folder: PathBuf,
    paths: Vec<PathBuf>,
}

impl OutputFiles {
    /// Makes the folder, and finds a file name of its own for each output.
    pub(crate) fn new(folder: &Path, outputs: &[TensorInfo]) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let names: Vec<&str> = outputs.iter().map(|info| info.name.as_str()).collect();
        let paths = stems(&names).into_iter().map(|stem| folder.join(format!("{stem}.npy"))).collect();
        Ok(Self { folder: folder.to_owned(), paths })
    }

    /// Writes all outputs; the paths, in their order. Each file is written beside its place and then renamed, so that one
    /// of an earlier run is replaced by a whole one or stays.
    pub(crate) fn write(self, outputs: &[TensorInfo], data: &[Vec<u8>]) -> Result<Vec<PathBuf>> {
        let named = |path: &Path| format!("cannot write {}", path.display());
        let parts = self.paths.iter().zip(outputs).zip(data);
        let parts = parts.map(|((path, info), data)| self.write_part(info, data).with_context(|| named(path)));
        // What is not renamed is removed when it is dropped.
        for (part, path) in parts.collect::<Result<Vec<_>>>()?.into_iter().zip(&self.paths) {
            part.persist(path).map_err(|error| error.error).with_context(|| named(path))?;
        }
        Ok(self.paths)
    }

    /// A file with no name that is anybody's concern.
    fn write_part(&self, info: &TensorInfo, data: &[u8]) -> Result<TempPath> {
        let mut builder = Builder::new();
        // As any file that a program makes: what the umask leaves. Without it, it would be the owner's alone.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.prefix(".rlx-run-").suffix(".part").tempfile_in(&self.folder)?;
        npy::write(&mut file, info, data)?;
        Ok(file.into_temp_path())
    }
}

/// A file name without its ending for each output, no two of them alike even where case does not count. It is the output's
/// name where that is one already; else with `_` for what a path must not hold, or `output_I` for none; and where another
/// has that, its index follows.
fn stems(names: &[&str]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut take = |stem: &str| taken.insert(stem.to_lowercase());
    // Those that keep their names come first, so that none of them has to give way.
    let kept: Vec<bool> = names.iter().map(|name| !name.is_empty() && safe(name) == *name && take(name)).collect();
    let renamed = names.iter().zip(kept).enumerate().map(|(index, (name, kept))| {
        if kept {
            return (*name).to_owned();
        }
        let stem = Some(safe(name)).filter(|stem| !stem.is_empty()).unwrap_or_else(|| format!("output_{index}"));
        let more = (1_usize..).map(|n| format!("{stem}_{index}_{n}"));
        let mut candidates = [stem.clone(), format!("{stem}_{index}")].into_iter().chain(more);
        candidates.find(|stem| take(stem)).unwrap_or(stem)
    });
    renamed.collect()
}

/// `name` as a part of a path that stays in its folder and is not hidden.
fn safe(name: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let mut stem: String = name.trim_start_matches('.').chars().map(safe).collect();
    while stem.len() > LONGEST {
        stem.pop();
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_names_that_collide_are_all_kept() {
        for (names, expected) in [
            (vec!["sum", ""], vec!["sum", "output_1"]),
            (vec!["output_1", ""], vec!["output_1", "output_1_1"]),
            (vec!["", "output_0"], vec!["output_0_0", "output_0"]),
            (vec!["x/y", "x y", "x_y"], vec!["x_y_0", "x_y_1", "x_y"]),
            (vec!["x/y", "x y"], vec!["x_y", "x_y_1"]),
            (vec!["x/y", "x y", "x_y_1"], vec!["x_y", "x_y_1_1", "x_y_1"]),
            (vec!["y", "y", "Y"], vec!["y", "y_1", "Y_2"]),
            (vec!["../../etc", "..", "/", ".hidden"], vec!["_.._etc", "output_1", "_", "hidden"]),
            (vec!["größe", "\u{1b}[2J"], vec!["größe", "__2J"]),
        ] {
            assert_eq!(stems(&names), expected, "{names:?}");
        }
        let long = "ü".repeat(1000);
        let long = stems(&[&long, &long]);
        assert!(long[0].len() <= LONGEST && long[1].len() < 250 && long[0] != long[1], "{long:?}");
    }

    #[test]
    fn many_outputs_of_one_name_take_linear_time() {
        let names = vec!["y"; 100_000];
        let stems = stems(&names);
        assert_eq!(stems.iter().collect::<HashSet<_>>().len(), names.len());
    }

    #[test]
    fn a_file_that_cannot_take_its_place_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let infos =
            ["a", "b"].map(|name| TensorInfo { name: name.into(), dtype: rlx_host_api::DType::U8, dims: vec![1] });
        fs::create_dir(folder.path().join("b.npy")).unwrap();
        let files = OutputFiles::new(folder.path(), &infos).unwrap();
        let error = format!("{:#}", files.write(&infos, &[vec![1], vec![2]]).unwrap_err());
        assert!(error.contains("cannot write") && error.contains("b.npy"), "{error}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}
