package dev.wuneng.kernels.check;

import java.lang.classfile.Attributes;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.StackInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.classfile.instruction.ThrowInstruction;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Follows the arrays through the bytecode of a static method: which parameter or private array each access and each call is about.
 * Parameter n is number n, the array that instruction n makes is number −1 − n.
 */
final class KernelFlow {
    /** A read or a write of an element of an array. */
    record Access(int instruction, int array, boolean write) {
    }

    /** A call, and which arrays each argument may be, the receiver first. */
    record Call(int instruction, InvokeInstruction invoked, List<Set<Integer>> arguments) {
    }

    private record Value(Set<Integer> arrays, boolean wide) {
        static final Value NARROW = new Value(Set.of(), false);
        static final Value WIDE = new Value(Set.of(), true);

        static Value of(TypeKind kind) {
            return kind.slotSize() == 2 ? WIDE : NARROW;
        }

        Value or(Value other) {
            Set<Integer> both = new HashSet<>(arrays);
            both.addAll(other.arrays);
            return new Value(both, wide);
        }
    }

    private record State(List<Value> stack, List<Value> locals) {
        State copy() {
            return new State(new ArrayList<>(stack), new ArrayList<>(locals));
        }

        Value pop() {
            return stack.removeLast();
        }

        void push(Value value) {
            stack.add(value);
        }

        State or(State other) {
            return new State(or(stack, other.stack), or(locals, other.locals));
        }

        private static List<Value> or(List<Value> some, List<Value> others) {
            return IntStream.range(0, some.size()).mapToObj(i -> some.get(i).or(others.get(i))).toList();
        }
    }

    final List<Instruction> instructions = new ArrayList<>();
    final List<Call> calls = new ArrayList<>();
    final List<Access> accesses = new ArrayList<>();
    private final Map<Label, Integer> labels = new HashMap<>();
    private final State[] before;

    KernelFlow(MethodModel method) {
        method.code().orElseThrow().forEach(element -> {
            if (element instanceof Instruction instruction) {
                instructions.add(instruction);
            } else if (element instanceof LabelTarget target) {
                labels.put(target.label(), instructions.size());
            }
        });
        before = new State[instructions.size()];
        Value[] locals = new Value[method.findAttribute(Attributes.code()).orElseThrow().maxLocals()];
        Arrays.fill(locals, Value.NARROW);
        int slot = 0;
        MethodTypeDesc type = method.methodTypeSymbol();
        for (int n = 0; n < type.parameterCount(); n++) {
            boolean array = !type.parameterType(n).isPrimitive();
            locals[slot] = array ? new Value(Set.of(n), false) : Value.of(TypeKind.from(type.parameterType(n)));
            slot += TypeKind.from(type.parameterType(n)).slotSize();
        }
        settle(new State(List.of(), Arrays.asList(locals)));
        for (int i = 0; i < before.length; i++) {
            if (before[i] != null) {
                step(i, before[i].copy(), true);
            }
        }
    }

    /** The instruction that a label stands before. */
    int at(Label label) {
        return labels.get(label);
    }

    /** Where an instruction may lead; nothing behind a return. */
    List<Integer> next(int i) {
        return switch (instructions.get(i)) {
            case BranchInstruction b -> b.opcode() == Opcode.GOTO || b.opcode() == Opcode.GOTO_W ? List.of(at(b.target())) : List.of(i + 1, at(b.target()));
            case LookupSwitchInstruction s -> targets(s.cases(), s.defaultTarget());
            case TableSwitchInstruction s -> targets(s.cases(), s.defaultTarget());
            case ReturnInstruction _, ThrowInstruction _ -> List.of();
            default -> List.of(i + 1);
        };
    }

    private List<Integer> targets(List<SwitchCase> cases, Label otherwise) {
        List<Integer> targets = new ArrayList<>(cases.stream().map(c -> at(c.target())).toList());
        targets.add(at(otherwise));
        return targets;
    }

    private void settle(State first) {
        Deque<Integer> open = new ArrayDeque<>();
        before[0] = first;
        open.add(0);
        while (!open.isEmpty()) {
            int i = open.remove();
            State after = before[i].copy();
            step(i, after, false);
            for (int n : next(i)) {
                State merged = before[n] == null ? after : before[n].or(after);
                if (!merged.equals(before[n])) {
                    before[n] = merged;
                    open.add(n);
                }
            }
        }
    }

    private void step(int i, State s, boolean record) {
        switch (instructions.get(i)) {
            case LoadInstruction load -> s.push(s.locals.get(load.slot()));
            case StoreInstruction store -> s.locals.set(store.slot(), s.pop());
            case ConstantInstruction constant -> s.push(Value.of(constant.typeKind()));
            case ConvertInstruction convert -> {
                s.pop();
                s.push(Value.of(convert.toType()));
            }
            case OperatorInstruction operator -> operate(operator.opcode(), s);
            case IncrementInstruction _ -> { }
            case ArrayLoadInstruction load -> {
                s.pop();
                access(i, s.pop(), false, record);
                s.push(Value.of(load.typeKind()));
            }
            case ArrayStoreInstruction _ -> {
                s.pop();
                s.pop();
                access(i, s.pop(), true, record);
            }
            case NewPrimitiveArrayInstruction _ -> {
                s.pop();
                s.push(new Value(Set.of(-1 - i), false));
            }
            case BranchInstruction branch -> drop(s, branch.opcode() == Opcode.GOTO || branch.opcode() == Opcode.GOTO_W ? 0
                    : branch.opcode().name().startsWith("IF_") ? 2 : 1);
            case LookupSwitchInstruction _ -> s.pop();
            case TableSwitchInstruction _ -> s.pop();
            case InvokeInstruction invoke -> {
                List<Set<Integer>> arguments = arguments(s, invoke.typeSymbol(), invoke.opcode() != Opcode.INVOKESTATIC);
                if (record) {
                    calls.add(new Call(i, invoke, arguments));
                }
            }
            case InvokeDynamicInstruction invoke -> arguments(s, invoke.typeSymbol(), false);
            case FieldInstruction field -> {
                drop(s, field.opcode() == Opcode.GETSTATIC ? 0 : field.opcode() == Opcode.PUTFIELD ? 2 : 1);
                if (field.opcode() == Opcode.GETSTATIC || field.opcode() == Opcode.GETFIELD) {
                    s.push(Value.of(TypeKind.from(field.typeSymbol())));
                }
            }
            case NewObjectInstruction _ -> s.push(Value.NARROW);
            case NewMultiArrayInstruction made -> {
                drop(s, made.dimensions());
                s.push(Value.NARROW);
            }
            case StackInstruction stack -> shuffle(stack.opcode(), s);
            case ReturnInstruction _, ThrowInstruction _ -> s.stack.clear();
            default -> { }
        }
    }

    private void access(int i, Value array, boolean write, boolean record) {
        if (record) {
            array.arrays.forEach(a -> accesses.add(new Access(i, a, write)));
        }
    }

    private static void drop(State s, int count) {
        for (int n = 0; n < count; n++) {
            s.pop();
        }
    }

    private static List<Set<Integer>> arguments(State s, MethodTypeDesc type, boolean receiver) {
        List<Set<Integer>> arguments = new ArrayList<>();
        for (int n = 0; n < type.parameterCount() + (receiver ? 1 : 0); n++) {
            arguments.add(s.pop().arrays);
        }
        Collections.reverse(arguments);
        if (TypeKind.from(type.returnType()) != TypeKind.VOID) {
            s.push(Value.of(TypeKind.from(type.returnType())));
        }
        return arguments;
    }

    private static void operate(Opcode opcode, State s) {
        Value right = s.pop();
        boolean unary = opcode.name().endsWith("NEG") || opcode == Opcode.ARRAYLENGTH;
        Value left = unary ? right : s.pop();
        boolean narrow = opcode == Opcode.ARRAYLENGTH || opcode.name().contains("CMP");
        s.push(narrow || !left.wide ? Value.NARROW : Value.WIDE);
    }

    /** dup and its kin; a wide value counts as two. */
    private static void shuffle(Opcode opcode, State s) {
        Value top = s.pop();
        Value under = opcode == Opcode.POP || opcode == Opcode.DUP || top.wide && (opcode == Opcode.POP2 || opcode == Opcode.DUP2) ? null : s.pop();
        List<Value> result = switch (opcode) {
            case POP, POP2 -> List.of();
            case DUP -> List.of(top, top);
            case DUP2 -> under == null ? List.of(top, top) : List.of(under, top, under, top);
            case SWAP -> List.of(top, under);
            case DUP_X1 -> List.of(top, under, top);
            case DUP_X2 -> under.wide ? List.of(top, under, top) : List.of(top, s.pop(), under, top);
            case DUP2_X1 -> top.wide ? List.of(top, under, top) : List.of(under, top, s.pop(), under, top);
            default -> throw new IllegalArgumentException("no kernel needs " + opcode);
        };
        s.stack.addAll(result);
    }
}
