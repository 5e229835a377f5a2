//! `cargo xtask shim`: the shim as a C program uses it. Its C99 tests run with the library that cargo builds, and then again
//! with the shim compiled for AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer. A second program, with
//! threads, runs under ThreadSanitizer.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use rlx_mlx_vendor::Mlx;

use crate::cargo::{self, Workspace};
use crate::compiler::{STRICT_C, compiler, quietly};
use crate::provision;

/// One program, and one way to build and run it.
struct Variant {
    /// Its folder in `target/shim-c`.
    name: &'static str,
    /// Where its own sources are.
    tests: &'static str,
    shim: Shim,
    flags: &'static [&'static str],
}

/// Where a program has the shim from.
enum Shim {
    /// The library that cargo builds.
    Built,
    /// All its sources, compiled with the program's flags.
    Compiled,
    /// These of its sources.
    Parts(&'static [&'static str]),
}

const VARIANTS: [Variant; 3] = [
    Variant { name: "plain", tests: "tests/c", shim: Shim::Built, flags: &[] },
    Variant {
        name: "sanitized",
        tests: "tests/c",
        shim: Shim::Compiled,
        flags: &["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"],
    },
    Variant {
        name: "threads",
        tests: "tests/threads",
        // Compiled once more, so only what threads share.
        shim: Shim::Parts(&[
            "array",
            "binary",
            "bounds",
            "callback",
            "checks",
            "elements",
            "error",
            "failures",
            "fold",
            "host_code",
            "indices",
            "internal",
            "movement",
            "operands",
            "outputs",
            "part",
            "rows",
            "schedule",
            "split",
            "stream",
            "tape",
            "trace",
            "watch",
        ]),
        flags: &["-fsanitize=thread", "-pthread"],
    },
];

impl Variant {
    fn sources(&self, shim: &Path) -> Result<Vec<PathBuf>> {
        let mut sources = files(&shim.join("src"), "cpp")?;
        sources.retain(|path| match self.shim {
            Shim::Built => false,
            Shim::Compiled => true,
            Shim::Parts(names) => names.iter().any(|name| path.file_stem().is_some_and(|stem| stem == *name)),
        });
        sources.extend(files(&shim.join(self.tests), "c")?);
        Ok(sources)
    }

    /// The command that runs the built program.
    fn command(&self, program: &Path, shim: &Path) -> Command {
        // Older ThreadSanitizers do not know the addresses that newer kernels give out.
        let fixed_addresses = self.flags.contains(&"-fsanitize=thread") && cfg!(target_os = "linux");
        let mut command = Command::new(if fixed_addresses { Path::new("setarch") } else { program });
        if fixed_addresses {
            command.arg("--addr-no-randomize").arg(program);
        }
        command
            // LeakSanitizer is not there on macOS, where asking for it is an error.
            .env("ASAN_OPTIONS", if cfg!(target_os = "linux") { "detect_leaks=1" } else { "" })
            .env("TSAN_OPTIONS", format!("suppressions={}", shim.join("tests/threads/tsan.supp").display()))
            .env("UBSAN_OPTIONS", "print_stacktrace=1")
            // An Open MPI of the machine's would be started where a group is looked for, and keeps some memory for good.
            .env("MLX_MPI_LIBNAME", "none");
        command
    }
}

/// Builds the programs, as far as something changed, and runs them.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mlx = provision::libraries(workspace)?.mlx;
    let shim = workspace.root.join("shim");
    let folder = |name: &str| shim.join(name).display().to_string();
    let include = format!("-I{}", folder("include"));
    let c: Vec<OsString> =
        [&[&*include, "-g1", "-O1"], &STRICT_C[..]].concat().into_iter().map(OsString::from).collect();
    let mut cpp = [&include, "-std=c++20", "-Wall", "-Wextra", "-g1", "-O1", "-isystem"].map(OsString::from).to_vec();
    cpp.push(mlx.include.as_os_str().to_owned());

    let mut headers = Vec::new();
    for name in ["include", "include/rlx_mlx", "src", "tests/c"] {
        headers.extend(files(&shim.join(name), "h")?);
    }
    let newest_header = headers.iter().filter_map(|path| modified(path)).max();

    for variant in &VARIANTS {
        let out = workspace.target_dir.join("shim-c").join(variant.name);
        let sources = variant.sources(&shim)?;
        let units: Vec<Unit> = sources.iter().map(|source| Unit::new(source, &out, &c, &cpp, variant)).collect();
        let fresh = prepare(&out, &units)?;
        let stale: Vec<&Unit> = units.iter().filter(|unit| !fresh || unit.is_stale(newest_header)).collect();
        compile(variant.name, &stale)?;
        let program = out.join("shim-c-tests");
        let mut link = Command::new(compiler("CXX", "c++"));
        link.args(variant.flags).args(units.iter().map(|unit| &unit.object));
        if matches!(variant.shim, Shim::Built) {
            link.arg(workspace.build_script_output("rlx-mlx-shim")?.join("librlx_mlx_shim.a"));
        }
        link_mlx(&mut link, &mlx);
        quietly(link.arg("-o").arg(&program))?;
        println!("shim-c-tests ({}):", variant.name);
        cargo::run(&mut variant.command(&program, &shim))?;
    }
    Ok(())
}

/// Links MLX to the program of a command.
pub(crate) fn link_mlx(command: &mut Command, mlx: &Mlx) {
    command.arg(&mlx.library).arg(format!("-Wl,-rpath,{}", mlx.lib.display()));
    for folder in mlx.files.iter().filter_map(|file| file.from.parent()).filter(|_| cfg!(target_os = "linux")) {
        command.arg(format!("-Wl,-rpath-link,{}", folder.display()));
    }
}

/// One source and how it is compiled.
struct Unit {
    source: PathBuf,
    object: PathBuf,
    program: OsString,
    args: Vec<OsString>,
}

impl Unit {
    fn new(source: &Path, out: &Path, c: &[OsString], cpp: &[OsString], variant: &Variant) -> Self {
        let is_c = source.extension().is_some_and(|extension| extension == "c");
        let (program, args) = if is_c { (compiler("CC", "cc"), c) } else { (compiler("CXX", "c++"), cpp) };
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        Self {
            source: source.to_owned(),
            object: out.join(format!("{name}.o")),
            program,
            args: args.iter().cloned().chain(variant.flags.iter().map(OsString::from)).collect(),
        }
    }

    fn is_stale(&self, newest_header: Option<SystemTime>) -> bool {
        let Some(made) = modified(&self.object) else {
            return true;
        };
        modified(&self.source).max(newest_header).is_none_or(|changed| changed >= made)
    }

    fn compile(&self) -> Result<()> {
        quietly(Command::new(&self.program).args(&self.args).arg("-c").arg(&self.source).arg("-o").arg(&self.object))
    }
}

/// Makes the folder; true if what lies in it was compiled with the same commands.
fn prepare(out: &Path, units: &[Unit]) -> Result<bool> {
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    let mut commands: Vec<_> = units.iter().map(|unit| format!("{:?} {:?}", unit.program, unit.args)).collect();
    commands.dedup();
    let commands = commands.join("\n");
    let path = out.join("commands");
    if fs::read_to_string(&path).is_ok_and(|old| old == commands) {
        return Ok(true);
    }
    fs::write(&path, commands).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(false)
}

/// Compiles with one job for each core; the first failure stops it.
fn compile(name: &str, units: &[&Unit]) -> Result<()> {
    let bar = ProgressBar::new(units.len() as u64).with_message(format!("compiling the C tests ({name})"));
    bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")?);
    if bar.is_hidden() && !units.is_empty() {
        eprintln!("compiling the C tests ({name}), {} files", units.len());
    }
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let job = || {
        while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = unit.compile() {
                next.store(units.len(), Ordering::Relaxed);
                if let Ok(mut failure) = failure.lock() {
                    failure.get_or_insert(error);
                }
            }
            bar.inc(1);
        }
    };
    thread::scope(|scope| {
        for _ in 1..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(job);
        }
        job();
    });
    bar.finish_and_clear();
    match failure.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(()),
    }
}

/// The files with an extension directly in a folder, sorted.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
