//! Opens files of which nothing is known: regular ones on a disk alone, without waiting for anything.
//!
//! A plugin's folder may hold links to whatever there is. Opening a pipe waits for its writer, and what looks like a regular
//! file may be a view of the kernel: reading `/proc/kmsg` waits for the next message, for ever if need be.

use std::fmt;
use std::fs::{File, FileType, Metadata};
use std::io;
use std::path::Path;

/// Why a file is not opened.
#[derive(Debug)]
pub(super) enum Closed {
    /// It is no file on a disk; the text says what it is.
    NotAFile(&'static str),
    /// The system's answer.
    System(io::Error),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile(what) => write!(f, "it is a {what}, not a file"),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<Closed> for io::Error {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::System(error) => error,
            Closed::NotAFile(_) => Self::other(closed.to_string()),
        }
    }
}

/// What `path` is, if it is a regular file on a disk; nothing is opened.
pub(super) fn look(path: &Path) -> Result<Metadata, Closed> {
    let data = path.metadata()?;
    check_regular(data.file_type())?;
    #[cfg(target_os = "linux")]
    check_on_disk(&linux::file_system(path)?)?;
    Ok(data)
}

/// Opens the regular file at `path` with the number of bytes that it has. No more than these are to be read: a file that
/// something writes to has no end.
pub(super) fn open(path: &Path) -> Result<(File, u64), Closed> {
    look(path)?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Another file may have taken the name since.
        options.custom_flags(libc::O_NONBLOCK);
    }
    let file = options.open(path)?;
    let data = file.metadata()?;
    check_regular(data.file_type())?;
    #[cfg(target_os = "linux")]
    check_on_disk(&linux::file_system_of(&file)?)?;
    Ok((file, data.len()))
}

fn check_regular(kind: FileType) -> Result<(), Closed> {
    if kind.is_file() { Ok(()) } else { Err(Closed::NotAFile(name(kind))) }
}

fn name(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "pipe";
        }
        if kind.is_socket() {
            return "socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "device";
        }
    }
    if kind.is_dir() { "folder" } else { "special file" }
}

#[cfg(target_os = "linux")]
fn check_on_disk(file_system: &libc::statfs) -> Result<(), Closed> {
    if linux::is_kernels_own(file_system) { Err(Closed::NotAFile("view of the kernel's data")) } else { Ok(()) }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{CString, c_int};
    use std::fs::File;
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::AsRawFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    pub(super) fn file_system(path: &Path) -> io::Result<libc::statfs> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: the path is a C string, and the buffer is writable.
        filled(|out| unsafe { libc::statfs(path.as_ptr(), out) })
    }

    pub(super) fn file_system_of(file: &File) -> io::Result<libc::statfs> {
        // SAFETY: the descriptor is open, and the buffer is writable.
        filled(|out| unsafe { libc::fstatfs(file.as_raw_fd(), out) })
    }

    fn filled(call: impl Fn(*mut libc::statfs) -> c_int) -> io::Result<libc::statfs> {
        let mut out = MaybeUninit::<libc::statfs>::zeroed();
        while call(out.as_mut_ptr()) != 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        // SAFETY: all of it are numbers, which zero is, too.
        Ok(unsafe { out.assume_init() })
    }

    /// Whether the files of a file system are made up by the kernel when they are read.
    pub(super) fn is_kernels_own(file_system: &libc::statfs) -> bool {
        let known: [libc::c_long; 12] = [
            libc::PROC_SUPER_MAGIC as _,
            libc::SYSFS_MAGIC as _,
            libc::DEBUGFS_MAGIC as _,
            libc::TRACEFS_MAGIC as _,
            libc::CGROUP_SUPER_MAGIC as _,
            libc::CGROUP2_SUPER_MAGIC as _,
            libc::SECURITYFS_MAGIC as _,
            libc::SELINUX_MAGIC as _,
            libc::SMACK_MAGIC as _,
            libc::BPF_FS_MAGIC as _,
            libc::DEVPTS_SUPER_MAGIC as _,
            libc::NSFS_MAGIC as _,
        ];
        // Numbers of 32 bits, which the field holds with or without a sign.
        known.iter().any(|known| *known as u32 == file_system.f_type as u32)
    }
}
