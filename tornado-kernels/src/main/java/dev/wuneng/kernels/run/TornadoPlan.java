package dev.wuneng.kernels.run;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
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
 * with the index of a run is a program's offset table, which is copied in every time.
 */
final class TornadoPlan implements AutoCloseable {
    /** Tasks that one graph of TornadoVM holds. */
    private static final int TASKS = 256;
    private static final int FILL = 0;

    private final DeviceInfo info;
    private final List<Program> programs;
    private final List<Buffer> buffers;
    private final Object[] arrays;
    private final IntArray tick = new IntArray(1);
    private final List<ImmutableTaskGraph> graphs = new ArrayList<>();
    private final Map<Program, List<Integer>> graphsOf = new HashMap<>();
    private final Map<Buffer, Integer> uploadOf = new HashMap<>();
    /** The launches of each graph, by "graph.task". */
    private final Map<Integer, Map<String, Launch>> tasksOf = new HashMap<>();
    private final GridScheduler grid = new GridScheduler();
    private final Set<Integer> executed = new LinkedHashSet<>();
    private final TornadoExecutionPlan plan;
    private TornadoExecutionResult last;

    TornadoPlan(TornadoDevice device, DeviceInfo info, List<Program> programs) {
        this.info = info;
        this.programs = List.copyOf(programs);
        Set<Buffer> all = new LinkedHashSet<>();
        programs.forEach(p -> all.addAll(p.buffers()));
        buffers = List.copyOf(all);
        arrays = new Object[buffers.size() + 1];
        for (int i = 0; i < buffers.size(); i++) {
            arrays[i] = buffers.get(i).array();
        }
        arrays[buffers.size()] = tick;
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
        tick(graph);
        return graph.persistOnDevice(arrays).snapshot();
    }

    private void tick(TaskGraph graph) {
        graph.task("tick", (Task1<IntArray> & Serializable) TornadoPlan::wunengTick, tick);
        size(graph.getTaskGraphName() + ".tick", 1);
    }

    /** A graph must have a task, even where all it is wanted for is its transfers. */
    static void wunengTick(IntArray count) {
        for (@Parallel int i = 0; i < 1; i++) {
            count.set(i, count.get(i) + 1);
        }
    }

    private ImmutableTaskGraph uploadGraph(Buffer buffer) {
        TaskGraph graph = new TaskGraph("upload" + graphs.size()).consumeFromDevice(arrays);
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, buffer.array());
        tick(graph);
        return graph.snapshot();
    }

    private void addGraphs(Program program) {
        List<Integer> indices = new ArrayList<>();
        for (int from = 0; from < program.launches().size(); from += TASKS) {
            indices.add(graphs.size());
            graphs.add(programGraph(program, from, Math.min(program.launches().size(), from + TASKS)));
        }
        graphsOf.put(program, indices);
    }

    private ImmutableTaskGraph programGraph(Program program, int from, int to) {
        String name = "program" + graphs.size();
        TaskGraph graph = new TaskGraph(name).consumeFromDevice(arrays);
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, program.at());
        for (int i = from; i < to; i++) {
            Launch launch = program.launches().get(i);
            if (launch.items() == 0) {
                continue;
            }
            String task = "t" + i + "_" + launch.name().replaceAll("[^A-Za-z0-9]", "_");
            try {
                launch.kernel().addTo(graph, task, launch.arguments(0, launch.items(), program.at(), program.offsetsOf(i)));
            } catch (Throwable t) {
                throw failed(launch, program, t);
            }
            tasksOf.computeIfAbsent(graphs.size(), g -> new LinkedHashMap<>()).put(name + "." + task, launch);
            size(name + "." + task, launch.items());
        }
        return graph.snapshot();
    }

    /** The loop of a kernel strides over its items, so the number of work-items may be rounded up to whole work-groups. */
    private void size(String task, int items) {
        int local = WorkSizes.local(info, items);
        WorkerGrid1D worker = new WorkerGrid1D((items + local - 1) / local * local);
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
                throw new KernelException("program " + program.name() + " failed on " + info + ": " + Failures.reason(t), t);
            }
        }
    }

    void upload(Buffer buffer) {
        // What is there before the first run is copied with all the rest.
        if (!executed.isEmpty()) {
            execute(uploadOf.get(buffer));
        }
    }

    void download(Buffer buffer) {
        last.transferToHost(buffer.array());
    }

    private void execute(int graph) {
        if (executed.isEmpty() && graph != FILL) {
            execute(FILL);
        }
        if (executed.add(graph)) {
            executeWatched(graph);
        } else {
            last = plan.withGraph(graph).execute();
        }
    }

    /**
     * Executes a graph for the first time. A launch that the driver rejects is only printed by TornadoVM, and the kernel skipped; but then
     * the profiler knows no time of the kernel. Sizes and arguments stay the same, so a launch that was accepted once is accepted again.
     */
    private void executeWatched(int graph) {
        plan.withProfiler(ProfilerMode.SILENT);
        last = plan.withGraph(graph).execute();
        String log = last.getProfilerResult().getProfileLog();
        plan.withoutProfiler();
        tasksOf.getOrDefault(graph, Map.of()).forEach((task, launch) -> {
            if (!ran(task, log)) {
                throw new KernelException("kernel " + launch.name() + " did not run on " + info + ": the driver rejected the launch of "
                        + launch.items() + " items in groups of " + WorkSizes.local(info, launch.items()));
            }
        });
    }

    private static boolean ran(String task, String log) {
        Matcher time = Pattern.compile("\"" + Pattern.quote(task) + "\"\\s*:[^}]*\"TASK_KERNEL_TIME\"\\s*:\\s*\"(\\d+)\"").matcher(log);
        return time.find() && Long.parseLong(time.group(1)) > 0;
    }

    private KernelException failed(Launch launch, Program program, Throwable t) {
        return new KernelException("kernel " + launch.name() + " of program " + program.name() + " cannot run on " + info + ": "
                + Failures.reason(t), t);
    }

    @Override
    public void close() {
        // Other graphs hold the same buffers; freeing them there too would free them twice.
        if (executed.contains(FILL)) {
            plan.withGraph(FILL).freeDeviceMemory();
        }
    }
}
