package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.check.BadKernels.Breaks;
import dev.wuneng.kernels.op.RmsNorm;
import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.VectorForm;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.DebugElementsOption;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every kernel keeps to what TornadoVM computes rightly; and every rule catches what breaks it. */
class KernelRulesTest {
    private static final Class<?> OPERATION = RmsNorm.class;

    @TestFactory
    Stream<DynamicTest> kernelsBreakNone() throws IOException, URISyntaxException {
        return kernels().stream().map(k -> DynamicTest.dynamicTest(k.name(), () -> assertEquals(Map.of(), KernelRules.broken(k))));
    }

    @TestFactory
    Stream<DynamicTest> rulesCatchWhatBreaksThem() {
        return bad().map(method -> DynamicTest.dynamicTest(method.toString().replaceAll("[a-z.]+\\.(?=[A-Z])", ""), () ->
                assertEquals(Set.of(method.getAnnotation(Breaks.class).value()), KernelRules.broken(code(method)).keySet())));
    }

    @Test
    void everyRuleIsBrokenOnce() {
        Set<KernelRule> broken = EnumSet.of(KernelRule.DEBUG_NAMES);
        bad().forEach(method -> broken.addAll(List.of(method.getAnnotation(Breaks.class).value())));
        assertEquals(EnumSet.allOf(KernelRule.class), broken);
    }

    @Test
    void namesAreMissedWhereJavacLeftThemOut() {
        ClassModel compiled = KernelCode.read(OPERATION.getName().replace('.', '/'));
        byte[] without = ClassFile.of(DebugElementsOption.DROP_DEBUG).transformClass(compiled, ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL));
        ClassModel bare = ClassFile.of().parse(without);
        String name = KernelRules.kernels(compiled).getFirst().name();
        KernelCode kernel = new KernelCode(bare, bare.methods().stream().filter(m -> m.methodName().equalsString(name)).findFirst().orElseThrow());
        assertTrue(KernelRules.broken(kernel).containsKey(KernelRule.DEBUG_NAMES));
    }

    @Test
    void everyKernelHasACase() throws IOException, URISyntaxException {
        Set<String> launched = OpCases.all().stream().flatMap(OpCase::launches)
                .flatMap(launch -> Stream.of(Optional.of(launch.kernel()), Optional.ofNullable(launch.groupForm()).map(GroupForm::kernel),
                        Optional.ofNullable(launch.vectorForm()).map(VectorForm::kernel)).flatMap(Optional::stream))
                .map(kernel -> KernelCode.of(kernel).name()).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(kernels().stream().map(KernelCode::name).collect(Collectors.toCollection(TreeSet::new)), launched);
    }

    private static Collection<KernelCode> kernels() throws IOException, URISyntaxException {
        Path root = Path.of(OPERATION.getProtectionDomain().getCodeSource().getLocation().toURI());
        String folder = OPERATION.getPackageName().replace('.', '/');
        try (Stream<Path> files = Files.list(root.resolve(folder))) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".class")).sorted()
                    .flatMap(f -> KernelRules.kernels(KernelCode.read(folder + "/" + f.substring(0, f.length() - 6))).stream())
                    .collect(Collectors.toMap(KernelCode::name, k -> k, (k, same) -> k, TreeMap::new)).values();
        }
    }

    private static Stream<Method> bad() {
        return Stream.of(BadKernels.class, BadLoops.class, BadSignatures.class).flatMap(c -> Arrays.stream(c.getDeclaredMethods()))
                .filter(m -> m.isAnnotationPresent(Breaks.class));
    }

    private static KernelCode code(Method method) {
        String owner = method.getDeclaringClass().getName().replace('.', '/');
        return KernelCode.find(owner, method.getName(), MethodType.methodType(method.getReturnType(), method.getParameterTypes())
                .descriptorString()).orElseThrow();
    }
}
