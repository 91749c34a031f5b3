package dev.wuneng.kernels.check;

import java.util.Set;
import java.util.regex.Pattern;

/** Names that mean something to OpenCL C, CUDA or Metal. */
final class DeviceWords {
    private static final Set<String> KEYWORDS = Set.of(("auto break case char const continue default do double else enum extern float for goto if inline int "
            + "long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm bool class delete "
            + "explicit export false friend mutable namespace new operator private protected public template this throw true try typename using virtual "
            + "kernel global local constant generic read_only write_only read_write uniform pipe half quad complex imaginary uchar ushort uint ulong "
            + "size_t ptrdiff_t intptr_t uintptr_t event_t sampler_t queue_t device thread threadgroup vertex fragment main").split(" "));
    private static final Set<String> MACROS = Set.of("NAN INFINITY NULL MAXFLOAT HUGE_VAL HUGE_VALF M_E M_LOG2E M_LOG10E M_LN2 M_LN10 M_PI M_PI_2 M_PI_4".split(" "));
    private static final Set<String> FUNCTIONS = Set.of(("acos acosh acospi asin asinh asinpi atan atan2 atan2pi atanh atanpi cbrt ceil copysign cos cosh cospi "
            + "erf erfc exp exp2 exp10 expm1 fabs fdim floor fma fmax fmin fmod fract frexp hypot ilogb ldexp lgamma log log2 log10 log1p logb mad maxmag "
            + "minmag modf nan nextafter pow pown powr remainder remquo rint rootn round rsqrt sin sincos sinh sinpi sqrt tan tanh tanpi tgamma trunc "
            + "abs abs_diff add_sat hadd rhadd clamp clz ctz mad_hi mad_sat max min mul_hi rotate sub_sat upsample popcount mad24 mul24 degrees mix radians "
            + "step smoothstep sign cross dot distance length normalize isequal isfinite isinf isnan isnormal any all bitselect select shuffle shuffle2 "
            + "prefetch barrier printf vload vstore convert as_float as_int").split(" "));
    /** Vector types, reserved prefixes, and names like those that TornadoVM makes up. */
    private static final Pattern RESERVED = Pattern.compile("(u?(char|short|int|long)|half|float|double|bool)(2|3|4|8|16)|__.*|image[0-9]d.*|(atomic|native|half|async)_.*"
            + "|[a-z]{1,3}_[0-9]+|M_.*|(FLT|DBL|HALF|CHAR|INT|LONG|SHRT)_.*");

    private DeviceWords() {
    }

    static boolean contains(String name) {
        return KEYWORDS.contains(name) || MACROS.contains(name) || FUNCTIONS.contains(name) || RESERVED.matcher(name).matches();
    }
}
