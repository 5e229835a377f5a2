//! `--backend mpi`: what mpirun is told, and that it does it where it is installed.

use crate::{launch_script, start_script};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn mpirun_is_told_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    program(
        &folder.path().join("mpirun"),
        r#"for word; do echo "<$word>"; [ ! -f "$word" ] || cat "$word"; done; exit 6"#,
    );
    program(&folder.path().join("ompi_info"), "");
    program(&folder.path().join("ldd"), r#"echo "libmpi.so.40 => $1""#);
    let hostfile = folder.path().join("hosts.json");
    let hosts = json!({ "backend": "mpi", "envs": ["A=b c"], "hosts": [{ "ssh": "one" }, { "ssh": "localhost" }, { "ssh": "one" }] });
    fs::write(&hostfile, hosts.to_string()).unwrap();
    let hostfile = hostfile.display().to_string();
    let mut mpirun = start_script(&["--hostfile", &hostfile, "--cwd", "/", "--mpi-arg=--oversubscribe"], "x");
    let output = mpirun.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display())).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    let said = String::from_utf8(output.stdout).unwrap();
    let (before, rest) = said.split_once("<--hostfile>\n</").unwrap();
    assert_eq!(before, "<--tag-output>\n<-n>\n<3>\n");
    let (_, rest) = rest.split_once(">\n").unwrap();
    let expected = "one slots=2\nlocalhost slots=1\n<--wdir>\n</>\n<-x>\n<A=b c>\n<-x>\n<MLX_MPI_LIBNAME=libmpi.so.40>\n\
                    <--oversubscribe>\n<-->\n<sh>\n<-c>\n<x>\n";
    assert_eq!(rest, expected);
}

#[test]
fn without_mpirun_there_is_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let output = start_script(&["-n", "2", "--backend", "mpi"], "true").env("PATH", folder.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("there is no `mpirun`; install Open MPI"), "{stderr}");
}

#[test]
fn mpirun_starts_the_ranks() {
    if !Path::new("/usr/bin/mpirun").exists() {
        println!("skipped: there is no mpirun; Debian has it in the package openmpi-bin");
        return;
    }
    let mut ranks = launch_script(
        &["-n", "2", "--backend", "mpi"],
        r#"echo "rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE""#,
    );
    ranks.envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"), ("HOME", "/tmp")]);
    let output = ranks.assert().success().get_output().clone();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("rank 0 of 2") && said.contains("rank 1 of 2"), "{said}");
}
