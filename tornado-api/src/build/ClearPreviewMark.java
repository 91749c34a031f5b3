import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Clears the preview mark (minor version 0xFFFF, bytes 4-5) of every class file under a folder.
 *
 * <p>The TornadoVM API inside gpu-llama3 was built for JDK 21 with the then-preview foreign memory API, so a newer JDK
 * refuses its classes. That API became final in JDK 22 unchanged where TornadoVM uses it.
 */
final class ClearPreviewMark {
    public static void main(String[] args) throws IOException {
        try (var files = Files.walk(Path.of(args[0]))) {
            for (Path file : (Iterable<Path>) files.filter(f -> f.toString().endsWith(".class"))::iterator) {
                byte[] bytes = Files.readAllBytes(file);
                if (bytes[4] != 0 || bytes[5] != 0) {
                    bytes[4] = 0;
                    bytes[5] = 0;
                    Files.write(file, bytes);
                }
            }
        }
    }
}
