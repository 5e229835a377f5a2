//! Where libraries come from that no plugin may carry along: those of a driver, and NVIDIA's, whose licence lies with their
//! user.

/// A library's name up to its version, the package of PyPI that has it, and whether that is named for CUDA's version.
const NVIDIA: [(&str, &str, bool); 10] = [
    ("libcublas.so", "nvidia-cublas", false),
    ("libcublasLt.so", "nvidia-cublas", false),
    ("libcudart.so", "nvidia-cuda-runtime", false),
    ("libcufft.so", "nvidia-cufft", false),
    ("libcurand.so", "nvidia-curand", false),
    ("libcusolver.so", "nvidia-cusolver", false),
    ("libnvrtc.so", "nvidia-cuda-nvrtc", false),
    ("libnvJitLink.so", "nvidia-nvjitlink", false),
    ("libcudnn.so", "nvidia-cudnn", true),
    ("libnccl.so", "nvidia-nccl", true),
];

/// Who has a library of this name; none where that is not known. `all` are the names that are needed with it, of which some
/// tell CUDA's version.
pub(in crate::discovery) fn source_of(name: &str, all: &[&str]) -> Option<String> {
    if name.starts_with("libcuda.so") {
        return Some("NVIDIA's driver has it".to_owned());
    }
    let (_, package, is_named) = NVIDIA.iter().find(|(library, ..)| name.starts_with(library))?;
    // Until CUDA 12 the names of all packages end in its version, since then those alone that have versions of their own.
    let version =
        all.iter().find_map(|name| name.strip_prefix("libnvrtc.so.").or(name.strip_prefix("libcublasLt.so.")));
    let suffix = match version {
        Some(version) if *is_named || version == "12" => format!("-cu{version}"),
        _ => String::new(),
    };
    Some(format!("CUDA has it, or PyPI's package {package}{suffix}, whose folder `lib` has to be in LD_LIBRARY_PATH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_for_their_cuda() {
        let of = |name: &str, all: &[&str]| source_of(name, all).unwrap_or_default();
        let twelve = ["libcublasLt.so.12", "libcudnn.so.9"];
        assert!(of(twelve[0], &twelve).contains("package nvidia-cublas-cu12,"));
        assert!(of(twelve[1], &twelve).contains("package nvidia-cudnn-cu12,"));
        let thirteen = ["libcufft.so.12", "libnvrtc.so.13", "libnccl.so.2"];
        assert!(of(thirteen[0], &thirteen).contains("package nvidia-cufft,"));
        assert!(of(thirteen[2], &thirteen).contains("package nvidia-nccl-cu13,"));
        assert!(of("libcuda.so.1", &[]).contains("driver"));
        assert_eq!(source_of("libother.so.1", &thirteen), None);
    }
}
