//! The private folder inside a plugin folder, and the one step that puts a bundle in its place or takes it out.

use crate::files::{failed, make_folder, sync_folder};
use rlx_host_api::Error;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

/// The folder inside a plugin folder where bundles are unpacked. Hosts look into it, but not into the folders in it.
pub const PRIVATE_FOLDER: &str = ".rlx-install";

/// One process's turn to change a plugin folder. What is in its private folder is deleted when it begins and when it ends.
pub(crate) struct Turn {
    private: PathBuf,
    // Held, and let go by the system when the process ends.
    _lock: File,
}

impl Turn {
    /// Waits for the turn in `folder`, which is there.
    ///
    /// # Errors
    /// When this user cannot write there.
    pub(crate) fn begin(folder: &Path) -> Result<Self, Error> {
        let private = folder.join(PRIVATE_FOLDER);
        make_folder(&private)?;
        let path = private.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.and_then(|lock| lock.lock().map(|()| lock)).map_err(|error| failed("lock", &path, &error))?;
        let turn = Self { private, _lock: lock };
        turn.sweep()?;
        Ok(turn)
    }

    /// Where a new bundle is unpacked: the folder that its own will lie in.
    pub(crate) fn incoming(&self) -> PathBuf {
        self.private.join("incoming")
    }

    /// Moves the folder `incoming` to `place`, at once; a bundle that is there goes. Whether one was there.
    ///
    /// # Errors
    /// When it cannot be moved; all is as before then.
    pub(crate) fn put(&self, incoming: &Path, place: &Path) -> Result<bool, Error> {
        let replaces = place.symlink_metadata().is_ok();
        if replaces {
            exchange(incoming, place).map_err(|error| {
                Error::invalid(format!(
                    "cannot exchange {}: {error}; remove the installed build first",
                    place.display()
                ))
            })?;
        } else {
            fs::rename(incoming, place).map_err(|error| failed("move the bundle to", place, &error))?;
        }
        place.parent().into_iter().for_each(sync_folder);
        Ok(replaces)
    }

    /// Takes the bundle `place` out of its folder, at once.
    ///
    /// # Errors
    /// When it cannot be moved; all is as before then.
    pub(crate) fn take(&self, place: &Path) -> Result<(), Error> {
        fs::rename(place, self.private.join("outgoing")).map_err(|error| failed("remove", place, &error))?;
        place.parent().into_iter().for_each(sync_folder);
        Ok(())
    }

    /// Deletes all but the lock, which others may wait for.
    fn sweep(&self) -> Result<(), Error> {
        for name in ["incoming", "outgoing"] {
            let path = self.private.join(name);
            let Ok(data) = path.symlink_metadata() else { continue };
            // Where a developer linked a bundle into the folder, the link alone was moved here.
            let deleted = if data.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            deleted.map_err(|error| failed("delete", &path, &error))?;
        }
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // What cannot be deleted now is tried again by the next turn.
        let _ = self.sweep();
    }
}

/// Exchanges two folders in one step, so that there is no moment without one.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("this system has no such step"))
}
