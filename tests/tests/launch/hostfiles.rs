//! Hostfiles as mlx.launch reads them.

use crate::{launch_script, lines};
use rlx_mlx_tests::rlx_run::error_line;
use serde_json::json;
use std::fs;
use tempfile::TempDir;

fn hostfile(content: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hosts.json");
    fs::write(&path, content).unwrap();
    (folder, path.display().to_string())
}

#[test]
fn its_hosts_variables_and_backend_count() {
    let host = json!({ "ssh": "localhost", "ips": ["127.0.0.1", "::1"], "rdma": [null] });
    let content = json!({ "backend": "ring", "envs": ["A=file", "B=file"], "hosts": [host, host, host] });
    let (_folder, path) = hostfile(&content.to_string());
    let args = ["--hostfile", &path, "-n", "2", "--starting-port", "4711", "--env", "B=flag"];
    let output = launch_script(&args, r#"echo "$A $B $(cat "$MLX_HOSTFILE")""#).assert().success().get_output().clone();
    let addresses = r#"[["127.0.0.1:4711","[::1]:4712"],["127.0.0.1:4713","[::1]:4714"]]"#;
    assert_eq!(lines(&output.stdout), [0, 1].map(|rank| format!("[{rank}] file flag {addresses}")));

    let content = json!({ "backend": "nccl", "hosts": [host, host] });
    let (_folder, path) = hostfile(&content.to_string());
    let output = launch_script(&["--hostfile", &path], "echo $MLX_WORLD_SIZE").assert().success().get_output().clone();
    assert_eq!(lines(&output.stdout), ["[0] 2", "[1] 2"]);
}

#[test]
fn what_is_wrong_with_one_is_one_line() {
    let two = r#"[{"ssh": "localhost", "ips": ["127.0.0.1"]}, {"ssh": "localhost"}]"#;
    for (content, args, part) in [
        ("{", &[][..], "not JSON"),
        ("[]", &[], "it has no hosts"),
        (r#"[{"ssh": "a", "ips": ["0.0.0.0"]}]"#, &[], "host 0: 0.0.0.0 is not one machine's address"),
        (two, &[], "ring: host 1 (`localhost`) needs an address in `ips`"),
        (two, &["-n", "3"], "has 2 hosts, and each is one rank"),
        (r#"[{"ssh": "localhost"}]"#, &["--backend", "nccl"], "nccl: host 0 needs an address"),
    ] {
        let (_folder, path) = hostfile(content);
        let line = error_line(&mut launch_script(&[&["--hostfile", &path], args].concat(), "true"), 2);
        assert!(line.contains(part), "{content}: {line}");
    }
    let line = error_line(&mut launch_script(&["--hostfile", "/no/such/file"], "true"), 2);
    assert!(line.starts_with("hostfile /no/such/file: No such file"), "{line}");
}
