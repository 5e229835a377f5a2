/* The smallest whole backend plugin in C99: it has no parser, knows one program by heart, and computes it.
 *
 * It shows what a plugin owes its host by the rules in rlx_backend.h, and tests load it from Rust and from C. */
#include "rlx_backend.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tests/c/scale_add.rlxmodel: y = w x + b. */
static const char PROGRAM[] = "rlxmodel 1\n"
                              "opset 1\n"
                              "graph @scale_add {\n"
                              "  %x = input : f32[4]\n"
                              "  %w = param : f32[4]\n"
                              "  %b = param : f32[4]\n"
                              "  %scaled = Binary(Mul) %x, %w : f32[4]\n"
                              "  %y = Binary(Add) %scaled, %b : f32[4]\n"
                              "  return %y as y\n"
                              "}\n";

enum { ELEMENTS = 4, BYTES = ELEMENTS * sizeof(float), PARAMS = 2 };

struct RlxBackend {
    uint64_t device;
};

struct RlxExecutable {
    float params[PARAMS][ELEMENTS];
    int bound[PARAMS];
};

static const int64_t DIMS[] = {ELEMENTS};
static const RlxTensorInfo INPUT = {sizeof(RlxTensorInfo), RLX_STR("x"), RLX_DTYPE_F32, 1, DIMS};
static const RlxTensorInfo OUTPUT = {sizeof(RlxTensorInfo), RLX_STR("y"), RLX_DTYPE_F32, 1, DIMS};
static const RlxTensorInfo PARAM[PARAMS] = {{sizeof(RlxTensorInfo), RLX_STR("w"), RLX_DTYPE_F32, 1, DIMS},
                                            {sizeof(RlxTensorInfo), RLX_STR("b"), RLX_DTYPE_F32, 1, DIMS}};
static const RlxStr OPS[] = {RLX_STR("Binary")};

/* Set by the entry, before anything else can run. */
static const RlxHostServices *host;

static int equal(RlxStr a, RlxStr b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static RlxStr view(const char *text) {
    return (RlxStr){(const uint8_t *)text, strlen(text)};
}

static void debug(const char *message) {
    static const RlxStr target = RLX_STR("cplug");
    if (host && host->log && (!host->log_enabled || host->log_enabled(host->context, RLX_LOG_DEBUG, target)))
        host->log(host->context, RLX_LOG_DEBUG, target, view(message));
}

/* ---- Errors: each is one block of memory with its text behind it. ---- */

static void release_error(RlxError *error) {
    free(error);
}

static void keep_error(RlxError *error) {
    (void)error;
}

static RlxError *error(uint32_t code, const char *message) {
    static RlxError no_memory = {
        sizeof(RlxError), RLX_ERROR_OUT_OF_MEMORY, 0, RLX_STR("no memory for an error"), NULL, 0, keep_error};
    size_t length = strlen(message);
    RlxError *made = malloc(sizeof *made + length);
    if (!made) return &no_memory;
    uint8_t *text = memcpy(made + 1, message, length);
    *made = (RlxError){sizeof *made, code, 0, {text, length}, NULL, 0, release_error};
    return made;
}

/* Arguments of a newer host are larger, and their first fields are those known here. No host is older than 1.0. */
static RlxError *check_size(uint64_t stated, size_t known) {
    return stated >= known ? NULL : error(RLX_ERROR_INVALID_ARGUMENT, "struct_size is below that of ABI 1.0");
}

/* ---- What the plugin is. ---- */

/* Copies an answer into the host's struct as far as the host knows it; the size in front stays the host's. */
static RlxError *answer(void *out, const void *value, size_t size) {
    const size_t head = sizeof(uint64_t);
    uint64_t known;
    memcpy(&known, out, head);
    if (known > size) known = size;
    if (known < head) return error(RLX_ERROR_INVALID_ARGUMENT, "struct_size is not set");
    memcpy((char *)out + head, (const char *)value + head, (size_t)known - head);
    return NULL;
}

static RlxError *info(RlxBackendInfo *out) {
    static const RlxBackendInfo value = {.name = RLX_STR("cplug"),
                                         .version = RLX_STR("1.2.3"),
                                         .vendor = RLX_STR("RLX tests"),
                                         .engine = RLX_STR("C"),
                                         .engine_version = RLX_STR("99"),
                                         .format_version = 1,
                                         .opset_min = 1,
                                         .opset_max = 1,
                                         .threading = RLX_THREADING_CONCURRENT,
                                         .ops = OPS,
                                         .op_count = sizeof OPS / sizeof *OPS};
    return answer(out, &value, sizeof value);
}

static RlxError *device_count(uint64_t *count) {
    *count = 1;
    return NULL;
}

static RlxError *device_info(uint64_t index, RlxDeviceInfo *out) {
    static const RlxDeviceInfo value = {.kind = RLX_DEVICE_CPU, .name = RLX_STR("processor")};
    if (index != 0) return error(RLX_ERROR_NOT_FOUND, "there is one device, 0");
    return answer(out, &value, sizeof value);
}

/* ---- Instances. ---- */

static RlxError *create(const RlxCreateArgs *args, RlxBackend **backend) {
    *backend = NULL;
    RlxError *wrong = check_size(args->struct_size, sizeof *args);
    if (wrong) return wrong;
    if (args->device != 0) return error(RLX_ERROR_NOT_FOUND, "there is one device, 0");
    if (args->option_count) return error(RLX_ERROR_INVALID_ARGUMENT, "cplug has no options");
    *backend = malloc(sizeof **backend);
    if (!*backend) return error(RLX_ERROR_OUT_OF_MEMORY, "no memory for an instance");
    (*backend)->device = args->device;
    return NULL;
}

static void destroy(RlxBackend *backend) {
    free(backend);
}

/* ---- Programs. ---- */

static RlxError *compile(RlxBackend *backend, const RlxCompileArgs *args, RlxExecutable **executable) {
    (void)backend;
    *executable = NULL;
    RlxError *wrong = check_size(args->struct_size, sizeof *args);
    if (wrong) return wrong;
    if (args->option_count) return error(RLX_ERROR_INVALID_ARGUMENT, "cplug has no options");
    if (!equal(args->program, view(PROGRAM)))
        return error(RLX_ERROR_UNSUPPORTED, "cplug can compile one program, tests/c/scale_add.rlxmodel");
    if (args->graph.len && !equal(args->graph, view("scale_add")))
        return error(RLX_ERROR_NOT_FOUND, "the program has one graph, scale_add");
    *executable = calloc(1, sizeof **executable);
    if (!*executable) return error(RLX_ERROR_OUT_OF_MEMORY, "no memory for an executable");
    debug("compiled scale_add");
    return NULL;
}

static void executable_destroy(RlxExecutable *executable) {
    free(executable);
}

static RlxError *executable_info(RlxExecutable *executable, RlxExecutableInfo *out) {
    (void)executable;
    static const RlxExecutableInfo value = {.inputs = &INPUT,
                                            .input_count = 1,
                                            .params = PARAM,
                                            .param_count = PARAMS,
                                            .outputs = &OUTPUT,
                                            .output_count = 1};
    return answer(out, &value, sizeof value);
}

static RlxError *bind(RlxExecutable *executable, const RlxParamArgs *args) {
    const RlxTensor *tensor = &args->tensor;
    for (int i = 0; i < PARAMS; i++) {
        if (!equal(args->name, PARAM[i].name)) continue;
        if (tensor->dtype != RLX_DTYPE_F32 || tensor->rank != 1 || tensor->dims[0] != ELEMENTS ||
            tensor->data.len != BYTES)
            return error(RLX_ERROR_INVALID_ARGUMENT, "every parameter is f32[4]");
        memcpy(executable->params[i], tensor->data.data, BYTES);
        executable->bound[i] = 1;
        return NULL;
    }
    return error(RLX_ERROR_NOT_FOUND, "the parameters are w and b");
}

static RlxError *set_param(RlxExecutable *executable, const RlxParamArgs *args) {
    RlxError *wrong = check_size(args->struct_size, sizeof *args);
    if (wrong) return wrong;
    wrong = bind(executable, args);
    /* The value is copied, so its memory is free at once. The host waits for this call also after an error. */
    if (args->release) args->release(args->release_context);
    return wrong;
}

static RlxError *run(RlxExecutable *executable, const RlxRunArgs *args) {
    RlxError *wrong = check_size(args->struct_size, sizeof *args);
    if (wrong) return wrong;
    if (args->input_count != 1 || args->inputs[0].len != BYTES)
        return error(RLX_ERROR_INVALID_ARGUMENT, "the program takes one input, x f32[4]");
    if (args->output_count != 1 || (args->outputs[0].data && args->outputs[0].len != BYTES))
        return error(RLX_ERROR_INVALID_ARGUMENT, "the program gives one output, y f32[4]");
    for (int i = 0; i < PARAMS; i++) {
        char message[64];
        snprintf(message, sizeof message, "parameter `%s` is missing", i ? "b" : "w");
        if (!executable->bound[i]) return error(RLX_ERROR_FAILED_PRECONDITION, message);
    }
    /* Views are not aligned. */
    float values[ELEMENTS];
    memcpy(values, args->inputs[0].data, BYTES);
    for (int i = 0; i < ELEMENTS; i++) values[i] = executable->params[0][i] * values[i] + executable->params[1][i];
    if (args->outputs[0].data) memcpy(args->outputs[0].data, values, BYTES);
    return NULL;
}

static const void *get_extension(RlxStr id, uint32_t version) {
    (void)id;
    (void)version;
    return NULL;
}

static RlxError *shut_down(void) {
    return NULL;
}

/* ---- The entry. ---- */

static const RlxBackendApi API = {.struct_size = sizeof API,
                                  .abi_version = RLX_ABI_VERSION,
                                  .info = info,
                                  .device_count = device_count,
                                  .device_info = device_info,
                                  .create = create,
                                  .destroy = destroy,
                                  .compile = compile,
                                  .executable_destroy = executable_destroy,
                                  .executable_info = executable_info,
                                  .set_param = set_param,
                                  .run = run,
                                  .get_extension = get_extension,
                                  .shutdown = shut_down};

static int older(RlxVersion a, RlxVersion b) {
    return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

RlxError *rlx_backend_entry(const RlxEntryRequest *request, RlxEntryResponse *response) {
    static const RlxVersion spoken = RLX_ABI_VERSION;
    /* Said first: a refusal tells the host what this plugin speaks, and these fields are in every version. */
    response->abi_min = spoken;
    response->abi_max = spoken;
    if (older(request->abi_max, spoken) || older(spoken, request->abi_min)) {
        char message[128];
        snprintf(message, sizeof message,
                 "cplug speaks ABI %d.%d alone, the host %u.%u to %u.%u: update the older side", RLX_ABI_MAJOR,
                 RLX_ABI_MINOR, request->abi_min.major, request->abi_min.minor, request->abi_max.major,
                 request->abi_max.minor);
        return error(RLX_ERROR_VERSION_MISMATCH, message);
    }
    RlxError *wrong = check_size(request->struct_size, sizeof *request);
    if (!wrong) wrong = check_size(response->struct_size, sizeof *response);
    if (wrong) return wrong;
    /* Services of a newer host are larger; a plugin reads no more of them than it knows. */
    if (request->services && request->services->struct_size >= sizeof *host) host = request->services;
    response->abi_selected = spoken;
    response->api = &API;
    return NULL;
}
