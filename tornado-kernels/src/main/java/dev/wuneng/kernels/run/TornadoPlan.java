package dev.wuneng.kernels.run;

import java.io.Serializable;
import java.nio.BufferOverflowException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task1;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Programs that share buffers, as one TornadoVM execution plan. A task graph has device buffers of its own unless it takes them from the
 * graph executed just before it, so one graph, the first, allocates and fills all buffers, and every other graph takes all of them and
 * thereby hands them on, whether it uses them or not. A graph for each buffer copies it in again when the host has changed it. What moves
 * with the index of a run is in a program's offset tables, which are copied in every time.
 */
final class TornadoPlan implements AutoCloseable {
    /** Tasks that one graph of TornadoVM holds, and nodes that represent it. */
    private static final int TASKS = 256;
    private static final int NODES = 1024;
    private static final int FILL = 0;

    private final TornadoDevice device;
    private final DeviceInfo info;
    private final WorkSizes sizes;
    private final Profile profile;
    private final List<Program> programs;
    /** The arrays of all buffers, and {@link #tick}. */
    private final Object[] arrays;
    private final IntArray tick = new IntArray(1);
    private final List<ImmutableTaskGraph> graphs = new ArrayList<>();
    private final Map<Program, List<Integer>> graphsOf = new HashMap<>();
    private final Map<Buffer, Integer> uploadOf = new HashMap<>();
    /** The launches of each program's graphs, by "graph.task". */
    private final Map<Integer, Map<String, Launch>> tasksOf = new HashMap<>();
    private final GridScheduler grid = new GridScheduler();
    private final TornadoExecutionPlan plan;
    /** Graphs that were begun, whose buffers must be freed, and graphs that ran to the end once. */
    private final Set<Integer> begun = new HashSet<>();
    private final Set<Integer> proven = new HashSet<>();
    private TornadoExecutionResult last;

    TornadoPlan(TornadoDevice device, DeviceInfo info, WorkSizes sizes, Profile profile, List<Program> programs) {
        this.device = device;
        this.info = info;
        this.sizes = sizes;
        this.profile = profile;
        this.programs = List.copyOf(programs);
        Set<Buffer> buffers = new LinkedHashSet<>();
        programs.forEach(p -> buffers.addAll(p.buffers()));
        DeviceMemory.check(buffers, info);
        List<Object> all = new ArrayList<>();
        buffers.forEach(b -> all.add(b.array()));
        all.add(tick);
        arrays = all.toArray();
        checkDistinct(programs);
        graphs.add(fillGraph());
        programs.forEach(this::addGraphs);
        for (Buffer buffer : buffers) {
            uploadOf.put(buffer, graphs.size());
            graphs.add(uploadGraph(buffer));
        }
        plan = new TornadoExecutionPlan(graphs.toArray(ImmutableTaskGraph[]::new));
        plan.withDevice(device);
        plan.withGridScheduler(grid);
    }

    /** TornadoVM knows arrays by their hash codes alone; two that happen to share one would silently be taken for one another. */
    private void checkDistinct(List<Program> programs) {
        Set<Integer> codes = new HashSet<>();
        Stream<Object> all = Stream.concat(Stream.of(arrays), programs.stream().distinct().flatMap(p -> p.tables().stream()));
        if (!all.allMatch(array -> codes.add(array.hashCode()))) {
            throw new KernelException("two buffers have the same hash code, which TornadoVM cannot tell apart: start again");
        }
    }

    List<Program> programs() {
        return programs;
    }

    boolean has(Program program) {
        return graphsOf.containsKey(program);
    }

    boolean has(Buffer buffer) {
        return uploadOf.containsKey(buffer);
    }

    private ImmutableTaskGraph fillGraph() {
        TaskGraph graph = new TaskGraph("fill").transferToDevice(DataTransferMode.EVERY_EXECUTION, arrays);
        addTick(graph);
        return graph.persistOnDevice(arrays).snapshot();
    }

    private ImmutableTaskGraph uploadGraph(Buffer buffer) {
        TaskGraph graph = new TaskGraph("upload" + graphs.size()).consumeFromDevice(arrays);
        // Nothing in this graph uses the buffer: only so is one that is taken from the device copied in all the same.
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, buffer.array());
        addTick(graph);
        return graph.snapshot();
    }

    private void addTick(TaskGraph graph) {
        graph.task("tick", (Task1<IntArray> & Serializable) TornadoPlan::wunengTick, tick);
        addWorker(graph.getTaskGraphName() + ".tick", sizes.global(1), sizes.local(1));
    }

    /** A graph must have a task, even where all it is wanted for is its transfers. */
    static void wunengTick(IntArray count) {
        for (@Parallel int i = 0; i < 1; i++) {
            count.set(i, count.get(i) + 1);
        }
    }

    private void addGraphs(Program program) {
        List<Integer> launches = new ArrayList<>();
        for (int i = 0; i < program.launches().size(); i++) {
            if (program.launches().get(i).items() > 0) {
                launches.add(i);
            }
        }
        graphsOf.put(program, new ArrayList<>());
        addGraphs(program, launches);
    }

    /** Adds launches as one graph, or as several where TornadoVM's fixed sizes do not hold them. */
    private void addGraphs(Program program, List<Integer> launches) {
        if (launches.isEmpty()) {
            return;
        }
        if (launches.size() <= TASKS && nodes(program, launches) <= NODES) {
            try {
                ImmutableTaskGraph graph = programGraph(program, launches);
                graphsOf.get(program).add(graphs.size());
                graphs.add(graph);
                return;
            } catch (BufferOverflowException tooLong) {
                // The halves may fit.
            }
        }
        if (launches.size() == 1) {
            throw new KernelException("kernel " + program.launches().get(launches.getFirst()).name() + " has more buffers around it than a task graph holds");
        }
        addGraphs(program, launches.subList(0, launches.size() / 2));
        addGraphs(program, launches.subList(launches.size() / 2, launches.size()));
    }

    /** At most so many nodes represent launches in TornadoVM: every buffer, and for each launch itself, its own numbers and what it writes. */
    private int nodes(Program program, List<Integer> launches) {
        return 3 * arrays.length + launches.stream().mapToInt(i -> 4 + program.launches().get(i).views().size()).sum();
    }

    private ImmutableTaskGraph programGraph(Program program, List<Integer> launches) {
        String name = "program" + graphs.size();
        TaskGraph graph = new TaskGraph(name).consumeFromDevice(arrays);
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, launches.stream().map(program::at).distinct().toArray());
        Map<String, Launch> tasks = new LinkedHashMap<>();
        for (int i : launches) {
            Launch launch = program.launches().get(i);
            String id = addTask(graph, program, i);
            tasks.put(id, launch);
            addWorker(id, sizes.global(launch), sizes.local(launch));
        }
        tasksOf.put(graphs.size(), tasks);
        return graph.snapshot();
    }

    private String addTask(TaskGraph graph, Program program, int i) {
        Launch launch = program.launches().get(i);
        String task = "t" + i + "_" + launch.name().replaceAll("[^A-Za-z0-9]", "_");
        try {
            if (sizes.takes(launch.groupForm())) {
                launch.groupForm().kernel().addTo(graph, task, launch.arguments(new KernelContext(), program.at(i), program.offsetsOf(i)));
            } else if (sizes.takes(launch.vectorForm())) {
                VectorForm form = launch.vectorForm();
                form.kernel().addTo(graph, task, launch.arguments(0, form.items(), program.at(i), program.offsetsOf(i)));
            } else {
                launch.kernel().addTo(graph, task, launch.arguments(0, launch.items(), program.at(i), program.offsetsOf(i)));
            }
        } catch (BufferOverflowException e) {
            throw e;
        } catch (Throwable t) {
            throw cannotRun(launch, program, t);
        }
        return graph.getTaskGraphName() + "." + task;
    }

    private void addWorker(String task, int global, int local) {
        WorkerGrid1D worker = new WorkerGrid1D(global);
        worker.setLocalWork(local, 1, 1);
        grid.addWorkerGrid(task, worker);
    }

    void run(Program program) {
        for (int graph : graphsOf.get(program)) {
            try {
                execute(graph);
            } catch (KernelException e) {
                throw e;
            } catch (Throwable t) {
                throw named(program, tasksOf.get(graph), t);
            }
        }
    }

    /** Copies in what the host has changed; before the first execution nothing needs to be, since all buffers are then filled. */
    void upload(Buffer buffer) {
        if (proven.contains(FILL)) {
            try {
                execute(uploadOf.get(buffer));
            } catch (Throwable t) {
                throw new KernelException("buffer " + buffer.name() + " cannot be copied to " + info + ": " + Failures.reason(t), t);
            }
        }
    }

    void download(Buffer buffer) {
        if (proven.contains(FILL)) {
            try {
                last.transferToHost(buffer.array());
            } catch (Throwable t) {
                throw new KernelException("buffer " + buffer.name() + " cannot be copied from " + info + ": " + Failures.reason(t), t);
            }
        }
    }

    private void execute(int graph) {
        if (graph != FILL && !proven.contains(FILL)) {
            execute(FILL);
        }
        begun.add(graph);
        boolean first = !proven.contains(graph);
        if (first || profile.everyRun()) {
            plan.withProfiler(ProfilerMode.SILENT);
            last = plan.withGraph(graph).execute();
            plan.withoutProfiler();
            profile.add(last.getProfilerResult(), tasksOf.getOrDefault(graph, Map.of()), first);
        } else {
            last = plan.withGraph(graph).execute();
        }
        if (first) {
            checkLaunched(tasksOf.getOrDefault(graph, Map.of()), last.getProfilerResult().getProfileLog());
            proven.add(graph);
        }
    }

    /**
     * A launch that the driver rejects is only printed by TornadoVM, and the kernel skipped; but then the profiler knows no time of the
     * kernel. Sizes and arguments stay the same, so a launch that was accepted once is accepted again.
     */
    private void checkLaunched(Map<String, Launch> tasks, String log) {
        tasks.forEach((task, launch) -> {
            if (Profile.kernelNanos(task, log) <= 0) {
                throw new KernelException("kernel " + launch.name() + " did not run on " + info + ": the driver rejected a launch of "
                        + sizes.global(launch) + " work-items in groups of " + sizes.local(launch));
            }
        });
    }

    /** Finds the kernel behind a failure: TornadoVM mostly names the task, and otherwise each kernel is compiled alone. */
    private KernelException named(Program program, Map<String, Launch> tasks, Throwable failure) {
        String text = String.valueOf(failure.getMessage());
        for (Map.Entry<String, Launch> task : tasks.entrySet()) {
            if (text.contains(task.getKey() + " ")) {
                return cannotRun(task.getValue(), program, failure);
            }
        }
        for (int i = 0; i < program.launches().size(); i++) {
            if (program.launches().get(i).items() > 0 && tasks.containsValue(program.launches().get(i))) {
                TaskGraph graph = new TaskGraph("alone").transferToDevice(DataTransferMode.EVERY_EXECUTION, program.at(i));
                addTask(graph, program, i);
                TornadoExecutionPlan alone = new TornadoExecutionPlan(graph.snapshot());
                try {
                    alone.withDevice(device);
                    alone.withPreCompilation();
                } catch (Throwable t) {
                    return cannotRun(program.launches().get(i), program, t);
                }
            }
        }
        return new KernelException("program " + program.name() + " failed on " + info + ": " + Failures.reason(failure), failure);
    }

    private KernelException cannotRun(Launch launch, Program program, Throwable t) {
        return new KernelException("kernel " + launch.name() + " of program " + program.name() + " cannot run on " + info + ": "
                + Failures.reason(t), t);
    }

    @Override
    public void close() {
        // Graphs of programs own their offset tables and the first graph owns all buffers; upload graphs would free a buffer once more.
        for (int graph : begun) {
            if (graph == FILL || tasksOf.containsKey(graph)) {
                plan.withGraph(graph).freeDeviceMemory();
            }
        }
        begun.clear();
    }
}
