package dev.throughline.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "doctor",
        description = {
            "Check whether this host has what a hop needs.",
            "Checks the kernel, programs and capabilities; with a configuration also its keys, files, rules and running hop. Exits with 6 if it finds an error."
        })
final class DoctorCommand implements Callable<Integer> {
    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            defaultValue = "${env:THROUGHLINE_CONFIG}",
            description = "check this hop too")
    @Nullable
    Path file;

    @Override
    public Integer call() {
        List<Finding> findings = (file == null ? new DoctorChecks() : new DoctorChecks(file)).findings();
        String group = "";
        for (Finding finding : findings) {
            if (!finding.group().equals(group)) {
                group = finding.group();
                System.out.println(group);
            }
            System.out.println("  " + finding.level().mark() + " " + finding.text());
            if (!finding.hint().isEmpty()) {
                System.out.println("      " + finding.hint());
            }
        }
        return findings.stream().anyMatch(finding -> finding.level() == Finding.Level.ERROR)
                ? ExitCode.DOCTOR_FOUND_ERRORS
                : ExitCode.OK;
    }
}
