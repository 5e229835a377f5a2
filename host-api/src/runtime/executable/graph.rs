//! The trait `rlx_runtime::ExecutableGraph`, each method one call.

use super::PluginExecutable;
use super::arena::Arena;
use super::inputs::Given;
use super::kv::Layout;
use crate::runtime::convert::{convert, from_f32};
use crate::runtime::failure::or_fail;
use crate::{ActiveExtent, Error, ErrorKind};
use rlx_ir::RngOptions;
use rlx_runtime::{ExecutableCapabilities, ExecutableGraph};
use std::any::Any;

/// What a method that cannot fail gives for a result; the reason for a failure goes to the log.
fn or_logged<T: Default>(method: &str, result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| {
        let level = match error.kind() {
            ErrorKind::Unsupported => log::Level::Debug,
            _ => log::Level::Warn,
        };
        log::log!(level, "{method}: {error}");
        T::default()
    })
}

impl ExecutableGraph for PluginExecutable {
    fn capabilities(&self) -> ExecutableCapabilities {
        ExecutableCapabilities {
            clone: self.offers.params,
            persistent_handles: true,
            gpu_handles: self.offers.resident,
            kv_resident: self.offers.resident,
            typed_io: true,
            async_pipeline: self.offers.pipeline,
            active_extent: self.offers.extent,
            ..ExecutableCapabilities::NONE
        }
    }

    fn set_param(&mut self, name: &str, data: &[f32]) {
        or_fail(self.bind_param(name, |dtype| Ok(from_f32(data, dtype))));
    }

    fn set_param_typed(&mut self, name: &str, data: &[u8], dtype: rlx_ir::DType) {
        or_fail(self.bind_param(name, |to| convert(data, dtype.into(), to)));
    }

    /// The bytes are in the declared dtype. False also for a parameter that is not set yet.
    fn set_param_range(&mut self, name: &str, byte_offset: usize, data: &[u8]) -> bool {
        or_logged("set_param_range", self.write_param(name, byte_offset, data))
    }

    fn clone_box(&self) -> Box<dyn ExecutableGraph> {
        Box::new(or_fail(self.duplicate()))
    }

    fn copy_params_from(&mut self, src: &dyn ExecutableGraph) -> bool {
        // Values that are shared are never written to, so sharing them is as good as a copy.
        self.share_params_from(src)
    }

    fn share_params_from(&mut self, src: &dyn ExecutableGraph) -> bool {
        or_logged("share_params_from", self.inherit(src))
    }

    fn param_already_set(&self, name: &str) -> bool {
        self.is_inherited(name)
    }

    fn run(&mut self, inputs: &[(&str, &[f32])]) -> Vec<Vec<f32>> {
        or_fail(self.run_f32(&Given::Named(inputs), None))
    }

    fn run_read_outputs(&mut self, inputs: &[(&str, &[f32])], read_indices: Option<&[usize]>) -> Vec<Vec<f32>> {
        or_fail(self.run_f32(&Given::Named(inputs), read_indices))
    }

    fn run_typed(&mut self, inputs: &[(&str, &[u8], rlx_ir::DType)]) -> Vec<(Vec<u8>, rlx_ir::DType)> {
        or_fail(self.run_bytes(&Given::Typed(inputs)))
    }

    /// The addresses stay valid until the next call of `run_raw`, `run_slots` or `release_scratch`, and as long as `self`.
    /// The trait's own version returns those of memory that it has freed.
    fn run_raw(&mut self, inputs: &[(&str, &[f32])]) -> Vec<(*const f32, usize)> {
        or_fail(self.run_arena(&Given::Named(inputs))).values()
    }

    /// Outputs are f32 values whatever their dtype, each at a multiple of 64 bytes.
    fn run_slots(&mut self, inputs: &[&[f32]]) -> &[(usize, usize)] {
        or_fail(self.run_arena(&Given::InOrder(inputs))).slots()
    }

    /// NULL before the first `run_slots`; afterwards the same address until `release_scratch`.
    fn arena_ptr(&self) -> *const u8 {
        self.arena.as_ref().map_or(std::ptr::null(), Arena::as_ptr)
    }

    /// Values keep their declared sizes, and rows of outputs beyond the extent are undefined. An extent that cannot be is as
    /// none.
    fn set_active_extent(&mut self, extent: Option<(usize, usize)>) {
        let extent = extent.map(|(actual, upper)| ActiveExtent { actual, upper });
        or_logged("set_active_extent", self.executable.set_active_extent(extent));
    }

    fn release_scratch(&mut self) {
        self.release_scratch_memory();
    }

    fn set_rng(&mut self, rng: RngOptions) {
        or_fail(self.use_rng(rng));
    }

    fn rng(&self) -> RngOptions {
        self.rng
    }

    /// Kept on the device where the plugin can.
    fn bind_handle(&mut self, name: &str, data: &[f32]) -> bool {
        or_logged("bind_handle", self.keep_input(name, data))
    }

    fn read_handle(&self, name: &str) -> Option<Vec<f32>> {
        or_logged("read_handle", self.read_input(name))
    }

    fn bind_gpu_handle(&mut self, name: &str, data: &[f32]) -> bool {
        self.offers.resident && or_logged("bind_gpu_handle", self.keep_input(name, data))
    }

    fn has_gpu_handle(&self, name: &str) -> bool {
        self.offers.resident && self.is_kept(name)
    }

    fn set_gpu_handle_feed(&mut self, handle_name: &str, output_index: usize) -> bool {
        or_logged("set_gpu_handle_feed", self.feed(handle_name, output_index))
    }

    fn read_gpu_handle(&self, name: &str) -> Option<Vec<f32>> {
        or_logged("read_gpu_handle", self.read_input(name))
    }

    fn read_gpu_handle_row(&self, name: &str, row: usize, row_inner: usize) -> Option<Vec<f32>> {
        or_logged("read_gpu_handle_row", self.read_input_row(name, row, row_inner))
    }

    fn read_output_row(&self, out_idx: usize, row: usize, row_inner: usize) -> Option<Vec<f32>> {
        or_logged("read_output_row", self.read_row(out_idx, row, row_inner))
    }

    /// A feed that the handle had before is in force again afterwards.
    fn run_feed_gpu_handle(
        &mut self,
        inputs: &[(&str, &[f32])],
        handle_name: &str,
        output_index: usize,
    ) -> Option<Vec<f32>> {
        or_fail(self.run_and_feed(&Given::Named(inputs), handle_name, output_index))
    }

    fn save_inputs(&mut self, names: &[&str]) -> bool {
        or_logged("save_inputs", self.save(names))
    }

    fn restore_inputs(&mut self) -> bool {
        or_logged("restore_inputs", self.restore())
    }

    /// An input that is not bound starts as zeros.
    fn prepare_resident_gpu_handle(&mut self, name: &str) -> bool {
        or_logged("prepare_resident_gpu_handle", self.prepare_resident(name))
    }

    fn register_kv_row_feed(&mut self, handle_name: &str, output_index: usize) -> bool {
        or_logged("register_kv_row_feed", self.register_row_feed(handle_name, output_index))
    }

    /// True also where the handle has no row `dst_row`: it is full, and left alone. False when nothing is registered.
    fn feed_kv_row(&mut self, src_row: usize, dst_row: usize, row_elems: usize) -> bool {
        or_logged("feed_kv_row", self.feed_row(src_row, dst_row, row_elems))
    }

    fn feed_kv_batch_major(&mut self, dst_row: usize, batch: usize, seq_cap: usize, row_elems: usize) -> bool {
        self.feed_kv_batch_major_src(0, 1, dst_row, batch, seq_cap, row_elems)
    }

    fn feed_kv_batch_major_src(
        &mut self,
        src_row: usize,
        src_seq_cap: usize,
        dst_row: usize,
        batch: usize,
        dst_seq_cap: usize,
        row_elems: usize,
    ) -> bool {
        let layout = |rows| move |_: &_| Layout { batch, rows, width: row_elems };
        let fed = self.feed_rows(layout(src_seq_cap), src_row, layout(dst_seq_cap), |_| dst_row);
        or_logged("feed_kv_batch_major", fed)
    }

    fn feed_kv_batch_major_ragged(
        &mut self,
        src_row: usize,
        src_seq_cap: usize,
        dst_rows: &[usize],
        dst_seq_cap: usize,
        row_elems: usize,
    ) -> bool {
        let layout = |rows| move |_: &_| Layout { batch: dst_rows.len(), rows, width: row_elems };
        let fed = self.feed_rows(layout(src_seq_cap), src_row, layout(dst_seq_cap), |batch| dst_rows[batch]);
        or_logged("feed_kv_batch_major_ragged", fed)
    }

    /// Rows beyond the prefix stay as they are.
    fn seed_resident_kv_prefix_from(
        &mut self,
        src: &dyn ExecutableGraph,
        prefix_tokens: usize,
        outgoing_upper: usize,
        kv_dim: usize,
        n_layers: usize,
    ) -> bool {
        self.copy_resident_kv_rows_from(src, 0, prefix_tokens, outgoing_upper, kv_dim, n_layers)
    }

    fn copy_resident_kv_rows_from(
        &mut self,
        src: &dyn ExecutableGraph,
        from_row: usize,
        to_row: usize,
        outgoing_upper: usize,
        kv_dim: usize,
        n_layers: usize,
    ) -> bool {
        let copied = self.copy_cache_rows(src, from_row..to_row, outgoing_upper, kv_dim, n_layers);
        or_logged("copy_resident_kv_rows_from", copied)
    }

    fn commit_no_wait(&mut self, inputs: &[(&str, &[f32])]) {
        or_fail(self.commit(&Given::Named(inputs)));
    }

    fn sync_pending(&mut self) {
        or_fail(self.sync());
    }

    fn run_pipelined(&mut self, input_sets: &[Vec<(&str, &[f32])>]) -> Vec<Vec<Vec<f32>>> {
        or_fail(self.run_batch(input_sets))
    }

    fn executable_as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn executable_as_any_mut(&mut self) -> Option<&mut dyn Any> {
        Some(self)
    }
}
