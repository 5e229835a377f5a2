//! `rlx-run plugins`, which plugin `--backend` selects, and what becomes of one that is not there or does not load.

use crate::files::Files;
use rlx_mlx_tests::plugin::folder;
use rlx_mlx_tests::rlx_run::{command, error_line, json, keys, stdout};
use serde_json::Value;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

fn plugin_file() -> String {
    format!("{DLL_PREFIX}rlx_mlx{DLL_SUFFIX}")
}

fn staged() -> String {
    let path: PathBuf = folder().join("rlx_mlx").join(plugin_file());
    path.display().to_string()
}

/// A copy of the staged plugin folder. Its files are shared with it where the file system can: replace, never change.
fn copy_bundle(to: &Path) -> PathBuf {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(folder().join("rlx_mlx")).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to).unwrap();
        }
    }
    to.join(plugin_file())
}

/// The row of `rlx-run plugins --json` for one file, when this folder is searched first.
fn row(searched: &Path, file: &Path) -> Value {
    let report = json(command(["plugins", "--json"]).env("RLX_PLUGIN_PATH", searched));
    let rows = report["plugins"].as_array().unwrap();
    let row = rows.iter().find(|row| row["path"] == file.display().to_string());
    row.unwrap_or_else(|| panic!("{} is not in {report:#}", file.display())).clone()
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
        "manifest",
        "name",
        "op_count",
        "ops",
        "opset",
        "origin",
        "path",
        "reason",
        "usable",
        "vendor",
        "verdict",
        "version",
    ];
    assert_eq!(keys(plugin), expected);
    assert_eq!((&plugin["usable"], &plugin["name"], &plugin["engine"]), (&true.into(), &"mlx".into(), &"MLX".into()));
    assert_eq!(plugin["abi"], rlx_host_api::abi::ABI_VERSION.to_string());
    assert_eq!(
        (&plugin["verdict"], &plugin["reason"], &plugin["manifest"]),
        (&"ok".into(), &Value::Null, &true.into())
    );
    let ops = plugin["ops"].as_array().unwrap();
    assert!(ops.contains(&"MatMul".into()), "{plugin:#}");
    assert_eq!(plugin["op_count"], ops.len());
    let devices = plugin["devices"].as_array().unwrap();
    let cpu = devices.iter().find(|device| device["kind"] == "cpu").expect("MLX always has the processor");
    assert_eq!(keys(cpu), ["kind", "memory_bytes", "name"]);
    assert!(cpu["memory_bytes"].is_u64() && cpu["name"] != "", "{cpu}");
    assert_eq!(keys(&report["folders"][0]), ["path", "reason", "state"]);
    assert_eq!(report["folders"][0]["path"], folder().display().to_string());
    assert_eq!(report["folders"][0]["state"], "found");
}

#[test]
fn without_the_plugin_every_folder_searched_is_listed() {
    let files = Files::new();
    let (one, two, data) = (files.path("one"), files.path("two"), files.path("data"));
    let list = std::env::join_paths([&one, &two]).unwrap();
    let line = error_line(command(files.run("mlx")).env("RLX_PLUGIN_PATH", &list).env("XDG_DATA_HOME", &data), 2);
    let report = json(command(["plugins", "--json"]).env("RLX_PLUGIN_PATH", &list).env("XDG_DATA_HOME", &data));
    let rows = report["folders"].as_array().unwrap();
    let folders: Vec<&str> = rows.iter().map(|folder| folder["path"].as_str().unwrap()).collect();
    assert_eq!(rows[0]["state"], "missing");
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
fn a_folder_that_cannot_be_searched_is_told() {
    let files = Files::new();
    let file = files.path("x.npy");
    let list = std::env::join_paths([&file, &folder()]).unwrap();
    let output = command(["plugins", "--json"]).env("RLX_PLUGIN_PATH", &list).assert().success().get_output().clone();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["folders"][0]["state"], &report["plugins"][0]["usable"]), (&"unreadable".into(), &true.into()));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains(&*file.display().to_string()), "{log}");
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
    assert_eq!((&row(&broken)["verdict"], &row(&broken)["version"]), (&"not-a-library".into(), &Value::Null));
    let reason = row(&broken)["reason"].as_str().unwrap();
    assert!(!reason.is_empty() && !reason.contains(&broken), "{reason}");
    let text = stdout(command(["plugins"]).env("RLX_PLUGIN_PATH", &both));
    assert!(text.contains(reason), "uncut: {text}");

    let output = command(files.run("mlx")).env("RLX_PLUGIN_PATH", &both).assert().success().get_output().clone();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains(&broken) && log.contains(reason), "what was passed over is logged: {log}");
}

#[test]
fn name_version_and_path_select() {
    let files = Files::new();
    let version = row(&folder(), Path::new(&staged()))["version"].as_str().unwrap().to_owned();
    let minor = version.rsplit_once('.').unwrap().0;
    let selectors = ["mlx".to_owned(), format!("mlx@{version}"), format!("mlx@{minor}"), "mlx@>=0, <9".to_owned()];
    for selector in selectors.into_iter().chain([staged()]) {
        let report = json(command(files.run(&selector)).arg("--json"));
        assert_eq!((&report["plugin"]["name"], &report["plugin"]["version"]), (&"mlx".into(), &(*version).into()));
    }
    let line = error_line(&mut command(files.run("mlx@77")), 2);
    for part in ["`mlx@77`", &version, &staged()] {
        assert!(line.contains(part), "`{part}` is not in `{line}`");
    }
    for (selector, part) in [("mlx@new", "mlx@0.2"), ("MLX", "a-z"), ("./none.so", "no such file")] {
        let line = error_line(&mut command(files.run(selector)), 2);
        assert!(line.contains(part) && line.contains(selector), "`{part}` is not in `{line}`");
    }
}

#[test]
fn of_two_equal_plugins_the_first_is_used_and_the_other_by_its_path() {
    let files = Files::new();
    let copy = copy_bundle(&files.path("plugins/copy"));
    let both = std::env::join_paths([folder(), files.path("plugins")]).unwrap();
    let report = json(command(["plugins", "--json"]).env("RLX_PLUGIN_PATH", &both));
    let verdicts: Vec<_> = report["plugins"].as_array().unwrap().iter().map(|row| row["verdict"].clone()).collect();
    assert_eq!(verdicts, ["ok", "shadowed"]);
    let reason = report["plugins"][1]["reason"].as_str().unwrap();
    let copy = copy.display().to_string();
    assert!(reason.contains(&staged()) && reason.contains(&copy), "{reason}");
    json(command(files.run(&copy)).arg("--json").env("RLX_PLUGIN_PATH", &both));
}

#[test]
fn a_bundle_that_is_not_as_its_manifest_says_is_refused_by_name() {
    let files = Files::new();
    let searched = files.path("plugins");
    let plugin = copy_bundle(&searched.join("rlx_mlx"));
    // Its name ends in the hash of the wheel that it comes from.
    let mut files_beside = plugin.parent().unwrap().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let is_engine =
        |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&format!("{DLL_PREFIX}mlx-"));
    let library = files_beside.find(is_engine).expect("the bundled MLX");
    let mut bytes = fs::read(&library).unwrap();
    fs::remove_file(&library).unwrap();
    let library_name = library.file_name().unwrap().to_str().unwrap();
    let refused = |verdict: &str| {
        let row = row(&searched, &plugin);
        assert_eq!((&row["verdict"], &row["usable"]), (&verdict.into(), &false.into()), "{row:#}");
        assert!(row["reason"].as_str().unwrap().contains(library_name), "{row:#}");
        row
    };
    let row = refused("listed-file-missing");
    assert_eq!((&row["name"], &row["engine"], &row["abi"]), (&"mlx".into(), &"MLX".into(), &Value::Null), "manifest");

    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&library, &bytes).unwrap();
    refused("listed-file-differs");
    fs::write(&library, &bytes[..middle]).unwrap();
    refused("listed-file-differs");

    bytes[middle] ^= 1;
    fs::write(&library, &bytes).unwrap();
    let manifest = plugin.with_file_name("manifest.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let (start, files) = text.split_once("[[file]]").unwrap();
    let others = files.split("[[file]]").filter(|file| !file.contains(&format!("\"{library_name}\"")));
    fs::remove_file(&manifest).unwrap();
    fs::write(&manifest, start.to_owned() + &others.map(|file| format!("[[file]]{file}")).collect::<String>()).unwrap();
    refused("unlisted-library");

    fs::remove_file(&library).unwrap();
    fs::remove_file(&manifest).unwrap();
    refused("missing-library");
}

#[test]
#[cfg(unix)]
fn a_folder_that_everyone_can_write_to_is_used_only_when_that_is_allowed() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::new();
    let searched = files.path("plugins");
    let plugin = copy_bundle(&searched.join("rlx_mlx"));
    fs::set_permissions(searched.join("rlx_mlx"), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(row(&searched, &plugin)["verdict"], "writable-by-others");
    let run = || {
        let mut command = command(files.run("mlx"));
        command.env("RLX_PLUGIN_PATH", &searched);
        command
    };
    let line = error_line(&mut run(), 2);
    assert!(line.contains("can be written by everyone"), "{line}");
    let allowed =
        [run().arg("--allow-untrusted-plugins").assert(), run().env("RLX_PLUGIN_ALLOW_UNTRUSTED", "1").assert()];
    for allowed in allowed {
        let log = String::from_utf8(allowed.success().get_output().stderr.clone()).unwrap();
        assert_eq!(log.matches("can be written by everyone").count(), 1, "{log}");
    }
}
