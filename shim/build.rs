//! Provisions MLX and compiles the shim against its headers.
//!
//! With `cc`, not cmake: from the wheel's CMake package the shim would take an include folder, a library folder and the
//! language standard, which are known here, and in return every machine would need cmake and a generator.

use rlx_mlx_vendor::{ENV_VARS, Flavour, Silent, Store, Target};
use std::path::Path;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() {
    if let Err(e) = build() {
        // One line instead of a panic's text; cargo shows what a failing build script prints.
        eprintln!("error: {e}");
        std::process::exit(1);
    }
}

fn build() -> Result<()> {
    for name in ENV_VARS {
        println!("cargo::rerun-if-env-changed={name}");
    }
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=include");

    let store = Store::for_build_script()?;
    let target = Target::from_cargo()?;
    let mlx = store.mlx(Flavour::selected(&target)?, &target, &Silent)?;

    // A target folder without its vendor part provisions again.
    println!("cargo::rerun-if-changed={}", mlx.library.display());

    let mut compile = cc::Build::new();
    compile.cpp(true).std("c++20").warnings(true).extra_warnings(true);
    compile.include("include").flag("-isystem").flag(mlx.include.display().to_string());
    // Handles cross the C boundary only as pointers; MLX's own warnings are silenced by -isystem.
    compile.files(sources(Path::new("src"))?);
    // The plugin exports nothing of the shim.
    compile.flag("-fvisibility=hidden");
    // GCC would make the static variables of inline functions one in the whole process, whoever else has them.
    compile.flag_if_supported("-fno-gnu-unique");
    // Lines and functions, as the profile asks of Rust: describing all of MLX's templates takes a third of the time.
    if std::env::var("DEBUG").is_ok_and(|debug| debug == "true") {
        compile.debug(false).flag("-g1");
    }
    compile.try_compile("rlx_mlx_shim")?;

    let kind = if mlx.library.extension().is_some_and(|e| e == "a") { "static" } else { "dylib" };
    println!("cargo::rustc-link-search=native={}", mlx.lib.display());
    println!("cargo::rustc-link-lib={kind}={}", mlx.link_name);
    // Where libmlx's own dependencies are, for the link check; at run time libmlx's run path finds them.
    for folder in mlx.files.iter().filter_map(|f| f.from.parent()) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        if target.os == "linux" {
            println!("cargo::rustc-link-arg-tests=-Wl,-rpath-link,{}", folder.display());
        }
    }
    println!("cargo::rustc-link-arg-tests=-Wl,-rpath,{}", mlx.lib.display());
    println!("cargo::metadata=mlx_lib={}", mlx.lib.display());
    if let Some(file) = mlx.files.iter().find(|file| file.from == mlx.library) {
        println!("cargo::metadata=mlx_file={}", file.to.display());
    }
    if let Some(blas) = store.openblas(&target, &Silent)? {
        println!("cargo::metadata=blas_lib={}", blas.lib.display());
        if let Some(file) = blas.library.file_name() {
            println!("cargo::metadata=blas_file={}", file.display());
        }
    }
    Ok(())
}

fn sources(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "cpp") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
