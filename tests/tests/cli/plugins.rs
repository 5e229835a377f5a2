//! `rlx-run plugins`, and what becomes of a backend that is not there or does not load.

use crate::files::Files;
use rlx_mlx_tests::plugin::folder;
use rlx_mlx_tests::rlx_run::{command, error_line, json, keys, stdout};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::PathBuf;

fn plugin_file() -> String {
    format!("{DLL_PREFIX}rlx_mlx{DLL_SUFFIX}")
}

fn staged() -> String {
    let path: PathBuf = folder().join("rlx_mlx").join(plugin_file());
    path.display().to_string()
}

#[test]
fn plugins_lists_what_is_there() {
    let text = stdout(&mut command(["plugins"]));
    for part in ["mlx", "MLX 0.", "cpu (", "ok", &staged(), "Folders searched:", &folder().display().to_string()] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn plugins_lists_every_key_as_json() {
    let report = json(&mut command(["plugins", "--json"]));
    assert_eq!(keys(&report), ["folders", "plugins"]);
    let plugin = report["plugins"].as_array().unwrap().iter().find(|row| row["path"] == staged()).expect("its row");
    let expected = [
        "abi",
        "devices",
        "engine",
        "engine_version",
        "name",
        "ops",
        "opset",
        "path",
        "reason",
        "usable",
        "vendor",
        "version",
    ];
    assert_eq!(keys(plugin), expected);
    assert_eq!((&plugin["usable"], &plugin["name"], &plugin["engine"]), (&true.into(), &"mlx".into(), &"MLX".into()));
    assert_eq!(plugin["abi"], rlx_host_api::abi::ABI_VERSION.to_string());
    assert!(plugin["ops"].as_array().unwrap().contains(&"MatMul".into()), "{plugin:#}");
    let devices = plugin["devices"].as_array().unwrap();
    let cpu = devices.iter().find(|device| device["kind"] == "cpu").expect("MLX always has the processor");
    assert_eq!(keys(cpu), ["kind", "memory_bytes", "name"]);
    assert!(cpu["memory_bytes"].is_u64() && cpu["name"] != "", "{cpu}");
    assert_eq!(report["folders"][0], folder().display().to_string());
}

#[test]
fn without_the_plugin_every_folder_searched_is_listed() {
    let files = Files::new();
    let (one, two, data) = (files.path("one"), files.path("two"), files.path("data"));
    let list = std::env::join_paths([&one, &two]).unwrap();
    let line = error_line(command(files.run("mlx")).env("RLX_PLUGIN_PATH", &list).env("XDG_DATA_HOME", &data), 2);
    let report = json(command(["plugins", "--json"]).env("RLX_PLUGIN_PATH", &list).env("XDG_DATA_HOME", &data));
    let folders: Vec<&str> = report["folders"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    let beside = rlx_mlx_tests::rlx_run::program().canonicalize().unwrap().with_file_name("plugins");
    let user = if cfg!(target_os = "linux") { vec![data.join("rlx/plugins")] } else { vec![] };
    for folder in [vec![one, two], user, vec![beside]].concat() {
        assert!(folders.contains(&&*folder.display().to_string()), "{} is not in {folders:?}", folder.display());
    }
    for part in folders.into_iter().chain(["`mlx`", "RLX_PLUGIN_PATH", &plugin_file()]) {
        assert!(line.contains(part), "`{part}` is not in `{line}`");
    }
}

#[test]
fn a_file_that_is_no_plugin_is_listed_with_the_reason_and_disturbs_nothing() {
    let files = Files::new();
    fs::create_dir(files.path("broken")).unwrap();
    let broken = format!("broken/{}", plugin_file());
    files.write(&broken, "not a library");
    let broken = files.path(&broken).display().to_string();

    let only = files.path("broken");
    let line = error_line(command(files.run("mlx")).env("RLX_PLUGIN_PATH", &only), 2);
    assert!(line.contains("not usable") && line.contains(&broken), "{line}");

    let both = std::env::join_paths([only, folder()]).unwrap();
    let report = json(command(["plugins", "--json"]).env("RLX_PLUGIN_PATH", &both));
    let row = |path: &str| {
        let rows = report["plugins"].as_array().unwrap();
        rows.iter().find(|row| row["path"] == path).unwrap_or_else(|| panic!("{path} is not in {report:#}"))
    };
    assert_eq!((&row(&broken)["usable"], &row(&staged())["usable"]), (&false.into(), &true.into()));
    assert!(row(&broken)["reason"].as_str().is_some_and(|reason| !reason.is_empty() && !reason.contains(&broken)));
    json(command(files.run("mlx")).arg("--json").env("RLX_PLUGIN_PATH", &both));
}
