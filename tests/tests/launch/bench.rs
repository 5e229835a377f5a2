//! `rlx-run bench collectives` as ranks: what the first prints, and how long the ranks wait. Never how long calls take.

use crate::launch;
use rlx_mlx_tests::ranks::hostfile;
use rlx_mlx_tests::rlx_run::{command, error_line, json, keys, program, stdout};
use serde_json::Value;
use std::time::{Duration, Instant};

const BENCH: [&str; 4] = ["bench", "collectives", "--backend", "mlx"];

#[test]
fn the_first_rank_prints_the_times_of_all_ops() {
    let mut ranks = launch(&["-n", "2", "--raw", "--"]);
    ranks.arg(program()).args(BENCH).args(["--sizes", "1KiB,10,0", "--iterations", "3", "--json"]);
    let report = json(&mut ranks);
    let all = ["communication", "device", "iterations", "machine", "notes", "plugin", "ranks", "rows"];
    assert_eq!(keys(&report), all);
    assert_eq!((&report["communication"], &report["ranks"]), (&"ring".into(), &2.into()));
    assert_eq!((&report["iterations"], &report["notes"]), (&3.into(), &Value::Array(vec![])));
    let rows = report["rows"].as_array().unwrap();
    let what = |row: &Value| (row["op"].as_str().unwrap().to_owned(), row["bytes"].as_u64(), row["count"].as_u64());
    let expected = [
        ("all_sum", Some(1024), Some(256)),
        ("all_sum", Some(8), Some(2)),
        ("all_sum", Some(4), Some(1)),
        ("all_gather", Some(1024), Some(128)),
        ("all_gather", Some(8), Some(1)),
        ("all_gather", Some(8), Some(1)),
        ("reduce_scatter", Some(1024), Some(128)),
        ("reduce_scatter", Some(8), Some(1)),
        ("reduce_scatter", Some(8), Some(1)),
        ("barrier", None, None),
    ];
    let expected = expected.map(|(op, bytes, count)| (op.to_owned(), bytes, count));
    assert_eq!(rows.iter().map(what).collect::<Vec<_>>(), expected);
    for row in rows {
        let time = row["time_us"].as_f64().unwrap();
        assert!(time > 0.0, "{row}");
        let Some(bytes) = row["bytes"].as_f64() else { continue };
        let rate = row["algorithm_gb_s"].as_f64().unwrap();
        assert!((rate * time * 1e3 / bytes - 1.0).abs() < 1e-9, "{row}");
        let carried = if row["op"] == "all_sum" { 1.0 } else { 0.5 };
        let bus = row["bus_gb_s"].as_f64().unwrap();
        assert!((bus / (rate * carried) - 1.0).abs() < 1e-9, "{row}");
        assert_eq!(row["dtype"], "f32", "{row}");
    }
}

#[test]
fn a_process_alone_says_so() {
    // Small and large collectives go different ways.
    let all = ["--ops", "all_gather,reduce_scatter,all_sum", "--sizes", "8,64,65536,4194304", "--iterations", "1"];
    let text = stdout(command(BENCH).args(all));
    assert!(["all_gather", "reduce_scatter", "all_sum"].iter().all(|op| text.contains(op)), "{text}");
    let text = stdout(command(BENCH).args(["--sizes", "64", "--ops", "all_sum,barrier", "--iterations", "1"]));
    for part in ["1 rank;", "algorithm GB/s", "all_sum", "barrier", "a group of one", "rlx-run launch -n N"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert!(!text.contains("all_gather"), "{text}");
}

#[test]
fn ranks_with_other_options_are_told() {
    let script = r#""$0" bench collectives --backend mlx --iterations $((MLX_RANK + 1)) --sizes 8"#;
    let mut ranks = launch(&["-n", "2", "--", "sh", "-c", script]);
    let output = ranks.arg(program()).assert().failure().get_output().clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("options of `bench collectives`"), "{stderr}");
}

/// A peer that never comes: the deadline is over long before the default's 300 s.
#[test]
fn ranks_wait_as_long_as_the_environment_says() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts.json");
    std::fs::write(&hosts, hostfile(2)).unwrap();
    let start = Instant::now();
    let mut rank = command(BENCH);
    rank.env("MLX_RANK", "0").env("MLX_HOSTFILE", &hosts).env("RLX_COLLECTIVES_DEADLINE", "1.5");
    let line = error_line(rank.timeout(crate::WATCHDOG), 1);
    assert!(line.contains("rank 1"), "{line}");
    assert!(start.elapsed() >= Duration::from_millis(1500), "after {:?}", start.elapsed());
}

#[test]
fn a_deadline_that_is_none_is_named() {
    for bad in ["soon", "", "0", "-1", "inf", "NaN"] {
        let line = error_line(command(BENCH).env("RLX_COLLECTIVES_DEADLINE", bad), 1);
        assert!(line.contains("RLX_COLLECTIVES_DEADLINE") && line.contains("number of seconds"), "{bad}: {line}");
        assert!(line.contains(bad), "{bad}: {line}");
    }
}
