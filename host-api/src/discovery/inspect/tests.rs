//! What lies under a plugin's name without being one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use super::*;
use crate::discovery::library::Format;
use std::path::PathBuf;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn refusal(&self, name: &str, bytes: &[u8]) -> Refusal {
        std::fs::write(self.path(name), bytes).unwrap();
        inspect(&self.path(name)).unwrap_err()
    }
}

#[test]
fn what_is_not_a_file_is_named() {
    let folder = Folder::new();
    assert_eq!(inspect(&folder.path("absent.so")).unwrap_err(), Refusal::NotFound);
    std::fs::create_dir(folder.path("folder.so")).unwrap();
    assert_eq!(inspect(&folder.path("folder.so")).unwrap_err(), Refusal::NotAFile { what: "folder" });
    assert_eq!(folder.refusal("empty.so", b""), Refusal::Empty);
    assert_eq!(inspect(&folder.path("empty.so/below.so")).unwrap_err(), Refusal::NotFound);
}

#[cfg(unix)]
#[test]
fn links_pipes_and_devices_are_not_opened() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    symlink("nowhere.so", folder.path("link.so")).unwrap();
    assert_eq!(inspect(&folder.path("link.so")).unwrap_err(), Refusal::DanglingLink { target: "nowhere.so".into() });
    symlink("round.so", folder.path("round.so")).unwrap();
    assert_eq!(inspect(&folder.path("round.so")).unwrap_err(), Refusal::DanglingLink { target: "round.so".into() });
    symlink("/dev/null", folder.path("device.so")).unwrap();
    assert_eq!(inspect(&folder.path("device.so")).unwrap_err(), Refusal::NotAFile { what: "device" });
    let pipe = folder.path("pipe.so");
    let name = std::ffi::CString::new(pipe.as_os_str().as_bytes()).unwrap();
    // SAFETY: the name is a C string.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    assert_eq!(inspect(&pipe).unwrap_err(), Refusal::NotAFile { what: "pipe" });
    let _listener = std::os::unix::net::UnixListener::bind(folder.path("socket.so")).unwrap();
    assert_eq!(inspect(&folder.path("socket.so")).unwrap_err(), Refusal::NotAFile { what: "socket" });
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::create_dir(folder.path("closed")).unwrap();
    let file = folder.path("closed/librlx_a.so");
    std::fs::write(&file, b"text").unwrap();
    let expect = |path: &Path| match inspect(&file) {
        Err(Refusal::Unreadable { path: found, .. }) => assert_eq!(found, path),
        // root reads everything.
        Err(Refusal::NotALibrary { .. }) => assert_eq!(user(), 0),
        other => panic!("{other:?}"),
    };
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    set(&file, 0o000);
    expect(&file);
    set(&folder.path("closed"), 0o600);
    expect(&folder.path("closed"));
    set(&folder.path("closed"), 0o700);
}

#[cfg(unix)]
fn user() -> u32 {
    // SAFETY: takes nothing, gives a number and cannot fail.
    unsafe { libc::geteuid() }
}

#[test]
fn other_formats_are_named() {
    let folder = Folder::new();
    let text = folder.refusal("text.so", b"#!/bin/sh\n");
    assert_eq!(text, Refusal::NotALibrary { magic: "`#!/bin/s`".to_owned() });
    let java = folder.refusal("java.so", b"\xca\xfe\xba\xbe\0\0\0\x34");
    assert!(matches!(java, Refusal::NotALibrary { .. }));
    assert!(matches!(folder.refusal("short.so", b"\x7fE"), Refusal::NotALibrary { .. }));
    for (start, name) in [
        (&b"\x7fELF\x02\x01\x01\0"[..], Format::Elf),
        (b"\xcf\xfa\xed\xfe\x0c\0\0\x01", Format::MachO),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", Format::MachO),
        (b"MZ\x90\0\x03\0\0\0", Format::Pe),
    ] {
        assert_eq!(Format::of(start), Some(name));
        if name != Format::NATIVE {
            let (found, expected) = (name.to_string(), Format::NATIVE.to_string());
            assert_eq!(folder.refusal("other.so", start), Refusal::WrongFormat { found, expected });
        }
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_library_without_the_entry_is_no_plugin() {
    use crate::discovery::elf::sample::Sample;
    let folder = Folder::new();
    assert_eq!(folder.refusal("library.so", &Sample::default().build()), Refusal::NoEntrySymbol);
    let other = Sample { exports: Some("rlx_backend_entr"), ..Sample::default() };
    assert_eq!(folder.refusal("other.so", &other.build()), Refusal::NoEntrySymbol);
    let plugin = Sample { exports: Some("rlx_backend_entry"), ..Sample::default() };
    std::fs::write(folder.path("plugin.so"), plugin.build()).unwrap();
    assert!(inspect(&folder.path("plugin.so")).unwrap().libraries.is_empty());
}
