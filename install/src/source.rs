//! What a user names as the thing to install.

use percent_encoding::percent_decode_str;
use rlx_host_api::Error;
use std::ffi::OsString;
use std::path::PathBuf;

/// An archive or a bundle's folder, by its path or by a `file:` URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(OsString);

impl<T: Into<OsString>> From<T> for Source {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl Source {
    /// The path that is meant.
    ///
    /// # Errors
    /// Invalid argument for a URL of another kind, or of another machine.
    pub(crate) fn path(&self) -> Result<PathBuf, Error> {
        match self.0.to_str().and_then(scheme) {
            Some(("file", rest)) => local(rest),
            Some((scheme, _)) => Err(Error::invalid(format!(
                "`{}` is fetched by nothing here: download it, and give the file (a `{scheme}:` URL is not read, only `file:`)",
                self.0.to_string_lossy()
            ))),
            None => Ok(PathBuf::from(&self.0)),
        }
    }
}

/// The scheme of a URL and what follows it. One letter is a drive of Windows.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    (is_scheme && (scheme == "file" || rest.starts_with("//"))).then_some((scheme, rest))
}

/// The path of a `file:` URL, without its scheme.
fn local(rest: &str) -> Result<PathBuf, Error> {
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    if !path.starts_with('/') {
        return Err(Error::invalid(format!(
            "`file:{rest}` names no file of this machine: write file:///path, or give the path alone"
        )));
    }
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    #[cfg(unix)]
    let path: OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    // Before a drive of Windows stands a slash more.
    #[cfg(not(unix))]
    let path: OsString = String::from_utf8_lossy(&bytes).trim_start_matches('/').into();
    Ok(path.into())
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn paths_and_urls_of_files_are_told_apart() {
        for (text, path) in [
            ("a.tar.zst", "a.tar.zst"),
            ("./https:/a", "./https:/a"),
            ("mlx:1", "mlx:1"),
            ("file:/a/b", "/a/b"),
            ("file:///a/b%20c", "/a/b c"),
            ("file://localhost/a", "/a"),
        ] {
            assert_eq!(Source::from(text).path().unwrap(), PathBuf::from(path), "{text}");
        }
        for (text, word) in [("https://host/a", "download it"), ("file://host/a", "file:///"), ("file:a", "file:///")] {
            let error = Source::from(text).path().unwrap_err();
            assert!(error.message().contains(word), "{error}");
        }
    }
}
