// The array operations that composed kernels build with: `RlxArrayOps` of rlx_backend.h.
//
// An operation is called in two steps: `rlx_array_op` finds its function by the macro that names it, into a variable of
// its type; the call writes fresh arrays to `out`, or returns an error and writes none:
//
//     RlxOpAdd add;
//     if (!rlx_array_op(ops, RLX_OP_ADD, &add)) return not_there("add");
//     error = add(&sum, a, b);
//
// Arrays that are passed stay the caller's. `ops->free` frees what an operation made, unless it is given to the plugin as
// a result of the kernel. Shapes, axes and dtypes that do not fit are errors; so is NULL for an array that is not called
// optional. Results are lazy. An `int32_t` that says whether something is so is true when it is nonzero.
//
// Written by `cargo xtask array-ops` from the headers in shim/include/rlx_mlx: change those files, not this one.

#ifndef RLX_ARRAY_OPS_H
#define RLX_ARRAY_OPS_H

#include <string.h>

#include "rlx_backend.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Writes the function of an operation to `*function`, a variable of the operation's type, and returns 1; returns 0 when
/// the plugin does not have the operation, or has it with another signature.
static inline int rlx_array_op(const RlxArrayOps *ops, const char *name, const char *signature, void *function) {
    uint64_t low = 0, high = ops->op_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const RlxArrayOp *op = &ops->ops[middle];
        size_t length = strlen(name), shorter = op->name.len < length ? (size_t)op->name.len : length;
        int order = memcmp(op->name.data, name, shorter);
        if (order == 0) order = op->name.len < length ? -1 : op->name.len > length;
        if (order == 0) {
            if (op->signature.len != strlen(signature)) return 0;
            if (memcmp(op->signature.data, signature, (size_t)op->signature.len) != 0) return 0;
            memcpy(function, &op->function, sizeof op->function);
            return 1;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return 0;
}

/// Scales of the NumPy-style transforms below, for N transformed elements: forward 1 and inverse 1/N; forward 1/N and
/// inverse 1; 1/sqrt N both ways.
#define RLX_FFT_BACKWARD 0
#define RLX_FFT_FORWARD 1
#define RLX_FFT_ORTHO 2

/// Modes, with the values that `group_size` and `bits` may have; 0 stands for the one named first. Affine: 64, 32 or
/// 128; 4, 1, 2, 3, 5, 6 or 8; scales and biases of the dtype of the matrix: element = scale * number + bias. The
/// others have no biases and u8 scales: mxfp4 (e2m1 elements, e8m0 scales), 32; 4. mxfp8 (e4m3, e8m0): 32; 8. nvfp4
/// (e2m1, e4m3): 16; 4.
#define RLX_QUANT_AFFINE 0
#define RLX_QUANT_MXFP4 1
#define RLX_QUANT_MXFP8 2
#define RLX_QUANT_NVFP4 3

/// Elementwise functions of one operand, see `unary`.
#define RLX_UN_RELU 0
#define RLX_UN_SIGMOID 1
#define RLX_UN_TANH 2
#define RLX_UN_EXP 3
#define RLX_UN_LOG 4
#define RLX_UN_SQRT 5
#define RLX_UN_RSQRT 6
#define RLX_UN_NEG 7
#define RLX_UN_ABS 8
#define RLX_UN_ERF 9
#define RLX_UN_ROUND 10 // half to even
#define RLX_UN_SIN 11
#define RLX_UN_COS 12
#define RLX_UN_TAN 13
#define RLX_UN_ATAN 14
#define RLX_UN_FLOOR 15
#define RLX_UN_CEIL 16
#define RLX_UN_SIGN 17
#define RLX_UN_RECIP 18
#define RLX_UN_LOG1P 19
#define RLX_UN_EXPM1 20
#define RLX_UN_ASIN 21
#define RLX_UN_ACOS 22
#define RLX_UN_SINH 23
#define RLX_UN_COSH 24
#define RLX_UN_ASINH 25
#define RLX_UN_ACOSH 26
#define RLX_UN_ATANH 27
#define RLX_UN_LOG2 28
#define RLX_UN_LOG10 29
#define RLX_UN_ERFINV 30
#define RLX_UN_SQUARE 31
#define RLX_UN_TRUNC 32
#define RLX_UN_ISNAN 33 // this one and the next four give bool
#define RLX_UN_ISINF 34
#define RLX_UN_ISFINITE 35
#define RLX_UN_ISPOSINF 36
#define RLX_UN_ISNEGINF 37
#define RLX_UN_CONJ 38
#define RLX_UN_REAL 39 // complex gives f32
#define RLX_UN_IMAG 40 // complex gives f32, other types 0
#define RLX_UN_DEGREES 41
#define RLX_UN_RADIANS 42

/// Reductions, see `reduce`.
#define RLX_RED_SUM 0
#define RLX_RED_MEAN 1
#define RLX_RED_MAX 2
#define RLX_RED_MIN 3
#define RLX_RED_PROD 4

/// How an update meets the element it lands on, see what is said of the operations of scatter.
#define RLX_UPDATE_SET 0
#define RLX_UPDATE_ADD 1
#define RLX_UPDATE_PROD 2
#define RLX_UPDATE_MAX 3
#define RLX_UPDATE_MIN 4

/// Attention masks, see `attention`.
#define RLX_MASK_NONE 0
#define RLX_MASK_CAUSAL 1
#define RLX_MASK_SLIDING 2
#define RLX_MASK_CUSTOM 3

// Attention, and the gated delta rule, which attends through a state in place of keys. Operands are real floats unless
// said otherwise.

/// softmax(scale * q k^T + mask) v for q [B,Hq,Lq,D], k [B,Hkv,Lk,D], v [B,Hkv,Lk,Dv], Hq a multiple of Hkv; the result
/// is [B,Hq,Lq,Dv]. CAUSAL is aligned to the end of the keys: query i sees keys up to i + Lk - Lq. SLIDING and CUSTOM
/// take a mask that broadcasts to [B,Hq,Lq,Lk]: bool (true attends), or a float that is added and promotes to q's
/// dtype. A row that attends to nothing is unspecified (MLX: fast::scaled_dot_product_attention).
typedef RlxError *(*RlxOpAttention)(RlxArray **out, RlxArray *q, RlxArray *k, RlxArray *v, float scale, uint32_t mask_kind, RlxArray *optional_mask);
#define RLX_OP_ATTENTION "attention", "1aaafeo"

/// The same with attention sinks [Hq]: one more score per head, which takes part in the softmax and carries no value.
typedef RlxError *(*RlxOpAttentionSinks)(RlxArray **out, RlxArray *q, RlxArray *k, RlxArray *v, float scale, uint32_t mask_kind, RlxArray *optional_mask, RlxArray *sinks);
#define RLX_OP_ATTENTION_SINKS "attention_sinks", "1aaafeoa"

/// The gated delta rule over T steps: with state S [Dv,Dk] of each head, S = gate * S; S += beta * (v - S k) k^T; y = S
/// q. q and k are [B,T,Hk,Dk], v [B,T,Hv,Dv], Hv a multiple of Hk; gates [B,T,Hv], or [B,T,Hv,Dk] for one gate a
/// column; beta [B,T,Hv]; state [B,Hv,Dv,Dk] or NULL for 0; mask bool [B,T] or NULL, false leaves the state alone.
/// `*out_y` is [B,T,Hv,Dv], `*out_state` the last state (MLX: fast::gated_delta_update).
///
/// `out` has room for 2: y, state.
typedef RlxError *(*RlxOpGatedDeltaUpdate)(RlxArray **out, RlxArray *q, RlxArray *k, RlxArray *v, RlxArray *gates, RlxArray *beta, RlxArray *optional_state, RlxArray *optional_mask);
#define RLX_OP_GATED_DELTA_UPDATE "gated_delta_update", "2aaaaaoo"

// Elementwise ops of two or three operands.
//
// NumPy broadcasting (an error where shapes do not meet) and MLX's type promotion apply: f16 with bf16 gives f32,
// integers with floats give the float type. Integer arithmetic wraps around.

/// a + b; of bool: or.
typedef RlxError *(*RlxOpAdd)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_ADD "add", "1aa"

/// a - b (MLX: subtract).
typedef RlxError *(*RlxOpSub)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_SUB "sub", "1aa"

/// a * b; of bool: and.
typedef RlxError *(*RlxOpMul)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_MUL "mul", "1aa"

/// True division; integers and bool give f32 (MLX: divide).
typedef RlxError *(*RlxOpDiv)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_DIV "div", "1aa"

/// floor(a / b), of integers too; an integer divided by 0 is 0, the lowest integer by -1 is itself. An error for
/// complex64 (MLX: floor_divide).
typedef RlxError *(*RlxOpFloorDiv)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_FLOOR_DIV "floor_div", "1aa"

/// Remainder with the sign of the divisor, as in Python; of integers by 0 it is 0. An error for complex64 (MLX:
/// remainder).
typedef RlxError *(*RlxOpRemainder)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_REMAINDER "remainder", "1aa"

/// Remainder with the sign of the dividend, as C's fmod, exact; otherwise as `remainder`, from which it is made. A zero
/// result carries no certain sign.
typedef RlxError *(*RlxOpFmod)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_FMOD "fmod", "1aa"

/// The larger and the smaller element; NaN wins (MLX: maximum, minimum).
typedef RlxError *(*RlxOpMax)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_MAX "max", "1aa"
typedef RlxError *(*RlxOpMin)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_MIN "min", "1aa"

/// a to the power b in the promoted dtype; an integer to a negative integer is 0 (MLX: power).
typedef RlxError *(*RlxOpPow)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_POW "pow", "1aa"

/// Angle of the point (b, a); integers give f32, complex64 is an error (MLX: arctan2).
typedef RlxError *(*RlxOpAtan2)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_ATAN2 "atan2", "1aa"

/// log(exp a + exp b) without overflow; integers give f32 (MLX: logaddexp).
typedef RlxError *(*RlxOpLogaddexp)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_LOGADDEXP "logaddexp", "1aa"

/// Bit operations on integers and bool; other dtypes are an error (MLX: bitwise_and, _or, _xor).
typedef RlxError *(*RlxOpBitAnd)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_BIT_AND "bit_and", "1aa"
typedef RlxError *(*RlxOpBitOr)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_BIT_OR "bit_or", "1aa"
typedef RlxError *(*RlxOpBitXor)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_BIT_XOR "bit_xor", "1aa"

/// a << b and a >> b, the latter with the sign of a; bool operands give u8. A count outside 0 .. bits - 1 gives an
/// unspecified number. An error for non-integers (MLX: left_shift, right_shift).
typedef RlxError *(*RlxOpShl)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_SHL "shl", "1aa"
typedef RlxError *(*RlxOpShr)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_SHR "shr", "1aa"

/// Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor).
typedef RlxError *(*RlxOpLogicalAnd)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_LOGICAL_AND "logical_and", "1aa"
typedef RlxError *(*RlxOpLogicalOr)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_LOGICAL_OR "logical_or", "1aa"
typedef RlxError *(*RlxOpLogicalXor)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_LOGICAL_XOR "logical_xor", "1aa"

/// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary part.
/// NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
typedef RlxError *(*RlxOpEq)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_EQ "eq", "1aa"
typedef RlxError *(*RlxOpNe)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_NE "ne", "1aa"
typedef RlxError *(*RlxOpLt)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_LT "lt", "1aa"
typedef RlxError *(*RlxOpLe)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_LE "le", "1aa"
typedef RlxError *(*RlxOpGt)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_GT "gt", "1aa"
typedef RlxError *(*RlxOpGe)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_GE "ge", "1aa"

/// x where cond is nonzero, else y; all three broadcast (MLX: where).
typedef RlxError *(*RlxOpWhere)(RlxArray **out, RlxArray *cond, RlxArray *x, RlxArray *y);
#define RLX_OP_WHERE "where", "1aaa"

/// min(max(a, low), high); a bound may be NULL, not both (else an error). NaN stays; high wins over a greater low (MLX:
/// clip).
typedef RlxError *(*RlxOpClip)(RlxArray **out, RlxArray *a, RlxArray *optional_low, RlxArray *optional_high);
#define RLX_OP_CLIP "clip", "1aoo"

// Convolutions of real floats, channels last: input [N, spatial..., C_in], weight [C_out, kernel..., C_in / groups],
// result [N, spatial..., C_out]. They are cross-correlations: the kernel is not reversed. Strides, dilations and
// `groups` are 1 or more, and C_in and C_out multiples of `groups`; an error otherwise, also where the padded input is
// smaller than the kernel. Groups over three spatial axes, and f64, which MLX lacks, are put together from several ops.

/// One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general).
typedef RlxError *(*RlxOpConv1d)(RlxArray **out, RlxArray *input, RlxArray *weight, int32_t stride, int32_t padding, int32_t dilation, int32_t groups);
#define RLX_OP_CONV1D "conv1d", "1aaiiii"
typedef RlxError *(*RlxOpConv2d)(RlxArray **out, RlxArray *input, RlxArray *weight, int32_t stride_h, int32_t stride_w, int32_t pad_h, int32_t pad_w, int32_t dil_h, int32_t dil_w, int32_t groups);
#define RLX_OP_CONV2D "conv2d", "1aaiiiiiii"
typedef RlxError *(*RlxOpConv3d)(RlxArray **out, RlxArray *input, RlxArray *weight, int32_t stride_d, int32_t stride_h, int32_t stride_w, int32_t pad_d, int32_t pad_h, int32_t pad_w, int32_t dil_d, int32_t dil_h, int32_t dil_w, int32_t groups);
#define RLX_OP_CONV3D "conv3d", "1aaiiiiiiiiii"

/// One to three spatial axes. Each list holds nothing (its default: 1, for paddings 0), one value for all spatial axes,
/// or one for each. `input_dilation` puts zeros between the elements of the input; paddings are counted on the result
/// of that, and a negative one cuts elements off. `flip` nonzero reverses the kernel (MLX: conv_general).
typedef RlxError *(*RlxOpConvGeneral)(RlxArray **out, RlxArray *input, RlxArray *weight, const int32_t *stride, uint64_t stride_count, const int32_t *padding_lo, uint64_t padding_lo_count, const int32_t *padding_hi, uint64_t padding_hi_count, const int32_t *kernel_dilation, uint64_t kernel_dilation_count, const int32_t *input_dilation, uint64_t input_dilation_count, int32_t groups, int32_t flip);
#define RLX_OP_CONV_GENERAL "conv_general", "1aavvvvvib"

/// Transposed convolutions: the gradient of the above with respect to their input. The result has (in - 1) * stride -
/// 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis.
typedef RlxError *(*RlxOpConvTranspose1d)(RlxArray **out, RlxArray *input, RlxArray *weight, int32_t stride, int32_t padding, int32_t dilation, int32_t output_padding, int32_t groups);
#define RLX_OP_CONV_TRANSPOSE1D "conv_transpose1d", "1aaiiiii"
typedef RlxError *(*RlxOpConvTranspose2d)(RlxArray **out, RlxArray *input, RlxArray *weight, int32_t stride_h, int32_t stride_w, int32_t pad_h, int32_t pad_w, int32_t dil_h, int32_t dil_w, int32_t out_pad_h, int32_t out_pad_w, int32_t groups);
#define RLX_OP_CONV_TRANSPOSE2D "conv_transpose2d", "1aaiiiiiiiii"
typedef RlxError *(*RlxOpConvTranspose3d)(RlxArray **out, RlxArray *input, RlxArray *weight, int32_t stride_d, int32_t stride_h, int32_t stride_w, int32_t pad_d, int32_t pad_h, int32_t pad_w, int32_t dil_d, int32_t dil_h, int32_t dil_w, int32_t out_pad_d, int32_t out_pad_h, int32_t out_pad_w, int32_t groups);
#define RLX_OP_CONV_TRANSPOSE3D "conv_transpose3d", "1aaiiiiiiiiiiiii"

// Arrays made from numbers, and triangular parts.

/// MLX: zeros.
typedef RlxError *(*RlxOpZeros)(RlxArray **out, const int32_t *shape, uint64_t shape_count, uint32_t dtype);
#define RLX_OP_ZEROS "zeros", "1vt"

/// MLX: ones.
typedef RlxError *(*RlxOpOnes)(RlxArray **out, const int32_t *shape, uint64_t shape_count, uint32_t dtype);
#define RLX_OP_ONES "ones", "1vt"

/// `value`, which broadcasts to the shape, in its own dtype (MLX: full).
typedef RlxError *(*RlxOpFull)(RlxArray **out, const int32_t *shape, uint64_t shape_count, RlxArray *value);
#define RLX_OP_FULL "full", "1va"

/// start, start + step, .. before stop; rank 1, may be empty. Start and step are converted to `dtype` first, so
/// integers drop fractions, and i64 is exact to 2^53. An error: step 0, a number that is not finite, more than 2^31 - 1
/// elements; an error: bool (MLX: arange).
typedef RlxError *(*RlxOpArange)(RlxArray **out, double start, double stop, double step, uint32_t dtype);
#define RLX_OP_ARANGE "arange", "1dddt"

/// `count` numbers at equal distances from start to stop, which is left out when `endpoint` is 0; computed in f32, in
/// f64 for F64. An error for a negative count (MLX: linspace).
typedef RlxError *(*RlxOpLinspace)(RlxArray **out, double start, double stop, int32_t count, int32_t endpoint, uint32_t dtype);
#define RLX_OP_LINSPACE "linspace", "1ddibt"

/// [rows, columns]: 1 on the diagonal column = row + k, else 0 (MLX: eye).
typedef RlxError *(*RlxOpEye)(RlxArray **out, int32_t rows, int32_t columns, int32_t k, uint32_t dtype);
#define RLX_OP_EYE "eye", "1iiit"

/// [rows, columns]: 1 where column <= row + k, else 0 (MLX: tri).
typedef RlxError *(*RlxOpTri)(RlxArray **out, int32_t rows, int32_t columns, int32_t k, uint32_t dtype);
#define RLX_OP_TRI "tri", "1iiit"

/// Elements of the last two axes with column <= row + k, or column >= row + k; the others are 0. An error for a rank
/// below 2 (MLX: tril, triu).
typedef RlxError *(*RlxOpTril)(RlxArray **out, RlxArray *a, int32_t k);
#define RLX_OP_TRIL "tril", "1ai"
typedef RlxError *(*RlxOpTriu)(RlxArray **out, RlxArray *a, int32_t k);
#define RLX_OP_TRIU "triu", "1ai"

// Fourier and Hadamard transforms, in single precision: f64 operands are an error.

/// The transform of the RLX IR along the last axis; `inverse` nonzero is the inverse. complex64 is transformed as it
/// is. Every other dtype is a block of 2N numbers, N real parts followed by N imaginary parts, and so is the result:
/// f16 and bf16 are computed in f32 and rounded back, integers give f32. An odd or empty last axis is an error. The tag
/// sets the scale, which is not NumPy's: 0 gives 1 both ways, 1 gives 1 forward and 1/N inverse, 2 gives 1/sqrt N both
/// ways; another tag is an error (MLX: fft::fft, fft::ifft).
typedef RlxError *(*RlxOpFft)(RlxArray **out, RlxArray *a, int32_t inverse, int32_t norm_tag);
#define RLX_OP_FFT "fft", "1abi"

/// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to first;
/// NULL keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn and ifftn take
/// any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the axes, n/2 + 1
/// elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
typedef RlxError *(*RlxOpFftn)(RlxArray **out, RlxArray *a, const int32_t *optional_n, uint64_t n_count, const int32_t *axes, uint64_t axes_count, uint32_t norm);
#define RLX_OP_FFTN "fftn", "1axve"
typedef RlxError *(*RlxOpIfftn)(RlxArray **out, RlxArray *a, const int32_t *optional_n, uint64_t n_count, const int32_t *axes, uint64_t axes_count, uint32_t norm);
#define RLX_OP_IFFTN "ifftn", "1axve"
typedef RlxError *(*RlxOpRfftn)(RlxArray **out, RlxArray *a, const int32_t *optional_n, uint64_t n_count, const int32_t *axes, uint64_t axes_count, uint32_t norm);
#define RLX_OP_RFFTN "rfftn", "1axve"
typedef RlxError *(*RlxOpIrfftn)(RlxArray **out, RlxArray *a, const int32_t *optional_n, uint64_t n_count, const int32_t *axes, uint64_t axes_count, uint32_t norm);
#define RLX_OP_IRFFTN "irfftn", "1axve"

/// Moves the zero frequency to the middle of the axes, and back; any dtype, axes as above (MLX: fft::fftshift).
typedef RlxError *(*RlxOpFftshift)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count);
#define RLX_OP_FFTSHIFT "fftshift", "1av"
typedef RlxError *(*RlxOpIfftshift)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count);
#define RLX_OP_IFFTSHIFT "ifftshift", "1av"

/// scale * H x over the last axis of real floats, H the Hadamard matrix of its size m * 2^k, m of 1, 12, 20, 28 (MLX:
/// hadamard_transform).
typedef RlxError *(*RlxOpHadamard)(RlxArray **out, RlxArray *x, float scale);
#define RLX_OP_HADAMARD "hadamard", "1af"

// Gathers: elements and slices picked by index arrays.
//
// Indices are integers of any width (64-bit ones are not narrowed), bool as 0 and 1, or floats, which are truncated
// toward zero; complex64 is an error. A negative index counts from the end, once. What is still out of range is clamped
// to the nearest valid index (NaN to the first), so that no memory outside the array is read. Indices into an axis of
// extent 0 are an error unless there are none.

/// Slices of `a` along `axis`: the axes of `indices` take the place of `axis`, which a scalar index drops (MLX: take).
typedef RlxError *(*RlxOpTake)(RlxArray **out, RlxArray *a, RlxArray *indices, int32_t axis);
#define RLX_OP_TAKE "take", "1aai"

/// Single elements: out[.., i, ..] = a[.., indices[.., i, ..], ..]. Ranks are equal, the extents of the other axes
/// broadcast (MLX: take_along_axis).
typedef RlxError *(*RlxOpTakeAlongAxis)(RlxArray **out, RlxArray *a, RlxArray *indices, int32_t axis);
#define RLX_OP_TAKE_ALONG_AXIS "take_along_axis", "1aai"

/// Windows of shape `sizes` (one extent for each of the axes of `a`). Window corners: indices[i] on axes[i], 0 on the
/// other axes; the index arrays broadcast. The result has the shape of the indices followed by `sizes`. Corners are
/// clamped so that the window lies inside (MLX: gather).
typedef RlxError *(*RlxOpGather)(RlxArray **out, RlxArray *a, RlxArray *const *indices, uint64_t indices_count, const int32_t *axes, uint64_t axes_count, const int32_t *sizes, uint64_t sizes_count);
#define RLX_OP_GATHER "gather", "1alvv"

// Dense linear algebra over the last two axes; axes before them are a batch. MLX has it on the CPU only, so all but
// norm and cross are placed on the CPU stream that goes with the stream of the thread, and stay lazy. Matrices are f32
// or f64, unless said otherwise (else an error), and not empty (else an error). What depends on the values fails at
// evaluation with an error; NaN and infinity among them give unspecified results or that failure.

/// x of a x = b for square a [...,n,n]. b is [...,n,k], or [...,n] where it has one axis less than a; batch axes
/// broadcast. A singular a fails at evaluation (MLX: linalg::solve, LU with pivoting).
typedef RlxError *(*RlxOpSolve)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_SOLVE "solve", "1aa"

/// The same for the upper or the lower triangle of a; the other one is not read. A zero on the diagonal fails at
/// evaluation (MLX: linalg::solve_triangular).
typedef RlxError *(*RlxOpSolveTriangular)(RlxArray **out, RlxArray *a, RlxArray *b, int32_t upper);
#define RLX_OP_SOLVE_TRIANGULAR "solve_triangular", "1aab"

/// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose one. A
/// singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
typedef RlxError *(*RlxOpInv)(RlxArray **out, RlxArray *a);
#define RLX_OP_INV "inv", "1a"
typedef RlxError *(*RlxOpTriInv)(RlxArray **out, RlxArray *a, int32_t upper);
#define RLX_OP_TRI_INV "tri_inv", "1ab"
typedef RlxError *(*RlxOpCholeskyInv)(RlxArray **out, RlxArray *a, int32_t upper);
#define RLX_OP_CHOLESKY_INV "cholesky_inv", "1ab"
typedef RlxError *(*RlxOpPinv)(RlxArray **out, RlxArray *a);
#define RLX_OP_PINV "pinv", "1a"

/// L of a = L L^T, or with `upper` R of a = R^T R. A matrix that is not positive definite gives NaN in place of its
/// factor; MLX itself does not tell (MLX: linalg::cholesky).
typedef RlxError *(*RlxOpCholesky)(RlxArray **out, RlxArray *a, int32_t upper);
#define RLX_OP_CHOLESKY "cholesky", "1ab"

/// a [...,m,n] = q [...,m,k] r [...,k,n], k the smaller of m and n (MLX: linalg::qr).
///
/// `out` has room for 2: q, r.
typedef RlxError *(*RlxOpQr)(RlxArray **out, RlxArray *a);
#define RLX_OP_QR "qr", "2a"

/// p, l, u with a = (l u)[p] for each matrix: p u32 [...,m] are row numbers, l [...,m,k] and u [...,k,n] as for qr
/// (MLX: linalg::lu).
///
/// `out` has room for 3: p, l, u.
typedef RlxError *(*RlxOpLu)(RlxArray **out, RlxArray *a);
#define RLX_OP_LU "lu", "3a"

/// l and u in one matrix of a's shape, and the pivots u32 [...,k]: swapping row i of a with row pivots[i], in this
/// order, makes it l u (MLX: linalg::lu_factor).
///
/// `out` has room for 2: lu, pivots.
typedef RlxError *(*RlxOpLuFactor)(RlxArray **out, RlxArray *a);
#define RLX_OP_LU_FACTOR "lu_factor", "2a"

/// a = u diag(s) vt with whole square u [...,m,m] and vt [...,n,n], s descending; or s alone. complex64 is allowed and
/// has f32 s. Without convergence it fails at evaluation (MLX: linalg::svd).
///
/// `out` has room for 3: u, s, vt.
typedef RlxError *(*RlxOpSvd)(RlxArray **out, RlxArray *a);
#define RLX_OP_SVD "svd", "3a"

/// a = u diag(s) vt with whole square u [...,m,m] and vt [...,n,n], s descending; or s alone. complex64 is allowed and
/// has f32 s. Without convergence it fails at evaluation (MLX: linalg::svd).
typedef RlxError *(*RlxOpSvdvals)(RlxArray **out, RlxArray *a);
#define RLX_OP_SVDVALS "svdvals", "1a"

/// Ascending eigenvalues w [...,n] and eigenvectors, the columns of v [...,n,n], of symmetric matrices or complex64
/// Hermitian ones, of which only the upper or the lower triangle is read (MLX: linalg::eigh, eigvalsh).
///
/// `out` has room for 2: w, v.
typedef RlxError *(*RlxOpEigh)(RlxArray **out, RlxArray *a, int32_t upper);
#define RLX_OP_EIGH "eigh", "2ab"

/// Ascending eigenvalues w [...,n] and eigenvectors, the columns of v [...,n,n], of symmetric matrices or complex64
/// Hermitian ones, of which only the upper or the lower triangle is read (MLX: linalg::eigh, eigvalsh).
typedef RlxError *(*RlxOpEigvalsh)(RlxArray **out, RlxArray *a, int32_t upper);
#define RLX_OP_EIGVALSH "eigvalsh", "1ab"

/// complex64 eigenvalues in no order, and eigenvectors, of any square f32 or complex64 matrix (MLX: linalg::eig,
/// eigvals).
///
/// `out` has room for 2: w, v.
typedef RlxError *(*RlxOpEig)(RlxArray **out, RlxArray *a);
#define RLX_OP_EIG "eig", "2a"

/// complex64 eigenvalues in no order, and eigenvectors, of any square f32 or complex64 matrix (MLX: linalg::eig,
/// eigvals).
typedef RlxError *(*RlxOpEigvals)(RlxArray **out, RlxArray *a);
#define RLX_OP_EIGVALS "eigvals", "1a"

/// Determinant, from the LU factors: MLX's own is exact to f32 only, also in f64 (MLX: linalg::lu_factor). Its sign and
/// the logarithm of its absolute value, 0 and -infinity for a singular matrix (MLX: linalg::slogdet).
typedef RlxError *(*RlxOpDet)(RlxArray **out, RlxArray *a);
#define RLX_OP_DET "det", "1a"

/// Determinant, from the LU factors: MLX's own is exact to f32 only, also in f64 (MLX: linalg::lu_factor). Its sign and
/// the logarithm of its absolute value, 0 and -infinity for a singular matrix (MLX: linalg::slogdet).
///
/// `out` has room for 2: sign, logabsdet.
typedef RlxError *(*RlxOpSlogdet)(RlxArray **out, RlxArray *a);
#define RLX_OP_SLOGDET "slogdet", "2a"

/// Norm over one axis (a vector's) or two (a matrix's), NumPy's `ord`: any number, 0 and infinities included, for
/// vectors; 1, 2, infinity and their negatives for matrices. No axes mean all, of rank 1 or 2. Any dtype but bool;
/// integers give f32, half types are computed in it. `keep_dim` nonzero keeps the axes with extent 1. The singular
/// value norms 2 and -2 of matrices want f32, f64 or complex64 and run on the CPU stream (MLX: linalg::norm).
typedef RlxError *(*RlxOpNorm)(RlxArray **out, RlxArray *a, double ord, const int32_t *axes, uint64_t axes_count, int32_t keep_dim);
#define RLX_OP_NORM "norm", "1advb"

/// The matrix norms "fro" (Frobenius) and "nuc" (sum of singular values, as 2 above) over two axes, or all of rank 2.
typedef RlxError *(*RlxOpNormNamed)(RlxArray **out, RlxArray *a, RlxStr ord, const int32_t *axes, uint64_t axes_count, int32_t keep_dim);
#define RLX_OP_NORM_NAMED "norm_named", "1asvb"

/// Cross products along an axis of 3 elements, or of 2 in either operand, which then count as having a third one of 0;
/// the other axes broadcast (MLX: linalg::cross).
typedef RlxError *(*RlxOpCross)(RlxArray **out, RlxArray *a, RlxArray *b, int32_t axis);
#define RLX_OP_CROSS "cross", "1aai"

// Matrix products and contractions. Unless said otherwise the promoted dtype must be a float or complex64 (else an
// error), inner extents must match and batch axes broadcast (else an error).

/// a [...,M,K] @ b [...,K,N]; a vector on either side is a row or a column, whose axis the result does not have (MLX:
/// matmul).
typedef RlxError *(*RlxOpMatmul)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_MATMUL "matmul", "1aa"

/// alpha * (a @ b) + beta * c, c broadcast to the product (MLX: addmm).
typedef RlxError *(*RlxOpAddmm)(RlxArray **out, RlxArray *c, RlxArray *a, RlxArray *b, float alpha, float beta);
#define RLX_OP_ADDMM "addmm", "1aaaff"

/// Sum over pairs of axes, axes_a[i] of a with axes_b[i] of b; the result has the remaining axes of a, then those of b
/// (MLX: tensordot).
typedef RlxError *(*RlxOpTensordot)(RlxArray **out, RlxArray *a, RlxArray *b, const int32_t *axes_a, uint64_t axes_a_count, const int32_t *axes_b, uint64_t axes_b_count);
#define RLX_OP_TENSORDOT "tensordot", "1aavv"

/// Einstein summation, "ij,jk->ik" for instance; a mistake in `subscripts` is an error (MLX: einsum).
typedef RlxError *(*RlxOpEinsum)(RlxArray **out, RlxStr subscripts, RlxArray *const *arrays, uint64_t arrays_count);
#define RLX_OP_EINSUM "einsum", "1sl"

/// Sum over the last axes of both; the result has the other axes of a, then those of b (MLX: inner).
typedef RlxError *(*RlxOpInner)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_INNER "inner", "1aa"

/// Every element of a times every element of b, [size of a, size of b]; any dtype (MLX: outer).
typedef RlxError *(*RlxOpOuter)(RlxArray **out, RlxArray *a, RlxArray *b);
#define RLX_OP_OUTER "outer", "1aa"

/// Sum of conj(a) * b along an axis of the two, which broadcast; any dtype (MLX: vecdot).
typedef RlxError *(*RlxOpVecdot)(RlxArray **out, RlxArray *a, RlxArray *b, int32_t axis);
#define RLX_OP_VECDOT "vecdot", "1aai"

/// Row i of a [M,K] times matrix idx[i] of b [E,K,N]: [M,N], real floats (MLX: gather_mm). Indices are integers, or
/// anything else truncated; negative ones count from the end, and those out of range are clamped into it.
typedef RlxError *(*RlxOpGatherMm)(RlxArray **out, RlxArray *a, RlxArray *b, RlxArray *idx);
#define RLX_OP_GATHER_MM "gather_mm", "1aaa"

/// The general form over a [...,M,K] and b [...,K,N]: indices, as above, into the flattened batch axes of each; the
/// result has the broadcast shape of the two index arrays, then [M,N]. NULL takes the matrices in their order, as an
/// index array with the shape of the batch axes. `sorted` nonzero promises ascending rhs indices: it changes speed only
/// (MLX: gather_mm).
typedef RlxError *(*RlxOpGatherMmGeneral)(RlxArray **out, RlxArray *a, RlxArray *b, RlxArray *optional_lhs, RlxArray *optional_rhs, int32_t sorted);
#define RLX_OP_GATHER_MM_GENERAL "gather_mm_general", "1aaoob"

/// For each [start, end) of integer `segments` [...,2], the product of columns start to end of a [M,K] with those rows
/// of b [K,N]: [...,M,N], real floats. Bounds are clamped to 0 and K (MLX: segmented_mm).
typedef RlxError *(*RlxOpSegmentedMm)(RlxArray **out, RlxArray *a, RlxArray *b, RlxArray *segments);
#define RLX_OP_SEGMENTED_MM "segmented_mm", "1aaa"

/// Product of f16, bf16 or f32 matrices whose blocks of `block_size` (32 or 64) squared are switched by masks, bool or
/// factors: of the product [..., ceil M, ceil N], of a [..., ceil M, ceil K] and of b [..., ceil K, ceil N], in blocks;
/// NULL masks nothing (MLX: block_masked_mm).
typedef RlxError *(*RlxOpBlockMaskedMm)(RlxArray **out, RlxArray *a, RlxArray *b, int32_t block_size, RlxArray *optional_mask_out, RlxArray *optional_mask_lhs, RlxArray *optional_mask_rhs);
#define RLX_OP_BLOCK_MASKED_MM "block_masked_mm", "1aaiooo"

// Layer norm and RMS norm of real floats.

/// Layer norm over the last axis; gamma and beta are 1-D of its size, or NULL for 1 and 0 (MLX: fast::layer_norm).
typedef RlxError *(*RlxOpLayernorm)(RlxArray **out, RlxArray *x, RlxArray *optional_gamma, RlxArray *optional_beta, float eps);
#define RLX_OP_LAYERNORM "layernorm", "1aoof"

/// RMS norm over the last axis; gamma as above (MLX: fast::rms_norm).
typedef RlxError *(*RlxOpRmsnorm)(RlxArray **out, RlxArray *x, RlxArray *optional_gamma, float eps);
#define RLX_OP_RMSNORM "rmsnorm", "1aof"

// Quantised matrices. Each group of neighbours on the last axis shares a scale (and in affine mode a bias); elements of
// `bits` are packed into u32 words, the first in the lowest bits. A bad combination of mode, group size and bits is an
// error.

/// Quantises w [...,K] of rank 2 or more, f16, bf16 or f32, K a multiple of the group size: u32 words [...,K*bits/32],
/// scales [...,K/group_size], and biases of the same shape, or NULL in modes that have none. `global_scale` is a f32
/// scalar for nvfp4 alone: the largest magnitude, by which the scales are normalised (MLX: quantize).
///
/// `out` has room for 3: w, scales, biases.
typedef RlxError *(*RlxOpQuantize)(RlxArray **out, RlxArray *w, int32_t group_size, int32_t bits, uint32_t mode, RlxArray *optional_global_scale);
#define RLX_OP_QUANTIZE "quantize", "3aiieo"

/// Back to [...,K] of dtype f16, bf16 or f32. Biases are NULL exactly where the mode has none (MLX: dequantize).
typedef RlxError *(*RlxOpDequantize)(RlxArray **out, RlxArray *w, RlxArray *scales, RlxArray *optional_biases, int32_t group_size, int32_t bits, uint32_t mode, RlxArray *optional_global_scale, uint32_t dtype);
#define RLX_OP_DEQUANTIZE "dequantize", "1aaoiieot"

/// x [...,K] @ w^T for quantised w [N,K] with `transpose` nonzero, else x [...,N] @ w; affine. NULL biases are 0. x is
/// f16, bf16 or f32; batch axes of w broadcast with those of x (MLX: quantized_matmul).
typedef RlxError *(*RlxOpQuantizedMatmul)(RlxArray **out, RlxArray *x, RlxArray *w, RlxArray *scales, RlxArray *optional_biases, int32_t transpose, int32_t group_size, int32_t bits);
#define RLX_OP_QUANTIZED_MATMUL "quantized_matmul", "1aaaobii"

/// The same in any mode, biases NULL exactly where the mode has none.
typedef RlxError *(*RlxOpQuantizedMatmulMode)(RlxArray **out, RlxArray *x, RlxArray *w, RlxArray *scales, RlxArray *optional_biases, int32_t transpose, int32_t group_size, int32_t bits, uint32_t mode);
#define RLX_OP_QUANTIZED_MATMUL_MODE "quantized_matmul_mode", "1aaaobiie"

/// The same with indices into the flattened batch axes of x [...,M,K] and of w, as for `gather_mm_general` (MLX:
/// gather_qmm).
typedef RlxError *(*RlxOpGatherQmm)(RlxArray **out, RlxArray *x, RlxArray *w, RlxArray *scales, RlxArray *optional_biases, RlxArray *optional_lhs, RlxArray *optional_rhs, int32_t transpose, int32_t group_size, int32_t bits, uint32_t mode, int32_t sorted);
#define RLX_OP_GATHER_QMM "gather_qmm", "1aaaooobiieb"

/// Floats to e4m3 bytes (u8), saturating at 448, and bytes to f16, bf16 or f32 (MLX: to_fp8, from_fp8).
typedef RlxError *(*RlxOpToFp8)(RlxArray **out, RlxArray *x);
#define RLX_OP_TO_FP8 "to_fp8", "1a"
typedef RlxError *(*RlxOpFromFp8)(RlxArray **out, RlxArray *x, uint32_t dtype);
#define RLX_OP_FROM_FP8 "from_fp8", "1at"

// Random numbers. Each op takes a key, u32 [2], and gives the same numbers for the same key, shape and dtype; use every
// key once (split it for more). Floats are f16, bf16 or f32 unless said otherwise; operands broadcast to the shape.

/// A key from a seed (MLX: random::key); `num` keys [num,2] from one (random::split).
typedef RlxError *(*RlxOpRandomKey)(RlxArray **out, uint64_t seed);
#define RLX_OP_RANDOM_KEY "random_key", "1u"
typedef RlxError *(*RlxOpRandomSplit)(RlxArray **out, RlxArray *key, int32_t num);
#define RLX_OP_RANDOM_SPLIT "random_split", "1ai"

/// Uniform numbers of `width` bytes: 1 gives u8, 2 gives u32 below 65536, 4 gives u32 (MLX: random::bits).
typedef RlxError *(*RlxOpRandomBits)(RlxArray **out, const int32_t *shape, uint64_t shape_count, int32_t width, RlxArray *key);
#define RLX_OP_RANDOM_BITS "random_bits", "1via"

/// Uniform in [low, high) (MLX: random::uniform).
typedef RlxError *(*RlxOpRandomUniform)(RlxArray **out, RlxArray *low, RlxArray *high, const int32_t *shape, uint64_t shape_count, uint32_t dtype, RlxArray *key);
#define RLX_OP_RANDOM_UNIFORM "random_uniform", "1aavta"

/// Normal with a mean and a standard deviation, NULL for 0 and 1; f64 and complex64 as well (MLX: random::normal).
typedef RlxError *(*RlxOpRandomNormal)(RlxArray **out, const int32_t *shape, uint64_t shape_count, uint32_t dtype, RlxArray *optional_loc, RlxArray *optional_scale, RlxArray *key);
#define RLX_OP_RANDOM_NORMAL "random_normal", "1vtooa"

/// Standard normal within [lower, upper] (MLX: random::truncated_normal).
typedef RlxError *(*RlxOpRandomTruncatedNormal)(RlxArray **out, RlxArray *lower, RlxArray *upper, const int32_t *shape, uint64_t shape_count, uint32_t dtype, RlxArray *key);
#define RLX_OP_RANDOM_TRUNCATED_NORMAL "random_truncated_normal", "1aavta"

/// Standard Gumbel; Laplace with mean `loc` and scale `scale` (MLX: random::gumbel, random::laplace).
typedef RlxError *(*RlxOpRandomGumbel)(RlxArray **out, const int32_t *shape, uint64_t shape_count, uint32_t dtype, RlxArray *key);
#define RLX_OP_RANDOM_GUMBEL "random_gumbel", "1vta"
typedef RlxError *(*RlxOpRandomLaplace)(RlxArray **out, const int32_t *shape, uint64_t shape_count, uint32_t dtype, float loc, float scale, RlxArray *key);
#define RLX_OP_RANDOM_LAPLACE "random_laplace", "1vtffa"

/// true with probability p, any float (MLX: random::bernoulli).
typedef RlxError *(*RlxOpRandomBernoulli)(RlxArray **out, RlxArray *p, const int32_t *shape, uint64_t shape_count, RlxArray *key);
#define RLX_OP_RANDOM_BERNOULLI "random_bernoulli", "1ava"

/// Integers in [low, high), of an integer dtype or bool; an empty range gives low. Drawn from f32 uniform numbers, so
/// that of a range above 2^24 not every number comes (MLX: random::randint).
typedef RlxError *(*RlxOpRandomRandint)(RlxArray **out, RlxArray *low, RlxArray *high, const int32_t *shape, uint64_t shape_count, uint32_t dtype, RlxArray *key);
#define RLX_OP_RANDOM_RANDINT "random_randint", "1aavta"

/// The slices of x along an axis in random order (MLX: random::permutation).
typedef RlxError *(*RlxOpRandomPermutation)(RlxArray **out, RlxArray *x, int32_t axis, RlxArray *key);
#define RLX_OP_RANDOM_PERMUTATION "random_permutation", "1aia"

/// `num` draws a row from unnormalised log-probabilities along an axis, which the result does not have; the draws are
/// its last axis. u32 (MLX: random::categorical).
typedef RlxError *(*RlxOpRandomCategorical)(RlxArray **out, RlxArray *logits, int32_t axis, int32_t num, RlxArray *key);
#define RLX_OP_RANDOM_CATEGORICAL "random_categorical", "1aiia"

/// One draw a row; the result has the shape of logits without the axis, u32. `seed` other than 0 is that seed's key.
/// With 0 the key is the next of the thread's own sequence: another draw at every call, and other ones on every thread;
/// but while a function is traced, one draw that the trace repeats (MLX: random::categorical).
typedef RlxError *(*RlxOpCategorical)(RlxArray **out, RlxArray *logits, int32_t axis, uint64_t seed);
#define RLX_OP_CATEGORICAL "categorical", "1aiu"

// Reductions over axes, and positions of extremes.
//
// The listed axes go, or stay with extent 1 when `keep_dim` is nonzero; each may be listed once. With no axes nothing
// is reduced: each element is a group of its own. To reduce over everything, list every axis.

/// One reduction by kind (MLX: sum, mean, max, min, prod); with no axes the array itself, whatever the kind. SUM and
/// PROD of bool and of signed integers up to 32 bits give i32, of unsigned ones u32, i64 stays; MEAN of integers gives
/// f32. MAX and MIN give NaN where there is one, and are an error over an axis of extent 0, over which SUM gives 0,
/// PROD 1 and MEAN NaN.
typedef RlxError *(*RlxOpReduce)(RlxArray **out, RlxArray *a, uint32_t kind, const int32_t *axes, uint64_t axes_count, int32_t keep_dim);
#define RLX_OP_REDUCE "reduce", "1aevb"

/// log(sum(exp a)) without overflow; integers give f32; an error over an axis of extent 0 (MLX: logsumexp).
typedef RlxError *(*RlxOpLogsumexp)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count, int32_t keep_dim);
#define RLX_OP_LOGSUMEXP "logsumexp", "1avb"

/// Variance and its square root: squared distances from the mean divided by n - ddof, by 0 when ddof reaches n.
/// Integers and complex64 give f32; NaN over an axis of extent 0 (MLX: var, std).
typedef RlxError *(*RlxOpVar)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count, int32_t keep_dim, int32_t ddof);
#define RLX_OP_VAR "var", "1avbi"
typedef RlxError *(*RlxOpStd)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count, int32_t keep_dim, int32_t ddof);
#define RLX_OP_STD "std", "1avbi"

/// Whether all, or any, elements are nonzero; bool (MLX: all, any).
typedef RlxError *(*RlxOpAll)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count, int32_t keep_dim);
#define RLX_OP_ALL "all", "1avb"
typedef RlxError *(*RlxOpAny)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count, int32_t keep_dim);
#define RLX_OP_ANY "any", "1avb"

/// Index of the first maximum or minimum along one axis; u32. The first NaN counts as both. An error along an axis of
/// extent 0 (MLX: argmax, argmin).
typedef RlxError *(*RlxOpArgmax)(RlxArray **out, RlxArray *a, int32_t axis, int32_t keep_dim);
#define RLX_OP_ARGMAX "argmax", "1aib"
typedef RlxError *(*RlxOpArgmin)(RlxArray **out, RlxArray *a, int32_t axis, int32_t keep_dim);
#define RLX_OP_ARGMIN "argmin", "1aib"

// Rotary position embedding of real floats.

/// Rotary embedding of the first `dims` (even) features of x [B,...,T,D]; position t of the second last axis turns by
/// scale * (t + offset) / w(i). w(i) is base^(2i/dims), or freqs [dims/2] where it is given; then `base` is not used.
/// `traditional` nonzero pairs neighbours 2i and 2i+1, else i and i + dims/2 (MLX: fast::rope).
typedef RlxError *(*RlxOpRope)(RlxArray **out, RlxArray *x, int32_t dims, int32_t traditional, float base, float scale, int32_t offset, RlxArray *optional_freqs);
#define RLX_OP_ROPE "rope", "1aibffio"

/// The same with an integer array of offsets: a scalar, or one for each of the B batches.
typedef RlxError *(*RlxOpRopeOffsets)(RlxArray **out, RlxArray *x, int32_t dims, int32_t traditional, float base, float scale, RlxArray *offsets, RlxArray *optional_freqs);
#define RLX_OP_ROPE_OFFSETS "rope_offsets", "1aibffao"

// Running reductions along one axis; the shape stays.
//
// `reverse` nonzero runs from the last element to the first. `exclusive` nonzero leaves the element itself out, so that
// the first result of the run is the neutral element: 0, 1, the lowest or the highest value, -inf. Integer results keep
// the dtype and wrap around, except that sums of bool are i32.

/// Running sum from the first element (MLX: cumsum).
typedef RlxError *(*RlxOpCumsum)(RlxArray **out, RlxArray *a, int32_t axis, int32_t exclusive);
#define RLX_OP_CUMSUM "cumsum", "1aib"

/// Running sum from the last element (MLX: cumsum, reverse).
typedef RlxError *(*RlxOpCumsumReverse)(RlxArray **out, RlxArray *a, int32_t axis, int32_t exclusive);
#define RLX_OP_CUMSUM_REVERSE "cumsum_reverse", "1aib"

/// product.
typedef RlxError *(*RlxOpCumprod)(RlxArray **out, RlxArray *a, int32_t axis, int32_t reverse, int32_t exclusive);
#define RLX_OP_CUMPROD "cumprod", "1aibb"

/// maximum.
typedef RlxError *(*RlxOpCummax)(RlxArray **out, RlxArray *a, int32_t axis, int32_t reverse, int32_t exclusive);
#define RLX_OP_CUMMAX "cummax", "1aibb"

/// minimum.
typedef RlxError *(*RlxOpCummin)(RlxArray **out, RlxArray *a, int32_t axis, int32_t reverse, int32_t exclusive);
#define RLX_OP_CUMMIN "cummin", "1aibb"

/// log of the running sum of exp a, without overflow; integers give f32 (MLX: logcumsumexp).
typedef RlxError *(*RlxOpLogcumsumexp)(RlxArray **out, RlxArray *a, int32_t axis, int32_t reverse, int32_t exclusive);
#define RLX_OP_LOGCUMSUMEXP "logcumsumexp", "1aibb"

// Updates of parts of an array. The result is a new array of a's shape and dtype; MLX works in place when the caller
// has freed its last handle to `a` before evaluation.
//
// Updates are cast to a's dtype. Indices follow what is said of the operations of gather, but an update whose index is
// out of range is dropped, since clamping would change an element that nobody named. Where several updates meet one
// element, ADD, PROD, MAX and MIN take all of them, SET an unspecified one.

/// Adds slices: a[.., indices[i..], ..] += updates[i.., ..] along `axis`. The shape of `updates` is that of `indices`
/// followed by a's, with extent 1 at `axis` or without it (MLX: scatter_add).
typedef RlxError *(*RlxOpScatterAdd)(RlxArray **out, RlxArray *a, RlxArray *indices, RlxArray *updates, int32_t axis);
#define RLX_OP_SCATTER_ADD "scatter_add", "1aaai"

/// Adds single elements: a[.., indices[.., i, ..], ..] += updates[.., i, ..]. Ranks are equal; the extents of `indices`
/// besides `axis` are a's or 1; `updates` broadcasts to the indices so completed (MLX: scatter_add_axis).
typedef RlxError *(*RlxOpScatterAddAxis)(RlxArray **out, RlxArray *a, RlxArray *indices, RlxArray *updates, int32_t axis);
#define RLX_OP_SCATTER_ADD_AXIS "scatter_add_axis", "1aaai"

/// The same in any mode (MLX: put_along_axis for SET).
typedef RlxError *(*RlxOpScatterAxis)(RlxArray **out, RlxArray *a, RlxArray *indices, RlxArray *updates, int32_t axis, uint32_t mode);
#define RLX_OP_SCATTER_AXIS "scatter_axis", "1aaaie"

/// Windows: the shape of `updates` is the broadcast shape of the index arrays followed by a window's, one extent for
/// each axis of `a`. Corners are indices[i] on axes[i], 0 on the other axes; a window that reaches outside is dropped
/// whole (MLX: scatter, scatter_add, scatter_prod, scatter_max, scatter_min).
typedef RlxError *(*RlxOpScatter)(RlxArray **out, RlxArray *a, RlxArray *const *indices, uint64_t indices_count, const int32_t *axes, uint64_t axes_count, RlxArray *updates, uint32_t mode);
#define RLX_OP_SCATTER "scatter", "1alvae"

/// The part that `slice_strided` would give; `strides` NULL means 1. `update` broadcasts to its shape (MLX:
/// slice_update, slice_update_add, ..).
typedef RlxError *(*RlxOpSliceUpdate)(RlxArray **out, RlxArray *a, RlxArray *update, const int32_t *start, uint64_t start_count, const int32_t *stop, uint64_t stop_count, const int32_t *optional_strides, uint64_t strides_count, uint32_t mode);
#define RLX_OP_SLICE_UPDATE "slice_update", "1aavvxe"

/// The window of update's shape whose corner is known at evaluation only, as in `slice_dynamic`: clamped to lie inside.
/// `update` has a's rank and no greater extent (MLX: slice_update with an array start).
typedef RlxError *(*RlxOpSliceUpdateDynamic)(RlxArray **out, RlxArray *a, RlxArray *update, RlxArray *start, const int32_t *axes, uint64_t axes_count, uint32_t mode);
#define RLX_OP_SLICE_UPDATE_DYNAMIC "slice_update_dynamic", "1aaave"

// Shape ops. Results may be views; `contiguous` makes them dense.
//
// Shapes, axes, bounds and counts that do not fit the operand are an error. A list of axes may hold each axis once;
// with no axes the array is returned as it is.

/// The same elements in another shape; one extent may be -1, which is inferred (not for an empty array).
typedef RlxError *(*RlxOpReshape)(RlxArray **out, RlxArray *a, const int32_t *new_shape, uint64_t new_shape_count);
#define RLX_OP_RESHAPE "reshape", "1av"

/// Axes start_axis .. end_axis, both included, become one; a scalar becomes one element (MLX: flatten).
typedef RlxError *(*RlxOpFlatten)(RlxArray **out, RlxArray *a, int32_t start_axis, int32_t end_axis);
#define RLX_OP_FLATTEN "flatten", "1aii"

/// Axes of extent 1 at these places of the result (MLX: expand_dims).
typedef RlxError *(*RlxOpExpandDims)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count);
#define RLX_OP_EXPAND_DIMS "expand_dims", "1av"

/// Without these axes, whose extents are 1 (MLX: squeeze).
typedef RlxError *(*RlxOpSqueeze)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count);
#define RLX_OP_SQUEEZE "squeeze", "1av"

/// Axis i of the result is axis perm[i]; `perm` names every axis once. A view.
typedef RlxError *(*RlxOpTranspose)(RlxArray **out, RlxArray *a, const int32_t *perm, uint64_t perm_count);
#define RLX_OP_TRANSPOSE "transpose", "1av"

/// One axis moved, the others in order (MLX: moveaxis). A view.
typedef RlxError *(*RlxOpMoveaxis)(RlxArray **out, RlxArray *a, int32_t source, int32_t destination);
#define RLX_OP_MOVEAXIS "moveaxis", "1aii"

/// Two axes exchanged (MLX: swapaxes). A view.
typedef RlxError *(*RlxOpSwapaxes)(RlxArray **out, RlxArray *a, int32_t axis1, int32_t axis2);
#define RLX_OP_SWAPAXES "swapaxes", "1aii"

/// Elements start .. stop - 1 of each of the axes, which are all of them. Python's rules: negative bounds count from
/// the end, bounds out of range are clamped, a result may be empty.
typedef RlxError *(*RlxOpSlice)(RlxArray **out, RlxArray *a, const int32_t *start, uint64_t start_count, const int32_t *stop, uint64_t stop_count);
#define RLX_OP_SLICE "slice", "1avv"

/// The same in steps; a negative stride goes backwards (stop -extent - 1 reaches the first element), 0 is an error.
typedef RlxError *(*RlxOpSliceStrided)(RlxArray **out, RlxArray *a, const int32_t *start, uint64_t start_count, const int32_t *stop, uint64_t stop_count, const int32_t *strides, uint64_t strides_count);
#define RLX_OP_SLICE_STRIDED "slice_strided", "1avvv"

/// A window of shape `size` (one extent for each axis of `a`) whose corner is known at evaluation only: `start` holds
/// one number for each of `axes` (a scalar for one axis), 0 applies to the others. The corner is clamped so that the
/// window lies inside; negative numbers clamp to 0. Floats are truncated (MLX: slice with an array start).
typedef RlxError *(*RlxOpSliceDynamic)(RlxArray **out, RlxArray *a, RlxArray *start, const int32_t *axes, uint64_t axes_count, const int32_t *size, uint64_t size_count);
#define RLX_OP_SLICE_DYNAMIC "slice_dynamic", "1aavv"

/// Joined along an existing axis; dtypes are promoted, `arrays_count` 0 is an error (MLX: concatenate).
typedef RlxError *(*RlxOpConcat)(RlxArray **out, RlxArray *const *arrays, uint64_t arrays_count, int32_t axis);
#define RLX_OP_CONCAT "concat", "1li"

/// Joined along a new axis of extent `arrays_count`; all shapes are equal (MLX: stack).
typedef RlxError *(*RlxOpStack)(RlxArray **out, RlxArray *const *arrays, uint64_t arrays_count, int32_t axis);
#define RLX_OP_STACK "stack", "1li"

/// Cut into `n_outs` parts of one size (MLX: split).
typedef RlxError *(*RlxOpSplit)(RlxArray **out, uint64_t n_outs, RlxArray *a, int32_t axis);
#define RLX_OP_SPLIT "split", "nai"

/// Cut before each of the ascending places 0 .. extent; `n_outs` is places_count + 1, parts may be empty.
typedef RlxError *(*RlxOpSplitAt)(RlxArray **out, uint64_t n_outs, RlxArray *a, const int32_t *places, uint64_t places_count, int32_t axis);
#define RLX_OP_SPLIT_AT "split_at", "navi"

/// Repeated along axes of extent 1 and new leading axes, without a copy (MLX: broadcast_to).
typedef RlxError *(*RlxOpBroadcastTo)(RlxArray **out, RlxArray *a, const int32_t *shape, uint64_t shape_count);
#define RLX_OP_BROADCAST_TO "broadcast_to", "1av"

/// Each element `repeats` times in a row (MLX: repeat).
typedef RlxError *(*RlxOpRepeat)(RlxArray **out, RlxArray *a, int32_t repeats, int32_t axis);
#define RLX_OP_REPEAT "repeat", "1aii"

/// The whole array reps[i] times along axis i; a shorter list is filled with 1 in front, a longer one adds axes (MLX:
/// tile).
typedef RlxError *(*RlxOpTile)(RlxArray **out, RlxArray *a, const int32_t *reps, uint64_t reps_count);
#define RLX_OP_TILE "tile", "1av"

/// Order reversed along these axes (MLX: flip).
typedef RlxError *(*RlxOpFlip)(RlxArray **out, RlxArray *a, const int32_t *axes, uint64_t axes_count);
#define RLX_OP_FLIP "flip", "1av"

/// Moved by shifts[i] along axes[i]; what leaves at one end enters at the other (MLX: roll).
typedef RlxError *(*RlxOpRoll)(RlxArray **out, RlxArray *a, const int32_t *shifts, uint64_t shifts_count, const int32_t *axes, uint64_t axes_count);
#define RLX_OP_ROLL "roll", "1avv"

/// low[i] and high[i] elements of a constant around axis i, for all axes; the constant is cast to a's dtype (MLX: pad).
typedef RlxError *(*RlxOpPad)(RlxArray **out, RlxArray *a, const int32_t *low, uint64_t low_count, const int32_t *high, uint64_t high_count, float pad_value);
#define RLX_OP_PAD "pad", "1avvf"

/// The same with a scalar array, which carries f64, i64 and complex64 exactly.
typedef RlxError *(*RlxOpPadValue)(RlxArray **out, RlxArray *a, const int32_t *low, uint64_t low_count, const int32_t *high, uint64_t high_count, RlxArray *pad_value);
#define RLX_OP_PAD_VALUE "pad_value", "1avva"

/// Element (i, j, ..) is number offset + i * strides[0] + j * strides[1] + .. of a's elements in row-major order;
/// strides count elements and may be negative. An error when one lies outside (MLX: as_strided).
typedef RlxError *(*RlxOpAsStrided)(RlxArray **out, RlxArray *a, const int32_t *shape, uint64_t shape_count, const int64_t *strides, uint64_t strides_count, uint64_t offset);
#define RLX_OP_AS_STRIDED "as_strided", "1avwu"

/// A dense row-major array; shares the buffer when it is one already (MLX: contiguous).
typedef RlxError *(*RlxOpContiguous)(RlxArray **out, RlxArray *a);
#define RLX_OP_CONTIGUOUS "contiguous", "1a"

/// A node of its own over the same buffer, strides included (MLX: copy).
typedef RlxError *(*RlxOpCopy)(RlxArray **out, RlxArray *a);
#define RLX_OP_COPY "copy", "1a"

// Softmax, and the cross-entropy of one. Operands are real floats unless said otherwise.

/// Softmax along an axis; half types accumulate in f32, integers and bool give f32 (MLX: softmax, precise).
typedef RlxError *(*RlxOpSoftmax)(RlxArray **out, RlxArray *a, int32_t axis);
#define RLX_OP_SOFTMAX "softmax", "1ai"

/// logsumexp(logits) - logits[target] over the last axis of logits [...,C], for integer targets [...]; the result has
/// the shape of targets. A target out of range is clamped into it (MLX: fast::cross_entropy).
typedef RlxError *(*RlxOpCrossEntropy)(RlxArray **out, RlxArray *logits, RlxArray *targets);
#define RLX_OP_CROSS_ENTROPY "cross_entropy", "1aa"

// Sorting and selection along one axis.
//
// NaN is the greatest value: last in ascending order, first in descending order. Equal elements keep their order both
// ways. Indices are u32. Complex numbers are ordered by real, then imaginary part.

/// In ascending order (MLX: sort).
typedef RlxError *(*RlxOpSort)(RlxArray **out, RlxArray *a, int32_t axis);
#define RLX_OP_SORT "sort", "1ai"

/// In descending order when `descending` is nonzero.
typedef RlxError *(*RlxOpSortBy)(RlxArray **out, RlxArray *a, int32_t axis, int32_t descending);
#define RLX_OP_SORT_BY "sort_by", "1aib"

/// The indices that sort (MLX: argsort).
typedef RlxError *(*RlxOpArgsort)(RlxArray **out, RlxArray *a, int32_t axis, int32_t descending);
#define RLX_OP_ARGSORT "argsort", "1aib"

/// The `k` largest elements in descending order; an error unless 0 <= k <= extent.
typedef RlxError *(*RlxOpTopkValues)(RlxArray **out, RlxArray *a, int32_t k, int32_t axis);
#define RLX_OP_TOPK_VALUES "topk_values", "1aii"

/// The same with their indices; of equal elements the one with the smaller index comes first, and is the one chosen.
///
/// `out` has room for 2: values, indices.
typedef RlxError *(*RlxOpTopk)(RlxArray **out, RlxArray *a, int32_t k, int32_t axis);
#define RLX_OP_TOPK "topk", "2aii"

/// Rearranged so that the element of rank `kth` is in its place, with none greater before it and none smaller behind
/// it; the order within the two parts is unspecified. Negative `kth` counts from the end; an error when out of range
/// (MLX: partition).
typedef RlxError *(*RlxOpPartition)(RlxArray **out, RlxArray *a, int32_t kth, int32_t axis);
#define RLX_OP_PARTITION "partition", "1aii"

/// The indices that do so: the k largest elements are the last k with kth = -k (MLX: argpartition).
typedef RlxError *(*RlxOpArgpartition)(RlxArray **out, RlxArray *a, int32_t kth, int32_t axis);
#define RLX_OP_ARGPARTITION "argpartition", "1aii"

/// For each of `values` the place in the ascending rank-1 array `sorted` where it could be inserted: before equal
/// elements, or behind them when `right` is nonzero. The result is u32 with the shape of `values`; NaN goes to the end
/// (MLX: searchsorted).
typedef RlxError *(*RlxOpSearchsorted)(RlxArray **out, RlxArray *sorted, RlxArray *values, int32_t right);
#define RLX_OP_SEARCHSORTED "searchsorted", "1aab"

// Elementwise ops of one operand. The result has the operand's shape.

/// One function by kind (MLX: the function of that name). Transcendental functions of integers and bool give f32, the
/// others keep the dtype. RELU keeps NaN; ROUND takes halves to even. EXP, SIN, COS, SIGMOID, ERF and ERFINV of f64
/// have the precision of f32. An error: NEG of bool; RELU, SIGMOID, ERF, ERFINV, FLOOR, CEIL, TRUNC and EXPM1 of
/// complex64.
typedef RlxError *(*RlxOpUnary)(RlxArray **out, RlxArray *a, uint32_t kind);
#define RLX_OP_UNARY "unary", "1ae"

/// Exact 0.5 x (1 + erf(x / sqrt 2)). Half types are computed in f32 and rounded once; integers give f32; complex64 is
/// an error.
typedef RlxError *(*RlxOpGelu)(RlxArray **out, RlxArray *a);
#define RLX_OP_GELU "gelu", "1a"

/// x * sigmoid(x); integers give f32, complex64 is an error.
typedef RlxError *(*RlxOpSilu)(RlxArray **out, RlxArray *a);
#define RLX_OP_SILU "silu", "1a"

/// Conversion (MLX: astype). Float to integer truncates toward zero; a value that the integer cannot hold gives an
/// unspecified one. To bool: nonzero is true.
typedef RlxError *(*RlxOpCast)(RlxArray **out, RlxArray *a, uint32_t dtype);
#define RLX_OP_CAST "cast", "1at"

/// The same bits as elements of another dtype; the last extent changes with the element size (MLX: view). An error when
/// it does not divide, and for a scalar when the sizes differ.
typedef RlxError *(*RlxOpView)(RlxArray **out, RlxArray *a, uint32_t dtype);
#define RLX_OP_VIEW "view", "1at"

/// ~a of integers; not a of bool (MLX: bitwise_invert). Other dtypes are an error.
typedef RlxError *(*RlxOpBitNot)(RlxArray **out, RlxArray *a);
#define RLX_OP_BIT_NOT "bit_not", "1a"

/// a == 0, as bool (MLX: logical_not).
typedef RlxError *(*RlxOpLogicalNot)(RlxArray **out, RlxArray *a);
#define RLX_OP_LOGICAL_NOT "logical_not", "1a"

/// NaN, +inf and -inf of real floats replaced by these values; other dtypes are returned as they are (MLX: nan_to_num).
typedef RlxError *(*RlxOpNanToNum)(RlxArray **out, RlxArray *a, float nan, float posinf, float neginf);
#define RLX_OP_NAN_TO_NUM "nan_to_num", "1afff"

#ifdef __cplusplus
}
#endif

#endif
