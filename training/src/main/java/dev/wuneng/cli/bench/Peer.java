package dev.wuneng.cli.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;

/** {@code bench/peer_torch.py}, running and waiting for work. */
final class Peer implements AutoCloseable {
    /** The peer is not there, or has died. */
    static final class Missing extends Exception {
        private static final long serialVersionUID = 1;

        Missing(String message) {
            super(message);
        }
    }

    private final Process process;
    private final BufferedReader answers;
    private final Writer requests;
    private final String version;

    Peer(String python, Path script, int threads, String device) throws Missing {
        try {
            process = new ProcessBuilder(python, script.toString(), "--threads", Integer.toString(threads), "--device", device)
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            throw new Missing("there is no " + python + ": name a Python that has PyTorch with --python");
        }
        answers = process.inputReader();
        requests = process.outputWriter();
        try {
            version = answer().get("torch").getAsString();
        } catch (Missing e) {
            throw new Missing(python + " does not run " + script + " on " + device + ": it may have no PyTorch (pip install torch), or none for that device");
        }
    }

    String version() {
        return version;
    }

    /** The median of the seconds that a run of the work takes, measured for {@code seconds}. */
    double measure(JsonObject work, double seconds) throws Missing {
        JsonObject request = work.deepCopy();
        request.addProperty("seconds", seconds);
        try {
            requests.write(request + "\n");
            requests.flush();
        } catch (IOException e) {
            throw new Missing("the peer stopped: " + e.getMessage());
        }
        return answer().get("median").getAsDouble();
    }

    private JsonObject answer() throws Missing {
        try {
            String line = answers.readLine();
            if (line != null) {
                return JsonParser.parseString(line).getAsJsonObject();
            }
        } catch (IOException | JsonParseException | IllegalStateException e) {
            throw new Missing("the peer gave no answer: " + e.getMessage());
        }
        throw new Missing("the peer stopped");
    }

    @Override
    public void close() {
        process.destroy();
    }
}
