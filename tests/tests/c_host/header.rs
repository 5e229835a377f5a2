//! The headers by themselves, under the compilers and standards that their users may have.

use crate::repository;
use std::process::Command;

/// Warnings are errors. From C11 and C++11 on, its assertions about sizes are checked, too.
#[test]
fn the_headers_are_strict_c_and_cpp() {
    // The second includes the first.
    let headers = ["rlx_backend.h", "rlx_array_ops.h"].map(|name| repository("host-api/include").join(name));
    let compilers =
        [("CC", "cc", "c", &["c99", "c11", "c17"][..]), ("CXX", "c++", "c++", &["c++11", "c++17", "c++20"])];
    for (variable, default, language, standards) in compilers {
        for standard in standards {
            let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| default.into()));
            command.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", &format!("-std={standard}")]);
            let output = command.args(["-x", language]).args(&headers).output().unwrap();
            assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// The look-up of array operations that C does in a table of its own.
#[test]
fn array_operations_are_found_by_name_and_signature() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("array_ops");
    let mut command = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    command.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"]).arg(repository("host-api/include"));
    let output = command.arg(repository("tests/c/array_ops.c")).arg("-o").arg(&program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The assertions are there: a header in which a struct has grown does not compile.
#[test]
fn a_struct_of_another_size_does_not_compile() {
    let text = std::fs::read_to_string(repository("host-api/include/rlx_backend.h")).unwrap();
    let grown = text.replacen("struct RlxRunArgs {\n", "struct RlxRunArgs {\n    uint64_t extra;\n", 1);
    assert_ne!(grown, text);
    let folder = tempfile::tempdir().unwrap();
    let header = folder.path().join("grown.h");
    std::fs::write(&header, grown).unwrap();
    let mut command = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    let output = command.args(["-std=c11", "-fsyntax-only", "-x", "c"]).arg(&header).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("RlxRunArgs is laid out differently"), "{stderr}");
}
