/* Runs many programs in one process, for tools such as valgrind: each in every mode, twice, with what must be the same bits.
 *
 *   many PLUGIN FOLDER...
 *
 * A folder holds program.rlxmodel, and NAME.npy for each input and parameter; their elements are the last bytes of the
 * file. Instead of a folder a .rlxmodel file that needs no inputs is taken, with the kernels of examples/c-host. */
#define _XOPEN_SOURCE 700
#include "kernels.h"
#include "rlx_backend.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const MODES[] = {"eager", "lazy", "compiled"};
static const size_t SIZES[] = {[RLX_DTYPE_F16] = 2, [RLX_DTYPE_BF16] = 2,  [RLX_DTYPE_F32] = 4, [RLX_DTYPE_F64] = 8,
                               [RLX_DTYPE_C64] = 8, [RLX_DTYPE_C128] = 16, [RLX_DTYPE_I8] = 1,  [RLX_DTYPE_I16] = 2,
                               [RLX_DTYPE_I32] = 4, [RLX_DTYPE_I64] = 8,   [RLX_DTYPE_U8] = 1,  [RLX_DTYPE_U32] = 4,
                               [RLX_DTYPE_BOOL] = 1};

static void die(const char *what, const char *message, size_t length) {
    fprintf(stderr, "error: %s: %.*s\n", what, (int)length, message);
    exit(1);
}

static void check(const char *what, RlxError *error) {
    if (error) die(what, (const char *)error->message.data, (size_t)error->message.len);
}

/* Exactly `size` bytes, so that a tool sees a read past them. */
static void *allocate(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) die("malloc", "no memory", 9);
    return memory;
}

static uint8_t *read_file(const char *path, size_t *size) {
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &status)) die(path, "cannot be read", 14);
    *size = (size_t)status.st_size;
    uint8_t *data = allocate(*size);
    if (fread(data, 1, *size, file) != *size) die(path, "cannot be read", 14);
    fclose(file);
    return data;
}

static const RlxTensorInfo *tensor(const RlxTensorInfo *first, uint64_t index) {
    return (const RlxTensorInfo *)((const char *)first + index * first->struct_size);
}

static size_t bytes_of(const RlxTensorInfo *info) {
    size_t bytes = SIZES[info->dtype];
    for (uint32_t axis = 0; axis < info->rank; axis++) bytes *= (size_t)info->dims[axis];
    return bytes;
}

/* The elements of NAME.npy, to be freed. */
static uint8_t *elements(const char *folder, const RlxTensorInfo *info) {
    char path[4096];
    size_t size = 0, wanted = bytes_of(info);
    snprintf(path, sizeof path, "%s/%.*s.npy", folder, (int)info->name.len, (const char *)info->name.data);
    uint8_t *whole = read_file(path, &size);
    if (size < wanted) die(path, "is too short", 12);
    uint8_t *data = allocate(wanted);
    memcpy(data, whole + (size - wanted), wanted);
    free(whole);
    return data;
}

static void given_back(void *data) {
    free(data);
}

static void run_twice(const RlxBackendApi *api, RlxExecutable *executable, const char *folder, uint8_t **first) {
    RlxExecutableInfo info = {.struct_size = sizeof info};
    check(folder, api->executable_info(executable, &info));
    for (uint64_t i = 0; i < info.param_count; i++) {
        const RlxTensorInfo *param = tensor(info.params, i);
        uint8_t *data = elements(folder, param);
        /* With a function `release`, the plugin may use the memory in place. */
        RlxParamArgs args = {.struct_size = sizeof args,
                             .name = param->name,
                             .release = given_back,
                             .release_context = data,
                             .tensor = {param->dtype, param->rank, param->dims, {data, bytes_of(param)}}};
        check(folder, api->set_param(executable, &args));
    }
    for (int turn = 0; turn < 2; turn++) {
        RlxBytes *inputs = allocate(info.input_count * sizeof *inputs);
        RlxBytesMut *outputs = allocate(info.output_count * sizeof *outputs);
        for (uint64_t i = 0; i < info.input_count; i++)
            inputs[i] = (RlxBytes){elements(folder, tensor(info.inputs, i)), bytes_of(tensor(info.inputs, i))};
        for (uint64_t i = 0; i < info.output_count; i++) {
            size_t size = bytes_of(tensor(info.outputs, i));
            outputs[i] = (RlxBytesMut){allocate(size), size};
        }
        RlxRunArgs args = {.struct_size = sizeof args,
                           .inputs = inputs,
                           .input_count = info.input_count,
                           .outputs = outputs,
                           .output_count = info.output_count};
        check(folder, api->run(executable, &args));
        for (uint64_t i = 0; i < info.output_count; i++) {
            /* What a run writes is compared, and so must have been written: memcmp of the rest is an error to valgrind. */
            if (first[i] && memcmp(first[i], outputs[i].data, outputs[i].len)) die(folder, "other bits", 10);
            if (first[i]) free(outputs[i].data);
            else first[i] = outputs[i].data;
        }
        for (uint64_t i = 0; i < info.input_count; i++) free((void *)inputs[i].data);
        free(inputs);
        free(outputs);
    }
}

static void run_program(const RlxBackendApi *api, RlxBackend *backend, const char *folder) {
    enum { MOST = 16 };
    char path[4096];
    struct stat status;
    size_t size = 0;
    uint8_t *first[MOST] = {0};
    int is_folder = !stat(folder, &status) && S_ISDIR(status.st_mode);
    snprintf(path, sizeof path, is_folder ? "%s/program.rlxmodel" : "%s", folder);
    uint8_t *program = read_file(path, &size);
    for (size_t mode = 0; mode < sizeof MODES / sizeof *MODES; mode++) {
        RlxKeyValue option = {.key = RLX_STR("mode"), .value = {.kind = RLX_VALUE_STR}};
        option.value.text = (RlxStr){(const uint8_t *)MODES[mode], strlen(MODES[mode])};
        RlxCompileArgs args = {
            .struct_size = sizeof args, .program = {program, size}, .options = &option, .option_count = 1};
        RlxExecutable *executable = NULL;
        check(folder, api->compile(backend, &args, &executable));
        run_twice(api, executable, folder, first);
        api->executable_destroy(executable);
    }
    for (size_t i = 0; i < MOST; i++) free(first[i]);
    free(program);
}

int main(int argc, char **argv) {
    if (argc < 3) die("usage", "many PLUGIN FOLDER...", 21);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) die(argv[1], dlerror(), 200);
    void *symbol = dlsym(library, RLX_ENTRY_SYMBOL);
    RlxBackendEntry entry;
    memcpy(&entry, &symbol, sizeof entry);
    static const RlxHostServices services = {
        .struct_size = sizeof services, .name = RLX_STR("many"), .version = RLX_STR("0.1.0")};
    RlxEntryRequest request = {
        .struct_size = sizeof request, .abi_min = RLX_ABI_OLDEST, .abi_max = RLX_ABI_VERSION, .services = &services};
    RlxEntryResponse response = {.struct_size = sizeof response};
    check(argv[1], entry(&request, &response));
    const RlxBackendApi *api = response.api;
    RlxBackend *backend = NULL;
    RlxCreateArgs create = {.struct_size = sizeof create};
    check("create", api->create(&create, &backend));
    check("kernels", register_kernels(api, backend));
    for (int i = 2; i < argc; i++) run_program(api, backend, argv[i]);
    api->destroy(backend);
    check("shutdown", api->shutdown());
    printf("%d programs\n", argc - 2);
    return 0;
}
