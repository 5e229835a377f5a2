//! Files and what they need, and the circles among them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A place in the file `from` that names something which `to` defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) from: PathBuf,
    pub(super) line: usize,
    /// The path as it is written.
    pub(super) path: String,
    pub(super) to: PathBuf,
}

/// Files that all reach each other.
#[derive(Debug)]
pub(super) struct Circle<'n> {
    pub(super) files: BTreeSet<&'n Path>,
    /// For each file and each that it needs, the first place in the file, and how many there are.
    pub(super) needs: Vec<(&'n Need, usize)>,
}

/// The files, and for each pair of which one needs the other, the places where it does.
pub(super) struct Graph<'n>(BTreeMap<&'n Path, BTreeMap<&'n Path, Vec<&'n Need>>>);

impl<'n> Graph<'n> {
    pub(super) fn of(needs: &'n [Need]) -> Self {
        let mut files: BTreeMap<&Path, BTreeMap<&Path, Vec<&Need>>> = BTreeMap::new();
        for need in needs {
            files.entry(&need.to).or_default();
            // A file may need itself.
            let of_file = files.entry(&need.from).or_default();
            if need.from != need.to {
                of_file.entry(&need.to).or_default().push(need);
            }
        }
        Self(files)
    }

    /// How many files need others or are needed.
    pub(super) fn files(&self) -> usize {
        self.0.len()
    }

    /// The circles, each as large as it is.
    pub(super) fn circles(&self) -> Vec<Circle<'n>> {
        let reached: BTreeMap<&Path, BTreeSet<&Path>> = self.0.keys().map(|&file| (file, self.reached(file))).collect();
        let mut circles = Vec::new();
        let mut seen = BTreeSet::new();
        for (&file, beyond) in &reached {
            // Only a file of a circle reaches itself.
            if !beyond.contains(file) || !seen.insert(file) {
                continue;
            }
            let files: BTreeSet<&Path> = beyond.iter().copied().filter(|other| reached[other].contains(file)).collect();
            seen.extend(&files);
            circles.push(Circle { needs: self.within(&files), files });
        }
        circles
    }

    /// All files that `file` needs, and that those need, and so on.
    fn reached(&self, file: &'n Path) -> BTreeSet<&'n Path> {
        let mut reached = BTreeSet::new();
        let mut open = vec![file];
        while let Some(next) = open.pop() {
            let needed = self.0.get(next).into_iter().flat_map(BTreeMap::keys);
            open.extend(needed.filter(|needed| reached.insert(**needed)));
        }
        reached
    }

    fn within(&self, files: &BTreeSet<&'n Path>) -> Vec<(&'n Need, usize)> {
        let needs = files.iter().flat_map(|file| &self.0[file]).filter(|(to, _)| files.contains(*to));
        needs.filter_map(|(_, places)| Some((*places.iter().min_by_key(|need| need.line)?, places.len()))).collect()
    }
}
