//! MPI: Open MPI's mpirun starts the ranks, tells them who they are, and ends them.

use super::environment::Variable;
use super::hostfile::{Host, Hosts};
use crate::cli::LaunchArgs;
use std::io::{self, Write};
use std::process::Command;
use tempfile::NamedTempFile;

/// Which library of MPI MLX opens; its own guess is the one that only MPI's development packages have.
const LIBRARY: &str = "MLX_MPI_LIBNAME";

/// mpirun's command line, and the file of hosts that it reads.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn command(
    args: &LaunchArgs,
    hosts: &Hosts,
    mut variables: Vec<Variable>,
) -> io::Result<(Command, NamedTempFile)> {
    let mut file = NamedTempFile::new()?;
    file.write_all(slots(&hosts.hosts).as_bytes())?;
    file.flush()?;
    let is_chosen = variables.iter().any(|(name, _)| name == LIBRARY) || std::env::var_os(LIBRARY).is_some();
    if let Some(library) = if is_chosen { None } else { library() } {
        variables.push((LIBRARY.to_owned(), library));
    }
    let mut command = Command::new("mpirun");
    if !args.raw {
        command.arg("--tag-output");
    }
    command.args(["-n", &hosts.hosts.len().to_string(), "--hostfile"]).arg(file.path());
    if let Some(folder) = &args.cwd {
        command.arg("--wdir").arg(folder);
    }
    for (name, value) in variables {
        command.args(["-x", &format!("{name}={value}")]);
    }
    command.args(&args.mpi_options).arg("--").args(&args.command);
    Ok((command, file))
}

/// One line for each machine, in the order in which they first appear.
fn slots(hosts: &[Host]) -> String {
    let mut machines: Vec<(&str, usize)> = Vec::new();
    for host in hosts {
        let name = if host.is_local() { "localhost" } else { &host.name };
        match machines.iter_mut().find(|(known, _)| *known == name) {
            Some((_, ranks)) => *ranks += 1,
            None => machines.push((name, 1)),
        }
    }
    machines.into_iter().map(|(name, ranks)| format!("{name} slots={ranks}\n")).collect()
}

/// The library of MPI that Open MPI's own program is linked against.
fn library() -> Option<String> {
    let output = Command::new("sh").args(["-c", r#"ldd "$(command -v ompi_info)""#]).output().ok()?;
    let libraries = String::from_utf8(output.stdout).ok()?;
    libraries.split_whitespace().find(|word| word.starts_with("libmpi.so")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_a_machine_are_its_slots() {
        let hosts = ["a", "localhost", "a", "127.0.0.1"].map(|name| Host { name: name.to_owned(), ips: vec![] });
        assert_eq!(slots(&hosts), "a slots=2\nlocalhost slots=2\n");
    }
}
