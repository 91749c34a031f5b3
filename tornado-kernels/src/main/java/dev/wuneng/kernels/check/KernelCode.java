package dev.wuneng.kernels.check;

import dev.wuneng.kernels.check.KernelFlow.Access;
import dev.wuneng.kernels.check.KernelFlow.Call;
import dev.wuneng.kernels.run.Kernel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.invoke.SerializedLambda;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/** A kernel or a helper as its class file has it, and what it does to the arrays that it is given. */
final class KernelCode {
    private static final String ARRAYS = "uk/ac/manchester/tornado/api/types/arrays/";
    private static final Map<String, ClassModel> CLASSES = new ConcurrentHashMap<>();

    final ClassModel owner;
    final MethodModel method;
    final KernelFlow flow;

    KernelCode(ClassModel owner, MethodModel method) {
        this.owner = owner;
        this.method = method;
        this.flow = new KernelFlow(method);
    }

    /** The method that a launch runs. */
    static KernelCode of(Kernel kernel) {
        try {
            var replace = kernel.getClass().getDeclaredMethod("writeReplace");
            replace.setAccessible(true);
            SerializedLambda lambda = (SerializedLambda) replace.invoke(kernel);
            return find(lambda.getImplClass(), lambda.getImplMethodName(), lambda.getImplMethodSignature()).orElseThrow();
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("not a method reference: " + kernel, e);
        }
    }

    static Optional<KernelCode> find(String owner, String name, String descriptor) {
        ClassModel model = CLASSES.computeIfAbsent(owner, KernelCode::read);
        return model.methods().stream().filter(m -> m.methodName().equalsString(name) && m.methodType().equalsString(descriptor))
                .map(m -> new KernelCode(model, m)).findFirst();
    }

    static ClassModel read(String owner) {
        try (InputStream in = KernelCode.class.getResourceAsStream("/" + owner + ".class")) {
            return ClassFile.of().parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String name() {
        return method.methodName().stringValue();
    }

    String ownerName() {
        return owner.thisClass().asInternalName();
    }

    /** The parameters whose elements are written, here or in a helper. */
    Set<Integer> written() {
        Set<Integer> written = new TreeSet<>();
        for (Access access : accesses()) {
            if (access.write() && access.array() >= 0) {
                written.add(access.array());
            }
        }
        return written;
    }

    /** Every access to an array in the order of the code, those of helpers at their call. */
    List<Access> accesses() {
        List<Access> all = new ArrayList<>(flow.accesses);
        for (Call call : flow.calls) {
            String owner = call.invoked().owner().asInternalName();
            String name = call.invoked().name().stringValue();
            if (owner.startsWith(ARRAYS)) {
                call.arguments().getFirst().forEach(array -> all.add(new Access(call.instruction(), array, name.equals("set"))));
            } else if (owner.startsWith(ownerName().substring(0, ownerName().lastIndexOf('/') + 1))) {
                find(owner, name, call.invoked().type().stringValue()).ifPresent(helper -> {
                    for (Access access : helper.accesses()) {
                        if (access.array() >= 0) {
                            call.arguments().get(access.array()).forEach(array -> all.add(new Access(call.instruction(), array, access.write())));
                        }
                    }
                });
            }
        }
        all.sort(Comparator.comparingInt(Access::instruction));
        return all;
    }
}
