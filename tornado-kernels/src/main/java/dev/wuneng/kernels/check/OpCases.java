package dev.wuneng.kernels.check;

import java.util.ArrayList;
import java.util.List;

/** Every case of every operation, over the shapes that bite. */
public final class OpCases {
    private OpCases() {
    }

    public static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        cases.addAll(NormCases.all());
        cases.addAll(ShiftCases.all());
        cases.addAll(StateCases.all());
        cases.addAll(ScanCases.all());
        cases.addAll(HeadCases.all());
        cases.addAll(LinearCases.all());
        cases.addAll(AttentionCases.all());
        cases.addAll(ElementwiseCases.all());
        cases.addAll(LossCases.all());
        cases.addAll(AlignCases.all());
        cases.addAll(OptimizerCases.all());
        return cases;
    }
}
