package dev.wuneng.training.run;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.wuneng.data.pack.Position;
import dev.wuneng.data.pack.TrainingRows;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.checkpoint.Safetensors;
import dev.wuneng.model.checkpoint.SafetensorsWriter;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.training.Optimizer;
import dev.wuneng.training.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a run needs beside the model to go on as if it had never stopped: moments, steps taken and the place in the data. */
final class TrainingState {
    private static final Gson GSON = new Gson();
    private static final String MOMENTS = "optimizer.safetensors";
    private static final String PROGRESS = "progress.json";

    private record Progress(long step, Position position) {
    }

    private TrainingState() {
    }

    static void save(Path folder, Optimizer optimizer, TrainingRows rows, Executor executor) {
        SafetensorsWriter writer = new SafetensorsWriter();
        List<Buffer> moments = optimizer.moments();
        for (int i = 0; i < moments.size(); i++) {
            executor.download(moments.get(i));
            writer.add(name(moments, i), new int[] {moments.get(i).size()}, moments.get(i).floats().getSegment());
        }
        try {
            writer.write(folder.resolve(MOMENTS));
            Files.writeString(folder.resolve(PROGRESS), GSON.toJson(new Progress(optimizer.step(), rows.position())));
        } catch (IOException e) {
            throw new TrainingException("the checkpoint " + folder + " cannot be written (" + e.getMessage() + "): check the folder and the free space", e);
        }
    }

    static void restore(Path folder, Optimizer optimizer, TrainingRows rows, Executor executor) {
        List<Buffer> moments = optimizer.moments();
        try (Safetensors file = Safetensors.open(folder.resolve(MOMENTS))) {
            for (int i = 0; i < moments.size(); i++) {
                Buffer moment = moments.get(i);
                Tensor tensor = file.get(name(moments, i));
                if (tensor.size() != moment.size()) {
                    throw new TrainingException(file.file() + " holds " + tensor.size() + " moments where " + moment.size()
                            + " belong: go on with the trainable patterns that the run began with");
                }
                tensor.copyTo(moment.floats().getSegment());
                executor.upload(moment);
            }
        }
        Path file = folder.resolve(PROGRESS);
        try {
            Progress progress = GSON.fromJson(Files.readString(file), Progress.class);
            optimizer.resumeAt(progress.step);
            rows.seek(progress.position);
        } catch (IOException | JsonParseException | NullPointerException e) {
            throw new TrainingException(file + " cannot be read: remove the checkpoint's folder to go on from the start", e);
        }
    }

    /** A moment's name; the buffers of very large models share theirs, so the place in the list is part of it. */
    private static String name(List<Buffer> moments, int i) {
        return moments.get(i).name() + "." + i;
    }
}
