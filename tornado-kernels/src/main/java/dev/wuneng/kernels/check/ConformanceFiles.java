package dev.wuneng.kernels.check;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What a conformance run found, as files for other programs. */
public final class ConformanceFiles {
    private ConformanceFiles() {
    }

    /** @param devices each device's description, by the name that the reports use */
    public static String json(Conformance run, Map<String, String> devices) {
        String described = devices.entrySet().stream().map(d -> "    " + Text.json(d.getKey()) + ": " + Text.json(d.getValue())).collect(Collectors.joining(",\n"));
        String tolerances = List.of(Tolerance.values()).stream().map(t -> "    " + Text.json(t.name().toLowerCase(Locale.ROOT)) + ": {\"relative\": "
                + Text.json(t.relative()) + ", \"reason\": " + Text.json(t.reason()) + "}").collect(Collectors.joining(",\n"));
        String cases = run.reports().stream().map(ConformanceFiles::json).collect(Collectors.joining(",\n"));
        return "{\n  \"seed\": " + run.seed() + ",\n  \"passed\": " + run.passed() + ",\n  \"devices\": {\n" + described
                + "\n  },\n  \"tolerances\": {\n" + tolerances + "\n  },\n  \"cases\": [\n" + cases + "\n  ],\n  \"throughput\": [\n"
                + run.speeds().entrySet().stream().flatMap(d -> d.getValue().stream().map(t -> json(d.getKey(), t))).collect(Collectors.joining(",\n"))
                + "\n  ]\n}\n";
    }

    private static String json(String device, Throughput one) {
        return "    {\"device\": " + Text.json(device) + ", \"kernel\": " + Text.json(one.kernel()) + ", \"shape\": " + Text.json(one.shape())
                + ", \"milliseconds\": " + Text.json(one.milliseconds()) + ", \"rate\": " + Text.json(one.rate()) + ", \"unit\": " + Text.json(one.unit()) + "}";
    }

    private static String json(CaseReport report) {
        String results = report.results().stream().map(r -> "{\"tensor\": " + Text.json(r.tensor()) + ", \"error\": " + Text.json(r.error())
                + ", \"tolerance\": " + Text.json(r.tolerance()) + ", \"passed\": " + r.passed()
                + (r.problem() == null ? "" : ", \"problem\": " + Text.json(r.problem())) + "}").collect(Collectors.joining(", "));
        return "    {\"device\": " + Text.json(report.device()) + ", \"kernel\": " + Text.json(report.kernel()) + ", \"shape\": " + Text.json(report.shape())
                + ", \"passed\": " + report.passed() + ", \"seconds\": " + String.format(Locale.ROOT, "%.3f", report.seconds())
                + (report.failure() == null ? "" : ", \"failure\": " + Text.json(report.failure())) + ", \"results\": [" + results + "]}";
    }

    /** JUnit's XML: a suite for each device, a test for each case. */
    public static String junit(Conformance run) {
        Map<String, List<CaseReport>> suites = run.reports().stream().collect(Collectors.groupingBy(CaseReport::device, LinkedHashMap::new, Collectors.toList()));
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        suites.forEach((device, reports) -> {
            long failed = reports.stream().filter(r -> !r.passed()).count();
            xml.append(String.format(Locale.ROOT, "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"0\" time=\"%.3f\">%n",
                    Text.xml(device), reports.size(), failed, reports.stream().mapToDouble(CaseReport::seconds).sum()));
            for (CaseReport report : reports) {
                xml.append(String.format(Locale.ROOT, "    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\"", Text.xml(device + "." + report.kernel()),
                        Text.xml(report.shape()), report.seconds()));
                xml.append(report.passed() ? "/>\n" : ">\n      <failure message=\"" + Text.xml(report.problems()) + "\"/>\n    </testcase>\n");
            }
            xml.append("  </testsuite>\n");
        });
        return xml.append("</testsuites>\n").toString();
    }
}
