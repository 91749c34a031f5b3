package dev.wuneng.kernels.op;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads kernels as TornadoVM does, from their class files, and says what of their code it rejects or, worse, silently compiles to something
 * else. Where there is no TornadoVM to try a kernel on, this is what keeps it within the language.
 */
final class KernelLanguage {
    private static final int MOST_ARGUMENTS = 15;
    private static final String SIGNATURE = "(IILuk/ac/manchester/tornado/api/types/arrays/IntArray;I";
    private static final String ARRAYS = "uk/ac/manchester/tornado/api/types/arrays/";
    private static final String MATH = "uk/ac/manchester/tornado/api/math/TornadoMath";
    private static final Set<String> JAVA_MATH = Set.of("exp", "log", "sqrt", "pow", "max", "min", "sin", "cos", "tan", "tanh", "floorMod", "floorDiv");
    private static final Set<Opcode> FORBIDDEN = Set.of(Opcode.IUSHR, Opcode.LUSHR, Opcode.ATHROW, Opcode.FREM, Opcode.DREM, Opcode.F2L,
            Opcode.NEW, Opcode.ANEWARRAY, Opcode.MULTIANEWARRAY, Opcode.GETSTATIC, Opcode.PUTSTATIC, Opcode.PUTFIELD, Opcode.GETFIELD,
            Opcode.INVOKEDYNAMIC, Opcode.INVOKEINTERFACE, Opcode.INVOKESPECIAL, Opcode.INSTANCEOF, Opcode.MONITORENTER, Opcode.MONITOREXIT,
            Opcode.LOOKUPSWITCH, Opcode.TABLESWITCH);
    /** Words of OpenCL C and of its generated code that a parameter must not be called. */
    private static final Set<String> WORDS = Set.of("kernel", "global", "local", "constant", "private", "read_only", "write_only", "read_write",
            "half", "uint", "uchar", "ushort", "ulong", "bool", "size_t", "ptrdiff_t", "intptr_t", "uintptr_t", "image2d_t", "image3d_t", "sampler_t",
            "event_t", "vec_step", "pipe", "signed", "unsigned", "struct", "union", "typedef", "sizeof", "auto", "register", "extern", "inline",
            "restrict", "volatile", "goto", "NAN", "INFINITY", "MAXFLOAT", "HUGE_VALF", "M_PI", "M_E", "complex", "imaginary", "quad");
    /** Functions of OpenCL C that a kernel must not be called. */
    private static final Set<String> FUNCTIONS = Set.of("exp", "log", "sqrt", "pow", "fma", "mad", "clamp", "mix", "step", "select", "round", "rotate",
            "length", "dot", "cross", "distance", "normalize", "main", "sign", "any", "all", "max", "min", "abs", "floor", "ceil", "fract", "tanh", "sin", "cos");

    private final Class<?> type;
    private final Map<String, MethodModel> methods = new HashMap<>();
    private final List<String> problems = new ArrayList<>();

    KernelLanguage(Class<?> type) {
        this.type = type;
        model(type.getName().replace('.', '/')).methods().forEach(m -> methods.put(key(type.getName().replace('.', '/'), m), m));
    }

    private static ClassModel model(String internalName) {
        try (InputStream in = KernelLanguage.class.getClassLoader().getResourceAsStream(internalName + ".class")) {
            return ClassFile.of().parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String key(String owner, MethodModel method) {
        return owner + "." + method.methodName().stringValue() + method.methodType().stringValue();
    }

    /** The kernels of the class. */
    List<String> kernels() {
        return methods.entrySet().stream().filter(m -> isKernel(m.getValue())).map(Map.Entry::getKey).sorted().toList();
    }

    private static boolean isKernel(MethodModel method) {
        return Modifier.isStatic(method.flags().flagsMask()) && method.methodType().stringValue().startsWith(SIGNATURE)
                && !method.methodName().stringValue().startsWith("lambda$");
    }

    /** What is wrong with the kernels of the class and what they call. */
    List<String> problems() {
        for (String kernel : kernels()) {
            checkKernel(methods.get(kernel));
            Set<String> seen = new HashSet<>();
            checkCode(kernel, methods.get(kernel), seen);
        }
        return problems;
    }

    private void checkKernel(MethodModel method) {
        String name = method.methodName().stringValue();
        List<ClassDesc> parameters = method.methodTypeSymbol().parameterList();
        if (parameters.size() > MOST_ARGUMENTS) {
            problem(name, parameters.size() + " arguments");
        }
        if (parameters.stream().anyMatch(p -> p.descriptorString().equals("Z"))) {
            problem(name, "a boolean argument");
        }
        if (FUNCTIONS.contains(name) || WORDS.contains(name)) {
            problem(name, "a name that OpenCL C has");
        }
        CodeAttribute code = method.findAttribute(Attributes.code()).orElseThrow();
        if (code.findAttribute(Attributes.localVariableTable()).isEmpty()) {
            problem(name, "no local variable table (javac -g)");
        }
        int slots = parameters.stream().mapToInt(p -> p.descriptorString().matches("[JD]") ? 2 : 1).sum();
        for (CodeElement element : code) {
            if (element instanceof LocalVariable v && v.slot() < slots) {
                String parameter = v.name().stringValue();
                if (WORDS.contains(parameter) || parameter.matches("[a-z]+_\\d+")) {
                    problem(name, "a parameter called " + parameter);
                }
            }
        }
        if (code.findAttribute(Attributes.runtimeVisibleTypeAnnotations()).isEmpty()) {
            problem(name, "no @Parallel loop");
        }
    }

    private void checkCode(String where, MethodModel method, Set<String> seen) {
        if (!seen.add(where)) {
            return;
        }
        String name = method.methodName().stringValue();
        CodeAttribute code = method.findAttribute(Attributes.code()).orElseThrow();
        List<Instruction> instructions = new ArrayList<>();
        Map<Label, Integer> positions = new HashMap<>();
        for (CodeElement element : code) {
            if (element instanceof LabelTarget target) {
                positions.put(target.label(), instructions.size());
            } else if (element instanceof Instruction instruction) {
                instructions.add(instruction);
            }
        }
        for (Instruction instruction : instructions) {
            if (FORBIDDEN.contains(instruction.opcode())) {
                problem(name, "instruction " + instruction.opcode());
            }
            if (instruction instanceof ConstantInstruction constant && constant.constantValue() instanceof Float f && !Float.isFinite(f)) {
                problem(name, "the constant " + f);
            }
            if (instruction instanceof InvokeInstruction call) {
                checkCall(name, call, seen);
            }
        }
        checkLoops(name, instructions, positions);
    }

    private void checkCall(String name, InvokeInstruction call, Set<String> seen) {
        String owner = call.owner().asInternalName();
        String called = call.name().stringValue();
        if (owner.startsWith(ARRAYS) && Set.of("get", "set").contains(called) || owner.equals(MATH)
                || owner.equals("java/lang/Float") && called.equals("intBitsToFloat")) {
            return;
        }
        if (owner.equals("java/lang/Math")) {
            boolean works = JAVA_MATH.contains(called) || called.equals("abs") && call.type().stringValue().equals("(F)F");
            if (!works) {
                problem(name, "Math." + called + call.type().stringValue());
            }
        } else if (owner.startsWith("dev/wuneng/") && call.opcode() == Opcode.INVOKESTATIC) {
            String key = owner + "." + called + call.type().stringValue();
            MethodModel helper = methods.computeIfAbsent(key, k -> model(owner).methods().stream().filter(m -> key(owner, m).equals(k)).findFirst().orElseThrow());
            checkCode(key, helper, seen);
        } else {
            problem(name, "a call of " + owner + "." + called);
        }
    }

    /** A loop may be left by its condition and by one break; neither a return nor a jump out of two loops at once compiles to what it says. */
    private void checkLoops(String name, List<Instruction> instructions, Map<Label, Integer> positions) {
        Map<Integer, Integer> endOf = new HashMap<>();
        for (int i = 0; i < instructions.size(); i++) {
            if (instructions.get(i) instanceof BranchInstruction branch && positions.get(branch.target()) <= i) {
                endOf.merge(positions.get(branch.target()), i, Math::max);
            }
        }
        endOf.forEach((begin, end) -> {
            int breaks = 0;
            for (int i = begin; i <= end; i++) {
                if (instructions.get(i) instanceof ReturnInstruction) {
                    problem(name, "a return inside a loop");
                }
                if (instructions.get(i) instanceof BranchInstruction branch && positions.get(branch.target()) > end + 1) {
                    problem(name, "a jump out of several loops");
                }
                if (instructions.get(i) instanceof BranchInstruction branch && branch.opcode() == Opcode.GOTO && positions.get(branch.target()) > end) {
                    breaks++;
                }
            }
            if (breaks > 1) {
                problem(name, breaks + " breaks in a loop");
            }
        });
    }

    private void problem(String method, String what) {
        problems.add(type.getSimpleName() + "." + method + ": " + what);
    }
}
