/* Kernels of the host's own: what computes the custom ops `example.squared_relu` and `example.recurrence` in the programs
 * that it runs.
 *
 * A plugin calls kernels from whichever thread it likes, several at once. These keep nothing between calls, so they have no
 * context and nothing to release. A kernel may fail and take its time, but it may not call the plugin. */
#include "kernels.h"

#include "rlx_array_ops.h"

#include <stddef.h>
#include <string.h>

/* Errors are objects that their maker frees. These are never freed, so they need no memory. */
static void keep(RlxError *error) {
    (void)error;
}

static RlxError wrong_dtype = {.struct_size = sizeof wrong_dtype,
                               .code = RLX_ERROR_UNSUPPORTED,
                               .message = RLX_STR("it computes in f32 alone"),
                               .release = keep};
static RlxError wrong_attributes = {.struct_size = sizeof wrong_attributes,
                                    .code = RLX_ERROR_INVALID_ARGUMENT,
                                    .message = RLX_STR("its attributes are not one f32"),
                                    .release = keep};
static RlxError wrong_count = {.struct_size = sizeof wrong_count,
                               .code = RLX_ERROR_INVALID_ARGUMENT,
                               .message = RLX_STR("it has one operand and one result"),
                               .release = keep};
static RlxError wrong_shape = {.struct_size = sizeof wrong_shape,
                               .code = RLX_ERROR_INVALID_ARGUMENT,
                               .message = RLX_STR("its result has the dtype and shape of its operand"),
                               .release = keep};
static RlxError older_plugin = {.struct_size = sizeof older_plugin,
                                .code = RLX_ERROR_UNSUPPORTED,
                                .message = RLX_STR("the plugin lacks an array operation"),
                                .release = keep};

/* The program is whatever somebody wrote, so a kernel checks what it relies on. One that trusts the sizes writes past the
 * end of its result, or leaves a part of it as it was. */
static int is_unary(const RlxKernelCall *call) {
    return call->input_count == 1 && call->output_count == 1;
}

static int same_type(const RlxTensorInfo *a, const RlxTensorInfo *b) {
    size_t extents = a->rank * sizeof *a->dims;
    return a->dtype == b->dtype && a->rank == b->rank && (!extents || !memcmp(a->dims, b->dims, extents));
}

/* max(x, 0)^2, composed of operations of the plugin's engine. Called when the engine's graph is built: the arrays have
 * dtypes and shapes, but no elements yet. */
static RlxError *squared_relu(void *context, const RlxKernelCall *call, const RlxArrayOps *ops, RlxArray *const *inputs,
                              RlxArray **outputs) {
    (void)context;
    RlxOpUnary unary;
    RlxOpMul multiply;
    if (!is_unary(call)) return &wrong_count; /* The plugin compares the shape of what comes out. */
    if (!rlx_array_op(ops, RLX_OP_UNARY, &unary) || !rlx_array_op(ops, RLX_OP_MUL, &multiply)) return &older_plugin;
    RlxArray *relu = NULL;
    RlxError *error = unary(&relu, inputs[0], RLX_UN_RELU);
    if (!error) error = multiply(&outputs[0], relu, relu);
    /* What an operation makes is ours; only the result goes to the plugin. NULL is allowed. */
    ops->free(relu);
    return error;
}

/* y[i] = x[i] + a y[i - 1] along every row, in host memory; the attribute is a, an f32. Called at every evaluation.
 * Operands and results are dense, row-major and aligned for their dtypes, and of the shapes that the program states: any. */
static RlxError *recurrence(void *context, const RlxKernelCall *call, const RlxTensor *inputs,
                            const RlxTensorMut *outputs) {
    (void)context;
    float a;
    if (!is_unary(call)) return &wrong_count;
    if (!same_type(call->inputs, call->outputs)) return &wrong_shape;
    if (inputs[0].dtype != RLX_DTYPE_F32) return &wrong_dtype;
    if (call->attrs.len != sizeof a) return &wrong_attributes;
    memcpy(&a, call->attrs.data, sizeof a);
    const float *x = (const float *)(const void *)inputs[0].data.data;
    float *y = (float *)(void *)outputs[0].data.data;
    uint64_t count = inputs[0].data.len / sizeof *x;
    uint64_t row = inputs[0].rank ? (uint64_t)inputs[0].dims[inputs[0].rank - 1] : 1;
    for (uint64_t i = 0; i < count; i++) y[i] = i % row ? x[i] + a * y[i - 1] : x[i];
    return NULL;
}

RlxError *register_kernels(const RlxBackendApi *api, RlxBackend *backend) {
    static const RlxStr id = RLX_STR(RLX_KERNELS_ID);
    const RlxKernelsApi *kernels = api->get_extension(id, RLX_KERNELS_VERSION);
    if (!kernels) return NULL;
    /* The kind says which function there is. The plugin copies what it needs of these. */
    const RlxKernel own[] = {
        {.struct_size = sizeof own[0],
         .op = RLX_STR("example.squared_relu"),
         .kind = RLX_KERNEL_COMPOSED,
         .compose = squared_relu},
        {.struct_size = sizeof own[0],
         .op = RLX_STR("example.recurrence"),
         .kind = RLX_KERNEL_HOST,
         .compute = recurrence},
    };
    RlxError *error = NULL;
    uint32_t replaced;
    for (size_t i = 0; i < sizeof own / sizeof own[0] && !error; i++)
        error = kernels->register_(backend, &own[i], &replaced);
    return error;
}
