//! Plugins that open and then break the rules: each lie of the fixture has its verdict.

use crate::folder::{Folder, assert_verdict, find};
use crate::{fixture, log_capture};
use rlx_host_api::abi::{ABI_OLDEST, ABI_VERSION, RlxBackendApi, RlxVersion};

/// A lie, the verdict, and words of the reason.
type Lie<'a> = (&'a str, &'a str, &'a [&'a str]);

/// Asserts that each lie is refused, in one folder with the good plugin.
#[track_caller]
fn assert_lies(lies: &[Lie<'_>]) {
    let folder = Folder::new();
    let names: Vec<String> = lies.iter().map(|(lie, ..)| lie.replace(['.', '-'], "_")).collect();
    let files: Vec<String> = names.iter().map(|name| format!("librlx_{name}.so")).collect();
    for (((lie, ..), name), file) in lies.iter().zip(&names).zip(&files) {
        folder.plugin(file, &format!("lie={lie} name={name}"));
    }
    let cases: Vec<_> = lies.iter().zip(&files).map(|((_, code, words), file)| (&**file, *code, *words)).collect();
    folder.assert_refused(&cases);
}

/// A version of the host's ABI, moved.
fn version(major: i64, minor: u32) -> String {
    let major = u32::try_from(i64::from(ABI_VERSION.major) + major).unwrap();
    RlxVersion { major, minor, patch: 0 }.to_string()
}

#[test]
fn an_abi_without_a_version_in_common_is_refused_with_both_ranges() {
    let host = match ABI_OLDEST == ABI_VERSION {
        true => format!("this host speaks ABI {ABI_VERSION}"),
        false => format!("this host speaks ABI {ABI_OLDEST} to {ABI_VERSION}"),
    };
    let range =
        |from: (i64, u32), to: (i64, u32)| format!("speaks ABI {} to {}", version(from.0, from.1), version(to.0, to.1));
    let (next, previous) = (range((1, 0), (1, 3)), range((-1, 1), (-1, 9)));
    let minors = range((0, ABI_VERSION.minor + 5), (0, ABI_VERSION.minor + 9));
    assert_lies(&[
        ("entry.next-major", "abi-mismatch", &[&next, &host, "update the host"]),
        // A plugin that hands out its table all the same.
        ("entry.next-major-accepts", "abi-mismatch", &[&next, &host, "update the host"]),
        ("entry.previous-major", "abi-mismatch", &[&previous, &host, "update the plugin"]),
        // The same major, but the plugin has given up what this host speaks.
        ("entry.future-minors", "abi-mismatch", &[&minors, &host, "update the host"]),
    ]);
}

#[test]
fn an_entry_that_fails_or_breaks_the_rules() {
    let foreign = version(0, ABI_VERSION.minor + 4);
    assert_lies(&[
        ("entry.error", "entry-failed", &["its entry failed", "the licence of the fixture has run out"]),
        ("entry.panic", "entry-failed", &["panicked", "the entry fell over"]),
        ("entry.no-table", "bad-entry", &["no function table"]),
        ("entry.misaligned-table", "bad-entry", &["misaligned"]),
        ("entry.foreign-pick", "bad-entry", &["picked", &foreign]),
        ("entry.unheard-of", "entry-failed", &["no lie `entry.unheard-of`"]),
    ]);
}

#[test]
fn a_table_that_is_not_the_abis() {
    let size = size_of::<RlxBackendApi>();
    let (short, whole) = (format!("has {} bytes", size - 8), format!("has {size}"));
    let foreign = version(0, ABI_VERSION.minor + 9);
    assert_lies(&[
        ("table.short", "short-table", &[&short, &whole, "rebuild the plugin"]),
        ("table.empty-slots", "empty-slots", &["lacks compile, run"]),
        ("table.other-layout", "layout-differs", &["RlxBackendApi.reserved", "`u32`", "`u64`", "rebuild the plugin"]),
        ("table.null-layout", "layout-differs", &["no type layout"]),
        ("table.foreign-version", "bad-entry", &["function table is of ABI", &foreign]),
    ]);
}

#[test]
fn a_description_that_is_nonsense() {
    let bad = "bad-description";
    assert_lies(&[
        ("info.error", "init-failed", &["it cannot start", "the engine did not start"]),
        ("info.panic", "init-failed", &["it cannot start", "panicked", "the engine fell over"]),
        ("info.empty-name", bad, &["its backend name is empty"]),
        ("info.null-name", bad, &["its name", "NULL"]),
        ("info.name-not-utf8", bad, &["its name", "not UTF-8"]),
        ("info.name-huge", bad, &["its name", "1099511627776 bytes"]),
        ("info.version-no-semver", bad, &["its version `the latest` is not semver"]),
        ("info.ops-u64-max", bad, &["claims 18446744073709551615 ops"]),
        ("info.ops-billion", bad, &["claims 1000000000 ops"]),
        ("info.ops-null", bad, &["its op names", "3 elements at a NULL"]),
        ("info.ops-misaligned", bad, &["its op names", "misaligned"]),
        ("info.threading-unknown", bad, &["threading mode 77"]),
        ("info.opset-reversed", bad, &["opsets 9 to 2"]),
    ]);
}

#[test]
fn an_error_object_that_is_nonsense_is_still_an_error() {
    let failed = "init-failed";
    assert_lies(&[
        ("error.no-message", failed, &["error code 6 without a readable message"]),
        ("error.message-not-utf8", failed, &["error code 6 without a readable message"]),
        ("error.message-huge", failed, &["error code 6 without a readable message"]),
        ("error.no-release", failed, &["the engine is gone"]),
        ("error.unknown-code", failed, &["the engine is gone"]),
        ("error.details-billion", failed, &["the engine is gone"]),
        ("error.details-u64-max", failed, &["the engine is gone"]),
        ("error.details-null", failed, &["the engine is gone"]),
    ]);
}

#[test]
fn devices_that_cannot_be_listed() {
    let failed = "devices-failed";
    assert_lies(&[
        ("devices.error", failed, &["the bus is on fire"]),
        ("devices.panic", failed, &["panicked", "the bus fell over"]),
        ("devices.count-u64-max", failed, &["claims 18446744073709551615 devices"]),
        ("devices.count-billion", failed, &["claims 1000000000 devices"]),
        ("devices.one-more", failed, &["device 1 does not exist"]),
        ("devices.lost", failed, &["the device has been unplugged"]),
        ("devices.null-name", failed, &["NULL"]),
        ("devices.name-huge", failed, &["name", "1099511627776 bytes"]),
        ("devices.id-huge", failed, &["id", "1099511627776 bytes"]),
        ("devices.attributes-null", failed, &["attributes", "NULL"]),
        ("devices.attributes-billion", failed, &["attributes", "1000000000"]),
    ]);
}

#[test]
fn a_plugin_under_another_name_says_both() {
    let folder = Folder::new();
    folder.plugin("librlx_file.so", "name=inside");
    folder.plugin("librlx_shouting.so", "name=SHOUTING");
    folder.assert_refused(&[
        ("librlx_file.so", "other-name", &["backend `file`", "`inside`"]),
        ("librlx_shouting.so", "bad-description", &["`SHOUTING`", "a-z"]),
    ]);
}

/// What is no reason to refuse: no layout, as in a plugin that is not written in Rust, and a size that the host set
/// itself.
#[test]
fn what_does_no_harm_is_no_reason_to_refuse() {
    let folder = Folder::new();
    folder.plugin("librlx_foreign.so", "lie=table.without-layout name=foreign");
    folder.plugin("librlx_grown.so", "lie=info.grown name=grown");
    let candidates = folder.registry().scan();
    for name in ["librlx_foreign.so", "librlx_grown.so", "librlx_good.so"] {
        let candidate = find(&candidates, &folder.path(name));
        assert_verdict(candidate, "ok", &[]);
        fixture::assert_runs(candidate.plugin().unwrap());
    }
}

#[test]
fn a_plugins_own_threads_log_through_the_host() {
    log_capture::start();
    let folder = Folder::new();
    folder.plugin("librlx_chatty.so", "lie=info.logs name=chatty");
    let candidates = folder.registry().scan();
    assert_verdict(find(&candidates, &folder.path("librlx_chatty.so")), "ok", &[]);
    let mut lines = log_capture::lines_with("of the fixture");
    lines.sort();
    let line = |n| (log::Level::Warn, "fixture::worker".to_owned(), format!("thread {n} of the fixture is up"));
    assert_eq!(lines, [line(1), line(2)], "and nothing beyond the host's level");
}
