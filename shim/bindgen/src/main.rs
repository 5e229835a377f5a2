//! Writes the shim's Rust bindings: `rlx-mlx-bindgen SHIM_FOLDER OUTPUT`.
//!
//! A program of its own, because bindgen with its parser takes longer to build than all of xtask. The result must not
//! depend on the machine it is made on, hence one fixed target and the few system types from `include/` beside this.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bindgen::{EnumVariation, Formatter, MacroTypeVariation, RustEdition, RustTarget};

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [shim, output] = arguments.as_slice() else {
        bail!("usage: rlx-mlx-bindgen SHIM_FOLDER OUTPUT");
    };
    let folder = |name: &str| shim.join(name).display().to_string();
    let Ok(rust) = RustTarget::stable(89, 0) else {
        bail!("bindgen does not know the Rust version of this workspace");
    };
    bindgen::builder()
        .header(folder("include/rlx_mlx_shim.h"))
        .clang_args(["-I", &folder("include"), "-isystem", &folder("bindgen/include")])
        .clang_args(["-std=c99", "-nostdinc", "--target=x86_64-unknown-linux-gnu"])
        // Takes plain comments for documentation, too.
        .clang_arg("-fparse-all-comments")
        .allowlist_item("rlx_mlx_.*|RLX_MLX_.*")
        .default_enum_style(EnumVariation::Consts)
        .prepend_enum_name(false)
        .default_macro_constant_type(MacroTypeVariation::Signed)
        .ctypes_prefix("std::ffi")
        .rust_target(rust)
        .rust_edition(RustEdition::Edition2024)
        .merge_extern_blocks(true)
        .disable_header_comment()
        .raw_line("//! Declarations of `include/rlx_mlx_shim.h`, written by `cargo xtask bindings`. Do not edit.")
        // xtask formats it, with the workspace's own settings.
        .formatter(Formatter::Prettyplease)
        .generate()
        .context("cannot read the shim's headers")?
        .write_to_file(output)
        .with_context(|| format!("cannot write {}", output.display()))
}
