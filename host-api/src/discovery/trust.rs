//! Who could have changed a plugin: nobody but root and this user may be able to write to it, to the libraries beside it,
//! or to a folder through which it is reached. Owners and modes are looked at, access control lists are not.
//!
//! On Windows this is not checked: files there have lists of permissions in the place of an owner and a mode, and the
//! folders that are searched belong to the user or to administrators.

use super::refusal::Refusal;
use std::path::{Path, PathBuf};

/// Checks that nobody else can have changed the plugin `file`, found below the search folder `root`, or one of the
/// libraries in its folder.
///
/// # Errors
/// The file or folder that others can change, and who they are.
#[cfg(unix)]
pub(super) fn check(file: &Path, root: &Path, bundled: &[PathBuf]) -> Result<(), Refusal> {
    std::iter::once(file).chain(bundled.iter().map(PathBuf::as_path)).try_for_each(|file| unix::check(file, root))
}

/// Checks nothing.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub(super) fn check(_file: &Path, _root: &Path, _bundled: &[PathBuf]) -> Result<(), Refusal> {
    Ok(())
}

/// Whether this process has privileges that its user has not, so that the user's environment and folders must not decide
/// what it loads.
pub(super) fn elevated() -> bool {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: takes a number, gives a number; the kernel sets this one when it raised privileges, file capabilities
        // included.
        let by_kernel = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
        by_kernel || unix::ids_differ()
    }
    #[cfg(all(target_vendor = "apple", unix))]
    {
        // SAFETY: takes nothing, gives a number.
        unsafe { libc::issetugid() != 0 }
    }
    #[cfg(all(unix, not(any(target_os = "linux", target_vendor = "apple"))))]
    {
        unix::ids_differ()
    }
    #[cfg(not(unix))]
    {
        false
    }
}

#[cfg(unix)]
mod unix {
    use super::Refusal;
    use std::collections::VecDeque;
    use std::ffi::OsString;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Component, Path, PathBuf};

    const GROUP_WRITE: u32 = 0o020;
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    const ROOT: u32 = 0;
    /// Links that are followed on the way to one file: as many as Linux follows.
    const LINKS: u32 = 40;

    #[cfg(not(target_vendor = "apple"))]
    pub(super) fn ids_differ() -> bool {
        // SAFETY: these four take nothing, give a number and cannot fail.
        unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() }
    }

    fn user() -> u32 {
        // SAFETY: takes nothing, gives a number and cannot fail.
        unsafe { libc::geteuid() }
    }

    /// Checks `file` and the folders from its own up to `root`. Where links lead out of `root`, also what they lead to
    /// and all folders above that.
    pub(super) fn check(file: &Path, root: &Path) -> Result<(), Refusal> {
        let real_root = root.canonicalize().map_err(|e| unreadable(root, &e))?;
        check_entry(&real_root, false)?;
        // Below the root each step is looked at; a file that is given by another path is not below it as it stands.
        let (mut place, rest) = match file.strip_prefix(root).or_else(|_| file.strip_prefix(&real_root)) {
            Ok(rest) => (real_root.clone(), rest.to_owned()),
            Err(_) => (PathBuf::from("/"), file.to_owned()),
        };
        let mut steps: VecDeque<OsString> = names(&rest);
        let mut links = 0;
        while let Some(step) = steps.pop_front() {
            if step == ".." {
                place.pop();
                continue;
            }
            let entry = place.join(&step);
            if entry.starts_with(&real_root) {
                check_entry(&entry, false)?;
            } else {
                entry.ancestors().try_for_each(|path| check_entry(path, true))?;
            }
            let Ok(target) = entry.read_link() else {
                place = entry;
                continue;
            };
            links += 1;
            if links > LINKS {
                let reason = "too many symbolic links".to_owned();
                return Err(Refusal::Unreadable { path: file.to_owned(), reason });
            }
            if target.is_absolute() {
                place = PathBuf::from("/");
            }
            let mut onward = names(&target);
            onward.append(&mut steps);
            steps = onward;
        }
        Ok(())
    }

    /// The names on the way of `path`.
    fn names(path: &Path) -> VecDeque<OsString> {
        let step = |component: Component<'_>| match component {
            Component::Normal(_) | Component::ParentDir => Some(component.as_os_str().to_owned()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        };
        path.components().filter_map(step).collect()
    }

    /// Checks one file, folder or link. Others may add entries to a sticky folder, such as `/tmp`, but not replace those
    /// of other owners: outside the search folder, where only the entries on the way matter, that is enough.
    fn check_entry(path: &Path, sticky_is_enough: bool) -> Result<(), Refusal> {
        let data = path.symlink_metadata().map_err(|e| unreadable(path, &e))?;
        let access = Access { owner: data.uid(), group: data.gid(), mode: data.mode() & 0o7777 };
        access.verdict(path, user(), sticky_is_enough && data.is_dir(), data.is_symlink())
    }

    fn unreadable(path: &Path, error: &std::io::Error) -> Refusal {
        Refusal::Unreadable { path: path.to_owned(), reason: error.to_string() }
    }

    /// Owner and mode of a file.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Access {
        pub(super) owner: u32,
        pub(super) group: u32,
        pub(super) mode: u32,
    }

    impl Access {
        /// What `user` is to think of it. A link has no mode of its own: the folder says who may replace it.
        pub(super) fn verdict(self, path: &Path, user: u32, sticky_is_enough: bool, link: bool) -> Result<(), Refusal> {
            if self.owner != ROOT && self.owner != user {
                return Err(Refusal::ForeignOwner { path: path.to_owned(), owner: self.owner, user });
            }
            if link || (sticky_is_enough && self.mode & STICKY != 0) {
                return Ok(());
            }
            let writable =
                |who: String| Refusal::WritableByOthers { path: path.to_owned(), who, mode: self.mode & 0o777 };
            if self.mode & OTHERS_WRITE != 0 {
                return Err(writable("everyone".to_owned()));
            }
            // Where each user has a private group of the same number, files are made group-writable (umask 002).
            if self.mode & GROUP_WRITE != 0 && self.group != ROOT && self.group != user {
                return Err(writable(format!("group {}", self.group)));
            }
            Ok(())
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
