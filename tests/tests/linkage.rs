//! What is linked to what, read with the system's own tools: hosts know nothing of MLX, and the plugin exports nothing
//! but its entry, the BLAS functions that it forwards and the allocator that it checks.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_host_api::{BackendOptions, CompileOptions, runtime};
use rlx_ir::{DType, Graph, GraphExt, Shape};
use rlx_mlx_tests::{plugin, rlx_run};
use rlx_runtime::{Device, Session};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a tool prints about `file`; it must be there and succeed.
fn tool(name: &str, args: &[&str], file: &Path) -> String {
    let output = match Command::new(name).args(args).arg(file).env("LC_ALL", "C").output() {
        Ok(output) => output,
        Err(error) => panic!("cannot run {name}: {error}; it comes with every C++ compiler"),
    };
    assert!(output.status.success(), "{name} {}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Names in the dynamic symbol table, without versions.
fn symbols(which: &str, file: &Path) -> BTreeSet<String> {
    let table = tool("nm", &["-D", which, "--format=posix"], file);
    let names = table.lines().filter_map(|line| line.split_whitespace().next());
    names.map(|name| name.split('@').next().unwrap_or(name).to_owned()).collect()
}

fn staged() -> PathBuf {
    plugin::folder().join("rlx_mlx").canonicalize().unwrap()
}

fn staged_plugin() -> PathBuf {
    staged().join("librlx_mlx.so")
}

/// The bundled library whose name begins so; it ends in the hash of the wheel that it comes from.
fn bundled(name: &str) -> PathBuf {
    let mut files = staged().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let found = files.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(&format!("{name}-")));
    found.unwrap_or_else(|| panic!("no {name}-*.so in {}", staged().display()))
}

/// Names of libraries, and where they were found.
fn libraries(file: &Path) -> Vec<(String, Option<PathBuf>)> {
    let list = tool("ldd", &[], file);
    let entries = list.lines().map(str::trim).filter(|line| !line.is_empty());
    entries
        .map(|line| match line.split_once(" => ") {
            Some((name, path)) if path.starts_with('/') => {
                (name.to_owned(), Some(path.split(" (").next().unwrap().into()))
            }
            Some((name, _)) => (name.to_owned(), None),
            // The loader itself and the kernel's library.
            None => {
                let name = line.split(" (").next().unwrap();
                (name.to_owned(), Some(name.into()))
            }
        })
        .collect()
}

/// Asserts that neither `ldd` nor `nm -DC` of a host mentions MLX. Only names of libraries count: the path of a checkout
/// may well hold the word.
fn assert_knows_no_mlx(host: &Path) {
    let names: Vec<String> = libraries(host).into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().any(|name| name.starts_with("libc.so")), "this is not a dynamic program: {names:?}");
    let table = tool("nm", &["-D", "-C"], host);
    assert!(table.contains("dlopen"), "a host opens plugins: {table}");
    for name in names.iter().map(String::as_str).chain(table.lines()) {
        let name = name.to_lowercase();
        assert!(!name.contains("mlx") && !name.contains("blas"), "{} mentions {name}", host.display());
    }
}

#[test]
fn rlx_run_knows_no_mlx() {
    assert_knows_no_mlx(&rlx_run::program());
}

/// This program uses the published rlx-runtime and computes on `Device::Mlx`, and still it links no MLX.
#[test]
fn a_program_with_the_published_runtime_knows_no_mlx() {
    let plugin = plugin::registry().find("mlx").expect("the staged plugin");
    runtime::register(&plugin, &BackendOptions::new(), &CompileOptions::new()).expect("registered");
    let mut graph = Graph::new("double");
    let x = graph.input("x", Shape::new(&[2], DType::F32));
    let sum = graph.add(x, x);
    graph.set_outputs(vec![sum]);
    let mut compiled = Session::new(Device::Mlx).compile(graph);
    assert_eq!(compiled.run(&[("x", &[1.0, 2.5])]), [[2.0, 5.0]]);
    assert_knows_no_mlx(&std::env::current_exe().unwrap());
}

/// A forwarder is due for every function that libmlx imports and OpenBLAS has; anything else stays inside.
#[test]
fn the_plugin_exports_its_entry_the_blas_forwarders_and_the_allocator() {
    let offered = symbols("--defined-only", &bundled("libscipy_openblas"));
    let imported = symbols("--undefined-only", &bundled("libmlx"));
    let mut expected: BTreeSet<String> =
        imported.into_iter().filter(|name| offered.contains(&format!("scipy_{name}"))).collect();
    assert!(expected.contains("cblas_sgemm"), "libmlx multiplies through BLAS: {expected:?}");
    assert!(expected.contains("sgesdd_"), "libmlx factorizes through LAPACK: {expected:?}");
    expected.insert("rlx_backend_entry".to_owned());
    // libmlx calls it too, so that the plugin's comes before its own.
    const ALLOCATOR: &str = "_ZN3mlx4core9allocator9allocatorEv";
    let called = tool("readelf", &["-rW"], &bundled("libmlx"));
    assert!(called.lines().any(|line| line.contains("JUMP_SLO") && line.contains(ALLOCATOR)), "calls of {ALLOCATOR}");
    expected.insert(ALLOCATOR.to_owned());
    assert_eq!(symbols("--defined-only", &staged_plugin()), expected);
}

#[test]
fn the_plugin_finds_every_library_beside_itself_or_in_the_system() {
    let mut beside = Vec::new();
    for (name, path) in libraries(&staged_plugin()) {
        let Some(path) = path else { panic!("{name} is found nowhere") };
        if path.starts_with(staged()) {
            beside.push(name);
        } else {
            let system =
                ["/lib", "/usr/lib", "linux-vdso"].iter().any(|folder| path.to_string_lossy().starts_with(folder));
            assert!(system, "{name} is {}, neither beside the plugin nor the system's", path.display());
        }
    }
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mlx = name(&bundled("libmlx"));
    assert!(beside.contains(&mlx), "{mlx} is not from beside the plugin: {beside:?}");
    // Not linked, so that the plugin can load it without threads of its own.
    let openblas = bundled("libscipy_openblas");
    assert!(!beside.contains(&name(&openblas)), "the linker would load OpenBLAS: {beside:?}");
    plugin::backend();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let loaded: BTreeSet<&str> = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| &line[at..]))
        .filter(|path| path.contains("openblas"))
        .collect();
    assert_eq!(loaded, BTreeSet::from([openblas.to_str().unwrap()]), "the OpenBLAS of a backend");
    beside.push(name(&openblas));
    let files: Vec<String> =
        staged().read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let own = ["librlx_mlx.so", "manifest.toml"];
    let unused: Vec<&String> = files.iter().filter(|file| !own.contains(&&***file) && !beside.contains(file)).collect();
    assert!(unused.is_empty(), "staged, but needed by nothing: {unused:?}");
}

/// DT_RPATH, which goes before LD_LIBRARY_PATH and also serves the libraries that libmlx needs; and no path of the build.
#[test]
fn the_plugin_searches_its_own_folder_and_no_other() {
    let dynamic = tool("readelf", &["-d"], &staged_plugin());
    let entries = |tag: &str| -> Vec<&str> {
        let of_tag = dynamic.lines().filter(|line| line.contains(&format!("({tag})")));
        of_tag.filter_map(|line| Some(line.split_once('[')?.1.trim_end_matches(']'))).collect()
    };
    assert_eq!(entries("RPATH"), ["$ORIGIN"], "{dynamic}");
    assert!(entries("RUNPATH").is_empty(), "{dynamic}");
    assert_eq!(entries("SONAME"), ["librlx_mlx.so"], "{dynamic}");
    assert!(!entries("NEEDED").iter().any(|name| name.contains('/')), "{dynamic}");
}

/// No other copy in the process can stand in for a bundled library: it is known by its private name, finds the others by
/// theirs, and has no symbol of the binding that is unique in a process.
#[test]
fn the_bundled_libraries_are_private() {
    for entry in staged().read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "manifest.toml" {
            continue;
        }
        let dynamic = tool("readelf", &["-d"], &path);
        let own = format!("Library soname: [{name}]");
        assert!(dynamic.contains(&own), "{name} is named otherwise inside: {dynamic}");
        let table = tool("nm", &["-D", "--format=posix"], &path);
        let unique = table.lines().find(|line| line.split_whitespace().nth(1) == Some("u"));
        assert_eq!(unique, None, "{name} has a unique symbol");
        let public = ["libmlx.so", "libscipy_openblas.so", "libblas", "liblapack", "libgfortran", "libquadmath"];
        for needed in dynamic.lines().filter(|line| line.contains("(NEEDED)")) {
            let needed = needed.split_once('[').unwrap().1.trim_end_matches(']');
            let beside = staged().join(needed).exists();
            assert!(beside || !public.iter().any(|name| needed.starts_with(name)), "{name} needs {needed}");
        }
    }
}
