//! `cargo xtask header`: the wire ABI as a C header, written from host-api/src/abi.rs.
//!
//! cbindgen translates the types. Around them come what it leaves out or prints for other tastes than C's: how the ABI is
//! to be used (the documentation of the module), names without `struct`, opaque handles as incomplete types, versions as
//! macros, the entry's prototype, and the sizes of the golden file as assertions.

use std::ffi::CStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rlx_host_api::abi::{ABI_OLDEST, ENTRY_SYMBOL};

use crate::cargo::Workspace;
use crate::generated;

/// Writes `host-api/include/rlx_backend.h` anew; with `check`, only fails if it is not what would be written.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let folder = workspace.root.join("host-api");
    let header = folder.join("include/rlx_backend.h");
    generated::update(&header, &generate(&folder)?, check, "cargo xtask header")
}

fn generate(folder: &Path) -> Result<String> {
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let source = folder.join("src/abi.rs");
    let golden = read(&folder.join("abi.golden"))?;
    let structs = structs(&golden);
    let ids: String = golden
        .lines()
        .filter_map(|line| line.strip_prefix("const ")?.split_once(' '))
        .filter(|(name, _)| name.ends_with("_ID"))
        .map(|(name, id)| format!("#define {name} \"{id}\"\n"))
        .collect();
    let rules: String = read(&source)?
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .filter(|line| !line.starts_with(" #"))
        .map(|line| format!("{}\n", c_text(&format!("//{line}"))))
        .collect();
    let entry = CStr::from_bytes_with_nul(ENTRY_SYMBOL).context("ENTRY_SYMBOL")?.to_str().context("ENTRY_SYMBOL")?;
    let (major, minor, patch) = (ABI_OLDEST.major, ABI_OLDEST.minor, ABI_OLDEST.patch);
    let names: String = structs
        .iter()
        .filter(|found| found.size.is_some())
        .map(|found| format!("typedef struct {0} {0};\n", found.name))
        .collect();
    let sizes: String = structs
        .iter()
        .filter_map(|found| Some(format!("RLX_ASSERT_SIZE({}, {});\n", found.name, found.size?)))
        .collect();
    let declarations = declarations(&translate(&source, folder, &structs)?);

    Ok(format!(
        r##"{rules}//
// Written by `cargo xtask header` from host-api/src/abi.rs: change that file, not this one.

#ifndef RLX_BACKEND_H
#define RLX_BACKEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/// The ABI version that this header describes, as the initialiser of an `RlxVersion`.
#define RLX_ABI_VERSION {{RLX_ABI_MAJOR, RLX_ABI_MINOR, RLX_ABI_PATCH}}
/// The oldest ABI version that a user of this header can serve or use, likewise.
#define RLX_ABI_OLDEST {{{major}, {minor}, {patch}}}
/// The one symbol that a plugin exports, of type `RlxBackendEntry`.
#define RLX_ENTRY_SYMBOL "{entry}"
/// A string literal as the initialiser of an `RlxStr`.
#define RLX_STR(literal) {{(const uint8_t *)("" literal), sizeof(literal) - 1}}
/// Ids of extensions.
{ids}
{names}
{declarations}
/// Exports a function from a plugin whose other symbols are hidden.
#if defined(_WIN32)
#define RLX_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define RLX_EXPORT __attribute__((visibility("default")))
#else
#define RLX_EXPORT
#endif

/// What a plugin defines. A host does not call it by this name: it looks `RLX_ENTRY_SYMBOL` up in the file it opened.
RLX_EXPORT RlxError *{entry}(const RlxEntryRequest *request, RlxEntryResponse *response);

// The sizes on 64-bit targets, for compilers that can check them.
#if UINTPTR_MAX == UINT64_MAX
#if defined(__cplusplus) && __cplusplus >= 201103L
#define RLX_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " is laid out differently")
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define RLX_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " is laid out differently")
#endif
#endif
#ifdef RLX_ASSERT_SIZE
{sizes}#undef RLX_ASSERT_SIZE
#endif

#ifdef __cplusplus
}}
#endif

#endif
"##
    ))
}

/// A struct of the golden file; opaque ones have no size.
struct Struct {
    name: String,
    size: Option<u64>,
}

/// The structs that the golden file lists, by lines such as `struct RlxStr size 16 align 8`.
fn structs(golden: &str) -> Vec<Struct> {
    let listed = golden.lines().filter_map(|line| line.strip_prefix("struct "));
    listed
        .filter_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let opaque = words.contains(&"(opaque)");
            let size = words.get(2).and_then(|size| size.parse().ok()).filter(|_| !opaque);
            Some(Struct { name: (*words.first()?).to_owned(), size })
        })
        .collect()
}

/// The files of the extension tables, which stand beside the source in a folder of its name.
fn extensions(source: &Path) -> Result<Vec<PathBuf>> {
    let folder = source.with_extension("");
    let entries = fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let mut files: Vec<PathBuf> =
        entries.with_context(|| format!("cannot list {}", folder.display()))?.iter().map(fs::DirEntry::path).collect();
    files.sort();
    Ok(files)
}

/// What cbindgen makes of the source.
fn translate(source: &Path, folder: &Path, structs: &[Struct]) -> Result<String> {
    let settings = folder.join("cbindgen.toml");
    let mut config =
        cbindgen::Config::from_file(&settings).map_err(|error| anyhow::anyhow!("{}: {error}", settings.display()))?;
    // No function uses the types, so cbindgen has to be told that they are wanted.
    config.export.include.extend(structs.iter().map(|found| found.name.clone()));
    config.export.include.push("RlxBackendEntry".to_owned());
    let mut builder = cbindgen::Builder::new().with_config(config).with_src(source);
    for extension in extensions(source)? {
        builder = builder.with_src(extension);
    }
    let bindings = builder.generate().with_context(|| format!("cannot translate {}", source.display()))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).context("cbindgen wrote something that is not UTF-8")
}

/// cbindgen's declarations, tidied for readers of C.
fn declarations(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut source = text.lines().peekable();
    while let Some(line) = source.next() {
        if let Some(name) = opaque(line, source.peek().copied()) {
            lines.push(format!("typedef struct {name} {name};"));
            // The private field and the closing brace.
            source.next();
            source.next();
        } else if line.trim_start() == "/// # Safety" {
            // The paragraph below it says what must hold; the heading is rustdoc's.
            continue;
        } else if line.trim_start().starts_with("///") {
            lines.push(c_text(line));
        } else if line.starts_with("struct ") {
            lines.push(line.to_owned());
        } else {
            lines.push(line.replace("struct Rlx", "Rlx"));
        }
    }
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        // The members of one family of constants stand together.
        if !(line.is_empty() && same_family(&lines[..at], &lines[at..])) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// The name of the opaque struct that starts here: its only field is an empty array.
fn opaque<'a>(line: &'a str, next: Option<&str>) -> Option<&'a str> {
    let name = line.strip_prefix("struct ")?.strip_suffix(" {")?;
    next.filter(|field| field.trim_end().ends_with("[0];")).map(|_| name)
}

/// Whether the constants before and after share the prefix up to the second underscore, as `RLX_DTYPE_F32`.
fn same_family(before: &[String], after: &[String]) -> bool {
    let family = |line: &String| {
        let name = line.strip_prefix("#define ")?.split(' ').next()?;
        Some(name.splitn(3, '_').take(2).collect::<Vec<_>>().join("_"))
    };
    let before = before.last().and_then(family);
    let after = after.iter().find(|line| !line.is_empty() && !line.starts_with("///")).and_then(family);
    before.is_some() && before == after
}

/// Rust documentation as C documentation: links become names, and names become those of the header.
fn c_text(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, after)) = link.split_once("`]") else { break };
        let (path, after) = after
            .strip_prefix('(')
            .and_then(|after| after.split_once(')'))
            .map_or((None, after), |(p, a)| (Some(p), a));
        match (before.strip_suffix(" ("), after.strip_prefix(')')) {
            // A reference in brackets to what only Rust has.
            (Some(before), Some(after)) if path.is_some_and(|path| path.starts_with("crate::")) => {
                out.push_str(before);
                rest = after;
            }
            _ => {
                out.push_str(&format!("{before}`{}`", name.replace("::", ".")));
                rest = after;
            }
        }
    }
    out.push_str(rest);
    // Words of C, which cbindgen marks with an underscore, and constants, which have a prefix in C.
    let names = [
        ("`int`", "`int_`"),
        ("`float`", "`float_`"),
        ("`ABI_VERSION`", "`RLX_ABI_VERSION`"),
        ("`ENTRY_SYMBOL`", "`RLX_ENTRY_SYMBOL`"),
    ];
    names.iter().fold(out, |text, (rust, c)| text.replace(rust, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_reads_as_c() {
        assert_eq!(c_text("/// Argument of [`RlxBackendApi::create`]."), "/// Argument of `RlxBackendApi.create`.");
        assert_eq!(c_text("// may grow ([`Growable`](crate::Growable)), and"), "// may grow, and");
        assert_eq!(c_text("/// `int` of [`ENTRY_SYMBOL`] [x]"), "/// `int_` of `RLX_ENTRY_SYMBOL` [x]");
    }

    #[test]
    fn declarations_name_types_without_struct_and_hide_handles() {
        let text = "/// A.\n#define RLX_A_X 1\n\n/// B.\n#define RLX_A_Y 2\n\n/// C.\n#define RLX_B_Z 3\n\n\
                    /// Opaque.\nstruct RlxH {\n    uint8_t private_[0];\n};\n\n\
                    struct RlxS {\n    struct RlxH *(*make)(const struct RlxS *s);\n};\n";
        let expected = "/// A.\n#define RLX_A_X 1\n/// B.\n#define RLX_A_Y 2\n\n/// C.\n#define RLX_B_Z 3\n\n\
                        /// Opaque.\ntypedef struct RlxH RlxH;\n\n\
                        struct RlxS {\n    RlxH *(*make)(const RlxS *s);\n};\n";
        assert_eq!(declarations(text), expected);
    }

    #[test]
    fn sizes_come_from_the_golden_file() {
        let golden =
            "const X 1\n\nstruct RlxA size 16 align 8\nRlxA.x offset 0 size 8\n\nstruct RlxB size 0 align 1 (opaque)\n";
        let found: Vec<(String, Option<u64>)> = structs(golden).into_iter().map(|s| (s.name, s.size)).collect();
        assert_eq!(found, [("RlxA".to_owned(), Some(16)), ("RlxB".to_owned(), None)]);
    }
}
