//! The macro that makes a plugin of a crate.

/// Exports a type that implements [`Plugin`](crate::author::Plugin) as the plugin of this `cdylib`: the entry symbol, the table, and
/// panic-safe thunks behind every slot. Once per library.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        const _: () = {
            static STATE: $crate::author::PluginState = $crate::author::PluginState::new();
            static API: $crate::abi::RlxBackendApi = $crate::author::api_table::<$plugin>();

            impl $crate::author::Exported for $plugin {
                fn state() -> &'static $crate::author::PluginState {
                    &STATE
                }
            }

            /// The one entry of this plugin, see `rlx_host_api::abi::RlxBackendEntry`.
            // SAFETY: the name is reserved for this purpose by the ABI.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn rlx_backend_entry(
                request: *const $crate::abi::RlxEntryRequest,
                response: *mut $crate::abi::RlxEntryResponse,
            ) -> *mut $crate::abi::RlxError {
                // SAFETY: the host's promise about both pointers is handed on.
                unsafe { $crate::author::entry(&API, request, response) }
            }
        };
    };
}
