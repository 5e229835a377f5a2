//! Packages that are built together.

/// The packages that link rlx-cpu or rlx-runtime. They are always built together: cargo gives rlx-host-api the features that
/// any package of a command wants, and for another set it would build it, and all these, again.
pub(crate) const WITH_RLX_CPU: [&str; 6] =
    ["rlx-custom-kernel", "rlx-host-api", "rlx-mlx-tests", "rlx-reference-plugin", "rlx-run", "rlx-tensor-parallel"];

/// The packages that `cargo xtask` itself is built from.
pub(crate) const WITH_XTASK: [&str; 2] = ["xtask", "rlx-mlx-vendor"];
