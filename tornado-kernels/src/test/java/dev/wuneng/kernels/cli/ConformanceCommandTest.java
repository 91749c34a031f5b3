package dev.wuneng.kernels.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wuneng.kernels.run.TornadoSdk;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** The conformance command on the JVM, which is a device like the others. */
class ConformanceCommandTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int run(String... arguments) {
        return ConformanceCommand.run(arguments, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    }

    private String output() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void testsTheKernelsOfADeviceAndWritesWhatItFound() throws Exception {
        Path json = folder.resolve("found.json");
        Path junit = folder.resolve("found.xml");
        assertEquals(0, run("--device", "jvm", "--kernel=swi_glu", "--seed", "7", "--json", json.toString(), "--junit", junit.toString()), output());
        assertTrue(output().startsWith("Device: JVM 25") || output().startsWith("Device: JVM"), output());
        assertTrue(output().contains("swi_glu  jvm") && output().contains("cases passed") && output().contains("GB/s"), output());
        String written = Files.readString(json);
        for (String part : List.of("\"seed\": 7", "\"passed\": true", "\"jvm\": \"JVM", "\"kernel\": \"swi_glu\"", "\"tolerance\": 1.0E-5", "\"throughput\"", "\"unit\": \"GB/s\"")) {
            assertTrue(written.contains(part), part + " is not in " + written);
        }
        Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(junit.toFile());
        assertTrue(document.getElementsByTagName("testcase").getLength() > 2);
        assertEquals(0, document.getElementsByTagName("failure").getLength());
    }

    @Test
    void writesOneCaseDown() throws Exception {
        Path file = folder.resolve("case.json");
        assertEquals(0, run("--device", "jvm", "--reproduce", "swi_glu count=17", "--out", file.toString()), output());
        String written = Files.readString(file);
        for (String part : List.of("\"case\": \"swi_glu count=17\"", "\"kernel\": \"swi_glu.backward\"", "\"name\": \"g\"", "\"first\": 32", "\"expected\": [")) {
            assertTrue(written.contains(part), part + " is not in " + written);
        }
    }

    @Test
    void saysWhatItCannotDo() {
        assertEquals(2, run("--devise", "jvm"));
        assertEquals(2, run("--kernel", "no_such_kernel"));
        assertEquals(2, run("--seed", "many"));
        assertEquals(2, run("--device", "jvm", "--reproduce", "rms_norm"));
        assertTrue(output().contains("--devise is not an option") && output().contains("there are rms_norm, ") && output().contains("not a whole number")
                && output().contains("cases contain rms_norm"), output());
    }

    @Test
    void namesADeviceThatIsNotThere() {
        assumeTrue(TornadoSdk.missing().isPresent(), "this JVM has TornadoVM");
        assertEquals(2, run("--device", "opencl:0:0", "--kernel", "fill"));
        assertTrue(output().contains("opencl:0:0 is not available") && output().contains("started without TornadoVM"), output());
    }
}
