//! `rlx_runtime::Backend` over a plugin's backend instance.

use super::boundary::Declared;
use super::executable::PluginExecutable;
use super::failure::{fail, or_fail};
use super::passes;
use super::registered::{Registered, registered};
use rlx_ir::hir::{HirModule, LowerError};
use rlx_ir::lir::LirModule;
use rlx_ir::{Graph, GraphModule, GraphStage, OpKind, RngOptions};
use rlx_runtime::{Backend, CompileOptions, Device, ExecutableGraph, stages};
use std::sync::Arc;

/// The registered plugin, for one `Session`.
struct PluginBackend {
    registered: Arc<Registered>,
}

/// The factory that rlx-runtime calls for `Device::Mlx`.
pub(super) fn make() -> Box<dyn Backend> {
    match registered() {
        Some(registered) => Box::new(PluginBackend { registered }),
        // The factory is made known to the runtime after the plugin is.
        None => fail("no plugin is registered: call rlx_host_api::runtime::register_mlx first"),
    }
}

impl PluginBackend {
    /// Hands an optimized graph to the plugin.
    fn compile_optimized(&self, graph: Graph, declared: Declared, rng: RngOptions) -> Box<dyn ExecutableGraph> {
        let executable = passes::encode(graph)
            .and_then(|prepared| PluginExecutable::compile(&self.registered, prepared, declared, rng));
        Box::new(or_fail(executable))
    }
}

impl Backend for PluginBackend {
    fn supported_ops(&self) -> &'static [OpKind] {
        self.registered.ops
    }

    fn compile(&self, graph: Graph, options: &CompileOptions) -> Box<dyn ExecutableGraph> {
        let declared = Declared::of(&graph);
        let optimized = or_fail(passes::optimize(graph, options, self.registered.target()));
        self.compile_optimized(optimized, declared, options.rng)
    }

    fn compile_lir(&self, lir: LirModule, options: &CompileOptions) -> Box<dyn ExecutableGraph> {
        let graph = lir.into_graph();
        let declared = Declared::of(&graph);
        let optimized = or_fail(passes::optimize_planned(graph, options, self.registered.target()));
        self.compile_optimized(optimized, declared, options.rng)
    }

    fn compile_hir(
        &self,
        hir: HirModule,
        _device: Device,
        options: &CompileOptions,
    ) -> Result<Box<dyn ExecutableGraph>, LowerError> {
        let mir = rlx_opt::CompilePipeline::lower_hir(hir)?;
        Ok(self.compile(mir.into_graph(), options))
    }

    /// Through [`compile`](Backend::compile), which sees the graph before any pass: the default would keep neither
    /// parameter bindings nor the dtypes that the graph declares.
    fn compile_module(
        &self,
        module: GraphModule,
        device: Device,
        options: &CompileOptions,
    ) -> Result<Box<dyn ExecutableGraph>, LowerError> {
        match module.stage() {
            GraphStage::Hir | GraphStage::Mir => {
                let mir = module.into_mir()?;
                Ok(self.compile(mir.into_graph(), options))
            }
            GraphStage::Lir => {
                let result = stages::compile_module_stages(device, module, options)?;
                stages::maybe_log_fusion(&result.fusion);
                Ok(self.compile_lir(result.lir, options))
            }
        }
    }
}
