/* Looks operations up in a table as rlx_array_ops.h does it; prints what is wrong, and then fails. */
#include "rlx_array_ops.h"

#include <stdio.h>

static RlxError *add(RlxArray **out, RlxArray *a, RlxArray *b) {
    *out = a ? a : b;
    return NULL;
}

static int wrong(const char *what) {
    fprintf(stderr, "%s\n", what);
    return 1;
}

int main(void) {
    RlxArrayOp entries[] = {
        {RLX_STR("ad"), RLX_STR("1aa"), NULL},
        {RLX_STR("add"), RLX_STR("1aa"), NULL},
        {RLX_STR("addmm"), RLX_STR("1aaaff"), NULL},
        {RLX_STR("sub"), RLX_STR("1a"), NULL},
    };
    RlxOpAdd function = add, found = NULL;
    RlxOpSub other = NULL;
    RlxArrayOps ops = {sizeof ops, entries, 0, NULL, NULL};
    uint64_t count, first;
    RlxArray *out = NULL, *array = (RlxArray *)entries;
    /* C has no conversion between the two kinds of pointer; what crosses is the address. */
    memcpy(&entries[1].function, &function, sizeof function);

    if (rlx_array_op(&ops, RLX_OP_ADD, &found)) return wrong("found in an empty table");
    /* Every range of the table, so that the search meets the entry from all sides. */
    for (first = 0; first < 4; first++) {
        for (count = 1; first + count <= 4; count++) {
            int there = first <= 1 && first + count > 1;
            ops.ops = entries + first;
            ops.op_count = count;
            if (rlx_array_op(&ops, RLX_OP_ADD, &found) != there) return wrong("not found, or found where it is not");
        }
    }
    if (found(&out, array, NULL) || out != array) return wrong("another function");
    ops.ops = entries;
    ops.op_count = 4;
    if (rlx_array_op(&ops, RLX_OP_SUB, &other) || other) return wrong("found with another signature");
    return 0;
}
