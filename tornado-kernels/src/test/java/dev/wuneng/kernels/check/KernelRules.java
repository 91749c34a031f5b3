package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.KernelFlow.Access;
import dev.wuneng.kernels.check.KernelFlow.Call;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeAnnotation;
import java.lang.classfile.TypeAnnotation.LocalVarTarget;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.LocalVariableInfo;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.reflect.AccessFlag;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** Which rules a kernel breaks, as its class file shows it. */
final class KernelRules {
    private static final String ARRAYS = "uk/ac/manchester/tornado/api/types/arrays/";
    private static final String VECTOR = "uk/ac/manchester/tornado/api/types/vectors/Float16";
    private static final String LEADING = "(IIL" + ARRAYS + "IntArray;I";
    private static final String CONTEXT = "uk/ac/manchester/tornado/api/KernelContext";
    private static final String GROUP_LEADING = "(L" + CONTEXT + ";L" + ARRAYS + "IntArray;I";
    private static final Set<String> PARAMETERS = Set.of("I", "F", "L" + ARRAYS + "FloatArray;", "L" + ARRAYS + "IntArray;", "L" + ARRAYS + "ShortArray;");
    private static final Set<String> CALLS = calls();
    private static final Set<Opcode> OPERATORS = EnumSet.of(Opcode.IUSHR, Opcode.LUSHR, Opcode.FREM, Opcode.DREM, Opcode.F2L, Opcode.D2L);
    private static final Set<Opcode> ALLOCATIONS = EnumSet.of(Opcode.NEW, Opcode.ANEWARRAY, Opcode.MULTIANEWARRAY, Opcode.AALOAD, Opcode.AASTORE);
    private static final Set<Opcode> EXCEPTIONS = EnumSet.of(Opcode.ATHROW, Opcode.MONITORENTER, Opcode.MONITOREXIT, Opcode.CHECKCAST, Opcode.INSTANCEOF);

    private final KernelCode code;
    private final Map<KernelRule, String> broken = new EnumMap<>(KernelRule.class);

    private KernelRules(KernelCode code) {
        this.code = code;
    }

    /** The rules that a kernel or one of its helpers breaks, and where. */
    static Map<KernelRule, String> broken(KernelCode kernel) {
        KernelRules rules = new KernelRules(kernel);
        rules.signature();
        rules.parameterNames();
        rules.parallelLoop();
        rules.body(new HashSet<>());
        return rules.broken;
    }

    private static Set<String> calls() {
        Set<String> calls = new HashSet<>(Set.of(CONTEXT + ".localBarrier()V", CONTEXT + ".allocateFloatLocalArray(I)[F", "java/lang/Integer.intValue()I"));
        for (String array : List.of("FloatArray", "IntArray")) {
            String element = array.equals("IntArray") ? "I" : "F";
            calls.addAll(List.of(ARRAYS + array + ".get(I)" + element, ARRAYS + array + ".set(I" + element + ")V", ARRAYS + array + ".getSize()I"));
        }
        calls.addAll(List.of(VECTOR + ".<init>(" + "F".repeat(16) + ")V", VECTOR + ".get(I)F", VECTOR + ".add(L" + VECTOR + ";L" + VECTOR + ";)L" + VECTOR + ";",
                VECTOR + ".mult(L" + VECTOR + ";L" + VECTOR + ";)L" + VECTOR + ";"));
        // Halves are only read: to store one takes a conversion that devices do not have.
        calls.add(ARRAYS + "ShortArray.get(I)S");
        String tornado = "uk/ac/manchester/tornado/api/math/TornadoMath.";
        for (String f : "exp log log2 sqrt tanh sin cos tan sinpi cospi floor ceil fract abs signum".split(" ")) {
            calls.add(tornado + f + "(F)F");
        }
        calls.addAll(List.of(tornado + "pow(FF)F", tornado + "atan2(FF)F", tornado + "min(FF)F", tornado + "max(FF)F", tornado + "clamp(FFF)F"));
        calls.addAll(List.of("java/lang/Math.min(II)I", "java/lang/Math.max(II)I", "java/lang/Math.min(FF)F", "java/lang/Math.max(FF)F",
                "java/lang/Math.abs(F)F", "java/lang/Math.floorMod(II)I", "java/lang/Math.floorDiv(II)I"));
        return calls;
    }

    private void signature() {
        MethodModel method = code.method;
        List<String> types = method.methodTypeSymbol().parameterList().stream().map(t -> t.descriptorString()).toList();
        int leading = inGroups() ? 3 : 4;
        List<Integer> kinds = types.stream().skip(leading).map(t -> t.length() > 1 ? 0 : 1).toList();
        check(KernelRule.SIGNATURE, method.flags().has(AccessFlag.PUBLIC) && method.flags().has(AccessFlag.STATIC)
                && method.methodType().stringValue().startsWith(inGroups() ? GROUP_LEADING : LEADING) && method.methodType().stringValue().endsWith(")V")
                && types.size() > leading && types.size() <= 15 && PARAMETERS.containsAll(types.subList(leading, types.size()))
                && kinds.equals(kinds.stream().sorted().toList()));
    }

    /** Whether it is a form for work-groups, which has no loop over items. */
    private boolean inGroups() {
        return code.method.methodType().stringValue().startsWith("(L" + CONTEXT);
    }

    private void parameterNames() {
        variables().stream().filter(v -> v.startPc() == 0).map(v -> v.name().stringValue())
                .forEach(name -> check(KernelRule.NAMES, !DeviceWords.contains(name), name));
    }

    /** What helpers share, whose parameters vanish when they are inlined. */
    private void body(Set<String> callers) {
        names();
        LoopRules loops = new LoopRules(code.flow);
        check(KernelRule.RETURN_IN_LOOP, !loops.returnsWithin());
        check(KernelRule.BREAKS, !loops.breaksBadly());
        check(KernelRule.EXCEPTIONS, code.method.code().orElseThrow().exceptionHandlers().isEmpty()
                && !code.method.flags().has(AccessFlag.SYNCHRONIZED));
        code.flow.instructions.forEach(this::instruction);
        callers.add(code.name());
        code.flow.calls.forEach(call -> call(call, callers));
        callers.remove(code.name());
        Set<Integer> seen = new HashSet<>();
        for (Access access : broken.containsKey(KernelRule.CALLS) ? code.flow.accesses : code.accesses()) {
            check(KernelRule.PRIVATE_ARRAYS, access.array() >= 0 || !seen.add(access.array()) || access.write());
        }
    }

    private void names() {
        String type = code.ownerName().substring(Math.max(code.ownerName().lastIndexOf('/'), code.ownerName().lastIndexOf('$')) + 1);
        String prefix = Character.toLowerCase(type.charAt(0)) + type.substring(1);
        check(KernelRule.NAMES, code.name().startsWith(prefix) && code.name().length() > prefix.length() && !DeviceWords.contains(code.name())
                && code.owner.methods().stream().filter(m -> m.methodName().equalsString(code.name())).count() == 1);
        List<LocalVariableInfo> variables = variables();
        int slots = code.method.methodTypeSymbol().parameterCount();
        check(KernelRule.DEBUG_NAMES, variables.stream().filter(v -> v.startPc() == 0).count() >= slots);
    }

    private List<LocalVariableInfo> variables() {
        return code.method.code().orElseThrow().findAttribute(Attributes.localVariableTable()).map(t -> t.localVariables()).orElse(List.of());
    }

    private void instruction(Instruction instruction) {
        Opcode opcode = instruction.opcode();
        check(KernelRule.OPERATORS, !OPERATORS.contains(opcode), opcode);
        check(KernelRule.EXCEPTIONS, !EXCEPTIONS.contains(opcode), opcode);
        check(KernelRule.ALLOCATION, !ALLOCATIONS.contains(opcode)
                || instruction instanceof NewObjectInstruction made && made.className().asInternalName().equals(VECTOR), opcode);
        check(KernelRule.CALLS, !(instruction instanceof InvokeDynamicInstruction), "a lambda");
        check(KernelRule.FIELDS, !(instruction instanceof FieldInstruction field)
                || field.owner().asInternalName().equals(CONTEXT) && Set.of("groupIdx", "localIdx").contains(field.name().stringValue()), instruction);
        check(KernelRule.ALLOCATION, !(instruction instanceof NewPrimitiveArrayInstruction made)
                || made.typeKind() == TypeKind.FLOAT || made.typeKind() == TypeKind.INT);
        if (instruction instanceof ConstantInstruction constant) {
            ConstantDesc value = constant.constantValue();
            check(KernelRule.CONSTANTS, value instanceof Integer || value instanceof Long || value instanceof Number n && Double.isFinite(n.doubleValue()));
        }
    }

    private void call(Call call, Set<String> callers) {
        String owner = call.invoked().owner().asInternalName();
        String name = call.invoked().name().stringValue();
        String descriptor = call.invoked().type().stringValue();
        if (CALLS.contains(owner + "." + name + descriptor)) {
            return;
        }
        boolean ours = owner.startsWith(code.ownerName().substring(0, code.ownerName().lastIndexOf('/') + 1)) && !callers.contains(name);
        Optional<KernelCode> helper = ours ? KernelCode.find(owner, name, descriptor) : Optional.empty();
        check(KernelRule.CALLS, helper.isPresent() && helper.get().method.flags().has(AccessFlag.STATIC), name);
        helper.filter(h -> h.method.flags().has(AccessFlag.STATIC)).ifPresent(h -> {
            KernelRules rules = new KernelRules(h);
            rules.body(callers);
            broken.putAll(rules.broken);
        });
    }

    /** The annotated variable starts at the literal 0, is compared with to − from, grows by one, and is changed nowhere else. */
    private void parallelLoop() {
        List<TypeAnnotation> parallel = code.method.code().orElseThrow().findAttribute(Attributes.runtimeVisibleTypeAnnotations())
                .map(a -> a.annotations()).orElse(List.of());
        List<Instruction> all = code.flow.instructions;
        if (inGroups()) {
            check(KernelRule.PARALLEL_LOOP, parallel.isEmpty());
            return;
        }
        if (parallel.size() != 1 || !(parallel.getFirst().targetInfo() instanceof LocalVarTarget target)) {
            check(KernelRule.PARALLEL_LOOP, false);
            return;
        }
        int slot = target.table().getFirst().index();
        int first = code.flow.at(target.table().getFirst().startLabel());
        List<Instruction> stores = all.stream().filter(i -> i instanceof StoreInstruction s && s.slot() == slot).toList();
        List<Instruction> steps = all.stream().filter(i -> i instanceof IncrementInstruction s && s.slot() == slot).toList();
        check(KernelRule.PARALLEL_LOOP, first >= 2 && all.get(first - 2) instanceof ConstantInstruction zero && zero.constantValue().equals(0)
                && stores.size() == 1 && stores.getFirst() == all.get(first - 1)
                && steps.size() == 1 && ((IncrementInstruction) steps.getFirst()).constant() == 1
                && loads(all, first, slot, 1, 0) && all.get(first + 3).opcode() == Opcode.ISUB
                && all.get(first + 4) instanceof BranchInstruction leave && leave.opcode() == Opcode.IF_ICMPGE
                && all.get(code.flow.at(leave.target())).opcode() == Opcode.RETURN);
    }

    private static boolean loads(List<Instruction> all, int first, int... slots) {
        return IntStream.range(0, slots.length).allMatch(i -> all.get(first + i) instanceof LoadInstruction load && load.slot() == slots[i]);
    }

    private void check(KernelRule rule, boolean kept) {
        check(rule, kept, "");
    }

    private void check(KernelRule rule, boolean kept, Object what) {
        if (!kept) {
            broken.put(rule, code.name() + " " + what);
        }
    }

    /** The methods of a class that its factories hand to launches as kernels. */
    static List<KernelCode> kernels(ClassModel type) {
        return type.methods().stream().filter(m -> m.code().isPresent()).flatMap(m -> m.code().orElseThrow().elementStream())
                .filter(e -> e instanceof InvokeDynamicInstruction i && i.typeSymbol().returnType().descriptorString().contains("/run/Kernel$K"))
                .map(e -> (DirectMethodHandleDesc) ((InvokeDynamicInstruction) e).bootstrapArgs().get(1))
                .map(h -> KernelCode.find(internal(h.owner().descriptorString()), h.methodName(), h.lookupDescriptor()).orElseThrow())
                .toList();
    }

    private static String internal(String descriptor) {
        return descriptor.substring(1, descriptor.length() - 1);
    }
}
