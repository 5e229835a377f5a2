//! Ranks on other machines. Their ssh is a script here: it notes its arguments, and runs the line as sshd does.

use crate::{assert_gone, lines, start_script};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use tempfile::TempDir;

/// A folder with such an ssh, and a hostfile of two machines and this one.
struct Machines {
    folder: TempDir,
}

impl Machines {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ssh = folder.path().join("ssh");
        let script = "#!/bin/sh
printf '%s\\n' \"$@\" | head -n 7 >>\"$0.log\"
while [ \"$1\" != -- ]; do shift; done
[ \"$2\" != unreachable ] || { echo 'ssh: connect to host unreachable: No route to host' >&2; exit 255; }
export REMOTE=\"$2\"
exec setsid --wait /bin/sh -c \"$3\"
";
        fs::write(&ssh, script).unwrap();
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
        let machines = Self { folder };
        machines.hosts(&["first", "localhost", "second"]);
        machines
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn hosts(&self, names: &[&str]) {
        let hosts: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(rank, name)| json!({ "ssh": name, "ips": [format!("10.0.0.{}", rank + 1)] }))
            .collect();
        fs::write(self.path().join("hosts.json"), json!(hosts).to_string()).unwrap();
    }

    fn launch(&self, args: &[&str], script: &str) -> Command {
        let hostfile = self.path().join("hosts.json").display().to_string();
        let mut command = start_script(&[&["--hostfile", &*hostfile], args].concat(), script);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path().display()));
        command
    }
}

/// The numbers of processes that so many ranks print.
fn pids(child: &mut Child, ranks: usize) -> Vec<String> {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().take(ranks);
    lines.flat_map(|line| line.unwrap().split(' ').skip(1).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn they_are_reached_by_ssh_with_all_that_a_rank_needs() {
    let machines = Machines::new();
    let script = r#"echo "$REMOTE $MLX_RANK $A $(cat "$MLX_HOSTFILE") $PWD"; echo err >&2; cat"#;
    let folder = machines.path().display().to_string();
    let output = machines.launch(&["--env", "A=it's \"$A\"", "--cwd", &folder], script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let addresses = r#"[["10.0.0.1:32323"],["10.0.0.2:32324"],["10.0.0.3:32325"]]"#;
    let expected = ["first", "", "second"];
    let expected: Vec<String> = expected
        .iter()
        .enumerate()
        .map(|(rank, name)| format!("[{rank}] {name} {rank} it's \"$A\" {addresses} {folder}"))
        .collect();
    assert_eq!(lines(&output.stdout), expected);
    assert_eq!(lines(&output.stderr), ["[0] err", "[1] err", "[2] err"]);
    let log = fs::read_to_string(machines.path().join("ssh.log")).unwrap();
    for name in ["first", "second"] {
        assert!(log.contains(&format!("-T\n-o\nBatchMode=yes\n-o\nLogLevel=ERROR\n--\n{name}\n")), "{log}");
    }
}

#[test]
fn a_failure_there_is_told_and_ends_all() {
    let machines = Machines::new();
    let script = "if [ $MLX_RANK = 2 ]; then exit 9; fi; sleep 1000 & echo $$ $!; wait";
    let output = machines.launch(&["--grace", "1"], script).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(9), "{stderr}");
    assert!(stderr.contains("error: rank 2 on second: exit code 9; then rank "), "{stderr}");
    assert_gone(
        &lines(&output.stdout).iter().flat_map(|line| line.split(' ').skip(1)).map(str::to_owned).collect::<Vec<_>>(),
    );

    machines.hosts(&["first", "unreachable"]);
    let output = machines.launch(&["--grace", "1"], "sleep 1000").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(255), "{stderr}");
    assert!(stderr.contains("[1] ssh: connect to host unreachable: No route to host"), "{stderr}");
    assert!(stderr.contains("error: rank 1 on unreachable: exit code 255; then rank 0 on first: "), "{stderr}");
}

#[test]
fn signals_reach_them() {
    let machines = Machines::new();
    let script = "trap 'exit 5' TERM; sleep 1000 & echo $$ $!; wait";
    let mut child = machines.launch(&[], script).spawn().unwrap();
    let pids = pids(&mut child, 3);
    // SAFETY: kill reads no memory; the child has not been waited for, so its number is its own.
    assert_eq!(unsafe { libc::kill(child.id().try_into().unwrap(), libc::SIGTERM) }, 0);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(pids.len(), 6);
    assert_gone(&pids);
}

#[test]
fn they_end_with_a_launcher_that_is_killed() {
    let machines = Machines::new();
    for trap in ["", "trap '' TERM; "] {
        let script = format!("{trap}sleep 1000 & echo $$ $!; while :; do wait; sleep 1000; done");
        let mut child = machines.launch(&["--grace", "1"], &script).spawn().unwrap();
        let pids = pids(&mut child, 3);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(pids.len(), 6);
        assert_gone(&pids);
    }
}

#[test]
fn without_ssh_there_is_a_hint() {
    let machines = Machines::new();
    fs::remove_file(machines.path().join("ssh")).unwrap();
    let output = machines.launch(&[], "true").env("PATH", machines.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("rank 0 on first: there is no `ssh`") && stderr.contains("install OpenSSH's client"),
        "{stderr}"
    );
}
