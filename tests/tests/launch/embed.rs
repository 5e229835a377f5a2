//! `rlx-run embed --data-parallel`: the ranks share the batches of all-MiniLM-L6-v2, and the embeddings are those of one process.

use crate::launch;
use rlx_mlx_tests::rlx_run::{command, json, model, program};
use std::process::Command;

const TEXTS: [&str; 7] = [
    "A cat sits on the mat.",
    "Rain is expected in the north tonight, and snow in the hills.",
    "The parliament has passed the budget.",
    "A dog sleeps in the sun, and the cat watches it.",
    "Two.",
    "Trains are late because of works on the line between the two cities.",
    "A feline rests on a rug.",
];

fn arguments(options: &[&str]) -> Vec<String> {
    let model = model().display().to_string();
    let fixed = ["embed", "--backend", "mlx", "--json", "--model", &model];
    fixed.iter().chain(options).chain(&TEXTS).map(|&argument| argument.to_owned()).collect()
}

#[test]
fn the_embeddings_are_those_of_one_process() {
    // Batches that come out even, and such that one rank has more of them than another.
    for (ranks, batch) in [("2", "2"), ("2", "4"), ("3", "1")] {
        let alone = json(&mut command(arguments(&["--batch", batch])));
        let mut group = launch(&["-n", ranks, "--raw", "--"]);
        let report = json(group.arg(program()).args(arguments(&["--batch", batch, "--data-parallel"])));
        assert_eq!(report["embeddings"].as_array().unwrap().len(), TEXTS.len());
        assert_eq!(report["embeddings"], alone["embeddings"], "{ranks} ranks, --batch {batch}");
    }
}

#[test]
fn without_batch_each_rank_has_some() {
    let mut group = launch(&["-n", "2", "--raw", "--"]);
    let report = json(group.arg(program()).args(arguments(&["--data-parallel"])));
    let alone = json(&mut command(arguments(&["--batch", "4"])));
    assert_eq!(report["embeddings"], alone["embeddings"]);
}

#[test]
fn ranks_with_other_texts_are_told() {
    let script = r#"exec "$0" "$@" "text $MLX_RANK""#;
    let mut group = launch(&["-n", "2", "--", "sh", "-c", script]);
    let output = group.arg(program()).args(arguments(&["--data-parallel"])).assert().failure().get_output().clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("list of texts for `embed --data-parallel`"), "{stderr}");
}

#[test]
fn the_built_in_backend_has_no_groups() {
    let mut command = Command::new(program());
    command.env_clear().args(["embed", "--backend", "cpu", "--data-parallel", "--model"]).arg(model()).arg("text");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: --data-parallel: the built-in backend `cpu` has no groups"), "{stderr}");
}
