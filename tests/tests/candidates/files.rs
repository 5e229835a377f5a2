//! Files that are no shared library, none for this machine, or none that is a plugin.

use crate::bundle::system_library;
use crate::elf::{self, dynamic_symbol, replaced, with_byte, with_u16};
use crate::fixture::bytes;
use crate::folder::Folder;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

/// A number of `e_machine` that is not this processor's.
const OTHER_MACHINE: (u16, &str) = if cfg!(target_arch = "x86_64") { (183, "aarch64") } else { (62, "x86_64") };

#[test]
fn what_is_no_library_is_told_from_what_is_a_damaged_one() {
    let folder = Folder::new();
    folder.write("librlx_empty.so", "");
    folder.write("librlx_text.so", "INPUT ( libm.so.6 )\n");
    // A fixed seed is enough: no seed makes these an ELF file.
    let noise: Vec<u8> = rlx_mlx_tests::tensor::Tensor::random(&[1000], 7).bytes();
    folder.write("librlx_noise.so", &noise);
    folder.write("librlx_archive.so", "!<arch>\nplugin.o/       0           0     0     644     0         `\n");
    folder.assert_refused_unopened(&[
        ("librlx_empty.so", "empty", &["the file is empty", "copy the plugin again"]),
        ("librlx_text.so", "not-a-library", &["INPUT", "not a shared library"]),
        ("librlx_noise.so", "not-a-library", &["first bytes"]),
        ("librlx_archive.so", "not-a-library", &["!<arch>"]),
    ]);
}

#[test]
fn a_truncated_library_is_damaged_wherever_it_ends() {
    let folder = Folder::new();
    let whole = bytes("");
    let lengths = [
        ("librlx_cut_0.so", 4),
        ("librlx_cut_1.so", 63),
        ("librlx_cut_2.so", 300),
        ("librlx_cut_3.so", 4096),
        ("librlx_cut_4.so", elf::dynamic_section(&whole).start + 8),
        ("librlx_cut_5.so", whole.len() / 2),
        ("librlx_cut_6.so", elf::section_headers(&whole).end - 1),
    ];
    for (name, length) in lengths {
        folder.write(name, &whole[..length]);
    }
    folder.assert_refused_unopened(&lengths.map(|(name, _)| (name, "damaged", &["the library is damaged"][..])));
}

#[test]
fn a_library_for_another_machine_names_both() {
    let folder = Folder::new();
    let (machine, name) = OTHER_MACHINE;
    folder.write("librlx_machine.so", with_u16(bytes(""), elf::MACHINE, machine));
    folder.write("librlx_unheard.so", with_u16(bytes(""), elf::MACHINE, 0xfeed));
    folder.write("librlx_narrow.so", with_byte(bytes(""), elf::CLASS, 1));
    folder.write("librlx_big.so", with_byte(bytes(""), elf::DATA, 2));
    folder.write("librlx_macho.so", [&[0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1][..], &[0; 64]].concat());
    folder.write("librlx_windows.so", [&b"MZ\x90\0"[..], &[0; 124]].concat());
    folder.assert_refused_unopened(&[
        ("librlx_machine.so", "wrong-architecture", &[name, std::env::consts::ARCH]),
        ("librlx_unheard.so", "wrong-architecture", &["65261", std::env::consts::ARCH]),
        ("librlx_narrow.so", "wrong-architecture", &["32-bit"]),
        ("librlx_big.so", "wrong-architecture", &["big-endian"]),
        ("librlx_macho.so", "wrong-format", &["Mach-O", "ELF"]),
        ("librlx_windows.so", "wrong-format", &["Windows", "ELF"]),
    ]);
}

#[test]
fn an_elf_file_that_is_no_shared_library_is_named_for_what_it_is() {
    let folder = Folder::new();
    folder.write("librlx_program.so", std::fs::read("/proc/self/exe").unwrap());
    folder.write("librlx_fixed.so", with_u16(bytes(""), elf::TYPE, 2));
    folder.write("librlx_object.so", with_u16(bytes(""), elf::TYPE, 1));
    folder.write("librlx_core.so", with_u16(bytes(""), elf::TYPE, 4));
    folder.assert_refused_unopened(&[
        ("librlx_program.so", "not-shared", &["an executable", "cdylib"]),
        ("librlx_fixed.so", "not-shared", &["an executable"]),
        ("librlx_object.so", "not-shared", &["an object file"]),
        ("librlx_core.so", "not-shared", &["a core dump"]),
    ]);
}

#[test]
fn what_is_no_file_is_never_opened() {
    let folder = Folder::new();
    folder.subfolder("librlx_folder.so");
    // Opening a pipe without a writer would block for ever.
    let pipe = folder.path("librlx_pipe.so");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _socket = UnixListener::bind(folder.path("librlx_socket.so")).unwrap();
    symlink("/dev/zero", folder.path("librlx_device.so")).unwrap();
    symlink("nowhere/at/all", folder.path("librlx_dangling.so")).unwrap();
    symlink("librlx_loop.so", folder.path("librlx_loop.so")).unwrap();
    symlink("librlx_good.so/below", folder.path("librlx_below.so")).unwrap();
    folder.assert_refused_unopened(&[
        ("librlx_folder.so", "not-a-file", &["a folder"]),
        ("librlx_pipe.so", "not-a-file", &["a pipe"]),
        ("librlx_socket.so", "not-a-file", &["a socket"]),
        ("librlx_device.so", "not-a-file", &["a device"]),
        ("librlx_dangling.so", "dangling-link", &["nowhere/at/all", "leads nowhere"]),
        ("librlx_loop.so", "dangling-link", &["librlx_loop.so", "leads nowhere"]),
        ("librlx_below.so", "dangling-link", &["librlx_good.so/below", "leads nowhere"]),
    ]);
}

#[test]
fn a_library_without_the_entry_is_no_plugin() {
    let folder = Folder::new();
    folder.write("librlx_system.so", std::fs::read(system_library()).unwrap());
    let whole = bytes("");
    let entry = dynamic_symbol(&whole, "rlx_backend_entry");
    // What is sought elsewhere has no value either.
    let mut imported = with_u16(whole.clone(), entry + elf::SYMBOL_SECTION, 0);
    imported[entry + elf::SYMBOL_VALUE..][..8].fill(0);
    folder.write("librlx_imported.so", imported);
    // An object of global binding.
    folder.write("librlx_data.so", with_byte(whole.clone(), entry + elf::SYMBOL_INFO, 0x11));
    folder.write("librlx_local.so", with_byte(whole.clone(), entry + elf::SYMBOL_INFO, 0x02));
    folder.write("librlx_renamed.so", replaced(whole, b"\0rlx_backend_entry\0", b"\0rlx_backend_Entry\0"));
    let no_entry: &[&str] = &["`rlx_backend_entry`", "not an RLX plugin", "export_plugin!"];
    folder.assert_refused_unopened(&[
        ("librlx_system.so", "no-entry-symbol", no_entry),
        ("librlx_imported.so", "no-entry-symbol", no_entry),
        ("librlx_data.so", "no-entry-symbol", no_entry),
        ("librlx_local.so", "no-entry-symbol", no_entry),
        // The hash of the old name still stands in the table.
        ("librlx_renamed.so", "damaged", &["symbol hash table"]),
    ]);
}
