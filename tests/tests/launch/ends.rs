//! Ends: one rank fails, a signal comes, or the launcher itself is killed. No process is left.

use crate::{assert_gone, launch, launch_script, lines, start_script};
use rlx_mlx_tests::rlx_run::error_line;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;

/// Waits, with a child in its group that waits as well and hears of no hangup; prints both numbers.
const WAITS: &str = "sh -c 'trap : HUP; while :; do sleep 1000; done' & echo $$ $!; wait; wait";
/// The same, and SIGTERM does not end it.
const STUBBORN: &str =
    "trap '' TERM; sh -c 'trap \"\" TERM; while :; do sleep 1000; done' & echo $$ $!; while :; do wait; done";

/// The numbers that so many ranks print.
fn pids(child: &mut Child, ranks: usize) -> Vec<String> {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().take(ranks);
    lines.flat_map(|line| line.unwrap().split(' ').skip(1).map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn send(child: &Child, signal: i32) {
    // SAFETY: kill reads no memory; the child has not been waited for, so its number is its own.
    assert_eq!(unsafe { libc::kill(child.id().try_into().unwrap(), signal) }, 0);
}

fn numbers(stdout: &[u8]) -> Vec<String> {
    lines(stdout).iter().flat_map(|line| line.split(' ').skip(1)).map(str::to_owned).collect()
}

#[test]
fn the_first_that_fails_decides_and_the_others_are_ended() {
    let script = format!("if [ $MLX_RANK = 1 ]; then exit 9; fi; {WAITS}");
    let output = launch_script(&["-n", "3", "--grace", "1"], &script).assert().code(9).get_output().clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let line = stderr.lines().last().unwrap();
    assert!(line.starts_with("error: rank 1: exit code 9; then rank "), "{stderr}");
    assert!(line.contains("rank 0: killed by SIGTERM") && line.contains("rank 2: killed by SIGTERM"), "{stderr}");
    assert_eq!(numbers(&output.stdout).len(), 4);
    assert_gone(&numbers(&output.stdout));
}

#[test]
fn who_does_not_end_is_killed() {
    let script = format!("if [ $MLX_RANK = 0 ]; then kill -KILL $$; fi; {STUBBORN}");
    let output = launch_script(&["-n", "2", "--grace", "1"], &script).assert().code(128 + 9).get_output().clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("error: rank 0: killed by SIGKILL; then rank 1: killed by SIGKILL\n"), "{stderr}");
    assert_gone(&numbers(&output.stdout));
}

/// SIGTERM waits until a process goes on that has been stopped.
#[test]
fn who_is_stopped_is_ended() {
    let script = "if [ $MLX_RANK = 0 ]; then exit 4; fi; echo $$ $$; kill -STOP $$";
    let output = launch_script(&["-n", "2", "--grace", "1"], script).assert().code(4).get_output().clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("rank 1: killed by SIGTERM"), "{stderr}");
    assert_gone(&numbers(&output.stdout));
}

/// Nothing that a rank leaves behind outlives the command, nor keeps it.
#[test]
fn what_ranks_leave_behind_is_killed() {
    let script = "sleep 1000 & echo $! $!";
    let output = launch_script(&["-n", "2"], script).assert().success().get_output().clone();
    assert_gone(&numbers(&output.stdout));
}

#[test]
fn others_may_say_what_they_miss_before_they_are_ended() {
    let script = "if [ $MLX_RANK = 1 ]; then exit 9; fi; sleep 0.2; echo 'rank 1 is missing' >&2; exit 1";
    let output = launch_script(&["-n", "2"], script).assert().code(9).get_output().clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "[0] rank 1 is missing\nerror: rank 1: exit code 9; then rank 0: exit code 1\n");
}

#[test]
fn signals_reach_all_ranks_and_their_children() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
        // In a background job, the shell ignores SIGINT and SIGQUIT: only the rank itself can hear them.
        let script = format!("trap 'echo 0 heard; exit 5' INT QUIT TERM HUP; {WAITS}");
        let mut child = start_script(&["-n", "2"], &script).spawn().unwrap();
        let pids = pids(&mut child, 2);
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(numbers(&output.stdout), ["0", "heard", "0", "heard"]);
        assert_gone(&pids);
    }
}

#[test]
fn a_signal_that_is_no_end_is_theirs_alone() {
    let script = "trap 'echo 0 heard; exit 0' USR1; echo $$ $$; while :; do sleep 0.01; done";
    let mut child = start_script(&["-n", "2"], script).spawn().unwrap();
    let pids = pids(&mut child, 2);
    send(&child, libc::SIGUSR1);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(numbers(&output.stdout), ["0", "heard", "0", "heard"]);
    assert_gone(&pids);
}

/// The second request does not wait for the grace, which here is longer than the test may take.
#[test]
fn who_asks_twice_does_not_wait() {
    let mut child = start_script(&["-n", "2", "--grace", "1000"], STUBBORN).spawn().unwrap();
    let pids = pids(&mut child, 2);
    send(&child, libc::SIGTERM);
    std::thread::sleep(std::time::Duration::from_millis(50));
    send(&child, libc::SIGINT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(128 + 9), "{}", String::from_utf8_lossy(&output.stderr));
    assert_gone(&pids);
}

#[test]
fn no_process_outlives_a_launcher_that_is_killed() {
    for script in [WAITS, STUBBORN] {
        let hostfile = "printf '%s ' \"$MLX_HOSTFILE\"; ";
        let script = format!("printf 'x '; {hostfile}{script}");
        let mut child = start_script(&["-n", "2"], &script).spawn().unwrap();
        let (mut pids, mut files) = (Vec::new(), Vec::new());
        for word in pids_and_files(&mut child) {
            if word.starts_with('/') { files.push(word) } else { pids.push(word) }
        }
        assert_eq!((pids.len(), files.len()), (4, 2));
        assert!(fs::exists(&files[0]).unwrap());
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        assert_gone(&pids);
        let started = std::time::Instant::now();
        while fs::exists(&files[0]).unwrap() {
            assert!(started.elapsed() < crate::WATCHDOG, "{} is left", files[0]);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

fn pids_and_files(child: &mut Child) -> Vec<String> {
    pids(child, 2).into_iter().filter(|word| word != "x").collect()
}

#[test]
fn what_cannot_be_started_is_wrong_usage() {
    let line = error_line(&mut launch(&["-n", "2", "--", "/no/such/program"]), 2);
    assert_eq!(line, "rank 0: there is no program `/no/such/program`");
    let line = error_line(&mut launch(&["-n", "2", "--cwd", "/no/such/folder", "--", "true"]), 2);
    assert_eq!(line, "rank 0: the folder of --cwd is not there");
    let line = error_line(&mut launch(&["-n", "2", "--env", "A B=c", "--", "true"]), 2);
    assert!(line.contains("`A B=c` is not a variable"), "{line}");
    let line = error_line(&mut launch(&["-n", "2", "--", "/etc/passwd"]), 1);
    assert!(line.contains("rank 0: starting `/etc/passwd`: Permission denied"), "{line}");
    launch(&["--", "true"]).assert().code(2);
    launch(&["-n", "0", "--", "true"]).assert().code(2);
    launch(&["-n", "2"]).assert().code(2);
}
