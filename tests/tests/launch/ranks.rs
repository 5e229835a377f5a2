//! What ranks are told, and what becomes of what they print.

use crate::{launch, launch_script, lines};
use rlx_mlx_tests::python;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

#[test]
fn ranks_are_told_who_they_are_and_where_they_meet() {
    let script =
        r#"echo "$MLX_RANK"; cat "$MLX_HOSTFILE"; echo; echo "$MLX_HOSTFILE"; echo "$RLX_COLLECTIVES_DEADLINE""#;
    let output = launch_script(&["-n", "3", "--deadline", "7"], script).assert().success().get_output().clone();
    let lines = lines(&output.stdout);
    assert_eq!(lines.len(), 12, "{lines:?}");
    for (rank, said) in lines.chunks(4).enumerate() {
        let said: Vec<&str> = said.iter().map(|line| line.strip_prefix(&format!("[{rank}] ")).unwrap()).collect();
        assert_eq!((said[0], said[3]), (&*rank.to_string(), "7"));
        let addresses: Vec<Vec<SocketAddr>> = serde_json::from_str(said[1]).unwrap();
        assert!(addresses.iter().all(|own| own.len() == 1 && own[0].ip().is_loopback()), "{addresses:?}");
        assert_eq!(addresses.iter().map(|own| own[0].port()).collect::<BTreeSet<_>>().len(), 3, "{addresses:?}");
        assert!(!Path::new(said[2]).exists(), "{}", said[2]);
    }
}

/// MLX's own ring, in the Python package, does not know which launcher it was.
#[test]
fn mlx_itself_finds_its_group() {
    let program = "
import mlx.core as mx
group = mx.distributed.init(backend='ring', strict=True)
print(group.rank(), mx.distributed.all_sum(mx.array(group.rank() + 1)).item())
";
    let python = python::command([] as [&str; 0]);
    let mut ranks = launch(&["-n", "3", "--"]);
    ranks.arg(python.get_program()).args(["-c", program]).env("PYTHONPATH", python::site());
    if let Some(path) = std::env::var_os("PATH") {
        ranks.env("PATH", path);
    }
    let output = ranks.assert().success().get_output().clone();
    assert_eq!(lines(&output.stdout), ["[0] 0 6", "[1] 1 6", "[2] 2 6"]);
}

#[test]
fn a_group_of_one_needs_no_addresses() {
    let output =
        launch_script(&["-n", "1"], r#"echo "rank$MLX_RANK$MLX_HOSTFILE""#).assert().success().get_output().clone();
    assert_eq!(output.stdout, b"[0] rank\n");
}

#[test]
fn nccl_has_a_meeting_place_and_a_gpu_for_each_rank() {
    let script = r#"echo "$MLX_RANK of $MLX_WORLD_SIZE at $NCCL_HOST_IP, gpu $CUDA_VISIBLE_DEVICES, $NCCL_DEBUG"; echo $NCCL_PORT"#;
    let args = ["-n", "2", "--backend", "nccl", "--verbose", "--env", "CUDA_VISIBLE_DEVICES=3,5"];
    let output = launch_script(&args, script).assert().success().get_output().clone();
    let lines = lines(&output.stdout);
    assert_eq!(lines[0], "[0] 0 of 2 at 127.0.0.1, gpu 3, INFO");
    assert_eq!(lines[2], "[1] 1 of 2 at 127.0.0.1, gpu 5, INFO");
    assert_eq!(lines[1].trim_start_matches("[0] "), lines[3].trim_start_matches("[1] "));
    assert!(lines[1].trim_start_matches("[0] ").parse::<u16>().unwrap() > 0);
}

#[test]
fn both_streams_are_passed_on_line_by_line() {
    let script = r#"printf 'a\nb'; sleep 0.01; printf 'c\r\nno end'; printf 'x\n' >&2; cat"#;
    let output = launch_script(&["-n", "2"], script).assert().success().get_output().clone();
    let expected = [0, 1].map(|rank| format!("[{rank}] a\n[{rank}] bc\r\n[{rank}] no end\n")).concat();
    let mut said = lines(&output.stdout).join("\n") + "\n";
    // `lines` takes the carriage return with the line break.
    said = said.replace("bc\n", "bc\r\n");
    assert_eq!(said, expected);
    assert_eq!(lines(&output.stderr), ["[0] x", "[1] x"]);
    let raw = launch_script(&["-n", "2", "--raw"], "echo a").assert().success().get_output().clone();
    assert_eq!(raw.stdout, b"a\na\n");
}

/// 2 x 100,000 lines: none is lost at the end, none is torn.
#[test]
fn much_output_arrives_whole() {
    let script = "seq 100000";
    let output = launch_script(&["-n", "2"], script).assert().success().get_output().clone();
    let lines = lines(&output.stdout);
    assert_eq!(lines.len(), 200_000);
    for (rank, said) in lines.chunks(100_000).enumerate() {
        assert!(said.iter().enumerate().all(|(index, line)| *line == format!("[{rank}] {}", index + 1)));
    }
}

/// The rank's own standard output is then closed too, as it would be without a launcher.
#[test]
fn a_reader_that_goes_away_ends_who_writes() {
    use std::io::{BufRead, BufReader};
    let mut child = crate::start_script(&["-n", "1"], "yes").spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "[0] y\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(128 + libc::SIGPIPE), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_full_disk_is_an_error() {
    let mut child = crate::start_script(&["-n", "1"], "echo a; exit 3");
    child.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let output = child.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: writing what the ranks print: No space left"), "{stderr}");
    assert_eq!(output.status.code(), Some(1));
}
