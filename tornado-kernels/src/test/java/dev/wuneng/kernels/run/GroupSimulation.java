package dev.wuneng.kernels.run;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import uk.ac.manchester.tornado.api.KernelContext;

/** The forms for work-groups, an item a thread, one at a time in any order between barriers. Local memory is NaN before it is written. */
public final class GroupSimulation extends Simulation {
    private final String rushed;
    private final Random random = new Random(1);
    private int launches;

    public GroupSimulation() {
        this("");
    }

    /** @param rushed the launch whose items run one after another, as if it had no barriers */
    public GroupSimulation(String rushed) {
        this.rushed = rushed;
    }

    /** How many launches ran in groups. */
    public int launches() {
        return launches;
    }

    @Override
    boolean hasForm(Launch launch) {
        return launch.groupForm() != null;
    }

    @Override
    void runForm(Launch launch, Program program, int i) {
        launches++;
        for (int group = 0; group < launch.groupForm().groups(); group++) {
            run(launch, program, i, group);
        }
    }

    private void run(Launch launch, Program program, int i, int group) {
        GroupForm form = launch.groupForm();
        boolean barriers = !launch.name().equals(rushed);
        GroupTurns turns = new GroupTurns(form.items(), random);
        List<float[]> memory = new ArrayList<>();
        // A thread for each item where they wait for each other.
        try (ExecutorService threads = barriers ? Executors.newVirtualThreadPerTaskExecutor() : Executors.newSingleThreadExecutor()) {
            List<Future<?>> items = new ArrayList<>();
            for (int item = 0; item < form.items(); item++) {
                int n = item;
                KernelContext context = new Item(group, n, memory, barriers ? turns : null);
                Runnable part = () -> form.kernel().call(launch.arguments(context, program.at(i), program.offsetsOf(i)));
                items.add(threads.submit(barriers ? () -> turns.run(n, part) : part));
            }
            for (Future<?> item : items) {
                item.get();
            }
        } catch (Exception e) {
            throw new IllegalStateException(launch.name(), e);
        }
        long floats = memory.stream().mapToLong(array -> array.length).sum();
        if (4 * floats != form.localBytes()) {
            throw new IllegalStateException(launch.name() + " takes " + 4 * floats + " bytes of local memory, and says " + form.localBytes());
        }
    }

    private final class Item extends KernelContext {
        private final List<float[]> memory;
        private final int item;
        /** Null where nobody waits. */
        private final GroupTurns turns;
        private int allocated;

        Item(int group, int item, List<float[]> memory, GroupTurns turns) throws ReflectiveOperationException {
            this.memory = memory;
            this.item = item;
            this.turns = turns;
            set("groupIdx", group);
            set("localIdx", item);
        }

        private void set(String field, int value) throws ReflectiveOperationException {
            Field found = KernelContext.class.getField(field);
            found.setAccessible(true);
            found.set(this, value);
        }

        @Override
        public float[] allocateFloatLocalArray(int size) {
            synchronized (memory) {
                if (allocated == memory.size()) {
                    float[] array = new float[size];
                    Arrays.fill(array, Float.NaN);
                    memory.add(array);
                }
                return memory.get(allocated++);
            }
        }

        @Override
        public void localBarrier() {
            if (turns != null) {
                turns.barrier(item);
            }
        }
    }

    @Override
    public String device() {
        return "work-groups simulated on the JVM";
    }
}
