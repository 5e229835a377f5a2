//! `fuzz TARGET [--seconds N] [--seed S] [--failures DIR]`: mutation test of one parser; `fuzz TARGET --input FILE` gives it
//! one file. See tests/fuzz/README.md.

use rlx_mlx_tests::fuzz::{Session, TARGETS, target, work};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match &*arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        ["--worker", scratch, name] => match target(name) {
            Some(target) => work(target, Path::new(scratch)).map(|()| ExitCode::SUCCESS),
            None => return usage(),
        },
        [name, options @ ..] => match session(name, options) {
            Some((session, input)) => run(&session, input.as_deref()),
            None => return usage(),
        },
        [] => return usage(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn usage() -> ExitCode {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    eprintln!("usage: fuzz TARGET [--seconds N] [--seed S] [--patience SECONDS] [--failures DIR] [--input FILE]");
    eprintln!("targets: {}", names.join(", "));
    ExitCode::from(2)
}

/// What the arguments say, with the one file that they name.
fn session(name: &str, options: &[&str]) -> Option<(Session, Option<PathBuf>)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = target(name)?;
    // A planted fault needs no corpus of its own.
    let corpus = if name.starts_with("planted-") { "planted" } else { name };
    let mut session = Session {
        target,
        corpus: here.join("fuzz/corpus").join(corpus),
        failures: here.join("../target/fuzz"),
        seed: SystemTime::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs()),
        time: Duration::from_secs(1),
        patience: Duration::from_secs(20),
    };
    let mut input = None;
    for pair in options.chunks(2) {
        match *pair {
            ["--seconds", value] => session.time = Duration::from_secs(value.parse().ok()?),
            ["--patience", value] => session.patience = Duration::from_secs(value.parse().ok()?),
            ["--seed", value] => session.seed = value.parse().ok()?,
            ["--failures", value] => session.failures = value.into(),
            ["--input", value] => input = Some(value.into()),
            _ => return None,
        }
    }
    Some((session, input))
}

fn run(session: &Session, input: Option<&Path>) -> std::io::Result<ExitCode> {
    let name = session.target.name;
    if let Some(file) = input {
        return Ok(match session.try_file(file)? {
            None => ExitCode::SUCCESS,
            Some(what) => {
                eprintln!("{name}: {what} on {}", file.display());
                ExitCode::FAILURE
            }
        });
    }
    Ok(match session.run()? {
        Ok(count) => {
            println!("{name}: {count} inputs of seed {}, none failed", session.seed);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let (what, number, file) = (&failure.what, failure.number, failure.file.display());
            eprintln!("{name}: {what} on input {number} of seed {}, kept as {file}", session.seed);
            eprintln!("again: cargo xtask fuzz {name} --input {file}");
            ExitCode::FAILURE
        }
    })
}
