//! Conversions between Rust slices and the views of the wire ABI.

use crate::abi::*;
use crate::growable::read;
use crate::{DType, Error, Growable, TensorInfo, TensorView, Value};

impl RlxStr {
    /// The empty string.
    pub const EMPTY: Self = Self { data: std::ptr::null(), len: 0 };

    /// A view of `text`.
    pub const fn new(text: &str) -> Self {
        Self { data: text.as_ptr(), len: text.len() as u64 }
    }

    /// The text behind the view.
    ///
    /// # Errors
    /// Invalid argument when the bytes are not UTF-8, or `data` is NULL with a nonzero `len`.
    ///
    /// # Safety
    /// `data` points to `len` readable bytes that stay unchanged for `'a`.
    pub unsafe fn as_str<'a>(self) -> Result<&'a str, Error> {
        // SAFETY: the caller's promise is that of `slice`.
        let bytes = unsafe { slice(self.data, self.len, "text")? };
        std::str::from_utf8(bytes).map_err(|e| Error::invalid(format!("text is not UTF-8: {e}")))
    }
}

/// No name, message or value of the other side is longer. A length beyond it is a mistake, and to follow it would be to
/// read memory that is not there.
pub(crate) const MAX_TEXT: u64 = 1 << 20;

/// No list of options, attributes or details is longer; as [`MAX_TEXT`].
const MAX_PAIRS: u64 = 1 << 12;

/// The text behind a view of the other side, if its length can be believed.
///
/// # Errors
/// Invalid argument as [`RlxStr::as_str`], and for a length beyond `max`; the message starts with `what`.
///
/// # Safety
/// As [`RlxStr::as_str`].
pub(crate) unsafe fn text<'a>(view: RlxStr, max: u64, what: &str) -> Result<&'a str, Error> {
    if view.len > max {
        return Err(Error::invalid(format!("{what}: {} bytes", view.len)));
    }
    // SAFETY: promised by the caller.
    unsafe { view.as_str() }.map_err(|e| e.context(what))
}

impl RlxBytes {
    /// A view of `bytes`.
    pub const fn new(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len() as u64 }
    }
}

impl RlxBytesMut {
    /// A view of `bytes`.
    pub const fn new(bytes: &mut [u8]) -> Self {
        Self { data: bytes.as_mut_ptr(), len: bytes.len() as u64 }
    }

    /// The view that says "not wanted".
    pub const SKIP: Self = Self { data: std::ptr::null_mut(), len: 0 };
}

/// The slice behind a pointer and a length that came over the boundary.
///
/// # Errors
/// Invalid argument for NULL with a nonzero length, a misaligned pointer, or a length beyond the address space.
///
/// # Safety
/// A non-NULL `data` points to `len` readable elements that stay unchanged for `'a`.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: u64, what: &str) -> Result<&'a [T], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() || !data.is_aligned() {
        return Err(Error::invalid(format!("{what}: {len} elements at a NULL or misaligned address")));
    }
    let max = (isize::MAX as usize / size_of::<T>().max(1)) as u64;
    if len > max {
        return Err(Error::invalid(format!("{what}: length {len} exceeds the address space")));
    }
    // SAFETY: not NULL, aligned, of possible size; the caller promises the memory.
    Ok(unsafe { std::slice::from_raw_parts(data, len as usize) })
}

impl<'a> TensorView<'a> {
    pub(crate) fn to_raw(self) -> RlxTensor {
        RlxTensor {
            dtype: self.dtype.code(),
            rank: self.dims.len() as u32,
            dims: self.dims.as_ptr(),
            data: RlxBytes::new(self.data),
        }
    }

    /// # Safety
    /// The views in `raw` are valid for `'a`.
    pub(crate) unsafe fn from_raw(raw: &RlxTensor) -> Result<Self, Error> {
        // SAFETY: promised by the caller.
        let (dims, data) = unsafe {
            (slice(raw.dims, raw.rank.into(), "tensor dims")?, slice(raw.data.data, raw.data.len, "tensor data")?)
        };
        let view = Self { dtype: DType::from_code(raw.dtype)?, dims, data };
        view.check()?;
        Ok(view)
    }
}

/// More inputs, parameters or outputs than any graph has: a count beyond it is not believed.
const MAX_TENSORS: u64 = 1 << 20;

/// More dimensions than any tensor has: a count beyond it is not believed.
const MAX_RANK: u32 = 1 << 8;

/// A description of a tensor longer than this is not believed.
const MAX_STRIDE: u64 = 1 << 12;

/// A list of descriptions that the other side made.
///
/// # Errors
/// Plugin fault for what cannot be believed; the message names `what`.
///
/// # Safety
/// `data` points to `count` valid descriptions.
pub(crate) unsafe fn tensors(data: *const RlxTensorInfo, count: u64, what: &str) -> Result<Vec<TensorInfo>, Error> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if count > MAX_TENSORS {
        return Err(Error::fault(format!("it claims {count} {what}")));
    }
    if data.is_null() || !data.is_aligned() {
        return Err(Error::fault(format!("{what}: {count} descriptions at a NULL or misaligned address")));
    }
    // SAFETY: there is at least one, and it starts with its size, which is the stride of the array.
    let stride = unsafe { data.cast::<u64>().read() };
    let possible = RlxTensorInfo::BASELINE as u64..=MAX_STRIDE;
    if !possible.contains(&stride) || !stride.is_multiple_of(align_of::<RlxTensorInfo>() as u64) {
        return Err(Error::fault(format!("{what}: descriptions of {stride} bytes")));
    }
    (0..count as usize)
        .map(|i| {
            // SAFETY: `i` is below the count that the plugin states, at its stride.
            let raw = unsafe { read(data.byte_add(i * stride as usize), what)? };
            if raw.rank > MAX_RANK {
                return Err(Error::fault(format!("{what}: a tensor of {} dimensions", raw.rank)));
            }
            // SAFETY: the description's views are valid as long as the executable.
            let (name, dims) =
                unsafe { (text(raw.name, MAX_TEXT, "a name")?, slice(raw.dims, raw.rank.into(), "dims")?) };
            let info = TensorInfo { name: name.to_owned(), dtype: DType::from_code(raw.dtype)?, dims: dims.to_vec() };
            if dims.iter().any(|&d| d < 0) || info.byte_len() > isize::MAX as usize {
                return Err(Error::fault(format!("{what}: `{name}` has the impossible shape {info}")));
            }
            Ok(info)
        })
        .collect()
}

impl RlxValue {
    /// The wire form of `value`; borrows its text.
    pub fn new(value: &Value) -> Self {
        let none = Self { kind: 0, reserved: 0, int: 0, float: 0.0, text: RlxStr::EMPTY };
        match value {
            Value::Int(v) => Self { kind: RLX_VALUE_INT, int: *v, ..none },
            Value::Float(v) => Self { kind: RLX_VALUE_FLOAT, float: *v, ..none },
            Value::Bool(v) => Self { kind: RLX_VALUE_BOOL, int: i64::from(*v), ..none },
            Value::Str(v) => Self { kind: RLX_VALUE_STR, text: RlxStr::new(v), ..none },
        }
    }

    /// The owned form.
    ///
    /// # Errors
    /// Invalid argument for an unknown kind or bad text.
    ///
    /// # Safety
    /// The text view is valid.
    pub unsafe fn to_value(self) -> Result<Value, Error> {
        Ok(match self.kind {
            RLX_VALUE_INT => Value::Int(self.int),
            RLX_VALUE_FLOAT => Value::Float(self.float),
            RLX_VALUE_BOOL => Value::Bool(self.int != 0),
            // SAFETY: promised by the caller.
            RLX_VALUE_STR => Value::Str(unsafe { text(self.text, MAX_TEXT, "a value")? }.to_owned()),
            other => return Err(Error::invalid(format!("value of unknown kind {other}"))),
        })
    }
}

/// Key/values as owned pairs.
///
/// # Safety
/// A non-NULL `data` points to `len` valid entries.
pub(crate) unsafe fn pairs(data: *const RlxKeyValue, len: u64, what: &str) -> Result<Vec<(String, Value)>, Error> {
    if len > MAX_PAIRS {
        return Err(Error::invalid(format!("{what}: {len} entries")));
    }
    // SAFETY: promised by the caller.
    let entries = unsafe { slice(data, len, what)? };
    entries
        .iter()
        // SAFETY: promised by the caller.
        .map(|kv| Ok((unsafe { text(kv.key, MAX_TEXT, "a key")? }.to_owned(), unsafe { kv.value.to_value()? })))
        .collect()
}

/// Wire forms of `pairs`; they borrow from it.
pub(crate) fn key_values(pairs: &[(String, Value)]) -> Vec<RlxKeyValue> {
    pairs.iter().map(|(k, v)| RlxKeyValue { key: RlxStr::new(k), value: RlxValue::new(v) }).collect()
}

impl std::fmt::Display for RlxVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl From<RlxVersion> for semver::Version {
    fn from(v: RlxVersion) -> Self {
        Self::new(v.major.into(), v.minor.into(), v.patch.into())
    }
}
