//! Plugins that load and break the rules where they are used: the call fails, and the process goes on.

use crate::fixture;
use crate::folder::{Folder, assert_verdict, find};
use rlx_host_api::ErrorKind;

#[test]
fn what_create_and_compile_give_is_not_believed() {
    let table: &[(&str, &[&str])] = &[
        ("creates-nothing", &["made no instance and gave no error"]),
        ("compiles-nothing", &["no executable and no error"]),
        ("stride-0", &["inputs", "0 bytes"]),
        ("stride-8", &["inputs", "8 bytes"]),
        ("stride-misaligned", &["inputs", "44 bytes"]),
        ("stride-huge", &["inputs", "9223372036854775808 bytes"]),
        ("inputs-u64-max", &["18446744073709551615 inputs"]),
        ("inputs-billion", &["1000000000 inputs"]),
        ("inputs-null", &["inputs", "NULL"]),
        ("inputs-misaligned", &["inputs", "misaligned"]),
        ("input-name-huge", &["1099511627776 bytes"]),
        ("input-dtype-unknown", &["dtype", "99"]),
        ("rank-huge", &["4294967295"]),
        ("dims-negative", &["`x`", "impossible shape", "-2"]),
        ("dims-overflow", &["`x`", "impossible shape"]),
    ];
    let folder = Folder::new();
    let name = |lie: &str| lie.replace('-', "_");
    for (lie, _) in table {
        let name = name(lie);
        folder.plugin(&format!("librlx_{name}.so"), &format!("lie=backend.{lie} name={name}"));
    }
    let candidates = folder.registry().scan();
    for (lie, words) in table {
        let candidate = find(&candidates, &folder.path(&format!("librlx_{}.so", name(lie))));
        assert_verdict(candidate, "ok", &[]);
        let error = fixture::compile(candidate.plugin().unwrap()).expect_err(lie);
        assert_eq!(error.kind(), ErrorKind::PluginFault, "{lie}: {error}");
        for word in *words {
            assert!(error.message().contains(word), "{lie}: `{word}` is not in `{error}`");
        }
    }
    fixture::assert_runs(folder.good(&candidates));
}
