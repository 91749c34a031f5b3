package dev.wuneng.kernels.check;

import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The loops of a method, as javac lays them out: from the target of a jump back to the last such jump. */
final class LoopRules {
    private record Loop(int first, int last) {
        boolean holds(int instruction) {
            return instruction >= first && instruction <= last;
        }

        boolean holds(Loop other) {
            return this != other && holds(other.first) && holds(other.last);
        }
    }

    private final KernelFlow flow;
    private final List<Loop> loops = new ArrayList<>();

    LoopRules(KernelFlow flow) {
        this.flow = flow;
        Map<Integer, Integer> ends = new TreeMap<>();
        for (int i = 0; i < flow.instructions.size(); i++) {
            if (flow.instructions.get(i) instanceof BranchInstruction branch && flow.at(branch.target()) <= i) {
                ends.merge(flow.at(branch.target()), i, Math::max);
            }
        }
        ends.forEach((first, last) -> loops.add(new Loop(first, last)));
    }

    boolean returnsWithin() {
        for (Loop loop : loops) {
            for (int i = loop.first; i <= loop.last; i++) {
                if (flow.instructions.get(i) instanceof ReturnInstruction) {
                    return true;
                }
            }
        }
        return false;
    }

    boolean breaksBadly() {
        return loops.stream().anyMatch(loop -> breaks(loop) > 1 || exits(loop).size() > 1
                || breaks(loop) == 1 && loops.stream().anyMatch(inner -> loop.holds(inner) && breaks(inner) > 0));
    }

    /** Unconditional jumps out of a loop; the loop's own condition jumps on a condition. */
    private int breaks(Loop loop) {
        int breaks = 0;
        for (int i = loop.first; i <= loop.last; i++) {
            if (jumps(flow.instructions.get(i)) && !loop.holds(flow.next(i).getFirst())) {
                breaks++;
            }
        }
        return breaks;
    }

    /** The places where a loop may go on to; more than one means that something leaves an outer loop too. */
    private Set<Integer> exits(Loop loop) {
        Set<Integer> exits = new TreeSet<>();
        for (int i = loop.first; i <= loop.last; i++) {
            for (int next : flow.next(i)) {
                if (!loop.holds(next)) {
                    exits.add(landing(next));
                }
            }
        }
        return exits;
    }

    private int landing(int instruction) {
        int landing = instruction;
        while (landing < flow.instructions.size() && jumps(flow.instructions.get(landing)) && flow.next(landing).getFirst() > landing) {
            landing = flow.next(landing).getFirst();
        }
        return landing;
    }

    private static boolean jumps(Instruction instruction) {
        return instruction.opcode() == Opcode.GOTO || instruction.opcode() == Opcode.GOTO_W;
    }
}
