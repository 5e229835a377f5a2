//! The header by itself, under the compilers and standards that its users may have.

use crate::repository;
use std::process::Command;

/// Warnings are errors. From C11 and C++11 on, its assertions about sizes are checked, too.
#[test]
fn the_header_is_strict_c_and_cpp() {
    let header = repository("host-api/include/rlx_backend.h");
    let compilers =
        [("CC", "cc", "c", &["c99", "c11", "c17"][..]), ("CXX", "c++", "c++", &["c++11", "c++17", "c++20"])];
    for (variable, default, language, standards) in compilers {
        for standard in standards {
            let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| default.into()));
            command.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", &format!("-std={standard}")]);
            let output = command.args(["-x", language]).arg(&header).output().unwrap();
            assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
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
