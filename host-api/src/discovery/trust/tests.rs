//! Folders and files that others could change, each alone among sound ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use super::unix::Access;
use super::*;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

/// A search folder with one bundle: `root/bundle/plugin.so` and `lib.so`; beside it `outside/real.so`.
struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new() -> Self {
        let tree = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["root", "root/bundle", "outside"] {
            std::fs::create_dir(tree.path(folder)).unwrap();
            tree.set(folder, 0o755);
        }
        for file in ["root/bundle/plugin.so", "root/bundle/lib.so", "outside/real.so"] {
            std::fs::write(tree.path(file), b"").unwrap();
            tree.set(file, 0o644);
        }
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn set(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn check(&self, file: &str) -> Result<(), Refusal> {
        check(&self.path(file), &self.path("root"), &[self.path("root/bundle/lib.so")])
    }

    /// What others can write to, by the verdict on `file`.
    fn writable(&self, file: &str) -> PathBuf {
        match self.check(file) {
            Err(Refusal::WritableByOthers { path, who, .. }) => {
                assert_eq!(who, "everyone");
                path
            }
            other => panic!("{other:?}"),
        }
    }
}

const PLUGIN: &str = "root/bundle/plugin.so";

#[test]
fn each_step_up_to_the_root_counts() {
    let tree = Tree::new();
    tree.check(PLUGIN).unwrap();
    for step in [PLUGIN, "root/bundle/lib.so", "root/bundle", "root"] {
        let mode = tree.path(step).metadata().unwrap().permissions().mode();
        tree.set(step, mode | 0o002);
        assert_eq!(tree.writable(PLUGIN), tree.path(step));
        // Below the root a sticky folder is no help: others could add a plugin.
        if tree.path(step).is_dir() {
            tree.set(step, mode | 0o1002);
            assert_eq!(tree.writable(PLUGIN), tree.path(step));
        }
        tree.set(step, mode);
    }
    tree.set("outside", 0o777);
    tree.check(PLUGIN).unwrap();
}

#[test]
fn links_are_followed_to_what_they_name() {
    let tree = Tree::new();
    symlink("../../outside/real.so", tree.path("root/bundle/link.so")).unwrap();
    symlink(tree.path("outside"), tree.path("root/linked")).unwrap();
    symlink(tree.path("outside/hop.so"), tree.path("root/bundle/far.so")).unwrap();
    symlink(tree.path(PLUGIN), tree.path("outside/hop.so")).unwrap();
    let files = ["root/bundle/link.so", "root/linked/real.so", "root/bundle/far.so"];
    for file in files {
        tree.check(file).unwrap();
    }
    tree.set("outside", 0o777);
    for file in files {
        // The last of them only passes through this folder on its way back.
        assert_eq!(tree.writable(file), tree.path("outside"));
    }
    // Outside the root others may add entries, if they cannot replace these.
    tree.set("outside", 0o1777);
    for file in files {
        tree.check(file).unwrap();
    }
    tree.set("outside/real.so", 0o666);
    assert_eq!(tree.writable("root/bundle/link.so"), tree.path("outside/real.so"));
    symlink("round.so", tree.path("root/round.so")).unwrap();
    assert!(matches!(tree.check("root/round.so"), Err(Refusal::Unreadable { .. })));
    assert!(matches!(tree.check("root/absent.so"), Err(Refusal::Unreadable { .. })));
}

#[test]
fn a_root_that_is_a_link_is_the_folder_that_it_names() {
    let tree = Tree::new();
    symlink("root", tree.path("alias")).unwrap();
    let check_alias = || check(&tree.path("alias/bundle/plugin.so"), &tree.path("alias"), &[tree.path(PLUGIN)]);
    check_alias().unwrap();
    tree.set("root/bundle", 0o757);
    assert!(matches!(check_alias(), Err(Refusal::WritableByOthers { path, .. }) if path == tree.path("root/bundle")));
}

#[test]
fn owners_and_groups_are_weighed() {
    let verdict = |owner, group, mode| {
        Access { owner, group, mode }.verdict(Path::new("file"), 1000, false, false).map_err(|refusal| match refusal {
            Refusal::ForeignOwner { owner, user: 1000, .. } => format!("owner {owner}"),
            Refusal::WritableByOthers { who, .. } => who,
            other => panic!("{other}"),
        })
    };
    for (owner, group, mode) in
        [(1000, 1000, 0o644), (0, 0, 0o755), (1000, 50, 0o755), (1000, 1000, 0o664), (0, 0, 0o775)]
    {
        assert_eq!(verdict(owner, group, mode), Ok(()), "{owner}:{group} {mode:o}");
    }
    assert_eq!(verdict(1001, 1000, 0o600), Err("owner 1001".to_owned()));
    assert_eq!(verdict(1000, 1000, 0o646), Err("everyone".to_owned()));
    assert_eq!(verdict(1000, 50, 0o664), Err("group 50".to_owned()));
    let link = |owner| Access { owner, group: 50, mode: 0o777 }.verdict(Path::new("link"), 1000, false, true);
    assert_eq!(link(1000), Ok(()));
    assert!(link(1001).is_err());
}

#[test]
fn files_of_other_users_are_refused() {
    let tree = Tree::new();
    for step in [PLUGIN, "root/bundle/lib.so", "root/bundle", "root"] {
        // Only root can give files away; elsewhere the weighing of owners is tested above.
        if chown(tree.path(step), Some(4242), None).is_err() {
            return;
        }
        match tree.check(PLUGIN) {
            Err(Refusal::ForeignOwner { path, owner: 4242, .. }) => assert_eq!(path, tree.path(step)),
            other => panic!("{other:?}"),
        }
        chown(tree.path(step), Some(0), None).unwrap();
    }
}

#[test]
fn tests_run_without_elevated_privileges() {
    assert!(!elevated());
}
