//! Where a program runs, and all that follows from it.

use super::errors::check;
use rlx_host_api::kernel::Language;
use rlx_host_api::{DeviceInfo, DeviceKind, Error};
use rlx_mlx_shim as ffi;
use std::ffi::CStr;

/// What MLX's GPU devices run here.
const GPU_LANGUAGE: Language = if cfg!(target_os = "macos") { Language::Metal } else { Language::Cuda };

/// A device of MLX's. Of each kind there is one: the first, which is where MLX's streams are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    kind: DeviceKind,
}

impl Device {
    pub(crate) fn of(kind: DeviceKind) -> Self {
        Self { kind: if kind == DeviceKind::Gpu { kind } else { DeviceKind::Cpu } }
    }

    /// Those that are there, GPUs first: the first is the one that a host takes when it states no wish.
    pub(crate) fn all() -> Result<Vec<DeviceInfo>, Error> {
        let mut devices = Vec::new();
        for device in [DeviceKind::Gpu, DeviceKind::Cpu].map(Self::of) {
            let mut count = 0;
            // SAFETY: `count` is writable.
            check(unsafe { ffi::rlx_mlx_device_count(device.code(), &mut count) })?;
            if count > 0 {
                devices.push(device.describe()?);
            }
        }
        Ok(devices)
    }

    fn describe(self) -> Result<DeviceInfo, Error> {
        let mut name = std::ptr::null();
        let mut memory = 0;
        // SAFETY: both are writable; the name is valid until this thread's next call of that function.
        let name = unsafe {
            check(ffi::rlx_mlx_device_label(self.code(), 0, &mut name))?;
            check(ffi::rlx_mlx_device_memory(self.code(), 0, &mut memory))?;
            CStr::from_ptr(name).to_string_lossy().into_owned()
        };
        Ok(DeviceInfo {
            kind: self.kind,
            ordinal: 0,
            name: if name.is_empty() { self.kind.to_string() } else { name },
            hardware_id: String::new(),
            memory_bytes: memory,
            attributes: Vec::new(),
        })
    }

    /// The shim's value.
    pub(crate) fn code(self) -> ffi::rlx_mlx_device_t {
        match self.kind {
            DeviceKind::Gpu => ffi::RLX_MLX_DEVICE_GPU,
            _ => ffi::RLX_MLX_DEVICE_CPU,
        }
    }

    /// What its kernels from source are written in.
    pub(crate) fn language(self) -> Option<Language> {
        (self.kind == DeviceKind::Gpu).then_some(GPU_LANGUAGE)
    }

    /// Whether it computes in host memory, which the processor may write to as well.
    pub(crate) fn in_host_memory(self) -> bool {
        self.kind == DeviceKind::Cpu
    }
}
