/* A host of RLX backend plugins in C99: loads a plugin, says what it is, compiles a .rlxmodel program, runs it once and
 * prints the outputs. README.md tells how to build and use it; kernels.c adds ops of this host's own.
 *
 * Whatever crosses the boundary is a plain struct of rlx_backend.h. Each is zero but for what is set here, and those
 * that may grow say how large this program's idea of them is: a newer plugin then knows which fields are not there.
 * Tensors are little endian on the wire, as on every machine that there are plugins for. */
#define _XOPEN_SOURCE 700 /* dlopen, realpath, fstat */
#include "kernels.h"
#include "rlx_backend.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Exit codes. Below main, anything but OK means that the reason has been printed. */
enum { OK = 0, FAILED = 1, UNUSABLE = 2 };

#define COUNT(array) (sizeof(array) / sizeof *(array))
/* The two arguments of "%.*s". A view has no NUL at its end, and the data of an empty one may be NULL. */
#define TEXT(view) ((view).len < INT_MAX ? (int)(view).len : INT_MAX), ((view).len ? (const char *)(view).data : "")

/* Prints text that may come from a file or a plugin: what a terminal would obey is escaped, byte by byte. */
static void print_list(FILE *to, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (text) vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    for (int i = 0; text && i < size; i++) {
        const unsigned char *at = (const unsigned char *)text + i;
        /* In UTF-8, C2 80 to C2 9F are control characters, too. */
        int pair = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0, rest = i && at[-1] == 0xc2 && at[0] < 0xa0;
        int obeyed = at[0] < ' ' || at[0] == 0x7f || pair || rest;
        if (obeyed) fprintf(to, "\\x%02x", *at);
        else fputc(*at, to);
    }
    fputs(text ? "" : "(no memory for the text)", to);
    free(text);
}

static void print(FILE *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_list(to, format, arguments);
    va_end(arguments);
}

#define print_line(to, ...) (print(to, __VA_ARGS__), (void)fputc('\n', to))

static int fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("error: ", stderr);
    print_list(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

/* Every call that can fail returns NULL or an error, which is ours to release. */
static int check(const char *what, RlxError *error) {
    if (!error) return OK;
    fail(FAILED, "%s: %.*s", what, TEXT(error->message));
    error->release(error);
    return FAILED;
}

/* Zeros, to be freed; NULL after an error that says what they are for. */
static void *allocate(const char *what, uint64_t count, size_t size) {
    void *memory = count > SIZE_MAX ? NULL : calloc(count ? (size_t)count : 1, size);
    if (!memory) fail(FAILED, "out of memory: %s takes %" PRIu64 " times %zu bytes", what, count, size);
    return memory;
}

static RlxStr view(const char *text, size_t length) {
    return (RlxStr){(const uint8_t *)text, length};
}

static int same(RlxStr a, RlxStr b) {
    return a.len == b.len && (a.len == 0 || !memcmp(a.data, b.data, a.len));
}

/* Log levels by number. The plugin asks before it formats a record, and may do both from any of its threads. */
static const char *const LEVELS[] = {"off", "error", "warn", "info", "debug", "trace"};

static uint32_t log_enabled(void *context, uint32_t level, RlxStr target) {
    (void)target;
    return level < COUNT(LEVELS) && level <= *(const uint32_t *)context;
}

static void log_record(void *context, uint32_t level, RlxStr target, RlxStr message) {
    if (log_enabled(context, level, target))
        print_line(stderr, "[%s %.*s] %.*s", LEVELS[level], TEXT(target), TEXT(message));
}

static int has_every_slot(const RlxBackendApi *api) {
    return api->info && api->device_count && api->device_info && api->create && api->destroy && api->compile &&
           api->executable_destroy && api->executable_info && api->set_param && api->run && api->get_extension &&
           api->shutdown;
}

static const RlxBackendApi *load(const char *path, const RlxHostServices *services) {
    /* With a name that has no folder, dlopen would search the system's folders. */
    char *absolute = realpath(path, NULL);
    if (!absolute) return fail(UNUSABLE, "%s: %s", path, strerror(errno)), NULL;
    /* Every symbol resolves now rather than in the middle of a run, and none is offered to other libraries. The plugin
     * is never closed: its engine may keep threads until the process ends. */
    void *library = dlopen(absolute, RTLD_NOW | RTLD_LOCAL);
    free(absolute);
    if (!library) return fail(UNUSABLE, "cannot load %s: %s", path, dlerror()), NULL;
    void *symbol = dlsym(library, RLX_ENTRY_SYMBOL);
    if (!symbol) return fail(UNUSABLE, "%s is no plugin: it exports no " RLX_ENTRY_SYMBOL, path), NULL;
    /* ISO C does not convert object pointers to function pointers; POSIX promises that the bytes agree. */
    RlxBackendEntry entry;
    memcpy(&entry, &symbol, sizeof entry);

    RlxEntryRequest request = {
        .struct_size = sizeof request, .abi_min = RLX_ABI_OLDEST, .abi_max = RLX_ABI_VERSION, .services = services};
    RlxEntryResponse response = {.struct_size = sizeof response};
    if (check(path, entry(&request, &response))) return NULL;
    const RlxBackendApi *api = response.api;
    if (response.abi_selected.major == RLX_ABI_MAJOR && api && api->struct_size >= sizeof *api && has_every_slot(api))
        return api;
    return fail(UNUSABLE, "%s breaks its promise: it gives no whole table of ABI %d", path, RLX_ABI_MAJOR), NULL;
}

static int print_plugin(const RlxBackendApi *api) {
    RlxBackendInfo info = {.struct_size = sizeof info};
    uint64_t devices = 0;
    if (check("info", api->info(&info)) || check("device_count", api->device_count(&devices))) return FAILED;
    print_line(stdout, "plugin: %.*s %.*s by %.*s", TEXT(info.name), TEXT(info.version), TEXT(info.vendor));
    print_line(stdout, "engine: %.*s %.*s", TEXT(info.engine), TEXT(info.engine_version));
    RlxVersion abi = api->abi_version;
    printf("abi: %" PRIu32 ".%" PRIu32 ".%" PRIu32 "\n", abi.major, abi.minor, abi.patch);
    printf("opset: %" PRIu32 " to %" PRIu32 "\nops: %" PRIu64 "\n", info.opset_min, info.opset_max, info.op_count);
    for (uint64_t index = 0; index < devices; index++) {
        RlxDeviceInfo device = {.struct_size = sizeof device};
        if (check("device_info", api->device_info(index, &device))) return FAILED;
        const char *kind = device.kind == RLX_DEVICE_CPU ? "cpu" : device.kind == RLX_DEVICE_GPU ? "gpu" : "other";
        print_line(stdout, "device: %s:%" PRIu32 " %.*s", kind, device.ordinal, TEXT(device.name));
    }
    return devices ? OK : fail(FAILED, "the plugin finds no device that it can use");
}

static const struct {
    const char *name;
    size_t size;
} DTYPES[] = {
    [RLX_DTYPE_F16] = {"f16", 2},   [RLX_DTYPE_BF16] = {"bf16", 2}, [RLX_DTYPE_F32] = {"f32", 4},
    [RLX_DTYPE_F64] = {"f64", 8},   [RLX_DTYPE_C64] = {"c64", 8},   [RLX_DTYPE_C128] = {"c128", 16},
    [RLX_DTYPE_I8] = {"i8", 1},     [RLX_DTYPE_I16] = {"i16", 2},   [RLX_DTYPE_I32] = {"i32", 4},
    [RLX_DTYPE_I64] = {"i64", 8},   [RLX_DTYPE_U8] = {"u8", 1},     [RLX_DTYPE_U32] = {"u32", 4},
    [RLX_DTYPE_BOOL] = {"bool", 1},
};

/* One element. On the wire nothing is promised to be aligned, so it is copied in and out. */
typedef union {
    uint8_t bytes[16];
    float f32;
    double f64;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint32_t u32;
} Element;

/* The stride of a list is the size that the plugin states: more than ours, if the plugin is newer. */
static const RlxTensorInfo *tensor(const RlxTensorInfo *first, uint64_t index) {
    return (const RlxTensorInfo *)((const char *)first + index * first->struct_size);
}

static int measure(const RlxTensorInfo *info, size_t *bytes) {
    if (info->struct_size < sizeof *info || info->dtype >= COUNT(DTYPES))
        return fail(FAILED, "`%.*s` is of a kind that this host does not know", TEXT(info->name));
    *bytes = DTYPES[info->dtype].size;
    for (uint32_t axis = 0; axis < info->rank; axis++) {
        int64_t extent = info->dims[axis];
        if (extent < 0 || (extent && *bytes > SIZE_MAX / (uint64_t)extent))
            return fail(FAILED, "`%.*s` has an impossible shape", TEXT(info->name));
        *bytes *= (size_t)extent;
    }
    return OK;
}

/* `f32[2, 3]` */
static const char *shape(const RlxTensorInfo *info, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "%s[", DTYPES[info->dtype].name);
    for (uint32_t axis = 0; axis < info->rank && used < size; axis++)
        used += (size_t)snprintf(out + used, size - used, axis ? ", %" PRId64 : "%" PRId64, info->dims[axis]);
    if (used < size) snprintf(out + used, size - used, "]");
    return out;
}

/* `` `y` f32[2, 3] `` */
static const char *describe(const RlxTensorInfo *info, char *out, size_t size) {
    char text[128];
    snprintf(out, size, "`%.*s` %s", TEXT(info->name), shape(info, text, sizeof text));
    return out;
}

static void print_tensor(uint64_t index, const RlxTensorInfo *info, const uint8_t *data, size_t bytes) {
    char text[128];
    if (info->name.len) print(stdout, "%.*s %s:", TEXT(info->name), shape(info, text, sizeof text));
    else printf("%" PRIu64 " %s:", index, shape(info, text, sizeof text));
    for (size_t at = 0, size = DTYPES[info->dtype].size; at < bytes; at += size) {
        Element e;
        memcpy(&e, data + at, size);
        switch (info->dtype) {
        case RLX_DTYPE_F32: printf(" %.9g", e.f32); break;
        case RLX_DTYPE_F64: printf(" %.17g", e.f64); break;
        case RLX_DTYPE_I8: printf(" %d", e.i8); break;
        case RLX_DTYPE_I16: printf(" %d", e.i16); break;
        case RLX_DTYPE_I32: printf(" %" PRId32, e.i32); break;
        case RLX_DTYPE_I64: printf(" %" PRId64, e.i64); break;
        case RLX_DTYPE_U32: printf(" %" PRIu32, e.u32); break;
        case RLX_DTYPE_U8:
        case RLX_DTYPE_BOOL: printf(" %u", e.bytes[0]); break;
        default: /* C99 has no name for these: their bytes, in hexadecimal. */
            putchar(' ');
            for (size_t byte = 0; byte < size; byte++) printf("%02x", e.bytes[byte]);
        }
    }
    putchar('\n');
}

/* The command line after PLUGIN and MODEL: pairs of `--input` or `--param` and NAME=VALUE. */
typedef struct {
    int count;
    char **words;
} Arguments;

/* The VALUE that `flag` gives `name`, or NULL. */
static const char *argument(const Arguments *given, const char *flag, RlxStr name) {
    for (int i = 0; i < given->count; i += 2) {
        const char *pair = given->words[i + 1];
        if (!strcmp(given->words[i], flag) && same(view(pair, strcspn(pair, "=")), name)) return pair + name.len + 1;
    }
    return NULL;
}

/* Each NAME after `flag` is that of a tensor, or else somebody mistyped it. */
static int check_names(const Arguments *given, const char *flag, const RlxTensorInfo *tensors, uint64_t count) {
    for (int i = 0; i < given->count; i += 2) {
        RlxStr name = view(given->words[i + 1], strcspn(given->words[i + 1], "="));
        uint64_t at = 0;
        while (at < count && !same(tensor(tensors, at)->name, name)) at++;
        if (at == count && !strcmp(given->words[i], flag))
            return fail(FAILED, "%s %.*s: the program has none of this name", flag, TEXT(name));
    }
    return OK;
}

/* Fills `data` from numbers between commas; one number stands for all elements. */
static int read_numbers(const char *text, uint32_t dtype, uint8_t *data, size_t bytes) {
    size_t found = 0, size = DTYPES[dtype].size, elements = bytes / size;
    Element e = {{0}};
    for (const char *at = text; found == 0 || *at++ == ','; found++) {
        char *end = NULL;
        errno = 0;
        if (dtype == RLX_DTYPE_F32) e.f32 = strtof(at, &end);
        else if (dtype == RLX_DTYPE_I32 || dtype == RLX_DTYPE_I64) e.i64 = strtoll(at, &end, 10);
        else return fail(FAILED, "`%s`: numbers are for f32, i32 and i64; give a file", text);
        if (end == at || (*end && *end != ',') || errno || (dtype == RLX_DTYPE_I32 && e.i64 != (int32_t)e.i64))
            return fail(FAILED, "`%s` does not start with a number that %s can hold", at, DTYPES[dtype].name);
        if (found < elements) memcpy(data + found * size, &e, size); /* An i32 is the first half of its i64. */
        at = end;
    }
    for (size_t i = 1; found == 1 && i < elements; i++) memcpy(data + i * size, &e, size);
    return found == 1 || found == elements ? OK : fail(FAILED, "`%s`: not %zu numbers", text, elements);
}

/* The bytes of a file, to be freed; NULL after an error. Where it is for `what`, its size has to be `wanted`, which is
 * looked at before anything is read. */
static uint8_t *read_file(const char *path, const char *what, size_t wanted, size_t *size) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *data = NULL;
    if (!file || fstat(fileno(file), &status)) fail(FAILED, "cannot read %s: %s", path, strerror(errno));
    else if (what && (uintmax_t)status.st_size != wanted && !S_ISDIR(status.st_mode))
        fail(FAILED, "%s has %" PRIuMAX " bytes, but %s takes %zu", path, (uintmax_t)status.st_size, what, wanted);
    else if ((data = allocate(path, (uint64_t)status.st_size, 1))) {
        *size = (size_t)status.st_size;
        if (fread(data, 1, *size, file) < *size) {
            fail(FAILED, "cannot read %s: %s", path, ferror(file) ? strerror(errno) : "it has become shorter");
            free(data), data = NULL;
        }
    }
    if (file) fclose(file);
    return data;
}

/* The elements that the command line gives a tensor, to be freed; NULL after an error. */
static uint8_t *value(const Arguments *given, const char *flag, const RlxTensorInfo *info, size_t *bytes) {
    char what[256];
    if (measure(info, bytes)) return NULL;
    const char *text = argument(given, flag, info->name);
    if (!text)
        return fail(FAILED, "%s %.*s=VALUE is missing, %s", flag, TEXT(info->name), shape(info, what, sizeof what)),
               NULL;
    describe(info, what, sizeof what);
    if (text[strspn(text, "0123456789+-.,eE")]) return read_file(text, what, *bytes, bytes);
    uint8_t *data = allocate(what, *bytes, 1);
    if (data && !read_numbers(text, info->dtype, data, *bytes)) return data;
    free(data);
    return NULL;
}

static int set_params(const RlxBackendApi *api, RlxExecutable *executable, const RlxExecutableInfo *info,
                      const Arguments *given) {
    int code = check_names(given, "--param", info->params, info->param_count);
    for (uint64_t i = 0; i < info->param_count && !code; i++) {
        const RlxTensorInfo *param = tensor(info->params, i);
        size_t bytes = 0;
        uint8_t *data = value(given, "--param", param, &bytes);
        if (!data) return FAILED;
        /* Without a function `release` the plugin copies, and the memory is ours again after the call. */
        RlxParamArgs args = {.struct_size = sizeof args,
                             .name = param->name,
                             .tensor = {param->dtype, param->rank, param->dims, {data, bytes}}};
        code = check("set_param", api->set_param(executable, &args));
        free(data);
    }
    return code;
}

static int run(const RlxBackendApi *api, RlxExecutable *executable, const Arguments *given) {
    RlxExecutableInfo info = {.struct_size = sizeof info};
    if (check("executable_info", api->executable_info(executable, &info))) return FAILED;
    int code = set_params(api, executable, &info, given);
    if (!code) code = check_names(given, "--input", info.inputs, info.input_count);

    RlxBytes *inputs = allocate("the list of inputs", info.input_count, sizeof *inputs);
    RlxBytesMut *outputs = allocate("the list of outputs", info.output_count, sizeof *outputs);
    if (!inputs || !outputs) return free(inputs), free(outputs), FAILED;
    size_t bytes = 0;
    for (uint64_t i = 0; i < info.input_count && !code; i++) {
        uint8_t *data = value(given, "--input", tensor(info.inputs, i), &bytes);
        inputs[i] = (RlxBytes){data, bytes};
        if (!data) code = FAILED;
    }
    for (uint64_t i = 0; i < info.output_count && !code; i++) {
        const RlxTensorInfo *output = tensor(info.outputs, i);
        char what[256];
        code = measure(output, &bytes);
        if (code) break;
        outputs[i] = (RlxBytesMut){allocate(describe(output, what, sizeof what), bytes, 1), bytes};
        if (!outputs[i].data) code = FAILED; /* A program may declare more than there is. */
    }
    RlxRunArgs args = {.struct_size = sizeof args,
                       .inputs = inputs,
                       .input_count = info.input_count,
                       .outputs = outputs,
                       .output_count = info.output_count};
    if (!code) code = check("run", api->run(executable, &args));
    for (uint64_t i = 0; i < info.output_count && !code; i++)
        print_tensor(i, tensor(info.outputs, i), outputs[i].data, outputs[i].len);

    for (uint64_t i = 0; i < info.input_count; i++) free((void *)inputs[i].data);
    for (uint64_t i = 0; i < info.output_count; i++) free(outputs[i].data);
    free(inputs);
    free(outputs);
    return code;
}

static int run_model(const RlxBackendApi *api, const char *path, const Arguments *given) {
    size_t size = 0;
    char *program = (char *)read_file(path, NULL, 0, &size);
    if (!program) return FAILED;
    RlxBackend *backend = NULL;
    RlxExecutable *executable = NULL;
    RlxCreateArgs create = {.struct_size = sizeof create, .device = 0};
    RlxCompileArgs compile = {.struct_size = sizeof compile, .program = view(program, size)};
    int code = check("create", api->create(&create, &backend));
    /* Before compile: a program keeps the kernels that there are then. */
    if (!code) code = check("kernels", register_kernels(api, backend));
    if (!code) code = check(path, api->compile(backend, &compile, &executable));
    free(program);
    if (!code) code = run(api, executable, given);
    /* In the reverse order of their making; both take NULL. */
    api->executable_destroy(executable);
    api->destroy(backend);
    return code;
}

int main(int argc, char **argv) {
    Arguments given = {argc > 3 ? argc - 3 : 0, argc > 3 ? argv + 3 : argv};
    int right = argc > 1 && given.count % 2 == 0;
    for (int i = 0; right && i < given.count; i += 2)
        right = (!strcmp(given.words[i], "--input") || !strcmp(given.words[i], "--param")) &&
                strchr(given.words[i + 1], '=');
    if (!right) return fail(UNUSABLE, "usage: %s PLUGIN [MODEL [--param NAME=VALUE | --input NAME=VALUE]...]", argv[0]);

    /* A reader of our output that goes away makes a write fail, which is told below. */
    signal(SIGPIPE, SIG_IGN);
    /* The plugin may use the services as long as the process lives. */
    static uint32_t level = RLX_LOG_WARN;
    static const RlxHostServices services = {.struct_size = sizeof services,
                                             .context = &level,
                                             .name = RLX_STR("rlx-c-host"),
                                             .version = RLX_STR("0.1.0"),
                                             .log_enabled = log_enabled,
                                             .log = log_record};
    const char *wanted = getenv("RLX_LOG");
    for (uint32_t i = 0; wanted && i < COUNT(LEVELS); i++)
        if (!strcmp(wanted, LEVELS[i])) level = i;

    const RlxBackendApi *api = load(argv[1], &services);
    if (!api) return UNUSABLE;
    int code = print_plugin(api);
    if (!code && argc > 2) code = run_model(api, argv[2], &given);
    int stopped = check("shutdown", api->shutdown());
    if (!code) code = stopped;
    if ((fflush(stdout) || ferror(stdout)) && !code)
        code = fail(FAILED, "cannot write standard output: %s", strerror(errno));
    return code;
}
