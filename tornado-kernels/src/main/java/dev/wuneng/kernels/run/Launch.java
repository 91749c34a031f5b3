package dev.wuneng.kernels.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** One kernel over its views and scalars: what a layer says once and every executor runs. */
public final class Launch {
    private final String name;
    private final Kernel kernel;
    private final int items;
    private final List<View> views = new ArrayList<>();
    private final List<Object> scalars = new ArrayList<>();
    private Supplier<HostForm> hostForm;
    private HostForm builtHostForm;
    private GroupForm groupForm;
    private VectorForm vectorForm;
    private List<Launch> together = List.of(this);

    /**
     * Use the {@code of} that fits the kernel's arity.
     *
     * @param arguments what the kernel takes after {@code (from, to, at, p)}: views first, then Integer and Float scalars
     */
    private Launch(String name, Kernel kernel, int arity, int items, Object[] arguments) {
        if (arguments.length != arity - 4) {
            throw new IllegalArgumentException(name + " takes " + (arity - 4) + " views and scalars, not " + arguments.length);
        }
        this.name = name;
        this.kernel = kernel;
        this.items = items;
        for (Object argument : arguments) {
            if (argument instanceof View view && scalars.isEmpty()) {
                views.add(view);
            } else if (argument instanceof Integer || argument instanceof Float) {
                scalars.add(argument);
            } else {
                throw new IllegalArgumentException(name + " takes views, then Integer and Float scalars, not " + argument);
            }
        }
    }

    public static <E> Launch of(String name, Kernel.K5<Integer, Integer, IntArray, Integer, E> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 5, items, arguments);
    }

    public static <E, F> Launch of(String name, Kernel.K6<Integer, Integer, IntArray, Integer, E, F> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 6, items, arguments);
    }

    public static <E, F, G> Launch of(String name, Kernel.K7<Integer, Integer, IntArray, Integer, E, F, G> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 7, items, arguments);
    }

    public static <E, F, G, H> Launch of(String name, Kernel.K8<Integer, Integer, IntArray, Integer, E, F, G, H> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 8, items, arguments);
    }

    public static <E, F, G, H, I> Launch of(String name, Kernel.K9<Integer, Integer, IntArray, Integer, E, F, G, H, I> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 9, items, arguments);
    }

    public static <E, F, G, H, I, J> Launch of(String name, Kernel.K10<Integer, Integer, IntArray, Integer, E, F, G, H, I, J> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 10, items, arguments);
    }

    public static <E, F, G, H, I, J, K> Launch of(String name, Kernel.K11<Integer, Integer, IntArray, Integer, E, F, G, H, I, J, K> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 11, items, arguments);
    }

    public static <E, F, G, H, I, J, K, L> Launch of(String name, Kernel.K12<Integer, Integer, IntArray, Integer, E, F, G, H, I, J, K, L> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 12, items, arguments);
    }

    public static <E, F, G, H, I, J, K, L, M> Launch of(String name, Kernel.K13<Integer, Integer, IntArray, Integer, E, F, G, H, I, J, K, L, M> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 13, items, arguments);
    }

    public static <E, F, G, H, I, J, K, L, M, N> Launch of(String name, Kernel.K14<Integer, Integer, IntArray, Integer, E, F, G, H, I, J, K, L, M, N> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 14, items, arguments);
    }

    public static <E, F, G, H, I, J, K, L, M, N, O> Launch of(String name, Kernel.K15<Integer, Integer, IntArray, Integer, E, F, G, H, I, J, K, L, M, N, O> kernel, int items, Object... arguments) {
        return new Launch(name, kernel, 15, items, arguments);
    }

    /**
     * Gives the JVM executor a form of its own. Whoever runs the plain kernel never asks for it, so it may name classes that need the Vector
     * API, which not every JVM has.
     */
    public Launch onHost(Supplier<HostForm> form) {
        this.hostForm = form;
        return this;
    }

    /** Gives accelerators a form of their own, where there is one at the launch's sizes. */
    public Launch inGroups(Optional<GroupForm> form) {
        this.groupForm = form.orElse(null);
        return this;
    }

    /** Gives accelerators a form of their own. */
    public Launch inGroups(GroupForm form) {
        return inGroups(Optional.of(form));
    }

    /** Gives TornadoVM's CPUs a form of their own, where there is one at the launch's sizes. */
    public Launch inVectors(Optional<VectorForm> form) {
        this.vectorForm = form.orElse(null);
        return this;
    }

    /**
     * Gives the JVM executor one form for launches that always follow each other, where it saves passes over memory. The form's views are theirs,
     * launch by launch.
     */
    public static List<Launch> together(List<Launch> launches, Supplier<HostForm> form) {
        launches.getFirst().onHost(form).together = launches;
        return launches;
    }

    /** The form of this launch alone, whatever form it is given later. */
    Supplier<HostForm> formAlone() {
        return hostForm;
    }

    public String name() {
        return name;
    }

    public Kernel kernel() {
        return kernel;
    }

    /** The number of items of the kernel's parallel loop. */
    public int items() {
        return items;
    }

    public List<View> views() {
        return views;
    }

    /** What the kernel takes after its views, Integer and Float. */
    public List<Object> scalars() {
        return scalars;
    }

    /** The form for the JVM, null where there is none. */
    HostForm hostForm() {
        if (hostForm != null) {
            builtHostForm = hostForm.get();
            hostForm = null;
        }
        return builtHostForm;
    }

    /** The form for accelerators, null where there is none. */
    public GroupForm groupForm() {
        return groupForm;
    }

    /** The form for TornadoVM's CPUs, null where there is none. */
    public VectorForm vectorForm() {
        return vectorForm;
    }

    /** The launches whose place the form takes: this one, and maybe some that follow it. */
    public List<Launch> together() {
        return together;
    }

    /** What the kernel is called with for a part of its items, given where its offsets stand in a table. */
    Object[] arguments(int from, int to, IntArray at, int p) {
        return arguments(List.of(from, to, at, p), List.of());
    }

    /** What the form for accelerators is called with. */
    Object[] arguments(KernelContext context, IntArray at, int p) {
        return arguments(List.of(context, at, p), groupForm.scalars());
    }

    private Object[] arguments(List<Object> leading, List<Object> trailing) {
        List<Object> arguments = new ArrayList<>(leading);
        views.forEach(view -> arguments.add(view.buffer().array()));
        arguments.addAll(scalars);
        arguments.addAll(trailing);
        return arguments.toArray();
    }
}
