//! Links the plugin so that it finds its libraries beside itself, and tells it which OpenBLAS to load.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(blas_forwarders, own_allocator)");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if os == "macos" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-rpath,@loader_path");
        println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/librlx_mlx.dylib");
    } else if os == "linux" {
        // DT_RPATH, not DT_RUNPATH: it also serves the libraries that libmlx needs, and no LD_LIBRARY_PATH of the user
        // can put another libmlx before the bundled one.
        println!("cargo::rustc-cdylib-link-arg=-Wl,--disable-new-dtags,-rpath,{}", run_path());
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,librlx_mlx.so");
        println!("cargo::rustc-cdylib-link-arg=-Wl,--no-undefined");
        // Else GNU's linker exports what the shim instantiates of C++'s templates and libmlx has a use for.
        println!("cargo::rustc-cdylib-link-arg=-Wl,--exclude-libs,ALL");
    }
    // Tests have nothing beside them.
    for variable in ["DEP_RLX_MLX_SHIM_MLX_LIB", "DEP_RLX_MLX_SHIM_BLAS_LIB"] {
        if let Ok(folder) = std::env::var(variable) {
            println!("cargo::rustc-link-arg-tests=-Wl,-rpath,{folder}");
        }
    }
    if let Ok(file) = std::env::var("DEP_RLX_MLX_SHIM_MLX_FILE") {
        println!("cargo::rustc-env=RLX_MLX_LINKED_FILE={file}");
        // In an MLX that is part of the plugin nothing can be put before its functions.
        if os == "linux" {
            println!("cargo::rustc-cfg=own_allocator");
        }
    }
    // Loaded, not linked: see src/blas.
    if let Ok(file) = std::env::var("DEP_RLX_MLX_SHIM_BLAS_FILE") {
        println!("cargo::rustc-env=RLX_MLX_OPENBLAS_FILE={file}");
        println!("cargo::rustc-cfg=blas_forwarders");
    }
}

/// The plugin's own folder, and that of MLX in it where it has one.
fn run_path() -> String {
    let file = std::env::var("DEP_RLX_MLX_SHIM_MLX_FILE").unwrap_or_default();
    match file.rsplit_once('/') {
        Some((folder, _)) => format!("$ORIGIN:$ORIGIN/{folder}"),
        None => "$ORIGIN".to_owned(),
    }
}
